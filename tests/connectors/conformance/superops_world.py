"""SuperOps for the conformance suite."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Any

from psa_world import Facts, StandWorld, StoredNote, Switches

from connectors.discipline import Gate
from connectors.superops import SuperOps
from emulators.superops import create_app, seed

_RIGHTS = {
    "Tickets: View": "ticket.View",
    "Tickets: Add": "ticket.Add",
    "Tickets: Edit": "ticket.Edit",
    "Tickets: Notes": "note.Add",
    "Clients: View": "client.View",
    "Requesters: View": "requester.View",
    "Requesters: Edit": "requester.Edit",
    "Technicians: View": "technician.View",
}
_TICKET = 48171
_CALLER = 84


class SuperOpsWorld(StandWorld):
    """See :class:`psa_world.PsaWorld`."""

    name = "superops"
    secrets = (seed.TOKENS[seed.SERVICE], "Bearer")
    switches = Switches(
        down={"bad_gateway": True},
        dropped={"down": True},
        lose_answer={"lose_answer_after_write": 1},
        revoke_keys={"token_revoked": True},
        slow_write="slow_answer_seconds",
    )
    rights = tuple(_RIGHTS)

    def __init__(self) -> None:
        super().__init__(create_app(), "/superops/_control")
        shown = self._records("tickets", ticketId=seed.ticket_id(_TICKET))[0]
        self.facts = Facts(
            ticket=shown["ticketId"],
            number=shown["displayId"],
            summary="VPN drops every hour",
            contact=seed.user_id(_CALLER),
            contact_name="Wei Lin",
            company=seed.company_id(251),
            company_name="Harbor Legal",
            mobile="202-555-0124",
            email="wei@harborlegal.example",
            spellings=("+1 (202) 555-0124", "2025550124", "555 0124"),
            unknown="6104459021107999999",
        )

    def connector(
        self, *, timeout: float = 3.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> SuperOps:
        return SuperOps(
            url or self._stand.url, "northgateit", "api-wrong" if wrong_keys else seed.TOKENS[seed.SERVICE],
            "verify@northgate.example", timeout=timeout, gate=gate,
        )  # fmt: skip

    def limited(self, retry_after: int | None) -> None:
        self._fault(too_many_requests=True, retry_after=retry_after or 0)

    def merge_contact(self) -> None:
        self._stand.control(f"records/users/{self.facts.contact}", method="DELETE")

    def take_right(self, name: str) -> None:
        self._fault(missing_rights=_RIGHTS[name])

    def notes(self) -> Sequence[StoredNote]:
        rows = self._records("notes", ticketId=self.facts.ticket)
        return [StoredNote(_plain(row["content"]), row["privacyType"] == "PRIVATE") for row in rows]

    def summaries(self) -> Sequence[str]:
        return [row["subject"] for row in self._records("tickets")]

    def _records(self, table: str, **having: str) -> list[dict[str, Any]]:
        wanted = "&".join(f"{name}={value}" for name, value in having.items())
        found: list[dict[str, Any]] = self._stand.control(f"records/{table}?{wanted}")
        return found


def _plain(content: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "\n", content))
