"""How a contact stands: what was asked of them lately, and whether they are locked. One SELECT, as it is polled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from podserver.integrations.models import Integration
from podserver.verification import alarm, limits
from podserver.verification.models import Guard, State, Verification

_MOST: Final = 40

# Made once. The integration stands first, so that a contact whom nobody has asked yet still gives a row.
_STANDING: Final = (
    select(Verification, Guard.locked_until, Guard.lock_reason)
    .select_from(Integration)
    .outerjoin(
        Guard,
        and_(
            Guard.integration_id == Integration.id,
            Guard.contact == bindparam("contact"),
            Guard.destination_key == "",
        ),
    )
    .outerjoin(
        Verification,
        and_(
            Verification.integration_id == Integration.id,
            Verification.contact == bindparam("contact"),
            Verification.created_at > bindparam("since"),
            Verification.state != State.SUPERSEDED,
        ),
    )
    .where(Integration.id == bindparam("integration"))
    .order_by(Verification.created_at.desc())
    .limit(_MOST)
)


@dataclass(frozen=True, slots=True)
class Lock:
    """Why nothing can be sent to a contact, whoever asks. ``until`` is None where only an admin lifts it.

    ``alarm`` says that the contact did not ask for what was sent, ``said_at`` when they said so, as far as it is known.
    """

    reason: str
    until: datetime | None
    alarm: bool = False
    said_at: datetime | None = None

    @property
    def version(self) -> str:
        """Names this lock to the page that shows it."""
        return f"{'alarm' if self.alarm else 'lock'}-{self.until.timestamp():.0f}" if self.until else "for-good"


@dataclass(frozen=True, slots=True)
class Standing:
    """A contact's verifications of the last day, newest first and none superseded, and the lock if there is one."""

    verifications: list[Verification]
    lock: Lock | None = None

    @property
    def lock_version(self) -> str:
        """As :attr:`Lock.version`; ``none`` where there is no lock."""
        return self.lock.version if self.lock else "none"


def standing_of(session: Session, *, integration_id: int, contact: str, at: datetime) -> Standing:
    """How a contact stands now."""
    known = {"integration": integration_id, "contact": contact, "since": at - limits.DAY}
    found = session.execute(_STANDING, known).all()
    verifications = [row.Verification for row in found if row.Verification is not None]
    until = found[0].locked_until if found else None
    if until is None or until <= at:
        return Standing(verifications)
    alarmed = found[0].lock_reason == alarm.REASON
    said_at = next((v.ended_at for v in verifications if v.alarm), None) if alarmed else None
    return Standing(verifications, Lock(found[0].lock_reason, until if until.year < 9999 else None, alarmed, said_at))
