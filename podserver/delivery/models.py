"""Tables of the outbox, the inbox and the SMS account."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.security.sealing import SealedText
from podserver.tenancy import TenantOwned


class Progress(enum.StrEnum):
    """How far an outbox row is.

    ready: decided, not begun. handing_over: a worker began and has not said how it ended. done: the other side
    has it. failed: it never will. unknown: handed over or not, nobody can tell; never repeated by itself.
    dropped: no longer wanted before it was begun.
    """

    READY = "ready"
    HANDING_OVER = "handing_over"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class OutboxRow(TenantOwned, Base):
    """Work for the outside world, written in the transaction that decided it.

    ``topic`` and ``subject`` say to whom the result is reported. ``payload`` is sealed JSON whose shape the channel
    defines; it is emptied when the row ends, or, while it is ``held``, when the other side is done with it.
    ``receipt_key`` is the opaque id in callback URLs.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        # Only what is open is ever looked for; what has ended must not weigh on every write.
        Index(
            "ix_outbox_open",
            "due_at",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index("ix_outbox_held", "ended_at", postgresql_where=text("held"), sqlite_where=text("held")),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(26))
    payload: Mapped[str] = mapped_column(SealedText)
    progress: Mapped[Progress] = mapped_column(String(16), default=Progress.READY)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    nudged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held: Mapped[bool] = mapped_column(default=False)
    receipt_key: Mapped[str] = mapped_column(String(26), unique=True)
    provider_ref: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[str] = mapped_column(String(24), default="")
    error: Mapped[str] = mapped_column(String(400), default="")


class InboxRow(TenantOwned, Base):
    """A provider's callback, stored before it is applied. Doubles fall on the unique key."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("provider", "event_key"),
        # Only what waits is ever looked for.
        Index(
            "ix_inbox_waiting",
            "received_at",
            postgresql_where=text("applied_at IS NULL"),
            sqlite_where=text("applied_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    event_key: Mapped[str] = mapped_column(String(120))
    outbox_id: Mapped[str] = mapped_column(ForeignKey("outbox.id"), index=True)
    status: Mapped[str] = mapped_column(String(24))
    code: Mapped[str] = mapped_column(String(12), default="")
    provider_ref: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SmsAccount(TenantOwned, Base):
    """The tenant's Twilio account, the number or messaging service that texts come from, and the number that calls."""

    __tablename__ = "sms_accounts"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_sid: Mapped[str] = mapped_column(String(34))
    auth_token: Mapped[str] = mapped_column(SealedText)
    sender: Mapped[str] = mapped_column(String(34))
    voice_sender: Mapped[str] = mapped_column(String(34), default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WorkerPulse(Base):
    """When each part of the worker was last alive, and what it lags behind; belongs to no tenant."""

    __tablename__ = "worker_pulses"

    part: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    lag_seconds: Mapped[float] = mapped_column(default=0.0)
