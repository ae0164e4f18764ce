"""Portal > Tickets, Portal > Contacts, and the page that the lock opens.

Each view says in its decorator who may call it. Everybody at the MSP may look; who may verify is for the pod's own
endpoints to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from connectors.base import Contact
from podserver.accounts.models import Role
from podserver.callers import service
from podserver.callers.forms import ContactForm, TicketForm
from podserver.callers.service import Answer, Way
from podserver.database import writing
from podserver.integrations import service as integrations
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.pod.other_contact import MAY_VERIFY
from podserver.pod.service import BadRecord, record_key
from podserver.portal.navigation import belongs_to
from podserver.portal.session import PortalVisit, portal_page

blueprint = Blueprint("callers", __name__)

_LOOKERS: Final = (Role.ADMIN, Role.TECHNICIAN, Role.AUDITOR)
_ONE: Final = "/<int(max=2147483647):integration_id>"
_NO_INTEGRATION: Final = "There is no such integration."


def _connections() -> Connections:
    connections: Connections = current_app.extensions["connections"]
    return connections


def _chosen(every: Sequence[Integration]) -> Integration | None:
    """The integration that the query or the form names, by its number or as the first of a PSA; else the first of all.

    None where the tenant has none.
    """
    wanted = request.values.get("in", "")
    if not wanted:
        return every[0] if every else None
    found = next((each for each in every if wanted in (str(each.id), each.psa)), None)
    if found is None:
        abort(404, _NO_INTEGRATION)
    return found


def _find(visit: PortalVisit, integration_id: int) -> Integration:
    try:
        found = integrations.integration(visit.session, integration_id)
    except LookupError:
        abort(404, _NO_INTEGRATION)
    if not found.active:
        abort(404, f"{found.name} is switched off. An admin can switch it on under Integrations.")
    return found


def _words(visit: PortalVisit) -> dict[str, Any]:
    """What every template of this room uses."""

    def ways(contact: Contact) -> list[Way]:
        return service.ways_to(contact, visit.tenant.region)

    return {
        "visit": visit,
        "may_verify": visit.user.role in MAY_VERIFY,
        "ways": ways,
        "title": service.title,
        "most": service.MOST,
    }


def _wants_part() -> bool:
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


@blueprint.get("/tickets")
@portal_page(*_LOOKERS)
def tickets(visit: PortalVisit) -> Any:
    """Tickets by number, contact, company and summary, newest first."""
    every = service.active(visit.session)
    chosen = _chosen(every)
    form = TicketForm(request.args)
    found: Answer[Any] | None = None
    if chosen is not None and set(form.data) & set(request.args) and form.validate():
        search = form.search()
        found = service.ask(
            visit.session, _connections(), chosen, lambda psa: service.find_tickets(psa, search), visit.at
        )
    parts = {**_words(visit), "form": form, "chosen": chosen, "every": every, "found": found}
    if _wants_part():
        return _part("callers/tickets_found.html", url_for("callers.tickets", **_query(form.data, chosen)), parts)
    return render_template("callers/tickets.html", **parts)


def _query(fields: Mapping[str, Any], chosen: Integration | None) -> dict[str, Any]:
    """The address of a search: what was typed and, where it was said, in which PSA."""
    where = {"in": chosen.id} if chosen and "in" in request.values else {}
    return {**where, **{name: value for name, value in fields.items() if value}}


def _part(template: str, address: str, parts: dict[str, Any]) -> Response:
    return Response(render_template(template, **parts), headers={"HX-Push-Url": address})


@blueprint.get(f"/tickets{_ONE}/<ref>")
@portal_page(*_LOOKERS)
def ticket(visit: PortalVisit, integration_id: int, ref: str) -> Any:
    """One ticket, with the numbers and addresses of its contact."""
    chosen = _find(visit, integration_id)
    try:
        record_key("ticket", ref)
    except BadRecord:
        abort(404, "There is no such ticket.")
    found = service.ask(visit.session, _connections(), chosen, lambda psa: service.open_ticket(psa, ref), visit.at)
    page = render_template("callers/ticket.html", **_words(visit), chosen=chosen, found=found, ref=ref)
    return page, 404 if found.missing else 200


@blueprint.route("/contacts", methods=["GET", "POST"])
@portal_page(*_LOOKERS)
def contacts(visit: PortalVisit) -> Any:
    """Contacts by name, company, phone number and address. Only a search for names can be kept as a bookmark."""
    every = service.active(visit.session)
    chosen = _chosen(every)
    numbers = {each.id: service.finds_numbers(_connections(), each) for each in every}
    form, asked = _contact_form()
    found: Answer[Any] | None = None
    if asked and chosen is not None:
        if form.phone.data and not numbers[chosen.id]:
            form.phone.errors = [f"{service.title(chosen)} cannot be searched by phone number."]
        elif request.method == "POST" and form.bookmark and not _wants_part():
            return redirect(url_for("callers.contacts", **_query(form.bookmark, chosen)), 303)
        else:
            search = form.search()
            found = service.ask(
                visit.session, _connections(), chosen, lambda psa: service.find_contacts(psa, search), visit.at
            )
    parts = {
        **_words(visit), "form": form, "chosen": chosen, "every": every, "found": found, "numbers": numbers,
    }  # fmt: skip
    if _wants_part():
        address = url_for("callers.contacts", **_query(form.bookmark, chosen))
        return _part("callers/contacts_found.html", address, parts)
    return render_template("callers/contacts.html", **parts)


def _contact_form() -> tuple[ContactForm, bool]:
    """The form, and whether it asks for something that can be asked. Only a POST brings numbers and addresses."""
    if request.method == "POST":
        form = ContactForm()
        return form, form.validate_on_submit()
    named = {name: value for name, value in request.args.items() if name in ContactForm.PUBLIC}
    form = ContactForm(MultiDict(named) if named else None)
    return form, bool(named) and all(form[name].validate(form) for name in ContactForm.PUBLIC)


@blueprint.get(f"/callers{_ONE}/<screen>/<ref>")
@portal_page(*_LOOKERS)
def verify(visit: PortalVisit, integration_id: int, screen: str, ref: str) -> Any:
    """The pod's widgets as a page of the portal. It asks nobody; the widgets do, each for itself."""
    chosen = _find(visit, integration_id)
    try:
        record_key(screen, ref)
    except BadRecord:
        abort(404, "There is no such ticket or contact.")
    belongs_to("callers.contacts" if screen == "contact" else "callers.tickets")
    return render_template("callers/verify.html", **_words(visit), chosen=chosen, screen=screen, ref=ref)


@blueprint.post(f"/callers{_ONE}/<screen>/<ref>/resume")
@portal_page(*_LOOKERS)
def let_in(visit: PortalVisit, integration_id: int, screen: str, ref: str) -> Any:
    """Let whoever is signed in to the portal into the pod of a record, by the portal's own form token.

    Answers as every pod's door does: ``{token, name, kept}``, or ``{problem, password}``.
    """
    try:
        chosen = integrations.integration(visit.session, integration_id)
        key = record_key(screen, ref)
    except (LookupError, BadRecord):
        return jsonify(problem="There is no such ticket or contact.", password=False), 404
    if not chosen.active:
        return jsonify(problem=f"{chosen.name} is switched off.", password=False), 404
    with writing(visit.session) as session:
        token = service.let_in(
            session, chosen, visit.user, record_key=key, sign_in=current_user.sign_in.id, at=visit.at
        )
    return jsonify(token=token, name=visit.user.name, kept=False)
