"""Kaseya BMS for the conformance suite."""

from __future__ import annotations

import html
from collections.abc import Sequence

from psa_world import Facts, Stand, StoredNote

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


class KaseyaBmsWorld:
    """See :class:`psa_world.PsaWorld`."""

    name = "kaseya_bms"
    secrets = (_PASSWORD, "Bearer", "eyJ", "GrantType")
    rights = tuple(_RIGHTS)

    def __init__(self) -> None:
        self._stand = Stand(create_app(), "/kaseya_bms/_control")
        self._served = 0
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

    @property
    def url(self) -> str:
        return self._stand.url

    def connector(
        self, *, timeout: float = 1.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> KaseyaBms:
        return KaseyaBms(
            url or self._stand.url, "Northgate IT", "caller.verify", "wrong" if wrong_keys else _PASSWORD,
            note_type="41", may_change_phones=True, timeout=timeout, gate=gate,
        )  # fmt: skip

    def reset(self) -> None:
        self._stand.control("reset", {})
        self.forget_calls()

    def calls(self) -> int:
        return len(self._stand.control("requests")) - self._served

    def forget_calls(self) -> None:
        self._served = len(self._stand.control("requests"))

    def slow(self, seconds: float) -> None:
        self._fault(slow_seconds=seconds)

    def slow_after_write(self, seconds: float) -> None:
        self._fault(slow_after_write_seconds=seconds)

    def down(self) -> None:
        self._fault(down=True)

    def dropped(self) -> None:
        self._fault(drop=True)

    def limited(self, retry_after: int | None) -> None:
        self._fault(throttled=20, retry_after=-1 if retry_after is None else retry_after)

    def lose_answer(self) -> None:
        self._fault(answer_lost=1)

    def revoke_keys(self) -> None:
        self._fault(revoked=True)

    def merge_contact(self) -> None:
        self._stand.control("records/contacts/90211", method="DELETE")

    def take_right(self, name: str) -> None:
        self._fault(**{_RIGHTS[name]: True})

    def notes(self) -> Sequence[StoredNote]:
        rows = self._stand.control("notes?ticket=1048213")
        return [StoredNote(html.unescape(row["details"].replace("<br/>", "\n")), row["isInternal"]) for row in rows]

    def summaries(self) -> Sequence[str]:
        return [row["title"] for row in self._stand.control("records/tickets")]

    def _fault(self, **switches: object) -> None:
        self._stand.control("faults", switches)
