"""A link by SMS: the user opens it and answers on our page, with or without typing a number that is read out."""

from __future__ import annotations

from podserver.verification.methods.base import Ask, Challenge, Target
from podserver.verification.methods.link import AnsweredLink
from podserver.verification.methods.texting import no_text_reason, on_file, short_name
from podserver.verification.strength import Claim, Strength


class SmsLink(AnsweredLink):
    """[EUV-SMS-LINK]"""

    name = "sms_link"
    label = "SMS link"
    control = "Send Link"
    kinds = frozenset({"phone"})
    needs = "sms"

    def refusal(self, target: Target) -> str:
        """As for a code by SMS."""
        return no_text_reason(target)

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """C where a number is typed, as a secret then travels back; D where a press is all there is."""
        if digits:
            return on_file(target, Claim(Strength.C, "the number that was read out came back from a phone on file"))
        return on_file(target, Claim(Strength.D, "a press on a link carries no secret back"))

    def challenge(self, ask: Ask) -> Challenge:
        """A fresh link, and the message for the SMS channel: ``{to, body, life}``."""
        link, fingerprint = self.fresh(ask.base_url)
        body = message(ask.msp, link)
        return Challenge("sms", {"to": ask.target.address, "body": body, "life": ask.life}, link_hash=fingerprint)


def message(msp: str, link: str) -> str:
    """The text of the SMS: who asks, the warning, and the link last."""
    return (
        f"{short_name(msp)} help desk: open this only while you are on the phone with us. "
        f"We never ask for a password. {link}"
    )
