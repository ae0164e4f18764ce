"""Users of HaloPSA: found by name, client, number or address, and a number of theirs changed."""

from __future__ import annotations

import re
from typing import Final

from connectors.base import (
    Company,
    Contact,
    ContactSearch,
    Destination,
    DestinationKind,
    NotFound,
    PsaError,
    Rejected,
)
from connectors.halo import records
from connectors.halo.api import HaloApi, number, record_id
from connectors.reading import SHORTEST_PHONE_SEARCH, JsonObject, digits, flag, same_number, text

USERS: Final = "/Users"
ONE_USER: Final = "/Users/{id}"
CLIENTS: Final = "/Client"
MOST_CLIENTS: Final = 8
"""So many clients of a name are looked through."""

_NUMBER: Final = re.compile(r"[+(]?[0-9][0-9 ().+x-]{1,48}[0-9]")
_LONGEST: Final = 100
_MOST_ROWS: Final = 300


def read(api: HaloApi, ref: str) -> JsonObject:
    """One user with details. Raises NotFound for the General User, who is nobody, and where the answer is another."""
    row = api.record(ONE_USER, {"id": record_id(ref, "user")}, {"includedetails": "true"})
    if records.is_nobody(row):
        raise NotFound("This ticket belongs to the General User, who is nobody in particular. Choose a contact.")
    return row


def of_client(api: HaloApi, company_ref: str) -> list[Contact]:
    """The client's active users who are people, by name; every page."""
    wanted: dict[str, str | int] = {"client_id": record_id(company_ref, "client"), **_PEOPLE, "order": "id"}
    return _sorted([records.contact(row) for row in api.every(USERS, wanted) if _is_person(row)])


def clients(api: HaloApi, part: str) -> list[Company]:
    """Clients that are in use and have the words in their name, by name; every page."""
    words = searchable(part)
    wanted: dict[str, str | int] = {"order": "id", **({"search": words} if words else {})}
    rows = [row for row in api.every(CLIENTS, wanted) if not flag(row, "inactive")]
    found = [each for each in map(records.company, rows) if words.casefold() in each.name.casefold()]
    return sorted(found, key=lambda each: (each.name.casefold(), int(each.ref)))


def search(api: HaloApi, wanted: ContactSearch) -> list[Contact]:
    """Active users that match, by name. Raises Rejected for an empty search and for what cannot be looked for."""
    within = _clients_named(api, wanted.company)
    if within == []:
        return []
    if wanted.phone.strip():
        found = _by_phone(api, wanted.phone, within)
    elif wanted.email.strip():
        found = _asked(api, searchable(wanted.email), within)
    elif wanted.name.strip():
        found = _asked(api, max(searchable(wanted.name).split(), key=len), within)
    elif within is not None:
        found = _asked(api, "", within)
    else:
        raise Rejected("Say whom to look for: a name, a client, a phone number or an address.")
    return _sorted([each for each in found if _matches(each, wanted)])[: wanted.limit]


def change_number(api: HaloApi, contact_ref: str, member: str, value: str) -> Destination:
    """Change one number of a user and read it back.

    Raises Rejected where the member holds no number, where ``value`` is none, and where HaloPSA keeps the former one.
    """
    if member not in records.PHONES:
        raise Rejected("This entry of the contact is not a phone number.")
    typed = value.strip()
    if not _NUMBER.fullmatch(typed):
        raise Rejected("A phone number may only hold digits, spaces and + ( ) . - x.")
    row = read(api, contact_ref)
    user = number(row.get("id"))
    minimal: dict[str, object] = {"id": user, member: typed}
    # Some builds take a user only with its name and site [seen in one public client].
    whole = {**minimal, "name": text(row, "name"), "site_id": _site(row), "isuserdetails": True}
    for members in (minimal, whole):
        failure: PsaError | None = None
        try:
            api.write(USERS, members)
        except PsaError as problem:
            if not problem.ambiguous:
                raise
            failure = problem
        changed = records.destination(read(api, contact_ref), member)
        if changed is not None and digits(changed.value) == digits(typed.partition("x")[0]):
            return changed
        if failure is not None:
            raise failure
    raise Rejected("HaloPSA reported success but still holds the former number.")


