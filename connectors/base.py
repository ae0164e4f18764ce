"""What every PSA connector speaks: records, the protocol, capabilities and errors.

Nothing here knows of Flask, of podserver or of one PSA. A connector turns its PSA's wire format into these
records and its PSA's failures into :class:`PsaError` and its few children, so that a caller never looks at an
HTTP status.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class PsaError(Exception):
    """A PSA call that did not do what was asked.

    ``permanent`` is decided once, here: a permanent failure is not repaired by asking again.
    ``ambiguous`` says that the PSA may have carried out the request although no answer arrived, so a write must
    be looked for before it is repeated. The message is fit for a technician: what happened, what it means, what
    to do; it never holds a key or a hash.
    """

    permanent: bool = False
    ambiguous: bool = False


class BadCredentials(PsaError):
    """The PSA does not know the company or the keys, or they were revoked."""

    permanent = True


class MissingPermission(PsaError):
    """The keys are good but their role lacks a right; ``right`` names it in the PSA's own words."""

    permanent = True

    def __init__(self, message: str, right: str = "") -> None:
        super().__init__(message)
        self.right = right


class NotFound(PsaError):
    """The record does not exist, or is hidden from the keys."""

    permanent = True


class Rejected(PsaError):
    """The PSA refused the content of a request; the message carries the PSA's own words."""

    permanent = True


class RateLimited(PsaError):
    """The PSA asks us to wait; ``retry_after`` is in seconds. The request was not carried out."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(PsaError):
    """No usable answer: refused, timed out, 5xx, not JSON. ``ambiguous`` when bytes may have arrived."""

    def __init__(self, message: str, *, ambiguous: bool = False) -> None:
        super().__init__(message)
        self.ambiguous = ambiguous


class Capability(enum.Enum):
    """What a connector can do; a widget that needs a missing one says so instead of failing."""

    CONFIRM_MEMBER = "confirm a signed-in member"
    HOSTED_POD = "host the pod in a ticket"
    INSTALL_POD = "create the pod's set-up rows"
    READ_RIGHTS = "list the keys' own rights"
    UPDATE_MOBILE = "change a contact's mobile number"
    INTERNAL_NOTES = "post internal notes"
    PUBLIC_NOTES = "post public notes"
    SEARCH_BY_PHONE = "find a contact by phone number"
    BOARDS = "list boards or queues"
    TYPES = "list ticket types"
    SUBTYPES = "list ticket subtypes"
    ITEMS = "list ticket items"
    CLOSED_STATUSES = "tell which statuses close a ticket"


class DestinationKind(enum.Enum):
    """How a contact can be reached."""

    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Destination:
    """One phone number or e-mail address of a contact, as the PSA holds it.

    ``value`` is the PSA's text, not normalised; ``label`` the PSA's own word (Direct, Cell, Email); ``mobile``
    whether that label marks a mobile number; ``ref`` the PSA's id of the entry.
    """

    ref: str
    kind: DestinationKind
    value: str
    label: str
    mobile: bool = False
    default: bool = False
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """A client of the MSP."""

    ref: str
    name: str
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a client, with every way to reach them."""

    ref: str
    name: str
    first_name: str
    company: Company | None
    destinations: tuple[Destination, ...] = ()
    title: str = ""
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """A unit of work. ``contact_ref`` is empty where the ticket has no contact.

    ``number`` is what people call it where that is not ``ref`` (Autotask's ``T20260105.0007``), else empty.
    """

    ref: str
    summary: str
    company: Company | None
    contact_ref: str = ""
    board: str = ""
    status: str = ""
    closed: bool = False
    number: str = ""
    contact_name: str = ""


@dataclass(frozen=True, slots=True)
class TicketSearch:
    """What a ticket is looked for by; each part that is not empty must match, text anywhere and without regard to case.

    ``number`` is exact: the PSA's id, or the number that people call it by. ``limit`` is the most rows wanted.
    """

    number: str = ""
    contact: str = ""
    company: str = ""
    summary: str = ""
    limit: int = 25


