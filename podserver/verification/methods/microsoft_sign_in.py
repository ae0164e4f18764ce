"""A link by e-mail to a sign-in at Microsoft: the user signs in to their own tenant, and the account must be theirs.

This is the way that Microsoft supports: it shows the user their own sign-in page with whatever second factor their
tenant asks for (push-and-login fact sheet 4.1).
"""

from __future__ import annotations

from podserver.branding.letters import compose
from podserver.verification.methods.base import Ask, Challenge, Proof, Target
from podserver.verification.methods.link import AnsweredLink
from podserver.verification.methods.mail_code import NO_ADDRESS
from podserver.verification.methods.texting import on_file
from podserver.verification.strength import Claim, Strength

# What the claim becomes where Microsoft says that a second factor was asked for.
WITH_SECOND_FACTOR = Claim(Strength.B, "signed in at Microsoft with a second factor")


class MicrosoftSignIn(AnsweredLink):
    """A supported second to the Authenticator push."""

    name = "microsoft_sign_in"
    label = "Microsoft sign-in"
    control = "Send Microsoft Sign-in"
    kinds = frozenset({"email"})
    proof = Proof.SIGN_IN
    needs = "microsoft"
    waiting = "waiting for the user to sign in at Microsoft"

    def refusal(self, target: Target) -> str:
        """As for any e-mail."""
        return "" if target.address else NO_ADDRESS

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """C: signed in, but whether with a second factor Microsoft does not say by itself (fact sheet 4.4)."""
        claim = Claim(Strength.C, "signed in at Microsoft; it did not say whether with a second factor")
        return on_file(target, claim)

    def challenge(self, ask: Ask) -> Challenge:
        """A fresh link and its letter for the mail channel."""
        link, fingerprint = self.fresh(ask.base_url)
        letter = compose(
            "microsoft_sign_in",
            ask.letterhead(),
            link=link,
            technician=ask.technician_first_name,
            ticket=ask.ticket,
            minutes=max(1, ask.life // 60),
        )
        payload = letter.payload(ask.target.address, ask.contact_name, ask.life)
        return Challenge("mail", payload, link_hash=fingerprint)
