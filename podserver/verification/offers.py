"""What the pod offers for a destination, and why not the rest: policy, tools, and what fits the destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from podserver import tools
from podserver.policies.policy import Policy
from podserver.security import sealing
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Method, Proof, Target
from podserver.verification.strength import Claim

_MISSING: Final = {
    tools.SMS: "no SMS account is set up",
    tools.VOICE: "no number to call from is set up",
    tools.MAIL: "no mail server is set up",
    tools.DUO: "Duo is not set up",
    tools.MICROSOFT: "no Microsoft app is set up",
    tools.AUTHENTICATOR: "Authenticator push is not switched on for this client",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One method for one destination: whether it is offered, and in a sentence why or why not."""

    method: Method
    claim: Claim
    digits: bool
    offered: bool
    why: str


def wants_digits(method: Method, policy: Policy) -> bool:
    """Whether the user has to type the number that the technician reads out."""
    return method.proof == Proof.LINK and policy.wants_number(by_mail="email" in method.kinds)


# Poll after poll weighs the same destinations.
@lru_cache(maxsize=1024)
def weigh(target: Target, policy: Policy, ready: frozenset[str]) -> tuple[Weighed, ...]:
    """Every method of the target's kind: the offered ones in the policy's order, then the others."""
    fitting = [method for method in METHODS.values() if target.kind in method.kinds]
    weighed = [_weigh(method, target, policy, ready) for method in fitting]
    order = {name: n for n, name in enumerate(policy.methods)}
    return tuple(sorted(weighed, key=lambda each: (not each.offered, order.get(each.method.name, len(order)))))


def offered(target: Target, policy: Policy, ready: frozenset[str]) -> Sequence[Weighed]:
    """The methods that the pod offers for a destination, the first choice first."""
    return [each for each in weigh(target, policy, ready) if each.offered]


def refusal(method: Method, target: Target, policy: Policy) -> str:
    """Why the engine would not begin, whatever is set up; empty where it would. In a sentence without a full stop."""
    if method.name not in policy.methods:
        return f"{method.label} is not allowed by this client's policy"
    if target.marks.typed and not policy.adhoc_number:
        return "this client's policy takes no number that is not on file"
    claim = method.claim(target, digits=wants_digits(method, policy))
    if method.proof != Proof.WORD and not claim.strength.meets(policy.minimum_strength):
        wanted = policy.minimum_strength
        return f"{claim.strength.word} ({claim.reason}), and this client's policy asks for {wanted.word} or better"
    return method.refusal(target)


def _weigh(method: Method, target: Target, policy: Policy, ready: frozenset[str]) -> Weighed:
    digits = wants_digits(method, policy)
    claim = method.claim(target, digits=digits)
    missing = [need for need in _needs(method) if need not in ready]
    why = refusal(method, target, policy) or (_MISSING[missing[0]] if missing else "")
    return Weighed(method, claim, digits, not why, why or claim.reason)


def _needs(method: Method) -> tuple[str, ...]:
    # The sign-in link goes by mail.
    return (tools.MICROSOFT, tools.MAIL) if method.needs == tools.MICROSOFT else (method.needs,) if method.needs else ()


def person_target(hash_key: str, integration_id: int, contact: str) -> Target:
    """The person themselves, who is no address."""
    key = sealing.keyed_hash(hash_key, "person", str(integration_id), contact)
    return Target(key=key, kind="person", address="", masked="in person")
