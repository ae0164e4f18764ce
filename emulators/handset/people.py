"""Whose phone it is: a contact of the ticketing system with its numbers and addresses, or a number that is nobody's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from emulators.connectwise.store import Record, Store

_MOBILE_TYPES = frozenset({4})
_EMAIL, _PHONE = "Email", "Phone"


@dataclass(frozen=True)
class Person:
    """Who holds a phone. `numbers` are E.164, mobiles first; `mails` are in small letters.

    `contact` is the ticketing system's id, or None for a number that is nobody's there.
    """

    contact: int | None
    name: str
    numbers: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """What names this phone in an address: `contact=77`, or `number=%2B12025550161`."""
        named = {"number": self.numbers[0]} if self.contact is None else {"contact": self.contact}
        return urlencode(named)


def e164(written: str) -> str:
    """A North American number in E.164 from whatever way people write it; empty where it is none."""
    digits = re.sub(r"\D", "", written)
    if len(digits) == 10:
        digits = "1" + digits
    return f"+{digits}" if len(digits) == 11 and digits[0] == "1" else ""


class People:
    """The contacts of the ticketing system as they stand now, looked up by whatever reaches them."""

    def __init__(self, contacts: Store) -> None:
        self._contacts = contacts

    def all(self) -> list[Person]:
        """Every active contact that anything can reach, by name."""
        reached: dict[int, list[Record]] = {}
        for row in self._contacts.rows("communications"):
            reached.setdefault(row["contactId"], []).append(row)
        rows = [row for row in self._contacts.rows("contacts") if not row["inactiveFlag"]]
        found = [_person(row, reached.get(row["id"], [])) for row in rows]
        return sorted((person for person in found if person.numbers or person.mails), key=lambda person: person.name)

    def contact(self, key: int) -> Person | None:
        """The contact with this id, whether or not anything reaches it."""
        row = self._contacts.get("contacts", key)
        if row is None:
            return None
        return _person(row, [each for each in self._contacts.rows("communications") if each["contactId"] == key])

    def with_number(self, number: str) -> Person:
        """Whoever has `number` as a mobile, else whoever has it at all, else nobody we know."""
        people = self.all()
        mobile = (person for person in people if number in person.numbers[:1])
        anyhow = (person for person in people if number in person.numbers)
        return next(mobile, None) or next(anyhow, None) or Person(None, "", (number,))

    def with_mail(self, address: str) -> Person | None:
        """Whoever has this e-mail address."""
        wanted = address.strip().lower()
        return next((person for person in self.all() if wanted in person.mails), None)


def _person(row: Record, communications: list[Record]) -> Person:
    phones = [each for each in communications if each["communicationType"] == _PHONE and e164(each["value"])]
    phones.sort(key=lambda each: each["type"]["id"] not in _MOBILE_TYPES)
    mails = [each["value"].strip().lower() for each in communications if each["communicationType"] == _EMAIL]
    name = f"{row.get('firstName') or ''} {row.get('lastName') or ''}".strip()
    return Person(row["id"], name, tuple(dict.fromkeys(e164(each["value"]) for each in phones)), tuple(mails))
