"""Reading a PSA's JSON: nothing in it is taken for granted, and nothing invisible gets out of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

JsonObject = Mapping[str, Any]

# Seen inside values of real systems: marks that have a direction but no width, and the byte order mark.
_INVISIBLE: Final = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
)
SHORTEST_PHONE_SEARCH: Final = 7
"""Digits that a phone number must have to be looked for."""


def text(row: JsonObject, key: str, *, lines: bool = False) -> str:
    """A text value without invisible and control characters; ``lines`` keeps line breaks."""
    value = row.get(key)
    if not isinstance(value, str):
        return ""
    value = value.translate(_INVISIBLE).replace("\u00a0", " ").replace("\r\n", "\n")
    return "".join(c for c in value if c.isprintable() or (lines and c in "\n\t")).strip()


def flag(row: JsonObject, key: str) -> bool:
    """A boolean, which some places send as the string ``"True"``."""
    value = row.get(key)
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def moment(value: object) -> datetime | None:
    """A time in UTC from ISO 8601 text; one without a zone is taken for UTC. None where it is none."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def digits(number: str) -> str:
    """The digits of a phone number."""
    return "".join(c for c in number if c.isdecimal())


def same_number(stored: str, wanted: str) -> bool:
    """Whether two spellings are of one number: equal, or one the other's end, as where a country code is left out."""
    first, second = digits(stored).lstrip("0"), digits(wanted).lstrip("0")
    short, long = sorted((first, second), key=len)
    return len(short) >= SHORTEST_PHONE_SEARCH and long.endswith(short)
