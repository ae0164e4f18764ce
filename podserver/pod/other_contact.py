"""Another contact of the company than the ticket's own: who there is to choose, and the choice, on the record."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from flask import Response, current_app, render_template, request

from connectors.base import Connector, PsaError
from podserver.accounts.models import Role
from podserver.database import release, writing
from podserver.delivery.outbox import Exchange
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.connections import Connections
from podserver.pod import service
from podserver.pod.session import Visit, company_of, hand_out, pod_visit
from podserver.verification import notes

MAY_VERIFY: Final = (Role.ADMIN, Role.TECHNICIAN)
_LONGEST_NOTE: Final = 500


def _connector(visit: Visit) -> Connector:
    connections: Connections = current_app.extensions["connections"]
    return connections.to(visit.integration)


@pod_visit(roles=MAY_VERIFY)
def contacts(visit: Visit) -> Any:
    """The company's other contacts to choose from. A POST, because it may ask the PSA and keep the answer."""
    person = visit.kept().contact
    if person.company is None:
        return render_template("pod/contacts.html", contacts=[], visit=visit, problem="This contact has no company.")
    release(visit.session)
    try:
        every = service.colleagues(
            visit.session,
            _connector(visit),
            tenant=visit.tenant,
            integration_id=visit.integration.id,
            company=person.company.ref,
            at=visit.at,
        )
    except PsaError as error:
        return render_template("pod/contacts.html", contacts=[], visit=visit, problem=str(error))
    others = [contact for contact in every if contact.ref != person.ref]
    return render_template("pod/contacts.html", contacts=others, visit=visit, problem="")


@pod_visit(roles=MAY_VERIFY)
def choose_contact(visit: Visit) -> Any:
    """Verify another contact of the company than the ticket's own; the policy may want a note."""
    person = visit.kept().contact
    note = " ".join(request.form.get("note", "").split())
    problem = _problem_with_note(visit, note)
    chosen = None
    if not problem:
        release(visit.session)
        try:
            every = service.colleagues(
                visit.session,
                _connector(visit),
                tenant=visit.tenant,
                integration_id=visit.integration.id,
                company=person.company.ref if person.company else "",
                at=visit.at,
            )
            chosen = next((contact for contact in every if contact.ref == request.form.get("contact")), None)
            problem = "" if chosen else "Choose one of the company's contacts."
        except PsaError as error:
            problem = str(error)
    if chosen is None:
        return Response(render_template("pod/problem.html", problem=problem), headers={"HX-Retarget": "#other-problem"})
    _record_choice(visit, chosen.ref, chosen.name, note)
    chosen_pod = dataclasses.replace(visit.pod, contact=chosen.ref, company=company_of(chosen), chosen=True)
    hand_out(chosen_pod, visit.at)
    return Response("", headers={"HX-Trigger-After-Settle": "contact-chosen"})


def _problem_with_note(visit: Visit, note: str) -> str:
    if visit.policy.other_contact_needs_note and len(note) < 3:
        return "Say why, for example: manager approval by e-mail."
    if len(note) > _LONGEST_NOTE:
        return f"A note has {_LONGEST_NOTE} characters at most."
    return ""


def _record_choice(visit: Visit, contact: str, name: str, note: str) -> None:
    with writing(visit.session) as session:
        subject = Subject(integration_id=visit.integration.id, ticket=visit.ticket, contact=contact, contact_name=name)
        record(session, visit.at, Entry(Kind.OTHER_CONTACT, subject, visit.user.name, {"note": note} if note else None))
        row = notes.add_other_contact_note(
            session,
            integration_id=visit.integration.id,
            ticket=visit.ticket,
            contact_name=name,
            reason=note,
            actor=visit.user.name,
            internal=visit.policy.note_internal,
            at=visit.at,
        )
    if row is not None:
        exchange: Exchange = current_app.extensions["exchange"]
        exchange.nudge(row)
