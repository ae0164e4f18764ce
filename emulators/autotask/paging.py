"""Queries and their pages: how many rows, which fields, and an address for the next rows that holds only a position."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from emulators.autotask.errors import no_filter, refused, unknown_field
from emulators.autotask.filters import Test, compiled, whole_number
from emulators.autotask.schema import Entity

Record = dict[str, Any]

LARGEST_PAGE = 500
LONGEST_URL = 2048


@dataclass(frozen=True)
class Query:
    """A query that can run: its test, its fields (none: all), its page size, and the search text of the GET form."""

    test: Test
    fields: tuple[str, ...]
    size: int
    search: str | None


@dataclass(frozen=True)
class Position:
    """Where a page starts: after `after`, or, backwards, before `before`. Both 0 for the first page."""

    after: int | None = None
    before: int | None = None


def read_query(body: Any, entity: Entity, search: str | None, *, refuse_unknown: bool) -> Query:
    """The query of a body, with property names in any letter case. Raises 500."""
    if not isinstance(body, dict):
        raise no_filter()
    given = {str(name).lower(): value for name, value in body.items()}
    size = given.get("maxrecords")
    count = LARGEST_PAGE if size is None else whole_number(size)
    if count < 1:
        raise refused("MaxRecords must be between 1 and 500.")
    fields = given.get("includefields") or []
    return Query(
        compiled(given.get("filter"), entity, refuse_unknown=refuse_unknown),
        tuple(_field_name(each, entity) for each in fields),
        min(count, LARGEST_PAGE),
        search,
    )


def read_search(search: str | None) -> Any:
    """The body that a `search` parameter holds. Raises 500 where there is none."""
    try:
        return json.loads(search or "")
    except ValueError:
        raise no_filter() from None


def read_position(paging: str) -> Position:
    """The position in a page's address. Raises 500 for anything that we did not write."""
    try:
        token = json.loads(paging)
        after, before = token.get("nextIds") or [], token.get("previousIds") or []
        return Position(int(after[0]) if after else None, int(before[0]) if before and not after else None)
    except (ValueError, AttributeError, TypeError):
        raise refused("The paging information is not valid.") from None


def page_of(rows: list[Record], query: Query, position: Position, address: str) -> tuple[list[Record], Record]:
    """One page of the rows that match, and its `pageDetails`; `address` is the query's own without `/next`."""
    found = [row for row in rows if query.test(row)]
    if position.before is not None:
        shown = [row for row in found if row["id"] < position.before][-query.size :]
    else:
        shown = [row for row in found if row["id"] > (position.after if position.after is not None else -1)]
        shown = shown[: query.size]
    more = bool(shown) and found[-1]["id"] > shown[-1]["id"]
    earlier = bool(shown) and found[0]["id"] < shown[0]["id"]
    return shown, {
        "count": len(shown),
        "requestCount": query.size,
        "prevPageUrl": _link(address, "previous", query, {"previousIds": [shown[0]["id"]]}) if earlier else None,
        "nextPageUrl": _link(address, "next", query, {"nextIds": [shown[-1]["id"]]}) if more else None,
    }


def _link(address: str, way: str, query: Query, ids: Mapping[str, list[int]]) -> str:
    token = {"pageSize": query.size, "previousIds": [], "nextIds": [], **ids}
    link = f"{address}/{way}?paging={quote(json.dumps(token, separators=(',', ':')))}"
    return link if query.search is None else f"{link}&search={quote(query.search)}"


def _field_name(name: Any, entity: Entity) -> str:
    field, udf = entity.named(str(name)), entity.udf(str(name))
    if field is None and udf is None:
        raise unknown_field(str(name), entity.singular)
    return field.name if field is not None else str(udf.name) if udf else ""
