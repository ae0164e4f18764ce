"""Security roles: which function an action needs, at which level, and what `/system/mySecurity` lists of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["add", "edit", "delete", "inquire"]
ACTIONS: tuple[Action, ...] = ("add", "edit", "delete", "inquire")
LEVELS = ("None", "My", "All")


@dataclass(frozen=True)
class Function:
    """A row of a security role, with the levels (add, edit, delete, inquire) of the suggested integration role.

    The identifier strings are invented, as the fact sheet has none from a real tenant.
    """

    module: str
    module_name: str
    identifier: str
    name: str
    levels: tuple[str, str, str, str]


FUNCTIONS = (
    Function("Companies", "Companies", "CompanyMaintenance", "Company Maintenance", ("None", "None", "None", "All")),
    Function("Companies", "Companies", "Contacts", "Contacts", ("All", "All", "None", "All")),
    Function("Companies", "Companies", "Notes", "Notes", ("All", "All", "None", "All")),
    Function("Companies", "Companies", "Configurations", "Configurations", ("None", "None", "None", "All")),
    Function("ServiceDesk", "Service Desk", "ServiceTickets", "Service Tickets", ("All", "All", "None", "All")),
    Function(
        "ServiceDesk", "Service Desk", "CloseServiceTickets", "Close Service Tickets", ("All", "All", "None", "All")
    ),
    Function("System", "System", "MemberMaintenance", "Member Maintenance", ("None", "None", "None", "All")),
    Function("System", "System", "TableSetup", "Table Setup", ("All", "All", "None", "All")),
    Function("System", "System", "MyCompany", "My Company", ("None", "None", "None", "All")),
    Function("System", "System", "APIReports", "API Reports", ("None", "None", "None", "All")),
)
Role = dict[str, dict[str, str]]


def default_role() -> Role:
    """The integration role of the seed's API member, by function identifier."""
    return {item.identifier: dict(zip(ACTIONS, item.levels, strict=True)) for item in FUNCTIONS}


def full_role() -> Role:
    """A technician's role: everything at level All."""
    return {item.identifier: dict.fromkeys(ACTIONS, "All") for item in FUNCTIONS}


def read_role(value: Any) -> Role:
    """Overrides out of JSON: `{"Service Tickets": {"add": "None"}}` or `{"Contacts": "None"}` for all four actions.

    Raises ValueError for an unknown function, action or level.
    """
    if not isinstance(value, dict):
        raise ValueError("role must be an object of function names.")
    names = {_plain(text): item.identifier for item in FUNCTIONS for text in (item.identifier, item.name)}
    role: Role = {}
    for name, levels in value.items():
        identifier = names.get(_plain(name))
        if identifier is None:
            raise ValueError(f"role has no function {name!r}; known: {', '.join(default_role())}.")
        wanted = dict.fromkeys(ACTIONS, levels) if isinstance(levels, str) else levels
        if not isinstance(wanted, dict):
            raise ValueError(f"role of {name!r} must be a level or an object of actions.")
        for action, level in wanted.items():
            if action not in ACTIONS or level not in LEVELS:
                raise ValueError(f"role of {name!r}: {action}={level!r} is not one of {ACTIONS} with {LEVELS}.")
        role[identifier] = {str(action): str(level) for action, level in wanted.items()}
    return role


def merged(overrides: Role) -> Role:
    """The integration role with overrides laid over it."""
    role = default_role()
    for identifier, levels in overrides.items():
        role[identifier].update(levels)
    return role


def security_rows(role: Role, member_id: int) -> list[dict[str, Any]]:
    """The stored form of `/system/mySecurity` for a role."""
    return [
        {
            "id": index + 1,
            "moduleIdentifier": item.module,
            "moduleName": item.module_name,
            "moduleFunctionIdentifier": item.identifier,
            "moduleFunctionName": item.name,
            "addLevel": role[item.identifier]["add"],
            "editLevel": role[item.identifier]["edit"],
            "deleteLevel": role[item.identifier]["delete"],
            "inquireLevel": role[item.identifier]["inquire"],
            "customFlag": item.identifier == "TableSetup",
            "myAllFlag": True,
            "restrictFlag": False,
            "reportFlag": item.identifier == "APIReports",
            "sortOrder": index + 1,
            "member": {"id": member_id},
        }
        for index, item in enumerate(FUNCTIONS)
    ]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", str(text).lower())