@dataclass(frozen=True, slots=True)
class ContactSearch:
    """What a contact is looked for by; each part that is not empty must match.

    ``name`` and ``company`` match anywhere and without regard to case, ``email`` is a whole address, ``phone`` a number
    in any spelling: its last digits decide, at least seven of them. ``limit`` is the most rows wanted.
    """

    name: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""
    limit: int = 25


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that is to be made. Refs are the PSA's; empty ones are left to its own defaults.

    ``reference`` is unique to this ticket and stands at the end of its summary, in brackets, so that it can be looked
    for before it is made twice.
    """

    summary: str
    text: str
    reference: str
    company_ref: str
    contact_ref: str = ""
    board_ref: str = ""
    type_ref: str = ""
    subtype_ref: str = ""
    item_ref: str = ""
    priority_ref: str = ""
    status_ref: str = ""

    @property
    def title(self) -> str:
        """The summary with the reference behind it, within 100 characters, which is what the narrowest PSA takes."""
        mark = f" [{self.reference}]"
        return self.summary.strip()[: 100 - len(mark)].rstrip() + mark


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a PSA list: a board, type, status or priority."""

    ref: str
    name: str
    default: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A technician as the PSA knows them. ``identifier`` is the login name in the PSA's own spelling."""

    ref: str
    identifier: str
    name: str
    first_name: str = ""
    email: str = ""
    inactive: bool = False
    api_only: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a ticket. ``internal`` notes are for staff only."""

    ref: str
    text: str
    internal: bool
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """One permission that the product needs, and whether the keys have it.

    ``name`` and ``where`` are in the PSA's own words (``where`` is the menu path that grants it), ``purpose`` says
    what the product does with it, ``granted`` is None where the PSA would not tell.
    """

    name: str
    purpose: str
    where: str
    granted: bool | None
    needed: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class PodSetup:
    """One row of the PSA's own set-up table that embeds the pod. ``ref`` is empty until it exists.

    ``secret`` goes in alone: what the PSA is to sign the pod's address with from now on; empty leaves it as it is.
    What comes back may say what was ``done`` (created, changed or found), what is ``left`` to do by hand, as
    sentences, and whether the PSA has taken the secret (``signed``).
    """

    screen: str
    description: str
    url: str
    origin: str
    height: int
    ref: str = ""
    secret: str = field(default="", repr=False)
    done: str = ""
    left: str = ""
    signed: bool = False


class Connector(Protocol):
    """What podserver asks of any PSA. Every method may raise :class:`PsaError` and its children, nothing else."""

    capabilities: frozenset[Capability]

    def whoami(self) -> Member:
        """The member that the keys belong to; the cheapest proof that the keys are good."""
        ...

    def rights(self) -> Sequence[Right]:
        """Each right that the product needs, as present, missing or unknown."""
        ...

    def ticket(self, ref: str) -> Ticket:
        """One ticket."""
        ...

    def contact(self, ref: str) -> Contact:
        """One contact with all destinations, and never another one: NotFound where the PSA answers with somebody else,
        as it does where two were merged.
        """
        ...

    def contacts(self, company_ref: str) -> Sequence[Contact]:
        """The company's active contacts with all destinations, by name; every page."""
        ...

    def companies(self, name_contains: str = "") -> Sequence[Company]:
        """Companies that are not deleted, by name."""
        ...

    def boards(self) -> Sequence[Choice]:
        """Service boards that are in use."""
        ...

    def statuses(self, board_ref: str) -> Sequence[Choice]:
        """Statuses of a board; ``closed`` marks those that close a ticket."""
        ...

    def types(self, board_ref: str) -> Sequence[Choice]:
        """Ticket types of a board."""
        ...

    def subtypes(self, board_ref: str, type_ref: str) -> Sequence[Choice]:
        """Subtypes of a type; empty without :attr:`Capability.SUBTYPES`."""
        ...

    def items(self, board_ref: str, type_ref: str, subtype_ref: str) -> Sequence[Choice]:
        """Items of a subtype; empty without :attr:`Capability.ITEMS`."""
        ...

    def priorities(self) -> Sequence[Choice]:
        """Ticket priorities, in the PSA's order."""
        ...

    def members(self) -> Sequence[Member]:
        """Active members who are people, by name."""
        ...

    def member(self, ref: str) -> Member:
        """One member by the PSA's id."""
        ...

    def search_tickets(self, search: TicketSearch) -> Sequence[Ticket]:
        """Tickets that match, newest first; a number that no ticket can have finds nothing.

        Raises Rejected for an empty search.
        """
        ...

    def search_contacts(self, search: ContactSearch) -> Sequence[Contact]:
        """Active contacts that match, with all destinations, by name. Raises Rejected for an empty search, and for a
        phone search without :attr:`Capability.SEARCH_BY_PHONE`.
        """
        ...

    def create_ticket(self, new: NewTicket) -> Ticket:
        """Make a ticket, with the reference in its summary. Raises an ``ambiguous`` error when it may exist although no
        answer came; look with :meth:`find_ticket` before making it again.
        """
        ...

    def find_ticket(self, company_ref: str, reference: str) -> Ticket | None:
        """The newest ticket of the company whose summary holds ``reference``, or None."""
        ...

    def set_status(self, ticket_ref: str, status_ref: str) -> Ticket:
        """Give a ticket another status and read it back; to the same status again changes nothing."""
        ...

    def confirm_member(self, identifier: str, proof: str, context: str) -> Member:
        """The member that a browser claims to be, confirmed by the PSA.

        Raises BadCredentials when the PSA does not confirm exactly this member, and Unavailable when it cannot say.
        """
        ...

    def post_note(self, ticket_ref: str, text: str, *, internal: bool = True) -> Note:
        """Add a note. Raises an ``ambiguous`` error when it may exist although no answer came."""
        ...

    def find_note(self, ticket_ref: str, reference: str) -> Note | None:
        """The newest note whose text holds ``reference``, or None."""
        ...

    def update_mobile(self, contact_ref: str, destination_ref: str, value: str) -> Destination:
        """Change one phone entry of a contact and read it back."""
        ...

    def install_pod(self, setups: Sequence[PodSetup]) -> Sequence[PodSetup]:
        """Create the set-up rows that do not exist yet and return all with their ``ref``; never doubles one."""
        ...
