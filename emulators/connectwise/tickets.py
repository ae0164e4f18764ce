"""Tickets and their notes: the rules that go beyond the schema, the search, and the combined note list."""

from __future__ import annotations

import uuid
from typing import Any

from emulators.connectwise import paging
from emulators.connectwise.errors import field_error, invalid_field, invalid_object, malformed, not_found
from emulators.connectwise.resources import Answer, Call, list_answer
from emulators.connectwise.store import Record, now
from emulators.connectwise.tables import TABLES

_NOTE_FLAGS = ("detailDescriptionFlag", "internalAnalysisFlag", "resolutionFlag")
_INITIAL = (
    ("initialDescription", "detailDescriptionFlag"),
    ("initialInternalAnalysis", "internalAnalysisFlag"),
    ("initialResolution", "resolutionFlag"),
)


def before_ticket(call: Call, record: Record, old: Record | None) -> None:
    """Fill a ticket's board, status and caller, and mark it closed or open by its status."""
    if old is None:
        record["mobileGuid"] = str(uuid.uuid4())
    if not record.get("board"):
        record["board"] = {"id": 1}
    if old is not None and record.get("board") != old.get("board") and record.get("status") == old.get("status"):
        record["status"] = None
    _put_status(call, record)
    for name, table in (("type", "boardTypes"), ("subType", "boardSubTypes"), ("item", "boardItems")):
        if old is not None and record.get(name) == old.get(name):
            continue
        _must_be_on_board(call, record, name, table)
    _put_closing(call, record, old)
    if record.get("contact") != (old or {}).get("contact"):
        _put_caller(call, record, keep_given=old is None)
    owner = call.store.get("members", (record.get("owner") or {}).get("id") or 0)
    record["resources"] = owner["identifier"] if owner else None


def after_ticket(call: Call, record: Record, body: dict[str, Any]) -> None:
    """Turn the initial texts of a new ticket into its first notes."""
    for name, flag in _INITIAL:
        record.pop(name, None)
        if body.get(name):
            note: Record = {"ticketId": record["id"], "text": body[name], flag: True, "issueFlag": False}
            _finish_note(call, note)
            call.store.insert("ticketNotes", note, call.principal.identifier)


def before_note(call: Call, record: Record, old: Record | None) -> None:
    """A note belongs to at least one of the three tabs; its author is the named member or else the caller."""
    if not any(record.get(name) for name in _NOTE_FLAGS):
        message = "Select at least one of Discussion, Internal or Resolution."
        error = field_error("MissingRequiredItem", message, "ServiceNote", _NOTE_FLAGS[0])
        raise invalid_object("ServiceNote", [error])
    _finish_note(call, record, old)


def _finish_note(call: Call, record: Record, old: Record | None = None) -> None:
    for name in _NOTE_FLAGS:
        record[name] = bool(record.get(name))
    record["internalFlag"] = record["internalAnalysisFlag"]
    record["externalFlag"] = record["detailDescriptionFlag"] or record["resolutionFlag"]
    if old is None:
        member = call.store.get("members", (record.get("member") or {}).get("id") or 0)
        record["dateCreated"] = now()
        record["createdBy"] = member["identifier"] if member else call.principal.identifier
        if member is None and not record.get("contact"):
            record["member"] = {"id": call.principal.member_id}


def _put_status(call: Call, record: Record) -> None:
    board = record["board"]["id"]
    if not record.get("status"):
        rows = [row for row in call.store.rows("boardStatuses") if row["board"]["id"] == board and row["defaultFlag"]]
        record["status"] = {"id": rows[0]["id"]} if rows else None
        return
    status = call.store.get("boardStatuses", record["status"]["id"])
    if status is not None and status["board"]["id"] != board:
        # A status given by name may have matched the same name on another board.
        for row in call.store.rows("boardStatuses"):
            if row["board"]["id"] == board and row["name"] == status["name"] and _named(call, "status"):
                record["status"] = {"id": row["id"]}
                return
        raise _off_board("status")


def _named(call: Call, name: str) -> bool:
    body = call.read_json()
    steps = body if isinstance(body, list) else [{"path": name, "value": body.get(name)}]
    values = [step.get("value") for step in steps if step.get("path") == name]
    return any(isinstance(value, dict) and "id" not in value for value in values)


