"""How a verification ends: once, by compare-and-set, with its event and the ticket's note in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.history.service import Entry, Kind, Subject, events_to_add, record
from podserver.tenancy import Change, change_and_add, look, run
from podserver.verification import notes, statements
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof
from podserver.verification.models import State, Verification
from podserver.verification.snapshot import COLUMNS, Snapshot, snapshot


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a start or an answer: the verification as it stands now, and a sentence where it was refused.

    ``outbox`` are rows to nudge a worker for after the commit; ``tries_left`` is set after a wrong code or number.
    ``changed`` is False when nothing was written and the caller should roll back.
    """

    verification: Snapshot | None
    refused: str = ""
    outbox: tuple[str, ...] = ()
    tries_left: int | None = None
    changed: bool = True


@dataclass(frozen=True, slots=True)
class End:
    """An end to reach: the state, the kind of its event, and why, in a technician's words."""

    state: State
    kind: Kind
    reason: str = ""


EXPIRED = End(State.EXPIRED, Kind.EXPIRED)
GONE = End(State.CANCELLED, Kind.CANCELLED, "the contact is gone in the PSA")
CHANGED = End(State.CANCELLED, Kind.CANCELLED, "the ticket has another contact now")


def subject_of(verification: Snapshot) -> Subject:
    """What an event about this verification says of it."""
    return Subject(
        verification=verification.id,
        integration_id=verification.integration_id,
        ticket=verification.ticket,
        contact=verification.contact,
        contact_name=verification.contact_name,
        company_name=verification.company_name,
        destination=verification.masked,
        method=verification.method,
    )


def finish(
    session: Session,
    verification: Snapshot,
    end: End,
    actor: str,
    at: datetime,
    *,
    before: Entry | None = None,
    besides: Change | None = None,
    **also: Any,
) -> Result:
    """Reach a final state. ``before`` is an event that happened either way, ``besides`` a change that is made either
    way; ``also`` are columns to set with the state.

    Where somebody else ended it while this transaction waited, the end is not reached, and the result says what is.
    """
    values: dict[str, Any] = {"state": end.state, "reason": end.reason, "ended_at": at, **also}
    if METHODS[verification.method].proof.on_our_page:
        values["summary"] = None
    if METHODS[verification.method].proof == Proof.PUSH:
        values["read_out"] = None
    ended = verification.after(values)
    entries = [before] if before is not None else []
    entries.append(Entry(end.kind, subject_of(ended), actor, _detail(ended)))
    note = notes.final_note(ended, actor, at)
    batches = [events_to_add(at, *entries), *([note[1]] if note else [])]
    if not change_and_add(session, changing(verification, values), *batches, besides=besides):
        if before is not None:
            record(session, at, before)
        return met(session, verification, changed=before is not None or besides is not None)
    refused = ended_sentence(ended) if end.state == State.EXPIRED and actor else ""
    return Result(ended, refused=refused, outbox=(note[0],) if note else ())


def met(session: Session, verification: Snapshot, *, changed: bool) -> Result:
    """The result of who came too late: the verification as somebody else ended it."""
    now = snapshot(session, verification.id)
    return Result(now, refused=ended_sentence(now) if now is not None else "", changed=changed)


def finish_every(
    session: Session, end: End, actor: str, at: datetime, *, integration_id: int, contact: str, but: str = "",
    ticket: str = "",
) -> list[Result]:  # fmt: skip
    """Reach this end with whatever is pending for a contact, except the verification ``but``; with a ``ticket``, the
    PSA's id of one, with what was asked for from there alone."""
    # In one order, so that no two of these wait for each other.
    pending = (
        select(*COLUMNS)
        .where(
            Verification.integration_id == integration_id,
            Verification.contact == contact,
            Verification.state == State.PENDING,
            Verification.id != but,
        )
        .order_by(Verification.id)
    )
    if ticket:
        pending = pending.where(Verification.ticket_ref == ticket)
    every = [Snapshot._make(each) for each in look(session, pending, {})]
    results = [finish(session, each, end, actor, at) for each in every]
    return [each for each in results if each.changed]


def _detail(ended: Snapshot) -> dict[str, Any] | None:
    detail: dict[str, Any] = {"reason": ended.reason} if ended.reason else {}
    if ended.state == State.VERIFIED:
        detail |= {"strength": ended.strength, "because": ended.worth}
    return detail or None


def end_older(session: Session, verification_id: str, state: State, reason: str, at: datetime) -> bool:
    """End a verification that another one replaces, and tell whether it had not ended by itself meanwhile; its event is
    the caller's, and the ticket is told of the other."""
    values = {"state": state, "reason": reason, "ended_at": at, "summary": None}
    return run(session, *_changing(verification_id, values)).rowcount == 1


def changing(verification: Snapshot, values: Mapping[str, Any]) -> Change:
    """The change of these columns, which hits only while the verification is pending."""
    return _changing(verification.id, values)


def set_always(session: Session, verification: Snapshot, **values: Any) -> Snapshot:
    """Set columns that say nothing of the state, ended or not; the verification with them."""
    run(session, *_changing(verification.id, values, only_pending=False))
    return verification.after(values)


def _changing(verification_id: str, values: Mapping[str, Any], *, only_pending: bool = True) -> Change:
    statement = statements.change(frozenset(values), only_pending=only_pending)
    return statement, {"which": verification_id, **{f"new_{name}": value for name, value in values.items()}}


def ended_sentence(verification: Snapshot) -> str:
    """Why an answer to an ended verification is refused; empty where it is verified."""
    carries = METHODS[verification.method].carries
    return {
        State.VERIFIED: "",
        State.EXPIRED: f"This {carries} has expired. Send a new one.",
        State.SUPERSEDED: f"A newer {carries} was sent. Ask for the newest one.",
        State.LOCKED: "Too many wrong codes." if carries == "code" else "The wrong number was typed twice.",
        State.CANCELLED: "This request was cancelled.",
        State.FAILED: "The message was not delivered.",
        State.DENIED: "The caller's contact said they did not ask for this."
        if verification.alarm
        else "The user refused.",
    }.get(verification.state, "")
