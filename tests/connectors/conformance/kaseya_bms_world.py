"""Kaseya BMS for the conformance suite."""

from __future__ import annotations

import html
from collections.abc import Sequence

from psa_world import Facts, StandWorld, StoredNote, Switches

from connectors.discipline import Gate
from connectors.kaseya_bms import KaseyaBms
from emulators.kaseya_bms import create_app

_PASSWORD = "demo-Bms-1!"
_RIGHTS = {
    "Service Desk > Tickets: View": "no_tickets_view",
    "CRM > Contacts: View": "no_contacts_view",
    "CRM > Accounts: View": "no_accounts_view",
    "Admin > Service Desk: View": "no_service_desk_admin_view",
    "HR > Employees: View": "no_employees_view",
}


class KaseyaBmsWorld(StandWorld):
    """See :class:`psa_world.PsaWorld`."""

    name = "kaseya_bms"
    secrets = (_PASSWORD, "Bearer", "eyJ", "GrantType")
    switches = Switches(
        down={"down": True},
        dropped={"drop": True},
        lose_answer={"answer_lost": 1},
        revoke_keys={"revoked": True},
        slow_write="slow_after_write_seconds",
    )
    rights = tuple(_RIGHTS)

    def __init__(self) -> None:
        super().__init__(create_app(), "/kaseya_bms/_control")
        ticket = self._stand.control("records/tickets/1048213")
        self.facts = Facts(
            ticket="1048213",
            number=ticket["ticketNumber"],
            summary="Cannot sign in to webmail",
            contact="90211",
            contact_name="Dana Whitfield",
            company="5521",
            company_name="Larkfield Dental",
            mobile="2025550142",
            email="dana@larkfield.example",
            spellings=("+1 (202) 555-0142", "202-555-0142", "5550142"),
            unknown="999999",
        )

    def connector(
        self, *, timeout: float = 3.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> KaseyaBms:
        return KaseyaBms(
            url or self._stand.url, "Northgate IT", "caller.verify", "wrong" if wrong_keys else _PASSWORD,
            note_type="41", may_change_phones=True, timeout=timeout, gate=gate,
        )  # fmt: skip

    def limited(self, retry_after: int | None) -> None:
        self._fault(throttled=20, retry_after=-1 if retry_after is None else retry_after)

    def merge_contact(self) -> None:
        self._stand.control("records/contacts/90211", method="DELETE")

    def take_right(self, name: str) -> None:
        self._fault(**{_RIGHTS[name]: True})

    def notes(self) -> Sequence[StoredNote]:
        rows = self._stand.control("notes?ticket=1048213")
        return [StoredNote(html.unescape(row["details"].replace("<br/>", "\n")), row["isInternal"]) for row in rows]

    def summaries(self) -> Sequence[str]:
        return [row["title"] for row in self._stand.control("records/tickets")]
