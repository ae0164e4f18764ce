"""Which insights a ticket's screen shows to whom, each with its signed address, as the switches want it."""

from __future__ import annotations

import threading
from typing import Any

from emulators.autotask.faults import Faults
from emulators.autotask.insight import Insight, Look, Signing, signed
from emulators.autotask.seed import VENDOR_ID
from emulators.autotask.seed_setup import API_USER
from emulators.autotask.store import Record, Store

TICKET_INSIGHT = 1
DEFAULT_HEIGHT = 400
# Observed by others, not documented.
SANDBOX = "allow-forms allow-modals allow-popups allow-same-origin allow-scripts"
WRONG_SIGNATURE = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="


class Minter:
    """Makes the addresses; keeps the first signature of each insight for the replay."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store, self._faults = store, faults
        self._lock = threading.Lock()
        self._first: dict[int, str] = {}

    def forget(self) -> None:
        """Forget the first signatures."""
        with self._lock:
            self._first.clear()

    def agents(self) -> list[Record]:
        """The resources who are people."""
        return [row for row in self._store.rows("Resources") if row["licenseType"] != 7 and row["id"] > 100]

    def agent(self, wanted: str) -> Record | None:
        """The person of this id or login name (the part before the @ will do); the first one for nothing."""
        people = self.agents()
        if not wanted:
            return people[0]
        lower = wanted.lower()
        return next(
            (row for row in people if lower in (str(row["id"]), row["userName"], row["userName"].split("@")[0])), None
        )

    def insights(self, ticket: Record, agent: Record, *, dark: bool) -> list[dict[str, Any]]:
        """`id`, `title`, `url`, `height` and `sandbox` of each insight, where the ticket's category has them at all."""
        category = self._store.get("TicketCategories", ticket.get("ticketCategory"))
        if not self._faults.on("vendor_insights") or category is None or not category.get("_insights"):
            return []
        return [
            {
                "id": row["id"],
                "title": row["title"],
                "url": self._address(row, ticket, agent, dark),
                "height": row.get("height") or DEFAULT_HEIGHT,
                "sandbox": SANDBOX if self._faults.on("insight_sandbox") else "",
            }
            for row in self._store.rows("IntegrationVendorInsights")
            if row.get("isActive") and row["insightCategory"] == TICKET_INSIGHT
        ]

    def _address(self, row: Record, ticket: Record, agent: Record, dark: bool) -> str:
        faults = self._faults
        resource = API_USER if faults.text("insight_resource") == "api user" else agent["id"]
        address, made = signed(
            Insight(row["referenceUrl"], row["secret"], row["insightKey"], row["vendorSuppliedID"], VENDOR_ID),
            Look(int(faults.number("insight_entity")) or ticket["id"], resource, dark),
            Signing(
                faults.text("insight_canonicaliser"),
                faults.on("insight_encoded"),
                faults.on("insight_key"),
                faults.on("insight_plus"),
            ),
        )
        with self._lock:
            first = self._first.setdefault(row["id"], made)
        mode = faults.text("insight_signature")
        if mode == "missing":
            return address
        shown = {"wrong": WRONG_SIGNATURE, "replayed": first}.get(mode, made)
        return f"{address}&signature={shown}"
