"""The pod's two tabs, as podserver asks for them."""

from __future__ import annotations

from typing import Any

from connectors.base import PodSetup
from connectors.halo import TICKET_QUERY, TICKET_SCREEN, USER_QUERY, USER_SCREEN

_POD = "https://pod.example/pod/halo/k1"
TICKET_URL = f"{_POD}?{TICKET_QUERY}"
USER_URL = f"{_POD}?{USER_QUERY}"
SETUPS = [
    PodSetup(TICKET_SCREEN, "Verify caller", TICKET_URL, "https://pod.example", 0),
    PodSetup(USER_SCREEN, "Verify caller", USER_URL, "https://pod.example", 0),
]


def rows(stand: Any) -> list[dict[str, Any]]:
    """The emulator's own rows of its tabs."""
    found: list[dict[str, Any]] = stand.control("records/tabs")
    return found
