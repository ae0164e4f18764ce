"""SuperOps' JSON turned into the records of :mod:`connectors.base`.

Clients, requesters and the like come as values of the scalar JSON: an object, at times a string that holds one, with
the id at times as a bare number of nineteen digits [seen by public clients].
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterable, Mapping
from html.parser import HTMLParser
from typing import Any, Final

from connectors.base import (
    Company,
    Contact,
    Destination,
    DestinationKind,
    Member,
    Note,
    NotFound,
    Ticket,
    Unavailable,
)
from connectors.reading import JsonObject, moment, text
from connectors.superops.fields import MobileField

CONTACT_NUMBER: Final = "contactNumber"
"""The one number field of a requester, and our ``ref`` for it. SuperOps does not say whether it is a mobile."""

_ID: Final = re.compile(r"[0-9]{1,25}")
_BLOCKS: Final = frozenset({"p", "div", "li", "ul", "ol", "tr", "table", "blockquote", "pre", "h1", "h2", "h3", "h4"})


def record_id(ref: str, thing: str) -> str:
    """A ref that can be an id of SuperOps. Raises NotFound for anything else, which is never sent."""
    if not _ID.fullmatch(ref):
        raise NotFound(f"This is not the id of a {thing} in SuperOps.")
    return ref


def ref_of(row: JsonObject, key: str) -> str:
    """The record's id as text. Raises Unavailable where there is none, because nothing can be done with such a row."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value):
        raise Unavailable("SuperOps sent a record without an id, which cannot be used.")
    return str(value)


def leaf(row: JsonObject, key: str, id_key: str) -> JsonObject | None:
    """A value of the scalar JSON that is an object with an id, else None."""
    value = row.get(key)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, Mapping) or value.get(id_key) in (None, ""):
        return None
    return value


def company(row: JsonObject) -> Company:
    """A client, or a reference to one."""
    return Company(ref_of(row, "accountId"), text(row, "name"))


def company_of(row: JsonObject) -> Company | None:
    """The client of a ticket, or of a requester who has one only."""
    found = leaf(row, "client", "accountId")
    return company(found) if found is not None else None


def ticket(row: JsonObject, closed: Collection[str]) -> Ticket:
    """A ticket. ``closed`` are the names of the statuses that close one, in lower case."""
    person = leaf(row, "requester", "userId")
    status = text(row, "status")
    return Ticket(
        ref=ref_of(row, "ticketId"),
        summary=text(row, "subject"),
        company=company_of(row),
        contact_ref=ref_of(person, "userId") if person is not None else "",
        board=text(leaf(row, "techGroup", "groupId") or {}, "name"),
        status=status,
        closed=status.casefold() in closed,
        number=text(row, "displayId"),
        contact_name=text(person or {}, "name"),
    )


def contact(row: JsonObject, mobile: MobileField | None, client: Company | None = None) -> Contact:
    """A requester; ``client`` is who they belong to where SuperOps does not say."""
    first, last = text(row, "firstName"), text(row, "lastName")
    found: list[Destination] = []
    number = text(row, CONTACT_NUMBER)
    if number:
        found.append(Destination(CONTACT_NUMBER, DestinationKind.PHONE, number, "Contact number", default=True))
    if mobile is not None:
        value = text(custom_fields(row), mobile.key)
        if value:
            found.append(Destination(mobile.key, DestinationKind.PHONE, value, mobile.label, mobile=True))
    address = text(row, "email")
    if address:
        found.append(Destination("email", DestinationKind.EMAIL, address, "Email", default=True))
    return Contact(
        ref=ref_of(row, "userId"),
        name=text(row, "name") or f"{first} {last}".strip(),
        first_name=first,
        company=company_of(row) or client,
        destinations=tuple(found),
    )


def custom_fields(row: JsonObject) -> dict[str, Any]:
    """The custom fields by key, without empty ones."""
    value = row.get("customFields")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(key): each for key, each in value.items() if each is not None} if isinstance(value, Mapping) else {}


def member(row: JsonObject) -> Member:
    """A technician. They sign in with their address, so that is the identifier."""
    first, last = text(row, "firstName"), text(row, "lastName")
    address = text(row, "email")
    return Member(
        ref=ref_of(row, "userId"),
        identifier=address,
        name=text(row, "name") or f"{first} {last}".strip() or address,
        first_name=first,
        email=address,
    )


def note(row: JsonObject) -> Note:
    """A note. It counts as internal only where SuperOps says that it is private."""
    return Note(
        ref=ref_of(row, "noteId"),
        text=plain(str(row.get("content") or "")),
        internal=text(row, "privacyType") == "PRIVATE",
        created=moment(row.get("addedOn")),
    )


def newest(notes: Iterable[Note]) -> Note | None:
    """The note that was added last; of equals the one that came last."""
    found: Note | None = None
    for each in notes:
        if found is None or (each.created and (not found.created or each.created >= found.created)):
            found = each
    return found


def rendered(words: str) -> str:
    """Plain text as SuperOps' HTML: it would swallow line breaks, and ``Name <mail>`` as a tag."""
    return html.escape(words.strip(), quote=False).replace("\r\n", "\n").replace("\n", "<br>")


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" or (tag in _BLOCKS and self.parts):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain(content: str) -> str:
    """The words of SuperOps' HTML, one line for each of its lines."""
    parser = _Plain()
    parser.feed(content)
    parser.close()
    return text({"words": "".join(parser.parts)}, "words", lines=True)
