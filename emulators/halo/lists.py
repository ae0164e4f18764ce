"""Query parameters, filters, order and paging of lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.halo.errors import BrokenRule, bad_query

Record = dict[str, Any]
UNPAGED = 50
LONGEST_PAGE = 1000


class Query:
    """Query parameters by name in any letter case; an unknown one is ignored."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in parameters.items()}

    def __contains__(self, name: str) -> bool:
        return self._values.get(name, "") != ""

    def text(self, name: str) -> str:
        """A text, empty where absent."""
        return self._values.get(name, "")

    def number(self, name: str, default: int) -> int:
        """A whole number. Raises 400."""
        value = self.text(name)
        try:
            return int(value) if value else default
        except ValueError:
            raise bad_query(name, value) from None

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false in any letter case. Raises 400."""
        value = self.text(name).lower()
        if value not in ("", "true", "false"):
            raise bad_query(name, value)
        return value == "true" if value else default


@dataclass(frozen=True)
class Filter:
    """What one parameter keeps: `test(row, query)` when the parameter is there."""

    name: str
    test: Callable[[Record, Query], bool]


def equals(name: str, member: str | None = None) -> Filter:
    """Keeps the rows whose member is this number."""
    return Filter(name, lambda row, query: row.get(member or name) == query.number(name, 0))


def contains(name: str, *members: str) -> Filter:
    """Keeps the rows one of whose members holds this text, whatever its letter case; nothing is normalised."""
    return Filter(name, lambda row, query: holds(row, query.text(name), members))


def holds(row: Record, text: str, members: tuple[str, ...]) -> bool:
    """Whether a member of the row holds the text."""
    wanted = text.casefold()
    return any(wanted in str(row.get(member) or "").casefold() for member in members)


def changed_since(name: str, member: str) -> Filter:
    """Keeps the rows changed at or after this time; a trailing Z and fractions are of no matter."""
    return Filter(name, lambda row, query: str(row[member]) >= plain_time(query.text(name)))


def changed_until(name: str, member: str) -> Filter:
    """Keeps the rows changed at or before this time."""
    return Filter(name, lambda row, query: str(row[member]) <= plain_time(query.text(name)))


def plain_time(stamp: str) -> str:
    """A time as the tables hold it: whole seconds and no Z."""
    return stamp.removesuffix("Z").partition(".")[0]


def advanced(rows: list[Record], text: str, allowed: list[str]) -> list[Record]:
    """The rows that fit an `advanced_search`, a JSON array whose type 2 means equals. Raises BrokenRule."""
    try:
        wanted = json.loads(text)
        steps = [(str(step["filter_name"]), int(step["filter_type"]), str(step["filter_value"])) for step in wanted]
    except (ValueError, TypeError, KeyError):
        raise BrokenRule("Invalid advanced search parameter") from None
    for name, kind, value in steps:
        if name.lower() not in allowed or kind != 2:
            raise BrokenRule(f"Invalid advanced search parameter: {name}")
        rows = [row for row in rows if str(row.get(name.lower(), "")).casefold() == value.casefold()]
    return rows


def ordered(rows: list[Record], query: Query, usual: str, usual_down: bool) -> list[Record]:
    """By `order` and `orderdesc`, else the entity's own way; equal values by id."""
    column = query.text("order").lower() or usual
    down = query.flag("orderdesc") if "order" in query else usual_down
    return sorted(rows, key=lambda row: (_rank(row.get(column)), row["id"]), reverse=down)


def _rank(value: Any) -> tuple[int, float, str]:
    if isinstance(value, bool) or value is None:
        return (0, float(bool(value)), "")
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, str(value).casefold())


def cut(rows: list[Record], query: Query) -> tuple[list[Record], int, int]:
    """`(rows, page_no, page_size)`: a page with `pageinate`, else the first `count` or about fifty."""
    if query.flag("pageinate"):
        size = min(max(query.number("page_size", UNPAGED), 1), LONGEST_PAGE)
        page = max(query.number("page_no", 1), 1)
        return rows[(page - 1) * size : page * size], page, size
    size = max(query.number("count", UNPAGED), 0)
    return rows[:size], 1, size
