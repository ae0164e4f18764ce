"""What the overview shows of the rooms: figures, and whether the worker is at work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.delivery.models import WorkerPulse
from podserver.history.figures import Figures, figures
from podserver.history.service import Filter

SILENT_AFTER: Final = 12.0
_SEALER: Final = "sealer"


@dataclass(frozen=True, slots=True)
class Pulse:
    """One thing that the worker does by itself: whether it is being done, and a sentence."""

    well: bool
    sentence: str


def today_and_month(session: Session, at: datetime) -> tuple[Figures, Figures]:
    """The tenant's figures of this day (UTC) and of the last 30 days, this one included."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return figures(session, Filter(since=midnight)), figures(session, Filter(since=midnight - timedelta(days=29)))


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
