"""A code by telephone: the callee presses a key, then hears six digits twice, and reads them back to the technician.

For landlines and mobiles. The key comes first, so that a voicemail box never hears a code.
"""

from __future__ import annotations

from podserver.verification.methods.base import Ask, Challenge, Target
from podserver.verification.methods.code import SpokenCode
from podserver.verification.methods.texting import texted
from podserver.verification.strength import Claim


class VoiceCode(SpokenCode):
    """[EUV-VOICE]"""

    name = "voice_code"
    label = "Voice call"
    control = "Call"
    kinds = frozenset({"phone"})
    needs = "voice"

    def refusal(self, target: Target) -> str:
        """Any valid number can be called."""
        return "" if target.address else "not a valid phone number, correct it in the PSA"

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """C, as by SMS."""
        return texted(target, "a code spoken to a phone on file proves the phone is at hand")

    def challenge(self, ask: Ask) -> Challenge:
        """A fresh code and what the voice channel says: ``{to, extension, msp, technician, code, language, life}``."""
        code, proof_hash = self.fresh(ask.hash_key, ask.verification)
        payload = {
            "to": ask.target.address,
            "extension": ask.target.extension,
            "msp": ask.msp,
            "technician": ask.technician_first_name,
            "code": code,
            "language": ask.letterhead().language,
            "life": ask.life,
        }
        return Challenge("voice", payload, proof_hash)
