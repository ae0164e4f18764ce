"""Recording events. The row is written in the caller's transaction, so an outcome and its event stand or fall together."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from podserver.history.models import HistoryEvent
from podserver.tenancy import bound_tenant


class Kind(enum.StrEnum):
    """Every kind of event there is."""

    REQUESTED = "requested"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    DELIVERY_UNKNOWN = "delivery unknown"
    VERIFIED = "verified"
    WRONG_CODE = "wrong code"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    LOCKED = "locked"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LATE_PROOF = "late proof refused"
    REFUSED = "request refused"
    OTHER_CONTACT = "other contact chosen"
    UNLOCKED = "unlocked"
    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGNED_OUT = "signed out"
    POD_OPENED = "pod opened"
    POD_REFUSED = "pod refused"
    USER_CHANGED = "user changed"
    INTEGRATION_CHANGED = "integration changed"
    SMS_CHANGED = "SMS account changed"
    NOTE_POSTED = "note posted"
    NOTE_FAILED = "note failed"
    FORGED_CALLBACK = "forged callback refused"
    CREATED = "tenant created"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what an event is about. ``destination`` is masked already."""

    verification: str | None = None
    integration_id: int | None = None
    ticket: str = ""
    contact: str = ""
    contact_name: str = ""
    company_name: str = ""
    destination: str = ""
    method: str = ""


NOBODY = Subject()


@dataclass(frozen=True, slots=True)
class Entry:
    """One event to record."""

    kind: Kind
    subject: Subject = NOBODY
    actor: str = ""
    detail: dict[str, Any] | None = None


def record(session: Session, at: datetime, *entries: Entry) -> None:
    """Append events in the caller's transaction, in one statement whatever their number."""
    tenant_id = bound_tenant(session)
    session.execute(
        insert(HistoryEvent).execution_options(podserver_tenant_rows=True),
        [
            {
                "tenant_id": tenant_id,
                "at": at,
                "kind": entry.kind.value,
                "actor": entry.actor[:160],
                "verification": entry.subject.verification,
                "integration_id": entry.subject.integration_id,
                "ticket": entry.subject.ticket,
                "contact": entry.subject.contact,
                "contact_name": entry.subject.contact_name[:160],
                "company_name": entry.subject.company_name[:160],
                "destination": entry.subject.destination,
                "method": entry.subject.method,
                "detail": entry.detail or {},
            }
            for entry in entries
        ],
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """What the history page and the exports can narrow by; empty fields do not."""

    since: datetime | None = None
    kind: str = ""
    text: str = ""


def events(session: Session, wanted: Filter, *, limit: int, before: int | None = None) -> list[HistoryEvent]:
    """The tenant's events, newest first. ``before`` is the id of the last row of the page before."""
    statement = select(HistoryEvent).order_by(HistoryEvent.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(HistoryEvent.id < before)
    if wanted.since is not None:
        statement = statement.where(HistoryEvent.at >= wanted.since)
    if wanted.kind:
        statement = statement.where(HistoryEvent.kind == wanted.kind)
    if wanted.text:
        text = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        statement = statement.where(
            HistoryEvent.contact_name.ilike(f"%{text}%", escape="\\")
            | HistoryEvent.company_name.ilike(f"%{text}%", escape="\\")
            | HistoryEvent.ticket.ilike(f"{text.lstrip('#')}%", escape="\\")
            | HistoryEvent.actor.ilike(f"%{text}%", escape="\\")
            | HistoryEvent.destination.ilike(f"%{text}%", escape="\\")
        )
    return list(session.scalars(statement))
