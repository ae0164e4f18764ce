"""Finding, making and moving tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.autotask import contacts, records
from connectors.autotask.api import AutotaskApi, Condition, record_id, where
from connectors.autotask.lists import Lists
from connectors.base import Choice, NewTicket, PsaError, Rejected, Ticket, TicketSearch, Unavailable
from connectors.reading import JsonObject

RECENT: Final = timedelta(days=60)
"""Rows come oldest first and cannot be sorted, so the newest are looked for among those of the last days first."""

LONGEST_TEXT: Final = 8000
DUE_AFTER: Final = timedelta(days=1)
"""The due date that a ticket gets where its category wants one and nobody named it."""

_NEW: Final = "1"


def read(api: AutotaskApi, lists: Lists, ref: str) -> Ticket:
    """One ticket. A pod opens on it and must not wait for lists: where they are not remembered, its queue and status
    are named by their numbers."""
    row = api.item("Tickets", record_id(ref, "ticket"))
    return records.ticket(row, lists.company_name(records.ref_of(row, "companyID")), lists, ask=False)


def search(api: AutotaskApi, lists: Lists, wanted: TicketSearch) -> list[Ticket]:
    """Tickets that match, newest first. Raises Rejected for an empty search."""
    number = wanted.number.strip().lstrip("#")
    conditions: list[Condition] = []
    if number:
        if number.isascii() and number.isdecimal() and len(number) <= 18:
            conditions.append(where("id", "eq", int(number)))
        else:
            conditions.append(where("ticketNumber", "eq", number.upper()))
    if wanted.summary.strip():
        conditions.append(where("title", "contains", wanted.summary.strip()))
    for name, field, find in (
        (wanted.company, "companyID", contacts.company_ids),
        (wanted.contact, "contactID", contacts.people_ids),
    ):
        if name.strip():
            ids = find(api, name)
            if not ids:
                return []
            conditions.append(where(field, "in", ids))
    if not conditions:
        raise Rejected("Say what to look for: a number, a contact, a company or words of the summary.")
    rows = [row for row in _newest(api, conditions, wanted.limit, number) if _fits(row, wanted)]
    return described(api, lists, rows)


def create(api: AutotaskApi, lists: Lists, new: NewTicket) -> Ticket:
    """Make a ticket with what was chosen and, for the rest, what the tenant's own category says."""
    if len(new.text) > LONGEST_TEXT:
        raise Rejected(f"A ticket's text has {LONGEST_TEXT} characters at most in Autotask.")
    company = record_id(new.company_ref, "company")
    chosen = {
        "contactID": new.contact_ref and record_id(new.contact_ref, "contact"),
        "queueID": new.board_ref and _value(new.board_ref, "queue"),
        "issueType": new.type_ref and _value(new.type_ref, "issue type"),
        "subIssueType": new.subtype_ref and _value(new.subtype_ref, "sub-issue type"),
        "priority": new.priority_ref and _value(new.priority_ref, "priority"),
        "status": new.status_ref and _value(new.status_ref, "status"),
    }
    # A field that is not set must not be sent at all: null is a 500 on a new record.
    body: dict[str, Any] = {name: value for name, value in chosen.items() if value != ""}
    if not {"queueID", "priority", "status"} <= body.keys():
        body = {**_defaults(api, lists), **body}
    for name, word in (("queueID", "queue"), ("priority", "priority")):
        if name not in body:
            raise Rejected(f"Choose a {word}: the ticket category in Autotask has none of its own.")
    body |= {"companyID": company, "title": new.title, "description": new.text}
    try:
        key = api.write("POST", "/Tickets", body)
    except Rejected as refused:
        if "duedatetime" not in str(refused).lower():
            raise
        due = (datetime.now(UTC) + DUE_AFTER).strftime("%Y-%m-%dT%H:%M:%SZ")
        key = api.write("POST", "/Tickets", {**body, "dueDateTime": due})
    try:
        return _read(api, lists, key)
    except PsaError as problem:
        raise Unavailable(f"The ticket was made, but could not be read: {problem}", ambiguous=True) from None


