"""What the pod calls things: how far a message is, how a verification ended, what speaks against a destination."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from podserver.pod.standing import Telling
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof, Target
from podserver.verification.models import Delivery, State, Verification
from podserver.verification.strength import Strength

_SILENCE: Final = timedelta(seconds=60)

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
    Delivery.DELIVERED: "delivered to the mailbox",
    Delivery.UNKNOWN: "it is not known whether the mail was sent",
}
_CALL = {
    **_TEXT,
    Delivery.QUEUED: "calling",
    Delivery.ACCEPTED: "calling",
    Delivery.SENT: "ringing",
    Delivery.DELIVERED: "answered, the code is read out",
    Delivery.UNDELIVERED: "nobody took the call",
    Delivery.UNKNOWN: "it is not known whether the call was made",
}
_PUSH = {
    **_TEXT,
    Delivery.QUEUED: "sending the push",
    Delivery.ACCEPTED: "waiting for approval",
    Delivery.SENT: "waiting for approval",
    Delivery.DELIVERED: "waiting for approval",
    Delivery.UNKNOWN: "it is not known whether the push was sent",
}
_BY_TOOL = {"sms": _TEXT, "mail": _MAIL, "microsoft": _MAIL, "voice": _CALL, "duo": _PUSH, "authenticator": _PUSH}

_VERIFIED = {
    Proof.CODE: "verified",
    Proof.LINK: "validated",
    Proof.PUSH: "approved",
    Proof.SIGN_IN: "confirmed",
    Proof.WORD: "",
}


def delivery(current: Telling, at: datetime) -> str:
    """How far the message of a pending request is; on a link also what was typed wrongly."""
    method = METHODS[current.method]
    if method.proof == Proof.LINK and current.wrong_guesses:
        return "a wrong number was typed, one more ends it"
    if is_silent(current, at):
        return "no delivery report yet, ask the caller or resend"
    return _BY_TOOL[method.needs][current.delivery]


def is_silent(current: Telling, at: datetime) -> bool:
    """Whether a report is overdue. Only a text is expected to be reported on again."""
    texted = METHODS[current.method].needs == "sms"
    return texted and current.delivery in (Delivery.ACCEPTED, Delivery.SENT) and current.delivery_at < at - _SILENCE


def to_do(current: Telling, app: str) -> str:
    """What the technician waits for, or asks of the caller; ``app`` is where a push arrives."""
    method = METHODS[current.method]
    if method.proof == Proof.CODE:
        return method.waiting
    if method.proof == Proof.PUSH and app:
        return f"Ask the caller to press Approve in {app}"
    return f"{method.waiting[:1].upper()}{method.waiting[1:]}"


def failure(current: Telling) -> str:
    """Why a request did not end well, or why it will not."""
    carries = METHODS[current.method].carries
    expired = f"the {carries} expired"
    fallback = {
        State.PENDING: expired,
        State.EXPIRED: expired,
        State.LOCKED: "too many wrong codes",
        State.DENIED: "the user refused",
    }.get(current.state, "not delivered")
    return current.reason or fallback


def outcome(past: Verification) -> str:
    """A verification in the history: ``Duo push approved``, ``E-mail link expired``."""
    method = METHODS[past.method]
    ended = str(past.state)
    if past.state == State.VERIFIED:
        ended = _VERIFIED[method.proof]
    elif past.alarm:
        ended = "was not asked for"
    elif past.state == State.FAILED and past.delivery == Delivery.UNDELIVERED:
        ended = "not delivered"
    return f"{method.label} {ended}".strip()


def strength(past: Verification) -> str:
    """The word for what a verification in the history proved; empty where it proved nothing."""
    proven = past.state == State.VERIFIED and METHODS[past.method].proof != Proof.WORD
    return Strength(past.strength).word if proven else ""


def marks(target: Target, *, texted: bool) -> list[str]:
    """What speaks against a destination before anything is sent; ``texted`` says that a text is offered."""
    said = target.marks.words()
    if target.kind != "phone" or target.marks.typed:
        return said
    if target.landline:
        said.append("not a mobile number")
    elif texted and not target.mobile:
        said.append("not a mobile in the PSA")
    return said
