"""The tickets that the desk offers, the same in each ticketing system, and what each of them is there to show."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.connectwise.store import Store
from emulators.desk.psas import TICKET, Psa, contact_named

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
_SAM = "sam@northgate.example, seven brass kettles singing"
# What is different elsewhere.
_SHOWN_IN: dict[tuple[str, int], str] = {
    ("halo", 48213): "HaloPSA shows the pod as a tab and signs that it is Sam's. Every way to verify works for Dana.",
    ("autotask", 48213): f"Autotask proves nobody's name, so sign in to the pod once: {_SAM}.",
    ("kaseya_bms", 48213): f"BMS shows no pod. Open in podserver and press Verify; sign in as {_SAM}.",
    ("superops", 48213): f"SuperOps shows no pod. Open in podserver and press Verify; sign in as {_SAM}.",
    ("superops", 48204): "There is no number for Joan. SuperOps knows her address, as it is her login there.",
}


@dataclass(frozen=True)
class DeskTicket:
    """A ticket on the desk: its id, a line that names it, whose phone goes with it (the id of a contact, or None), and
    what it is there to show, in a sentence.
    """

    id: str
    label: str
    contact: int | None
    shows: str


def desk_tickets(psa: Psa, contacts: Store) -> list[DeskTicket]:
    """What the desk offers of a ticketing system, as long as it is there."""
    found = []
    for shared, shows in _SHOWN.items():
        ticket = desk_ticket(psa, psa.ticket_id(shared), contacts, _SHOWN_IN.get((psa.key, shared), shows))
        if ticket is not None:
            found.append(ticket)
    return found


def desk_ticket(psa: Psa, key: str, contacts: Store, shows: str = "") -> DeskTicket | None:
    """Any ticket of a ticketing system. `contacts` are those who have phones."""
    seen = psa.seen(TICKET, key)
    return None if seen is None else DeskTicket(key, seen.label, contact_named(contacts, seen), shows)
