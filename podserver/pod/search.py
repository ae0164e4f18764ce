"""A pod whose address named no record: whoever has signed in looks for the ticket or the contact.

The choice opens what the same person could open from its own screen in the PSA. Nothing of a search is kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

from flask import Response, abort, current_app, render_template, request

from connectors.base import Connector, Contact, ContactSearch, PsaError, Ticket, TicketSearch
from podserver.database import release, writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import refusals
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.pod.door import HOSTS
from podserver.pod.service import BadRecord, record_key, ticket_of
from podserver.pod.session import Visit, hand_out, pod_visit

_MOST: Final = 10
_LEAST_LETTERS: Final = 2


def ask_for_record(integration: Integration) -> str:
    """The widget of a pod that has no record yet."""
    return render_template("pod/search.html", host=HOSTS[integration.psa], asked=None)


@pod_visit()
def search(visit: Visit) -> Any:
    """Tickets by number, contacts by name. A POST, as names of people never stand in an address."""
    words = " ".join("".join(c for c in request.form.get("words", "")[:80] if c.isprintable()).split())
    integration = visit.integration
    host = HOSTS[integration.psa]
    if len(words.lstrip("#")) < (1 if _number(words) else _LEAST_LETTERS):
        return render_template("pod/search.html", host=host, asked=words, problem="Type a number, or part of a name.")
    connections: Connections = current_app.extensions["connections"]
    release(visit.session)
    try:
        with refusals.noticed(visit.session, integration, visit.at):
            tickets, contacts = _find(connections.to(integration), words)
    except PsaError as error:
        return render_template("pod/search.html", host=host, asked=words, problem=str(error))
    return render_template("pod/search.html", host=host, asked=words, tickets=tickets, contacts=contacts)


def _find(psa: Connector, words: str) -> tuple[Sequence[Ticket], Sequence[Contact]]:
    """Raises PsaError."""
    number = _number(words)
    if number:
        return psa.search_tickets(TicketSearch(number=number, limit=_MOST))[:_MOST], ()
    return (), psa.search_contacts(ContactSearch(name=words, limit=_MOST))[:_MOST]


def _number(words: str) -> str:
    bare = words.removeprefix("#").strip()
    # Autotask's begin with a letter and hold a dot.
    return bare if bare.isascii() and bare[-1:].isdigit() and bare.replace(".", "").isalnum() else ""


@pod_visit()
def choose_record(visit: Visit) -> Any:
    """Go on with the record that was found. Only a pod that was opened on none may choose."""
    screen, _, ref = request.form.get("record", "").partition(":")
    try:
        key = record_key(screen, ref)
    except BadRecord:
        abort(400, "This request was not made by the pod.")
    if visit.pod.record:
        abort(409, "This pod is open on a record already. Reload it.")
    with writing(visit.session) as session:
        subject = Subject(integration_id=visit.integration_id, ticket=ticket_of(key))
        record(session, visit.at, Entry(Kind.POD_OPENED, subject, visit.user.name, {"found by": "search"}))
    hand_out(dataclasses.replace(visit.pod, record=key, called=""), visit.at)
    return Response("", headers={"HX-Trigger-After-Settle": "contact-chosen"})
