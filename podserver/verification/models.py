"""Tables of verifications and of the guards that limit them."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.security.sealing import SealedText
from podserver.tenancy import TenantOwned
from podserver.verification.strength import Strength


class State(enum.StrEnum):
    """Where a verification stands. All but PENDING are final, and a final state never changes."""

    PENDING = "pending"
    VERIFIED = "verified"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    LOCKED = "locked"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Delivery(enum.StrEnum):
    """How far the message of a verification is, as far as anybody knows."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    UNKNOWN = "unknown"


class Verification(TenantOwned, Base):
    """One attempt to prove who is calling: contact, destination, method, ticket, and one end state.

    ``destination_key`` is a keyed hash of contact and destination; ``masked`` is what may be shown and written
    down. ``proof_hash`` is the keyed hash of the code, ``link_hash`` the fingerprint of a link's token.
    ``request_id`` makes a repeated start the same start, ``last_check`` a repeated check the same check.
    ``strength`` and ``worth`` are the class of the proof and its reason, ``marked`` whether something spoke against the
    destination, so that no answer makes it worth more; ``digits`` says that the user has to type the number that is
    read out. ``ticket`` is what people call it, ``ticket_ref`` the PSA's id of it. ``summary`` is the ticket's line
    for the user's page, emptied at the end; ``terms`` what of the policy goes with the request. ``read_out`` is a code
    that a provider gave for the technician to read out, emptied at the end. ``alarm`` says that the user did not ask
    for it. ``note`` is what the technician wrote where the proof is their word.
    """

    __tablename__ = "verifications"
    __table_args__ = (
        UniqueConstraint("tenant_id", "request_id"),
        Index(None, "tenant_id", "integration_id", "contact", "created_at"),
        Index(None, "tenant_id", "created_at"),
        Index(
            "ix_verifications_pending",
            "expires_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index(
            "uq_verifications_link",
            "link_hash",
            unique=True,
            postgresql_where=text("link_hash IS NOT NULL"),
            sqlite_where=text("link_hash IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id"))
    contact: Mapped[str] = mapped_column(String(40))
    contact_name: Mapped[str] = mapped_column(String(160))
    company_name: Mapped[str] = mapped_column(String(160), default="")
    ticket: Mapped[str] = mapped_column(String(40), default="")
    ticket_ref: Mapped[str] = mapped_column(String(40), default="")
    destination_key: Mapped[str] = mapped_column(String(64))
    masked: Mapped[str] = mapped_column(String(120))
    method: Mapped[str] = mapped_column(String(20))
    state: Mapped[State] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(200), default="")
    delivery: Mapped[Delivery] = mapped_column(String(12))
    delivery_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proof_hash: Mapped[str] = mapped_column(String(64))
    link_hash: Mapped[str | None] = mapped_column(String(64))
    strength: Mapped[Strength] = mapped_column(String(1), default=Strength.C)
    worth: Mapped[str] = mapped_column(String(160), default="")
    marked: Mapped[bool] = mapped_column(default=False)
    digits: Mapped[bool] = mapped_column(default=False)
    summary: Mapped[str | None] = mapped_column(SealedText, deferred=True)
    terms: Mapped[str] = mapped_column(Text, default="")
    alarm: Mapped[bool] = mapped_column(default=False)
    read_out: Mapped[str | None] = mapped_column(SealedText)
    note: Mapped[str | None] = mapped_column(SealedText, deferred=True)
    wrong_guesses: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    technician: Mapped[str] = mapped_column(String(120))
    request_id: Mapped[str] = mapped_column(String(64))
    last_check: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    green_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Guard(TenantOwned, Base):
    """The counters of one destination of a contact, or, with an empty ``destination_key``, of the contact.

    They belong to contact and destination, not to a code, so a resend resets nothing. Locking these rows is what
    makes parallel sends and guesses queue, for this contact alone.
    """

    __tablename__ = "guards"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"), primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id"), primary_key=True)
    contact: Mapped[str] = mapped_column(String(40), primary_key=True)
    destination_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    next_guess_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lock_reason: Mapped[str] = mapped_column(String(120), default="")
    day_start: Mapped[datetime] = mapped_column(UtcDateTime)
    day_failures: Mapped[int] = mapped_column(default=0)
    month_start: Mapped[datetime] = mapped_column(UtcDateTime)
    month_failures: Mapped[int] = mapped_column(default=0)
    send_start: Mapped[datetime] = mapped_column(UtcDateTime)
    sends: Mapped[int] = mapped_column(default=0)
    send_day_start: Mapped[datetime] = mapped_column(UtcDateTime)
    day_sends: Mapped[int] = mapped_column(default=0)


class Sighting(TenantOwned, Base):
    """A destination of a contact as the PSA was seen to hold it; tells a change and a number that is shared.

    ``destination_key`` is the target's key; ``number_key`` hashes the number or address alone, so that the same one
    at another contact is found. ``fresh`` says that it came later than the contact's first sighting: a change.
    """

    __tablename__ = "sightings"
    __table_args__ = (Index(None, "tenant_id", "integration_id", "number_key"),)

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"), primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"), primary_key=True)
    contact: Mapped[str] = mapped_column(String(40), primary_key=True)
    destination_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    number_key: Mapped[str] = mapped_column(String(64))
    fresh: Mapped[bool] = mapped_column(default=False)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
