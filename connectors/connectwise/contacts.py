"""Finding contacts by name, company, number or address."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from connectors.base import Contact, ContactSearch, DestinationKind, Rejected
from connectors.connectwise import records
from connectors.connectwise.api import ManageApi
from connectors.connectwise.conditions import all_of, any_of, contains, equals
from connectors.reading import SHORTEST_PHONE_SEARCH, JsonObject, digits, same_number

_CONTACTS: Final = "/company/contacts"
_LAST_DIGITS: Final = 10


def search(api: ManageApi, wanted: ContactSearch, mobile_labels: Collection[str]) -> list[Contact]:
    """Active contacts that match, by name. Raises Rejected for an empty search and for what cannot be looked for.

    ConnectWise compares numbers as they were typed in, most often as digits alone: the last ten are looked for, then
    the last seven, and every row found is judged by all its digits. ``=`` heeds upper and lower case, so addresses are
    looked for by ``contains`` and judged here.
    """
    conditions = all_of(*(_name(word) for word in wanted.name.split()), _company(wanted.company))
    if wanted.email.strip():
        found = _by_item(api, conditions, contains("communicationItems/value", wanted.email.strip()), wanted.limit)
        people = [records.contact(row, mobile_labels) for row in found]
        return _sorted([each for each in people if _has_address(each, wanted.email.strip())], wanted.limit)
    if wanted.phone.strip():
        return _sorted(_by_phone(api, conditions, wanted, mobile_labels), wanted.limit)
    if not conditions:
        raise Rejected("Say whom to look for: a name, a company, a phone number or an address.")
    rows = api.some(_CONTACTS, conditions=_active(conditions), order="lastName asc", limit=wanted.limit)
    return _sorted([records.contact(row, mobile_labels) for row in rows], wanted.limit)


def _by_phone(api: ManageApi, conditions: str, wanted: ContactSearch, mobile_labels: Collection[str]) -> list[Contact]:
    number = digits(wanted.phone)
    if len(number) < SHORTEST_PHONE_SEARCH:
        raise Rejected(f"A phone number is looked for by at least {SHORTEST_PHONE_SEARCH} digits.")
    found: dict[str, Contact] = {}
    for length in (_LAST_DIGITS, SHORTEST_PHONE_SEARCH):
        rows = _by_item(api, conditions, contains("communicationItems/value", number[-length:]), wanted.limit)
        for each in (records.contact(row, mobile_labels) for row in rows):
            if _has_number(each, wanted.phone):
                found[each.ref] = each
        if found:
            break
    return list(found.values())


def _by_item(api: ManageApi, conditions: str, child: str, limit: int) -> list[JsonObject]:
    return api.some(_CONTACTS, conditions=_active(conditions), child=child, order="lastName asc", limit=limit)


def _active(conditions: str) -> str:
    return all_of(equals("inactiveFlag", False), conditions)


def _name(word: str) -> str:
    return any_of(contains("firstName", word), contains("lastName", word))


def _company(words: str) -> str:
    return contains("company/name", words.strip()) if words.strip() else ""


def _has_address(contact: Contact, address: str) -> bool:
    wanted = address.casefold()
    return any(d.kind is DestinationKind.EMAIL and d.value.strip().casefold() == wanted for d in contact.destinations)


def _has_number(contact: Contact, number: str) -> bool:
    return any(d.kind is DestinationKind.PHONE and same_number(d.value, number) for d in contact.destinations)


def _sorted(found: list[Contact], limit: int) -> list[Contact]:
    active = [contact for contact in found if not contact.inactive]
    return sorted(active, key=lambda c: (c.name.casefold(), int(c.ref)))[:limit]
