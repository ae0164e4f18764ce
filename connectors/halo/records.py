"""HaloPSA's JSON records turned into the records of :mod:`connectors.base`.

Member names are from Halo's OpenAPI document, their values as public clients have met them: ids that are floats, times
in UTC that do not say so, names that are missing in lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from typing import Final

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
from connectors.halo.api import number
from connectors.reading import JsonObject, flag, moment, text

PHONES: Final = {
    "mobilenumber": ("Mobile", True),
    "mobilenumber2": ("Mobile 2", True),
    "phonenumber": ("Phone", False),
    "homenumber": ("Home", False),
    "whatsapp_number": ("WhatsApp", False),
}
"""The members of a user that hold a number of the person, Halo's word for each, and whether it is a mobile's.

``sitephonenumber`` is left out: it is the site's, and answers for everybody there. ``phonenumber_preferred`` repeats
one of the others.
"""

EMAILS: Final = {"emailaddress": "E-mail", "email2": "E-mail 2", "email3": "E-mail 3"}
GENERAL_USER: Final = "general user"
"""The user that stands for nobody in particular, one for each site. Its name is the shipped one [inferred]."""

UNASSIGNED: Final = "unassigned"
CLOSED_STATUS: Final = 2
"""``type`` of a status that closes a ticket; 0 is open and 1 pending [seen in public clients]."""

_EXTENSION: Final = re.compile(r"^(.*\d)\s*(?:x|ext\.?|extension|#)\s*:?\s*(\d{1,6})$", re.IGNORECASE)
_BREAKS: Final = frozenset(
    ["blockquote", "br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "hr", "li", "p", "pre", "table", "tr"]
)


def ref_of(row: JsonObject, key: str = "id") -> str:
    """A record's id as text. Raises Unavailable where there is none, because nothing can be done with such a row."""
    value = number(row.get(key))
    if value is None:
        raise Unavailable("HaloPSA sent a record without an id, which cannot be used.")
    return str(value)


def company(row: JsonObject) -> Company:
    """A client."""
    return Company(ref_of(row), text(row, "name"))


def company_of(row: JsonObject) -> Company | None:
    """The client that a ticket or a user belongs to."""
    return Company(ref_of(row, "client_id"), text(row, "client_name")) if number(row.get("client_id")) else None


def is_nobody(row: JsonObject) -> bool:
    """Whether a user stands for nobody: the General User of a site."""
    return text(row, "use").casefold() == "general" or text(row, "name").casefold() == GENERAL_USER


def destination(row: JsonObject, member: str) -> Destination | None:
    """A number of a user, or None where the member is empty."""
    value = text(row, member)
    if not value:
        return None
    label, mobile = PHONES[member]
    preferred = value == text(row, "phonenumber_preferred")
    split = _EXTENSION.fullmatch(value)
    bare, extension = (split[1].strip(), split[2]) if split else (value, "")
    return Destination(member, DestinationKind.PHONE, bare, label, mobile, preferred, extension)


def contact(row: JsonObject) -> Contact:
    """A user with every number and address that the record holds; a row of a list may lack the second addresses."""
    phones = [destination(row, member) for member in PHONES]
    emails = [
        Destination(member, DestinationKind.EMAIL, text(row, member), label, default=member == "emailaddress")
        for member, label in EMAILS.items()
        if "@" in text(row, member)
    ]
    name = text(row, "name") or f"{text(row, 'firstname')} {text(row, 'surname')}".strip()
    return Contact(
        ref=ref_of(row),
        name=name,
        first_name=text(row, "firstname") or name.partition(" ")[0],
        company=company_of(row),
        destinations=(*(each for each in phones if each is not None), *emails),
        title=text(row, "title"),
        inactive=flag(row, "inactive"),
    )


def ticket(row: JsonObject, statuses: Mapping[int, str]) -> Ticket:
    """A ticket. ``statuses`` are names by id, for rows of lists, which lack the name."""
    user = number(row.get("user_id")) or 0
    person = user > 0 and text(row, "user_name").casefold() != GENERAL_USER
    return Ticket(
        ref=ref_of(row),
        summary=text(row, "summary"),
        company=company_of(row),
        contact_ref=str(user) if person else "",
        board=text(row, "team"),
        status=status_name(row) or statuses.get(number(row.get("status_id")) or 0, ""),
        closed=flag(row, "hasbeenclosed"),
        contact_name=text(row, "user_name") if person else "",
    )


def status_name(row: JsonObject) -> str:
    """The name of a ticket's status where the row has it, in either of its spellings."""
    return text(row, "status_name") or text(row, "statusname")


def choice(row: JsonObject, *, name: str = "name", key: str = "id") -> Choice:
    """A team, status, type, category or outcome."""
    return Choice(ref_of(row, key), text(row, name), closed=number(row.get("type")) == CLOSED_STATUS)


def member(row: JsonObject) -> Member:
    """An agent. Halo names agents to a custom tab by their id, so that is the identifier, too."""
    ref = ref_of(row)
    name = text(row, "name") or f"{text(row, 'firstname')} {text(row, 'surname')}".strip()
    return Member(
        ref=ref,
        identifier=ref,
        name=name,
        first_name=text(row, "firstname"),
        email=text(row, "email"),
        inactive=flag(row, "isdisabled"),
        api_only=flag(row, "isapiagent"),
    )


def note(row: JsonObject) -> Note:
    """An action. It counts as internal only where Halo says that it is hidden from the user."""
    words = text(row, "note", lines=True) or plain(text(row, "note_html", lines=True))
    return Note(ref_of(row), words, flag(row, "hiddenfromuser"), moment(row.get("datetime")))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def plain(html: str) -> str:
    """The words of a note's HTML."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    return unescape("".join(reader.words)).strip()
