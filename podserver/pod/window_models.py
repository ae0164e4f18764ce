"""Tables of the sign-in window: the tickets that lead from a frame to a window and back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from podserver.database import Base, UtcDateTime
from podserver.tenancy import TenantOwned


class SignInWindow(TenantOwned, Base):
    """One sign-in that began in a frame and is to be finished in a window of its own.

    The window's address holds the handle, the frame's memory the secret; here are their fingerprints. ``address_hash``
    is a keyed hash of the frame's network address. It is used, ended or over, and never opened again.
    """

    __tablename__ = "sign_in_windows"

    id: Mapped[int] = mapped_column(primary_key=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"), index=True)
    handle_hash: Mapped[str] = mapped_column(String(64), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    record: Mapped[str] = mapped_column(String(60))
    address_hash: Mapped[str] = mapped_column(String(64))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    wrong_numbers: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
