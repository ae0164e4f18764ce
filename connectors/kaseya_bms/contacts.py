"""Contacts: one, a company's, a search, and the change of a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from connectors.base import Contact, ContactSearch, DestinationKind, NotFound, Rejected
from connectors.kaseya_bms import records
from connectors.kaseya_bms.api import PAGE_SIZE, BmsApi, record_id
from connectors.reading import SHORTEST_PHONE_SEARCH, JsonObject, digits, same_number

SUMMARIES: Final = "/v2/crm/contacts/summary"
_ONE: Final = "/v2/crm/contacts/summary/{id}"
_MOST_PAGES_OF_NAMES: Final = 5


def one(api: BmsApi, ref: str) -> JsonObject:
    """The row of one contact. Raises NotFound where BMS answers with another one."""
    wanted = record_id(ref, "contact")
    row = api.record("GET", _ONE, {"id": wanted})
    if row["id"] != wanted:
        raise NotFound("Kaseya BMS answered with another contact. Choose the contact again.")
    return row


def of_company(api: BmsApi, company_ref: str, mobile_labels: Collection[str]) -> list[Contact]:
    """The company's active contacts, by name."""
    company = record_id(company_ref, "company")
    rows = api.every(SUMMARIES, params={"Filter.AccountId": company, "Filter.IsActive": "true"})
    # A filter that BMS does not know is ignored without a word, so every filter is applied here again.
    found = [records.contact(row, mobile_labels) for row in rows if row.get("accountid") == company]
    return _by_name(found)


def search(api: BmsApi, wanted: ContactSearch, mobile_labels: Collection[str]) -> list[Contact]:
    """Active contacts that match, by name. Raises Rejected for an empty search and for too short a number.

    BMS has a filter for each name but none for both, and does not say how any of them matches: every row found is
    judged here again.
    """
    parts = {name: words.strip() for name, words in (("name", wanted.name), ("company", wanted.company))}
    phone, email = wanted.phone.strip(), wanted.email.strip()
    if not any((*parts.values(), phone, email)):
        raise Rejected("Say whom to look for: a name, a company, a phone number or an address.")
    if phone and len(digits(phone)) < SHORTEST_PHONE_SEARCH:
        raise Rejected(f"A phone number is looked for by at least {SHORTEST_PHONE_SEARCH} digits.")
    common: dict[str, str | int] = {"Filter.IsActive": "true"}
    if parts["company"]:
        common["Filter.AccountName"] = parts["company"]
    found: dict[str, Contact] = {}
    for filters in _filters(parts["name"], phone, email):
        for row in _some(api, {**common, **filters}):
            each = records.contact(row, mobile_labels)
            if _fits(each, parts["name"], parts["company"], phone, email):
                found[each.ref] = each
        if found and phone:
            break
    return _by_name(found.values())[: wanted.limit]


def spellings(number: str) -> list[str]:
    """How a number may stand in BMS: its last four digits, which a filter for a part finds in nearly every spelling,
    and for one that compares whole texts the usual ones, as typed first.
    """
    plain = digits(number)
    ten = plain[-10:]
    written = [plain[-4:], number.strip(), plain]
    if len(ten) == 10:
        area, middle, end = ten[:3], ten[3:6], ten[6:]
        written += [
            ten,
            f"({area}) {middle}-{end}",
            f"{area}-{middle}-{end}",
            f"{area}.{middle}.{end}",
            f"{area} {middle} {end}",
            f"+1 {area} {middle} {end}",
            f"+1{ten}",
        ]
    return list(dict.fromkeys(written))


def _filters(name: str, phone: str, email: str) -> Sequence[dict[str, str]]:
    if email:
        return [{"Filter.Email": email}]
    if phone:
        return [{"Filter.Phone": written} for written in spellings(phone)]
    if name:
        longest = max(name.split(), key=len)
        return [{"Filter.FirstName": longest}, {"Filter.LastName": longest}]
    return [{}]


def _some(api: BmsApi, params: dict[str, str | int]) -> list[JsonObject]:
    """The first pages of what a filter finds; the lists are short once BMS has filtered them."""
    rows: list[JsonObject] = []
    for page in range(1, _MOST_PAGES_OF_NAMES + 1):
        found = api.rows(SUMMARIES, params={**params, "PageSize": PAGE_SIZE, "PageNumber": page})
        rows += found
        if len(found) < PAGE_SIZE:
            break
    return rows


def _fits(each: Contact, name: str, company: str, phone: str, email: str) -> bool:
    full, of = each.name.casefold(), (each.company.name.casefold() if each.company else "")
    numbers = [d.value for d in each.destinations if d.kind is DestinationKind.PHONE]
    mails = [d.value.casefold() for d in each.destinations if d.kind is DestinationKind.EMAIL]
    return (
        all(word in full for word in name.casefold().split())
        and company.casefold() in of
        and (not phone or any(same_number(_without_extension(number), phone) for number in numbers))
        and (not email or email.casefold() in mails)
    )


def _without_extension(number: str) -> str:
    """The number before an extension, which people write into the same text."""
    return re.split(r"(?i)\s*(?:ext|x|#)", number, maxsplit=1)[0]


def _by_name(found: Iterable[Contact]) -> list[Contact]:
    return sorted((c for c in found if not c.inactive), key=lambda c: (c.name.casefold(), int(c.ref)))
