"""What every PSA connector speaks: records, the protocol, capabilities and errors.

Nothing here knows of Flask, of podserver or of one PSA. A connector turns its PSA's wire format into these
records and its PSA's failures into :class:`PsaError` and its few children, so that a caller never looks at an
HTTP status.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
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
    """A unit of work. ``contact_ref`` is empty where the ticket has no contact."""

    ref: str
    summary: str
    company: Company | None
    contact_ref: str = ""
    board: str = ""
    status: str = ""
    closed: bool = False


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
    """One row of the PSA's own set-up table that embeds the pod. ``ref`` is empty until it exists."""

    screen: str
    description: str
    url: str
    origin: str
    height: int
    ref: str = ""


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
        """One contact with all destinations."""
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

    def priorities(self) -> Sequence[Choice]:
        """Ticket priorities, in the PSA's order."""
        ...

    def members(self) -> Sequence[Member]:
        """Active members who are people, not API accounts."""
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
