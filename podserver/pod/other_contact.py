"""Another contact of the company than the ticket's own: who there is to choose, and the choice, on the record."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

from flask import Response, current_app, render_template, request

from connectors.base import Contact, PsaError
from podserver.accounts.models import Role
from podserver.database import release, writing
from podserver.delivery.outbox import Exchange
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import refusals
from podserver.integrations.connections import Connections
from podserver.pod import service
from podserver.pod.session import Visit, company_of, hand_out, pod_visit
from podserver.verification import notes

MAY_VERIFY: Final = (Role.ADMIN, Role.TECHNICIAN)
_LONGEST_NOTE: Final = 500


@pod_visit(roles=MAY_VERIFY)
def contacts(visit: Visit) -> Any:
    """The company's other contacts to choose from. A POST, because it may ask the PSA and keep the answer."""
    shown, company = _where(visit)
    if not company:
        which = "contact" if shown else "ticket"
        return render_template(
            "pod/contacts.html", contacts=[], visit=visit, problem=f"This {which} has no company in the PSA."
        )
    try:
        every = _colleagues(visit, company)
    except PsaError as error:
        return render_template("pod/contacts.html", contacts=[], visit=visit, problem=str(error))
    others = [contact for contact in every if contact.ref != shown]
    return render_template("pod/contacts.html", contacts=others, visit=visit, problem="", shown=shown)


def _where(visit: Visit) -> tuple[str, str]:
    """The contact that the pod shows, empty on a ticket that has none, and the client whose contacts can be chosen."""
    # The client is the contact's, or the ticket's as the PSA told it, in a token that we signed.
    return visit.kept().contact.ref if visit.pod.contact else "", visit.pod.company


def _colleagues(visit: Visit, company: str) -> Sequence[Contact]:
    connections: Connections = current_app.extensions["connections"]
    integration = visit.integration
    release(visit.session)
    with refusals.noticed(visit.session, integration, visit.at):
        return service.colleagues(
            visit.session,
            connections.to(integration),
            tenant=visit.tenant,
            integration_id=visit.integration_id,
            company=company,
            at=visit.at,
        )


@pod_visit(roles=MAY_VERIFY)
def choose_contact(visit: Visit) -> Any:
    """Verify another contact of the company than the ticket's own; the policy may want a note."""
    _shown, company = _where(visit)
    note = " ".join(request.form.get("note", "").split())
    problem = _problem_with_note(visit, note)
    chosen = None
    if not problem:
        try:
            every = _colleagues(visit, company) if company else ()
            chosen = next((contact for contact in every if contact.ref == request.form.get("contact")), None)
            problem = "" if chosen else "Choose one of the company's contacts."
        except PsaError as error:
            problem = str(error)
    if chosen is None:
        return Response(render_template("pod/problem.html", problem=problem), headers={"HX-Retarget": "#other-problem"})
    _record_choice(visit, chosen.ref, chosen.name, note)
    chosen_pod = dataclasses.replace(visit.pod, contact=chosen.ref, company=company_of(chosen) or company, chosen=True)
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
        subject = Subject(integration_id=visit.integration_id, ticket=visit.called, contact=contact, contact_name=name)
        record(session, visit.at, Entry(Kind.OTHER_CONTACT, subject, visit.user.name, {"note": note} if note else None))
        row = notes.add_other_contact_note(
            session,
            integration_id=visit.integration_id,
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
