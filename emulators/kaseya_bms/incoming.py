"""What a caller sends: parameters and bodies, names in any letter case, unknown ones ignored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Request

from emulators.kaseya_bms.answers import Json, problem, refusal

DEFAULT_PAGE = 100


class Query:
    """Parameters of a list call by lower-case name, whether they came in the address or in a search body."""

    def __init__(self, values: Mapping[str, Sequence[str]], prefix: str = "filter.", largest_page: int = 500) -> None:
        self._values = values
        self._prefix = prefix
        self._largest_page = largest_page

    @classmethod
    def of_address(cls, source: Request, prefix: str, largest_page: int) -> Query:
        """From the address; a name may come more than once."""
        values: dict[str, list[str]] = {}
        for name, value in source.args.items(multi=True):
            values.setdefault(name.lower(), []).append(value)
        return cls(values, prefix, largest_page)

    @classmethod
    def of_body(cls, body: Json, largest_page: int) -> Query:
        """From the body of a search: `{pageSize, pageNumber, filter: {...}}`."""
        wanted = body.get("filter") or {}
        if not isinstance(wanted, dict):
            raise problem({"Filter": ["The value is not valid."]})
        flat = {**{f"filter.{name}": value for name, value in wanted.items()}, **body}
        values = {name: [_word(value)] for name, value in flat.items() if isinstance(value, str | int | float)}
        return cls(values, "filter.", largest_page)

    def text(self, name: str) -> str | None:
        """A filter's text; None when it is absent or empty."""
        return next(iter(self._values.get(self._prefix + name.lower(), [])), None) or None

    def texts(self, name: str) -> list[str]:
        """All values of a filter that may be repeated."""
        return [value for value in self._values.get(self._prefix + name.lower(), []) if value]

    def integer(self, name: str) -> int | None:
        """A filter's whole number. Raises problem details for another text."""
        text = self.text(name)
        return None if text is None else _integer(self._prefix + name, text)

    def integers(self, name: str) -> list[int]:
        """A repeated filter of whole numbers."""
        return [_integer(self._prefix + name, text) for text in self.texts(name)]

    def flag(self, name: str) -> bool | None:
        """A filter of true or false. Raises problem details for another text, such as the 1 that other calls take."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in ("true", "false"):
            raise problem({self._prefix + name: [f"The value '{text}' is not valid."]})
        return text.lower() == "true"

    def moment(self, name: str) -> datetime | None:
        """A filter's date-time; one without an offset is UTC."""
        text = self.text(name)
        return None if text is None else moment(self._prefix + name, text)

    def page(self, rows: Sequence[Json]) -> list[Json]:
        """The asked page: 100 rows unless told, numbered from 1, and 0 is 1; past the end there is none."""
        size = self._number("pagesize") or DEFAULT_PAGE
        number = max(self._number("pagenumber") or 1, 1)
        size = min(size, self._largest_page) if size > 0 else DEFAULT_PAGE
        return list(rows[(number - 1) * size : number * size])

    def _number(self, name: str) -> int | None:
        text = next(iter(self._values.get(name, [])), "")
        return _integer(name, text) if text else None


def read_body(source: Request) -> Any:
    """The JSON body with all names in lower case. Raises 415 for another media type, problem details for no JSON."""
    if "json" not in (source.content_type or "").lower():
        raise refusal(415, "Unsupported Media Type")
    try:
        return lowered(json.loads(source.get_data()))
    except ValueError:
        raise problem({"$": ["The input is not valid JSON."]}) from None


def lowered(value: Any) -> Any:
    """The same with all names in lower case."""
    if isinstance(value, dict):
        return {name.lower(): lowered(inner) for name, inner in value.items()}
    return [lowered(inner) for inner in value] if isinstance(value, list) else value


def moment(name: str, value: Any) -> datetime:
    """A date-time of the wire, with or without an offset, as UTC. Raises problem details."""
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise problem({name: [f"The value '{value}' is not valid."]}) from None
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


class Fields:
    """The fields of one body: each is read by its kind, and all that is wrong is told at once by :meth:`done`."""

    def __init__(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise problem({"$": ["The body must be an object."]})
        self._body = body
        self._wrong: dict[str, list[str]] = {}

    def has(self, name: str) -> bool:
        """Whether the field is there with a value."""
        return self._body.get(name.lower()) is not None

    def raw(self, name: str) -> Any:
        """The field as it came."""
        return self._body.get(name.lower())

    def text(self, name: str, *, needed: bool = False) -> str | None:
        """A text; a needed one has at least one sign."""
        value = self._read(name, str, needed)
        if value == "" and needed:
            self._miss(name)
        return None if value is None else str(value)

    def integer(self, name: str, *, needed: bool = False, lowest: int = 0) -> int | None:
        """A whole number."""
        value = self._read(name, int, needed)
        if isinstance(value, bool) or (value is not None and value < lowest):
            self._wrong[name] = [f"The field {name} must be a whole number from {lowest}."]
            return None
        return None if value is None else int(value)

    def flag(self, name: str, *, needed: bool = False) -> bool | None:
        """True or false."""
        value = self._read(name, bool, needed)
        return None if value is None else bool(value)

    def moment(self, name: str, *, needed: bool = False) -> str | None:
        """A date-time as it is kept."""
        value = self._read(name, str, needed)
        return None if value is None else stamp(moment(name, value))

    def done(self) -> None:
        """Raise problem details with all that was wrong, if anything was."""
        if self._wrong:
            raise problem(self._wrong)

    def _read(self, name: str, kind: type, needed: bool) -> Any:
        value = self._body.get(name.lower())
        if value is None:
            if needed:
                self._miss(name)
            return None
        if not isinstance(value, kind):
            self._wrong[name] = [f"The value for {name} could not be converted."]
            return None
        return value

    def _miss(self, name: str) -> None:
        self._wrong[name] = [f"The {name} field is required."]


def stamp(when: datetime) -> str:
    """A date-time as records keep and show it: UTC to the second, without an offset."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def now() -> str:
    """The present time as records keep it."""
    return stamp(datetime.now(UTC))


def _word(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise problem({name: [f"The value '{text}' is not valid."]}) from None
