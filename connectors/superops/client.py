"""The SuperOps connector: :class:`connectors.base.Connector` spoken in SuperOps MSP's GraphQL API."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from connectors.base import (
    Capability,
    Choice,
    Company,
    Connector,
    Contact,
    ContactSearch,
    Destination,
    Member,
    MissingPermission,
    NewTicket,
    Note,
    NotFound,
    PodSetup,
    Rejected,
    Right,
    Ticket,
    TicketSearch,
)
from connectors.discipline import Gate, Limits
from connectors.http import INTERACTIVE_TIMEOUT, Observer, PsaSession
from connectors.reading import JsonObject, text
from connectors.superops import errors, notes, records, rights
from connectors.superops.address import api_url, parse_subdomain
from connectors.superops.api import GraphqlApi
from connectors.superops.errors import UnknownToSchema
from connectors.superops.fields import TICKET_MODULE, Forms, options_of
from connectors.superops.records import leaf, record_id
from connectors.superops.requesters import Requesters
from connectors.superops.tickets import Tickets, choices

LIMITS: Final = Limits(at_once=4, budget=80, window=60.0)
"""A tenth of the 800 requests a minute of the help article, and below the 100 that the reference named in 08/2026."""

CLOSED: Final = ("Closed",)
"""SuperOps marks no status as closing; which do is the operator's word."""

REQUEST_TYPE: Final = "Incident"
_CLIENTS: Final = (
    "query($i: ListInfoInput!) { getClientList(input: $i) "
    "{ clients { accountId name stage } listInfo { page pageSize hasMore totalCount } } }"
)
_CLIENT: Final = "query($i: ClientIdentifierInput!) { getClient(input: $i) { accountId name } }"
_TECHNICIANS: Final = (
    "query($i: ListInfoInput!) { getTechnicianList(input: $i) "
    "{ userList { userId firstName lastName name email role } listInfo { page pageSize hasMore totalCount } } }"
)
_ROLES: Final = (
    "{ getTechnicianRoleList { roleId name roleFeatureList { feature { key name } operationList { name } } } }"
)
_GROUPS: Final = "{ getTechnicianGroupList { groupId name } }"
_CLASSIC_LISTS: Final = {"status": "getStatusList", "priority": "getPriorityList"}
_CATEGORIES: Final = "{ getCategoryList { id name subCategories { id name } } }"
_BY_NAME: Final = [{"attribute": "name", "order": "ASC"}]
_ADDRESS: Final = re.compile(r"[^\s@]{1,100}@[^\s@]{1,150}")
_PROBES: Final = {
    "getTicketList": "query($i: ListInfoInput!) { getTicketList(input: $i) { tickets { ticketId } } }",
    "getClientUserList": "query($i: GetClientUserListInput!) { getClientUserList(input: $i) { userList { userId } } }",
    "getClientList": "query($i: ListInfoInput!) { getClientList(input: $i) { clients { accountId } } }",
    "getTechnicianList": "query($i: ListInfoInput!) { getTechnicianList(input: $i) { userList { userId } } }",
}
_ONE_ROW: Final = {"page": 1, "pageSize": 1}


