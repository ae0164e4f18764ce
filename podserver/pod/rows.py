"""The rows of the pod in words: shield, state, time left, what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from podserver.pod.service import Reachable
from podserver.security import sealing
from podserver.verification import limits
from podserver.verification.destinations import international
from podserver.verification.methods import METHODS, methods_for
from podserver.verification.models import Delivery, State, Verification

_SHOW_FAILURE = timedelta(minutes=60)
_SILENCE = timedelta(seconds=60)

_DELIVERY = {
    Delivery.QUEUED: "sending",
    Delivery.ACCEPTED: "sent, not delivered yet",
    Delivery.SENT: "sent, on its way",
    Delivery.DELIVERED: "delivered to the phone",
    Delivery.UNDELIVERED: "not delivered",
    Delivery.UNKNOWN: "it is not known whether the text was sent",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One destination as the template shows it. ``left`` is in seconds, of the code or of the green shield."""

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
    control: str
    method: str
    refusal: str
    request_id: str
    check_id: str
    version: str
    status_version: str
    error: str = ""
    focus: bool = False


def build(numbers: Sequence[Reachable], verifications: Sequence[Verification], ticket: str, at: datetime) -> list[Row]:
    """A row for each number, from the newest verification of each that still says something."""
    return [row_of(number, verifications, ticket, at) for number in numbers]


def row_of(
    number: Reachable,
    verifications: Sequence[Verification],
    ticket: str,
    at: datetime,
    *,
    error: str = "",
    focus: bool = False,
) -> Row:
    """The row of one number. ``verifications`` are newest first; ``error`` is the sentence of a refused action."""
    mine = [v for v in verifications if v.destination_key == number.target.key]
    current = next((v for v in mine if _says_something(v, at)), None)
    shield, word, left, detail = _state(current, ticket, at)
    method = methods_for(number.target.kind)[0]
    pending = current is not None and shield == "pending"
    return Row(
        key=number.target.key[:16],
        destination_key=number.target.key,
        number=international(number.target.address) if number.target.address else number.written,
        label=number.labels,
        shield=shield,
        word=word,
        left=left,
        detail=detail,
        verification=current.id if current is not None else "",
        resend_in=_resend_in(current, at) if pending and current is not None else 0,
        control=method.control,
        method=method.name,
        refusal=method.refusal(number.target),
        request_id=sealing.random_id(),
        check_id=sealing.random_id(),
        version=f"{current.id[:10]}-{shield}" if current is not None and shield != "unverified" else "none",
        status_version=f"{current.delivery}-{_silent(current, at)}" if pending and current is not None else "",
        error=error,
        focus=focus,
    )


def _says_something(verification: Verification, at: datetime) -> bool:
    if verification.state == State.PENDING:
        return True
    if verification.state == State.VERIFIED:
        return verification.green_until is not None and verification.green_until > at
    if verification.state in (State.CANCELLED, State.SUPERSEDED):
        return False
    return verification.ended_at is not None and verification.ended_at > at - _SHOW_FAILURE


def _state(current: Verification | None, ticket: str, at: datetime) -> tuple[str, str, int, str]:
    if current is None:
        return "unverified", "Unverified", 0, ""
    first_name = current.technician.split()[0] if current.technician else ""
    elsewhere = f" on #{current.ticket}" if current.ticket else ""
    if current.state == State.VERIFIED and current.green_until is not None:
        left = int((current.green_until - at).total_seconds())
        method = METHODS[current.method].label
        return "verified", "Verified", left, f"{method} · by {first_name}{elsewhere}"
    if current.state == State.PENDING and current.expires_at > at:
        other = f" · by {first_name}{elsewhere}" if current.ticket != ticket else f" · by {first_name}"
        return "pending", "Pending", int((current.expires_at - at).total_seconds()) + 1, f"{_words(current, at)}{other}"
    reason = {
        State.PENDING: "the code expired",
        State.EXPIRED: "the code expired",
        State.LOCKED: "too many wrong codes",
        State.DENIED: "the contact did not ask for this",
    }.get(current.state, current.reason or "not delivered")
    return "failed", "Failed", 0, reason


def _words(current: Verification, at: datetime) -> str:
    if _silent(current, at):
        return "no delivery report yet, ask the caller or resend"
    return _DELIVERY[current.delivery]


def _silent(current: Verification, at: datetime) -> bool:
    return current.delivery in (Delivery.ACCEPTED, Delivery.SENT) and current.delivery_at < at - _SILENCE


def _resend_in(current: Verification, at: datetime) -> int:
    left = (current.created_at + limits.RESEND_AFTER - at).total_seconds()
    return max(0, int(left + 0.999))
