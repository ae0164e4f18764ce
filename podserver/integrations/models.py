"""Tables of integrations."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Final

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from podserver.accounts.models import Tenant
from podserver.database import Base, UtcDateTime
from podserver.security.sealing import SealedFields
from podserver.tenancy import TenantOwned

KEYS_REFUSED: Final = "The keys are refused."
"""How a problem begins that lasts until the PSA confirms the keys, or new ones."""


class Psa(enum.StrEnum):
    """The PSAs that podserver knows."""

    CONNECTWISE = "connectwise"
    HALO = "halo"
    AUTOTASK = "autotask"
    KASEYA_BMS = "kaseya_bms"
    SUPEROPS = "superops"


class Integration(TenantOwned, Base):
    """One connection to one PSA.

    ``pod_key`` names the integration in pod URLs: random, so that nobody enumerates tenants, but no secret.
    ``site`` says in a line where the PSA is. ``origin`` lists the PSA's origins in the technician's browser, separated
    by spaces, the only ones that may frame the pod; empty where the PSA frames nothing. ``values`` are the fields of
    the set-up page by name, ``secrets`` those that are never shown again.
    ``checked_at`` is when the PSA last confirmed the keys; ``problem`` the last refusal, in words.
    """

    __tablename__ = "integrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    psa: Mapped[Psa] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    pod_key: Mapped[str] = mapped_column(String(26), unique=True)
    site: Mapped[str] = mapped_column(String(300))
    origin: Mapped[str] = mapped_column(String(600))
    values: Mapped[dict[str, str]] = mapped_column(JSON)
    secrets: Mapped[dict[str, str]] = mapped_column(SealedFields)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str] = mapped_column(String(400), default="")
    loaded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    loaded_from: Mapped[str] = mapped_column(String(200), default="")
    tenant: Mapped[Tenant] = relationship()

    @property
    def refused(self) -> bool:
        """Whether the PSA refuses the keys, so that an admin has to connect it anew."""
        return self.problem.startswith(KEYS_REFUSED)
