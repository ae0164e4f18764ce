"""Requesters: one, those of a client, those that match, and their mobile number.

A requester belongs to one client or to several; of several, SuperOps names none on the requester, and the truth are
the associations [seen by public clients]. Such a requester has no company here: the ticket's is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from connectors.base import (
    Choice,
    Company,
    Contact,
    ContactSearch,
    Destination,
    DestinationKind,
    MissingPermission,
    NotFound,
    PsaError,
    Rejected,
)
from connectors.reading import SHORTEST_PHONE_SEARCH, JsonObject, digits, same_number, text
from connectors.superops import records
from connectors.superops.api import GraphqlApi
from connectors.superops.errors import Opaque, UnknownToSchema
from connectors.superops.fields import REQUESTER_MODULE, Forms, mobile_among
from connectors.superops.records import CONTACT_NUMBER, record_id

_FIELDS: Final = "userId firstName lastName name email contactNumber client customFields"
_ONE: Final = f"query($i: ClientUserIdentifierInput!) {{ getClientUser(input: $i) {{ {_FIELDS} }} }}"
_ONE_AND_FORM: Final = (
    "query($i: ClientUserIdentifierInput!, $module: String!) { "
    f"getClientUser(input: $i) {{ {_FIELDS} }} "
    "getAllFields(input: $module) { columnName label fieldType mandatoryOnCreate options { value order } } }"
)
_LIST: Final = (
    "query($i: GetClientUserListInput!) { getClientUserList(input: $i) "
    f"{{ userList {{ {_FIELDS} }} listInfo {{ page pageSize hasMore totalCount }} }} }}"
)
_ASSOCIATIONS: Final = (
    "query($i: ListInfoInput!) { getClientUserAssociationList(input: $i) "
    "{ associations { id client { accountId name } user { userId } } listInfo { page hasMore } } }"
)
# More than this on the result makes the whole answer fail [seen by public clients].
_UPDATE: Final = "mutation($i: UpdateClientUserInput!) { updateClientUser(input: $i) { userId contactNumber } }"
_NUMBER: Final = re.compile(r"[+(]?[0-9][0-9 ().+x-]{1,29}[0-9]")
_BY_NAME: Final = [{"attribute": "name", "order": "ASC"}]
_TEXTS: Final = frozenset({"TEXT", "PARAGRAPH", "NUMERIC"})
_DATES: Final = ("date", "dt", "datetime")
_MOST_CLIENTS: Final = 10
_PAGES_COMPARED: Final = 20


class Requesters:
    """The requesters of one account."""

    def __init__(self, api: GraphqlApi, forms: Forms) -> None:
        self._api = api
        self._forms = forms

    def one(self, ref: str) -> Contact:
        """A requester with all destinations, and never another one."""
        row = self._row(ref)
        found = records.contact(row, self._forms.mobile())
        if found.company is None:
            return self._with_clients([row], [found])[0]
        return found

    def of_client(self, company: Company) -> list[Contact]:
        """All requesters of a client, by name."""
        rows = self._rows({}, {"clientId": company.ref})
        mobile = self._forms.mobile()
        return _sorted(records.contact(row, mobile, company) for row in rows)

    def search(self, wanted: ContactSearch, clients: Sequence[Company] | None) -> list[Contact]:
        """Requesters that match, by name; ``clients`` are those that the company's words mean, None for all."""
        name, address, phone = wanted.name.strip(), wanted.email.strip(), wanted.phone.strip()
        if phone and len(digits(phone)) < SHORTEST_PHONE_SEARCH:
            raise Rejected(f"A phone number is looked for by at least {SHORTEST_PHONE_SEARCH} digits.")
        if not (name or address or phone or clients is not None):
            raise Rejected("Say whom to look for: a name, a client, a phone number or an address.")
        if clients is not None and len(clients) > _MOST_CLIENTS:
            raise Rejected("These words are in the names of many clients. Say which client is meant.")
        leaves = [_leaf("name", "contains", word) for word in name.split()]
        leaves += [_leaf("email", "is", address)] if address else []

        def fits(each: Contact) -> bool:
            return (
                all(word.casefold() in each.name.casefold() for word in name.split())
                and (not address or _has_address(each, address))
                and (not phone or _has_number(each, phone))
            )

        found: dict[str, Contact] = {}
        for client in clients if clients is not None else [None]:
            for each in self._matching(leaves, phone, client, fits, wanted.limit):
                found.setdefault(each.ref, each)
        return _sorted(found.values())[: wanted.limit]

    def update_number(self, contact_ref: str, destination_ref: str, value: str) -> Destination:
        """Change the contact number or the mobile's custom field, and read it back; all else stays as it was."""
        number = value.strip()
        if not _NUMBER.fullmatch(number):
            raise Rejected("A phone number may only hold digits, spaces and + ( ) . - x.")
        mobile = self._forms.mobile()
        if destination_ref != CONTACT_NUMBER and (mobile is None or destination_ref != mobile.key):
            raise Rejected("This entry of the requester is not a phone number.")
        before = self._row(contact_ref)
        kept = records.custom_fields(before)
        changes: dict[str, Any] = {"userId": records.ref_of(before, "userId")}
        if destination_ref == CONTACT_NUMBER:
            changes[CONTACT_NUMBER] = number
        else:
            # Whether SuperOps merges or replaces is written nowhere, so all of them are sent.
            changes["customFields"] = {**kept, destination_ref: number}
        failure: PsaError | None = None
        try:
            self._api.change("updateClientUser", _UPDATE, changes)
        except PsaError as problem:
            if not problem.ambiguous:
                raise
            failure = problem
        after = self._row(contact_ref)
        others = {key: each for key, each in kept.items() if key != destination_ref}
        if others != {key: each for key, each in records.custom_fields(after).items() if key != destination_ref}:
            raise Rejected("SuperOps changed other custom fields of the requester too. Check them there.")
        for each in records.contact(after, mobile).destinations:
            if each.ref == destination_ref and digits(each.value) == digits(number):
                return each
        raise failure or Rejected("SuperOps reported success but still holds the former number.")

    def mobile_fields(self) -> list[Choice]:
        """Custom fields that may hold the mobile number, by label; where labels are not told, those with numbers in
        the first hundred requesters, by a number's last digits.
        """
        rows = self._forms.fields(REQUESTER_MODULE)
        if rows:
            best = mobile_among(rows)
            labels = {text(row, "columnName"): text(row, "label") for row in rows if text(row, "fieldType") in _TEXTS}
            return [
                Choice(key, f"{label} ({key})", best is not None and key == best.key) for key, label in labels.items()
            ]
        page, _ = self._api.page(
            "getClientUserList", _LIST, "userList", {"page": 1, "pageSize": 100, "sort": _BY_NAME}, wrapped={}
        )
        seen: dict[str, str] = {}
        for row in page:
            for key, value in records.custom_fields(row).items():
                dated = key.endswith(_DATES)
                if isinstance(value, str) and not dated and len(digits(value)) >= SHORTEST_PHONE_SEARCH:
                    seen.setdefault(key, digits(value)[-4:])
        return [Choice(key, f"{key}, with a number that ends in {last}") for key, last in sorted(seen.items())]

    def _row(self, ref: str) -> JsonObject:
        key = record_id(ref, "requester")
        row = self._alone(key) if self._forms.knows_mobile() else self._with_form(key)
        if not isinstance(row, Mapping) or str(row.get("userId")) != key:
            raise NotFound("SuperOps has no such requester, or hides them from the token's technician.")
        return row

    def _alone(self, key: str) -> Any:
        return self._api.ask("getClientUser", _ONE, {"userId": key})

    def _with_form(self, key: str) -> Any:
        """The requester, and in the same request which field is the mobile: a person waits for both."""
        variables = {"i": {"userId": key}, "module": REQUESTER_MODULE}
        try:
            both = self._api.ask_several("getClientUser", _ONE_AND_FORM, variables)
        except (UnknownToSchema, Opaque, MissingPermission):
            # One wrong field spoils a whole document. If the requester alone is told, it was the form.
            row = self._alone(key)
            self._forms.keep(REQUESTER_MODULE, None)
            return row
        self._forms.keep(REQUESTER_MODULE, both.get("getAllFields"))
        return both.get("getClientUser")

    def _matching(
        self, leaves: list[JsonObject], phone: str, client: Company | None, fits: Any, limit: int
    ) -> list[Contact]:
        mobile = self._forms.mobile()
        wrapped = {"clientId": client.ref} if client is not None else {}

        def read(rows: Iterable[JsonObject]) -> list[Contact]:
            kept = [(row, each) for row in rows if fits(each := records.contact(row, mobile, client))]
            return self._with_clients([row for row, _ in kept], [each for _, each in kept])

        try:
            asked = [*leaves, _any([_leaf(CONTACT_NUMBER, "contains", part) for part in _spellings(phone)])]
            wanted = asked if phone else leaves
            # What the condition finds may be refused here, so more is read than is wanted.
            rows, _ = self._api.page(
                "getClientUserList", _LIST, "userList",
                {"page": 1, "pageSize": 100, "sort": _BY_NAME, **({"condition": _all(wanted)} if wanted else {})},
                wrapped=wrapped,
            )  # fmt: skip
            found = read(rows)
        except Opaque:
            found = []
        else:
            if not phone or found:
                return found
        # Neither odd spellings nor custom fields can be asked for, and some accounts fail on a condition.
        return read(self._rows({}, wrapped, _PAGES_COMPARED))[: max(limit, 1)]

    def _rows(self, request: JsonObject, wrapped: JsonObject, most_pages: int = 200) -> list[JsonObject]:
        return self._api.every(
            "getClientUserList", _LIST, "userList", "userId", {"sort": _BY_NAME, **request},
            wrapped=wrapped, most_pages=most_pages,
        )  # fmt: skip

    def _with_clients(self, rows: list[JsonObject], found: list[Contact]) -> list[Contact]:
        """The contacts, with the client of those who have a single one that their record does not name."""
        unknown = [each.ref for each in found if each.company is None]
        if not unknown:
            return found
        condition = _any([_leaf("user.userId", "is", ref) for ref in unknown[:100]])
        try:
            links = self._api.every(
                "getClientUserAssociationList", _ASSOCIATIONS, "associations", "id", {"condition": condition}
            )
        except (Opaque, UnknownToSchema):
            return found
        clients: dict[str, list[Company]] = {}
        for link in links:
            user, client = link.get("user"), link.get("client")
            if isinstance(user, Mapping) and isinstance(client, Mapping) and client.get("accountId"):
                clients.setdefault(str(user.get("userId")), []).append(records.company(client))
        mobile = self._forms.mobile()
        return [
            records.contact(row, mobile, clients[each.ref][0])
            if each.company is None and len(clients.get(each.ref, [])) == 1
            else each
            for row, each in zip(rows, found, strict=True)
        ]


def _spellings(phone: str) -> list[str]:
    """Parts of a number that usual spellings leave in one piece: its last digits, together or in pairs."""
    last = digits(phone)[-4:]
    return [last, f"{last[:2]} {last[2:]}", f"{last[:2]}-{last[2:]}"] if last else []


def _leaf(attribute: str, operator: str, value: str) -> JsonObject:
    return {"attribute": attribute, "operator": operator, "value": value}


def _all(leaves: list[JsonObject]) -> JsonObject:
    return leaves[0] if len(leaves) == 1 else {"joinOperator": "AND", "operands": leaves}


def _any(leaves: list[JsonObject]) -> JsonObject:
    return leaves[0] if len(leaves) == 1 else {"joinOperator": "OR", "operands": leaves}


def _has_address(contact: Contact, address: str) -> bool:
    wanted = address.casefold()
    return any(d.kind is DestinationKind.EMAIL and d.value.casefold() == wanted for d in contact.destinations)


def _has_number(contact: Contact, number: str) -> bool:
    return any(d.kind is DestinationKind.PHONE and same_number(d.value, number) for d in contact.destinations)


def _sorted(found: Iterable[Contact]) -> list[Contact]:
    return sorted(found, key=lambda c: (c.name.casefold(), c.ref))
