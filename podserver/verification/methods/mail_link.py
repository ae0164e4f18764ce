"""A link by e-mail: the user opens it and answers on our page. Mail gateways open links and press buttons too, so by
default the user types a number that the technician reads out."""

from __future__ import annotations

from podserver.branding.letters import compose
from podserver.verification.methods.base import Ask, Challenge, Target
from podserver.verification.methods.link import AnsweredLink
from podserver.verification.methods.mail_code import NO_ADDRESS
from podserver.verification.strength import Claim, Strength


class MailLink(AnsweredLink):
    """[EUV-MAIL-LINK]"""

    name = "mail_link"
    label = "E-mail link"
    control = "Send Link"
    kinds = frozenset({"email"})
    needs = "mail"

    def refusal(self, target: Target) -> str:
        """As for a code by e-mail."""
        return "" if target.address else NO_ADDRESS

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """D with or without a number: e-mail is no out-of-band channel (NIST SP 800-63B-4 3.1.3.1)."""
        if digits:
            return Claim(Strength.D, "the number came back, but from whoever reads the mailbox")
        return Claim(Strength.D, "a press on a link in a mailbox, which a mail gateway could make too")

    def challenge(self, ask: Ask) -> Challenge:
        """A fresh link and its letter for the mail channel."""
        link, fingerprint = self.fresh(ask.base_url)
        letter = compose(
            "verification_link",
            ask.letterhead(),
            link=link,
            technician=ask.technician_first_name,
            ticket=ask.ticket,
            digits=bool(ask.digits),
            minutes=max(1, ask.life // 60),
        )
        payload = letter.payload(ask.target.address, ask.contact_name, ask.life)
        return Challenge("mail", payload, link_hash=fingerprint)
