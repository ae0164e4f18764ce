"""The form of a ticketing profile: what its controls show, and what comes back from them.

Every control sends the PSA's ref together with the name it had, so that a page that is shown while the PSA is down
still says what was chosen. The name is never stored: the PSA says it anew when the profile is saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

from werkzeug.datastructures import MultiDict

from connectors.base import Choice
from podserver.ticketing import words
from podserver.ticketing.lists import Lists
from podserver.ticketing.parts import NOTHING, PARTS, Part, Pick, Picks

# Which lists are read anew, and which part of the page with them, by what was changed.
LOOKS: Final[Mapping[str, frozenset[str]]] = {
    "lists": frozenset(part.source for part in PARTS.values()),
    "company": frozenset({"company"}),
    "board": frozenset({"type", "subtype", "item", "status"}),
    "type": frozenset({"subtype", "item"}),
    "subtype": frozenset({"item"}),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile as a form holds it. ``search`` is a part of a company's name, ``searched`` the one before."""

    name: str
    picks: Picks
    search: str = ""
    searched: str = ""


def read_draft(form: MultiDict[str, str]) -> Draft:
    """The form as it came back."""
    return Draft(
        _line(form.get("name", ""), 200),
        {part: _pick(form.get(part, "")) for part in PARTS},
        _line(form.get("search", ""), 80),
        _line(form.get("searched", ""), 80),
    )


def _line(text: str, most: int) -> str:
    return "".join(c for c in text if c.isprintable()).strip()[:most]


def value_of(pick: Pick) -> str:
    """A choice as a control sends it; empty for nothing."""
    return f"{quote(pick.ref, safe='')}:{pick.name}" if pick.ref else ""


def _pick(sent: str) -> Pick:
    ref, _, name = sent.partition(":")
    ref = unquote(ref)
    if not ref or len(ref) > 200 or not ref.isprintable():
        return NOTHING
    return Pick(ref, _line(name, 160) or ref)


@dataclass(frozen=True, slots=True)
class Row:
    """One control of the page.

    ``groups`` are the list's entries as (value, words), each group under its words, empty where there is but one.
    ``waits`` names what must be chosen first. ``wrong`` is what is wrong with the choice; ``leads`` says that other
    lists depend on it.
    """

    part: Part
    label: str
    hint: str
    value: str
    groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    waits: str = ""
    wrong: str = ""
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of a profile's choices. ``gone`` says which the PSA does not list any more."""

    rows: Mapping[str, Row]
    gone: Sequence[str] = field(default=())


def shown(
    psa: str, title: str, parts: Sequence[Part], picks: Picks, lists: Lists | None, wrong: Mapping[str, str]
) -> Shown:
    """The controls, from the PSA's ``lists`` or, before it was asked, from the choices alone."""
    gone = lists.gone if lists is not None else frozenset()
    rows = {}
    for part in parts:
        pick = picks.get(part.name, NOTHING)
        entries = lists.entries.get(part.source) if lists is not None else None
        missing = [name for name in part.under if not picks.get(name, NOTHING).ref]
        rows[part.name] = Row(
            part,
            words.label(psa, part.name),
            words.hint(part.name),
            value_of(pick),
            _groups(part, pick, entries, title, part.name in gone),
            waits=f"Choose the {words.word(psa, missing[0])} first" if missing and not pick.ref else "",
            wrong=wrong.get(part.name, ""),
            leads=any(part.name == each.under[-1] for each in parts if each.under),
        )
    said = [f"{words.label(psa, name)} “{picks[name].name}”" for name in rows if name in gone]
    return Shown(rows, said)


def _groups(
    part: Part, pick: Pick, entries: Sequence[Choice] | None, title: str, gone: bool
) -> list[tuple[str, list[tuple[str, str]]]]:
    first: list[tuple[str, str]] = []
    if not part.needed or not pick.ref:
        first.append(("", "Choose one" if part.needed else words.left(part.name, title)))
    if pick.ref and pick.ref not in {entry.ref for entry in entries or ()}:
        first.append((value_of(pick), f"{pick.name} (not in {title} any more)" if gone else pick.name))
    listed = [(value_of(Pick(entry.ref, entry.name)), entry.name) for entry in entries or ()]
    closing = [row for row, entry in zip(listed, entries or (), strict=True) if entry.closed]
    if part.name != "closed_status" or not closing:
        return [("", [*first, *listed])]
    others = [row for row in listed if row not in closing]
    return [("", first), ("Close the ticket", closing), ("Do not close it", others)]
