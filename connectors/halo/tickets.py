"""Tickets of HaloPSA: read, found, made and moved."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

from connectors.base import NewTicket, NotFound, Rejected, Ticket, TicketSearch, Unavailable
from connectors.halo import records
from connectors.halo.api import HaloApi, number, record_id
from connectors.halo.contacts import MOST_CLIENTS, clients, read, searchable, site_of
from connectors.reading import JsonObject, flag, text

TICKETS: Final = "/Tickets"
ONE_TICKET: Final = "/Tickets/{id}"
_NEWEST: Final = {"order": "id", "orderdesc": "true", "includeclosed": "true"}
"""Closed tickets are found, too: that a list leaves them out unasked is [inferred] from the parameter's existence."""


def one(api: HaloApi, ref: str) -> Ticket:
    """One ticket."""
    return _ticket(api, _row(api, ref))


def search(api: HaloApi, wanted: TicketSearch) -> list[Ticket]:
    """Tickets that match, newest first. Raises Rejected for an empty search."""
    contact, summary = searchable(wanted.contact), searchable(wanted.summary)
    if not any(part.strip() for part in (wanted.number, contact, wanted.company, summary)):
        raise Rejected("Say what to look for: a number, a contact, a client or words of the summary.")
    if wanted.number.strip():
        try:
            rows = [_row(api, wanted.number.strip().lstrip("#").lstrip("0"))]
        except NotFound:
            return []
    else:
        rows = _rows(api, contact, summary, wanted.company, wanted.limit)
    company = wanted.company.strip().casefold()
    fitting = [
        row
        for row in rows
        if contact.casefold() in text(row, "user_name").casefold()
        and summary.casefold() in text(row, "summary").casefold()
        and company in text(row, "client_name").casefold()
    ]
    found = [_ticket(api, row) for row in fitting]
    return sorted(found, key=lambda each: -int(each.ref))[: wanted.limit]


def create(api: HaloApi, new: NewTicket) -> Ticket:
    """Make a ticket. Mandatory fields of the ticket type are not waived: Halo's own words say which are missing."""
    client = record_id(new.company_ref, "client")
    body: dict[str, object] = {"summary": new.title, "details_html": html(new.text), "client_id": client}
    if new.contact_ref:
        user = read(api, new.contact_ref)
        if number(user.get("client_id")) != client:
            raise Rejected("This contact belongs to another client in HaloPSA.")
        # A user is taken only together with its site.
        body |= {"user_id": number(user.get("id")), "site_id": site_of(user)}
    else:
        body |= {"userlookup": {"id": -1, "lookupdisplay": "Enter Details Manually"}, "usertype": 1}
    if new.board_ref:
        body["team"] = _named(api, "/Team", new.board_ref, "team", "name")
    for member, ref, thing in (
        ("tickettype_id", new.type_ref, "ticket type"),
        ("status_id", new.status_ref, "status"),
    ):
        if ref:
            body[member] = record_id(ref, thing)
    for member, ref, level in (("category_1", new.subtype_ref, 1), ("category_2", new.item_ref, 2)):
        if ref:
            body[member] = _named(api, "/Category", ref, "category", "value", {"type_id": level})
    if new.priority_ref:
        body["priority_id"] = _priority(api, new.priority_ref, new.type_ref)
    return _ticket(api, api.write(TICKETS, body))


def find(api: HaloApi, company_ref: str, reference: str) -> Ticket | None:
    """The newest ticket of the client whose summary holds the reference."""
    if not reference.strip():
        raise Rejected("A ticket can only be found by a reference.")
    asked: dict[str, str | int] = {
        "client_id": record_id(company_ref, "client"),
        "search_summary": searchable(reference),
        "pageinate": "true",
        "page_size": 25,
        "page_no": 1,
    }
    rows, _ = api.some(TICKETS, {**asked, **_NEWEST})
    holding = [row for row in rows if reference in text(row, "summary")]
    return _ticket(api, max(holding, key=lambda row: number(row.get("id")) or 0)) if holding else None


