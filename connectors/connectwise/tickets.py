"""Finding, making and moving service tickets.

Paths and field names are from the official OpenAPI; a summary has 100 characters there.
"""

from __future__ import annotations

from typing import Final

from connectors.base import NewTicket, Rejected, Ticket, TicketSearch, Unavailable
from connectors.connectwise import records
from connectors.connectwise.api import ManageApi
from connectors.connectwise.conditions import all_of, contains, equals, record_id
from connectors.reading import JsonObject

_TICKETS: Final = "/service/tickets"
_ONE: Final = "/service/tickets/{id}"


def search(api: ManageApi, wanted: TicketSearch) -> list[Ticket]:
    """Tickets that match, newest first. Raises Rejected for an empty search and for text that cannot be looked for."""
    number = wanted.number.strip().lstrip("#")
    if number and not (number.isascii() and number.isdecimal() and 0 < int(number) < 2**31):
        return []
    conditions = all_of(
        equals("id", int(number)) if number else "",
        _holds("contact/name", wanted.contact),
        _holds("company/name", wanted.company),
        _holds("summary", wanted.summary),
    )
    if not conditions:
        raise Rejected("Say what to look for: a number, a contact, a company or words of the summary.")
    rows = api.some(_TICKETS, conditions=conditions, order="id desc", limit=wanted.limit)
    return [records.ticket(row) for row in rows]


def create(api: ManageApi, new: NewTicket) -> Ticket:
    """Make a ticket. Nobody is mailed about it by this call."""
    body: dict[str, object] = {
        "summary": new.title,
        "initialDescription": new.text,
        "company": {"id": record_id(new.company_ref, "company")},
        "processNotifications": False,
    }
    for field, ref, thing in (
        ("contact", new.contact_ref, "contact"),
        ("board", new.board_ref, "board"),
        ("type", new.type_ref, "type"),
        ("subType", new.subtype_ref, "subtype"),
        ("item", new.item_ref, "item"),
        ("priority", new.priority_ref, "priority"),
        ("status", new.status_ref, "status"),
    ):
        if ref:
            body[field] = {"id": record_id(ref, thing)}
    return records.ticket(api.record("POST", _TICKETS, body=body))


def find(api: ManageApi, company_ref: str, reference: str) -> Ticket | None:
    """The newest ticket of the company whose summary holds the reference."""
    if not reference.strip():
        raise Rejected("A ticket can only be found by a reference.")
    conditions = all_of(equals("company/id", record_id(company_ref, "company")), contains("summary", reference))
    rows = api.some(_TICKETS, conditions=conditions, order="id desc", limit=5)
    return next((ticket for ticket in map(records.ticket, rows) if reference in ticket.summary), None)


def set_status(api: ManageApi, ticket_ref: str, status_ref: str) -> Ticket:
    """Give a ticket another status; ConnectWise takes only a status of the ticket's own board."""
    ids = {"id": record_id(ticket_ref, "ticket")}
    wanted = record_id(status_ref, "status")
    before = api.record("GET", _ONE, ids)
    if _status(before) == wanted:
        return records.ticket(before)
    patch = [{"op": "replace", "path": "status", "value": {"id": wanted}}]
    try:
        api.record("PATCH", _ONE, ids, body=patch)
    except Unavailable as failure:
        if not failure.ambiguous:
            raise
        after = api.record("GET", _ONE, ids)
        if _status(after) != wanted:
            raise failure from None
        return records.ticket(after)
    after = api.record("GET", _ONE, ids)
    if _status(after) != wanted:
        raise Rejected("ConnectWise reported success but the ticket has another status.")
    return records.ticket(after)


def _status(row: JsonObject) -> int:
    return int((records.inner(row, "status") or {}).get("id", 0))


def _holds(field: str, words: str) -> str:
    return contains(field, words.strip()) if words.strip() else ""
