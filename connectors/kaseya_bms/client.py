"""The Kaseya BMS connector: :class:`connectors.base.Connector` spoken in the v2 REST API of BMS."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from connectors.base import (
    Capability,
    Choice,
    Company,
    Connector,
    Contact,
    ContactSearch,
    Destination,
    Member,
    NewTicket,
    Note,
    NotFound,
    PodSetup,
    Rejected,
    Right,
    Ticket,
    TicketSearch,
    Unavailable,
)
from connectors.discipline import Gate, Limits
from connectors.http import INTERACTIVE_TIMEOUT, Observer, PsaSession
from connectors.kaseya_bms import contacts, lists, phones, records, rights, tickets
from connectors.kaseya_bms.address import api_origin
from connectors.kaseya_bms.api import BmsApi, record_id
from connectors.kaseya_bms.records import MOBILE_LABELS
from connectors.kaseya_bms.tokens import Tokens
from connectors.reading import JsonObject, text

LIMITS: Final = Limits(at_once=4, budget=600, window=3600.0)
"""BMS allows 1,500 calls an hour to each endpoint. A pod asks for its ticket and for its contact, one endpoint each, so
of 600 calls about 300 meet one of them: a fifth."""

_NUMBER: Final = re.compile(r"[+(]?[0-9][0-9 ().+x-]{1,48}[0-9]")
_EMPLOYEES: Final = "/v2/hr/employees/searchselect"


class KaseyaBms(Connector):
    """One company of a Kaseya BMS, reached as an API Employee.

    ``server`` is what an admin types: ``bms.kaseya.com``, the same with ``api.`` or ``https://``, or
    ``http://localhost:8100`` for tests on the same machine. ``tenant`` is the company name under My Settings, spaces
    kept. ``mfa_secret`` is the key of the user's second factor, empty for an API Employee, who has none. ``note_type``
    is the id of the type that notes get, without which none is posted (:meth:`note_types` lists them). Numbers are
    changed only with ``may_change_phones``, see :mod:`connectors.kaseya_bms.phones`. ``source`` is the source that new
    tickets get. ``timeout`` is in seconds, for the connection and each wait. ``mobile_labels`` are the phone types that
    mean a mobile number, without regard to case.

    May be shared between threads. Keep one instance per company: it remembers the token. Making one sends nothing, and
    raises Rejected where a value cannot be right. Every method raises only errors of :mod:`connectors.base`.
    """

    def __init__(
        self,
        server: str,
        tenant: str,
        user: str,
        password: str,
        *,
        mfa_secret: str = "",
        note_type: str = "",
        may_change_phones: bool = False,
        source: int = tickets.SOURCE_PHONE,
        timeout: float = INTERACTIVE_TIMEOUT,
        observer: Observer | None = None,
        gate: Gate | None = None,
        mobile_labels: Collection[str] = MOBILE_LABELS,
    ) -> None:
        self.origin = api_origin(server)
        self.tenant = tenant.strip()
        self._user = user.strip()
        self._note_type = note_type.strip()
        self._source = source
        self._mobile_labels = frozenset(mobile_labels)
        self._may_change_phones = may_change_phones
        session = PsaSession("Kaseya BMS", timeout=timeout, observer=observer, gate=gate)
        tokens = Tokens(self.origin, tenant, user, password, mfa_secret, session)
        self._api = BmsApi(self.origin, tokens, session)
        able = {
            Capability.INTERNAL_NOTES,
            Capability.PUBLIC_NOTES,
            Capability.SEARCH_BY_PHONE,
            Capability.BOARDS,
            Capability.TYPES,
            Capability.SUBTYPES,
            Capability.ITEMS,
        }
        self.capabilities = frozenset(able | ({Capability.UPDATE_MOBILE} if may_change_phones else set()))

    def __repr__(self) -> str:
        return f"KaseyaBms({self.origin!r}, tenant={self.tenant!r})"

    def close(self) -> None:
        """Close idle connections; the instance stays usable."""
        self._api.session.close()

    def whoami(self) -> Member:
        """The user that signed in."""
        row = self._api.result("GET", "/v2/security/userinfo")
        if not isinstance(row, dict) or records.number_of(row, "userid") is None:
            raise Unavailable("Kaseya BMS did not say who signed in.")
        address = text(row, "emailaddress")
        name = text(row, "fullname") or self._user
        return Member(records.ref_of(row, "userid"), self._user, name, email=address, api_only=True)

    def rights(self) -> Sequence[Right]:
        """Each right that the product needs, found by asking each list for one row; rights to write stay unknown.

        Starts with :meth:`whoami`, so that a BMS that is down is an error at once and not a row of unknowns.
        """
        self.whoami()
        return rights.read_rights(self._probe)

    def ticket(self, ref: str) -> Ticket:
        """One ticket, by its id."""
        wanted = record_id(ref, "ticket")
        row = self._api.record("GET", tickets.ONE, {"id": wanted})
        if row["id"] != wanted:
            raise NotFound("Kaseya BMS answered with another ticket.")
        return records.ticket(row)

    def contact(self, ref: str) -> Contact:
        """One contact with all destinations."""
        return records.contact(contacts.one(self._api, ref), self._mobile_labels)

    def contacts(self, company_ref: str) -> Sequence[Contact]:
        """The company's active contacts, by name."""
        return contacts.of_company(self._api, company_ref, self._mobile_labels)

    def companies(self, name_contains: str = "") -> Sequence[Company]:
        """Active accounts, by name."""
        words = name_contains.strip()
        params: dict[str, str | int] = {"Filter.IsActive": "true"}
        rows = self._api.every(
            "/v2/crm/accounts/summary", params=params | ({"Filter.AccountName": words} if words else {})
        )
        found = [records.company(row) for row in rows if records.in_use(row)]
        fitting = (company for company in found if words.casefold() in company.name.casefold())
        return sorted(fitting, key=lambda company: (company.name.casefold(), int(company.ref)))

    def boards(self) -> Sequence[Choice]:
        """Queues that are in use, by name."""
        return lists.choices(lists.lookup(self._api, "queues"))

    def statuses(self, board_ref: str) -> Sequence[Choice]:
        """Statuses that are in use, in BMS's order; they are the same in every queue, and BMS does not tell which
        of them complete a ticket. Raises NotFound for a queue that is not there.
        """
        self._require_queue(board_ref)
        rows = [row for row in lists.lookup(self._api, "statuses") if records.in_use(row)]
        return [records.choice(row) for row in sorted(rows, key=lambda row: _number(row, "statusorder"))]

    def types(self, board_ref: str) -> Sequence[Choice]:
        """Ticket types, by name; they are the same in every queue. Raises NotFound for a queue that is not there."""
        self._require_queue(board_ref)
        return lists.ticket_types(self._api)

    def subtypes(self, board_ref: str, type_ref: str) -> Sequence[Choice]:
        """Issue types that are in use, by name; they are the same under every ticket type."""
        self._require_queue(board_ref)
        record_id(type_ref, "type")
        return lists.choices(lists.lookup(self._api, "issuetypes"))

    def items(self, board_ref: str, type_ref: str, subtype_ref: str) -> Sequence[Choice]:
        """Sub-issue types of an issue type, by name."""
        self._require_queue(board_ref)
        record_id(type_ref, "type")
        ids = {"id": record_id(subtype_ref, "issue type")}
        return lists.choices(self._api.rows("/v2/system/issuetypes/{id}/issuesubtypes/lookup", ids))

    def priorities(self) -> Sequence[Choice]:
        """Ticket priorities in BMS's order."""
        return [records.choice(row) for row in lists.lookup(self._api, "priorities")]

    def note_types(self) -> Sequence[Choice]:
        """The types that a note can have; see :func:`connectors.kaseya_bms.tickets.note_types`."""
        return tickets.note_types(self._api)

    def members(self) -> Sequence[Member]:
        """Active employees, by name. API Employees are not in this list of BMS."""
        rows = self._api.every(_EMPLOYEES, params={"Filter.IsActive": "true"})
        found = [member for member in map(records.member, rows) if not member.inactive and member.identifier]
        return sorted(found, key=lambda member: (member.name.casefold(), int(member.ref)))

    def member(self, ref: str) -> Member:
        """One employee, active or not."""
        wanted = record_id(ref, "employee")
        rows = self._api.every(_EMPLOYEES, params={"Filter.Ids": wanted})
        row = next((row for row in rows if row.get("id") == wanted), None)
        if row is None:
            raise NotFound("Kaseya BMS has no such employee.")
        return records.member(row)

    def search_tickets(self, search: TicketSearch) -> Sequence[Ticket]:
        """Tickets that match, newest first."""
        return tickets.search(self._api, search)

    def search_contacts(self, search: ContactSearch) -> Sequence[Contact]:
        """Active contacts that match, by name."""
        return contacts.search(self._api, search, self._mobile_labels)

    def create_ticket(self, new: NewTicket) -> Ticket:
        """Make a ticket at the contact's location, or at the company's main one."""
        return tickets.create(self._api, new, self._source)

    def find_ticket(self, company_ref: str, reference: str) -> Ticket | None:
        """The company's newest ticket whose title holds the reference."""
        return tickets.find(self._api, company_ref, reference)

    def set_status(self, ticket_ref: str, status_ref: str) -> Ticket:
        """Give a ticket another status and read it back."""
        return tickets.set_status(self._api, ticket_ref, status_ref)

    def confirm_member(self, identifier: str, proof: str, context: str) -> Member:
        """BMS vouches for nobody. Raises Rejected."""
        raise Rejected("Kaseya BMS cannot confirm who is signed in to it.")

    def post_note(self, ticket_ref: str, text: str, *, internal: bool = True) -> Note:
        """Add a note, hidden from the client or public. Nobody is mailed about it by this call.

        After an ``ambiguous`` error look for the note with :meth:`find_note` before posting again.
        """
        return tickets.post_note(self._api, ticket_ref, text, internal=internal, note_type=self._note_type)

    def find_note(self, ticket_ref: str, reference: str) -> Note | None:
        """The newest note whose text holds ``reference``."""
        return tickets.find_note(self._api, ticket_ref, reference)

    def update_mobile(self, contact_ref: str, destination_ref: str, value: str) -> Destination:
        """Change one phone of a contact and read it back; see :mod:`connectors.kaseya_bms.phones`.

        After an outcome that was not asked for, this instance changes no number any more.
        """
        if not self._may_change_phones:
            raise Rejected("Changing phone numbers in Kaseya BMS is switched off for this integration.")
        number = value.strip()
        if not _NUMBER.fullmatch(number):
            raise Rejected("A phone number may only hold digits, spaces and + ( ) . - x.")
        try:
            return phones.change(self._api, contact_ref, destination_ref, number, self._mobile_labels)
        except phones.UnexpectedChange:
            self._may_change_phones = False
            raise

    def install_pod(self, setups: Sequence[PodSetup]) -> Sequence[PodSetup]:
        """BMS has no place for a pod: nothing is installed."""
        return ()

    def _require_queue(self, ref: str) -> None:
        wanted = record_id(ref, "queue")
        if all(row.get("id") != wanted for row in lists.lookup(self._api, "queues")):
            raise NotFound("Kaseya BMS has no such queue.")

    def _probe(self, method: str, path: str) -> object:
        if method == "POST":
            return self._api.call(method, path, body={"pageSize": 1, "pageNumber": 1, "filter": {}})
        # The lists of the set-up come whole: no parameter is published for them.
        whole = path.startswith("/v2/system/")
        return self._api.call(method, path, params=None if whole else {"PageSize": 1, "PageNumber": 1})


def _number(row: JsonObject, key: str) -> int:
    value = row.get(key)
    return value if isinstance(value, int) else 0
