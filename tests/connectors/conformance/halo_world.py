"""HaloPSA for the conformance suite."""

from __future__ import annotations

from collections.abc import Sequence

from psa_world import Facts, StandWorld, StoredNote, Switches

from connectors.discipline import Gate
from connectors.halo import Halo
from emulators.halo import CLIENT_ID, CLIENT_SECRET, create_app

_WITHHELD = {
    "read:tickets": "edit:tickets,read:tickets",
    "edit:tickets": "edit:tickets",
    "read:customers": "edit:customers,read:customers",
    "edit:customers": "edit:customers",
}


class HaloWorld(StandWorld):
    """See :class:`psa_world.PsaWorld`."""

    name = "halo"
    facts = Facts(
        ticket="4713",
        number="#0004713",
        summary="Cannot sign in to webmail",
        contact="311",
        contact_name="Dana Whitfield",
        company="18",
        company_name="Larkfield Dental",
        mobile="2025550142",
        email="dana@larkfield.example",
        spellings=("+1 (202) 555-0142", "202-555-0142", "5550142"),
        unknown="999999",
    )
    secrets = (CLIENT_SECRET, "eyJ", "Bearer ", "tab-secret-example-1")
    switches = Switches(
        down={"down": True},
        dropped={"drop": True},
        lose_answer={"lose_answer": 1},
        revoke_keys={"revoked": True},
    )
    rights = tuple(_WITHHELD)

    def __init__(self) -> None:
        super().__init__(create_app(), "/halo/_control")

    def connector(
        self, *, timeout: float = 3.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> Halo:
        secret = CLIENT_SECRET.replace("1", "2") if wrong_keys else CLIENT_SECRET
        return Halo(
            url or self._stand.url, CLIENT_ID, secret, tenant="northgate", internal_outcome="7", public_outcome="8",
            tab_secrets=["tab-secret-example-1"], timeout=timeout, gate=gate,
        )  # fmt: skip

    def limited(self, retry_after: int | None) -> None:
        if retry_after is None:
            self._fault(too_many_bare=True)
        else:
            self._fault(too_many=True, retry_after_seconds=retry_after)

    def merge_contact(self) -> None:
        self._stand.control("merge", {"user": 311, "into": 312})

    def take_right(self, name: str) -> None:
        self._fault(withheld=_WITHHELD[name])

    def notes(self) -> Sequence[StoredNote]:
        rows = self._stand.control("records/tickets/4713")["_actions"]
        return [StoredNote(row["note"], row["hiddenfromuser"]) for row in rows]

    def summaries(self) -> Sequence[str]:
        return [row["summary"] for row in self._stand.control("records/tickets")]
