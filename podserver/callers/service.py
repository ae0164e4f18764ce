"""Finding a ticket or a contact in the PSA, and letting a signed-in user of the portal into its pod.

Nothing of a search is kept or written down. No transaction is open while the PSA is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, TypeVar

from sqlalchemy.orm import Session

from connectors.base import (
    Capability,
    Connector,
    Contact,
    ContactSearch,
    DestinationKind,
    NotFound,
    PsaError,
    Rejected,
    Ticket,
    TicketSearch,
)
from connectors.reading import same_number
from podserver.accounts.models import User
from podserver.database import release
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import refusals
from podserver.integrations import service as integrations
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.integrations.psas import kind_of
from podserver.pod.service import ticket_of
from podserver.security import pod_token
from podserver.security.pod_token import PodSession
from podserver.verification.destinations import e164, international

MOST: Final = 25
"""Rows of an answer; whoever sees so many says more."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What the PSA said, or why it said nothing. ``again`` is whether the same question may be answered later."""

    said: T | None
    problem: str = ""
    again: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket with its contact. ``contact`` is None where it has none, or where ``problem`` says why not."""

    ticket: Ticket
    contact: Contact | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A number or an address as people read it, and the PSA's word for it."""

    written: str
    label: str


def active(session: Session) -> list[Integration]:
    """The tenant's integrations that can be asked, by name."""
    return [each for each in integrations.integrations(session) if each.active]


def ask(
    session: Session,
    connections: Connections,
    integration: Integration,
    question: Callable[[Connector], T],
    at: datetime,
) -> Answer[T]:
    """Ask a PSA. What it refuses is an answer too; where it refuses the keys, that is noted."""
    release(session)
    try:
        with refusals.noticed(session, integration, at):
            return Answer(question(connections.to(integration)))
    except NotFound as error:
        return Answer(None, str(error), missing=True)
    except PsaError as error:
        return Answer(None, str(error), again=not isinstance(error, Rejected))


def finds_numbers(connections: Connections, integration: Integration) -> bool:
    """Whether this PSA can be searched by phone number; asks nobody."""
    try:
        return Capability.SEARCH_BY_PHONE in connections.to(integration).capabilities
    except PsaError:
        # Whoever searches hears what is wrong.
        return True


def title(integration: Integration) -> str:
    """The PSA's own name."""
    return kind_of(integration.psa).title


def find_tickets(psa: Connector, search: TicketSearch) -> Sequence[Ticket]:
    """Tickets that match, newest first. Raises PsaError."""
    return psa.search_tickets(replace(search, limit=MOST))


def find_contacts(psa: Connector, search: ContactSearch) -> Sequence[Contact]:
    """Active contacts that match, by name. Raises PsaError."""
    found = psa.search_contacts(replace(search, limit=MOST))
    if not (search.phone and search.email):
        return found
    # A PSA looks for one of the two.
    return [each for each in found if _has_number(each, search.phone)]


def _has_number(contact: Contact, number: str) -> bool:
    return any(each.kind is DestinationKind.PHONE and same_number(each.value, number) for each in contact.destinations)


def open_ticket(psa: Connector, ref: str) -> Opened:
    """A ticket and its contact. Raises PsaError where it is the ticket that the PSA does not tell."""
    ticket = psa.ticket(ref)
    if not ticket.contact_ref:
        return Opened(ticket, None)
    try:
        return Opened(ticket, psa.contact(ticket.contact_ref))
    except PsaError as error:
        return Opened(ticket, None, str(error))


def ways_to(contact: Contact, region: str) -> list[Way]:
    """Every number and address of a contact, numbers first and mobiles before the others; numbers spaced for people."""
    ordered = sorted(contact.destinations, key=lambda d: (d.kind is not DestinationKind.PHONE, not d.mobile))
    ways = []
    for each in ordered:
        written = each.value.strip()
        if each.kind is DestinationKind.PHONE:
            number = e164(written, region)
            written = international(number) if number else written
            written += f" ext. {each.extension}" if each.extension else ""
        if written:
            ways.append(Way(written, each.label))
    return ways


def let_in(
    session: Session, integration: Integration, user: User, *, record_key: str, sign_in: int, at: datetime
) -> str:
    """The pod's token for a user of the portal, in the caller's transaction; it is written down as any pod's opening.

    ``sign_in`` is the row of their sign-in, which the token lives by.
    """
    subject = Subject(integration_id=integration.id, ticket=ticket_of(record_key))
    record(session, at, Entry(Kind.POD_OPENED, subject, user.name, {"where": "portal"}))
    pod = PodSession(
        tenant=integration.tenant_id,
        integration=integration.id,
        user=user.id,
        record=record_key,
        contact="",
        chosen=False,
        since=int(at.timestamp()),
        sign_in=sign_in,
    )
    return pod_token.issue(pod, at)
