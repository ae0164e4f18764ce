"""The tickets that the desk offers, and what each of them is there to show."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.connectwise.seed_rows import COMPANIES, CONTACTS, TICKETS
from emulators.connectwise.store import Store

# Under each company first the caller for whom everything works, or nearly so.
_SHOWN: dict[int, str] = {
    48213: "Press a button in the pod and answer on the phone. Every way to verify works for Dana.",
    48150: "Marcus was invited to Duo and never enrolled; his default at Microsoft is a texted code.",
    48196: "Duo keeps Theo out. His sign-in name at Microsoft is not his e-mail address.",
    48171: "Duo has Wei type a code that you read out (Verified Duo Push). A link asks for a number, too.",
    48077: "Amara's phone takes Duo's texts, but no push. At Microsoft her account is blocked.",
    48230: "Two Duo users share Felix's address, and at Microsoft he is a guest. There is no number for him.",
    48204: "Nothing in the PSA reaches Joan: no number, no address.",
    48102: "Lucia is in Duo under an alias alone. This firm's policy calls before it texts.",
    48188: "Mateo has a landline. Duo lets him in without asking, which proves nothing.",
    48219: "Duo has locked Carla out. You may type a number that is not on file, or record her by hand.",
}


@dataclass(frozen=True)
class DeskTicket:
    """A ticket on the desk: its company, its contact (id and name), and what it is there to show, in a sentence."""

    id: int
    company: str
    contact: int
    name: str
    shows: str


def _tickets() -> list[DeskTicket]:
    companies = {key: name for key, _, name, *_ in COMPANIES}
    names = {key: f"{first} {last}" for key, first, last, *_ in CONTACTS}
    rows = {row[0]: row for row in TICKETS}
    found = []
    for key, shows in _SHOWN.items():
        _, _, company, contact, *_ = rows[key]
        assert contact is not None
        found.append(DeskTicket(key, companies[company], contact, names[contact], shows))
    return found


DESK_TICKETS = _tickets()


def other_ticket(store: Store, key: int) -> DeskTicket | None:
    """Any other ticket of the ticketing system that has a contact."""
    ticket = store.get("tickets", key)
    contact = store.get("contacts", ticket["contact"]["id"]) if ticket and ticket.get("contact") else None
    if ticket is None or contact is None:
        return None
    company = store.get("companies", ticket["company"]["id"]) or {"name": ""}
    name = f"{contact.get('firstName') or ''} {contact.get('lastName') or ''}".strip()
    return DeskTicket(key, company["name"], contact["id"], name, "")
