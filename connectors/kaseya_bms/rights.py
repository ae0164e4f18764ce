"""The rights that the product needs in BMS: one table for the self-check and for naming a missing one.

A role is a matrix of modules by View, Modify and Delete, with special features beside it. The modules are those that
public set-up guides of integrations name; which module gates which call is [inferred] and written down here only. The
numbers in which userinfo tells a user's rights are unpublished, so each list is asked for one row instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from connectors.base import BadCredentials, MissingPermission, PsaError, RateLimited, Right

API_ACCESS: Final = "Admin > Special Features > Has API Access"
_ROLES: Final = "Admin > Security > Roles > the API user's role"


@dataclass(frozen=True, slots=True)
class Need:
    """One column of one module. ``probe`` is a (method, path) that only this right opens, or None for writing."""

    module: str
    action: str
    purpose: str
    probe: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """In BMS's words, for example ``CRM > Contacts: View``."""
        return f"{self.module}: {self.action}"

    @property
    def where(self) -> str:
        """The place that grants it."""
        return f"{_ROLES} > {self.module} > {self.action}"


SEARCH: Final = "/v2/servicedesk/tickets/search"
TICKETS_VIEW: Final = Need("Service Desk > Tickets", "View", "Read tickets and notes", ("POST", SEARCH))
TICKETS_MODIFY: Final = Need("Service Desk > Tickets", "Modify", "Post the note with a verification's result")
CONTACTS_VIEW: Final = Need(
    "CRM > Contacts", "View", "Read contacts with their numbers and addresses", ("GET", "/v2/crm/contacts/summary")
)
CONTACTS_MODIFY: Final = Need("CRM > Contacts", "Modify", "Change a contact's mobile number, where you allow it")
ACCOUNTS_VIEW: Final = Need(
    "CRM > Accounts", "View", "Read your client companies and their locations", ("GET", "/v2/crm/accounts/lookup")
)
SERVICE_DESK_VIEW: Final = Need(
    "Admin > Service Desk", "View", "Read queues, statuses, types and priorities", ("GET", "/v2/system/queues/lookup")
)
EMPLOYEES_VIEW: Final = Need(
    "HR > Employees", "View", "Match technicians to BMS employees", ("GET", "/v2/hr/employees/searchselect")
)
NEEDS: Final = (
    TICKETS_VIEW,
    TICKETS_MODIFY,
    CONTACTS_VIEW,
    CONTACTS_MODIFY,
    ACCOUNTS_VIEW,
    SERVICE_DESK_VIEW,
    EMPLOYEES_VIEW,
)

# First match wins, so longer paths stand before their prefixes.
_GATES: Final[tuple[tuple[str, str, Need], ...]] = (
    ("POST", SEARCH, TICKETS_VIEW),
    ("GET", "/v2/servicedesk/", TICKETS_VIEW),
    ("POST", "/v2/servicedesk/", TICKETS_MODIFY),
    ("PATCH", "/v2/servicedesk/", TICKETS_MODIFY),
    ("GET", "/v2/crm/contacts", CONTACTS_VIEW),
    ("PATCH", "/v2/crm/contacts", CONTACTS_MODIFY),
    ("GET", "/v2/crm/accounts", ACCOUNTS_VIEW),
    ("GET", "/v2/system/", SERVICE_DESK_VIEW),
    ("GET", "/v2/hr/", EMPLOYEES_VIEW),
)


def gate(method: str, template: str) -> Need | None:
    """The right that a call asks for, or None where that is not known."""
    for gated_method, prefix, need in _GATES:
        if method == gated_method and template.startswith(prefix):
            return need
    return None


def read_rights(probe: Callable[[str, str], object]) -> tuple[Right, ...]:
    """Each need with what the user has: an answer to ``probe`` means granted, a missing permission missing.

    Anything else is unknown (None), and so are the rights to write, which cannot be tried without writing.
    BadCredentials and RateLimited end the check.
    """
    return (
        Right(API_ACCESS, "Call BMS at all", f"{_ROLES} > {API_ACCESS}", True, needed="on", given="on"),
        *(_judge(need, probe) for need in NEEDS),
    )


def _judge(need: Need, probe: Callable[[str, str], object]) -> Right:
    granted: bool | None = None
    if need.probe is not None:
        try:
            probe(*need.probe)
            granted = True
        except MissingPermission:
            granted = False
        except (BadCredentials, RateLimited):
            raise
        except PsaError:
            granted = None
    given = {True: need.action, False: "None", None: ""}[granted]
    return Right(need.name, need.purpose, need.where, granted, needed=need.action, given=given)
