"""The page-bound proof: what shows that an answer comes from a page of ours that was shown for this very link.

The page has no cookie and needs none: its form carries a keyed value over the token's fingerprint, the moment the page
was made and the moment the value runs out. It stands in for the form token of the portal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from podserver.security import sealing

# No link lives as long (see verification/limits.py), so a page that is still open at its end has run out with it.
LIFE: Final = timedelta(minutes=15)
_FORM = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})\.([0-9a-f]{64})")


class BadProof(ValueError):
    """The value was not made by us, or was made for another link."""


@dataclass(frozen=True, slots=True)
class Page:
    """When a page was made, and until when it can be answered."""

    made_at: datetime
    ends_at: datetime


def issue(token: str, at: datetime) -> str:
    """The value for a page that is made now."""
    made, ends = _milliseconds(at), _milliseconds(at + LIFE)
    return f"{made}.{ends}.{_keyed(_keys()[0], token, made, ends)}"


def read(token: str, value: str) -> Page:
    """The page that a value was made for. Raises BadProof; whether the page has run out is the caller's to judge."""
    match = _FORM.fullmatch(value)
    if match is None:
        raise BadProof("not of the form of a proof")
    made, ends = int(match[1]), int(match[2])
    if not any(sealing.same(_keyed(key, token, made, ends), match[3]) for key in _keys()):
        raise BadProof("not made for this link")
    return Page(_moment(made), _moment(ends))


def _keys() -> list[str]:
    return [key.hex() for key in sealing.keyring().derived("link page")]


def _keyed(key: str, token: str, made: int, ends: int) -> str:
    return sealing.keyed_hash(key, sealing.fingerprint(token), str(made), str(ends))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
