"""The pod's rows in ConnectWise's own table: System > Setup Tables > Manage Hosted API.

Field names and limits are from the official OpenAPI (``ConnectWiseHostedSetup``); the numbers of screens differ between
sites and are always looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.base import PodSetup, PsaError, Rejected
from connectors.connectwise import records
from connectors.connectwise.api import ManageApi
from connectors.reading import JsonObject, text

SERVICE_SCREEN: Final = "ServiceTicket"
CONTACT_SCREEN: Final = "ContactDetail"
_ROWS: Final = "/system/connectwisehostedsetups"
_SCREENS: Final = "/system/connectWiseHostedScreens"
_LIMITS: Final = (("description", 50), ("url", 1024), ("origin", 100))


def install_pod(api: ManageApi, setups: Sequence[PodSetup]) -> tuple[PodSetup, ...]:
    """One row per setup, found or created, in the order given and as ConnectWise holds it.

    ``PodSetup.screen`` is a screen's id text (:data:`SERVICE_SCREEN`, :data:`CONTACT_SCREEN`), without regard to case.
    A row is the same one where screen and URL are; it is returned as it stands, so a caller can see a differing origin.
    An answer lost on the way is looked for before anything else happens. ConnectWise has no unique key for these rows:
    two callers at the same moment are for the caller to keep apart.
    """
    for setup in setups:
        _refuse_too_long(setup)
    screens = {text(row, "screenId").lower(): int(records.ref_of(row)) for row in api.every(_SCREENS)}
    installed = []
    for setup in setups:
        number = screens.get(setup.screen.lower())
        if number is None:
            raise Rejected(f"This ConnectWise has no screen named {setup.screen} that can host a pod.")
        row = _find(api, number, setup.url) or _create(api, number, setup)
        installed.append(records.pod_setup(row, setup.screen))
    return tuple(installed)


def _find(api: ManageApi, screen: int, url: str) -> JsonObject | None:
    for row in api.every(_ROWS):
        if row.get("screenId") == screen and text(row, "url") == url:
            return row
    return None


def _create(api: ManageApi, screen: int, setup: PodSetup) -> JsonObject:
    body = {
        "screenId": screen,
        "description": setup.description,
        "url": setup.url,
        "origin": setup.origin,
        "type": "Pod",
        "podHeight": setup.height,
        "locationsEnabledFlag": False,
        # Needed as long as ConnectWise stores no client id for its hosted pages.
        "clientId": api.client_id,
    }
    try:
        return api.record("POST", _ROWS, body=body)
    except PsaError as problem:
        row = _find(api, screen, setup.url) if problem.ambiguous else None
        if row is None:
            raise
        return row


def _refuse_too_long(setup: PodSetup) -> None:
    for name, limit in _LIMITS:
        if not 1 <= len(getattr(setup, name)) <= limit:
            raise Rejected(f"The pod's {name} must have 1 to {limit} characters for ConnectWise.")
    if not 50 <= setup.height <= 4000:
        raise Rejected("The pod's height must be between 50 and 4000 pixels.")
