"""The outbox: work that must not be lost, written in the transaction that decided it.

A row is handed over in three steps: leased in one transaction, handed to its channel with no transaction open,
recorded in another. Whoever dies between the steps leaves a row that says how far it came. A channel that can look
for its own traces (PSA notes) is repeated after the lease ran out; one that cannot (SMS) ends as *unknown*, and is
never repeated by itself.

Rooms hand in rows with :func:`add` and hear of results through the :class:`Topic` that they registered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from podserver.database import writing
from podserver.delivery.models import OutboxRow, Progress
from podserver.logs import logger
from podserver.security import sealing
from podserver.tenancy import Batch, across_tenants, add_rows, bind_tenant, tenant_insert

log = logger(__name__)

# How long a failed hand-over waits before the next try; the last entry repeats.
BACKOFF = tuple(timedelta(seconds=s) for s in (3, 10, 30, 60, 120, 300, 600))
GIVE_UP_AFTER = timedelta(days=3)
# The statuses a message can have, by rank: a report of a lower rank never overwrites a higher one (channels fact
# sheet 1.5).
RANK = {"": -1, "accepted": 0, "scheduled": 0, "queued": 1, "sending": 2, "sent": 3, "delivered": 4, "undelivered": 4,
        "failed": 4, "canceled": 4, "read": 5,
        # A telephone call: spoken is once its words were said, and what the callee answered outranks all.
        "initiated": 2, "ringing": 2.5, "in-progress": 3, "spoken": 4, "busy": 4, "no-answer": 4, "machine": 4,
        "hung-up": 4, "completed": 4.5, "not_asked": 5}  # fmt: skip
# After these nothing more is wanted of a payload that a channel holds.
ENDS = frozenset({"completed", "busy", "no-answer", "machine", "hung-up", "failed", "canceled", "not_asked"})


@dataclass(frozen=True, slots=True)
class Job:
    """What a channel gets. ``attempt`` counts from 1; ``deadline`` is when the lease ends."""

    id: str
    tenant_id: int
    attempt: int
    payload: dict[str, Any] = field(repr=False)
    receipt_key: str = field(repr=False)
    created_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side has it; ``reference`` is its id there, ``status`` its first status.

    ``reason`` says more about a status, in a technician's words; ``also`` is what the topic is told besides.
    """

    reference: str
    status: str = ""
    reason: str = ""
    also: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be accepted; ``code`` is the provider's number, ``reason`` a technician's sentence."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class TryLater:
    """It was not carried out, or can be looked for before it is repeated. ``wait`` overrides the back-off."""

    reason: str
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been carried out; nobody can tell."""

    reason: str


Outcome = Accepted | Refused | TryLater | Unknown


class Channel(Protocol):
    """A way out.

    ``repeatable`` says that a repeat does no harm, or first looks for the traces of the attempt before. ``holds``
    says that the payload is still wanted after the hand-over, until the other side is done with it. ``patient`` says
    that a hand-over mostly waits, so that it must not take a worker from messages.
    """

    repeatable: bool
    holds: bool
    patient: bool

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Do the work once. The session has no transaction open, and must have none after."""

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Find out whether an unknown hand-over was carried out after all; None when it cannot be said."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a row: ``progress`` of the hand-over and ``status`` of the message at its provider.

    ``reference`` is the message's id there, ``also`` what else the channel knows.
    """

    subject: str
    progress: Progress
    status: str
    reason: str
    code: str
    at: datetime
    reference: str = ""
    also: Mapping[str, Any] = field(default_factory=dict)


class Topic(Protocol):
    """A room's ear. Both are called inside the transaction that changes the row."""

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """Whether the work is still wanted, asked just before it is begun."""

    def report(self, session: Session, report: Report) -> None:
        """Take note of a result."""


@dataclass(slots=True)
class Exchange:
    """The channels and topics of a process, and how a worker is told of new rows."""

    channels: dict[str, Channel] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    nudge: Callable[[str], None] = lambda _row_id: None
    # Hands a patient channel's row over on a thread of its own; a process without such threads nudges.
    wait_for: Callable[[str], None] | None = None
    lease: timedelta = timedelta(seconds=25)


_ADD = tenant_insert(OutboxRow)


def add(session: Session, *, channel: str, topic: str, subject: str, payload: dict[str, Any], at: datetime) -> str:
    """Write a row in the caller's transaction and return its id; the caller nudges a worker after the commit."""
    row_id, row = row_to_add(channel=channel, topic=topic, subject=subject, payload=payload, at=at)
    add_row(session, row)
    return row_id


def add_row(session: Session, row: Batch) -> None:
    """Write what :func:`row_to_add` made, in the caller's transaction."""
    add_rows(session, row)


def row_to_add(*, channel: str, topic: str, subject: str, payload: dict[str, Any], at: datetime) -> tuple[str, Batch]:
    """The id and the row that :func:`add` would write, for a caller that adds it together with rows of its own."""
    row_id = sealing.random_id()
    row = {
        "id": row_id,
        "channel": channel,
        "topic": topic,
        "subject": subject,
        "payload": json.dumps(payload),
        "progress": Progress.READY,
        "attempts": 0,
        "created_at": at,
        "due_at": at,
        "nudged_at": at,
        "held": False,
        "receipt_key": sealing.random_id(),
        "provider_ref": "",
        "status": "",
        "error": "",
    }
    return row_id, (_ADD, [row])


