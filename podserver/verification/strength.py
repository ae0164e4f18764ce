"""How much a proof is worth: five classes, each with a plain reason.

The classes follow NIST SP 800-63B-4: typed and spoken codes are never phishing-resistant (3.2.5), the telephone
network is a restricted channel (3.1.3.3), e-mail is no out-of-band channel at all and a bare approval transfers no
secret (3.1.3 and 3.1.3.1). A help-desk call is no sign-in, but what follows it, a reset, weighs as much.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Strength(enum.StrEnum):
    """A is the best. Policies name a class, never a method."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"

    @property
    def word(self) -> str:
        """The one word on a shield."""
        return _WORDS[self]

    @property
    def meaning(self) -> str:
        """What the class stands for, in a sentence."""
        return _MEANINGS[self]

    def meets(self, minimum: Strength) -> bool:
        """Whether this is as good as ``minimum`` or better."""
        return self.value <= minimum.value


_WORDS = {
    Strength.A: "strongest",
    Strength.B: "strong",
    Strength.C: "fair",
    Strength.D: "weak",
    Strength.E: "by hand",
}
_MEANINGS = {
    Strength.A: "Proof that cannot be given to the wrong site, such as a passkey.",
    Strength.B: "A secret went over an app or a sign-in that asked for a second factor.",
    Strength.C: "A code went to a phone on file: it proves the phone is in hand, not who holds it.",
    Strength.D: "A bare approval, an e-mail, or a number that is not proven itself.",
    Strength.E: "A technician's own word.",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a proof will be worth, and why, in a few words."""

    strength: Strength
    reason: str

    def at_most(self, strength: Strength, reason: str) -> Claim:
        """This claim, or ``strength`` with its reason where that is less."""
        return self if self.strength.value >= strength.value else Claim(strength, reason)
