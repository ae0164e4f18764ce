"""Finding contacts by name, company, number or address, and changing a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from connectors.autotask import records
from connectors.autotask.api import AutotaskApi, Condition, any_of, record_id, where
from connectors.autotask.lists import Lists
from connectors.base import Contact, ContactSearch, Destination, DestinationKind, PsaError, Rejected
from connectors.reading import SHORTEST_PHONE_SEARCH, JsonObject, digits, same_number, text

MOST_OF_A_NAME: Final = 200
"""Companies or people of one name that a search goes on with."""

_IN_USE: Final = where("isActive", "eq", 1)
_NUMBER: Final = re.compile(r"[+(]?[0-9][0-9 ().+x-]{1,48}[0-9]")
_SEPARATORS: Final = (" ", "-", ".")


def read(api: AutotaskApi, lists: Lists, ref: str) -> Contact:
    """One contact with all destinations."""
    row = api.item("Contacts", record_id(ref, "contact"))
    return records.contact(row, lists.company_name(records.ref_of(row, "companyID")))


def of_company(api: AutotaskApi, lists: Lists, company_ref: str) -> list[Contact]:
    """The company's active contacts, by name."""
    key = record_id(company_ref, "company")
    rows = api.every("Contacts", where("companyID", "eq", key), _IN_USE, fields=records.CONTACT_FIELDS)
    name = lists.company_name(str(key)) if rows else ""
    return _sorted(records.contact(row, name) for row in rows)


def search(api: AutotaskApi, lists: Lists, wanted: ContactSearch) -> list[Contact]:
    """Active contacts that match, by name. Raises Rejected for an empty search and for a number that is too short."""
    name, company = wanted.name.strip(), wanted.company.strip()
    address, number = wanted.email.strip(), wanted.phone.strip()
    if not (name or company or address or number):
        raise Rejected("Say whom to look for: a name, a company, a phone number or an address.")
    conditions: list[Condition] = [_IN_USE, *_named(name)]
    if company:
        ids = company_ids(api, company)
        if not ids:
            return []
        conditions.append(where("companyID", "in", ids))
    if address:
        conditions.append(any_of(*(where(field, "eq", address) for field, _ in records.ADDRESSES)))
    if number:
        conditions.append(_number_condition(number))
    rows = api.every("Contacts", *conditions, fields=records.CONTACT_FIELDS, pages=20)
    found = [records.contact(row, "") for row in rows if _has_words(row, name)]
    if address:
        found = [each for each in found if _has(each, DestinationKind.EMAIL, address)]
    if number:
        found = [each for each in found if _has(each, DestinationKind.PHONE, number)]
    shown = _sorted(found)[: wanted.limit]
    names = lists.company_names([each.company.ref for each in shown if each.company is not None])
    wanted_rows = {records.ref_of(row): row for row in rows}
    return [
        records.contact(wanted_rows[each.ref], names.get(each.company.ref, "") if each.company else "")
        for each in shown
    ]


def update_phone(api: AutotaskApi, lists: Lists, contact_ref: str, field: str, value: str) -> Destination:
    """Change one number of a contact below the contact's own company, and look whether it is there."""
    number = value.strip()
    if not _NUMBER.fullmatch(number):
        raise Rejected("A phone number may only hold digits, spaces and + ( ) . - x.")
    if field not in {name for name, _ in records.PHONES}:
        raise Rejected("This entry of the contact is not a phone number.")
    key = record_id(contact_ref, "contact")
    longest = lists.field("Contacts", field).length
    if longest and len(number) > longest:
        raise Rejected(f"Autotask takes {longest} characters of a number at most.")
    before = api.item("Contacts", key)
    company = record_id(records.ref_of(before, "companyID"), "company")
    failure: PsaError | None = None
    try:
        # There is no way to write a contact but below its company.
        api.write("PATCH", "/Companies/{id}/Contacts", {"id": key, field: number}, {"id": company})
    except PsaError as problem:
        if not problem.ambiguous:
            raise
        failure = problem
    after = records.contact(api.item("Contacts", key), "")
    changed = next((each for each in after.destinations if each.ref == field), None)
    if changed is not None and digits(changed.value) == digits(number):
        return changed
    raise failure or Rejected("Autotask reported success but still holds the former number.")


def company_ids(api: AutotaskApi, name: str) -> list[int]:
    """Companies whose name holds the words. Raises Rejected where these are too many."""
    rows = api.some("Companies", where("companyName", "contains", name.strip()), fields=("companyName",))
    rows = [row for row in rows if name.strip().casefold() in text(row, "companyName").casefold()]
    return _few([int(records.ref_of(row)) for row in rows], "companies")


def people_ids(api: AutotaskApi, name: str) -> list[int]:
    """Contacts, in use or not, whose name holds each of the words. Raises Rejected where these are too many."""
    rows = api.some("Contacts", *_named(name), fields=("firstName", "lastName"))
    return _few([int(records.ref_of(row)) for row in rows if _has_words(row, name)], "contacts")


def names(api: AutotaskApi, refs: Sequence[str]) -> dict[str, str]:
    """Names of contacts by ref; one that is hidden has none."""
    found: dict[str, str] = {}
    wanted = sorted({int(ref) for ref in refs})
    for start in range(0, len(wanted), 100):
        part = where("id", "in", wanted[start : start + 100])
        for row in api.some("Contacts", part, fields=("firstName", "lastName")):
            found[records.ref_of(row)] = f"{text(row, 'firstName')} {text(row, 'lastName')}".strip()
    return found


def _few(ids: list[int], thing: str) -> list[int]:
    if len(ids) > MOST_OF_A_NAME:
        raise Rejected(f"More than {MOST_OF_A_NAME} {thing} have this name. Narrow the search.")
    return ids


def _named(name: str) -> list[Condition]:
    return [
        any_of(where("firstName", "contains", word), where("lastName", "contains", word)) for word in name.split()
    ]  # fmt: skip


def _has_words(row: JsonObject, name: str) -> bool:
    """Whether the words stand there as they were typed: a database may take some of them for wild cards."""
    first, last = text(row, "firstName").casefold(), text(row, "lastName").casefold()
    return all(word.casefold() in first or word.casefold() in last for word in name.split())


def _number_condition(number: str) -> Condition:
    """Numbers are compared as they were typed in, so the last four digits are asked for in every usual spelling."""
    known = digits(number)
    if len(known) < SHORTEST_PHONE_SEARCH:
        raise Rejected(f"A phone number is looked for by at least {SHORTEST_PHONE_SEARCH} digits.")
    last = known[-4:]
    spellings = [last, *(f"{last[:at]}{mark}{last[at:]}" for at in (1, 2, 3) for mark in _SEPARATORS)]
    return any_of(*(where(field, "contains", each) for field, _ in records.PHONES for each in spellings))


def _has(contact: Contact, kind: DestinationKind, wanted: str) -> bool:
    def same(value: str) -> bool:
        if kind is DestinationKind.PHONE:
            return same_number(value, wanted)
        return value.casefold() == wanted.casefold()

    return any(each.kind is kind and same(each.value) for each in contact.destinations)


def _sorted(found: Iterable[Contact]) -> list[Contact]:
    in_use = [contact for contact in found if not contact.inactive]
    return sorted(in_use, key=lambda each: (each.name.casefold(), int(each.ref)))
