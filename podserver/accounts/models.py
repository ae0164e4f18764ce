"""Tables of tenants, users and their sign-ins."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Protocol

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from podserver.database import Base, UtcDateTime
from podserver.security.sealing import SealedText
from podserver.tenancy import TenantOwned


class Role(enum.StrEnum):
    """What a user may do: an admin everything, a technician verify, an auditor read."""

    ADMIN = "admin"
    TECHNICIAN = "technician"
    AUDITOR = "auditor"


class Tenant(Base):
    """One MSP. ``hash_key`` keys the hashes of its codes and destinations, so that a dump of one tenant's rows
    confirms no guess; it is sealed, and stays the same when the secret keys rotate. Minutes are whole; a budget of
    None is no limit. ``tools`` names, separated by commas, what is set up to reach people by (see ``tools.py``); the
    rooms that keep the accounts write it, so that a pod need not look at each of them."""

    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    hash_key: Mapped[str] = mapped_column(SealedText)
    region: Mapped[str] = mapped_column(String(2), default="US")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    members_may_join: Mapped[bool] = mapped_column(default=True)
    minutes_cached: Mapped[int] = mapped_column(default=15)
    tools: Mapped[str] = mapped_column(String(120), default="")
    sends_per_hour: Mapped[int | None] = mapped_column(default=50)
    technician_sends_per_hour: Mapped[int | None] = mapped_column(default=30)


class Msp(Protocol):
    """What a verification has to know of a tenant, whoever has read it."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def hash_key(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def minutes_cached(self) -> int: ...
    @property
    def tools(self) -> str: ...
    @property
    def sends_per_hour(self) -> int | None: ...
    @property
    def technician_sends_per_hour(self) -> int | None: ...


class User(TenantOwned, Base):
    """A person at the MSP. Without a password hash the user can only come in through a PSA.

    What was signed in before ``password_set_at`` has ended.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[Role] = mapped_column(String(12))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tenant: Mapped[Tenant] = relationship()


class PsaMember(TenantOwned, Base):
    """Which user a PSA's member is. ``member`` is the login name in lower case."""

    __tablename__ = "psa_members"
    __table_args__ = (UniqueConstraint("integration_id", "member"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    member: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    user: Mapped[User] = relationship()


class SignIn(TenantOwned, Base):
    """A portal session. The cookie holds a random token; the row holds its fingerprint."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship()


class PasswordLink(TenantOwned, Base):
    """A link by which a user sets their password once. The link holds a random token; the row holds its fingerprint."""

    __tablename__ = "password_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship()


class FailureBucket(Base):
    """Failures of one subject in a window; ``key`` is a hash, so that the table names nobody.

    It belongs to no tenant: whoever fails to sign in has none yet.
    """

    __tablename__ = "failure_buckets"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0)
