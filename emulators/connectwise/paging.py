"""List queries: filters, order, chosen fields, pages and their Link header."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from emulators.connectwise.conditions import (
    Predicate,
    compile_conditions,
    member_resolver,
    table_resolver,
    value_at,
)
from emulators.connectwise.errors import ApiError, bad_condition, field_error, invalid_object
from emulators.connectwise.schema import Table
from emulators.connectwise.tables import TABLES

Record = dict[str, Any]
DEFAULT_SIZE = 25
LARGEST_SIZE = 1000
_ARRAYS = {"contacts": {"communicationItems": "communications"}}


@dataclass
class Query:
    """A list request: parameter names in lower case, the address without its query, the page kind."""

    parameters: Mapping[str, str]
    url: str
    forward_only: bool = False
    over_max: str = "cap"
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A parameter by its name in any letter case, or an empty string."""
        return self.parameters.get(name.lower(), "")


def select(table: Table, records: list[Record], query: Query) -> list[Record]:
    """The records that pass all three kinds of conditions."""
    tests: list[Predicate] = []
    if query.get("conditions").strip():
        tests.append(compile_conditions(query.get("conditions"), table_resolver(table)))
    if query.get("childConditions").strip():
        tests.append(_child_test(table, query.get("childConditions")))
    if query.get("customFieldConditions").strip():
        inner = compile_conditions(query.get("customFieldConditions"), member_resolver("", None))
        tests.append(lambda record: any(inner(item) for item in record.get("customFields") or []))
    return [record for record in records if all(test(record) for test in tests)]


def _child_test(table: Table, source: str) -> Predicate:
    for name, target in _ARRAYS.get(table.name, {}).items():
        if source.lower().lstrip("( ").startswith(f"{name.lower()}/"):
            inner = compile_conditions(source, member_resolver(name, TABLES[target]))
            return lambda record: any(inner(item) for item in record.get(name) or [])
    raise bad_condition(f"Invalid child in childConditions: {source.split('/')[0]}")


def order(table: Table, records: list[Record], order_by: str) -> list[Record]:
    """Records by `lastName asc, id desc`; ids ascending where nothing is asked."""
    keys: list[tuple[tuple[str, ...], bool]] = []
    for part in filter(None, (piece.strip() for piece in order_by.split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip().lower() not in ("", "asc", "desc"):
            raise bad_condition(f"Invalid orderBy: {part}")
        path, _kind = table_resolver(table)(name)
        keys.append((path, direction.strip().lower() == "desc"))

    def compare(left: Record, right: Record) -> int:
        for path, descending in keys:
            first, second = _sortable(value_at(left, path)), _sortable(value_at(right, path))
            if first != second:
                return (1 if first > second else -1) * (-1 if descending else 1)
        return int(left["id"]) - int(right["id"])

    return sorted(records, key=functools.cmp_to_key(compare))


def _sortable(value: Any) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, bool | int | float):
        return (1, float(value), "")
    return (2, 0.0, str(value).lower())


def page(records: list[Record], query: Query) -> list[Record]:
    """One page of the records; leaves the Link header in `query.headers`."""
    size = _number(query, "pageSize", DEFAULT_SIZE)
    if size > LARGEST_SIZE:
        if query.over_max == "400":
            raise _out_of_range("pageSize")
        size = LARGEST_SIZE
    if query.forward_only:
        return _forward(records, query, size)
    number = _number(query, "page", 1)
    last = max(1, -(-len(records) // size))
    links = []
    if number < last:
        links.append(_link(query, size, "page", number + 1, "next"))
        links.append(_link(query, size, "page", last, "last"))
    if number > 1:
        links.append(_link(query, size, "page", 1, "first"))
        links.append(_link(query, size, "page", min(number - 1, last), "prev"))
    if links:
        query.headers["Link"] = ", ".join(links)
    return records[(number - 1) * size : number * size]


def _forward(records: list[Record], query: Query, size: int) -> list[Record]:
    if query.get("orderBy"):
        raise ApiError(
            400,
            {"code": "InvalidArgument", "message": "orderBy is not allowed with forward-only pages.", "errors": None},
        )
    after = _number(query, "pageId", 0, lowest=0)
    rest = sorted((record for record in records if record["id"] > after), key=lambda record: int(record["id"]))
    chosen = rest[:size]
    more = len(rest) > size
    query.headers["Link"] = _link(query, size, "pageId", chosen[-1]["id"], "next") if more else ""
    return chosen


def _number(query: Query, name: str, default: int, lowest: int = 1) -> int:
    written = query.get(name)
    if not written:
        return default
    try:
        number = int(written)
    except ValueError:
        raise _out_of_range(name) from None
    if number < lowest:
        raise _out_of_range(name)
    return number


def _out_of_range(name: str) -> ApiError:
    return invalid_object("pageSize", [field_error("OutOfRange", f"{name} is out of range.", name, name)])


def _link(query: Query, size: int, key: str, value: int, relation: str) -> str:
    # Known clients read the page number from the end of the address and split the header at commas.
    kept = [
        f"{quote(name)}={quote(text, safe='')}"
        for name, text in query.parameters.items()
        if name not in ("page", "pagesize", "pageid")
    ]
    return f'<{query.url}?{"&".join([*kept, f"pageSize={size}", f"{key}={value}"])}>; rel="{relation}"'


def choose_fields(table: Table, record: Record, fields: str) -> Record:
    """Only the listed properties (`id,firstName,company/id`); an unknown one is refused where the table is strict."""
    wanted = [piece.strip() for piece in fields.split(",") if piece.strip()]
    if not wanted:
        return record
    shown: Record = {}
    exact = {**{name.lower(): name for name in record}, **table.known}
    for entry in wanted:
        first, _, rest = entry.partition("/")
        name = "_info" if first.lower() == "_info" else exact.get(first.lower())
        if name is None:
            if table.strict_fields:
                raise bad_condition(f"Invalid field in fields: {entry}")
            continue
        if name not in record:
            continue
        value = record[name]
        if not rest:
            shown[name] = value
        elif isinstance(value, dict):
            found = {key: item for key, item in value.items() if key.lower() == rest.lower()}
            shown[name] = {**shown.get(name, {}), **found}
        elif isinstance(value, list):
            shown[name] = _merge_lists(shown.get(name), value, rest)
    return shown


def _merge_lists(sofar: Any, items: list[Any], name: str) -> list[Record]:
    before = sofar if isinstance(sofar, list) else [{} for _ in items]
    picked = [{key: part for key, part in item.items() if key.lower() == name.lower()} for item in items]
    return [{**old, **new} for old, new in zip(before, picked, strict=True)]
