"""What comes by again and again: rows whose worker died, whose hint was lost, or of which nobody knows what became."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from podserver.database import release, writing
from podserver.delivery.models import OutboxRow, Progress
from podserver.delivery.outbox import Exchange, Unknown, job_of, locked, settle
from podserver.tenancy import across_tenants, bind_tenant


def sweep(session: Session, exchange: Exchange, at: datetime) -> int:
    """Take up what a dead process left: leases that ran out, and ready rows whose task was lost.

    Returns how many rows were taken up.
    """
    with across_tenants(session):
        stale = list(
            session.execute(
                select(OutboxRow.id, OutboxRow.tenant_id)
                .where(
                    OutboxRow.ended_at.is_(None),
                    OutboxRow.progress == Progress.HANDING_OVER,
                    OutboxRow.begun_at < at - exchange.lease,
                )
                .limit(200)
            )
        )
        release(session)
    for row_id, tenant_id in stale:
        bind_tenant(session, tenant_id)
        with writing(session):
            row = session.scalar(
                select(OutboxRow)
                .where(
                    OutboxRow.id == row_id,
                    OutboxRow.progress == Progress.HANDING_OVER,
                    OutboxRow.begun_at < at - exchange.lease,
                )
                .with_for_update(skip_locked=True)
            )
            if row is not None:
                settle(session, exchange, row, Unknown("the worker stopped during the hand-over"), at)
    lost = _lost(session, at)
    for row_id, channel in lost:
        patient = exchange.channels[channel].patient
        (exchange.wait_for if patient and exchange.wait_for else exchange.nudge)(row_id)
    return len(stale) + len(lost)


def _lost(session: Session, at: datetime) -> list[tuple[str, str]]:
    with across_tenants(session), writing(session):
        quiet = at - timedelta(seconds=2)
        rows = list(
            session.execute(
                select(OutboxRow.id, OutboxRow.channel)
                .where(
                    OutboxRow.ended_at.is_(None),
                    OutboxRow.progress == Progress.READY,
                    OutboxRow.due_at <= at,
                    or_(OutboxRow.nudged_at < quiet, OutboxRow.nudged_at < OutboxRow.due_at),
                    OutboxRow.created_at < at - timedelta(seconds=1),
                )
                .order_by(OutboxRow.due_at)
                .limit(200)
                .with_for_update(skip_locked=True)
            )
        )
        if rows:
            session.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_([row.id for row in rows]))
                .values(nudged_at=at)
                .execution_options(synchronize_session=False)
            )
    return [(row.id, row.channel) for row in rows]


def resolve_unknown(session: Session, exchange: Exchange, at: datetime) -> int:
    """Ask the providers after 20 s what became of unknown hand-overs; return how many were found."""
    with across_tenants(session):
        rows = list(
            session.scalars(
                select(OutboxRow)
                .where(
                    OutboxRow.ended_at.is_(None),
                    OutboxRow.progress == Progress.UNKNOWN,
                    OutboxRow.begun_at < at - timedelta(seconds=20),
                    OutboxRow.nudged_at < at - timedelta(seconds=20),
                    OutboxRow.created_at > at - timedelta(minutes=15),
                )
                .limit(50)
            )
        )
        jobs = [(job_of(row, at + exchange.lease), row.channel) for row in rows]
        release(session)
    found = 0
    for job, channel_name in jobs:
        bind_tenant(session, job.tenant_id)
        accepted = exchange.channels[channel_name].look_up(session, job)
        with writing(session):
            row = session.scalar(locked(job.id))
            if row is None or row.progress != Progress.UNKNOWN:
                continue
            row.nudged_at = at
            if accepted is not None:
                found += 1
                settle(session, exchange, row, accepted, at)
    _empty_old_unknown(session, at)
    return found


def _empty_old_unknown(session: Session, at: datetime) -> None:
    """A code that nobody can use any more is not kept, sealed or not."""
    too_old = at - timedelta(minutes=15)
    with across_tenants(session), writing(session):
        for criteria in (
            (OutboxRow.progress == Progress.UNKNOWN, OutboxRow.ended_at.is_(None), OutboxRow.created_at <= too_old),
            # A call whose last word never came.
            (OutboxRow.held.is_(True), OutboxRow.ended_at <= too_old),
        ):
            # The session stands across tenants here, so rows are changed by statement, not by flush.
            session.execute(
                update(OutboxRow)
                .where(*criteria)
                .values(ended_at=at, payload="{}", held=False)
                .execution_options(synchronize_session=False)
            )
