"""A verification as a statement told of it: plain values, which the rules judge and end.

As objects the same rows take the hot paths three times as long, and an object that is changed in memory can be written
by accident: an end is reached by a compare-and-set, never by an assignment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from podserver.tenancy import look
from podserver.verification.models import Delivery, State, Verification
from podserver.verification.strength import Strength


class Snapshot(NamedTuple):
    """A verification at one moment. The names are its columns', and mean the same."""

    id: str
    integration_id: int
    contact: str
    contact_name: str
    company_name: str
    ticket: str
    ticket_ref: str
    destination_key: str
    masked: str
    method: str
    state: State
    reason: str
    delivery: Delivery
    delivery_at: datetime
    proof_hash: str
    strength: Strength
    worth: str
    marked: bool
    digits: bool
    terms: str
    alarm: bool
    read_out: str | None
    wrong_guesses: int
    technician: str
    last_check: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    green_until: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Snapshot:
        """The snapshot of a row that is being written; columns that it leaves out are empty."""
        return cls._make(row.get(name) for name in cls._fields)

    def after(self, values: Mapping[str, Any]) -> Snapshot:
        """The same once these columns are set; those that no snapshot has are passed over."""
        return self._replace(**{name: value for name, value in values.items() if name in _NAMES})


class ContactGuard(NamedTuple):
    """The guard of a contact, as far as a guess is judged by it."""

    locked_until: datetime | None
    lock_reason: str
    day_start: datetime
    day_failures: int
    month_start: datetime
    month_failures: int


class DestinationGuard(NamedTuple):
    """The guard of a destination, as far as a guess is judged by it."""

    locked_until: datetime | None
    lock_reason: str
    failures: int
    next_guess_at: datetime | None


_NAMES: Final = frozenset(Snapshot._fields)
COLUMNS: Final = tuple(getattr(Verification, name) for name in Snapshot._fields)
# Made once. Parameter: verification.
_ONE: Final = select(*COLUMNS).where(Verification.id == bindparam("verification"))
_LOCKED: Final = _ONE.with_for_update()


def snapshot(session: Session, verification_id: str, *, locked: bool = False) -> Snapshot | None:
    """The verification as it stands now; ``locked`` makes others wait for the end of this transaction."""
    found = look(session, _LOCKED if locked else _ONE, {"verification": verification_id}).one_or_none()
    return Snapshot._make(found) if found is not None else None
