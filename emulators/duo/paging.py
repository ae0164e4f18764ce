"""Lists of the Admin API in pages (push-and-login fact sheet 2.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulators.duo.errors import RefusedError

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 300


def _number(parameters: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    text = parameters.get(name, str(default))
    if not text.isdecimal() or int(text) not in allowed:
        raise RefusedError(40002, name)
    return int(text)


def page_of(items: Sequence[Any], parameters: Mapping[str, str]) -> tuple[list[Any], dict[str, int]]:
    """The page that `limit` and `offset` ask for, and its metadata. `next_offset` is there as long as more follows.

    Raises RefusedError 40002 for a limit outside 1 to 300, or an offset that is no number.
    """
    limit = _number(parameters, "limit", DEFAULT_LIMIT, range(1, LARGEST_LIMIT + 1))
    offset = _number(parameters, "offset", 0, range(10**9))
    metadata = {"total_objects": len(items)}
    if offset + limit < len(items):
        metadata["next_offset"] = offset + limit
    if offset:
        metadata["prev_offset"] = max(offset - limit, 0)
    return list(items[offset : offset + limit]), metadata
