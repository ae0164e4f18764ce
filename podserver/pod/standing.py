"""How a contact stands: what was asked of them lately, and whether they are locked. One SELECT, as it is polled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select, and_, bindparam, select
from sqlalchemy.orm import Session

from podserver.integrations.models import Integration
from podserver.tenancy import look
from podserver.verification import alarm, limits
from podserver.verification.models import Delivery, Guard, State, Verification
from podserver.verification.snapshot import Snapshot
from podserver.verification.strength import Strength

_MOST: Final = 40


class Told(NamedTuple):
    """A verification as far as a row tells of it, for a poll, which makes no objects. Names are its columns'."""

    id: str
    destination_key: str
    masked: str
    method: str
    state: State
    reason: str
    delivery: Delivery
    delivery_at: datetime
    strength: Strength
    worth: str
    digits: bool
    read_out: str | None
    alarm: bool
    wrong_guesses: int
    technician: str
    ticket: str
    ticket_ref: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    green_until: datetime | None


# What a row can be made of: what a poll finds, or what an action has just changed.
Telling = Told | Snapshot
_COLUMNS: Final = len(Told._fields)


def with_standing(statement: Select[Any]) -> Select[Any]:
    """A statement that has the integration, made to tell of a contact's standing too: a row for each verification.

    Parameters besides its own: person, the contact's id, and since. A contact whom nobody has asked yet gives a row.
    """
    return (
        statement.add_columns(
            Guard.locked_until, Guard.lock_reason, *(getattr(Verification, name) for name in Told._fields)
        )
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

    verifications: Sequence[Telling]
    lock: Lock | None = None

    @property
    def lock_version(self) -> str:
        """As :attr:`Lock.version`; ``none`` where there is no lock."""
        return self.lock.version if self.lock else "none"


def standing_of(session: Session, *, integration_id: int, contact: str, at: datetime) -> Standing:
    """How a contact stands now."""
    known = {"integration": integration_id, **of(contact, at)}
    return read_standing(look(session, _STANDING, known).all(), at)


def of(contact: str, at: datetime) -> dict[str, Any]:
    """The parameters of :func:`with_standing`."""
    return {"person": contact, "since": at - limits.DAY}


def read_standing(found: Sequence[Row[Any]], at: datetime) -> Standing:
    """The standing in the rows of a statement of :func:`with_standing`."""
    told = [tuple(row)[-_COLUMNS:] for row in found]
    verifications = [Told(*each) for each in told if each[0] is not None]
    until, reason = tuple(found[0])[-_COLUMNS - 2 : -_COLUMNS] if found else (None, "")
    if until is None or until <= at:
        return Standing(verifications)
    alarmed = reason == alarm.REASON
    said_at = next((v.ended_at for v in verifications if v.alarm), None) if alarmed else None
    return Standing(verifications, Lock(reason, until if until.year < 9999 else None, alarmed, said_at))
