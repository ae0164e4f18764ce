"""The pages' part that deals with a client's push: its credential, the test, the switch, and the one for everybody."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, url_for

from podserver.accounts.models import Role
from podserver.database import release, writing
from podserver.delivery.accounts import BadInput
from podserver.delivery.outbox import Exchange
from podserver.microsoft import key_pair, push, script, service
from podserver.microsoft.forms import AgreeForm, PlainForm, SecretForm
from podserver.microsoft.views import CLIENT, blueprint, client_page, cloud, find_client, to_client
from podserver.portal.session import PortalVisit, portal_page

__all__ = ["blueprint"]


@blueprint.post(f"{CLIENT}/push/key-pair")
@portal_page(Role.ADMIN)
def make_key_pair(visit: PortalVisit, client_id: int) -> Any:
    """Make a key pair; the private key is sealed at once and shown to nobody."""
    row = find_client(visit, client_id)
    if PlainForm().validate_on_submit():
        release(visit.session)
        pair = key_pair.make(script.certificate_name(visit.tenant.name), visit.at)
        with writing(visit.session) as session:
            push.keep_pair(session, service.client(session, row.id), pair, actor=visit.user.name, at=visit.at)
        flash("The key pair is made. Now the client's administrator runs the script.")
    return to_client(client_id, "push")


@blueprint.post(f"{CLIENT}/push/secret")
@portal_page(Role.ADMIN)
def enter_secret(visit: PortalVisit, client_id: int) -> Any:
    """Keep a secret that the client's administrator made."""
    row, form = find_client(visit, client_id), SecretForm()
    if form.validate_on_submit():
        try:
            assert form.ends_on.data is not None
            ends_at = datetime.combine(form.ends_on.data, time(), UTC)
            with writing(visit.session) as session:
                push.keep_secret(
                    session,
                    service.client(session, client_id),
                    form.secret.data or "",
                    ends_at,
                    actor=visit.user.name,
                    at=visit.at,
                )
            flash("The secret is kept. Test it now.")
            return to_client(client_id, "push")
        except BadInput as error:
            form.blame(error)
    return client_page(visit, row, secret_form=form)


@blueprint.post(f"{CLIENT}/push/test")
@portal_page(Role.ADMIN)
def test(visit: PortalVisit, client_id: int) -> Any:
    """Ask Microsoft for a token with the client's credential."""
    row = find_client(visit, client_id)
    if PlainForm().validate_on_submit() and push.has_credential(row):
        release(visit.session)
        verdict = push.test(cloud(), row)
        with writing(visit.session) as session:
            row_id = push.note_verdict(session, service.client(session, client_id), verdict, visit.at)
        if row_id:
            exchange: Exchange = current_app.extensions["exchange"]
            exchange.nudge(row_id)
        elif verdict.accepted is None:
            flash(verdict.sentence)
    return to_client(client_id, "push")


@blueprint.get(f"{CLIENT}/push/standing")
@portal_page(Role.ADMIN, counts_as_use=False)
def standing(visit: PortalVisit, client_id: int) -> Any:
    """How the credential stands; the page asks again and again while the worker tries it."""
    return render_template("microsoft/standing.html", visit=visit, client=find_client(visit, client_id))


@blueprint.get(f"{CLIENT}/push/script")
@portal_page(Role.ADMIN)
def download_script(visit: PortalVisit, client_id: int) -> Any:
    """The script for the client's administrator, as a file. It holds the public certificate and no secret."""
    row = find_client(visit, client_id)
    if not row.certificate:
        abort(404, "There is no key pair to make a script for.")
    # Windows PowerShell takes a file without a mark for something else than UTF-8.
    body = "\ufeff" + script.to_add(visit.tenant.name, row).replace("\n", "\r\n")
    headers = {"Content-Disposition": "attachment; filename=podserver-push.ps1"}
    return Response(body, mimetype="text/plain", headers=headers)


@blueprint.post(f"{CLIENT}/push/on")
@portal_page(Role.ADMIN)
def switch_on(visit: PortalVisit, client_id: int) -> Any:
    """Offer the push for this client."""
    row, form = find_client(visit, client_id), AgreeForm()
    if form.validate_on_submit():
        try:
            with writing(visit.session) as session:
                push.switch_on(session, service.client(session, client_id), actor=visit.user.name, at=visit.at)
            flash("Authenticator push is on for this client. Its policy says whether the pod offers it.")
            return to_client(client_id, "push")
        except BadInput as error:
            return client_page(visit, find_client(visit, client_id), problem=str(error))
    return client_page(visit, row, agree_form=form)


@blueprint.post(f"{CLIENT}/push/off")
@portal_page(Role.ADMIN)
def switch_off(visit: PortalVisit, client_id: int) -> Any:
    """Offer it no more, at once."""
    find_client(visit, client_id)
    if PlainForm().validate_on_submit():
        with writing(visit.session) as session:
            push.switch_off(session, service.client(session, client_id), actor=visit.user.name, at=visit.at)
        flash("Authenticator push is off for this client.")
    return to_client(client_id, "push")


@blueprint.post(f"{CLIENT}/push/forget")
@portal_page(Role.ADMIN)
def forget_credential(visit: PortalVisit, client_id: int) -> Any:
    """Forget the credential."""
    find_client(visit, client_id)
    if PlainForm().validate_on_submit():
        with writing(visit.session) as session:
            row = service.client(session, client_id)
            push.forget_credential(session, row, actor=visit.user.name, at=visit.at)
        flash("The credential is forgotten here. The client's administrator removes it in the directory.")
    return to_client(client_id, "push")


@blueprint.post("/push/off")
@portal_page(Role.ADMIN)
def switch_off_everywhere(visit: PortalVisit) -> Any:
    """Switch the push off for every client, at once."""
    if PlainForm().validate_on_submit():
        with writing(visit.session) as session:
            count = push.switch_off_everywhere(session, actor=visit.user.name, at=visit.at)
        flash(f"Authenticator push is off for every client; it was on for {count}.")
    return redirect(url_for("microsoft.microsoft"))
