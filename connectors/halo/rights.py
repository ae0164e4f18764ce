"""The rights that the product needs in HaloPSA: one table for the self-check and for naming a missing one.

A right is a permission of the application and has an agent's access level behind it. Names are from public set-up
guides of other integrators. Which permission opens which endpoint is [inferred] from what they ask for; it is written
down here only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from connectors.base import BadCredentials, MissingPermission, PsaError, RateLimited, Right

SCOPES: Final = ("edit:tickets", "edit:customers")
"""What a token is asked for: each ``edit`` has its ``read`` in it. Never ``all``, and ``admin`` only to install."""

INSTALL_SCOPES: Final = (*SCOPES, "admin")
"""What the one token is asked for that writes the custom tab. That this needs ``admin`` is [inferred]."""


@dataclass(frozen=True, slots=True)
class Need:
    """One permission of the application; ``probe`` is a list that only it opens, or empty for a right to write."""

    scope: str
    purpose: str
    agent: str
    probe: str = ""

    @property
    def name(self) -> str:
        """As Halo names it, for example ``read:tickets``."""
        return self.scope

    @property
    def where(self) -> str:
        """The menu paths that grant it, at the application and at its agent."""
        path = "Configuration > Integrations > HaloPSA API > View Applications > the application > Permissions"
        return f"{path} > {self.scope}; and Configuration > Agents > its agent > Permissions > {self.agent}"


TICKETS_READ: Final = Need(
    "read:tickets", "Read tickets, actions, types, statuses, outcomes, teams and agents", "Tickets: Read", "/Tickets"
)
TICKETS_EDIT: Final = Need(
    "edit:tickets", "Post the note with a verification's result; make and move tickets", "Tickets: Read and Modify"
)
CUSTOMERS_READ: Final = Need(
    "read:customers",
    "Read users with their numbers and addresses, clients and sites",
    "Users and Clients: Read",
    "/Users",
)
CUSTOMERS_EDIT: Final = Need("edit:customers", "Change a user's mobile number", "Users: Read and Modify")
ADMIN: Final = Need("admin", "Make the custom tab, once; it can be taken away again afterwards", "Configuration")
NEEDS: Final = (TICKETS_READ, TICKETS_EDIT, CUSTOMERS_READ, CUSTOMERS_EDIT)

_CUSTOMERS: Final = ("/users", "/client", "/site")


def gate(method: str, template: str) -> Need | None:
    """The right that an endpoint asks for, or None where that is not known."""
    path = template.lower()
    if not path.startswith("/") or path.startswith(("/auth", "/instanceinfo")):
        return None
    if path.startswith("/tabs") or (method != "GET" and path.startswith("/tickettype")):
        return ADMIN
    if path.startswith(_CUSTOMERS):
        return CUSTOMERS_READ if method == "GET" else CUSTOMERS_EDIT
    return TICKETS_READ if method == "GET" else TICKETS_EDIT


def holds(scopes: frozenset[str], scope: str) -> bool:
    """Whether a token's scopes cover one; ``edit`` covers ``read``."""
    verb, _, area = scope.partition(":")
    return scope in scopes or (verb == "read" and f"edit:{area}" in scopes)


def read_rights(scopes: frozenset[str], count: Callable[[str], int]) -> list[Right]:
    """Each need with what the token holds.

    ``count`` asks a list how many rows it has. A list without rows means that the agent sees none, which Halo says in
    no other way: whether it may is unknown then (None). That an edit works is not proven before the first one.
    BadCredentials and RateLimited end the check.
    """
    return [_judge(need, scopes, count) for need in NEEDS]


def _judge(need: Need, scopes: frozenset[str], count: Callable[[str], int]) -> Right:
    granted: bool | None = holds(scopes, need.scope)
    given = "granted, not proven before the first write" if granted and not need.probe else ""
    if granted and need.probe:
        granted, given = _probe(need, count)
    return Right(
        need.name, need.purpose, need.where, granted, needed=need.scope, given=given or ("" if granted else "-")
    )


def _probe(need: Need, count: Callable[[str], int]) -> tuple[bool | None, str]:
    try:
        rows = count(need.probe)
    except MissingPermission:
        return False, ""
    except (BadCredentials, RateLimited):
        raise
    except PsaError:
        return None, ""
    return (True, "granted") if rows else (None, "granted, but its agent sees no record: look at its teams and clients")
