"""What a method is: how a challenge is made and how an answer is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Target:
    """The destination of a challenge.

    ``key`` is the keyed hash that names it in rows and pages; ``address`` is E.164 or an e-mail address and goes
    nowhere but into the sealed payload; ``masked`` is what may be shown and written down.
    """

    key: str
    kind: str
    address: str
    masked: str
    mobile: bool


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a method made: the keyed hash that judges the answer, and the sealed payload for its channel."""

    proof_hash: str
    channel: str
    payload: dict[str, Any]


class Method(Protocol):
    """One way to verify. ``control`` is the word on its button, ``kind`` the destinations that it reaches."""

    name: str
    label: str
    control: str
    kind: str

    def refusal(self, target: Target) -> str:
        """Why this destination cannot be reached this way, in a sentence; empty when it can."""
        ...

    def challenge(self, *, hash_key: str, verification: str, msp: str, target: Target, life: int) -> Challenge:
        """Make a challenge that lives ``life`` seconds."""
        ...

    def clean(self, answer: str) -> str:
        """The answer as typed, brought to the form that is judged. Raises ValueError with a sentence."""
        ...

    def accepts(self, *, hash_key: str, verification: str, proof_hash: str, answer: str) -> bool:
        """Whether a cleaned answer is the right one, in constant time."""
        ...
