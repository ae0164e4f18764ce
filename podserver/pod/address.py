"""What the address of a frame says, read as the PSA wrote it. None of it is proven, and much of it may be junk.

A PSA fills its tokens in as text, often without encoding them (HaloPSA fact sheet 2.2), so another value may break the
query or bring parameters of its own. What stands there twice, or is a token that was not filled, counts as not said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_plus

_LONGEST: Final = 200
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
# Base64 of a digest, from the shortest in use on.
_PROOF: Final = re.compile(r"[A-Za-z0-9+/]{20,100}={0,2}")


@dataclass(frozen=True, slots=True)
class FrameAddress:
    """What a frame's address names; what it does not name is empty. ``dark`` is None where it says nothing of looks."""

    screen: str
    record_id: str
    member: str = ""
    proof: str = ""
    dark: bool | None = None


class Query:
    """A raw query. Names are taken without regard to case."""

    def __init__(self, raw: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        for part in raw.decode("latin-1").split("&"):
            name, _, value = part.partition("=")
            self._values.setdefault(unquote_plus(name).casefold(), []).append(value)

    def text(self, name: str) -> str:
        """A value, where it is said once."""
        return self._said(unquote_plus(self._once(name)).strip())

    def number(self, name: str) -> str:
        """A whole number, as it is written."""
        said = self.text(name)
        return said if _NUMBER.fullmatch(said) else ""

    def proof(self, name: str) -> str:
        """A signature in base64, whose ``+`` and ``/`` may or may not be encoded, and whose ``+`` may be a blank."""
        said = unquote(self._once(name)).replace(" ", "+")
        return said if _PROOF.fullmatch(said) else ""

    def _once(self, name: str) -> str:
        found = self._values.get(name.casefold(), [])
        return found[0] if len(found) == 1 else ""

    @staticmethod
    def _said(value: str) -> str:
        return "" if value.startswith("$") or len(value) > _LONGEST else value