class SuperOps(Connector):
    """One SuperOps account, reached with the API token of a technician.

    ``region`` is ``us`` or ``eu`` (or ``http://localhost:8100`` for tests on the same machine), ``subdomain`` the first
    part of the account's address, ``technician`` the e-mail address of the token's owner: SuperOps has no question
    "who am I". ``closed_statuses`` are names of the statuses that close a ticket. ``mobile_field`` is the key of the
    requesters' custom field with the mobile number; empty, it is found by its label. ``request_type`` goes with new
    tickets that name none. ``timeout`` is in seconds, for the connection and each wait.

    May be shared between threads. Keep one instance per account: it remembers its forms and its connections. Making
    one sends nothing, and raises Rejected where a value cannot be right. Every method raises only errors of
    :mod:`connectors.base`. There is no place for a pod in SuperOps, and no proof of a signed-in technician.
    """

    capabilities: frozenset[Capability] = frozenset(Capability) - {
        Capability.CONFIRM_MEMBER,
        Capability.HOSTED_POD,
        Capability.INSTALL_POD,
    }

    def __init__(
        self,
        region: str,
        subdomain: str,
        token: str,
        technician: str,
        *,
        closed_statuses: Collection[str] = CLOSED,
        mobile_field: str = "",
        request_type: str = REQUEST_TYPE,
        timeout: float = INTERACTIVE_TIMEOUT,
        observer: Observer | None = None,
        gate: Gate | None = None,
    ) -> None:
        if not _ADDRESS.fullmatch(technician.strip()):
            raise Rejected("The technician is named by the e-mail address with which they sign in to SuperOps.")
        self.subdomain = parse_subdomain(subdomain)
        self._technician = technician.strip()
        self._closed = frozenset(name.strip().casefold() for name in closed_statuses if name.strip())
        self._request_type = request_type.strip() or REQUEST_TYPE
        session = PsaSession("SuperOps", timeout=timeout, observer=observer, gate=gate)
        self._api = GraphqlApi(api_url(region), self.subdomain, token, session, gate)
        self._forms = Forms(self._api, mobile_field)
        self._tickets = Tickets(self._api, self._closed, self._request_type)
        self._requesters = Requesters(self._api, self._forms)

    def __repr__(self) -> str:
        return f"SuperOps({self._api.url!r}, subdomain={self.subdomain!r})"

    def close(self) -> None:
        """Close idle connections; the instance stays usable."""
        self._api.session.close()

    def whoami(self) -> Member:
        """The technician whose address was given. Whose the token is cannot be asked; a note's author shows it."""
        return records.member(self._own_row())

    def rights(self) -> Sequence[Right]:
        """Each right that the product needs: what is read is tried, what is written is looked up in the role.

        Starts with :meth:`whoami`, so that a PSA that is down is an error at once and not a row of unknowns.
        """
        try:
            role = leaf(self._own_row(), "role", "roleId")
        except MissingPermission:
            role = None
        return rights.read_rights(lambda: self._features(role), self._probe)

    def ticket(self, ref: str) -> Ticket:
        """One ticket, by its long id."""
        return self._tickets.one(ref)

    def contact(self, ref: str) -> Contact:
        """One requester. Those of several clients have no company: the ticket's is meant."""
        return self._requesters.one(ref)

    def contacts(self, company_ref: str) -> Sequence[Contact]:
        """The client's requesters, by name. SuperOps has no inactive ones."""
        wanted = record_id(company_ref, "client")
        row = self._api.ask("getClient", _CLIENT, {"accountId": wanted})
        if not isinstance(row, Mapping) or str(row.get("accountId")) != wanted:
            raise NotFound("SuperOps has no such client, or hides it from the token's technician.")
        return self._requesters.of_client(records.company(row))

    def companies(self, name_contains: str = "") -> Sequence[Company]:
        """Clients that the token's technician may see, by name; groups of technicians hide others without a word."""
        words = name_contains.strip()
        condition = {"attribute": "name", "operator": "contains", "value": words}
        try:
            found = self._clients({"condition": condition} if words else {})
        except errors.Opaque:
            found = self._clients({})
        fitting = [each for each in found if words.casefold() in each.name.casefold()]
        return sorted(fitting, key=lambda each: (each.name.casefold(), each.ref))

    def boards(self) -> Sequence[Choice]:
        """Technician groups, the nearest thing to a queue."""
        rows = self._list("getTechnicianGroupList", _GROUPS)
        found = [Choice(records.ref_of(row, "groupId"), text(row, "name")) for row in rows]
        return sorted(found, key=lambda group: group.name.casefold())

    def statuses(self, board_ref: str) -> Sequence[Choice]:
        """Statuses of tickets, the same for every group; their names are their refs."""
        return choices(self._names("status"), closed=self._closed)

    def types(self, board_ref: str) -> Sequence[Choice]:
        """Request types; without the Field API only the one that is set here is known."""
        return choices(self._names("requestType") or [self._request_type], self._request_type)

    def subtypes(self, board_ref: str, type_ref: str) -> Sequence[Choice]:
        """Categories, which stand under every request type."""
        return choices([text(row, "name") for row in self._list("getCategoryList", _CATEGORIES)])

    def items(self, board_ref: str, type_ref: str, subtype_ref: str) -> Sequence[Choice]:
        """Subcategories of a category."""
        for row in self._list("getCategoryList", _CATEGORIES):
            if text(row, "name") == subtype_ref:
                below = row.get("subCategories")
                return choices([text(each, "name") for each in below or [] if isinstance(each, Mapping)])
        return ()

    def priorities(self) -> Sequence[Choice]:
        """Ticket priorities in SuperOps' order; their names are their refs."""
        return choices(self._names("priority"))

    def members(self) -> Sequence[Member]:
        """Technicians, by name."""
        found = [records.member(row) for row in self._technician_rows({})]
        return sorted((m for m in found if m.identifier), key=lambda m: (m.name.casefold(), m.ref))

    def member(self, ref: str) -> Member:
        """One technician. There is no such query, so the list is read."""
        wanted = record_id(ref, "technician")
        for each in self.members():
            if each.ref == wanted:
                return each
        raise NotFound("SuperOps has no such technician.")

    def search_tickets(self, search: TicketSearch) -> Sequence[Ticket]:
        """Tickets that match, newest first."""
        return self._tickets.search(search)

    def search_contacts(self, search: ContactSearch) -> Sequence[Contact]:
        """Requesters that match, by name. A number that no condition finds is looked for among the first 2,000."""
        clients = self.companies(search.company) if search.company.strip() else None
        return self._requesters.search(search, clients)

    def create_ticket(self, new: NewTicket) -> Ticket:
        """Make a ticket, as one that came by phone."""
        return self._tickets.create(new, self._first_status)

    def find_ticket(self, company_ref: str, reference: str) -> Ticket | None:
        """The client's newest ticket whose subject holds the reference."""
        return self._tickets.find(company_ref, reference)

    def set_status(self, ticket_ref: str, status_ref: str) -> Ticket:
        """Give a ticket another status by its name, and read it back."""
        return self._tickets.set_status(ticket_ref, status_ref)

    def confirm_member(self, identifier: str, proof: str, context: str) -> Member:
        """Not to be had: SuperOps has no way to confirm a signed-in technician."""
        raise Rejected("SuperOps cannot confirm who is signed in. Sign in to podserver itself.")

    def post_note(self, ticket_ref: str, text: str, *, internal: bool = True) -> Note:
        """Add a private or a public note and read it back. Notes can be neither changed nor deleted afterwards.

        After an ``ambiguous`` error look for the note with :meth:`find_note` before posting again.
        """
        return notes.post(self._api, ticket_ref, text, internal=internal)

    def find_note(self, ticket_ref: str, reference: str) -> Note | None:
        """The newest note whose text holds ``reference``."""
        return notes.find(self._api, ticket_ref, reference)

    def update_mobile(self, contact_ref: str, destination_ref: str, value: str) -> Destination:
        """Change the contact number or the mobile's custom field and read it back.

        Raises Rejected where the entry is neither, where ``value`` is no number, and where SuperOps reports success
        but keeps the former number or touches another custom field.
        """
        return self._requesters.update_number(contact_ref, destination_ref, value)

    def install_pod(self, setups: Sequence[PodSetup]) -> Sequence[PodSetup]:
        """Nothing to install: SuperOps embeds nobody's page."""
        return ()

    def mobile_fields(self) -> Sequence[Choice]:
        """Custom fields of requesters that may hold the mobile number, for an admin to choose from; the default is the
        one that is taken where none is chosen.
        """
        return self._requesters.mobile_fields()

    def _own_row(self) -> JsonObject:
        condition = {"attribute": "email", "operator": "is", "value": self._technician}
        try:
            rows = self._technician_rows({"condition": condition})
        except errors.Opaque:
            rows = self._technician_rows({})
        for row in rows:
            if text(row, "email").casefold() == self._technician.casefold():
                return row
        raise Rejected(f"SuperOps has no technician with the address {self._technician}.")

    def _technician_rows(self, request: JsonObject) -> list[JsonObject]:
        return self._api.every("getTechnicianList", _TECHNICIANS, "userList", "userId", {"sort": _BY_NAME, **request})

    def _features(self, role: JsonObject | None) -> Sequence[JsonObject]:
        for row in self._list("getTechnicianRoleList", _ROLES):
            if role is not None and str(row.get("roleId")) == str(role["roleId"]):
                listed = row.get("roleFeatureList")
                return [each for each in listed or [] if isinstance(each, Mapping)]
        return ()

    def _probe(self, operation: str) -> Any:
        given = {"listInfo": _ONE_ROW} if operation == "getClientUserList" else _ONE_ROW
        return self._api.ask(operation, _PROBES[operation], given)

    def _clients(self, request: JsonObject) -> list[Company]:
        rows = self._api.every("getClientList", _CLIENTS, "clients", "accountId", {"sort": _BY_NAME, **request})
        return [records.company(row) for row in rows]

    def _names(self, column: str) -> list[str]:
        """The names that a field of the ticket form offers, from the Field API or from the older lists."""
        found = options_of(self._forms.fields(TICKET_MODULE) or [], column)
        operation = _CLASSIC_LISTS.get(column)
        if found or operation is None:
            return found
        return [text(row, "name") for row in self._list(operation, f"{{ {operation} {{ id name }} }}")]

    def _first_status(self) -> str:
        names = [name for name in self._names("status") if name.casefold() not in self._closed]
        if not names:
            raise Rejected("SuperOps names no status that a new ticket could have.")
        return names[0]

    def _list(self, operation: str, document: str) -> list[JsonObject]:
        try:
            rows = self._api.ask(operation, document, variables={})
        except UnknownToSchema:
            return []
        if not isinstance(rows, list):
            raise errors.unusable(writes=False)
        return [row for row in rows if isinstance(row, Mapping)]
