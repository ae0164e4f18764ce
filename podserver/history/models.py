"""Tables of the history. All of them only grow: the database itself refuses UPDATE and DELETE (migration 0001)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from podserver.database import Base, UtcDateTime
from podserver.security.sealing import SealedText
from podserver.tenancy import TenantOwned

# SQLite numbers rows by itself only in INTEGER columns.
_Id = BigInteger().with_variant(Integer, "sqlite")


class HistoryEvent(TenantOwned, Base):
    """One thing that happened. Destinations are masked, codes never appear."""

    __tablename__ = "history_events"
    __table_args__ = (Index(None, "tenant_id", "at"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(160), default="")
    verification: Mapped[str | None] = mapped_column(String(26))
    integration_id: Mapped[int | None] = mapped_column()
    ticket: Mapped[str] = mapped_column(String(40), default="")
    contact: Mapped[str] = mapped_column(String(40), default="")
    contact_name: Mapped[str] = mapped_column(String(160), default="")
    company_name: Mapped[str] = mapped_column(String(160), default="")
    destination: Mapped[str] = mapped_column(String(120), default="")
    method: Mapped[str] = mapped_column(String(20), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class HistorySeal(TenantOwned, Base):
    """An event's place in its tenant's chain. The sealer writes it after the event is committed."""

    __tablename__ = "history_seals"
    __table_args__ = (UniqueConstraint("tenant_id", "position"),)

    event_id: Mapped[int] = mapped_column(_Id, ForeignKey("history_events.id"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(_Id)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    event: Mapped[HistoryEvent] = relationship()


class HistoryCheckpoint(TenantOwned, Base):
    """A signature over the chain up to a position."""

    __tablename__ = "history_checkpoints"
    __table_args__ = (UniqueConstraint("tenant_id", "position"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    position: Mapped[int] = mapped_column(_Id)
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    signature: Mapped[str] = mapped_column(String(120))


class HistoryKey(TenantOwned, Base):
    """The tenant's Ed25519 key: the private half sealed, the public half for whoever checks."""

    __tablename__ = "history_keys"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public: Mapped[str] = mapped_column(String(60))
    private: Mapped[str] = mapped_column(SealedText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
