"""Notes of a ticket, and the activities that merge them with time entries."""

from __future__ import annotations

from emulators.kaseya_bms.answers import Json, ok, rule, unknown
from emulators.kaseya_bms.call import Call
from emulators.kaseya_bms.incoming import Fields, now
from emulators.kaseya_bms.store import Record, Store
from emulators.kaseya_bms.ticket_rules import change


def shown(store: Store, note: Record) -> Record:
    """A note as the API gives it; nothing in it says whether a client wrote it."""
    author = store.get("users", note["createdBy"]) or {}
    return {
        **{name: note[name] for name in ("id", "createdBy", "createdOn", "modifiedBy", "modifiedOn")},
        "details": note["details"],
        "isInternal": note["isInternal"],
        "typeId": note["typeId"],
        "typeName": store.name("noteTypes", note["typeId"]),
        "createdByName": author.get("name", note["writtenBy"]),
        "createdByEmail": author.get("emailAddress"),
        "modifiedByName": store.name("users", note["modifiedBy"]),
        "attachments": [],
    }


def of_ticket(store: Store, ticket: int) -> list[Record]:
    """A ticket's notes, oldest first."""
    return [note for note in store.rows("notes") if note["ticketId"] == ticket]


def list_notes(call: Call, key: str) -> Json:
    """`GET /tickets/{id}/notes`; no total."""
    call.demand("tickets")
    ticket = call.record("tickets", key, "Ticket")
    return ok([shown(call.store, note) for note in call.query().page(of_ticket(call.store, ticket["id"]))])


def one_note(call: Call, key: str, note_key: str) -> Json:
    """`GET /tickets/{id}/notes/{noteId}`."""
    call.demand("tickets")
    return ok(shown(call.store, _note(call, key, note_key)))


def post_note(call: Call, key: str) -> Json:
    """`POST /tickets/{id}/notes`; `statusId` moves the ticket too."""
    call.demand("tickets", "modify")
    ticket = call.record("tickets", key, "Ticket")
    fields = call.fields()
    values, status = note_fields(fields), fields.integer("statusId", lowest=1)
    fields.done()
    _check(call.store, ticket, values)
    if status is not None:
        ticket = change(call.store, ticket, {"statusId": status}, call.by)
    return ok(shown(call.store, add_note(call.store, ticket, values, call.by)))


def put_note(call: Call, key: str, note_key: str) -> Json:
    """`PUT /tickets/{id}/notes/{noteId}`."""
    call.demand("tickets", "modify")
    note, ticket = _note(call, key, note_key), call.record("tickets", key, "Ticket")
    fields = call.fields()
    values = note_fields(fields)
    fields.done()
    _check(call.store, ticket, values)
    return ok(shown(call.store, call.store.replace("notes", {**note, **values}, call.by)))


def delete_note(call: Call, key: str, note_key: str) -> None:
    """`DELETE /tickets/{id}/notes/{noteId}`; answers with an empty body."""
    call.demand("tickets", "delete")
    call.store.delete("notes", _note(call, key, note_key)["id"])


def activities(call: Call, key: str) -> Json:
    """`GET /tickets/{id}/activities`: notes and time entries, newest first, with a total."""
    call.demand("tickets")
    ticket = call.record("tickets", key, "Ticket")
    query = call.query()
    entries = [_note_activity(call.store, note) for note in of_ticket(call.store, ticket["id"])]
    entries += [
        _time_activity(call.store, row) for row in call.store.rows("timeLogs") if row["ticketId"] == ticket["id"]
    ]
    if query.flag("onlyInternal"):
        entries = [entry for entry in entries if entry["isInternal"]]
    if kind := query.text("activityType"):
        entries = [entry for entry in entries if entry["activityType"].lower() == kind.lower()]
    entries.sort(key=lambda entry: (entry["createdOn"], entry["id"]), reverse=True)
    return ok(query.page(entries), len(entries))


def note_fields(fields: Fields) -> Record:
    """The four needed fields of a note; the caller ends with `fields.done()`."""
    return {
        "details": fields.text("details", needed=True),
        "isInternal": fields.flag("isInternal", needed=True),
        "typeId": fields.integer("typeId", needed=True, lowest=0),
        "noteDate": fields.moment("noteDate", needed=True),
    }


def add_note(store: Store, ticket: Record, values: Record, by: int) -> Record:
    """Store a note and stamp its ticket as touched."""
    note = store.insert("notes", {"writtenBy": None, **values, "ticketId": ticket["id"]}, by)
    store.replace("tickets", {**ticket, "lastActivityUpdate": now()}, by)
    return note


def _check(store: Store, ticket: Record, values: Record) -> None:
    if ticket["isReadOnly"]:
        raise rule("The ticket is read-only.")
    if store.get("noteTypes", values["typeId"]) is None:
        raise rule("The note type is not valid.")


def _note(call: Call, key: str, note_key: str) -> Record:
    note = call.record("notes", note_key, "Note")
    if note["ticketId"] != int(key):
        raise unknown(f"Note {note_key}")
    return note


_NO_ACTIVITY = {
    **dict.fromkeys(("workTypeId", "workTypeName", "roleId", "roleName", "noteTypeId", "internalNotes", "timeSpent")),
    **dict.fromkeys(("pictureName", "pictureURL", "startDate", "startTime", "endTime", "modifiedByName", "userId")),
    **dict.fromkeys(("oldStatusColor", "oldStatusFontColor", "newStatusColor", "newStatusFontColor")),
    **dict.fromkeys(("isPosted", "inReview", "billed", "approved", "isMerged", "isInternal", "attachmentCount"), 0),
    "isUser": 1,
}
_STAMPS = ("id", "createdBy", "createdOn", "modifiedBy", "modifiedOn", "ticketId")


def _note_activity(store: Store, note: Record) -> Record:
    one = shown(store, note)
    return {
        **_NO_ACTIVITY,
        **{name: note[name] for name in _STAMPS},
        "logType": 2,
        "activityType": "Note",
        "notes": note["details"],
        "isInternal": int(note["isInternal"]),
        "noteTypeId": note["typeId"],
        "createdByName": one["createdByName"],
        "isUser": int(note["createdBy"] is not None),
        "userId": note["createdBy"],
    }


def _time_activity(store: Store, row: Record) -> Record:
    return {
        **_NO_ACTIVITY,
        **{name: row[name] for name in _STAMPS},
        "logType": 1,
        "activityType": "Time",
        "notes": row["notes"],
        "workTypeId": row["workTypeId"],
        "workTypeName": store.name("workTypes", row["workTypeId"]),
        "timeSpent": row["timeSpent"],
        "createdByName": store.name("users", row["createdBy"]),
        "userId": row["createdBy"],
    }
