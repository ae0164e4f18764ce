"""Installing the pod: custom tabs through ``/Tabs``, and the ticket types that show them.

The members are from the schema of ``Tabname`` and ``RequestType``. What is published nowhere stands here and is
[inferred]: which ``tableid`` means which screen (it is learned from tabs that exist, where their address gives the
screen away), and that writing either needs the permission ``admin``. So an administrator looks whether the tab is
there, and whatever cannot be done is told as something to do by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from connectors.base import MissingPermission, PodSetup, PsaError, Rejected
from connectors.halo.api import HaloApi, number
from connectors.halo.records import ref_of
from connectors.reading import JsonObject, flag, text

TICKET_SCREEN: Final = "Ticket"
USER_SCREEN: Final = "User"
_TABLES: Final = {TICKET_SCREEN: 0, USER_SCREEN: 1}
# A token that only the tabs of one screen are given.
_TELLING: Final = {TICKET_SCREEN: "$faultid", USER_SCREEN: "$userid"}
_OF_USERS: Final = "screen=contact"
_SIGNS: Final = "send_secure_url_parameter"
_ALLOWED: Final = "allowed_iframe_customtabs"
_ALL_ALLOWED: Final = "allowall_iframe_customtabs"
_MOST_TYPES: Final = 60
_BY_HAND: Final = "Configuration > Tickets > Ticket Types > the type > Custom Tabs"
_NO_RIGHT: Final = (
    "HaloPSA lets this application make no custom tab: it lacks the permission admin. Make the tab by hand with the "
    "values below; or grant admin to the application, install, and take it away again."
)


def install_pod(api: HaloApi, setups: Sequence[PodSetup], secret: str) -> list[PodSetup]:
    """One tab per setup, found by its address or made; its name and address are never changed.

    ``secret`` is what the tabs sign with where a setup brings no new one; without any they are not made to sign.
    ``PodSetup.screen`` is :data:`TICKET_SCREEN` or :data:`USER_SCREEN`. Raises MissingPermission with a sentence that
    says to do it by hand.
    """
    try:
        rows = _rows(api)
        return [_installed(api, setup, rows, setup.secret or secret) for setup in setups]
    except MissingPermission as error:
        raise MissingPermission(_NO_RIGHT, error.right) from None


def _rows(api: HaloApi) -> list[JsonObject]:
    rows = api.listed("/Tabs")
    return [
        row if "url" in row else api.record("/Tabs/{id}", {"id": int(ref_of(row))}, {"includedetails": "true"})
        for row in rows
    ]


def _installed(api: HaloApi, setup: PodSetup, rows: Sequence[JsonObject], secret: str) -> PodSetup:
    if setup.screen not in _TABLES:
        raise Rejected(f"HaloPSA has no screen named {setup.screen} that can host a pod.")
    left = []
    row = _find(rows, setup)
    if row is None:
        row, done = _created(api, setup, rows, secret), "created"
        if _learned(rows, setup.screen) is None:
            left.append(f"Look whether the tab is there: open one {setup.screen.lower()}. Which number means this "
                        "screen is published nowhere.")  # fmt: skip
    elif secret and _SIGNS in row and (setup.secret or not flag(row, _SIGNS)):
        row, done = api.write("/Tabs", {"id": number(row.get("id")), **_signing(secret)}), "changed"
    else:
        done = "found"
        if text(row, "url") != setup.url:
            left.append("Its URL is not the one that podserver gives. Compare the two.")
    if secret and not flag(row, _SIGNS):
        left.append("This build of HaloPSA signs no tab, so technicians sign in in the pod.")
    if setup.screen == TICKET_SCREEN:
        allowed, by_hand = _allow(api, row)
        done += f", and allowed on {allowed} more ticket type{'s' if allowed != 1 else ''}" if allowed else ""
        if by_hand:
            left.append(f"Allow it by hand, under {_BY_HAND}, on: {', '.join(by_hand)}.")
    signed = bool(setup.secret) and not done.startswith("found") and flag(row, _SIGNS)
    return replace(setup, ref=ref_of(row), secret="", done=done, left=" ".join(left), signed=signed)


def _find(rows: Sequence[JsonObject], setup: PodSetup) -> JsonObject | None:
    for row in rows:
        url = text(row, "url")
        same_screen = (_OF_USERS in url.casefold()) == (setup.screen == USER_SCREEN)
        if same_screen and url.partition("?")[0] == setup.url.partition("?")[0]:
            return row
    return None


def _created(api: HaloApi, setup: PodSetup, rows: Sequence[JsonObject], secret: str) -> JsonObject:
    table = _learned(rows, setup.screen)
    members = {
        "name": setup.description,
        "tableid": _TABLES[setup.screen] if table is None else table,
        "sequence": 1 + max((number(row.get("sequence")) or 0 for row in rows), default=0),
        "url": setup.url,
        **(_signing(secret) if secret else {}),
    }
    try:
        return api.write("/Tabs", members)
    except PsaError as problem:
        row = _find(_rows(api), setup) if problem.ambiguous else None
        if row is None:
            raise
        return row


def _learned(rows: Sequence[JsonObject], screen: str) -> int | None:
    """The number of a screen, from tabs whose address says which it is; None where they do not, or do not agree."""
    found = set()
    for row in rows:
        told = [name for name, token in _TELLING.items() if token in text(row, "url").casefold()]
        if told == [screen]:
            found.add(number(row.get("tableid")))
    return found.pop() if len(found) == 1 else None


def _signing(secret: str) -> dict[str, object]:
    return {_SIGNS: True, "new_iframe_secret": secret}


def _allow(api: HaloApi, tab: JsonObject) -> tuple[int, list[str]]:
    """Allow a tab on every ticket type: on how many it was, and the names of those where it could not be."""
    allowed, by_hand = 0, []
    kinds = api.listed("/TicketType", {"showall": "true"})
    for place, kind in enumerate(kinds):
        name = text(kind, "name")
        try:
            state = _allow_on(api, kind, tab) if place < _MOST_TYPES else None
        except PsaError:
            state = None
        if state is None:
            by_hand.append(name)
        allowed += state is True
    return allowed, by_hand


def _allow_on(api: HaloApi, kind: JsonObject, tab: JsonObject) -> bool | None:
    """Whether the tab was allowed just now; False where it is already, None where that cannot be done or seen."""
    ids, key = {"id": int(ref_of(kind))}, number(tab.get("id"))
    details = api.record("/TicketType/{id}", ids, {"includedetails": "true"})
    if flag(details, _ALL_ALLOWED) or _allows(details, key):
        return False
    before = details.get(_ALLOWED)
    if not isinstance(before, list):
        return None
    more = {"tickettype_id": ids["id"], "iframetab_id": key, "iframetab_name": text(tab, "name")}
    # The whole list goes back, as it is not known whether Halo adds to it or puts it in place of its own.
    api.write("/TicketType", {"id": ids["id"], _ALLOWED: [*before, more]})
    after = api.record("/TicketType/{id}", ids, {"includedetails": "true"})
    return True if _allows(after, key) else None


def _allows(details: JsonObject, key: int | None) -> bool:
    entries = details.get(_ALLOWED)
    rows = entries if isinstance(entries, list) else []
    return any(isinstance(row, dict) and number(row.get("iframetab_id")) == key for row in rows)
