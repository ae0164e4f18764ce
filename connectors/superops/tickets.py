"""Finding, making and moving tickets.

A ticket takes names of statuses, priorities and categories, not ids; ``requestType`` is demanded by live accounts
though not by the schema [seen by public clients]. Conditions by subject, requester and client name are documented;
where an account fails on one, the newest tickets are read and compared here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from connectors.base import Choice, NewTicket, NotFound, Rejected, Ticket, TicketSearch, Unavailable
from connectors.reading import JsonObject
from connectors.superops import records
from connectors.superops.api import GraphqlApi
from connectors.superops.errors import Opaque
from connectors.superops.records import record_id

SOURCE: Final = "PHONE"
"""Where our tickets come from, one of the schema's enum. Those of INTEGRATION were seen to lose their requester."""

SUB_SOURCE: Final = "podserver"
_FIELDS: Final = "ticketId displayId subject status client requester techGroup createdTime"
_ONE: Final = f"query($i: TicketIdentifierInput!) {{ getTicket(input: $i) {{ {_FIELDS} }} }}"
_LIST: Final = (
    "query($i: ListInfoInput!) { getTicketList(input: $i) "
    f"{{ tickets {{ {_FIELDS} }} listInfo {{ page pageSize hasMore totalCount }} }} }}"
)
_CREATE: Final = f"mutation($i: CreateTicketInput!) {{ createTicket(input: $i) {{ {_FIELDS} }} }}"
_UPDATE: Final = "mutation($i: UpdateTicketInput!) { updateTicket(input: $i) { ticketId status } }"
# The list's own order tells nothing.
_NEWEST: Final = [{"attribute": "createdTime", "order": "DESC"}]
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,39}")
_LONG_ID: Final = re.compile(r"[0-9]{16,25}")
_PAGES_READ: Final = 5


