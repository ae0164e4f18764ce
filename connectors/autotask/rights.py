"""The rights that the product needs in Autotask: one table for the self-check and for naming a missing one.

A security level is edited under Admin > Resources/Users (HR) > Security > Security Levels. ``entityInformation`` says
of each entity what the API user may do: All, Restricted or None. Its field names are official, the three words were
seen by one integrator; that Restricted still lets us work is [inferred] from levels that are complete and say it. Which
section of a level grants what is [inferred] too. Both are written down here only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from connectors.base import BadCredentials, PsaError, RateLimited, Right, Unavailable

_LEVEL: Final = "Admin > Resources/Users (HR) > Security > Security Levels > the API user's level"


@dataclass(frozen=True, slots=True)
class Need:
    """One right: what it is called, why it is needed, where it is granted, and the word of entityInformation."""

    name: str
    purpose: str
    section: str
    entity: str
    access: str

    @property
    def where(self) -> str:
        """The menu path that grants it."""
        return f"{_LEVEL} > {self.section}"


READ_COMPANIES: Final = Need(
    "Organizations: view", "Read your client companies", "CRM > Organization & Contact Access", "Companies", "Query"
)
READ_CONTACTS: Final = Need(
    "Contacts: view", "Read contacts with their numbers and addresses", "CRM > Organization & Contact Access",
    "Contacts", "Query",
)  # fmt: skip
EDIT_CONTACTS: Final = Need(
    "Contacts: edit", "Change a contact's mobile number", "CRM > Object Permissions > Contacts", "Contacts", "Update"
)
READ_TICKETS: Final = Need(
    "Tickets: view", "Read tickets", "Service Desk > Ticket Security", "Tickets", "Query"
)  # fmt: skip
ADD_TICKETS: Final = Need(
    "Tickets: add", "Open a ticket for a caller", "Service Desk > Service Desk Permissions", "Tickets", "Create"
)
EDIT_TICKETS: Final = Need(
    "Tickets: edit", "Set a ticket's status", "Service Desk > Ticket Security", "Tickets", "Update"
)  # fmt: skip
READ_NOTES: Final = Need(
    "Ticket notes: view",
    "Find a note before it is written twice",
    "Service Desk > Ticket Notes",
    "TicketNotes",
    "Query",
)
ADD_NOTES: Final = Need(
    "Ticket notes: add", "Post the note with a verification's result", "Service Desk > Ticket Notes", "TicketNotes",
    "Create",
)  # fmt: skip
READ_RESOURCES: Final = Need(
    "Resources: view", "Match technicians to Autotask resources", "Admin > Resources/Users (HR)", "Resources", "Query"
)

NEEDS: Final = (
    READ_COMPANIES,
    READ_CONTACTS,
    EDIT_CONTACTS,
    READ_TICKETS,
    ADD_TICKETS,
    EDIT_TICKETS,
    READ_NOTES,
    ADD_NOTES,
    READ_RESOURCES,
)

ALL_COMPANIES: Final = "Organizations: all, not only your own"

# First match wins, so longer paths stand before their prefixes.
_GATES: Final[tuple[tuple[str, str, Need], ...]] = (
    ("POST", "/Tickets/{id}/Notes", ADD_NOTES),
    ("POST", "/TicketNotes/", READ_NOTES),
    ("GET", "/TicketNotes/", READ_NOTES),
    ("POST", "/Tickets/query", READ_TICKETS),
    ("GET", "/Tickets/", READ_TICKETS),
    ("POST", "/Tickets", ADD_TICKETS),
    ("PATCH", "/Tickets", EDIT_TICKETS),
    ("PATCH", "/Companies/{id}/Contacts", EDIT_CONTACTS),
    ("POST", "/Contacts/query", READ_CONTACTS),
    ("GET", "/Contacts/", READ_CONTACTS),
    ("POST", "/Companies/query", READ_COMPANIES),
    ("GET", "/Companies/", READ_COMPANIES),
    ("POST", "/Resources/query", READ_RESOURCES),
    ("GET", "/Resources/", READ_RESOURCES),
)


def gate(method: str, template: str) -> Need | None:
    """The right that an endpoint asks for, or None where that is not known."""
    return next((need for verb, prefix, need in _GATES if verb == method and template.startswith(prefix)), None)


def read_rights(information: Callable[[str], Mapping[str, Any]], companies: Callable[[], int]) -> tuple[Right, ...]:
    """Each need with what the API user has; ``information`` reads an entity's, ``companies`` counts what it may see.

    A level can hide rows without a word: then only the own organization is there to be counted. Where Autotask would
    not tell, a right is unknown (None). A PSA that is down, refuses the keys or wants to be left alone ends the check.
    """
    known: dict[str, Mapping[str, Any]] = {}
    rows = []
    for need in NEEDS:
        if need.entity not in known:
            known[need.entity] = _asked(partial(information, need.entity)) or {}
        given = str(known[need.entity].get(f"userAccessFor{need.access}") or "").strip().capitalize()
        granted = None if not given else given != "None"
        rows.append(Right(need.name, need.purpose, need.where, granted, needed="All", given=given))
    count = _asked(companies)
    rows.append(
        Right(
            ALL_COMPANIES,
            "See the companies of all callers",
            READ_COMPANIES.where,
            None if count is None else count > 1,
            needed="All",
            given="" if count is None else f"{count} seen",
        )
    )
    return tuple(rows)


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (BadCredentials, RateLimited, Unavailable):
        raise
    except PsaError:
        return None
