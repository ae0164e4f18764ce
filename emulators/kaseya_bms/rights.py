"""Security roles: a matrix of module by view, modify and delete, and the special feature "Has API Access"."""

from __future__ import annotations

from typing import Any

from emulators.kaseya_bms.answers import no_right

ACTIONS = ("view", "modify", "delete")
# Key -> (the module's name for people, its number in userinfo). The numbers are unpublished, these are invented.
MODULES: dict[str, tuple[str, int]] = {
    "tickets": ("Service Desk > Tickets", 11),
    "service_desk_admin": ("Admin > Service Desk", 63),
    "accounts": ("CRM > Accounts", 21),
    "contacts": ("CRM > Contacts", 22),
    "employees": ("HR > Employees", 31),
}
API_ACCESS_FEATURE = 7
Role = dict[str, list[str]]

# What the self-check of an integration asks for, and no more.
INTEGRATION: Role = {
    "tickets": ["view", "modify"],
    "service_desk_admin": ["view"],
    "accounts": ["view"],
    "contacts": ["view", "modify"],
    "employees": ["view"],
}
READ_ONLY: Role = {module: ["view"] for module in MODULES}
EVERYTHING: Role = {module: list(ACTIONS) for module in MODULES}


def switch_name(module: str, action: str) -> str:
    """The fault that takes this right from everybody."""
    return f"no_{module}_{action}"


def demand(rights: Role, module: str, action: str) -> None:
    """Raise the refusal that names the module unless the role has the action on it."""
    if action not in rights.get(module, []):
        raise no_right(MODULES[module][0], action)


def listed(rights: Role) -> list[dict[str, Any]]:
    """`userAccessRights` of userinfo."""
    return [
        {
            "canView": "view" in rights.get(module, []),
            "canModify": "modify" in rights.get(module, []),
            "canDelete": "delete" in rights.get(module, []),
            "mainMenuId": number // 10,
            "menuCategoryId": 1,
            "listingIDEnum": number,
        }
        for module, (_, number) in MODULES.items()
    ]
