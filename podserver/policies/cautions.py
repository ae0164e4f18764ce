"""What a policy should not do without somebody having thought about it, as data: the page, the import and the shell
say the same."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from podserver.policies.policy import Policy, TypedNumber
from podserver.policies.ways import Way, ways
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof

# What an admin accepts who leaves a client with nothing but the telephone network; kept word for word.
PHONE_RISK: Final = (
    "Only the telephone network is left, by text or by call. NIST SP 800-63B-4 (3.1.3.3) restricts it: a number can be "
    "moved to another SIM or forwarded without its owner knowing. Whoever relies on it has to offer another way beside "
    "it, to tell people of the risk, to have judged the risk, and to have a plan for leaving it."
)


class Gravity(enum.StrEnum):
    """How loud a caution is: red leaves callers unproven or unverifiable, amber is a choice to make knowingly."""

    RED = "red"
    AMBER = "amber"


@dataclass(frozen=True, slots=True)
class Caution:
    """One sentence about one setting. ``risk`` says that an admin has to accept it before the policy is saved."""

    gravity: Gravity
    setting: str
    sentence: str
    risk: bool = False


def cautions(policy: Policy, ready: frozenset[str]) -> list[Caution]:
    """What speaks against a policy, the gravest first; ``ready`` are the tools that are set up."""
    usable = _usable(policy, ready)
    at_hand = [each for each in usable if not each.missing]
    found = [
        *_of_what_is_left(policy, usable, at_hand),
        *(_AMBER[name] for name in _AMBER if name in policy.methods),
    ]
    if policy.typed_number == TypedNumber.NEVER and "mail_link" in policy.methods:
        found.append(_NO_NUMBER)
    if policy.adhoc_number:
        found.append(_ADHOC)
    return sorted(found, key=lambda caution: caution.gravity != Gravity.RED)


def risk_of(policy: Policy) -> str:
    """The text of the risk that an admin has to accept to save this policy; empty where there is none."""
    return PHONE_RISK if _only_phone(_usable(policy, frozenset())) else ""


def _usable(policy: Policy, ready: frozenset[str]) -> list[Way]:
    """The allowed ways that can prove something under the policy; a technician's own word proves nothing."""
    return [
        each for each in ways(policy.methods, policy, ready) if not each.refused and each.method.proof != Proof.WORD
    ]


def _only_phone(found: Iterable[Way]) -> bool:
    kinds = {kind for each in found for kind in each.method.kinds}
    return kinds == {"phone"}


def _of_what_is_left(policy: Policy, usable: list[Way], at_hand: list[Way]) -> list[Caution]:
    if all(METHODS[name].proof == Proof.WORD for name in policy.methods if name in METHODS):
        return [Caution(Gravity.RED, "methods", "Nothing but a technician's word is allowed, so nobody can be proven.")]
    if not usable:
        wanted = policy.minimum_strength
        sentence = (
            f"No way that is allowed is {wanted.word} or better, so the pod would offer nothing. "
            "Allow a stronger way, or lower the minimum strength."
        )
        return [Caution(Gravity.RED, "minimum_strength", sentence)]
    if _only_phone(usable):
        return [Caution(Gravity.RED, "methods", PHONE_RISK, risk=True)]
    if not at_hand:
        return [Caution(Gravity.RED, "methods", "Nothing that is allowed is set up yet: the pod offers nothing.")]
    if _only_phone(at_hand):
        others = ", ".join(each.method.label for each in usable if each.missing)
        sentence = (
            f"Only the telephone network is set up of what is allowed, and NIST SP 800-63B-4 (3.1.3.3) wants another "
            f"way beside it. Allowed, but not set up: {others}."
        )
        return [Caution(Gravity.RED, "methods", sentence)]
    return []


_AMBER: Final = {
    "authenticator_push": Caution(
        Gravity.AMBER,
        "methods",
        "Authenticator push goes through a service that Microsoft does not document for others and may stop any day. "
        "Microsoft sign-in is the supported way; keep it beside the push.",
    ),
    "manual": Caution(
        Gravity.AMBER,
        "methods",
        "A technician may record a caller by hand. It is a word, not a proof: the shield never turns green, "
        "and the note has to say how they know.",
    ),
}
_NO_NUMBER: Final = Caution(
    Gravity.AMBER,
    "typed_number",
    "Links by e-mail ask for no typed number. Mail gateways open links, and some run scripts and press buttons: "
    "one of them could verify a caller whom nobody asked.",
)
_ADHOC: Final = Caution(
    Gravity.AMBER,
    "adhoc_number",
    "A technician may send to a number that is not on file. A caller who talks them into it is verified by their own "
    "phone; the result counts as weak at most.",
)
