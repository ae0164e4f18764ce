"""The ConnectWise connector: :class:`connectors.base.Connector` spoken in ConnectWise PSA's REST API."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from connectors.base import (
    Capability,
    Choice,
    Company,
    Connector,
    Contact,
    ContactSearch,
    Destination,
    DestinationKind,
    Member,
    NewTicket,
    Note,
    NotFound,
    PodSetup,
    PsaError,
    Rejected,
    Right,
    Ticket,
    TicketSearch,
)
from connectors.connectwise import contacts, hosted, records, rights, tickets
from connectors.connectwise.address import parse_site
from connectors.connectwise.api import WHO_AM_I, ManageApi
from connectors.connectwise.conditions import all_of, contains, equals, record_id
from connectors.connectwise.proof import confirmed_member
from connectors.connectwise.records import MOBILE_LABELS
from connectors.discipline import Gate, Limits
from connectors.http import INTERACTIVE_TIMEOUT, Observer, PsaSession
from connectors.reading import JsonObject, digits, flag

LIMITS: Final = Limits(at_once=6, budget=200, window=60.0)
"""A fifth of the about 1,000 requests a minute that the developer guide names as the threshold."""

_NUMBER: Final = re.compile(r"[+(]?[0-9][0-9 ().+x-]{1,48}[0-9]")
_COMMUNICATION: Final = "/company/contacts/{id}/communications/{entry}"
_NOTES: Final = "/service/tickets/{id}/notes"


class ConnectWise(Connector):
    """One company of a ConnectWise PSA, reached with the keys of an API member.

    ``site`` is what an admin types: ``na.myconnectwise.net``, the same with ``api-`` or ``https://``, a self-hosted
    host, or ``http://localhost:8100`` for tests on the same machine. ``company`` is the log-in company, ``client_id``
    the GUID that ConnectWise gives each integration. ``timeout`` is in seconds, for the connection and each wait.
    ``mobile_labels`` are the communication types that mean a mobile number, without regard to case.

    May be shared between threads. Keep one instance per company: it remembers the codebase and its connections.
    Making one sends nothing, and raises Rejected where a value cannot be right. Every method raises only errors of
    :mod:`connectors.base`.
    """

    capabilities: frozenset[Capability] = frozenset(Capability)

    def __init__(
        self,
        site: str,
        company: str,
        public_key: str,
        private_key: str,
        client_id: str,
        *,
        timeout: float = INTERACTIVE_TIMEOUT,
        observer: Observer | None = None,
        gate: Gate | None = None,
        mobile_labels: Collection[str] = MOBILE_LABELS,
    ) -> None:
        self.address = parse_site(site)
        self.company = company
        self._mobile_labels = frozenset(mobile_labels)
        session = PsaSession("ConnectWise", timeout=timeout, observer=observer, gate=gate)
        self._api = ManageApi(self.address, company, public_key, private_key, client_id, session)

    def __repr__(self) -> str:
        return f"ConnectWise({self.address.api_origin!r}, company={self.company!r})"

    def close(self) -> None:
        """Close idle connections; the instance stays usable."""
        self._api.session.close()

    def whoami(self) -> Member:
        """The API member that the keys belong to."""
        return records.member(self._api.record("GET", WHO_AM_I))

    def rights(self) -> Sequence[Right]:
        """Each right that the product needs, from the keys' own list of rights or, where that is closed, by probing.

        Starts with :meth:`whoami`, so that a PSA that is down is an error at once and not a row of unknowns.
        """
        self.whoami()
        return rights.read_rights(lambda: self._api.every("/system/mySecurity"), self._probe)

    def ticket(self, ref: str) -> Ticket:
        """One service ticket."""
        return records.ticket(self._api.record("GET", "/service/tickets/{id}", {"id": record_id(ref, "ticket")}))

    def contact(self, ref: str) -> Contact:
        """One contact with all destinations, those of ConnectWise's communications list."""
        ids = {"id": record_id(ref, "contact")}
        row = self._api.record("GET", "/company/contacts/{id}", ids)
        if records.ref_of(row) != str(ids["id"]):
            raise NotFound("This contact was merged into another one in ConnectWise. Choose the contact again.")
        if not isinstance(row.get("communicationItems"), list):
            items = self._api.every("/company/contacts/{id}/communications", ids)
            row = {**row, "communicationItems": items}
        return records.contact(row, self._mobile_labels)

    def contacts(self, company_ref: str) -> Sequence[Contact]:
        """The company's active contacts, by name."""
        wanted = all_of(equals("company/id", record_id(company_ref, "company")), equals("inactiveFlag", False))
        rows = self._api.every("/company/contacts", conditions=wanted, order="id asc")
        found = [records.contact(row, self._mobile_labels) for row in rows]
        return sorted((c for c in found if not c.inactive), key=lambda c: (c.name.casefold(), int(c.ref)))

    def companies(self, name_contains: str = "") -> Sequence[Company]:
        """Companies that are not deleted, by name. Raises Rejected for text that cannot be searched for."""
        part = contains("name", name_contains.strip()) if name_contains.strip() else ""
        wanted = all_of(equals("deletedFlag", False), part)
        rows = self._api.every("/company/companies", conditions=wanted, order="id asc")
        found = [records.company(row) for row in rows if not flag(row, "deletedFlag")]
        return sorted(found, key=lambda c: (c.name.casefold(), int(c.ref)))

    def boards(self) -> Sequence[Choice]:
        """Service boards that are in use, by name; boards of projects are left out."""
        rows = self._api.every("/service/boards", conditions=equals("inactiveFlag", False))
        found = [records.choice(row) for row in _in_use(rows) if not flag(row, "projectFlag")]
        return sorted(found, key=lambda board: board.name.casefold())

    def statuses(self, board_ref: str) -> Sequence[Choice]:
        """Statuses of a board that are in use, in the board's order."""
        rows = self._api.every("/service/boards/{id}/statuses", {"id": record_id(board_ref, "board")})
        return [records.choice(row) for row in sorted(_in_use(rows), key=_sort_order)]

    def types(self, board_ref: str) -> Sequence[Choice]:
        """Ticket types of a board that are in use, by name."""
        rows = self._api.every("/service/boards/{id}/types", {"id": record_id(board_ref, "board")})
        return sorted((records.choice(row) for row in _in_use(rows)), key=lambda kind: kind.name.casefold())

    def priorities(self) -> Sequence[Choice]:
        """Ticket priorities in ConnectWise's order."""
        return [records.choice(row) for row in sorted(self._api.every("/service/priorities"), key=_sort_order)]

    def subtypes(self, board_ref: str, type_ref: str) -> Sequence[Choice]:
        """Subtypes that belong to the type, by name."""
        wanted = record_id(type_ref, "type")
        rows = self._api.every("/service/boards/{id}/subtypes", {"id": record_id(board_ref, "board")})
        fitting = [row for row in _in_use(rows) if wanted in (row.get("typeAssociationIds") or ())]
        return sorted((records.choice(row) for row in fitting), key=lambda kind: kind.name.casefold())

    def items(self, board_ref: str, type_ref: str, subtype_ref: str) -> Sequence[Choice]:
        """Items that may stand under the type and the subtype, by name."""
        ids = {"id": record_id(board_ref, "board")}
        kind, sub = record_id(type_ref, "type"), record_id(subtype_ref, "subtype")
        allowed = set()
        for row in self._api.every("/service/boards/{id}/typeSubTypeItemAssociations", ids):
            names = [records.inner(row, name) or {} for name in ("type", "subType", "item")]
            if [names[0].get("id"), names[1].get("id")] == [kind, sub]:
                allowed.add(names[2].get("id"))
        rows = [row for row in _in_use(self._api.every("/service/boards/{id}/items", ids)) if row.get("id") in allowed]
        return sorted((records.choice(row) for row in rows), key=lambda item: item.name.casefold())

    def member(self, ref: str) -> Member:
        """One member."""
        return records.member(self._api.record("GET", "/system/members/{id}", {"id": record_id(ref, "member")}))

    def search_tickets(self, search: TicketSearch) -> Sequence[Ticket]:
        """Service tickets that match, newest first."""
        return tickets.search(self._api, search)

    def search_contacts(self, search: ContactSearch) -> Sequence[Contact]:
        """Active contacts that match, by name."""
        return contacts.search(self._api, search, self._mobile_labels)

    def create_ticket(self, new: NewTicket) -> Ticket:
        """Make a service ticket."""
        return tickets.create(self._api, new)

    def find_ticket(self, company_ref: str, reference: str) -> Ticket | None:
        """The company's newest ticket whose summary holds the reference."""
        return tickets.find(self._api, company_ref, reference)

    def set_status(self, ticket_ref: str, status_ref: str) -> Ticket:
        """Give a ticket another status of its board, and read it back."""
        return tickets.set_status(self._api, ticket_ref, status_ref)

    def members(self) -> Sequence[Member]:
        """Active members who are people, by name."""
        rows = self._api.every("/system/members", conditions=equals("inactiveFlag", False), order="id asc")
        found = [records.member(row) for row in rows]
        people = (m for m in found if not m.inactive and not m.api_only and m.identifier)
        return sorted(people, key=lambda m: (m.name.casefold(), int(m.ref)))

    def confirm_member(self, identifier: str, proof: str, context: str) -> Member:
        """The member that a pod's browser claims to be; see :mod:`connectors.connectwise.proof`.

        ``identifier``, ``proof`` and ``context`` are ``memberid``, ``memberHash`` and ``memberContext`` of the Hosted
        API's ``getMemberAuthentication``. Nothing is cached and nothing is limited here: that is for the caller.
        """
        return records.member(confirmed_member(self._api, identifier, proof, context))

    def post_note(self, ticket_ref: str, text: str, *, internal: bool = True) -> Note:
        """Add a note to the ticket's Internal tab, or to its Discussion tab, which the client sees.

        No mail goes out and the ticket is not marked as updated by the customer. After an ``ambiguous`` error look for
        the note with :meth:`find_note` before posting again.
        """
        if not text.strip():
            raise Rejected("A note needs a text.")
        # All flags are explicit: a note that lands in Discussion by a default is mailed to the client.
        body = {
            "text": text,
            "detailDescriptionFlag": not internal,
            "internalAnalysisFlag": internal,
            "resolutionFlag": False,
            "issueFlag": False,
            "processNotifications": False,
            "customerUpdatedFlag": False,
        }
        return records.note(self._api.record("POST", _NOTES, {"id": record_id(ticket_ref, "ticket")}, body=body))

    def find_note(self, ticket_ref: str, reference: str) -> Note | None:
        """The newest note whose text holds ``reference``.

        All notes are read and compared here, because no server is known to filter notes by text reliably.
        """
        if not reference.strip():
            raise Rejected("A note can only be found by a reference.")
        rows = self._api.every(_NOTES, {"id": record_id(ticket_ref, "ticket")})
        holding = [note for note in map(records.note, rows) if reference in note.text]
        return max(holding, key=lambda note: int(note.ref), default=None)

    def update_mobile(self, contact_ref: str, destination_ref: str, value: str) -> Destination:
        """Change one phone entry and read it back.

        Raises Rejected where the entry is no phone number, where ``value`` is none, and where ConnectWise reports
        success but keeps the former number.
        """
        number = value.strip()
        if not _NUMBER.fullmatch(number):
            raise Rejected("A phone number may only hold digits, spaces and + ( ) . - x.")
        ids = {"id": record_id(contact_ref, "contact"), "entry": record_id(destination_ref, "phone entry")}
        self._phone(ids)
        patch = [{"op": "replace", "path": "value", "value": number}]
        failure: PsaError | None = None
        try:
            self._api.record("PATCH", _COMMUNICATION, ids, body=patch)
        except PsaError as problem:
            if not problem.ambiguous:
                raise
            failure = problem
        changed = self._phone(ids)
        if digits(changed.value) == digits(number):
            return changed
        raise failure or Rejected("ConnectWise reported success but still holds the former number.")

    def install_pod(self, setups: Sequence[PodSetup]) -> Sequence[PodSetup]:
        """Create the pod's rows under Manage Hosted API where they are missing; see
        :func:`connectors.connectwise.hosted.install_pod`.
        """
        return hosted.install_pod(self._api, setups)

    def _probe(self, template: str) -> Any:
        return self._api.call("GET", template, params={"pageSize": 1})

    def _phone(self, ids: dict[str, int]) -> Destination:
        entry = records.destination(self._api.record("GET", _COMMUNICATION, ids), self._mobile_labels)
        if entry is None or entry.kind is not DestinationKind.PHONE:
            raise Rejected("This entry of the contact is not a phone number.")
        return entry


def _in_use(rows: Sequence[JsonObject]) -> list[JsonObject]:
    """Rows that are not switched off; statuses call it ``inactive``, the others ``inactiveFlag``."""
    return [row for row in rows if not flag(row, "inactiveFlag") and not flag(row, "inactive")]


def _sort_order(row: JsonObject) -> int:
    order = row.get("sortOrder")
    return order if isinstance(order, int) else 0
