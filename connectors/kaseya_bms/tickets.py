"""Finding, making and moving tickets, and their notes."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from connectors.base import Choice, NewTicket, Note, NotFound, Rejected, Ticket, TicketSearch, Unavailable
from connectors.kaseya_bms import contacts, records
from connectors.kaseya_bms.api import BmsApi, record_id
from connectors.kaseya_bms.lists import NOTE_TYPES, lookup, lookup_table, ticket_types
from connectors.kaseya_bms.markup import to_html
from connectors.reading import JsonObject, flag

TICKETS: Final = "/v2/servicedesk/tickets"
ONE: Final = "/v2/servicedesk/tickets/{id}"
_NOTES: Final = "/v2/servicedesk/tickets/{id}/notes"
SOURCE_PHONE: Final = 1
"""The source "phone" as the first API numbered it; that the second one does so too is [inferred]."""

_LEARNED_FROM: Final = 8


def search(api: BmsApi, wanted: TicketSearch) -> list[Ticket]:
    """Tickets that match, newest first. A number is BMS's ticket number, or the id."""
    number = wanted.number.strip().lstrip("#")
    words = {
        name: text.strip()
        for name, text in (("contactName", wanted.contact), ("account", wanted.company), ("title", wanted.summary))
        if text.strip()
    }
    if not number and not words:
        raise Rejected("Say what to look for: a number, a contact, a company or words of the summary.")
    rows = api.newest_tickets({**words, **({"ticketNumber": number} if number else {})}, wanted.limit)
    if number and number.isascii() and number.isdecimal() and 0 < int(number) < 2**31:
        with contextlib.suppress(NotFound):
            rows.insert(0, api.record("GET", ONE, {"id": int(number)}))
    found = {ticket.ref: ticket for ticket in map(records.ticket, rows) if _fits(ticket, number, wanted)}
    return sorted(found.values(), key=lambda ticket: int(ticket.ref), reverse=True)[: wanted.limit]


def _fits(ticket: Ticket, number: str, wanted: TicketSearch) -> bool:
    """A filter that BMS does not know is ignored without a word, so every filter is applied here again."""
    company = ticket.company.name if ticket.company else ""
    return (
        (not number or number.casefold() in (ticket.number.casefold(), ticket.ref))
        and wanted.contact.strip().casefold() in ticket.contact_name.casefold()
        and wanted.company.strip().casefold() in company.casefold()
        and wanted.summary.strip().casefold() in ticket.summary.casefold()
    )


def create(api: BmsApi, new: NewTicket, source: int) -> Ticket:
    """Make a ticket. BMS has no defaults of its own: what is empty is chosen from its lists here."""
    body: dict[str, object] = {
        "title": new.title,
        "details": to_html(new.text),
        "accountId": record_id(new.company_ref, "company"),
        "locationId": _location(api, new),
        "statusId": _chosen(new.status_ref, "status") or _first_status(api),
        "priorityId": _chosen(new.priority_ref, "priority") or _default_priority(api),
        "typeId": _chosen(new.type_ref, "type") or _default_type(api),
        "sourceId": source,
        "queueId": _chosen(new.board_ref, "queue") or _only_queue(api),
        "openDate": _now(),
    }
    for name, ref, thing in (
        ("contactId", new.contact_ref, "contact"),
        ("issueTypeId", new.subtype_ref, "issue type"),
        ("subIssueTypeId", new.item_ref, "sub-issue type"),
    ):
        if ref:
            body[name] = record_id(ref, thing)
    return records.ticket(api.record("POST", TICKETS, body=body))


def find(api: BmsApi, company_ref: str, reference: str) -> Ticket | None:
    """The company's newest ticket whose title holds the reference."""
    if not reference.strip():
        raise Rejected("A ticket can only be found by a reference.")
    company = record_id(company_ref, "company")
    rows = api.newest_tickets({"accountIds": str(company), "title": reference}, 5)
    mine = (records.ticket(row) for row in rows if row.get("accountid") == company)
    return next((ticket for ticket in mine if reference in ticket.summary), None)


def set_status(api: BmsApi, ticket_ref: str, status_ref: str) -> Ticket:
    """Give a ticket another status and read it back."""
    ids = {"id": record_id(ticket_ref, "ticket")}
    wanted = record_id(status_ref, "status")
    before = api.record("GET", ONE, ids)
    if before.get("statusid") == wanted:
        return records.ticket(before)
    _refuse_read_only(before)
    failure: Unavailable | None = None
    try:
        api.record("PATCH", ONE, ids, body=[{"op": "replace", "path": "/StatusId", "value": wanted}])
    except Unavailable as problem:
        if not problem.ambiguous:
            raise
        failure = problem
    after = api.record("GET", ONE, ids)
    if after.get("statusid") == wanted:
        return records.ticket(after)
    raise failure or Rejected("Kaseya BMS reported success but the ticket has another status.")