def deliver(session: Session, exchange: Exchange, row_id: str, clock: Callable[[], datetime]) -> None:
    """Hand one row over, if it is due and nobody else has it."""
    job, channel_name = _lease(session, exchange, row_id, clock())
    if job is None:
        return
    try:
        outcome = exchange.channels[channel_name].hand_over(session, job)
    except Exception:
        # A channel that breaks must not lose the row: whether it acted is as unknown as after a crash.
        log.exception("outbox.channel_broke", outbox=row_id, channel=channel_name)
        session.rollback()
        outcome = Unknown("the hand-over broke off")
    _record(session, exchange, job, outcome, clock())


def _lease(session: Session, exchange: Exchange, row_id: str, at: datetime) -> tuple[Job | None, str]:
    with writing(session):
        with across_tenants(session):
            row = session.scalar(
                select(OutboxRow)
                .where(OutboxRow.id == row_id, OutboxRow.progress == Progress.READY, OutboxRow.due_at <= at)
                .with_for_update(skip_locked=True)
            )
        if row is None:
            return None, ""
        bind_tenant(session, row.tenant_id)
        if not exchange.topics[row.topic].wanted(session, row.subject, at):
            _close(row, Progress.DROPPED, at)
            return None, ""
        row.progress = Progress.HANDING_OVER
        row.begun_at = at
        row.attempts += 1
        return job_of(row, at + exchange.lease), row.channel


def job_of(row: OutboxRow, deadline: datetime) -> Job:
    """What a channel is told of a row that it has until ``deadline``."""
    return Job(
        id=row.id,
        tenant_id=row.tenant_id,
        attempt=row.attempts,
        payload=json.loads(row.payload),
        receipt_key=row.receipt_key,
        created_at=row.created_at,
        deadline=deadline,
    )


def _record(session: Session, exchange: Exchange, job: Job, outcome: Outcome, at: datetime) -> None:
    bind_tenant(session, job.tenant_id)
    with writing(session):
        row = session.scalar(locked(job.id))
        if row is None or row.attempts != job.attempt:
            return
        if row.progress not in (Progress.HANDING_OVER, Progress.UNKNOWN):
            # A receipt came before the answer and has settled the row; only the reference may be missing.
            if isinstance(outcome, Accepted) and not row.provider_ref:
                row.provider_ref = outcome.reference
            return
        settle(session, exchange, row, outcome, at)


def locked(row_id: str) -> Select[Any]:
    """The row as it stands once it is locked: the session may hold it from before it waited."""
    return select(OutboxRow).where(OutboxRow.id == row_id).with_for_update().execution_options(populate_existing=True)


def settle(session: Session, exchange: Exchange, row: OutboxRow, outcome: Outcome, at: datetime) -> None:
    """Record what came of a row, and report it, in the caller's transaction, which holds the row locked."""
    code = ""
    also: Mapping[str, Any] = {}
    match outcome:
        case Accepted(reference, status, reason, also):
            row.provider_ref = reference
            row.status = status
            row.error = reason
            _close(row, Progress.DONE, at, keep=exchange.channels[row.channel].holds)
        case Refused(reason, code):
            row.error = reason
            _close(row, Progress.FAILED, at)
        case Unknown(reason) if not exchange.channels[row.channel].repeatable:
            row.error = reason
            row.progress = Progress.UNKNOWN
        case Unknown(reason) | TryLater(reason):
            row.error = reason
            row.progress = Progress.READY
            wait = outcome.wait if isinstance(outcome, TryLater) else None
            row.due_at = at + (wait or BACKOFF[min(row.attempts, len(BACKOFF)) - 1])
            if at - row.created_at > GIVE_UP_AFTER:
                _close(row, Progress.FAILED, at)
    log.info("outbox.handed_over", outbox=row.id, channel=row.channel, progress=row.progress, attempt=row.attempts)
    exchange.topics[row.topic].report(
        session, Report(row.subject, row.progress, row.status, row.error, code, at, row.provider_ref, also)
    )


def _close(row: OutboxRow, progress: Progress, at: datetime, *, keep: bool = False) -> None:
    row.progress = progress
    row.ended_at = at
    row.held = keep
    if not keep:
        row.payload = "{}"


def apply_status(
    session: Session,
    exchange: Exchange,
    row: OutboxRow,
    *,
    status: str,
    code: str,
    reason: str,
    reference: str,
    at: datetime,
) -> bool:
    """Apply a provider's status to a locked row, never backwards; return whether anything changed.

    A receipt proves that the message was accepted, so it settles a row that is being handed over or unknown.
    """
    if not row.provider_ref:
        row.provider_ref = reference
    holds = exchange.channels[row.channel].holds
    if row.progress in (Progress.HANDING_OVER, Progress.UNKNOWN, Progress.READY):
        _close(row, Progress.DONE, at, keep=holds)
    if holds and status in ENDS:
        row.payload, row.held = "{}", False
    if RANK.get(status, -1) <= RANK.get(row.status, -1):
        return False
    row.status = status
    row.error = reason
    exchange.topics[row.topic].report(session, Report(row.subject, row.progress, status, reason, code, at))
    return True