class Tickets:
    """The tickets of one account. ``closed`` are names of statuses in lower case, ``request_type`` goes with a new
    ticket that names none.
    """

    def __init__(self, api: GraphqlApi, closed: Collection[str], request_type: str) -> None:
        self._api = api
        self._closed = closed
        self._request_type = request_type

    def one(self, ref: str) -> Ticket:
        """A ticket by its long id."""
        return self._ticket(self._row(ref))

    def search(self, wanted: TicketSearch) -> list[Ticket]:
        """Tickets that match, newest first."""
        number = wanted.number.strip().lstrip("#")
        words = {
            "requester.name": wanted.contact.strip(),
            "client.name": wanted.company.strip(),
            "subject": wanted.summary.strip(),
        }
        if not number and not any(words.values()):
            raise Rejected("Say what to look for: a number, a requester, a client or words of the subject.")
        if number and not _NUMBER.fullmatch(number):
            return []

        def fits(ticket: Ticket) -> bool:
            found = (ticket.contact_name, ticket.company.name if ticket.company else "", ticket.summary)
            return (not number or number.casefold() in (ticket.number.casefold(), ticket.ref)) and all(
                word.casefold() in said.casefold() for word, said in zip(words.values(), found, strict=True)
            )

        if _LONG_ID.fullmatch(number):
            try:
                return [ticket for ticket in [self.one(number)] if fits(ticket)]
            except NotFound:
                return []
        leaves = [_leaf(name, "contains", word) for name, word in words.items() if word]
        leaves += [_leaf("displayId", "is", number)] if number else []
        return self._found(leaves, fits, wanted.limit)

    def find(self, company_ref: str, reference: str) -> Ticket | None:
        """The newest ticket of the client whose subject holds the reference."""
        if not reference.strip():
            raise Rejected("A ticket can only be found by a reference.")
        client = record_id(company_ref, "client")

        def fits(ticket: Ticket) -> bool:
            return reference in ticket.summary and ticket.company is not None and ticket.company.ref == client

        leaves = [_leaf("client.accountId", "is", client), _leaf("subject", "contains", reference)]
        return next(iter(self._found(leaves, fits, 1)), None)

    def create(self, new: NewTicket, first_status: Callable[[], str]) -> Ticket:
        """Make a ticket; ``first_status`` names the status of one that is to have none in particular."""
        body: dict[str, Any] = {
            "subject": new.title,
            "description": records.rendered(new.text),
            "client": {"accountId": record_id(new.company_ref, "client")},
            "source": SOURCE,
            "subSource": SUB_SOURCE,
            "sourceReferenceId": new.reference,
            "status": new.status_ref or first_status(),
            "requestType": new.type_ref or self._request_type,
        }
        if new.contact_ref:
            body["requester"] = {"userId": record_id(new.contact_ref, "requester")}
        if new.board_ref:
            body["techGroup"] = {"groupId": record_id(new.board_ref, "technician group")}
        for field, name in (
            ("priority", new.priority_ref),
            ("category", new.subtype_ref),
            ("subcategory", new.item_ref),
        ):
            if name:
                body[field] = name
        row = self._api.change("createTicket", _CREATE, body)
        if not row.get("ticketId"):
            # Seen on live accounts as a failure without errors; the ticket may be there all the same.
            raise Unavailable("SuperOps made no ticket that it would name.", ambiguous=True)
        return self._ticket(row)

    def set_status(self, ticket_ref: str, status_ref: str) -> Ticket:
        """Give a ticket another status, by name, and read it back."""
        before = self.one(ticket_ref)
        if not status_ref.strip():
            raise Rejected("Say which status the ticket is to have.")
        if _same(before.status, status_ref):
            return before
        failure: Unavailable | None = None
        try:
            self._api.change("updateTicket", _UPDATE, {"ticketId": before.ref, "status": status_ref})
        except Unavailable as problem:
            if not problem.ambiguous:
                raise
            failure = problem
        after = self.one(ticket_ref)
        if not _same(after.status, status_ref):
            raise failure or Rejected("SuperOps reported success but the ticket has another status.")
        return after

    def _found(self, leaves: list[JsonObject], fits: Callable[[Ticket], bool], limit: int) -> list[Ticket]:
        condition = leaves[0] if len(leaves) == 1 else {"joinOperator": "AND", "operands": leaves}
        request = {"page": 1, "pageSize": min(max(limit, 1), 100), "condition": condition, "sort": _NEWEST}
        try:
            rows, _ = self._api.page("getTicketList", _LIST, "tickets", request)
        except Opaque:
            return self._compared(fits, limit)
        return [ticket for ticket in map(self._ticket, rows) if fits(ticket)][:limit]

    def _compared(self, fits: Callable[[Ticket], bool], limit: int) -> list[Ticket]:
        """Where conditions fail: the newest tickets, as far back as is reasonable."""
        found: dict[str, Ticket] = {}
        for number in range(1, _PAGES_READ + 1):
            request = {"page": number, "pageSize": 100, "sort": _NEWEST}
            rows, more = self._api.page("getTicketList", _LIST, "tickets", request)
            found |= {ticket.ref: ticket for ticket in map(self._ticket, rows) if fits(ticket)}
            if not more or len(found) >= limit:
                break
        return list(found.values())[:limit]

    def _row(self, ref: str) -> JsonObject:
        key = record_id(ref, "ticket")
        row = self._api.ask("getTicket", _ONE, {"ticketId": key})
        if not isinstance(row, Mapping) or str(row.get("ticketId")) != key:
            raise NotFound("SuperOps has no such ticket, or hides it from the token's technician.")
        return row

    def _ticket(self, row: JsonObject) -> Ticket:
        return records.ticket(row, self._closed)


def choices(names: Collection[str], default: str = "", closed: Collection[str] = ()) -> list[Choice]:
    """Names of a list, which are their own refs: that is what a ticket takes."""
    return [Choice(name, name, _same(name, default), name.casefold() in closed) for name in names]


def _leaf(attribute: str, operator: str, value: str) -> JsonObject:
    return {"attribute": attribute, "operator": operator, "value": value}


def _same(first: str, second: str) -> bool:
    return first.strip().casefold() == second.strip().casefold()