def site_of(row: JsonObject) -> int | None:
    """The site of a user, whose id is a double in one member and an integer in another."""
    return _site(row)


def searchable(words: str) -> str:
    """Text of people fit for Halo's search, which takes it literally. Raises Rejected for what cannot be looked for."""
    words = words.strip()
    if len(words) > _LONGEST:
        raise Rejected(f"HaloPSA is searched for at most {_LONGEST} characters.")
    if not words.isprintable():
        raise Rejected("HaloPSA cannot be searched for control characters. Leave them out.")
    return words


_PEOPLE: Final = {"includeactive": "true", "includeinactive": "false", "exclude_generaluser": "true"}


def _clients_named(api: HaloApi, part: str) -> list[int] | None:
    """The clients of a name, or None where none is named."""
    return [int(each.ref) for each in clients(api, part)][:MOST_CLIENTS] if part.strip() else None


def _asked(api: HaloApi, words: str, within: list[int] | None, *, phones: bool = False) -> list[Contact]:
    """The users that Halo itself finds, at most some pages of them."""
    asked: dict[str, str | int] = {**_PEOPLE, "order": "id", "pageinate": "true", "page_size": _MOST_ROWS, "page_no": 1}
    if words:
        asked["search"] = words
    if phones:
        asked["search_phonenumbers"] = "true"
    found: dict[str, Contact] = {}
    for client in within if within is not None else [0]:
        rows, _ = api.some(USERS, {**asked, "client_id": client} if client else asked)
        for each in (records.contact(row) for row in rows if _is_person(row)):
            found[each.ref] = each
    return list(found.values())


def _by_phone(api: HaloApi, typed: str, within: list[int] | None) -> list[Contact]:
    """Halo compares numbers with what was typed in, blanks and all, so several spellings are asked for, the likeliest
    first, and every user found is judged by the digits.
    """
    for words in spellings(typed):
        found = [each for each in _asked(api, words, within, phones=True) if _has_number(each, typed)]
        if found:
            return found
    return []


def spellings(typed: str) -> list[str]:
    """Parts of a number as people write them, long ones first; the last ones cover nearly every way to group digits."""
    typed_digits = digits(_dialled(typed))
    if len(typed_digits) < SHORTEST_PHONE_SEARCH:
        raise Rejected(f"A phone number is looked for by at least {SHORTEST_PHONE_SEARCH} digits.")
    last = typed_digits[-4:]
    parts = [
        searchable(typed),
        typed_digits[-10:],
        *(f"{typed_digits[-7:-4]}{glue}{last}" for glue in ("", "-", " ", ".")),
        last,
        f"{typed_digits[-6:-3]} {typed_digits[-3:]}",
        *(f"{last[:2]}{glue}{last[2:]}" for glue in (" ", "-", ".")),
    ]
    return list(dict.fromkeys(parts))


def _matches(contact: Contact, wanted: ContactSearch) -> bool:
    name = contact.name.casefold()
    return (
        not contact.inactive
        and all(word in name for word in wanted.name.casefold().split())
        and (not wanted.email.strip() or _has_address(contact, wanted.email.strip()))
        and (not wanted.phone.strip() or _has_number(contact, wanted.phone))
    )


def _has_address(contact: Contact, address: str) -> bool:
    wanted = address.casefold()
    return any(d.kind is DestinationKind.EMAIL and d.value.casefold() == wanted for d in contact.destinations)


def _has_number(contact: Contact, typed: str) -> bool:
    wanted = _dialled(typed)
    return any(d.kind is DestinationKind.PHONE and same_number(_dialled(d.value), wanted) for d in contact.destinations)


def _dialled(value: str) -> str:
    """A number without the ``(0)`` that nobody dials behind a country code."""
    return value.replace("(0)", "")


def _is_person(row: JsonObject) -> bool:
    return not flag(row, "inactive") and not flag(row, "isserviceaccount") and not records.is_nobody(row)


def _site(row: JsonObject) -> int | None:
    return number(row.get("site_id_int")) or number(row.get("site_id"))


def _sorted(found: list[Contact]) -> list[Contact]:
    return sorted(found, key=lambda each: (each.name.casefold(), int(each.ref)))
