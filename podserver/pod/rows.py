"""The rows of the pod in words: shield, state, time left, what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from podserver.pod.reaching import Reachable
from podserver.policies.policy import Policy
from podserver.security import sealing
from podserver.verification import limits
from podserver.verification.destinations import international
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Marks, Method, Proof, Target
from podserver.verification.methods.link import typed_number
from podserver.verification.models import Delivery, State, Verification
from podserver.verification.offers import Weighed, weigh
from podserver.verification.strength import Strength

_SHOW_FAILURE = timedelta(minutes=60)
_SILENCE = timedelta(seconds=60)

# How far a message is, by what it goes through.
_TEXT = {
    Delivery.QUEUED: "sending",
    Delivery.ACCEPTED: "sent, not delivered yet",
    Delivery.SENT: "sent, on its way",
    Delivery.DELIVERED: "delivered to the phone",
    Delivery.UNDELIVERED: "not delivered",
    Delivery.UNKNOWN: "it is not known whether the text was sent",
}
_MAIL = {
    **_TEXT,
    Delivery.ACCEPTED: "the mail server has it",
    Delivery.SENT: "the mail server has it",
    Delivery.UNKNOWN: "it is not known whether the mail was sent",
}
_CALL = {
    **_TEXT,
    Delivery.QUEUED: "calling",
    Delivery.ACCEPTED: "calling",
    Delivery.SENT: "ringing",
    Delivery.DELIVERED: "the code was read out",
    Delivery.UNKNOWN: "it is not known whether the call was made",
}
_PUSH = {
    **_TEXT,
    Delivery.QUEUED: "sending the push",
    Delivery.ACCEPTED: "waiting for approval",
    Delivery.SENT: "waiting for approval",
    Delivery.UNKNOWN: "it is not known whether the push was sent",
}
_WORDS = {"sms": _TEXT, "mail": _MAIL, "microsoft": _MAIL, "voice": _CALL, "duo": _PUSH, "authenticator": _PUSH}


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows of one pod share. ``ready`` are the tools that are set up."""

    policy: Policy
    ready: frozenset[str]
    hash_key: str
    ticket: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One destination as the template shows it. ``left`` is in seconds, of the request or of the green shield.

    ``offers`` are the methods, the default first; ``refusal`` says why there is none. ``proof`` is how the pending
    request ends; ``digits`` the number to read out, where the user has to type one. ``marks`` speak against it.
    """

    key: str
    destination_key: str
    number: str
    label: str
    shield: str
    word: str
    left: int
    detail: str
    verification: str
    resend_in: int
    offers: Sequence[Weighed]
    refusal: str
    marks: Sequence[str]
    method: str
    proof: str
    waiting: str
    digits: str
    request_id: str
    check_id: str
    version: str
    status_version: str
    error: str = ""
    focus: bool = False


def build(context: Context, destinations: Sequence[Reachable], verifications: Sequence[Verification]) -> list[Row]:
    """A row for each destination that can be used or says something, the policy's first choice on top.

    Verifications of what stands nowhere in the PSA (a number that was typed, the person) have rows of their own while
    they say something.
    """
    rows = [row_of(context, each, verifications) for each in [*destinations, *_unlisted(destinations, verifications)]]
    shown = [row for row in rows if row.offers or row.shield != "unverified" or row.refusal]
    order = {name: n for n, name in enumerate(context.policy.methods)}
    return sorted(shown, key=lambda row: min((order[o.method.name] for o in row.offers), default=len(order)))


def _unlisted(destinations: Sequence[Reachable], verifications: Sequence[Verification]) -> list[Reachable]:
    known = {each.target.key for each in destinations}
    rest = {v.destination_key: v for v in reversed(verifications) if v.destination_key not in known}
    return [unlisted(verification) for verification in rest.values()]


def unlisted(verification: Verification) -> Reachable:
    """The destination of a verification, where the PSA does not hold it."""
    by_hand = METHODS[verification.method].proof == Proof.WORD
    kind = "person" if by_hand else "typed"
    target = Target(verification.destination_key, kind, "", verification.masked, marks=Marks(typed=not by_hand))
    return Reachable(target, verification.masked, "" if by_hand else "not on file", "In person" if by_hand else "")


def row_of(
    context: Context,
    destination: Reachable,
    verifications: Sequence[Verification],
    *,
    error: str = "",
    focus: bool = False,
) -> Row:
    """The row of one destination. ``verifications`` are newest first; ``error`` is the sentence of a refused action."""
    at, target = context.at, destination.target
    mine = [v for v in verifications if v.destination_key == target.key]
    current = next((v for v in mine if _says_something(v, context)), None)
    shield, word, left, detail = _state(current, context)
    pending = current if current is not None and shield == "pending" else None
    weighed = weigh(target, context.policy, context.ready)
    method = METHODS[current.method] if current is not None else None
    asks = pending is not None and pending.digits
    return Row(
        key=target.key[:16],
        destination_key=target.key,
        number=destination.name
        or (international(target.address) if target.kind == "phone" and target.address else destination.written),
        label=destination.labels,
        shield=shield,
        word=word,
        left=left,
        detail=detail,
        verification=current.id if current is not None else "",
        resend_in=_resend_in(pending, at) if pending is not None else 0,
        offers=_first_choice([each for each in weighed if each.offered], current),
        refusal=_refusal(target, weighed),
        marks=target.marks.words(),
        method=current.method if current is not None else "",
        proof=method.proof.value if pending is not None and method is not None else "",
        waiting=method.waiting if pending is not None and method is not None else "",
        digits=typed_number(context.hash_key, pending.id) if asks and pending is not None else "",
        request_id=sealing.random_id(),
        check_id=sealing.random_id(),
        version=f"{current.id[:10]}-{shield}" if current is not None and shield != "unverified" else "none",
        status_version=f"{pending.delivery}-{_silent(pending, at)}-{pending.wrong_guesses}"
        if pending is not None
        else "",
        error=error,
        focus=focus,
    )


def alarm_of(verifications: Sequence[Verification], at: datetime) -> Verification | None:
    """The newest request of which the contact said that they did not ask for it, while it is fresh."""
    return next((v for v in verifications if v.alarm and v.ended_at and v.ended_at > at - _SHOW_FAILURE), None)


def _first_choice(offers: list[Weighed], current: Verification | None) -> list[Weighed]:
    """The offers, another channel first where the last message could not arrive: a landline is better called."""
    if current is None or current.state != State.FAILED or current.delivery != Delivery.UNDELIVERED:
        return offers
    failed = METHODS[current.method].needs
    return sorted(offers, key=lambda offer: offer.method.needs == failed)


def _refusal(target: Target, weighed: list[Weighed]) -> str:
    """Why a number or an address cannot be used, where that is worth a row: something is wrong with it itself."""
    if target.kind not in ("phone", "email") or any(each.offered for each in weighed) or not weighed:
        return ""
    own = next((each.method.refusal(target) for each in weighed if each.method.refusal(target)), "")
    return own or (weighed[0].why if target.kind == "phone" else "")


def _says_something(verification: Verification, context: Context) -> bool:
    at = context.at
    if verification.state == State.PENDING:
        return True
    if verification.state == State.VERIFIED:
        return _counts_until(verification, context) > at
    if verification.state in (State.CANCELLED, State.SUPERSEDED):
        return False
    return verification.ended_at is not None and verification.ended_at > at - _SHOW_FAILURE


def _counts_until(verification: Verification, context: Context) -> datetime:
    if verification.green_until is not None:
        return verification.green_until
    # A technician's word is shown as long as a proof would be, and is never green.
    assert verification.ended_at is not None
    return verification.ended_at + timedelta(minutes=context.policy.minutes_green)


def _state(current: Verification | None, context: Context) -> tuple[str, str, int, str]:
    if current is None:
        return "unverified", "Unverified", 0, ""
    at, method = context.at, METHODS[current.method]
    first_name = current.technician.split()[0] if current.technician else ""
    elsewhere = f" on #{current.ticket}" if current.ticket else ""
    if current.state == State.VERIFIED:
        return _verified(current, method, f"by {first_name}{elsewhere}", context)
    if current.state == State.PENDING and current.expires_at > at:
        other = f" · by {first_name}{elsewhere}" if current.ticket != context.ticket else f" · by {first_name}"
        return "pending", "Pending", int((current.expires_at - at).total_seconds()) + 1, f"{_words(current, at)}{other}"
    reason = {
        State.PENDING: f"the {method.carries} expired",
        State.EXPIRED: current.reason or f"the {method.carries} expired",
        State.LOCKED: current.reason or "too many wrong codes",
        State.DENIED: current.reason or "the user refused",
    }.get(current.state, current.reason or "not delivered")
    return "failed", "Failed", 0, reason


def _verified(current: Verification, method: Method, by: str, context: Context) -> tuple[str, str, int, str]:
    left = int((_counts_until(current, context) - context.at).total_seconds())
    strength = Strength(current.strength)
    if method.proof == Proof.WORD:
        return "manual", "Recorded by hand", left, f"{by} · no proof"
    if current.ticket != context.ticket and not context.policy.counts_elsewhere:
        place = f"#{current.ticket}" if current.ticket else "the contact's own page"
        return "unverified", "Unverified", 0, f"verified on {place}, which does not count here"
    if not strength.meets(context.policy.minimum_strength):
        wanted = context.policy.minimum_strength.word
        return "unverified", "Unverified", 0, f"verified, but only {strength.word}; the policy asks for {wanted}"
    return "verified", "Verified", left, f"{strength.word} · {method.label} · {by}"


def _words(current: Verification, at: datetime) -> str:
    if _silent(current, at):
        return "no delivery report yet, ask the caller or resend"
    return _WORDS[METHODS[current.method].needs][current.delivery]


def _silent(current: Verification, at: datetime) -> bool:
    # Only a text is expected to be reported on again.
    texted = METHODS[current.method].needs == "sms"
    return texted and current.delivery in (Delivery.ACCEPTED, Delivery.SENT) and current.delivery_at < at - _SILENCE


def _resend_in(current: Verification, at: datetime) -> int:
    left = (current.created_at + limits.RESEND_AFTER - at).total_seconds()
    return max(0, int(left + 0.999))
