"""How a contact stands: what was asked of them lately, and whether they are locked. One SELECT, as it is polled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, and_, bindparam, select
from sqlalchemy.orm import Session

from podserver.integrations.models import Integration
from podserver.verification import alarm, limits
from podserver.verification.models import Guard, State, Verification

_MOST: Final = 40


def with_standing(statement: Select[Any]) -> Select[Any]:
    """A statement that has the integration, made to tell of a contact's standing too: a row for each verification.

    Parameters besides its own: person, the contact's id, and since. A contact whom nobody has asked yet gives a row.
    """
    return (
        statement.add_columns(Verification, Guard.locked_until, Guard.lock_reason)
        .outerjoin(
            Guard,
            and_(
                Guard.integration_id == Integration.id,
                Guard.contact == bindparam("person"),
                Guard.destination_key == "",
            ),
        )
        .outerjoin(
            Verification,
            and_(
                Verification.integration_id == Integration.id,
                Verification.contact == bindparam("person"),
                Verification.created_at > bindparam("since"),
                Verification.state != State.SUPERSEDED,
            ),
        )
        .order_by(Verification.created_at.desc())
        .limit(_MOST)
    )


# Made once.
_STANDING: Final = with_standing(select().select_from(Integration)).where(Integration.id == bindparam("integration"))


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
    known = {"integration": integration_id, **of(contact, at)}
    return read_standing(session.execute(_STANDING, known).all(), at)


def of(contact: str, at: datetime) -> dict[str, Any]:
    """The parameters of :func:`with_standing`."""
    return {"person": contact, "since": at - limits.DAY}


def read_standing(found: Sequence[Row[Any]], at: datetime) -> Standing:
    """The standing in the rows of a statement of :func:`with_standing`."""
    verifications = [row.Verification for row in found if row.Verification is not None]
    until = found[0].locked_until if found else None
    if until is None or until <= at:
        return Standing(verifications)
    alarmed = found[0].lock_reason == alarm.REASON
    said_at = next((v.ended_at for v in verifications if v.alarm), None) if alarmed else None
    return Standing(verifications, Lock(found[0].lock_reason, until if until.year < 9999 else None, alarmed, said_at))