def _must_be_on_board(call: Call, record: Record, name: str, table: str) -> None:
    chosen = call.store.get(table, (record.get(name) or {}).get("id") or 0)
    if chosen is not None and chosen["board"]["id"] != record["board"]["id"]:
        raise _off_board(name)


def _off_board(name: str) -> Exception:
    message = f"The {name} does not belong to the ticket's board."
    return invalid_object("Ticket", [invalid_field("Ticket", name, message)])


def _put_closing(call: Call, record: Record, old: Record | None) -> None:
    status = call.store.get("boardStatuses", (record.get("status") or {}).get("id") or 0)
    closed = bool(status and status["closedStatus"])
    if closed and not (old or {}).get("closedFlag"):
        call.require("CloseServiceTickets", "edit")
        record["closedDate"], record["closedBy"] = now(), call.principal.identifier
    elif not closed:
        record["closedDate"] = record["closedBy"] = None
    record["closedFlag"] = closed


def _put_caller(call: Call, record: Record, keep_given: bool) -> None:
    contact = call.store.get("contacts", (record.get("contact") or {}).get("id") or 0)
    items = (
        []
        if contact is None
        else [row for row in call.store.rows("communications") if row["contactId"] == contact["id"]]
    )
    shown = None if contact is None else f"{contact.get('firstName', '')} {contact.get('lastName') or ''}".strip()
    filled = {
        "contactName": shown,
        "contactPhoneNumber": _default_of(items, "Phone", "value", 20),
        "contactPhoneExtension": _default_of(items, "Phone", "extension", 15),
        "contactEmailAddress": _default_of(items, "Email", "value", 250),
    }
    for name, value in filled.items():
        if not (keep_given and record.get(name)):
            record[name] = value


def _default_of(items: list[Record], kind: str, name: str, limit: int) -> str | None:
    value = next((row.get(name) for row in items if row["communicationType"] == kind and row["defaultFlag"]), None)
    return str(value)[:limit] if value else None


def search(call: Call) -> Answer:
    """`POST /service/tickets/search`: the conditions come in the body, page and fields stay in the query."""
    level = call.require("ServiceTickets", "inquire")
    body = call.read_json()
    if not isinstance(body, dict):
        raise malformed("Send an object with conditions.")
    given = {name.lower(): str(value) for name, value in body.items() if value is not None}
    call.query.parameters = {**call.query.parameters, **given}
    table = TABLES["tickets"]
    rows = [
        row
        for row in call.store.rows("tickets")
        if level == "All" or (row.get("owner") or {}).get("id") == call.principal.member_id
    ]
    return list_answer(call, table, [call.view.record(table, row) for row in rows])


def all_notes(call: Call, ticket_key: str) -> Answer:
    """`allNotes`: notes of the ticket and of its time entries. `orderBy` has no effect, as clients report."""
    call.require("ServiceTickets", "inquire")
    ticket = call.store.get("tickets", int(ticket_key)) if ticket_key.isdecimal() else None
    if ticket is None:
        raise not_found("Ticket", ticket_key)
    table = TABLES["allNotes"]
    rows = [_as_all_note(call, row) for row in call.store.rows("ticketNotes") if row["ticketId"] == ticket["id"]]
    rows += [row for row in call.store.rows("timeNotes") if row["ticket"]["id"] == ticket["id"]]
    found = paging.select(table, [call.view.record(table, row) for row in rows], call.query)
    page = paging.page(found, call.query)
    return 200, [paging.choose_fields(table, record, call.query.get("fields")) for record in page]


def _as_all_note(call: Call, row: Record) -> Record:
    member = call.store.get("members", (row.get("member") or {}).get("id") or 0)
    author = f"{member['firstName']} {member['lastName']}" if member else row.get("createdBy")
    return {
        **row,
        "noteType": "TicketNote",
        "ticket": {"id": row["ticketId"]},
        "originalAuthor": author,
        "isMarkdownFlag": True,
        "bundledFlag": False,
        "mergedFlag": False,
    }
