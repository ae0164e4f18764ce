"""The counters that bound sends and guesses, one row per destination and one per contact.

Every function works on rows that the caller's transaction has locked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from podserver.tenancy import Change, run
from podserver.verification import limits, statements
from podserver.verification.snapshot import ContactGuard, DestinationGuard, Snapshot

ADMIN_ONLY = "too many wrong codes in 30 days, an admin has to unlock it"
# A lock that no time lifts.
FOR_GOOD = datetime.max.replace(year=9999, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a send or a guess is not allowed now, and for how many seconds; 0 where no time lifts it.

    ``locked`` tells a lock from a wait or a ceiling.
    """

    reason: str
    seconds: int
    locked: bool = False


class Sends(NamedTuple):
    """A guard after one more send was counted on it."""

    destination_key: str
    sends: int
    send_start: datetime
    day_sends: int
    send_day_start: datetime
    locked_until: datetime | None
    lock_reason: str


def to_count_send(*, integration_id: int, contact: str, key: str, at: datetime) -> dict[str, Any]:
    """The parameters of the statement that locks the contact's and the destination's row and counts one send on both.

    A refused send stays counted only if the caller commits.
    """
    return {
        "integration": integration_id,
        "contact": contact,
        "destination": key,
        "now": at,
        "window_over": at - limits.SENDS_WINDOW,
        "day_over": at - limits.DAY,
    }


def judge_send(contact_row: Sends, destination: Sends, at: datetime) -> Refusal | None:
    """Whether the send that was counted is allowed."""
    for row in (contact_row, destination):
        if row.locked_until is not None and row.locked_until > at:
            return Refusal(row.lock_reason, _seconds(row.locked_until, at), locked=True)
    if destination.sends > limits.SENDS:
        until = destination.send_start + limits.SENDS_WINDOW
        return Refusal(f"{limits.SENDS} messages in 10 minutes is the most", _seconds(until, at))
    if destination.day_sends > limits.SENDS_DAY:
        return Refusal(
            f"{limits.SENDS_DAY} messages a day to one destination is the most",
            _seconds(destination.send_day_start + limits.DAY, at),
        )
    if contact_row.day_sends > limits.CONTACT_SENDS_DAY:
        return Refusal(
            f"{limits.CONTACT_SENDS_DAY} messages a day to one contact is the most",
            _seconds(contact_row.send_day_start + limits.DAY, at),
        )
    return None


def overtaken(destination: Sends, sends: int | None, send_start: datetime | None, at: datetime) -> bool:
    """Whether somebody else counted a send here after this had begun, when these were the counter and its start."""
    if sends is None or send_start is None or send_start <= at - limits.SENDS_WINDOW:
        sends, send_start = 0, at
    return (destination.sends, destination.send_start) != (sends + 1, send_start)


def judge_guess(contact_row: ContactGuard, destination: DestinationGuard, at: datetime) -> Refusal | None:
    """Whether a guess is allowed now; a refused guess is not counted."""
    for row in (contact_row, destination):
        if row.locked_until is not None and row.locked_until > at:
            return Refusal(row.lock_reason, _seconds(row.locked_until, at), locked=True)
    if destination.next_guess_at is not None and destination.next_guess_at > at:
        seconds = _seconds(destination.next_guess_at, at)
        return Refusal(f"wait {seconds} s before the next try", seconds)
    return None


def sentence(limit: Refusal) -> str:
    """A refusal as it is said to the technician, with when it is over."""
    reason = limit.reason[:1].upper() + limit.reason[1:]
    if limit.seconds >= 3600:
        return f"{reason}. Possible again in {limit.seconds // 3600 + 1} h."
    if limit.seconds > 90:
        return f"{reason}. Possible again in {-(-limit.seconds // 60)} min."
    if limit.seconds:
        return f"{reason}. Possible again in {limit.seconds} s."
    return f"{reason}."


@dataclass(frozen=True, slots=True)
class Counted:
    """What one more wrong answer does: the change of both guards, to be written yet, and the guesses that are left."""

    change: Change
    left: int


def count_wrong(of: Snapshot, contact_row: ContactGuard, destination: DestinationGuard, at: datetime) -> Counted:
    """Count one wrong answer to a verification on both locked guards."""
    day = _in_window(contact_row.day_start, contact_row.day_failures, limits.DAY, at)
    month = _in_window(contact_row.month_start, contact_row.month_failures, limits.MONTH, at)
    failures = _failures(destination, at) + 1
    left = max(limits.GUESSES - failures, 0)
    contact_row = contact_row._replace(
        day_start=day[0], day_failures=day[1], month_start=month[0], month_failures=month[1]
    )
    if month[1] >= limits.CONTACT_FAILURES_MONTH:
        contact_row, left = contact_row._replace(locked_until=FOR_GOOD, lock_reason=ADMIN_ONLY), 0
    elif day[1] >= limits.CONTACT_FAILURES_DAY:
        reason = "too many wrong codes for this contact today"
        contact_row, left = contact_row._replace(locked_until=day[0] + limits.DAY, lock_reason=reason), 0
    over = failures >= limits.GUESSES
    destination = DestinationGuard(
        failures=failures,
        next_guess_at=at + limits.WAITS[failures] if failures < len(limits.WAITS) else None,
        locked_until=at + limits.DESTINATION_LOCK if over else None,
        lock_reason="too many wrong codes for this destination" if over else "",
    )
    known = {f"contact_{name}": value for name, value in contact_row._asdict().items()}
    known |= {f"destination_{name}": value for name, value in destination._asdict().items()}
    return Counted((statements.COUNT_WRONG, known | _which(of)), left)


def clear_wrong(session: Session, of: Snapshot, destination: DestinationGuard) -> None:
    """A right code clears the failures of its destination, and of nothing else."""
    # The row is locked, so what was read is what there is; most right codes come without a wrong one before.
    if destination.failures or destination.next_guess_at or destination.locked_until or destination.lock_reason:
        run(session, statements.CLEAR_WRONG, _which(of))


def _which(of: Snapshot) -> dict[str, Any]:
    return {
        "of_integration": of.integration_id,
        "of_contact": of.contact,
        "of_destination": of.destination_key,
    }


def _failures(destination: DestinationGuard, at: datetime) -> int:
    """Failures that still count: a lock that ran out starts the count anew."""
    if destination.locked_until is not None and destination.locked_until <= at:
        return 0
    return destination.failures


def _in_window(start: datetime, count: int, window: Any, at: datetime) -> tuple[datetime, int]:
    return (at, 1) if start <= at - window else (start, count + 1)


def _seconds(until: datetime, at: datetime) -> int:
    if until.year == 9999:
        return 0
    return max(1, int((until - at).total_seconds() + 0.999))
