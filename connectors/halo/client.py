"""The HaloPSA connector: :class:`connectors.base.Connector` spoken in HaloPSA's REST API."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from connectors.base import (
    BadCredentials,
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
    PsaError,
    Rejected,
    Right,
    Ticket,
    TicketSearch,
    Unavailable,
)
from connectors.discipline import Gate, Limits
from connectors.halo import contacts, install, notes, records, rights, tab, tickets
from connectors.halo.address import parse_servers
from connectors.halo.api import HaloApi, number, record_id
from connectors.halo.rights import INSTALL_SCOPES, SCOPES
from connectors.halo.tokens import Tokens
from connectors.http import INTERACTIVE_TIMEOUT, Observer, PsaSession
from connectors.reading import JsonObject, flag, text

LIMITS: Final = Limits(at_once=4, budget=140, window=300.0)
"""A fifth of 700 requests in 300 seconds, which all integrations of a tenant share (said of Halo's own API page)."""

_ABLE: Final = frozenset(Capability) - {Capability.CONFIRM_MEMBER}


class Halo(Connector):
    """One tenant of a HaloPSA, reached as an application of type *Client ID and Secret (Services)*.

    ``resource_server`` and ``authorisation_server`` are what *Configuration > Integrations > HaloPSA API* shows; an
    empty second one is beside the first. ``tenant`` is needed where the authorisation server is shared.
    ``internal_outcome`` and ``public_outcome`` are ids of outcomes for notes; without them Halo is given the free text
    ``Note``. ``tab_secrets`` are those of the custom tab, two while one is replaced by another; without one no member
    can be confirmed. ``timeout`` is in seconds, for the connection and each wait.

    May be shared between threads. Keep one instance per tenant: it remembers its token and its connections. Making one
    sends nothing, and raises Rejected where a value cannot be right. Every method raises only errors of
    :mod:`connectors.base`.
    """

    def __init__(
        self,
        resource_server: str,
        client_id: str,
        client_secret: str,
        *,
        authorisation_server: str = "",
        tenant: str = "",
        internal_outcome: str = "",
        public_outcome: str = "",
        tab_secrets: Sequence[str] = (),
        timeout: float = INTERACTIVE_TIMEOUT,
        observer: Observer | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.address = parse_servers(resource_server, authorisation_server)
        for outcome in (internal_outcome, public_outcome):
            if outcome and not outcome.isdecimal():
                raise Rejected("An outcome is named by its number.")
        self._outcomes = {True: internal_outcome, False: public_outcome}
        self._tab = tab.TabSecrets(tuple(tab_secrets))
        confirm = {Capability.CONFIRM_MEMBER} if self._tab else set()
        self.capabilities: frozenset[Capability] = _ABLE | confirm
        session = PsaSession("HaloPSA", timeout=timeout, observer=observer, gate=gate)

        def tokens(scopes: tuple[str, ...] = SCOPES) -> Tokens:
            return Tokens(self.address, client_id, client_secret, tenant, session, scopes)

        # A function of its own, as a partial shows what it was given.
        self._tokens = tokens
        self._api = HaloApi(self.address, tokens(), session)

    def __repr__(self) -> str:
        return f"Halo({self.address.api!r})"

    def close(self) -> None:
        """Close idle connections; the instance stays usable."""
        self._api.session.close()

    def whoami(self) -> Member:
        """The agent that the application logs in as."""
        return records.member(self._agent("me"))

    def rights(self) -> Sequence[Right]:
        """Each permission that the product needs, from a new token and by probing, and the chosen outcomes.

        Starts with :meth:`whoami`, so that a PSA that is down is an error at once and not a row of unknowns.
        """
        scopes = self._api.fresh_scopes()
        with suppress(MissingPermission):
            self.whoami()
        found = rights.read_rights(scopes, self._count)
        chosen = (("Post internal notes", self._outcomes[True]), ("Post public notes", self._outcomes[False]))
        if not any(ref for _, ref in chosen):
            return found
        try:
            return [*found, *notes.outcome_rights(self._api, chosen)]
        except BadCredentials:
            raise
        except PsaError:
            return found

    def ticket(self, ref: str) -> Ticket:
        """One ticket; without a contact where it belongs to the General User."""
        return tickets.one(self._api, ref)

    def contact(self, ref: str) -> Contact:
        """One user with all numbers and addresses. Raises NotFound for the General User, who is nobody."""
        return records.contact(contacts.read(self._api, ref))

    def contacts(self, company_ref: str) -> Sequence[Contact]:
        """The client's active users who are people, by name. Halo's lists leave out second and third addresses."""
        return contacts.of_client(self._api, company_ref)

    def companies(self, name_contains: str = "") -> Sequence[Company]:
        """Clients that are in use, by name."""
        return contacts.clients(self._api, name_contains)

    def boards(self) -> Sequence[Choice]:
        """Teams for tickets that are in use, by name."""
        rows = [row for row in self._api.listed("/Team", {"showall": "true"}) if not flag(row, "inactive")]
        wanted = [row for row in rows if row.get("forrequests") is not False]
        return sorted(map(records.choice, wanted), key=lambda team: team.name.casefold())

    def statuses(self, board_ref: str) -> Sequence[Choice]:
        """All statuses in Halo's order: they belong to no team."""
        rows = self._api.listed("/Status", {"showall": "true", "type": "ticket"})
        return [records.choice(row) for row in sorted(rows, key=_sequence)]

    def types(self, board_ref: str) -> Sequence[Choice]:
        """Ticket types that agents may make, by name: they belong to no team."""
        rows = self._api.listed("/TicketType", {"can_create_only": "true", "domain": "reqs", "showall": "true"})
        wanted = [row for row in rows if row.get("cancreate") is not False]
        return sorted((_plain_choice(row) for row in wanted), key=lambda kind: kind.name.casefold())

    def subtypes(self, board_ref: str, type_ref: str) -> Sequence[Choice]:
        """The first of Halo's four categories, by name."""
        return self._categories(1)

    def items(self, board_ref: str, type_ref: str, subtype_ref: str) -> Sequence[Choice]:
        """The second of Halo's four categories, by name."""
        return self._categories(2)

    def priorities(self) -> Sequence[Choice]:
        """Priorities by SLA and number. The same number is another priority under another SLA, so both are its ref."""
        rows = [row for row in self._api.listed("/Priority") if not flag(row, "ishidden")]
        slas = {number(row.get("slaid")) for row in rows}
        ordered = sorted(rows, key=lambda row: (number(row.get("slaid")) or 0, number(row.get("priorityid")) or 0))
        return [
            Choice(
                tickets.priority_ref(row),
                text(row, "name") + (f" (SLA {number(row.get('slaid'))})" if len(slas) > 1 else ""),
            )
            for row in ordered
        ]

    def members(self) -> Sequence[Member]:
        """Enabled agents who are people, by name."""
        found = [records.member(row) for row in self._api.listed("/Agent", {"includeenabled": "true"})]
        people = (m for m in found if not m.inactive and not m.api_only and m.name.casefold() != records.UNASSIGNED)
        return sorted(people, key=lambda m: (m.name.casefold(), int(m.ref)))

    def member(self, ref: str) -> Member:
        """One agent, also a disabled one."""
        return records.member(self._api.record("/Agent/{id}", {"id": record_id(ref, "agent")}))

    def search_tickets(self, search: TicketSearch) -> Sequence[Ticket]:
        """Tickets that match, newest first."""
        return tickets.search(self._api, search)

    def search_contacts(self, search: ContactSearch) -> Sequence[Contact]:
        """Active users that match, by name; a number is asked for in several spellings."""
        return contacts.search(self._api, search)

    def create_ticket(self, new: NewTicket) -> Ticket:
        """Make a ticket; Halo's own rules and mandatory fields apply."""
        return tickets.create(self._api, new)

    def find_ticket(self, company_ref: str, reference: str) -> Ticket | None:
        """The client's newest ticket whose summary holds the reference."""
        return tickets.find(self._api, company_ref, reference)

    def set_status(self, ticket_ref: str, status_ref: str) -> Ticket:
        """Give a ticket another status, and read it back."""
        return tickets.set_status(self._api, ticket_ref, status_ref)

    def signed_by_tab(self, agent_id: str, signature: str) -> bool:
        """Whether the custom tab signed this agent's id. Asks nobody, so it does not say whether there is such one."""
        return self._tab.signed(agent_id, signature)

    def confirm_member(self, identifier: str, proof: str, context: str) -> Member:
        """The agent whom a custom tab names: ``identifier`` is ``agentId``, ``proof`` the ``hmac`` of its address.

        The signature binds nothing but the agent; see :mod:`connectors.halo.tab`. Raises BadCredentials where it is
        not good, and where HaloPSA does not know the agent, or has disabled it; Unavailable where it refuses our own
        keys, which says nothing of the agent. ``context`` is of no use here.
        """
        if not self._tab.signed(identifier, proof):
            raise BadCredentials("The custom tab's signature is not good for this agent.")
        try:
            agent = self.member(identifier)
        except NotFound:
            raise BadCredentials("HaloPSA does not know the agent whom the custom tab names.") from None
        except BadCredentials as refused:
            raise Unavailable(str(refused)) from None
        if agent.inactive or agent.api_only:
            raise BadCredentials("HaloPSA has disabled the agent whom the custom tab names.")
        return agent

    def post_note(self, ticket_ref: str, text: str, *, internal: bool = True) -> Note:
        """Add an action that is hidden from the end user, or one that is not; nobody is mailed.

        After an ``ambiguous`` error look for the note with :meth:`find_note` before posting again.
        """
        return notes.post(self._api, ticket_ref, text, internal=internal, outcome=self._outcomes[internal])

    def find_note(self, ticket_ref: str, reference: str) -> Note | None:
        """The newest note whose words hold ``reference``."""
        return notes.find(self._api, ticket_ref, reference)

    def update_mobile(self, contact_ref: str, destination_ref: str, value: str) -> Destination:
        """Change one number of a user, ``destination_ref`` being the member that holds it, and read it back."""
        return contacts.change_number(self._api, contact_ref, destination_ref, value)

    def install_pod(self, setups: Sequence[PodSetup]) -> Sequence[PodSetup]:
        """Find the pod's custom tabs or make them, and allow them on ticket types; see :mod:`connectors.halo.install`.

        The tabs sign with the first of ``tab_secrets``, or with a setup's own new secret.
        """
        # A token with more rights than the others, asked for here and then forgotten.
        api = HaloApi(self.address, self._tokens(INSTALL_SCOPES), self._api.session)
        return install.install_pod(api, setups, next(iter(self._tab.secrets), ""))

    def outcomes(self) -> Sequence[Choice]:
        """Outcomes for notes; see :func:`connectors.halo.notes.outcomes`."""
        return notes.outcomes(self._api)

    def likely_outcome(self, *, internal: bool) -> str:
        """The one outcome that can be meant, or nothing; see :func:`connectors.halo.notes.likely_outcome`."""
        return notes.likely_outcome(self._api, internal=internal)

    def agent_origin(self) -> str:
        """Where agents' browsers are, as HaloPSA says; the resource server's origin where it does not."""
        try:
            told = self._api.call("GET", "/InstanceInfo")
            parts = urlsplit(text(told, "agent_url") if isinstance(told, dict) else "")
            known = bool(parts.hostname) and parts.scheme == urlsplit(self.address.origin).scheme
        except (PsaError, ValueError):
            return self.address.origin
        return f"{parts.scheme}://{parts.netloc.lower()}" if known else self.address.origin

    def _agent(self, which: str) -> JsonObject:
        row = self._api.call("GET", f"/Agent/{which}")
        return row if isinstance(row, dict) else {}

    def _categories(self, level: int) -> list[Choice]:
        rows = self._api.listed("/Category", {"type_id": level})
        wanted = [row for row in rows if number(row.get("type_id")) in (level, None)]
        return sorted((_plain_choice(row, "value") for row in wanted), key=lambda entry: entry.name.casefold())

    def _count(self, template: str) -> int:
        rows, total = self._api.some(template, {"pageinate": "true", "page_size": 1, "page_no": 1})
        return max(total, len(rows))


def _plain_choice(row: JsonObject, name: str = "name") -> Choice:
    """A choice that closes nothing; types and categories have a ``type`` of other meaning, or none."""
    return Choice(records.ref_of(row), text(row, name))


def _sequence(row: JsonObject) -> int:
    return number(row.get("sequence")) or 0
