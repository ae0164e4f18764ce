"""Conditions of a list: leaves `{attribute, operator, value}` and groups `{joinOperator, operands}`.

Operators are those of the vendor's "Search, pagination, and sorting". That texts compare without regard to case, and
that an unknown attribute or operator ends in the internal error, is inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from emulators.superops.errors import InternalFailure

Record = dict[str, Any]
Test = Callable[[Any], bool]
# Attribute (a dot leads into an object) -> its kind: text, date or flag.
Attributes = Mapping[str, str]

_UNITS = {"MINUTE": 1 / 1440, "HOUR": 1 / 24, "DAY": 1.0, "WEEK": 7.0, "MONTH": 30.0}
_DEEPEST = 10


def matcher(condition: Any, attributes: Attributes, now: datetime, depth: int = 0) -> Callable[[Record], bool]:
    """The test of a condition over wide records. Raises InternalFailure for what the service does not know."""
    if condition is None:
        return lambda record: True
    if depth > _DEEPEST:
        raise InternalFailure
    operands, join = condition.get("operands"), condition.get("joinOperator")
    if operands is not None or join is not None:
        tests = [matcher(operand, attributes, now, depth + 1) for operand in operands or [] if operand]
        if join not in ("AND", "OR") or not tests:
            raise InternalFailure
        return lambda record: (all if join == "AND" else any)(test(record) for test in tests)
    name, operator = condition.get("attribute"), condition.get("operator")
    kind = attributes.get(name)
    if kind is None or not isinstance(operator, str):
        raise InternalFailure
    test = _LEAVES[kind](operator, condition.get("value"), now)
    return lambda record: test(value_at(record, name))


def value_at(record: Record, path: str) -> Any:
    """The value under `client.name`, or None where a step is missing."""
    value: Any = record
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _plain(value: Any) -> str:
    return str(value).casefold()


def _text(operator: str, value: Any, now: datetime) -> Test:
    if operator in ("isEmpty", "isNotEmpty"):
        return lambda found: (found in (None, "", [])) is (operator == "isEmpty")
    if operator in ("includes", "notIncludes"):
        if not isinstance(value, list):
            raise InternalFailure
        wanted = {_plain(item) for item in value}
        return lambda found: bool(wanted & _texts(found)) is (operator == "includes")
    if isinstance(value, bool | list | dict) or value is None:
        raise InternalFailure
    needle = _plain(value)
    found_by: dict[str, Callable[[str], bool]] = {
        "is": lambda text: text == needle,
        "startsWith": lambda text: text.startswith(needle),
        "endsWith": lambda text: text.endswith(needle),
        "contains": lambda text: needle in text,
    }
    negations = {"isNot": "is", "notContains": "contains"}
    test = found_by.get(negations.get(operator, operator))
    if test is None:
        raise InternalFailure
    return lambda found: any(map(test, _texts(found))) is (operator not in negations)


def _texts(found: Any) -> set[str]:
    if found is None:
        return set()
    return {_plain(item) for item in found} if isinstance(found, list) else {_plain(found)}


def _flag(operator: str, value: Any, now: datetime) -> Test:
    if operator != "is" or not isinstance(value, bool):
        raise InternalFailure
    return lambda found: bool(found) is value


def _date(operator: str, value: Any, now: datetime) -> Test:
    if operator == "on":
        return _within(*(_placeholder(value, now) if _is_placeholder(value) else _day(_moment(value))))
    if operator == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise InternalFailure
        return _within(_moment(value[0]), _moment(value[1]))
    if operator in ("inLast", "inNext"):
        span = _span(value)
        return _within(now - span, now) if operator == "inLast" else _within(now, now + span)
    if operator in ("after", "before"):
        edge = _moment(value)
        after = operator == "after"
        return lambda found: bool(found) and (_moment(found) > edge if after else _moment(found) < edge)
    raise InternalFailure


_LEAVES: dict[str, Callable[[str, Any, datetime], Test]] = {"text": _text, "flag": _flag, "date": _date}


def _within(start: datetime, end: datetime) -> Test:
    return lambda found: bool(found) and start <= _moment(found) <= end


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        raise InternalFailure from None


def _span(value: Any) -> timedelta:
    unit = _UNITS.get(str(value.get("unit"))) if isinstance(value, dict) else None
    quantity = value.get("quantity") if isinstance(value, dict) else None
    if unit is None or isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= 10_000:
        raise InternalFailure
    return timedelta(days=unit * quantity)


def _is_placeholder(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("placeholder.")


def _day(moment: datetime, days: int = 1) -> tuple[datetime, datetime]:
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=days, microseconds=-1)


def _placeholder(value: str, now: datetime) -> tuple[datetime, datetime]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    spans = {
        "today": _day(today),
        "yesterday": _day(today - timedelta(days=1)),
        "this.week": _day(monday, 7),
        "last.week": _day(monday - timedelta(days=7), 7),
        "this.month": _day(first, (next_month - first).days),
        "last.month": _day(last_month, (first - last_month).days),
    }
    span = spans.get(value.removeprefix("placeholder."))
    if span is None:
        raise InternalFailure
    return span
