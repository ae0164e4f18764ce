"""ConnectWise's JSON records turned into the records of :mod:`connectors.base`.

Field names are from the official OpenAPI (2022.1 to 2025.16). Newer releases leave out empty properties where older
ones send null, so nothing but an id is taken for granted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from connectors.base import (
    Choice,
    Company,
    Contact,
    Destination,
    DestinationKind,
    Member,
    Note,
    PodSetup,
    Ticket,
    Unavailable,
)
from connectors.reading import JsonObject, flag, moment, text

MOBILE_LABELS: Final = ("Cell", "Cell Phone", "Mobile", "Mobile Phone")
"""ConnectWise has no mobile flag; a mobile number is known only by the label of its communication type."""

API_LICENCE: Final = "A"
HUMAN_LICENCES: Final = frozenset({"F", "X", "C"})
"""Full, subcontractor, StreamlineIT."""


def ref_of(row: JsonObject) -> str:
    """The record's id as text. Raises Unavailable where there is none, because nothing can be done with such a row."""
    value = row.get("id")
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unavailable("ConnectWise sent a record without an id, which cannot be used.")
    return str(value)


def inner(row: JsonObject, key: str) -> JsonObject | None:
    """A reference inside a record, or None where it is missing or empty."""
    value = row.get(key)
    return value if isinstance(value, Mapping) and value.get("id") is not None else None


def company(row: JsonObject) -> Company:
    """A company record or a reference to one."""
    return Company(ref_of(row), text(row, "name") or text(row, "identifier"), text(row, "identifier"))


def company_of(row: JsonObject) -> Company | None:
    """The company that a ticket or contact belongs to."""
    reference = inner(row, "company")
    return company(reference) if reference is not None else None


def destination(row: JsonObject, mobile_labels: Collection[str]) -> Destination | None:
    """A communication item, or None for a fax number and for an item without a value."""
    kinds = {"phone": DestinationKind.PHONE, "email": DestinationKind.EMAIL}
    kind = kinds.get(text(row, "communicationType").lower())
    value = text(row, "value")
    if kind is None or not value:
        return None
    label = text(inner(row, "type") or {}, "name")
    mobile = kind is DestinationKind.PHONE and label.casefold() in {word.casefold() for word in mobile_labels}
    return Destination(ref_of(row), kind, value, label, mobile, flag(row, "defaultFlag"), text(row, "extension"))


def contact(row: JsonObject, mobile_labels: Collection[str]) -> Contact:
    """A contact with the communication items that stand in the record."""
    first, last = text(row, "firstName"), text(row, "lastName")
    items = row.get("communicationItems")
    found = [destination(item, mobile_labels) for item in items] if isinstance(items, list) else []
    return Contact(
        ref=ref_of(row),
        name=f"{first} {last}".strip(),
        first_name=first,
        company=company_of(row),
        destinations=tuple(entry for entry in found if entry is not None),
        title=text(row, "title"),
        inactive=flag(row, "inactiveFlag"),
    )


def ticket(row: JsonObject) -> Ticket:
    """A service ticket."""
    caller = inner(row, "contact")
    return Ticket(
        ref=ref_of(row),
        summary=text(row, "summary"),
        company=company_of(row),
        contact_ref=ref_of(caller) if caller is not None else "",
        board=text(inner(row, "board") or {}, "name"),
        status=text(inner(row, "status") or {}, "name"),
        closed=flag(row, "closedFlag"),
        contact_name=text(caller or {}, "name"),
    )


def choice(row: JsonObject) -> Choice:
    """A board, status, type or priority."""
    closed = flag(row, "closedStatus") or flag(row, "closedFlag")
    return Choice(ref_of(row), text(row, "name"), flag(row, "defaultFlag"), closed)


def member(row: JsonObject) -> Member:
    """A member, from ``/system/members`` or from the member info, which name the address differently."""
    first, last = text(row, "firstName"), text(row, "lastName")
    identifier = text(row, "identifier")
    addresses = (text(row, key) for key in ("primaryEmail", "officeEmail", "defaultEmail"))
    return Member(
        ref=ref_of(row),
        identifier=identifier,
        name=text(row, "fullName") or f"{first} {last}".strip() or identifier,
        first_name=first,
        email=next((address for address in addresses if "@" in address), ""),
        inactive=flag(row, "inactiveFlag"),
        api_only=text(row, "licenseClass") == API_LICENCE,
    )


def note(row: JsonObject) -> Note:
    """A ticket note. It counts as internal only where neither Discussion nor Resolution shows it to the client."""
    internal = not flag(row, "detailDescriptionFlag") and not flag(row, "resolutionFlag")
    return Note(ref_of(row), text(row, "text", lines=True), internal, _moment(row))


def pod_setup(row: JsonObject, screen: str) -> PodSetup:
    """A row of the hosted-API table, as ConnectWise holds it."""
    height = row.get("podHeight")
    return PodSetup(
        screen=screen,
        description=text(row, "description"),
        url=text(row, "url"),
        origin=text(row, "origin"),
        height=height if isinstance(height, int) else 0,
        ref=ref_of(row),
    )


def _moment(row: JsonObject) -> datetime | None:
    info = row.get("_info")
    entered = info.get("dateEntered") if isinstance(info, Mapping) else None
    return moment(row.get("dateCreated")) or moment(entered)
