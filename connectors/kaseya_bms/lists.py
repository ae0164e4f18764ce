"""The short lists of a company: queues, statuses, types, priorities. All ids are its own."""

from __future__ import annotations

from typing import Final

from connectors.base import Choice, NotFound, Rejected
from connectors.kaseya_bms import records
from connectors.kaseya_bms.api import BmsApi
from connectors.reading import JsonObject

TICKET_TYPES: Final = "TicketType"
NOTE_TYPES: Final = "NoteType"
"""Names of lookup tables; that there are tables of these names is [inferred] from the one name seen in the wild."""

_TABLE: Final = "/v2/system/lookup/"
_RECENT: Final = 100


def lookup(api: BmsApi, name: str) -> list[JsonObject]:
    """All rows of ``/v2/system/<name>/lookup``."""
    return api.rows(f"/v2/system/{name}/lookup")


def choices(rows: list[JsonObject]) -> list[Choice]:
    """The rows that are in use, by name."""
    return sorted((records.choice(row) for row in rows if records.in_use(row)), key=lambda each: each.name.casefold())


def lookup_table(api: BmsApi, name: str) -> list[Choice]:
    """The rows of a lookup table, or none where there is no such table."""
    try:
        return choices(api.rows(_TABLE + name))
    except (NotFound, Rejected):
        return []


def ticket_types(api: BmsApi) -> list[Choice]:
    """The ticket types, by name; where they cannot be listed, those of the newest tickets."""
    listed = lookup_table(api, TICKET_TYPES)
    if listed:
        return listed
    seen: dict[str, str] = {}
    for row in api.newest_tickets({}, _RECENT):
        if records.number_of(row, "typeid") is not None:
            seen.setdefault(records.ref_of(row, "typeid"), str(row.get("typename") or ""))
    return sorted((Choice(ref, name) for ref, name in seen.items()), key=lambda each: each.name.casefold())