def post_note(api: BmsApi, ticket_ref: str, text: str, *, internal: bool, note_type: str) -> Note:
    """Add a note that nobody is mailed about."""
    if not text.strip():
        raise Rejected("A note needs a text.")
    if not note_type:
        raise Rejected("Kaseya BMS takes no note without a note type. Choose one on this integration's page.")
    body = {
        "details": to_html(text),
        "isInternal": internal,
        "noteDate": _now(),
        "typeId": record_id(note_type, "note type"),
    }
    return records.note(api.record("POST", _NOTES, {"id": record_id(ticket_ref, "ticket")}, body=body))


def find_note(api: BmsApi, ticket_ref: str, reference: str) -> Note | None:
    """The newest note whose words hold the reference; all are read, since BMS does not filter notes."""
    if not reference.strip():
        raise Rejected("A note can only be found by a reference.")
    rows = api.every(_NOTES, {"id": record_id(ticket_ref, "ticket")})
    holding = [note for note in map(records.note, rows) if reference in note.text]
    return max(holding, key=lambda note: int(note.ref), default=None)


def note_types(api: BmsApi) -> list[Choice]:
    """The note types, the likeliest first and marked as default.

    No call is documented that lists them. Where the lookup table of that name is not there, they are learned from the
    notes of the newest tickets, most used first.
    """
    listed = lookup_table(api, NOTE_TYPES)
    if listed:
        return listed
    used: Counter[tuple[str, str]] = Counter()
    for row in api.newest_tickets({}, _LEARNED_FROM)[:_LEARNED_FROM]:
        for note in api.rows(_NOTES, {"id": int(records.ref_of(row))}):
            if records.number_of(note, "typeid") is not None:
                used[records.ref_of(note, "typeid"), str(note.get("typename") or "")] += 1
    return [Choice(ref, name, default=place == 0) for place, ((ref, name), _) in enumerate(used.most_common())]


def _location(api: BmsApi, new: NewTicket) -> int:
    """The contact's location, or the account's main one: BMS makes no ticket without, and refuses another account's."""
    company = record_id(new.company_ref, "company")
    if new.contact_ref:
        row = contacts.one(api, new.contact_ref)
        if row.get("accountid") != company:
            raise Rejected("This contact belongs to another company in Kaseya BMS.")
        if (own := records.number_of(row, "locationid")) is not None:
            return own
    places = api.rows("/v2/crm/accounts/{id}/locations/lookup", {"id": company})
    chosen = next((row for row in places if flag(row, "ismain")), places[0] if places else None)
    if chosen is None:
        raise Rejected("This company has no location in Kaseya BMS, and without one no ticket can be made for it.")
    return int(records.ref_of(chosen))


def _chosen(ref: str, thing: str) -> int | None:
    return record_id(ref, thing) if ref else None


def _first_status(api: BmsApi) -> int:
    rows = [row for row in lookup(api, "statuses") if records.in_use(row)]
    return _id_of(min(rows, key=_order, default=None), "status")


def _default_priority(api: BmsApi) -> int:
    return _id_of(next((row for row in lookup(api, "priorities") if flag(row, "isdefault")), None), "priority")


def _default_type(api: BmsApi) -> int:
    types = ticket_types(api)
    chosen = next((each for each in types if each.default), types[0] if types else None)
    if chosen is None:
        raise _choose("type")
    return int(chosen.ref)


def _only_queue(api: BmsApi) -> int:
    rows = [row for row in lookup(api, "queues") if records.in_use(row)]
    return _id_of(rows[0] if len(rows) == 1 else None, "queue")


def _id_of(row: JsonObject | None, thing: str) -> int:
    if row is None:
        raise _choose(thing)
    return int(records.ref_of(row))


def _choose(thing: str) -> Rejected:
    return Rejected(f"Kaseya BMS makes no ticket without a {thing}, and none is its default. Choose one.")


def _refuse_read_only(row: Mapping[str, object]) -> None:
    if row.get("isreadonly") is True:
        raise Rejected("The ticket is read-only in Kaseya BMS.")


def _order(row: JsonObject) -> int:
    order = row.get("statusorder")
    return order if isinstance(order, int) else 0


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
