"""Figures out of the history: how many verifications, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from podserver.history.service import Filter, Kind, counts, counts_by_day

OUTCOMES: Final = frozenset(
    {Kind.VERIFIED, Kind.DENIED, Kind.EXPIRED, Kind.SUPERSEDED, Kind.LOCKED, Kind.CANCELLED, Kind.FAILED}
)
"""How a verification ends."""

_JUDGED: Final = (Kind.VERIFIED, Kind.DENIED, Kind.EXPIRED, Kind.LOCKED, Kind.FAILED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Verifications of a period by how they ended."""

    by_kind: Mapping[Kind, int]

    @property
    def requested(self) -> int:
        """Verifications that were begun."""
        return self.by_kind.get(Kind.REQUESTED, 0)

    @property
    def verified(self) -> int:
        """Those that ended green."""
        return self.by_kind.get(Kind.VERIFIED, 0)

    @property
    def failed(self) -> int:
        """Messages that could not be delivered."""
        return self.by_kind.get(Kind.FAILED, 0)

    @property
    def expired(self) -> int:
        """Those that nobody answered in time."""
        return self.by_kind.get(Kind.EXPIRED, 0)

    @property
    def locked(self) -> int:
        """Those that ended in too many wrong codes."""
        return self.by_kind.get(Kind.LOCKED, 0)

    @property
    def share(self) -> str:
        """Verified among all that were judged; what a technician took back or replaced is left out."""
        judged = sum(self.by_kind.get(kind, 0) for kind in _JUDGED)
        return f"{100 * self.verified / judged:.1f} %" if judged else "–"


@dataclass(frozen=True, slots=True)
class Day:
    """One bar: the day, how many, and the bar's height in hundredths of the highest."""

    day: datetime
    number: int
    height: int


def figures(session: Session, wanted: Filter) -> Figures:
    """The figures of what a filter lets through, whatever kinds it names."""
    return Figures(counts(session, replace(wanted, kinds=OUTCOMES | {Kind.REQUESTED})))


def by_day(session: Session, wanted: Filter, at: datetime, number: int = 30) -> list[Day]:
    """Verifications begun on each of the last ``number`` days (UTC), today last."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=back) for back in range(number - 1, -1, -1)]
    counted = counts_by_day(session, replace(wanted, kinds=frozenset({Kind.REQUESTED}), since=days[0]), days)
    most = max(*counted, 1)
    return [Day(day, each, round(100 * each / most)) for day, each in zip(days, counted, strict=True)]
