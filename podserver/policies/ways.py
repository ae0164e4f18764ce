"""Each way to verify, as a policy's page shows it: what it proves, whether it can be used, whether it is set up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from podserver.policies.policy import Policy
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Method, Target
from podserver.verification.offers import refusal, wants_digits, weigh
from podserver.verification.strength import Claim, Strength


@dataclass(frozen=True, slots=True)
class Way:
    """One method under a policy, for somebody against whose number or address nothing speaks.

    ``refused`` says why the pod would never offer it although it is allowed; ``missing`` what is not set up for it.
    Both are sentences without a full stop, empty where there is nothing to say.
    """

    method: Method
    claim: Claim
    digits: bool
    refused: str
    missing: str


def way(method: Method, policy: Policy, ready: frozenset[str]) -> Way:
    """What a method is worth under a policy; ``ready`` are the tools that are set up."""
    target, digits = ideal_target(method), wants_digits(method, policy)
    alone = replace(policy, methods=(method.name,))
    anything = replace(alone, minimum_strength=Strength.E)
    offer = weigh(target, anything, ready)
    missing = next((each.why for each in offer if each.method.name == method.name and not each.offered), "")
    claim = method.claim(target, digits=digits)
    refused = refusal(method, target, alone)
    if refused and not claim.strength.meets(policy.minimum_strength):
        refused = f"the minimum is {policy.minimum_strength.word}"
    return Way(method, claim, digits, refused, missing)


def ways(names: Iterable[str], policy: Policy, ready: frozenset[str]) -> list[Way]:
    """The methods of these names, in their order; names that this release does not know are left out."""
    return [way(METHODS[name], policy, ready) for name in names if name in METHODS]


def ideal_target(method: Method) -> Target:
    """A destination of the method's kind that is on file, unchanged and nobody else's. Nothing is ever sent to it."""
    return Target(key="", kind=min(method.kinds), address="somebody", masked="", mobile=True)
