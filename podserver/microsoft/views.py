"""The pages of the MSP's own app and of its clients. Each view says in its decorator who may call it.

No database transaction is open while Microsoft or the PSA is asked.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user

from podserver.accounts.models import Role
from podserver.configuration import Settings
from podserver.database import release, writing
from podserver.delivery import microsoft_accounts as accounts
from podserver.delivery.accounts import BadInput, Verdict
from podserver.delivery.credentials import MicrosoftApp, MicrosoftDirectory
from podserver.delivery.microsoft import Cloud, Denied, NotReached, discover, within
from podserver.integrations.connections import Connections
from podserver.microsoft import consent, key_pair, push, script, service, sign_in
from podserver.microsoft.consent import NotGiven, Proof
from podserver.microsoft.forms import AgreeForm, AppForm, ClientForm, PlainForm, SecretForm
from podserver.microsoft.service import Company
from podserver.policies import finding
from podserver.portal.session import PortalVisit, SignedIn, portal_page, public_page

blueprint = Blueprint("microsoft", __name__, url_prefix="/microsoft")

CLIENT = "/clients/<int(max=2147483647):client_id>"


def cloud() -> Cloud:
    """Where Microsoft is."""
    return Cloud.of(settings())


def settings() -> Settings:
    """The operator's settings."""
    known: Settings = current_app.extensions["settings"]
    return known


def find_client(visit: PortalVisit, client_id: int) -> MicrosoftDirectory:
    """The client of a path. Answers 404 where there is none."""
    try:
        return service.client(visit.session, client_id)
    except LookupError:
        abort(404, "There is no such client.")


def to_client(client_id: int, part: str = "") -> Any:
    """Back to a client's page."""
    return redirect(url_for("microsoft.client", client_id=client_id, _anchor=part or None))


# --- The MSP's app ----------------------------------------------------------------------------------------------------


