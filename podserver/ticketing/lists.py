"""The PSA's live lists behind a profile's page: read when they are wanted, and compared with what is chosen.

Each list fails by itself. What concerns the whole PSA (it is down, it limits us, it refuses the keys) ends the reading,
as the next list would only take as long to fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.base import BadCredentials, Choice, Connector, PsaError, RateLimited, Rejected, Unavailable
from podserver.ticketing.parts import NOTHING, PARTS, Part, Pick, Picks, parts_of

MOST_COMPANIES: Final = 50
# Seconds after which no further list is asked for, as a person waits for the page.
_PATIENCE: Final = 8.0
EVERY: Final = frozenset(part.source for part in PARTS.values())


@dataclass(frozen=True, slots=True)
class Lists:
    """What the PSA said.

    ``parts`` are those that the PSA has. ``entries`` are the lists by name; one that was not asked for, that failed,
    or that waits for a choice above it is absent. ``picks`` are the choices, each under the PSA's present name.
    ``gone`` are parts whose stored choice the PSA does not list any more. ``more`` counts companies that were found
    and not listed. ``problems`` are sentences; ``refused`` is the one with which the PSA refused our keys, if it did.
    """

    parts: tuple[Part, ...]
    entries: Mapping[str, Sequence[Choice]]
    picks: Picks
    gone: frozenset[str] = frozenset()
    more: int = 0
    problems: Sequence[str] = ()
    refused: str = ""

    @property
    def complete(self) -> bool:
        """Whether the PSA told everything that it was asked."""
        return not self.problems


@dataclass(slots=True)
class _Reading:
    connector: Connector
    picks: dict[str, Pick]
    search: str
    entries: dict[str, Sequence[Choice]] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    more: int = 0
    refused: str = ""
    ended: bool = False


def read(
    connector: Connector,
    picks: Picks,
    *,
    wanted: Collection[str] = EVERY,
    search: str = "",
    stored: Picks | None = None,
    settle: bool = True,
) -> Lists:
    """Read the lists that are ``wanted``, by name. Never raises PsaError.

    ``search`` is a part of a company's name. With ``settle``, a choice that its list does not hold is mended as a
    person would: where what stands above it was changed, the entry of the same name takes its place, or none; where
    it is what is ``stored``, it stays, and is ``gone``. Without it every choice stays as it is.
    """
    parts = parts_of(connector.capabilities)
    known = {part.name: picks.get(part.name, NOTHING) for part in parts}
    reading = _Reading(connector, known, search.strip())
    gone = set()
    end = time.monotonic() + _PATIENCE
    for part in parts:
        if part.source in wanted and not reading.ended:
            _read(reading, part, end)
        if part.source not in reading.entries:
            if settle and any(not known[above].ref for above in part.under):
                known[part.name] = NOTHING
            continue
        found = _entry(reading.entries[part.source], known[part.name])
        if found is not None:
            known[part.name] = Pick(found.ref, found.name)
        elif settle and known[part.name].ref:
            known[part.name], is_gone = _settled(part, known, reading.entries[part.source], stored or {})
            if is_gone:
                gone.add(part.name)
    problems = tuple(dict.fromkeys(reading.problems))
    return Lists(parts, reading.entries, known, frozenset(gone), reading.more, problems, reading.refused)


def _read(reading: _Reading, part: Part, end: float) -> None:
    if part.source in reading.tried:
        return
    for above in part.under:
        chosen = reading.picks[above]
        listed = reading.entries.get(PARTS[above].source)
        if not chosen.ref or (listed is not None and _entry(listed, chosen) is None):
            return
    reading.tried.add(part.source)
    if time.monotonic() > end:
        reading.problems.append("The PSA is slow, so that not every list was asked for. Refresh the lists.")
        reading.ended = True
        return
    try:
        reading.entries[part.source] = _ASK[part.source](reading)
    except PsaError as error:
        reading.problems.append(str(error))
        reading.refused = str(error) if isinstance(error, BadCredentials) else ""
        reading.ended = isinstance(error, Unavailable | RateLimited | BadCredentials)


def _settled(part: Part, known: Picks, entries: Sequence[Choice], stored: Picks) -> tuple[Pick, bool]:
    chosen = known[part.name]
    unchanged = all(known[above].ref == stored.get(above, NOTHING).ref for above in part.under)
    if unchanged and chosen.ref == stored.get(part.name, NOTHING).ref:
        return chosen, True
    same = [entry for entry in entries if entry.name.casefold() == chosen.name.casefold()]
    return (Pick(same[0].ref, same[0].name) if len(same) == 1 else NOTHING), False


def _entry(entries: Sequence[Choice], pick: Pick) -> Choice | None:
    return next((entry for entry in entries if entry.ref == pick.ref), None)


def _companies(reading: _Reading) -> list[Choice]:
    """The company that is chosen, if the PSA has it, and those that the search finds."""
    chosen = _company(reading.connector, reading.picks["company"])
    found: list[Choice] = [chosen] if chosen is not None else []
    if reading.search:
        others = [c for c in reading.connector.companies(reading.search) if chosen is None or c.ref != chosen.ref]
        found += [_named(company.ref, company.name) for company in others[:MOST_COMPANIES]]
        reading.more = max(0, len(others) - MOST_COMPANIES)
    return found


def _company(connector: Connector, pick: Pick) -> Choice | None:
    """The company of a ref, which connectors find by name only; the whole list is read where it has another by now."""
    if not pick.ref:
        return None
    for words in dict.fromkeys((pick.name, "")):
        try:
            listed = connector.companies(words)
        except Rejected:
            # A name that cannot be searched for.
            continue
        for company in listed:
            if company.ref == pick.ref:
                return _named(company.ref, company.name)
    return None


def _named(ref: str, name: str) -> Choice:
    return Choice(ref, " ".join(name.split()) or ref)


def _told(entries: Sequence[Choice]) -> list[Choice]:
    return [Choice(each.ref, " ".join(each.name.split()) or each.ref, each.default, each.closed) for each in entries]


_ASK: Final[Mapping[str, Callable[[_Reading], Sequence[Choice]]]] = {
    "company": _companies,
    "board": lambda r: _told(r.connector.boards()),
    "type": lambda r: _told(r.connector.types(_ref(r, "board"))),
    "subtype": lambda r: _told(r.connector.subtypes(_ref(r, "board"), _ref(r, "type"))),
    "item": lambda r: _told(r.connector.items(_ref(r, "board"), _ref(r, "type"), _ref(r, "subtype"))),
    "status": lambda r: _told(r.connector.statuses(_ref(r, "board"))),
    "priority": lambda r: _told(r.connector.priorities()),
}


def _ref(reading: _Reading, part: str) -> str:
    return reading.picks.get(part, NOTHING).ref
