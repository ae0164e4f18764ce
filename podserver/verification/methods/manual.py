"""The technician's own word, with a note that says how they know. Never a green shield.

Seeing somebody counts; knowing a voice does not: voices are copied (NIST SP 800-63B-4 3.2.3.2 bars them outright).
"""

from __future__ import annotations

from podserver.verification.methods.base import Ask, Challenge, Proof, Target
from podserver.verification.strength import Claim, Strength


class Manual:
    """Recorded by hand: nothing is sent, nobody else answers."""

    name = "manual"
    label = "Recorded by hand"
    control = "Record"
    kinds = frozenset({"person"})
    proof = Proof.WORD
    needs = ""
    waiting = ""
    carries = ""

    def refusal(self, target: Target) -> str:
        """Anybody can be seen in person."""
        return ""

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """E."""
        return Claim(Strength.E, "a technician's own word")

    def challenge(self, ask: Ask) -> Challenge:
        """There is none: a word is recorded by :func:`podserver.verification.by_hand.record_word`."""
        raise LookupError("a technician's word is recorded, not asked for")
