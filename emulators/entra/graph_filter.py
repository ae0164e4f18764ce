"""The part of OData that clients of ours use: $filter with eq, or, and, any; $select; pages.

Text is compared without regard to case, as Graph does for names and addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from emulators.entra.errors import bad_request

Row = Mapping[str, Any]
Condition = Callable[[Row], bool]

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w]*(?:/[A-Za-z_]\w*)*|[():])")
_LARGEST_PAGE = 999


class _Parser:
    """or-terms of and-terms of comparisons; raises GraphError for anything else."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if not found:
                raise self._wrong()
            self._tokens.append(found[1])
            at = found.end()

    def _wrong(self) -> Exception:
        return bad_request(f"Invalid filter clause: {self._text}")

    def _take(self, *wanted: str) -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if not token or (wanted and token not in wanted):
            raise self._wrong()
        return token

    def _next_is(self, word: str) -> bool:
        return bool(self._tokens) and self._tokens[0] == word

    def parse(self) -> Condition:
        condition = self._either()
        if self._tokens:
            raise self._wrong()
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._next_is("or"):
            self._take("or")
            parts.append(self._both())
        return lambda row: any(part(row) for part in parts)

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._next_is("and"):
            self._take("and")
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Condition:
        if self._next_is("("):
            self._take("(")
            inner = self._either()
            self._take(")")
            return inner
        name = self._take()
        if name.endswith("/any"):
            return self._any(name.removesuffix("/any"))
        value = self._comparison()
        return lambda row: _same(self._field(row, name), value)

    def _any(self, name: str) -> Condition:
        self._take("(")
        variable = self._take()
        self._take(":")
        self._take(variable)
        value = self._comparison()
        self._take(")")
        return lambda row: any(_same(item, value) for item in self._field(row, name) or [])

    def _comparison(self) -> object:
        self._take("eq")
        token = self._take()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        words = {"true": True, "false": False, "null": None}
        if token not in words:
            raise self._wrong()
        return words[token]

    def _field(self, row: Row, name: str) -> Any:
        if name not in row:
            raise bad_request(f"Could not find a property named '{name}'.")
        return row[name]


def _same(found: object, wanted: object) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower() == wanted.lower()
    return found is wanted


def matching(rows: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The rows that $filter lets through; all where it is empty. Raises GraphError."""
    condition = _Parser(text).parse() if text else None
    return [row for row in rows if condition is None or condition(row)]


def selected(row: Row, select: str, default: tuple[str, ...]) -> dict[str, Any]:
    """The properties that $select names, or those that Graph gives unasked. Raises GraphError."""
    names = [name.strip() for name in select.split(",") if name.strip()] or list(default)
    unknown = [name for name in names if name not in row]
    if unknown:
        raise bad_request(f"Could not find a property named '{unknown[0]}'.")
    return {name: row[name] for name in names}


def page(rows: list[dict[str, Any]], args: Mapping[str, str], url: str) -> dict[str, Any]:
    """One page as Graph gives it: `value`, and `@odata.nextLink` where more follows. Raises GraphError."""
    top, skip = args.get("$top", "100"), args.get("$skiptoken", "0")
    if not top.isdecimal() or not 1 <= int(top) <= _LARGEST_PAGE or not skip.isdecimal():
        raise bad_request(f"Invalid page size specified: '{top}'. Must be between 1 and {_LARGEST_PAGE} inclusive.")
    start, end = int(skip), int(skip) + int(top)
    answer: dict[str, Any] = {"value": rows[start:end]}
    if end < len(rows):
        answer["@odata.nextLink"] = f"{url}$skiptoken={end}"
    return answer
