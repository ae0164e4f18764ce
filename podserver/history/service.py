"""Recording events, in the caller's transaction: an outcome and its event stand or fall together."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from podserver.history.models import HistoryEvent, HistoryKey
from podserver.tenancy import Batch, add_rows, bound_tenant, tenant_insert


class Kind(enum.StrEnum):
    """Every kind of event there is."""

    REQUESTED = "requested"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    DELIVERY_UNKNOWN = "delivery unknown"
    VERIFIED = "verified"
    WRONG_CODE = "wrong code"
    WRONG_NUMBER = "wrong number"
    BY_HAND = "recorded by hand"
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
    KEYS_REFUSED = "PSA keys refused"
    SMS_CHANGED = "SMS account changed"
    MAIL_CHANGED = "mail server changed"
    DUO_CHANGED = "Duo keys changed"
    DUO_LINKED = "Duo user found"
    MICROSOFT_CHANGED = "Microsoft set-up changed"
    MICROSOFT_CONSENT = "Microsoft consent"
    BRANDING_CHANGED = "branding changed"
    POLICY_CHANGED = "policy changed"
    TICKETING_CHANGED = "ticketing profile changed"
    TICKET_OPENED = "ticket opened"
    TICKET_FAILED = "ticket not opened"
    NOTE_POSTED = "note posted"
    NOTE_FAILED = "note failed"
    FORGED_CALLBACK = "forged callback refused"
    SETTINGS_CHANGED = "settings changed"
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


_APPEND = tenant_insert(HistoryEvent)


def record(session: Session, at: datetime, *entries: Entry) -> None:
    """Append events in the caller's transaction, in one statement whatever their number."""
    add_rows(session, events_to_add(at, *entries))


def events_to_add(at: datetime, *entries: Entry) -> Batch:
    """What :func:`record` would append, for a caller that adds it together with rows of its own."""
    return _APPEND, [
        {
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
    ]


@dataclass(frozen=True, slots=True)
class Filter:
    """What the history page and the exports can narrow by; empty fields do not.

    ``actor`` narrows to what one person did, with all that came of the verifications that they asked for.
    """

    since: datetime | None = None
    kinds: frozenset[Kind] = frozenset()
    text: str = ""
    actor: str = ""


def events(session: Session, wanted: Filter, *, limit: int, before: int | None = None) -> list[HistoryEvent]:
    """The tenant's events, newest first. ``before`` is the id of the last row of the page before."""
    statement = select(HistoryEvent).where(*_criteria(session, wanted)).order_by(HistoryEvent.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(HistoryEvent.id < before)
    return list(session.scalars(statement))


def counts(session: Session, wanted: Filter) -> dict[Kind, int]:
    """How many of the tenant's events there are of each kind."""
    statement = select(HistoryEvent.kind, func.count()).where(*_criteria(session, wanted)).group_by(HistoryEvent.kind)
    return {Kind(row[0]): int(row[1]) for row in session.execute(statement)}


def counts_by_day(session: Session, wanted: Filter, days: Sequence[datetime]) -> list[int]:
    """How many of the tenant's events fall into the 24 hours from each of ``days``."""
    on_day = [and_(HistoryEvent.at >= day, HistoryEvent.at < day + timedelta(days=1)) for day in days]
    columns = [func.coalesce(func.sum(case((within, 1), else_=0)), 0) for within in on_day]
    statement = select(*columns).select_from(HistoryEvent).where(*_criteria(session, wanted))
    return [int(number) for number in session.execute(statement).one()]


def public_key(session: Session) -> str:
    """The public half of the bound tenant's key, against which exports are proved."""
    return session.scalars(select(HistoryKey.public).where(HistoryKey.tenant_id == bound_tenant(session))).one()


def _criteria(session: Session, wanted: Filter) -> list[ColumnElement[bool]]:
    # The tenant is said aloud: the session adds it by itself to statements that read rows, not to bare sums.
    tenant_id = bound_tenant(session)
    criteria: list[ColumnElement[bool]] = [HistoryEvent.tenant_id == tenant_id]
    if wanted.since is not None:
        criteria.append(HistoryEvent.at >= wanted.since)
    if wanted.kinds:
        criteria.append(HistoryEvent.kind.in_(sorted(kind.value for kind in wanted.kinds)))
    if wanted.actor:
        asked = select(HistoryEvent.verification).where(
            HistoryEvent.tenant_id == tenant_id,
            HistoryEvent.kind == Kind.REQUESTED.value,
            HistoryEvent.actor == wanted.actor,
        )
        criteria.append((HistoryEvent.actor == wanted.actor) | HistoryEvent.verification.in_(asked))
    if wanted.text:
        text = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        criteria.append(
            HistoryEvent.contact_name.ilike(f"%{text}%", escape="\\")
            | HistoryEvent.company_name.ilike(f"%{text}%", escape="\\")
            | HistoryEvent.ticket.ilike(f"{text.lstrip('#')}%", escape="\\")
            | HistoryEvent.actor.ilike(f"%{text}%", escape="\\")
            | HistoryEvent.destination.ilike(f"%{text}%", escape="\\")
        )
    return criteria
