"""Notes of HaloPSA, which are actions with an outcome, and the outcomes that are fit for them.

An outcome is compulsory, and brings its own defaults: it may hide the note, mail it, or move the ticket. So whether a
note is hidden and mailed is always said, and an internal note's answer is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connectors.base import Choice, Note, Rejected, Right
from connectors.halo import records
from connectors.halo.api import HaloApi, number, record_id
from connectors.halo.tickets import html, one
from connectors.reading import JsonObject, flag, text

ACTIONS: Final = "/Actions"
ANY_OUTCOME: Final = "Note"
"""The outcome where none is chosen. Halo takes free text there [seen in several public clients]."""

_OUTCOMES_AT: Final = "Configuration > Tickets > Actions"


def post(api: HaloApi, ticket_ref: str, words: str, *, internal: bool, outcome: str) -> Note:
    """Add a note. ``outcome`` is an outcome's id, or empty for :data:`ANY_OUTCOME`.

    Raises Rejected where HaloPSA took an internal note but does not hide it from the end user.
    """
    if not words.strip():
        raise Rejected("A note needs a text.")
    ticket = record_id(ticket_ref, "ticket")
    body: dict[str, object] = {
        "ticket_id": ticket,
        "note_html": html(words),
        "hiddenfromuser": internal,
        "sendemail": False,
    }
    body |= {"outcome_id": record_id(outcome, "outcome")} if outcome else {"outcome": ANY_OUTCOME}
    try:
        row = api.write(ACTIONS, body)
    except Rejected:
        # Halo refuses a note on a ticket that does not exist as it refuses anything else.
        one(api, ticket_ref)
        raise
    if "hiddenfromuser" not in row:
        row = api.record("/Actions/{id}", {"id": int(records.ref_of(row))}, {"ticket_id": ticket})
    if internal and not flag(row, "hiddenfromuser"):
        raise Rejected(
            "HaloPSA took the note but shows it to the end user. Hide it in the ticket, and look at the outcome for "
            f"internal notes under {_OUTCOMES_AT}."
        )
    return records.note(row)


def find(api: HaloApi, ticket_ref: str, reference: str) -> Note | None:
    """The newest note whose words hold ``reference``; all of a ticket's actions are read, and compared here."""
    if not reference.strip():
        raise Rejected("A note can only be found by a reference.")
    asked: dict[str, str | int] = {"ticket_id": record_id(ticket_ref, "ticket"), "includehtmlnote": "true"}
    wanted = _line(reference)
    rows = api.every(ACTIONS, asked)
    if not rows:
        one(api, ticket_ref)
    holding = [note for note in map(records.note, rows) if wanted in _line(note.text)]
    return max(holding, key=lambda note: int(note.ref), default=None)


def outcomes(api: HaloApi) -> list[Choice]:
    """Outcomes that are not hidden, in Halo's order; what one does by itself is said behind its name."""
    rows = api.listed("/Outcome", {"showhidden": "false", "excludesystemactions": "true"})
    return [
        Choice(records.ref_of(row), " – ".join([text(row, "outcome") or text(row, "buttonname"), *_habits(row)]))
        for row in rows
        if not flag(row, "hidden")
    ]


def likely_outcome(api: HaloApi, *, internal: bool) -> str:
    """The one outcome that can be meant: it hides the note or does not, mails nobody and moves nothing; else empty.

    Where several can be, the shipped one for private notes is, if it is one of them.
    """
    rows = api.listed("/Outcome", {"showhidden": "false", "excludesystemactions": "true"})
    fit = [
        records.ref_of(row)
        for row in rows
        if flag(row, "hidefromuser") is internal and not flag(row, "hidden") and not _habits(row, quiet=True)
    ]
    shipped = [ref for ref in fit if internal and ref == "7"]
    return fit[0] if len(fit) == 1 else shipped[0] if shipped else ""


def outcome_rights(api: HaloApi, chosen: Iterable[tuple[str, str]]) -> list[Right]:
    """For each chosen outcome whether it is there. ``chosen`` are (what for, the outcome's id or nothing)."""
    rows = {
        records.ref_of(row): row
        for row in api.listed("/Outcome", {"showhidden": "true", "excludesystemactions": "true"})
    }
    found = []
    for purpose, ref in chosen:
        if not ref:
            continue
        row = rows.get(ref)
        name = text(row, "outcome") if row is not None else f"number {ref}"
        granted = row is not None and not flag(row, "hidden")
        given = ", ".join(_habits(row)) if row is not None else "not there any more"
        found.append(
            Right(
                f"Outcome {name}", purpose, f"{_OUTCOMES_AT} > {name}", granted, needed="visible, allowed", given=given
            )
        )
    return found


def _habits(row: JsonObject, *, quiet: bool = False) -> list[str]:
    """What an outcome does by itself; ``quiet`` leaves out that it hides the note."""
    said = []
    if flag(row, "hidefromuser") and not quiet:
        said.append("hides the note from the user")
    if flag(row, "sendemail"):
        said.append("mails the user, which podserver forbids each time")
    if (number(row.get("newstatus")) or 0) > 0:
        said.append("moves the ticket to another status")
    return said


def _line(words: str) -> str:
    return " ".join(words.split())
