"""The Autotask connector: :class:`connectors.base.Connector` spoken in Autotask's REST API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.autotask import contacts, notes, records, rights, tickets
from connectors.autotask.address import parse_zone
from connectors.autotask.api import AutotaskApi, record_id, where
from connectors.autotask.insight import Insights
from connectors.autotask.lists import Lists
from connectors.autotask.notes import NoteValues
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
    PodSetup,
    Rejected,
    Right,
    Ticket,
    TicketSearch,
)
from connectors.discipline import Gate, Limits
from connectors.http import INTERACTIVE_TIMEOUT, Observer, PsaSession

LIMITS: Final = Limits(at_once=2, waiting=6, budget=2000, window=3600.0)
"""A fifth of the 10,000 requests an hour that all vendors of a tenant share, and two of the three simultaneous calls to
one part of the API [official help]."""

_RESOURCE_FIELDS: Final = ("firstName", "lastName", "email", "email2", "email3", "userName", "isActive", "licenseType")


class Autotask(Connector):
    """One Autotask tenant, reached as an API user.

    ``user``, ``secret`` and ``tracking_id`` are the API user's name, secret and API Tracking Identifier. ``zone`` may
    be empty, and is then asked of Autotask by the first call; see :func:`connectors.autotask.address.parse_zone`.
    ``note_values`` are the tenant's own values for notes; without them no note is written. ``insight_secret`` is only
    needed to install the pod. ``timeout`` is in seconds, for the connection and each wait.

    May be shared between threads. Keep one instance per tenant: it remembers the zone, the tenant's lists and its
    connections. Making one sends nothing, and raises Rejected where a value cannot be right. Every method raises only
    errors of :mod:`connectors.base`.
    """

    # Nothing that Autotask sends says reliably who sits at the screen, and tickets have no third level of type.
    capabilities: frozenset[Capability] = frozenset(Capability) - {Capability.CONFIRM_MEMBER, Capability.ITEMS}

    def __init__(
        self,
        user: str,
        secret: str,
        tracking_id: str,
        *,
        zone: str = "",
        note_values: NoteValues | None = None,
        insight_secret: str = "",
        timeout: float = INTERACTIVE_TIMEOUT,
        observer: Observer | None = None,
        gate: Gate | None = None,
    ) -> None:
        session = PsaSession("Autotask", timeout=timeout, observer=observer, gate=gate)
        self._api = AutotaskApi(user, secret, tracking_id, parse_zone(zone), session)
        self._lists = Lists(self._api)
        self._note_values = note_values or NoteValues()
        self._insights = Insights(self._api, self._lists, insight_secret)

    def __repr__(self) -> str:
        return f"Autotask({self._api.user!r})"

    def close(self) -> None:
        """Close idle connections; the instance stays usable."""
        self._api.session.close()

    def zone(self) -> str:
        """The host of the tenant's API, ``webservices14.autotask.net``, or its whole address on this machine."""
        base = self._api.base
        return base.split("/")[2] if base.startswith("https://") else base

    def whoami(self) -> Member:
        """The API user, as the resource that it is in Autotask."""
        try:
            rows = self._api.some(
                "Resources", where("userName", "eq", self._api.user), fields=_RESOURCE_FIELDS, limit=1
            )
        except MissingPermission:
            rows = []
        if rows:
            return records.member(rows[0], self._api_licences())
        # A level can keep all resources from it; that it says so, or nothing, still proves the keys.
        return Member("", self._api.user, self._api.user, api_only=True)

    def rights(self) -> Sequence[Right]:
        """Each right that the product needs, from what Autotask says of each entity and from what is to be seen."""
        self.whoami()
        return rights.read_rights(self._information, lambda: self._api.count("Companies"))

    def ticket(self, ref: str) -> Ticket:
        """One ticket. Queue and status are named by their numbers until the tenant's lists were asked for."""
        return tickets.read(self._api, self._lists, ref)

    def contact(self, ref: str) -> Contact:
        """One contact with all destinations, each known by the name of its field in Autotask."""
        return contacts.read(self._api, self._lists, ref)

    def contacts(self, company_ref: str) -> Sequence[Contact]:
        """The company's active contacts, by name."""
        return contacts.of_company(self._api, self._lists, company_ref)

    def companies(self, name_contains: str = "") -> Sequence[Company]:
        """Active companies by name, the own organization with them."""
        words = name_contains.strip()
        conditions = [where("isActive", "eq", True)]
        if words:
            conditions.append(where("companyName", "contains", words))
        rows = self._api.every("Companies", *conditions, fields=("companyName", "companyNumber", "isActive"))
        found = [records.company(row) for row in rows if records.active(row)]
        self._lists.remember_names({each.ref: each.name for each in found})
        fitting = (each for each in found if words.casefold() in each.name.casefold())
        return sorted(fitting, key=lambda each: (each.name.casefold(), int(each.ref)))

    def boards(self) -> Sequence[Choice]:
        """Queues, which is what Autotask has in place of boards."""
        return tickets.choices(self._lists, "queueID")

    def statuses(self, board_ref: str) -> Sequence[Choice]:
        """Ticket statuses, the same in every queue."""
        return tickets.choices(self._lists, "status")

    def types(self, board_ref: str) -> Sequence[Choice]:
        """Issue types, the same in every queue."""
        return tickets.choices(self._lists, "issueType")

    def subtypes(self, board_ref: str, type_ref: str) -> Sequence[Choice]:
        """Sub-issue types of an issue type."""
        return tickets.choices(self._lists, "subIssueType", parent=type_ref)

    def items(self, board_ref: str, type_ref: str, subtype_ref: str) -> Sequence[Choice]:
        """Nothing: Autotask has no third level."""
        return ()

    def priorities(self) -> Sequence[Choice]:
        """Ticket priorities in the tenant's order."""
        return tickets.choices(self._lists, "priority")

    def members(self) -> Sequence[Member]:
        """Active resources who are people, by name."""
        rows = self._api.every("Resources", where("isActive", "eq", True), fields=_RESOURCE_FIELDS)
        licences = self._api_licences()
        found = [records.member(row, licences) for row in rows]
        people = (each for each in found if not each.inactive and not each.api_only and each.identifier)
        return sorted(people, key=lambda each: (each.name.casefold(), int(each.ref)))

    def member(self, ref: str) -> Member:
        """One resource."""
        return records.member(self._api.item("Resources", record_id(ref, "resource")), self._api_licences())

    def search_tickets(self, search: TicketSearch) -> Sequence[Ticket]:
        """Tickets that match, newest first."""
        return tickets.search(self._api, self._lists, search)

    def search_contacts(self, search: ContactSearch) -> Sequence[Contact]:
        """Active contacts that match, by name."""
        return contacts.search(self._api, self._lists, search)

    def create_ticket(self, new: NewTicket) -> Ticket:
        """Make a ticket."""
        return tickets.create(self._api, self._lists, new)

    def find_ticket(self, company_ref: str, reference: str) -> Ticket | None:
        """The company's newest ticket whose title holds the reference."""
        return tickets.find(self._api, self._lists, company_ref, reference)

    def set_status(self, ticket_ref: str, status_ref: str) -> Ticket:
        """Give a ticket another status, and read it back."""
        return tickets.set_status(self._api, self._lists, ticket_ref, status_ref)

    def confirm_member(self, identifier: str, proof: str, context: str) -> Member:
        """Not possible: an insight's address can be copied and used again, by anybody."""
        raise Rejected("Autotask cannot confirm who sits at the screen. Sign in to podserver.")

    def post_note(self, ticket_ref: str, text: str, *, internal: bool = True) -> Note:
        """Add a note with the publish value that an admin has chosen for its kind, and read back that it has it."""
        return notes.post(self._api, self._note_values, ticket_ref, text, internal=internal)

    def find_note(self, ticket_ref: str, reference: str) -> Note | None:
        """The newest note whose text holds ``reference``."""
        return notes.find(self._api, self._note_values, ticket_ref, reference)

    def update_mobile(self, contact_ref: str, destination_ref: str, value: str) -> Destination:
        """Change one phone field of a contact and read it back."""
        return contacts.update_phone(self._api, self._lists, contact_ref, destination_ref, value)

    def install_pod(self, setups: Sequence[PodSetup]) -> Sequence[PodSetup]:
        """Create the pod's insight where it is missing; see :class:`connectors.autotask.insight.Insights`."""
        return self._insights.install(setups)

    def publish_values(self) -> Sequence[Choice]:
        """The tenant's publish values of notes, in its own words."""
        return notes.publish_values(self._lists)

    def note_types(self) -> Sequence[Choice]:
        """The tenant's note types that an integration may use."""
        return notes.note_types(self._lists)

    def _information(self, entity: str) -> dict[str, object]:
        info = self._api.call("GET", f"/{entity}/entityInformation").get("info")
        return dict(info) if isinstance(info, dict) else {}

    def _api_licences(self) -> frozenset[str]:
        """Licence types of users who are programs, known by their label only; 7 is the usual value."""
        entries = self._lists.field("Resources", "licenseType").entries
        named = {each.value for each in entries if "api" in each.label.casefold().replace("-", " ").split()}
        return frozenset(named or {"7"})
