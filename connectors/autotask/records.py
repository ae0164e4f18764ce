"""Autotask's JSON records turned into the records of :mod:`connectors.base`.

Field names are from the official schema. A record may leave out what was not asked for, and 0 is a real id.
"""

from __future__ import annotations

from typing import Final

from connectors.autotask.lists import Lists
from connectors.base import Company, Contact, Destination, DestinationKind, Member, Note, Ticket, Unavailable
from connectors.reading import JsonObject, moment, text

COMPLETE: Final = 5
"""The status that closes a ticket: a system value, whatever the tenant calls it."""

MOBILE: Final = "mobilePhone"
PHONES: Final = (("phone", "Phone"), (MOBILE, "Mobile Phone"), ("alternatePhone", "Alternate Phone"))
ADDRESSES: Final = (("emailAddress", "Email"), ("emailAddress2", "Email 2"), ("emailAddress3", "Email 3"))

CONTACT_FIELDS: Final = (
    "companyID",
    "firstName",
    "lastName",
    "title",
    "isActive",
    "extension",
    *(name for name, _ in (*PHONES, *ADDRESSES)),
)
TICKET_FIELDS: Final = (
    "ticketNumber",
    "title",
    "companyID",
    "contactID",
    "status",
    "queueID",
    "completedDate",
    "createDate",
)


def ref_of(row: JsonObject, key: str = "id") -> str:
    """An id as text, empty where the record has none. Raises Unavailable where it is the record's own."""
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if key == "id":
        raise Unavailable("Autotask sent a record without an id, which cannot be used.")
    return ""


def active(row: JsonObject) -> bool:
    """Whether a record is in use: an integer on contacts, a boolean everywhere else."""
    value = row.get("isActive")
    return value is True or value == 1 or value is None


def company(row: JsonObject) -> Company:
    """A company."""
    return Company(ref_of(row), text(row, "companyName"), text(row, "companyNumber"))


def contact(row: JsonObject, company_name: str) -> Contact:
    """A contact; each number and address is known by the name of its field."""
    first, last = text(row, "firstName"), text(row, "lastName")
    found = [
        Destination(
            ref=name,
            kind=DestinationKind.PHONE,
            value=text(row, name),
            label=label,
            mobile=name == MOBILE,
            default=name == "phone",
            extension=text(row, "extension") if name == "phone" else "",
        )
        for name, label in PHONES
        if text(row, name)
    ]
    found += [
        Destination(name, DestinationKind.EMAIL, text(row, name), label, default=name == "emailAddress")
        for name, label in ADDRESSES
        if text(row, name)
    ]
    owner = ref_of(row, "companyID")
    return Contact(
        ref=ref_of(row),
        name=f"{first} {last}".strip(),
        first_name=first,
        company=Company(owner, company_name) if owner else None,
        destinations=tuple(found),
        title=text(row, "title"),
        inactive=not active(row),
    )


def ticket(row: JsonObject, company_name: str, lists: Lists, *, contact_name: str = "", ask: bool = True) -> Ticket:
    """A ticket; without ``ask`` queue and status have numbers where the lists are not remembered."""
    owner = ref_of(row, "companyID")
    return Ticket(
        ref=ref_of(row),
        summary=text(row, "title"),
        company=Company(owner, company_name) if owner else None,
        contact_ref=ref_of(row, "contactID"),
        board=lists.label("Tickets", "queueID", row.get("queueID"), ask=ask),
        status=lists.label("Tickets", "status", row.get("status"), ask=ask),
        closed=row.get("status") == COMPLETE,
        number=text(row, "ticketNumber"),
        contact_name=contact_name,
    )


def member(row: JsonObject, api_licences: frozenset[str]) -> Member:
    """A resource, as Autotask calls its people; ``api_licences`` are the licence types of users who are programs."""
    first, last = text(row, "firstName"), text(row, "lastName")
    user = text(row, "userName")
    return Member(
        ref=ref_of(row),
        identifier=user,
        name=f"{first} {last}".strip() or user,
        first_name=first,
        email=next((text(row, name) for name in ("email", "email2", "email3") if "@" in text(row, name)), ""),
        inactive=not active(row),
        api_only=str(row.get("licenseType")) in api_licences,
    )


def note(row: JsonObject, public: str) -> Note:
    """A ticket note; ``public`` is the chosen publish value of notes that the client sees.

    A note counts as internal only where it has another value than that one and than 1, which is for everybody in
    Autotask and in the client portal by most accounts.
    """
    internal = str(row.get("publish")) not in ("1", public)
    return Note(ref_of(row), text(row, "description", lines=True), internal, moment(row.get("createDateTime")))
