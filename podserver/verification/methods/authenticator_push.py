"""A push to Microsoft Authenticator, through a service that Microsoft does not document for others; off by default.

It may stop working any day (push-and-login fact sheet 3.9); the sign-in link is the supported way.
"""

from __future__ import annotations

from podserver.verification.methods.base import Ask, Challenge, Proof, Target
from podserver.verification.strength import Claim, Strength


class AuthenticatorPush:
    """[EUV-ENTRA]"""

    name = "authenticator_push"
    label = "Authenticator push"
    control = "Authenticator Push"
    kinds = frozenset({"microsoft"})
    proof = Proof.PUSH
    needs = "authenticator"
    waiting = "waiting for approval"
    carries = "push"

    def refusal(self, target: Target) -> str:
        """Microsoft finds people by their sign-in name, which is looked up by e-mail address."""
        return "" if target.address else "the contact has no e-mail address, by which Microsoft would know them"

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """D: this path has no number matching, only Approve and Deny (fact sheet 3.8)."""
        return Claim(Strength.D, "approved in Microsoft Authenticator; an approval carries no secret back")

    def challenge(self, ask: Ask) -> Challenge:
        """What the Entra channel needs: ``{email, contact, integration_id, company, life}``."""
        payload = {
            "email": ask.target.address,
            "contact": ask.contact,
            "integration_id": ask.integration_id,
            "company": ask.company,
            "life": ask.life,
        }
        return Challenge("authenticator", payload)