@blueprint.route("", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def microsoft(visit: PortalVisit) -> Any:
    """The app and the clients. A POST validates what was typed, and saves what Microsoft takes."""
    stored = accounts.stored(visit.session)
    form = AppForm(obj=stored)
    form.client_secret.stored = stored is not None
    verdict = None
    if form.validate_on_submit():
        try:
            app, verdict = _ask(visit, form, stored)
            if verdict.accepted:
                with writing(visit.session) as session:
                    accounts.save(session, app, actor=visit.user.name, at=visit.at)
                flash(f"Saved. {verdict.sentence}")
                return redirect(url_for("microsoft.microsoft"))
        except BadInput as error:
            form.blame(error)
    clients = service.clients(visit.session)
    return render_template(
        "portal/microsoft.html",
        visit=visit,
        form=form,
        stored=stored,
        verdict=verdict,
        clients=clients,
        any_on=any(each.push_enabled for each in clients),
        ends_soon=push.ends_soon,
        permissions=consent.PERMISSIONS,
        addresses=[f"{settings().base_url}{path}" for path in (sign_in.CALLBACK_PATH, consent.RETURN_PATH)],
    )


def _ask(visit: PortalVisit, form: AppForm, stored: MicrosoftApp | None) -> tuple[accounts.TypedApp, Verdict]:
    """The app with its directory's GUID, and what Microsoft said to it. Raises BadInput."""
    typed = accounts.TypedApp(form.client_id.data or "", form.client_secret.data or "", form.directory.data or "")
    app = accounts.clean(typed, stored)
    release(visit.session)
    try:
        directory = accounts.directory_of(cloud(), app.directory)
    except NotReached:
        return app, Verdict(None, accounts.UNREACHED)
    app = accounts.TypedApp(app.client_id, app.client_secret, directory)
    return app, accounts.check(cloud(), app)


@blueprint.post("/remove")
@portal_page(Role.ADMIN)
def remove(visit: PortalVisit) -> Any:
    """Forget the app."""
    if PlainForm().validate_on_submit():
        with writing(visit.session) as session:
            accounts.remove(session, actor=visit.user.name, at=visit.at)
        flash("Removed. The pod offers no sign-in link any more.")
    return redirect(url_for("microsoft.microsoft"))


# --- Clients ----------------------------------------------------------------------------------------------------------


@blueprint.route("/clients/new", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def add_client(visit: PortalVisit) -> Any:
    """Find a company in the PSA and give it its directory."""
    form = ClientForm()
    text = (form.find.data if form.is_submitted() else request.args.get("find", "")) or ""
    found = _companies(visit, text.strip()[:80])
    form.find.data = text
    form.company.choices = [(key, company.name) for key, company in found.companies.items()]
    if form.validate_on_submit():
        try:
            company = found.companies.get(form.company.data or "")
            if company is None:
                raise BadInput("Choose the company from the list.", "company")
            directory = accounts.directory_of(cloud(), accounts.clean_directory(form.directory.data or ""))
            with writing(visit.session) as session:
                row = service.add(session, company, directory, actor=visit.user.name, at=visit.at)
                client_id = row.id
            flash("Added. Now its administrator lets the app in.")
            return to_client(client_id)
        except BadInput as error:
            form.blame(error)
        except NotReached:
            form.form_errors.append(accounts.UNREACHED)
    return render_template("portal/microsoft_new.html", visit=visit, form=form, found=found)


class _Found:
    """The companies of a search by what names them in the form, and why there are not more."""

    def __init__(self, found: finding.Found) -> None:
        companies = [
            Company(each.client.integration_id, each.client.company, each.client.company_name)
            for each in found.clients
            if each.client.integration_id is not None
        ]
        self.companies = {f"{each.integration_id}-{each.ref}": each for each in companies}
        self.more, self.problems = found.more, found.problems


def _companies(visit: PortalVisit, text: str) -> _Found:
    connections: Connections = current_app.extensions["connections"]
    found = finding.find(visit.session, connections, text, visit.at) if text else finding.Found((), 0, ())
    release(visit.session)
    return _Found(found)


@blueprint.get(CLIENT)
@portal_page(Role.ADMIN)
def client(visit: PortalVisit, client_id: int) -> Any:
    """One client: its directory, the consent, the push."""
    return client_page(visit, find_client(visit, client_id))


def client_page(
    visit: PortalVisit,
    row: MicrosoftDirectory,
    *,
    link: str = "",
    proof: Proof | None = None,
    problem: str = "",
    secret_form: SecretForm | None = None,
    agree_form: AgreeForm | None = None,
) -> str:
    """The page of a client, with what was just done on it."""
    return render_template(
        "portal/microsoft_client.html",
        visit=visit,
        client=row,
        app=accounts.stored(visit.session),
        link=link,
        proof=proof,
        problem=problem,
        script=script.to_add(visit.tenant.name, row) if row.certificate else "",
        thumbprint=key_pair.thumbprint(row.certificate) if row.certificate else "",
        has_credential=push.has_credential(row),
        ends_soon=push.ends_soon(row, visit.at),
        secret_form=secret_form or SecretForm(formdata=None),
        agree_form=agree_form or AgreeForm(formdata=None),
    )


@blueprint.post(f"{CLIENT}/remove")
@portal_page(Role.ADMIN)
def remove_client(visit: PortalVisit, client_id: int) -> Any:
    """Forget a client's directory."""
    row = find_client(visit, client_id)
    if PlainForm().validate_on_submit():
        name = row.company_name
        with writing(visit.session) as session:
            service.remove(session, service.client(session, client_id), actor=visit.user.name, at=visit.at)
        flash(f"{name} was removed here. What its directory knows of the app and of the certificate stays there.")
    return redirect(url_for("microsoft.microsoft"))


# --- Consent ----------------------------------------------------------------------------------------------------------


@blueprint.post(f"{CLIENT}/consent")
@portal_page(Role.ADMIN)
def begin_consent(visit: PortalVisit, client_id: int) -> Any:
    """Make the link with which the client's administrator lets the app in."""
    row, app = find_client(visit, client_id), accounts.stored(visit.session)
    if app is None:
        return client_page(visit, row, problem="First set up your own app.")
    release(visit.session)
    try:
        with within(accounts.PATIENCE):
            discovery = discover(cloud(), row.directory)
    except (Denied, NotReached):
        return client_page(visit, row, problem=accounts.UNREACHED)
    with writing(visit.session) as session:
        state = consent.begin(session, service.client(session, client_id), visit.token, visit.at)
    link = consent.link(discovery, app, settings().base_url, cloud().graph_scope, state)
    return client_page(visit, find_client(visit, client_id), link=link)


@blueprint.post(f"{CLIENT}/consent/check")
@portal_page(Role.ADMIN)
def check_consent(visit: PortalVisit, client_id: int) -> Any:
    """Look at Microsoft whether the consent is there."""
    row, app = find_client(visit, client_id), accounts.stored(visit.session)
    if app is None:
        return client_page(visit, row, problem="First set up your own app.")
    proof, problem = _prove(visit, row, app)
    return client_page(visit, find_client(visit, client_id), proof=proof, problem=problem)


@blueprint.get("/consent")
@public_page
def consent_return() -> Any:
    """Where Microsoft sends the administrator's browser back to.

    Public, as it may be the browser of the client's own administrator, who has no account here and is thanked;
    nothing is believed and nothing changes then. In the portal session that made the link, its one-time state lets
    the consent be proven.
    """
    person = current_user._get_current_object()
    if request.method == "GET" and isinstance(person, SignedIn) and person.sign_in.user.role == Role.ADMIN:
        return _take_consent_back()
    return render_template("microsoft/consented.html")


@portal_page(Role.ADMIN)
def _take_consent_back(visit: PortalVisit) -> Any:
    release(visit.session)
    with writing(visit.session) as session:
        row = consent.take_back(session, request.args, visit.token, visit.at)
    app = accounts.stored(visit.session)
    if row is None or app is None:
        flash("This consent was not begun in this session, or more than an hour ago. Check it on the client's page.")
        return redirect(url_for("microsoft.microsoft"))
    try:
        consent.look_at_answer(request.args, row)
    except NotGiven as error:
        _refused(visit, row.id, str(error), gone=False)
        return client_page(visit, find_client(visit, row.id), problem=str(error))
    proof, problem = _prove(visit, row, app)
    if proof is None:
        return client_page(visit, find_client(visit, row.id), problem=problem)
    flash(f"{row.company_name} has let the app in.")
    return to_client(row.id)


def _prove(visit: PortalVisit, row: MicrosoftDirectory, app: MicrosoftApp) -> tuple[Proof | None, str]:
    """The proof of a consent, or why there is none."""
    release(visit.session)
    try:
        proof = consent.prove(cloud(), app, row.directory)
    except NotGiven as error:
        _refused(visit, row.id, str(error), gone=True)
        return None, str(error)
    except NotReached:
        return None, accounts.UNREACHED
    with writing(visit.session) as session:
        consent.keep(session, service.client(session, row.id), proof, actor=visit.user.name, at=visit.at)
    return proof, ""


def _refused(visit: PortalVisit, client_id: int, reason: str, *, gone: bool) -> None:
    with writing(visit.session) as session:
        row = service.client(session, client_id)
        consent.keep_refusal(session, row, reason, gone=gone, actor=visit.user.name, at=visit.at)
