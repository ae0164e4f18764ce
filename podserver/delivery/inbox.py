"""The inbox: providers' callbacks, stored before they are applied, doubles dropped by a unique key."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.database import release, writing
from podserver.delivery import outbox, twilio_errors
from podserver.delivery.models import InboxRow, OutboxRow
from podserver.logs import logger
from podserver.tenancy import across_tenants, bind_tenant, tenant_upsert

log = logger(__name__)


def store_status(
    session: Session, *, outbox_id: str, reference: str, status: str, code: str, at: datetime
) -> int | None:
    """Keep a Twilio status callback; None when it is a double.

    The key is message and status together: the several callbacks of one message share its id (channels fact sheet
    2.4).
    """
    statement = tenant_upsert(
        session,
        InboxRow,
        [
            {
                "provider": "twilio",
                "event_key": f"{reference}:{status}",
                "outbox_id": outbox_id,
                "status": status,
                "code": code,
                "provider_ref": reference,
                "received_at": at,
            }
        ],
    )
    statement = statement.on_conflict_do_nothing(index_elements=["provider", "event_key"]).returning(InboxRow.id)
    found: int | None = session.execute(statement).scalar_one_or_none()
    return found


def apply(session: Session, exchange: outbox.Exchange, inbox_id: int, at: datetime) -> None:
    """Apply one stored callback of the bound tenant, once; its outbox row is locked first."""
    with writing(session):
        row = session.scalar(select(InboxRow).where(InboxRow.id == inbox_id, InboxRow.applied_at.is_(None)))
        if row is None:
            return
        sent = session.scalar(outbox.locked(row.outbox_id))
        if sent is not None:
            called = sent.channel == "voice"
            status = _as_it_ended(sent, row.status) if called else row.status
            reason = _reason(called, status, row.code)
            outbox.apply_status(
                session,
                exchange,
                sent,
                status=status,
                code=row.code,
                reason=reason,
                reference=row.provider_ref,
                at=at,
            )
        row.applied_at = at


def _as_it_ended(sent: OutboxRow, status: str) -> str:
    """A call that is over without the code having been said was hung up on."""
    unsaid = outbox.RANK.get(sent.status, -1) < outbox.RANK["spoken"]
    return "hung-up" if status == "completed" and unsaid else status


def _reason(called: bool, status: str, code: str) -> str:
    if called:
        return twilio_errors.call_end(status, code)
    return twilio_errors.explain(code) if status in ("failed", "undelivered") else ""


def sweep(session: Session, exchange: outbox.Exchange, at: datetime) -> int:
    """Apply callbacks whose request died before it applied them; return how many."""
    with across_tenants(session):
        waiting = list(
            session.execute(
                select(InboxRow.id, InboxRow.tenant_id)
                .where(InboxRow.applied_at.is_(None), InboxRow.received_at < at - timedelta(seconds=2))
                .order_by(InboxRow.id)
                .limit(200)
            )
        )
        release(session)
    for inbox_id, tenant_id in waiting:
        bind_tenant(session, tenant_id)
        apply(session, exchange, inbox_id, at)
    return len(waiting)
