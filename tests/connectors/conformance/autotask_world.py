"""Autotask for the conformance suite."""

from __future__ import annotations

from collections.abc import Sequence

from psa_world import Facts, StandWorld, StoredNote, Switches

from connectors.autotask import Autotask, NoteValues
from connectors.discipline import Gate
from emulators.autotask import create_app

_TICKET, _CONTACT = 148213, 30683077
_RIGHTS = {
    "Organizations: view": {"read Companies": "500"},
    "Contacts: view": {"read Contacts": "403"},
    "Contacts: edit": {"update Contacts": "500"},
    "Tickets: view": {"read Tickets": "500"},
    "Tickets: add": {"create Tickets": "500"},
    "Tickets: edit": {"update Tickets": "403"},
    "Ticket notes: view": {"read TicketNotes": "empty"},
    "Ticket notes: add": {"create TicketNotes": "500"},
    "Resources: view": {"read Resources": "500"},
    "Organizations: all, not only your own": {"read Companies": "fewer"},
}


class AutotaskWorld(StandWorld):
    """See :class:`psa_world.PsaWorld`."""

    name = "autotask"
    secrets = ("demo#Secret$1~*", "DEMOCUSTOMTRACKING000000001", "demo-insight-secret")
    switches = Switches(
        down={"down": True},
        dropped={"drop": True},
        lose_answer={"lose_answer_after_write": 1},
        revoke_keys={"wrong_keys": True},
    )
    rights = tuple(_RIGHTS)

    def __init__(self) -> None:
        super().__init__(create_app(), "/autotask/_control")
        number = next(row["ticketNumber"] for row in self._stand.control("records/Tickets") if row["id"] == _TICKET)
        self.facts = Facts(
            ticket=str(_TICKET),
            number=number,
            summary="Cannot sign in to webmail",
            contact=str(_CONTACT),
            contact_name="Dana Whitfield",
            company="175",
            company_name="Larkfield Dental",
            mobile="2025550142",
            email="dana@larkfield.example",
            spellings=("+1 (202) 555-0142", "202-555-0142", "5550142"),
            unknown="999999",
        )

    def connector(
        self, *, timeout: float = 3.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> Autotask:
        return Autotask(
            "podapi@northgate.example", "wrong" if wrong_keys else "demo#Secret$1~*", "DEMOCUSTOMTRACKING000000001",
            zone=url or self._stand.url, note_values=NoteValues("2", "1", "3"), insight_secret="demo-insight-secret",
            timeout=timeout, gate=gate,
        )  # fmt: skip

    def limited(self, retry_after: int | None) -> None:
        self._fault(rate_limit=True, retry_after=retry_after or 0)

    def merge_contact(self) -> None:
        self._stand.control(f"records/Contacts/{_CONTACT}", method="DELETE")

    def take_right(self, name: str) -> None:
        self._fault(missing_rights=_RIGHTS[name])

    def notes(self) -> Sequence[StoredNote]:
        rows = self._stand.control("records/TicketNotes")
        return [StoredNote(row["description"], row["publish"] != 1) for row in rows if row["ticketID"] == _TICKET]

    def summaries(self) -> Sequence[str]:
        return [row["title"] for row in self._stand.control("records/Tickets")]
