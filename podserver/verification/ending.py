"""How a verification ends: once, by compare-and-set, with its event and the ticket's note in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.history.service import Entry, Kind, Subject, events_to_add, record
from podserver.tenancy import add_rows, run
from podserver.verification import notes, statements
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof
from podserver.verification.models import State, Verification


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a start or an answer: the verification as it stands now, and a sentence where it was refused.

    ``outbox`` are rows to nudge a worker for after the commit; ``tries_left`` is set after a wrong code or number.
    ``changed`` is False when nothing was written and the caller should roll back.
    """

    verification: Verification | None
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


def subject_of(verification: Verification) -> Subject:
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
    verification: Verification,
    end: End,
    actor: str,
    at: datetime,
    *,
    before: Entry | None = None,
    one_more_wrong: bool = False,
    **also: Any,
) -> Result:
    """Reach a final state. ``before`` is an event that happened either way; ``also`` are columns to set with it.

    Where somebody else ended it while this transaction waited, nothing is changed, and the result says what is.
    """
    values: dict[str, Any] = {"state": end.state, "reason": end.reason, "ended_at": at, **also}
    if METHODS[verification.method].proof.on_our_page:
        values["summary"] = None
    if METHODS[verification.method].proof == Proof.PUSH:
        values["read_out"] = None
    if not change_pending(session, verification, one_more_wrong=one_more_wrong, **values):
        if before is not None:
            record(session, at, before)
        session.refresh(verification)
        return Result(verification, refused=ended_sentence(verification), changed=before is not None)
    if one_more_wrong:
        values["wrong_guesses"] = verification.wrong_guesses + 1
    ended = changed(session, verification, **values)
    entries = [before] if before is not None else []
    entries.append(Entry(end.kind, subject_of(ended), actor, _detail(ended)))
    note = notes.final_note(ended, actor, at)
    add_rows(session, events_to_add(at, *entries), *([note[1]] if note else []))
    refused = ended_sentence(ended) if end.state == State.EXPIRED and actor else ""
    return Result(ended, refused=refused, outbox=(note[0],) if note else ())


def finish_every(
    session: Session, end: End, actor: str, at: datetime, *, integration_id: int, contact: str, but: str = "",
    ticket: str = "",
) -> list[Result]:  # fmt: skip
    """Reach this end with whatever is pending for a contact, except the verification ``but``; with a ``ticket``, the
    PSA's id of one, with what was asked for from there alone."""
    pending = select(Verification).where(
        Verification.integration_id == integration_id,
        Verification.contact == contact,
        Verification.state == State.PENDING,
        Verification.id != but,
    )
    if ticket:
        pending = pending.where(Verification.ticket_ref == ticket)
    results = [finish(session, each, end, actor, at) for each in session.scalars(pending).all()]
    return [each for each in results if each.changed]


def _detail(ended: Verification) -> dict[str, Any] | None:
    detail: dict[str, Any] = {"reason": ended.reason} if ended.reason else {}
    if ended.state == State.VERIFIED:
        detail |= {"strength": ended.strength, "because": ended.worth}
    return detail or None


def end_older(session: Session, verification_id: str, state: State, reason: str, at: datetime) -> bool:
    """End a verification that another one replaces, and tell whether it had not ended by itself meanwhile; its event is
    the caller's, and the ticket is told of the other."""
    return _change(session, verification_id, state=state, reason=reason, ended_at=at, summary=None)


def change_pending(
    session: Session, verification: Verification, *, one_more_wrong: bool = False, **values: Any
) -> bool:
    """Change a verification only while it is pending; tell whether it was."""
    return _change(session, verification.id, one_more_wrong=one_more_wrong, **values)


def _change(session: Session, verification_id: str, *, one_more_wrong: bool = False, **values: Any) -> bool:
    statement = statements.change_pending(frozenset(values), one_more_wrong=one_more_wrong)
    known = {f"new_{name}": value for name, value in values.items()}
    return run(session, statement, {"which": verification_id, **known}).rowcount == 1


def changed(session: Session, verification: Verification, **values: Any) -> Verification:
    """The row as it now stands, without reading it again; it leaves the session, so that nothing is written twice."""
    session.expunge(verification)
    for name, value in values.items():
        setattr(verification, name, value)
    return verification


def ended_sentence(verification: Verification) -> str:
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
