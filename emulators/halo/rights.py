"""Permissions: what an application may be granted, what a token holds, and which of them a path needs."""

from __future__ import annotations

from emulators.halo.errors import ApiError, no_token
from emulators.halo.faults import Faults

_AREAS = [
    "tickets",
    "calendar",
    "customers",
    "crm",
    "contracts",
    "suppliers",
    "items",
    "projects",
    "sales",
    "quotes",
    "sos",
    "pos",
    "invoices",
    "reporting",
    "software",
    "softwarelicensing",
    "kb",
    "assets",
    "timesheets",
]
WIDE = ("all", "all:standard", "all:teams", "admin", "offline_access")
SCOPES = frozenset(
    [
        *WIDE,
        *(f"{verb}:{area}" for verb in ("read", "edit") for area in _AREAS),
        "access:chat",
        "access:adpasswordreset",
    ]
)

# Which area a path needs is partly inferred: that the lists of the set-up and the agents come with tickets, and that
# the custom tabs, and which of them a type shows, are for administrators. All that is inferred of rights is here.
AREA_OF = {
    "tickets": "tickets",
    "actions": "tickets",
    "status": "tickets",
    "tickettype": "tickets",
    "team": "tickets",
    "priority": "tickets",
    "category": "tickets",
    "outcome": "tickets",
    "agent": "tickets",
    "fieldinfo": "tickets",
    "users": "customers",
    "client": "customers",
    "site": "customers",
    "tabs": "admin",
    "lookup": "any",
    "instanceinfo": "any",
}


def granted(application_scopes: list[str], faults: Faults) -> frozenset[str]:
    """What an application has at this moment, each `edit:` with its `read:`."""
    have = {*application_scopes, *faults.words("granted_too")}
    have |= {scope.replace("edit:", "read:") for scope in have}
    return frozenset(have - set(faults.words("withheld")))


def given(asked: list[str], have: frozenset[str]) -> list[str]:
    """What a token gets of what was asked for: `all` is all that the application has, and no more."""
    scopes: list[str] = []
    for scope in asked:
        if scope in ("all", "all:standard"):
            scopes.extend(sorted(have - set(scopes)))
        elif scope in have and scope not in scopes:
            scopes.append(scope)
    return scopes


def check(scopes: frozenset[str], resource: str, write: bool, faults: Faults) -> None:
    """Refuse a request that the token's scopes do not cover; with an empty body, as clients have met it."""
    area = "admin" if write and resource == "tickettype" else AREA_OF[resource]
    if area == "any":
        allowed = bool(scopes)
    elif area == "admin":
        allowed = "admin" in scopes
    else:
        allowed = f"edit:{area}" in scopes or (not write and f"read:{area}" in scopes)
    if not allowed:
        raise no_token() if faults.text("missing_right_status") == "401" else ApiError(403, "")
