"""What the overview shows of the rooms: figures, locked contacts, and whether the worker is at work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from podserver.delivery.models import WorkerPulse
from podserver.history.figures import Figures, figures
from podserver.history.service import Filter
from podserver.verification.models import Guard, Verification

SILENT_AFTER: Final = 12.0
_SEALER: Final = "sealer"
_MOST_LOCKED: Final = 100


@dataclass(frozen=True, slots=True)
class LockedContact:
    """A contact with a lock on at least one destination. ``until`` is None where only an admin lifts it."""

    integration_id: int
    contact: str
    name: str
    company: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """One thing that the worker does by itself: whether it is being done, and a sentence."""

    well: bool
    sentence: str


def today_and_month(session: Session, at: datetime) -> tuple[Figures, Figures]:
    """The tenant's figures of this day (UTC) and of the last 30 days, this one included."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return figures(session, Filter(since=midnight)), figures(session, Filter(since=midnight - timedelta(days=29)))


def locked_contacts(session: Session, at: datetime) -> list[LockedContact]:
    """The tenant's contacts that nobody can verify now, the longest lock of each, soonest to end last."""
    guards = session.scalars(
        select(Guard).where(Guard.locked_until > at).order_by(Guard.locked_until.desc()).limit(_MOST_LOCKED)
    )
    longest: dict[tuple[int, str], Guard] = {}
    for guard in guards:
        longest.setdefault((guard.integration_id, guard.contact), guard)
    names = _names(session, [contact for _integration, contact in longest])
    found = []
    for key, guard in longest.items():
        name, company = names.get(key, (f"Contact {guard.contact}", ""))
        until = guard.locked_until if guard.locked_until is not None and guard.locked_until.year < 9999 else None
        found.append(LockedContact(*key, name, company, guard.lock_reason, until))
    return found


def _names(session: Session, contacts: list[str]) -> dict[tuple[int, str], tuple[str, str]]:
    """The names under which contacts were last verified."""
    if not contacts:
        return {}
    who = (Verification.integration_id, Verification.contact, Verification.contact_name, Verification.company_name)
    rows = session.execute(
        select(*who)
        .where(Verification.contact.in_(contacts))
        .group_by(*who)
        .order_by(func.max(Verification.created_at))
    )
    return {(row.integration_id, row.contact): (row.contact_name, row.company_name) for row in rows}


def pulses(session: Session, at: datetime) -> list[Pulse]:
    """How the worker is: what it does for messages and notes, and how far the history's chain is behind."""
    beats = list(session.scalars(select(WorkerPulse)))
    if not beats:
        return [Pulse(False, "The worker has not started yet. Nothing is sent until it does.")]
    silence = max((at - beat.at).total_seconds() for beat in beats if beat.part != _SEALER or len(beats) == 1)
    worker = (
        Pulse(False, f"Worker silent for {_whole(silence)}. Messages and notes wait until it is back.")
        if silence > SILENT_AFTER
        else Pulse(True, "Worker at work.")
    )
    sealer = next((beat for beat in beats if beat.part == _SEALER), None)
    if sealer is None:
        return [worker]
    silence = (at - sealer.at).total_seconds()
    if silence > SILENT_AFTER:
        return [worker, Pulse(False, f"History not sealed for {_whole(silence)}. Events are kept and sealed later.")]
    return [worker, Pulse(sealer.lag_seconds <= 5, f"History sealed {sealer.lag_seconds:.1f} s behind.")]


def _whole(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
