"""A six-digit code by e-mail: the caller reads it out, the technician types it."""

from __future__ import annotations

from podserver.branding.letters import compose
from podserver.verification.methods.base import Ask, Challenge, Target
from podserver.verification.methods.code import SpokenCode
from podserver.verification.strength import Claim, Strength

NO_ADDRESS = "not a valid e-mail address, correct it in the PSA"


class MailCode(SpokenCode):
    """[EUV-MAIL-CODE]"""

    name = "mail_code"
    label = "E-mail code"
    control = "Send Code"
    kinds = frozenset({"email"})
    needs = "mail"

    def refusal(self, target: Target) -> str:
        """An address without a valid form reaches nobody."""
        return "" if target.address else NO_ADDRESS

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """D: e-mail is no out-of-band channel (NIST SP 800-63B-4 3.1.3.1)."""
        return Claim(Strength.D, "whoever reads the mailbox has the code, from anywhere")

    def challenge(self, ask: Ask) -> Challenge:
        """A fresh code and its letter for the mail channel: ``{to, name, subject, text, html, life}``."""
        code, proof_hash = self.fresh(ask.hash_key, ask.verification)
        letter = compose(
            "verification_code",
            ask.letterhead(),
            code=code,
            technician=ask.technician_first_name,
            ticket=ask.ticket,
            minutes=max(1, ask.life // 60),
        )
        return Challenge("mail", letter.payload(ask.target.address, ask.contact_name, ask.life), proof_hash)
