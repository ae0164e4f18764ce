"""A six-digit code by SMS: the caller reads it out, the technician types it.

It proves that the phone is in hand, not who holds it, and the text says the warning before the code, so that a
lock screen's preview shows the warning first.
"""

from __future__ import annotations

from podserver.verification.methods.base import Ask, Challenge, Target
from podserver.verification.methods.code import SpokenCode
from podserver.verification.methods.texting import no_text_reason, short_name, texted
from podserver.verification.strength import Claim


class SmsCode(SpokenCode):
    """[EUV-SMS-CODE]"""

    name = "sms_code"
    label = "SMS code"
    control = "Send Code"
    kinds = frozenset({"phone"})
    needs = "sms"

    def refusal(self, target: Target) -> str:
        """A number that is no valid number, or is certainly no mobile, cannot be texted."""
        return no_text_reason(target)

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """C: the telephone network's best."""
        return texted(target, "a code to a phone on file proves the phone is in hand")

    def challenge(self, ask: Ask) -> Challenge:
        """A fresh code, its keyed hash, and the message for the SMS channel: ``{to, body, life}``."""
        code, proof_hash = self.fresh(ask.hash_key, ask.verification)
        body = message(ask.msp, code)
        return Challenge("sms", {"to": ask.target.address, "body": body, "life": ask.life}, proof_hash)


def message(msp: str, code: str) -> str:
    """The text of the SMS: who asks, the warning, and the code last. One segment: 134 characters and the name."""
    return (
        f"{short_name(msp)} help desk: read this code out only if you called us or we are on the phone with you now. "
        f"We never ask for a password. Code: {code}"
    )
