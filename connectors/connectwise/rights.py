"""The rights that the product needs in ConnectWise: one table for the self-check and for naming a missing one.

Every entry is a function of System > Security Roles with one of its four levels (Add, Edit, Delete, Inquire), each
None, My or All. The selection is [inferred] from public permission pages, as the smallest role that covers
:class:`connectors.base.Connector`. Which right gates which endpoint is [inferred] too; it is written down here only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.base import BadCredentials, MissingPermission, PsaError, RateLimited, Right

HOSTED_API: Final = "Manage Hosted API"


@dataclass(frozen=True, slots=True)
class Need:
    """One level of one function. ``probe`` is a list that only this right opens, or empty for rights to write."""

    module: str
    function: str
    level: str
    purpose: str
    probe: str = ""
    customize: str = ""

    @property
    def name(self) -> str:
        """In ConnectWise's words, for example ``Companies / Contacts: Inquire``."""
        item = f" ({self.customize})" if self.customize else ""
        return f"{self.module} / {self.function}: {self.level}{item}"

    @property
    def where(self) -> str:
        """The menu path that grants it."""
        path = f"System > Security Roles > the API member's role > {self.module} > {self.function} > {self.level} Level"
        extra = f", and Customize > General / {self.customize}: allow" if self.customize else ""
        return f"{path}: All{extra}"


COMPANIES_READ: Final = Need(
    "Companies", "Company Maintenance", "Inquire", "Read your client companies", "/company/companies"
)
CONTACTS_READ: Final = Need(
    "Companies", "Contacts", "Inquire", "Read contacts with their numbers and addresses", "/company/contacts"
)
CONTACTS_EDIT: Final = Need("Companies", "Contacts", "Edit", "Change a contact's mobile number")
TICKETS_READ: Final = Need("Service Desk", "Service Tickets", "Inquire", "Read tickets and notes", "/service/tickets")
TICKETS_ADD: Final = Need("Service Desk", "Service Tickets", "Add", "Post the note with a verification's result")
TICKETS_EDIT: Final = Need("Service Desk", "Service Tickets", "Edit", "Post notes on tickets that exist")
MEMBERS_READ: Final = Need(
    "System", "Member Maintenance", "Inquire", "Match technicians to ConnectWise members", "/system/members"
)
TABLES_READ: Final = Need(
    "System", "Table Setup", "Inquire", "Read boards, statuses, types and priorities", "/service/boards"
)
TABLES_ADD: Final = Need("System", "Table Setup", "Add", "Install the pod for you", customize=HOSTED_API)

NEEDS: Final = (
    COMPANIES_READ,
    CONTACTS_READ,
    CONTACTS_EDIT,
    TICKETS_READ,
    TICKETS_ADD,
    TICKETS_EDIT,
    MEMBERS_READ,
    TABLES_READ,
    TABLES_ADD,
)

# First match wins, so longer paths stand before their prefixes.
_GATES: Final[tuple[tuple[str, str, Need], ...]] = (
    ("GET", "/company/companies", COMPANIES_READ),
    ("GET", "/company/contacts", CONTACTS_READ),
    ("PATCH", "/company/contacts", CONTACTS_EDIT),
    ("GET", "/service/tickets", TICKETS_READ),
    ("POST", "/service/tickets/{id}/notes", TICKETS_ADD),
    ("GET", "/service/", TABLES_READ),
    ("GET", "/system/members", MEMBERS_READ),
    ("POST", "/system/connectwisehostedsetups", TABLES_ADD),
    ("GET", "/system/connectwisehosted", TABLES_READ),
)


def gate(method: str, template: str) -> Need | None:
    """The right that an endpoint asks for, or None where that is not known."""
    for gated_method, prefix, need in _GATES:
        if method == gated_method and template.lower().startswith(prefix.lower()):
            return need
    return None


def read_rights(
    own_rows: Callable[[], Sequence[Mapping[str, Any]]], probe: Callable[[str], object]
) -> tuple[Right, ...]:
    """Each need with what the keys have.

    ``own_rows`` reads ``/system/mySecurity``; whether an API member may is unverified, so where it fails or leaves a
    function out, ``probe`` asks each list for one row: an answer means granted, a 403 missing, anything else unknown
    (None). Rights to write cannot be probed without side effects and stay unknown then. BadCredentials and RateLimited
    end the check.
    """
    try:
        rows = own_rows()
    except (BadCredentials, RateLimited):
        raise
    except PsaError:
        rows = ()
    return tuple(_judge(need, rows, probe) for need in NEEDS)


def _judge(need: Need, rows: Sequence[Mapping[str, Any]], probe: Callable[[str], object]) -> Right:
    row = _row_of(need, rows)
    if row is not None:
        given = str(row.get(f"{need.level.lower()}Level") or "None").strip().capitalize()
        granted: bool | None = given == "All"
    else:
        granted, given = _probe(need, probe)
    return Right(need.name, need.purpose, need.where, granted, needed="All", given=given)


def _probe(need: Need, probe: Callable[[str], object]) -> tuple[bool | None, str]:
    if not need.probe:
        return None, ""
    try:
        probe(need.probe)
    except MissingPermission:
        return False, "None"
    except (BadCredentials, RateLimited):
        raise
    except PsaError:
        return None, ""
    return True, "My or All"


def _row_of(need: Need, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The row of a function, by loosely compared names, because the real identifiers are not published [inferred]."""
    same_function = [
        row
        for row in rows
        if _bare(need.function) in (_bare(row.get("moduleFunctionName")), _bare(row.get("moduleFunctionIdentifier")))
    ]
    for row in same_function:
        if _bare(need.module) in (_bare(row.get("moduleName")), _bare(row.get("moduleIdentifier"))):
            return row
    return same_function[0] if len(same_function) == 1 else None


def _bare(words: object) -> str:
    """Letters and digits in lower case, without a plural s."""
    return "".join(c for c in str(words or "").lower() if c.isalnum()).removesuffix("s")