def find(api: AutotaskApi, lists: Lists, company_ref: str, reference: str) -> Ticket | None:
    """The newest ticket of the company whose summary holds the reference."""
    if not reference.strip():
        raise Rejected("A ticket can only be found by a reference.")
    conditions = (
        where("companyID", "eq", record_id(company_ref, "company")),
        where("title", "contains", reference.strip()),
    )
    rows = api.every("Tickets", *conditions, fields=records.TICKET_FIELDS)
    holding = [row for row in rows if reference.strip() in str(row.get("title"))]
    return described(api, lists, holding[-1:])[0] if holding else None


def set_status(api: AutotaskApi, lists: Lists, ticket_ref: str, status_ref: str) -> Ticket:
    """Give a ticket another status, and look whether it has it: some changes are answered and not made."""
    key, wanted = record_id(ticket_ref, "ticket"), _value(status_ref, "status")
    before = api.item("Tickets", key)
    if before.get("status") == wanted:
        return described(api, lists, [before])[0]
    failure: PsaError | None = None
    try:
        api.write("PATCH", "/Tickets", {"id": key, "status": wanted})
    except Unavailable as problem:
        if not problem.ambiguous:
            raise
        failure = problem
    after = api.item("Tickets", key)
    if after.get("status") != wanted:
        raise failure or Rejected("Autotask reported success but the ticket has another status.")
    return described(api, lists, [after])[0]


def choices(lists: Lists, field: str, *, parent: str | None = None) -> list[Choice]:
    """A list of tickets that is in use, in the tenant's order; ``parent`` narrows a child list to one value's."""
    return [
        Choice(each.value, each.label, each.default, field == "status" and each.value == str(records.COMPLETE))
        for each in lists.entries("Tickets", field)
        if parent is None or each.parent == parent
    ]


def described(api: AutotaskApi, lists: Lists, rows: Sequence[JsonObject]) -> list[Ticket]:
    """Tickets with all names: two questions at most, however many they are."""
    companies = lists.company_names([ref for row in rows if (ref := records.ref_of(row, "companyID"))])
    people = contacts.names(api, [ref for row in rows if (ref := records.ref_of(row, "contactID"))])
    return [
        records.ticket(
            row,
            companies.get(records.ref_of(row, "companyID"), ""),
            lists,
            contact_name=people.get(records.ref_of(row, "contactID"), ""),
        )
        for row in rows
    ]


def _read(api: AutotaskApi, lists: Lists, key: int) -> Ticket:
    return described(api, lists, [api.item("Tickets", key)])[0]


def _newest(api: AutotaskApi, conditions: Sequence[Condition], limit: int, number: str) -> list[JsonObject]:
    recent = where("createDate", "gte", (datetime.now(UTC) - RECENT).strftime("%Y-%m-%dT%H:%M:%SZ"))
    rows: list[JsonObject] = []
    for window in ([],) if number else ([recent], []):
        rows = api.every("Tickets", *conditions, *window, fields=records.TICKET_FIELDS, pages=20)
        if len(rows) >= limit:
            break
    return sorted(rows, key=lambda row: (str(row.get("createDate")), int(records.ref_of(row))), reverse=True)[:limit]


def _fits(row: JsonObject, wanted: TicketSearch) -> bool:
    """Whether the words stand there as they were typed: a database may take some of them for wild cards."""
    return wanted.summary.strip().casefold() in str(row.get("title")).casefold()


def _defaults(api: AutotaskApi, lists: Lists) -> dict[str, Any]:
    """What the tenant's own category puts into a new ticket. A status of New is there in every tenant."""
    found: dict[str, Any] = {"status": int(_NEW)}
    default = next(
        (each.value for each in lists.entries("Tickets", "priority") if each.default), None
    )  # fmt: skip
    if default is not None:
        found["priority"] = int(default)
    categories = api.some("TicketCategories", where("isGlobalDefault", "eq", True), limit=1)
    if not categories:
        return found
    key = int(records.ref_of(categories[0]))
    items = api.call("GET", "/TicketCategories/{id}/FieldDefaults", {"id": key}).get("items")
    row = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    for ours, theirs in (
        ("status", "status"),
        ("priority", "priority"),
        ("queueID", "queueID"),
        ("ticketType", "ticketTypeID"),
        ("source", "sourceID"),
    ):
        if isinstance(row.get(theirs), int):
            found[ours] = row[theirs]
    return {"ticketCategory": key, **found}


def _value(ref: str, thing: str) -> int:
    """A list's value, which can be negative."""
    number = ref.removeprefix("-")
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise Rejected(f"This is not the id of an Autotask {thing}.")
    return int(ref)
