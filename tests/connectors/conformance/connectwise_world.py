"""ConnectWise for the conformance suite."""

from __future__ import annotations

from collections.abc import Sequence

import requests
from psa_world import Facts, StandWorld, StoredNote, Switches, unlogged

from connectors.connectwise import ConnectWise
from connectors.discipline import Gate
from emulators.connectwise import create_app

_ROLE = {
    "Companies / Company Maintenance: Inquire": {"CompanyMaintenance": {"inquire": "None"}},
    "Companies / Contacts: Inquire": {"Contacts": {"inquire": "None"}},
    "Companies / Contacts: Edit": {"Contacts": {"edit": "None"}},
    "Service Desk / Service Tickets: Inquire": {"ServiceTickets": {"inquire": "None"}},
    "Service Desk / Service Tickets: Add": {"ServiceTickets": {"add": "None"}},
    "System / Member Maintenance: Inquire": {"MemberMaintenance": {"inquire": "None"}},
    "System / Table Setup: Inquire": {"TableSetup": {"inquire": "None"}},
}


class ConnectWiseWorld(StandWorld):
    """See :class:`psa_world.PsaWorld`."""

    name = "connectwise"
    facts = Facts(
        ticket="48213",
        number="#48213",
        summary="Cannot sign in to webmail",
        contact="77",
        contact_name="Dana Whitfield",
        company="250",
        company_name="Larkfield Dental",
        mobile="2025550142",
        email="dana@larkfield.example",
        spellings=("+1 (202) 555-0142", "202-555-0142", "5550142"),
        unknown="999999",
    )
    secrets = ("demoPrivateKey01", "demoPublicKey01", "bm9ydGhnYXRl", "Basic ")
    switches = Switches(
        down={"down": "503", "html_errors": True},
        dropped={"down": "drop"},
        lose_answer={"lose_answer_after_write": 1},
        revoke_keys={"wrong_keys": True},
    )
    rights = tuple(_ROLE)

    def __init__(self) -> None:
        super().__init__(create_app(), "/_emulator/connectwise")

    def connector(
        self, *, timeout: float = 3.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> ConnectWise:
        return ConnectWise(
            url or self._stand.url, "northgate", "demoPublicKey01", "wrongKey001" if wrong_keys else "demoPrivateKey01",
            "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", timeout=timeout, gate=gate,
        )  # fmt: skip

    def limited(self, retry_after: int | None) -> None:
        self._fault(rate_limit={"requests": 20, "retry_after": retry_after})

    def merge_contact(self) -> None:
        self._fault(merged_contacts={"77": "78"})

    def take_right(self, name: str) -> None:
        self._fault(role=_ROLE[name])

    def notes(self) -> Sequence[StoredNote]:
        rows = self._api("GET", "service/tickets/48213/notes?pageSize=1000")
        return [StoredNote(row["text"], bool(row.get("internalAnalysisFlag"))) for row in rows]

    def summaries(self) -> Sequence[str]:
        return [row["summary"] for row in self._api("GET", "service/tickets?pageSize=1000")]

    def _api(self, method: str, path: str) -> list[dict[str, object]]:
        served = self.calls()
        with unlogged():
            answer = requests.request(
                method, f"{self._stand.url}/v4_6_release/apis/3.0/{path}", timeout=5,
                auth=("northgate+demoPublicKey01", "demoPrivateKey01"),
                headers={"clientId": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"},
            )  # fmt: skip
        assert answer.ok, answer.text
        # The suite's own looking is not the connector's calling.
        self._served += self.calls() - served
        found: list[dict[str, object]] = answer.json() if answer.content else []
        return found
