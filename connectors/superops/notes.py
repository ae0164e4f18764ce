"""Notes on a ticket. They cannot be changed or deleted through the API, so one is written once and then looked for."""

from __future__ import annotations

from typing import Final

from connectors.base import Note, NotFound, PsaError, Rejected, Unavailable
from connectors.reading import JsonObject
from connectors.superops import errors, records
from connectors.superops.api import GraphqlApi
from connectors.superops.errors import UnknownToSchema
from connectors.superops.records import record_id

# More than this on the result makes the whole answer fail [seen by public clients].
_FIELDS: Final = "noteId addedBy addedOn content privacyType"
_LIST: Final = f"query($i: TicketIdentifierInput!) {{ getTicketNoteList(input: $i) {{ {_FIELDS} }} }}"
_CREATE: Final = f"mutation($i: CreateTicketNoteInput!) {{ createTicketNote(input: $i) {{ {_FIELDS} }} }}"
_CREATE_LATER: Final = f"mutation($i: CreateNoteInput!) {{ createNote(input: $i) {{ {_FIELDS} }} }}"


def post(api: GraphqlApi, ticket_ref: str, words: str, *, internal: bool) -> Note:
    """Add a note, for staff only or for the requester too, and read it back."""
    if not words.strip():
        raise Rejected("A note needs a text.")
    ticket = record_id(ticket_ref, "ticket")
    # Explicit both ways: what an account does without it is nobody's promise.
    content = {"content": records.rendered(words), "privacyType": "PRIVATE" if internal else "PUBLIC"}
    written = records.note(_create(api, ticket, content))
    try:
        found = next((note for note in _notes(api, ticket) if note.ref == written.ref), None)
    except PsaError:
        # It has an id, so it is there; only the second look failed.
        return written
    if found is None:
        raise Unavailable("SuperOps took the note but does not show it on the ticket.", ambiguous=True)
    return found


def find(api: GraphqlApi, ticket_ref: str, reference: str) -> Note | None:
    """The newest note whose text holds ``reference``: all notes are read and compared here as plain text."""
    if not reference.strip():
        raise Rejected("A note can only be found by a reference.")
    notes = _notes(api, record_id(ticket_ref, "ticket"))
    return records.newest(note for note in notes if reference in note.text)


def _create(api: GraphqlApi, ticket: str, content: dict[str, str]) -> JsonObject:
    try:
        row = api.change("createTicketNote", _CREATE, {"ticket": {"ticketId": ticket}, **content})
    except UnknownToSchema:
        # The reference of 08/2026 has createNote in its place; nothing was run, so nothing is written twice.
        given = {"workItem": {"workId": ticket, "module": "TICKET"}, **content}
        row = api.change("createNote", _CREATE_LATER, given)
    if not row.get("noteId"):
        raise errors.unusable(writes=True)
    return row


def _notes(api: GraphqlApi, ticket: str) -> list[Note]:
    rows = api.ask("getTicketNoteList", _LIST, {"ticketId": ticket})
    if rows is None:
        raise NotFound("SuperOps has no such ticket, or hides it from the token's technician.")
    if not isinstance(rows, list):
        raise errors.unusable(writes=False)
    return [records.note(row) for row in rows if isinstance(row, dict)]
