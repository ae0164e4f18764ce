"""What a ticket is told: one note for each final outcome, and one when another contact is chosen.

A note carries a reference, so that a retry after a crash finds it instead of posting it twice. It never holds a
code or a full number. The one outcome without a note is *superseded*: the code that took its place will tell.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from podserver.delivery import outbox
from podserver.policies import policy as policies
from podserver.security import sealing
from podserver.tenancy import Batch, add_rows
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Method, Proof
from podserver.verification.models import State
from podserver.verification.snapshot import Snapshot
from podserver.verification.strength import Strength

CHANNEL = "psa_note"
TOPIC = "note"

_OPENINGS = {
    State.VERIFIED: "Caller verified",
    State.DENIED: "Caller NOT verified: the user refused",
    State.EXPIRED: "Caller not verified: the {carries} expired",
    State.LOCKED: "Caller NOT verified: too many wrong {carries}s",
    State.CANCELLED: "Verification cancelled",
    State.FAILED: "Caller not verified: the {carries} did not arrive",
}
_WITH_REASON = (State.FAILED, State.DENIED, State.LOCKED, State.CANCELLED)
_ALARM = "Caller NOT verified: the contact said they did not ask for this. Stop, and call back on a number you know"
_BY_HAND = "Caller's identity recorded by hand, without proof"


def reference_of(subject: str) -> str:
    """The reference that a note carries: ``Ref PV-`` and 26 letters and digits."""
    return f"Ref PV-{subject.upper()}"


def final_note(verification: Snapshot, actor: str, at: datetime, *, word: str = "") -> tuple[str, Batch] | None:
    """The id and the outbox row of the outcome's note. None where there is no ticket, or nothing to say in it.

    ``word`` is what a technician wrote where the proof is their word.
    """
    terms = policies.terms(verification.terms)
    method = METHODS[verification.method]
    opening = _opening(verification, method)
    if opening is None or not verification.ticket_ref:
        return None
    if verification.state not in terms.note_outcomes and not verification.alarm:
        return None
    who = (
        f"{verification.contact_name} ({verification.company_name})"
        if verification.company_name
        else (verification.contact_name)
    )
    by_hand = method.proof == Proof.WORD
    lines = [
        f"{opening}.",
        f"Contact: {who}",
        f"How: {word}" if by_hand else f"How: {method.label} to {verification.masked}",
        f"By: {actor or verification.technician}, {at:%Y-%m-%d %H:%M} UTC",
    ]
    if verification.state == State.VERIFIED:
        strength = Strength(verification.strength)
        lines.append(f"Strength: {strength} ({strength.word}): {verification.worth}")
    elif verification.reason and verification.state in _WITH_REASON:
        lines.append(f"Why: {verification.reason}")
    return _row(verification.integration_id, verification.ticket_ref, verification.id, lines, at, terms.note_internal)


def _opening(verification: Snapshot, method: Method) -> str | None:
    if verification.alarm:
        return _ALARM
    if verification.state == State.VERIFIED and method.proof == Proof.WORD:
        return _BY_HAND
    opening = _OPENINGS.get(verification.state)
    carries = "number" if verification.state == State.LOCKED and method.carries == "link" else method.carries
    return opening.format(carries=carries) if opening else None


def add_other_contact_note(
    session: Session, *, integration_id: int, ticket: str, contact_name: str, reason: str, actor: str, internal: bool,
    at: datetime,
) -> str | None:  # fmt: skip
    """Add a note that another contact of the company is verified than the ticket's own."""
    if not ticket:
        return None
    lines = [f"Another contact was chosen for verification: {contact_name}."]
    if reason:
        lines.append(f"Note: {reason}")
    lines.append(f"By: {actor}, {at:%Y-%m-%d %H:%M} UTC")
    row_id, row = _row(integration_id, ticket, sealing.random_id(), lines, at, internal)
    add_rows(session, row)
    return row_id


def _row(
    integration_id: int, ticket: str, subject: str, lines: list[str], at: datetime, internal: bool
) -> tuple[str, Batch]:
    reference = reference_of(subject)
    return outbox.row_to_add(
        channel=CHANNEL,
        topic=TOPIC,
        subject=subject,
        payload={
            "integration_id": integration_id,
            "ticket": ticket,
            "text": "\n".join([*lines, reference]),
            "reference": reference,
            "internal": internal,
        },
        at=at,
    )
