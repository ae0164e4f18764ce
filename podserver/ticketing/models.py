"""Tables of ticketing profiles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.tenancy import TenantOwned


class TicketingProfile(TenantOwned, Base):
    """How tickets of an integration are opened, closed and marked. One profile of an integration is its default.

    ``chosen`` holds each part that is chosen (see ``parts.py``) as ``{"ref": ..., "name": ...}``, both as the PSA said
    them when the profile was saved; a part that is left to the PSA is absent. ``version`` counts the changes.
    """

    __tablename__ = "ticketing_profiles"
    __table_args__ = (
        Index("uq_ticketing_profiles_name", "integration_id", "name", unique=True),
        Index(
            "uq_ticketing_profiles_default",
            "integration_id",
            unique=True,
            postgresql_where=text("is_default"),
            sqlite_where=text("is_default"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    is_default: Mapped[bool] = mapped_column(default=False)
    chosen: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(String(120), default="")
