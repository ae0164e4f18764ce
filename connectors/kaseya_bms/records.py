"""BMS's JSON records turned into the records of :mod:`connectors.base`.

Names are those of the published description, all in lower case here (see :func:`connectors.kaseya_bms.tokens.lowered`).
Nothing but an id is taken for granted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from connectors.base import (
    Choice,
    Company,
    Contact,
    Destination,
    DestinationKind,
    Member,
    Note,
    Ticket,
    Unavailable,
)
from connectors.kaseya_bms.markup import to_text
from connectors.reading import JsonObject, flag, moment, text

MOBILE_LABELS: Final = ("Mobile", "Mobile Phone", "Cell", "Cell Phone")
"""BMS has no mobile flag; a mobile number is known only by the name of its phone type, which a company may change."""

FAX_LABELS: Final = ("Fax", "Work Fax", "Home Fax")
PHONE: Final = "phone-"
EMAIL: Final = "email-"


def number_of(row: JsonObject, key: str) -> int | None:
    """A whole number above 0, or None."""
    value = row.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def ref_of(row: JsonObject, key: str = "id") -> str:
    """An id as text. Raises Unavailable where there is none, because nothing can be done with such a row."""
    value = number_of(row, key)
    if value is None:
        raise Unavailable("Kaseya BMS sent a record without an id, which cannot be used.")
    return str(value)


def company_of(row: JsonObject) -> Company | None:
    """The account that a ticket or contact belongs to."""
    if number_of(row, "accountid") is None:
        return None
    return Company(ref_of(row, "accountid"), text(row, "accountname"), text(row, "accountcode"))


def company(row: JsonObject) -> Company:
    """An account's summary."""
    return Company(ref_of(row), text(row, "accountname"), text(row, "accountcode"))


def items(row: JsonObject, key: str) -> list[JsonObject]:
    """The rows within a record."""
    found = row.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def destination(row: JsonObject, mobile_labels: Collection[str]) -> Destination | None:
    """A phone of a contact, or None for a fax number and for a row without a text."""
    value, label = text(row, "phone"), text(row, "phonetype")
    if not value or _among(label, FAX_LABELS):
        return None
    mobile = _among(label, mobile_labels)
    return Destination(PHONE + ref_of(row), DestinationKind.PHONE, value, label, mobile, flag(row, "isdefault"))


def _email(row: JsonObject) -> Destination | None:
    value, label = text(row, "emailaddress"), text(row, "emailtype")
    if not value:
        return None
    return Destination(EMAIL + ref_of(row), DestinationKind.EMAIL, value, label, default=flag(row, "isdefault"))


def contact(row: JsonObject, mobile_labels: Collection[str]) -> Contact:
    """A contact's summary. One whose ``isActive`` is missing counts as inactive."""
    first, last = text(row, "firstname"), text(row, "lastname")
    found = [destination(item, mobile_labels) for item in items(row, "phones")]
    found += [_email(item) for item in items(row, "emails")]
    return Contact(
        ref=ref_of(row),
        name=f"{first} {last}".strip(),
        first_name=first,
        company=company_of(row),
        destinations=tuple(entry for entry in found if entry is not None),
        title=text(row, "jobtitle"),
        inactive=not flag(row, "isactive"),
    )


def ticket(row: JsonObject) -> Ticket:
    """A ticket, alone or as a row of a list. It is closed once it has a date of completion."""
    return Ticket(
        ref=ref_of(row),
        summary=text(row, "title"),
        company=company_of(row),
        contact_ref=str(number_of(row, "contactid") or ""),
        board=text(row, "queuename"),
        status=text(row, "statusname"),
        closed=moment(row.get("completeddate")) is not None,
        number=text(row, "ticketnumber"),
        contact_name=text(row, "contactname"),
    )


def choice(row: JsonObject) -> Choice:
    """A row of one of the short lists."""
    return Choice(ref_of(row), text(row, "name"), flag(row, "isdefault"))


def in_use(row: JsonObject) -> bool:
    """Whether a row of a short list is not switched off; priorities cannot be."""
    return "isactive" not in row or flag(row, "isactive")


def member(row: JsonObject) -> Member:
    """An employee."""
    first, last = text(row, "firstname"), text(row, "lastname")
    address = text(row, "emailaddress")
    return Member(
        ref=ref_of(row),
        identifier=text(row, "username") or address,
        name=f"{first} {last}".strip() or address,
        first_name=first,
        email=address if "@" in address else "",
        inactive=row.get("isactive") is False,
    )


def note(row: JsonObject) -> Note:
    """A note of a ticket, its text without markup. It counts as internal only where BMS says so."""
    details: Any = row.get("details")
    words = to_text(details) if isinstance(details, str) else ""
    created = moment(row.get("createdon"))
    return Note(ref_of(row), text({"text": words}, "text", lines=True), flag(row, "isinternal"), created)


def _among(label: str, labels: Collection[str]) -> bool:
    return label.casefold() in {word.casefold() for word in labels}
