"""Tables of the accounts, other than Twilio's, that messages and pushes go through, and whom they know."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.security.sealing import SealedText
from podserver.tenancy import TenantOwned


class MailAccount(TenantOwned, Base):
    """The SMTP server that the tenant's letters go through. ``security`` is starttls or tls; there is no third."""

    __tablename__ = "mail_accounts"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(String(200))
    port: Mapped[int]
    security: Mapped[str] = mapped_column(String(8))
    username: Mapped[str] = mapped_column(String(254), default="")
    password: Mapped[str] = mapped_column(SealedText, default="")
    from_address: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DuoKeys(TenantOwned, Base):
    """One of the tenant's Duo applications. ``kind`` is auth (push), admin (find people) or web (sign-in, later)."""

    __tablename__ = "duo_keys"
    __table_args__ = (UniqueConstraint("tenant_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    host: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(40))
    secret: Mapped[str] = mapped_column(SealedText)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DuoPerson(TenantOwned, Base):
    """Which Duo user a contact is; found once, then used by id, as Duo may shorten names until two people share one."""

    __tablename__ = "duo_people"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"), primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"), primary_key=True)
    contact: Mapped[str] = mapped_column(String(40), primary_key=True)
    email_hash: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(40))
    username: Mapped[str] = mapped_column(SealedText)
    found_by: Mapped[str] = mapped_column(String(20))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MicrosoftApp(TenantOwned, Base):
    """The MSP's own app registration, multi-tenant: sign-in links, consent, and looking people up.

    ``directory`` is the GUID of the MSP's own directory, where the app is registered.
    """

    __tablename__ = "microsoft_apps"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    directory: Mapped[str] = mapped_column(String(36), default="")
    client_id: Mapped[str] = mapped_column(String(36))
    client_secret: Mapped[str] = mapped_column(SealedText)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MicrosoftDirectory(TenantOwned, Base):
    """A client's Microsoft directory, found by the PSA's company.

    ``directory`` is its GUID, ``organisation`` the name that Microsoft has of it. ``consent_state`` is the fingerprint
    of a consent that was begun and has not come back; ``consented_at`` is when its admin's consent was proven. The
    push is off until an admin switches it on, and needs a credential on the directory's own push principal: a
    certificate whose private key never leaves this server, or a secret. ``checked_at`` is when Microsoft last took it,
    ``checking_since`` is set while the worker tries it again and again, ``problem`` is the last refusal, in words.
    """

    __tablename__ = "microsoft_directories"
    __table_args__ = (UniqueConstraint("integration_id", "company"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    company: Mapped[str] = mapped_column(String(40))
    company_name: Mapped[str] = mapped_column(String(160), default="")
    directory: Mapped[str] = mapped_column(String(36), default="")
    organisation: Mapped[str] = mapped_column(String(160), default="")
    consent_state: Mapped[str] = mapped_column(String(64), default="")
    consent_begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consented_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    push_enabled: Mapped[bool] = mapped_column(default=False)
    certificate: Mapped[str] = mapped_column(Text, default="")
    private_key: Mapped[str] = mapped_column(SealedText, default="")
    secret: Mapped[str] = mapped_column(SealedText, default="")
    credential_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checking_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str] = mapped_column(String(400), default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MicrosoftSignInFlow(TenantOwned, Base):
    """A sign-in at Microsoft that was begun. ``state_hash`` is the fingerprint of what comes back, once.

    ``browser_hash`` is that of the cookie in the browser that began it. ``flow`` is sealed JSON of what the exchange
    needs; it keeps no more than the link's token once the sign-in has come back, at ``used_at``.
    """

    __tablename__ = "microsoft_sign_in_flows"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    verification: Mapped[str] = mapped_column(String(26))
    flow: Mapped[str] = mapped_column(SealedText)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
