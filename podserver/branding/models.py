"""The table of how a tenant looks towards its clients' users."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.tenancy import TenantOwned


class Branding(TenantOwned, Base):
    """Name, colour, texts and logo. ``public_key`` names the tenant in the addresses of its logo and style.

    ``logo`` is a PNG that this server drew anew from what was uploaded.
    """

    __tablename__ = "brandings"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_key: Mapped[str] = mapped_column(String(26), unique=True)
    accent: Mapped[str] = mapped_column(String(7), default="#2457d6")
    signature: Mapped[str] = mapped_column(Text, default="")
    footer: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(12), default="en-US")
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
