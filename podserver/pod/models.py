"""Tables of the pod: what the PSA last said of a record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.security.sealing import SealedText
from podserver.tenancy import TenantOwned


class PsaRecord(TenantOwned, Base):
    """The PSA's last answer about a ticket (``ticket:48213``) or a contact (``contact:77``), sealed JSON.

    It spares the PSA a call for each click, and lets a pod open with a warning while the PSA is down.
    """

    __tablename__ = "psa_records"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"), primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    payload: Mapped[str] = mapped_column(SealedText)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
