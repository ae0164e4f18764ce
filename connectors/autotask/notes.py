"""Notes on tickets: who may read one is decided by its publish value, which is the tenant's own and never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.autotask import records
from connectors.autotask.api import AutotaskApi, record_id, where
from connectors.autotask.lists import Lists
from connectors.base import Choice, Note, PsaError, Rejected, Unavailable

LONGEST_NOTE: Final = 32000
LONGEST_TITLE: Final = 250
SYSTEM_TYPES: Final = frozenset({"13", "18", *map(str, range(91, 96)), *map(str, range(99, 102))})
"""Note types that Autotask keeps for itself: rules, the portal, monitoring, mail [seen by one integrator]."""

_NOTES: Final = "/Tickets/{id}/Notes"


@dataclass(frozen=True, slots=True)
class NoteValues:
    """What an admin has chosen out of the tenant's lists: publish of internal and of public notes, and the note type.

    Each is the list's value as text, or empty where nothing is chosen yet.
    """

    internal: str = ""
    public: str = ""
    note_type: str = ""


def publish_values(lists: Lists) -> list[Choice]:
    """The tenant's publish values, in its own words."""
    return [Choice(each.value, each.label) for each in lists.entries("TicketNotes", "publish")]


def note_types(lists: Lists) -> list[Choice]:
    """The note types that an integration may use."""
    entries = lists.entries("TicketNotes", "noteType")
    return [Choice(each.value, each.label) for each in entries if each.value not in SYSTEM_TYPES]


def post(api: AutotaskApi, values: NoteValues, ticket_ref: str, text: str, *, internal: bool) -> Note:
    """Add a note, and read back for whom it is. Raises Rejected where nobody has chosen what internal means here."""
    if not text.strip():
        raise Rejected("A note needs a text.")
    if len(text) > LONGEST_NOTE:
        raise Rejected(f"A note has {LONGEST_NOTE} characters at most in Autotask.")
    ticket = record_id(ticket_ref, "ticket")
    publish = values.internal if internal else values.public
    if not publish or not values.note_type:
        kind = "internal" if internal else "public"
        raise Rejected(
            f"Nobody has chosen yet how {kind} notes are published in Autotask. Choose it, and the note type, in the "
            "settings of this connection."
        )
    body = {
        # Some categories want a title, so there always is one.
        "title": _title(text),
        "description": text,
        "noteType": int(values.note_type),
        "publish": int(publish),
    }
    key = api.write("POST", _NOTES, body, {"id": ticket})
    try:
        row = api.item("TicketNotes", key)
    except PsaError as problem:
        raise Unavailable(f"The note was made, but could not be read: {problem}", ambiguous=True) from None
    if str(row.get("publish")) != publish:
        raise Rejected("Autotask published the note in another way than it was told. Look at the ticket at once.")
    return records.note(row, values.public)


def find(api: AutotaskApi, values: NoteValues, ticket_ref: str, reference: str) -> Note | None:
    """The newest note whose text holds the reference; all are read and compared here."""
    if not reference.strip():
        raise Rejected("A note can only be found by a reference.")
    key = record_id(ticket_ref, "ticket")
    rows = api.every("TicketNotes", where("ticketID", "eq", key))
    if not rows:
        # No ticket and no note look alike here.
        api.item("Tickets", key)
    holding = [note for note in (records.note(row, values.public) for row in rows) if reference in note.text]
    return max(holding, key=lambda note: int(note.ref), default=None)


def _title(text: str) -> str:
    return " ".join(text.strip().splitlines()[0].split())[:LONGEST_TITLE]
