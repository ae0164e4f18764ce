"""A push to the user's Duo Mobile, through the MSP's Duo account. A bypass without a press proves nothing."""

from __future__ import annotations

from podserver.verification.methods.base import Ask, Challenge, Proof, Target
from podserver.verification.strength import Claim, Strength

# What the claim becomes where Duo made the user type a code that the technician read out.
VERIFIED_PUSH = Claim(Strength.B, "the code that was read out came back through Duo Mobile")


class DuoPush:
    """[EUV-DUO]"""

    name = "duo_push"
    label = "Duo push"
    control = "Duo Push"
    kinds = frozenset({"duo"})
    proof = Proof.PUSH
    needs = "duo"
    waiting = "waiting for approval"
    carries = "push"

    def refusal(self, target: Target) -> str:
        """Duo finds people by their e-mail address."""
        return "" if target.address else "the contact has no e-mail address, by which Duo would know them"

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """D: a bare approval carries no secret back (NIST SP 800-63B-4 3.1.3)."""
        return Claim(Strength.D, "approved on an enrolled phone; an approval carries no secret back")

    def challenge(self, ask: Ask) -> Challenge:
        """What the Duo channel needs: ``{email, contact, integration_id, shown: [[name, value]...], life}``."""
        shown = [["Help desk", ask.msp], ["Technician", ask.technician]]
        if ask.ticket:
            shown.insert(1, ["Ticket", f"#{ask.ticket} {ask.summary}".strip()[:80]])
        payload = {
            "email": ask.target.address,
            "contact": ask.contact,
            "integration_id": ask.integration_id,
            "shown": shown,
            "life": ask.life,
        }
        return Challenge("duo", payload)
