"""The query grammar: nested conditions over one entity's records, where a misspelt operator is ignored.

A filter compiles to a test of a record. Texts compare without regard to case, as the database below does (inferred).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from emulators.autotask.errors import ApiError, no_filter, not_a_number, refused, unknown_field
from emulators.autotask.schema import NUMBERS, Entity, Field

Record = dict[str, Any]
Test = Callable[[Record], bool]

MOST_OR_CONDITIONS = 500
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?(?:Z|\+00:00)?$")

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda have, want: bool(have == want),
    "gt": lambda have, want: bool(have > want),
    "gte": lambda have, want: bool(have >= want),
    "lt": lambda have, want: bool(have < want),
    "lte": lambda have, want: bool(have <= want),
    "beginswith": lambda have, want: str(have).startswith(str(want)),
    "endswith": lambda have, want: str(have).endswith(str(want)),
    "contains": lambda have, want: str(want) in str(have),
}
_TEXT_OPS = ("beginswith", "endswith", "contains")


def compiled(conditions: Any, entity: Entity, *, refuse_unknown: bool) -> Test:
    """The test that a `filter` stands for. Raises 500 with Autotask's texts.

    An operator that does not exist makes its condition true for every record, unless `refuse_unknown`.
    """
    if not isinstance(conditions, list) or not conditions:
        raise no_filter()
    if sum(1 for each in _leaves(conditions) if each.get("udf")) > 1:
        raise refused("Only one user-defined field can be used in a query.")
    if _or_conditions(conditions) > MOST_OR_CONDITIONS:
        raise refused(f"A query may hold at most {MOST_OR_CONDITIONS} OR conditions.")
    return _all([_condition(each, entity, refuse_unknown) for each in conditions])


def _leaves(conditions: list[Any]) -> Iterator[Record]:
    for each in conditions:
        if isinstance(each, dict) and isinstance(each.get("items"), list):
            yield from _leaves(each["items"])
        elif isinstance(each, dict):
            yield each


def _or_conditions(conditions: list[Any]) -> int:
    count = 0
    for each in conditions:
        items = each.get("items") if isinstance(each, dict) else None
        if isinstance(items, list):
            count += _or_conditions(items) + (len(items) if str(each.get("op", "")).lower() == "or" else 0)
    return count


def _all(tests: list[Test]) -> Test:
    return lambda record: all(test(record) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda record: any(test(record) for test in tests)


def _condition(condition: Any, entity: Entity, refuse_unknown: bool) -> Test:
    if not isinstance(condition, dict):
        raise no_filter()
    condition = {str(name).lower(): value for name, value in condition.items()}
    op = str(condition.get("op", "")).lower()
    if op in ("and", "or"):
        items = condition.get("items")
        if not isinstance(items, list) or not items:
            raise no_filter()
        tests = [_condition(each, entity, refuse_unknown) for each in items]
        return _all(tests) if op == "and" else _any(tests)
    field, read = _reader(condition, entity)
    if op in ("exist", "notexist"):
        return lambda record: (read(record) is not None) == (op == "exist")
    if op in ("in", "notin"):
        values = condition.get("value")
        wanted = {value_of(each, field) for each in (values if isinstance(values, list) else [values])}
        return lambda record: (read(record) in wanted) == (op == "in")
    if op == "noteq":
        other = value_of(condition.get("value"), field)
        return lambda record: bool(read(record) != other)
    compare = _COMPARE.get(op)
    if compare is None:
        if refuse_unknown:
            raise refused(f"The operator {condition.get('op')} is not valid.")
        return lambda record: True
    as_text = op in _TEXT_OPS
    wanted_value = str(condition.get("value", "")).lower() if as_text else value_of(condition.get("value"), field)

    def test(record: Record) -> bool:
        have = read(record)
        if have is None or wanted_value is None:
            return False
        return compare(str(have) if as_text else have, wanted_value)

    return test


def _reader(condition: Record, entity: Entity) -> tuple[Field, Callable[[Record], Any]]:
    """The field of a condition and how to read it out of a record, ready to compare."""
    name = str(condition.get("field", ""))
    if condition.get("udf"):
        udf = entity.udf(name)
        if udf is None:
            raise unknown_field(name, entity.singular)
        plain = Field(udf.name)
        return plain, lambda record: comparable((record.get("_udf") or {}).get(udf.name), plain)
    field = entity.named(name)
    if field is None:
        raise unknown_field(name, entity.singular)
    if not field.queryable:
        raise refused(f"The field {field.name} is not queryable in the {entity.singular} Entity.")
    return field, lambda record: comparable(record.get(field.name), field)


def comparable(value: Any, field: Field) -> Any:
    """A stored value as it compares."""
    if value is None:
        return None
    if field.kind == "datetime":
        return parse_time(str(value))
    if field.kind == "boolean":
        return bool(value)
    return str(value).lower() if field.kind == "string" else value


def value_of(value: Any, field: Field) -> Any:
    """A condition's value as it compares. Raises 500 for a text where a number is needed."""
    if value is None:
        return None
    if field.kind in NUMBERS:
        return whole_number(value) if field.kind != "decimal" else float(value)
    if field.kind == "boolean":
        if str(value).lower() not in ("true", "false", "0", "1"):
            raise not_a_number(value)
        return str(value).lower() in ("true", "1")
    if field.kind == "datetime":
        return parse_time(str(value))
    return str(value).lower()


def whole_number(value: Any) -> int:
    """An integer out of a number, a boolean or a numeric string. Raises 500 for anything else."""
    try:
        return int(value) if not isinstance(value, float) or value.is_integer() else int("x")
    except (TypeError, ValueError):
        raise not_a_number(value) from None


def parse_time(value: str) -> datetime:
    """A UTC time, with or without clock, fraction and `Z`; a missing zone is UTC. Raises 500 for anything else."""
    found = _TIME.match(value.strip())
    if found is None:
        raise _no_time(value)
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        return datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]), UTC,
        )  # fmt: skip
    except ValueError:
        raise _no_time(value) from None


def _no_time(value: str) -> ApiError:
    return refused(f"Conversion failed when converting date and/or time from character string '{value}'.")
