"""A six-digit code by SMS: the caller reads it out, the technician types it.

It proves that the phone is in hand, not who holds it, and the text says the warning before the code, so that a
lock screen's preview shows the warning first.
"""

from __future__ import annotations

import unicodedata

from podserver.security import sealing
from podserver.verification.limits import CODE_DIGITS
from podserver.verification.methods.base import Challenge, Target

# One SMS segment holds 160 characters; the rest of the text takes 134, so longer names are cut.
_LONGEST_NAME = 26


class SmsCode:
    """[EUV-SMS-CODE]"""

    name = "sms_code"
    label = "SMS code"
    control = "Send Code"
    kind = "phone"

    def refusal(self, target: Target) -> str:
        """A number that is no valid number cannot be texted; whether it is a mobile, only the carrier knows."""
        return "" if target.address else "not a valid phone number, correct it in the PSA"

    def challenge(self, *, hash_key: str, verification: str, msp: str, target: Target, life: int) -> Challenge:
        """A fresh code, its keyed hash, and the message for the SMS channel: ``{to, body, life}``."""
        code = sealing.random_digits(CODE_DIGITS)
        return Challenge(
            proof_hash=self._hash(hash_key, verification, code),
            channel="sms",
            payload={"to": target.address, "body": message(msp, code), "life": life},
        )

    def clean(self, answer: str) -> str:
        """Digits only; spaces and dashes between them are forgiven. Raises ValueError."""
        digits = "".join(
            str(unicodedata.digit(c))
            for c in answer
            if not (c.isspace() or c in "-–.") and unicodedata.digit(c, -1) >= 0
        )
        stray = [c for c in answer if not (c.isspace() or c in "-–.") and unicodedata.digit(c, -1) < 0]
        if stray or len(digits) != CODE_DIGITS:
            raise ValueError(f"A code has {CODE_DIGITS} digits. Ask the caller to read it again.")
        return digits

    def accepts(self, *, hash_key: str, verification: str, proof_hash: str, answer: str) -> bool:
        """Compare keyed hashes in constant time; the hash binds the code to its verification."""
        return sealing.same(self._hash(hash_key, verification, answer), proof_hash)

    @staticmethod
    def _hash(hash_key: str, verification: str, code: str) -> str:
        return sealing.keyed_hash(hash_key, "sms_code", verification, code)


def message(msp: str, code: str) -> str:
    """The text of the SMS: who asks, the warning, and the code last."""
    name = msp if len(msp) <= _LONGEST_NAME else msp[: _LONGEST_NAME - 1].rstrip() + "."
    return (
        f"{name} help desk: read this code out only if you called us or we are on the phone with you now. "
        f"We never ask for a password. Code: {code}"
    )
