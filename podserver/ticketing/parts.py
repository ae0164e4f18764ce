"""The parts of a ticketing profile: from which list each is chosen, and what is chosen before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from connectors.base import Capability


@dataclass(frozen=True, slots=True)
class Pick:
    """What is chosen for a part: the PSA's ref, and the name that the PSA gave it. Empty where nothing is."""

    ref: str = ""
    name: str = ""


NOTHING: Final = Pick()
Picks = Mapping[str, Pick]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a profile.

    ``source`` names the list that it is chosen from, ``capability`` what a PSA without that list lacks, ``under`` the
    parts that decide what is in the list. A part that is not ``needed`` may be left to the PSA.
    """

    name: str
    source: str
    capability: Capability | None = None
    under: tuple[str, ...] = ()
    needed: bool = False


_ORDER: Final = (
    Part("company", "company", needed=True),
    Part("board", "board", Capability.BOARDS, needed=True),
    Part("type", "type", Capability.TYPES, ("board",)),
    Part("subtype", "subtype", Capability.SUBTYPES, ("board", "type")),
    Part("item", "item", Capability.ITEMS, ("board", "type", "subtype")),
    Part("new_status", "status", under=("board",)),
    Part("closed_status", "status", under=("board",)),
    Part("sms_status", "status", under=("board",)),
    Part("priority", "priority"),
)
PARTS: Final[Mapping[str, Part]] = {part.name: part for part in _ORDER}


def parts_of(capabilities: Collection[Capability]) -> tuple[Part, ...]:
    """The parts that a PSA with these capabilities has, in the order of the page; each under those that it has."""
    there = {part.name for part in _ORDER if part.capability is None or part.capability in capabilities}
    return tuple(
        Part(part.name, part.source, part.capability, tuple(n for n in part.under if n in there), part.needed)
        for part in _ORDER
        if part.name in there
    )
