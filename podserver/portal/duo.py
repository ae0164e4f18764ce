"""The tenant's Duo keys, an application each. Delivery knows no room, so its page is here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from wtforms import SubmitField
from wtforms.validators import InputRequired

from podserver.accounts.models import Role
from podserver.configuration import Settings
from podserver.database import release, writing
from podserver.delivery import accounts, duo_accounts
from podserver.portal.forms import LineField, PortalForm, SecretField
from podserver.portal.session import PortalVisit, portal_page

blueprint = Blueprint("duo", __name__, url_prefix="/duo")

_WORDS = {
    "auth": ("Integration key", "Secret key", "Sends the push. Duo Admin Panel > Applications > Protect > Auth API."),
    "admin": (
        "Integration key",
        "Secret key",
        "Finds people by e-mail, username and alias. Admin API, with Grant read resource; paid plans.",
    ),
    "web": ("Client ID", "Client secret", "For signing in to podserver with Duo, which is not in it yet. Web SDK."),
}


class DuoForm(PortalForm):
    """One application's keys."""

    host = LineField("API hostname", [InputRequired("The API hostname is needed.")])
    key = LineField("Key", [InputRequired("The key is needed.")])
    secret = SecretField("Secret")
    validate_keys = SubmitField("Validate")
    save_keys = SubmitField("Save without asking Duo")


def _form(kind: str, known: Any) -> DuoForm:
    form = DuoForm(obj=known)
    form.key.label.text, form.secret.label.text, _ = _WORDS[kind]
    form.secret.stored = known is not None
    return form


@blueprint.get("")
@portal_page(Role.ADMIN)
def applications(visit: PortalVisit) -> Any:
    """The three applications, and which of them are set up."""
    stored = duo_accounts.stored(visit.session)
    return render_template(
        "portal/duo.html", visit=visit, kinds=duo_accounts.KINDS, stored=stored, words=_WORDS, chosen=None
    )


@blueprint.route("/<kind>", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def keys(visit: PortalVisit, kind: str) -> Any:
    """Show one application's keys, or check and save what was typed."""
    if kind not in duo_accounts.KINDS:
        abort(404, "Duo has three applications: auth, admin and web.")
    settings: Settings = current_app.extensions["settings"]
    stored = duo_accounts.stored(visit.session)
    form = _form(kind, stored.get(kind))
    verdict = None
    if form.validate_on_submit():
        try:
            typed = duo_accounts.TypedKeys(form.host.data, form.key.data, form.secret.data or "")
            cleaned = duo_accounts.clean(typed, stored.get(kind), settings.local_hosts)
            # No connection is held while Duo is spoken to.
            release(visit.session)
            verdict = duo_accounts.check(kind, cleaned, settings.ca_file) if form.validate_keys.data else None
            if verdict is None or verdict.accepted:
                with writing(visit.session) as session:
                    duo_accounts.save(
                        session, kind, cleaned, checked=verdict is not None, actor=visit.user.name, at=visit.at
                    )
                flash(f"Saved. {verdict.sentence}" if verdict else "Saved.")
                return redirect(url_for("duo.applications"))
        except accounts.BadInput as error:
            form.blame(error)
    return render_template(
        "portal/duo.html",
        visit=visit,
        kinds=duo_accounts.KINDS,
        stored=stored,
        words=_WORDS,
        chosen=kind,
        form=form,
        verdict=verdict,
    )


@blueprint.post("/<kind>/remove")
@portal_page(Role.ADMIN)
def remove(visit: PortalVisit, kind: str) -> Any:
    """Forget an application's keys."""
    if kind not in duo_accounts.KINDS:
        abort(404, "Duo has three applications: auth, admin and web.")
    with writing(visit.session) as session:
        duo_accounts.remove(session, kind, actor=visit.user.name, at=visit.at)
    flash("Removed.")
    return redirect(url_for("duo.applications"))
