"""The rights that the product needs in SuperOps: one table for the self-check and for naming a missing one.

A token acts with its technician's role (Settings > Roles and Groups > Technician Roles) [official]. What the modules
and permissions of a role are called in the API is [inferred] from the vendor's example of a role; it is written down
here only, and a role whose features carry other names leaves the rights to write as unknown and never as granted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.base import BadCredentials, MissingPermission, PsaError, RateLimited, Right
from connectors.reading import text

_WHERE: Final = "Settings > Roles and Groups > Technician Roles > the technician's role"


@dataclass(frozen=True, slots=True)
class Need:
    """One permission of one module. ``features`` are names that the API may know the module by; ``probe`` is a query
    that only this permission opens, or empty for permissions to write.
    """

    module: str
    permission: str
    purpose: str
    features: tuple[str, ...]
    probe: str = ""

    @property
    def name(self) -> str:
        """For example ``Requesters: Edit``."""
        return f"{self.module}: {self.permission}"

    @property
    def where(self) -> str:
        """The menu path that grants it."""
        return f"{_WHERE} > {self.module} > {self.permission}"


TICKETS_VIEW: Final = Need("Tickets", "View", "Read tickets", ("ticket",), "getTicketList")
TICKETS_ADD: Final = Need("Tickets", "Add", "Open a ticket", ("ticket",))
TICKETS_EDIT: Final = Need("Tickets", "Edit", "Change a ticket's status", ("ticket",))
NOTES_ADD: Final = Need("Tickets", "Notes", "Post the note with a verification's result", ("note", "ticketnote"))
CLIENTS_VIEW: Final = Need("Clients", "View", "Read your clients", ("client",), "getClientList")
REQUESTERS_VIEW: Final = Need(
    "Requesters", "View", "Read requesters with their numbers and addresses", ("requester", "clientuser"),
    "getClientUserList",
)  # fmt: skip
REQUESTERS_EDIT: Final = Need("Requesters", "Edit", "Change a requester's mobile number", ("requester", "clientuser"))
TECHNICIANS_VIEW: Final = Need(
    "Technicians", "View", "Know who your technicians are", ("technician", "user"), "getTechnicianList"
)
NEEDS: Final = (
    TICKETS_VIEW,
    TICKETS_ADD,
    TICKETS_EDIT,
    NOTES_ADD,
    CLIENTS_VIEW,
    REQUESTERS_VIEW,
    REQUESTERS_EDIT,
    TECHNICIANS_VIEW,
)
_OPERATIONS: Final = {
    "getTicket": TICKETS_VIEW,
    "getTicketList": TICKETS_VIEW,
    "getTicketNoteList": TICKETS_VIEW,
    "createTicket": TICKETS_ADD,
    "updateTicket": TICKETS_EDIT,
    "createTicketNote": NOTES_ADD,
    "createNote": NOTES_ADD,
    "getClient": CLIENTS_VIEW,
    "getClientList": CLIENTS_VIEW,
    "getClientUser": REQUESTERS_VIEW,
    "getClientUserList": REQUESTERS_VIEW,
    "getClientUserAssociationList": REQUESTERS_VIEW,
    "updateClientUser": REQUESTERS_EDIT,
    "getTechnicianList": TECHNICIANS_VIEW,
    "getTechnicianGroupList": TECHNICIANS_VIEW,
    "getTechnicianRoleList": TECHNICIANS_VIEW,
}


def need_of(operation: str) -> Need | None:
    """The right that an operation asks for, or None where that is not known."""
    return _OPERATIONS.get(operation)


def read_rights(
    features: Callable[[], Sequence[Mapping[str, Any]]], probe: Callable[[str], object]
) -> tuple[Right, ...]:
    """Each need with what the token has.

    A right to read is proven by asking for one row: an answer means granted, ``forbidden`` missing, anything else
    unknown (None). A right to write cannot be tried, so the role on paper tells (``features``), or nothing does.
    BadCredentials and RateLimited end the check.
    """
    paper: Sequence[Mapping[str, Any]] = ()
    try:
        paper = features()
    except (BadCredentials, RateLimited):
        raise
    except PsaError:
        pass
    return tuple(_judge(need, paper, probe) for need in NEEDS)


def _judge(need: Need, paper: Sequence[Mapping[str, Any]], probe: Callable[[str], object]) -> Right:
    granted: bool | None
    if need.probe:
        granted = _probed(need.probe, probe)
        given = "" if granted is None else need.permission if granted else "None"
    else:
        allowed = _operations(need, paper)
        granted = None if allowed is None else _grants(need, allowed)
        given = ", ".join(allowed or ())
    return Right(need.name, need.purpose, need.where, granted, needed=need.permission, given=given)


def _probed(operation: str, probe: Callable[[str], object]) -> bool | None:
    try:
        probe(operation)
    except MissingPermission:
        return False
    except (BadCredentials, RateLimited):
        raise
    except PsaError:
        return None
    return True


def _grants(need: Need, allowed: Sequence[str]) -> bool:
    wanted = ("add", "create", "allow") if need.permission in ("Add", "Notes") else (need.permission.lower(), "allow")
    return any(word.lower() in wanted for word in allowed)


def _operations(need: Need, paper: Sequence[Mapping[str, Any]]) -> list[str] | None:
    """The operations that the role allows in the module, None where the role does not name it."""
    for row in paper:
        feature = row.get("feature")
        names = {_bare(text(feature, key)) for key in ("key", "name")} if isinstance(feature, Mapping) else set()
        if names & set(need.features):
            listed = row.get("operationList")
            return [
                text(each, "name") for each in (listed if isinstance(listed, list) else []) if isinstance(each, Mapping)
            ]
    return None


def _bare(words: str) -> str:
    """Letters in lower case, without a plural s."""
    return "".join(c for c in words.lower() if c.isalpha()).removesuffix("s")
