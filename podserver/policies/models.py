"""Tables of policies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.tenancy import TenantOwned


class PolicyRow(TenantOwned, Base):
    """The tenant's default (no integration, no company), or what one client changes of it.

    ``company`` is the PSA's id of the client, ``company_name`` its name when the policy was last saved. ``settings``
    is JSON of the settings that are set here (see ``policy.py``); ``version`` counts the changes. ``risk`` is the text
    of the risk that an admin accepted with these settings, empty where there was none to accept.
    """

    __tablename__ = "policies"
    __table_args__ = (
        Index(
            "uq_policies_default",
            "tenant_id",
            unique=True,
            postgresql_where=text("integration_id IS NULL"),
            sqlite_where=text("integration_id IS NULL"),
        ),
        Index("uq_policies_client", "integration_id", "company", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    company: Mapped[str] = mapped_column(String(40), default="")
    company_name: Mapped[str] = mapped_column(String(160), default="")
    settings: Mapped[str] = mapped_column(Text, default="{}")
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(String(120), default="")
    risk: Mapped[str] = mapped_column(Text, default="")
    risk_accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    risk_accepted_by: Mapped[str] = mapped_column(String(120), default="")