def set_status(api: HaloApi, ticket_ref: str, status_ref: str) -> Ticket:
    """Give a ticket another status, and read it back; a status in an action would not move it everywhere."""
    key, wanted = record_id(ticket_ref, "ticket"), record_id(status_ref, "status")
    before = _row(api, ticket_ref)
    if number(before.get("status_id")) == wanted:
        return _ticket(api, before)
    failure: Unavailable | None = None
    try:
        api.write(TICKETS, {"id": key, "status_id": wanted})
    except Unavailable as problem:
        if not problem.ambiguous:
            raise
        failure = problem
    after = _row(api, ticket_ref)
    if number(after.get("status_id")) != wanted:
        raise failure or Rejected("HaloPSA reported success but the ticket has another status.")
    return _ticket(api, after)


def priority_ref(row: JsonObject) -> str:
    """A priority's reference: its number means something only under its SLA, and its own id is of no use to tickets."""
    return f"{records.ref_of(row, 'slaid')}-{records.ref_of(row, 'priorityid')}"


def html(words: str) -> str:
    """Text of people as HTML: nothing in it is markup."""
    return f"<p>{escape(words.strip())}</p>".replace("\n", "<br>")


def _row(api: HaloApi, ref: str) -> JsonObject:
    row = api.record(ONE_TICKET, {"id": record_id(ref, "ticket")}, {"includedetails": "true"})
    if flag(row, "deleted"):
        raise NotFound("This ticket was deleted in HaloPSA.")
    return row


def _ticket(api: HaloApi, row: JsonObject) -> Ticket:
    names: dict[int, str] = {}
    if not records.status_name(row):
        names = {number(each.get("id")) or 0: text(each, "name") for each in api.kept("/Status", {"showall": "true"})}
    return records.ticket(row, names)


def _rows(api: HaloApi, contact: str, summary: str, company: str, limit: int) -> list[JsonObject]:
    asked: dict[str, str | int] = {"pageinate": "true", "page_size": max(limit, 25), "page_no": 1, **_NEWEST}
    if contact:
        asked["search_user_name"] = contact
    if summary:
        asked["search_summary"] = summary
    if not company.strip():
        return api.some(TICKETS, asked)[0]
    found: list[JsonObject] = []
    for each in clients(api, company)[:MOST_CLIENTS]:
        found += api.some(TICKETS, {**asked, "client_id": int(each.ref)})[0]
    return found


def _named(
    api: HaloApi, template: str, ref: str, thing: str, member: str, params: dict[str, str | int] | None = None
) -> str:
    """The name of a team or category, by which tickets hold it. Raises NotFound."""
    wanted = record_id(ref, thing)
    return _first(api.kept(template, params), lambda row: number(row.get("id")) == wanted, thing, member)


def _first(rows: list[JsonObject], fits: Callable[[JsonObject], bool], thing: str, member: str) -> str:
    name = next((text(row, member) for row in rows if fits(row)), "")
    if not name:
        raise NotFound(f"HaloPSA has no such {thing} any more. Choose it again.")
    return name


def _priority(api: HaloApi, ref: str, type_ref: str) -> int:
    """The number of a priority, which must be of the SLA that the ticket type has."""
    sla, _, wanted = ref.partition("-")
    chosen = record_id(wanted, "priority")
    if type_ref:
        key = record_id(type_ref, "ticket type")
        kind = next((row for row in api.kept("/TicketType", {"showall": "true"}) if number(row.get("id")) == key), {})
        theirs = next(
            (number(kind.get(name)) for name in ("default_sla", "default_sla_id", "sla_id") if name in kind), None
        )
        if theirs is not None and theirs > 0 and theirs != record_id(sla, "SLA"):
            raise Rejected("This priority belongs to another SLA than the ticket type. Choose the priority again.")
    return chosen
