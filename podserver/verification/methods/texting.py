"""What the methods share that reach a phone: which numbers they can reach, and what a number on file is worth."""

from __future__ import annotations

from podserver.verification.methods.base import Target
from podserver.verification.strength import Claim, Strength

# One SMS segment holds 160 characters; the rest of a text takes 134, so longer names are cut.
_LONGEST_NAME = 26


def short_name(msp: str) -> str:
    """The MSP's name, cut where it would make a text two."""
    return msp if len(msp) <= _LONGEST_NAME else msp[: _LONGEST_NAME - 1].rstrip() + "."


def no_text_reason(target: Target) -> str:
    """Why a number cannot be texted. In North America only the carrier knows which number is a mobile."""
    if not target.address:
        return "not a valid phone number, correct it in the PSA"
    if target.landline:
        return "not a mobile number, use Call"
    return ""


def on_file(target: Target, claim: Claim) -> Claim:
    """The claim, less where the destination itself is not proven (NIST SP 800-63B-4 3.1.3.3 and 4.1.2)."""
    if target.marks.typed:
        return claim.at_most(Strength.D, "the technician typed the destination, it is not on file")
    if target.marks.changed_hours >= 0:
        return claim.at_most(Strength.D, "the destination was changed in the PSA less than 72 hours ago")
    if target.marks.shared_with:
        return claim.at_most(Strength.D, "others have the same destination")
    return claim


def texted(target: Target, reason: str) -> Claim:
    """C for a number on file, less where something speaks against it."""
    return on_file(target, Claim(Strength.C, reason))
