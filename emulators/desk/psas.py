"""The five ticketing systems as the desk sees them: where a ticket's screen is, and whose it is.

People are the same everywhere; their phones are kept by the contacts of the first of the five, found by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulators.autotask import seed as autotask_seed
from emulators.autotask.store import Store as AutotaskStore
from emulators.connectwise.store import Store as ConnectWiseStore
from emulators.halo import seed as halo_seed
from emulators.halo.store import Store as HaloStore
from emulators.halo.tabs import TICKET_TABLE
from emulators.kaseya_bms import seed as bms_seed
from emulators.kaseya_bms.store import Store as BmsStore
from emulators.superops import seed as superops_seed
from emulators.superops.store import Store as SuperOpsStore

Record = dict[str, Any]
TICKET = "ticket"


@dataclass(frozen=True)
class Stores:
    """The memory of each ticketing system."""

    connectwise: ConnectWiseStore
    halo: HaloStore
    autotask: AutotaskStore
    kaseya_bms: BmsStore
    superops: SuperOpsStore


@dataclass(frozen=True)
class Seen:
    """What a screen is about: the number that people call a ticket by, the client's name, and the person's, if any."""

    number: str
    company: str
    name: str

    @property
    def label(self) -> str:
        """All three in a line."""
        number = f"#{self.number}" if self.number[:1].isdecimal() else self.number
        return " · ".join(filter(None, (self.company, self.name, number)))


@dataclass(frozen=True)
class Psa:
    """A ticketing system: its key in addresses, its name, and its own id of a ticket of the shared demo data.

    `seen` looks at a record by the kind and the id in its screen's address; None where there is none, or a company's.
    `query` is what the address of a screen says on the desk.
    """

    key: str
    title: str
    ticket_id: Callable[[int], str]
    seen: Callable[[str, str], Seen | None]
    query: Callable[[], str]


def psas(stores: Stores, product: str) -> dict[str, Psa]:
    """All five by key; `product` is podserver's origin, where the demo has one."""
    portal = {"portal": product} if product else {}
    found = (
        Psa("connectwise", "ConnectWise", str, _ConnectWise(stores.connectwise), _query),
        Psa("halo", "HaloPSA", lambda key: str(halo_seed.ticket_id(key)), _Halo(stores.halo),
            lambda: _query(_tab(stores.halo))),
        Psa("autotask", "Autotask", lambda key: str(autotask_seed.ticket_id(key)), _Autotask(stores.autotask), _query),
        Psa("kaseya_bms", "Kaseya BMS", lambda key: str(key + bms_seed.TICKET), _Bms(stores.kaseya_bms),
            lambda: _query(portal)),
        Psa("superops", "SuperOps", superops_seed.ticket_id, _SuperOps(stores.superops), lambda: _query(portal)),
    )  # fmt: skip
    return {psa.key: psa for psa in found}


def contact_named(store: ConnectWiseStore, seen: Seen) -> int | None:
    """The contact of this name whose phone there is, of several the one at the client of this name."""
    if not seen.name:
        return None
    companies = {row["id"]: row["name"] for row in store.rows("companies")}
    found = [row for row in store.rows("contacts") if _name(row, "firstName", "lastName") == seen.name]
    found.sort(key=lambda row: companies.get((row.get("company") or {}).get("id")) != seen.company)
    return found[0]["id"] if found else None


def _query(more: Mapping[str, str] | None = None) -> str:
    return urlencode({"embed": "1", **(more or {})})


def _tab(store: HaloStore) -> dict[str, str]:
    """The first custom tab on tickets, so that it is open when the ticket is."""
    rows = [row for row in store.rows("tabs") if row["tableid"] == TICKET_TABLE]
    return {"tab": str(min(rows, key=lambda row: (row["sequence"], row["id"]))["id"])} if rows else {}


def _name(row: Record, *members: str) -> str:
    return " ".join(filter(None, (row.get(member) for member in members)))


def _seen(number: str, company: Record | None, person: Record | None, member: str = "name") -> Seen:
    return Seen(number, str((company or {}).get(member) or ""), _name(person or {}, "firstName", "lastName"))


@dataclass(frozen=True)
class _ConnectWise:
    store: ConnectWiseStore

    def __call__(self, kind: str, key: str) -> Seen | None:
        row = self.store.get({TICKET: "tickets", "contact": "contacts"}.get(kind, "companies"), int(key))
        if row is None or kind not in (TICKET, "contact"):
            return None
        contact = self.store.get("contacts", (row.get("contact") or {}).get("id", 0)) if kind == TICKET else row
        return _seen(key, self.store.get("companies", (row.get("company") or {}).get("id", 0)), contact)


@dataclass(frozen=True)
class _Halo:
    store: HaloStore

    def __call__(self, kind: str, key: str) -> Seen | None:
        row = self.store.get({TICKET: "tickets", "user": "users"}.get(kind, "clients"), int(key))
        if row is None or kind not in (TICKET, "user"):
            return None
        user = (self.store.get("users", row["user_id"]) if kind == TICKET else row) or {}
        name = "" if user.get("use") == "general" else user.get("name", "")
        return Seen(f"{int(key):07d}", self.store.name("clients", row["client_id"]), name)


@dataclass(frozen=True)
class _Autotask:
    store: AutotaskStore

    def __call__(self, kind: str, key: str) -> Seen | None:
        row = self.store.get("Tickets", int(key)) if kind == TICKET else None
        if row is None:
            return None
        contact = self.store.get("Contacts", row.get("contactID"))
        return _seen(row["ticketNumber"], self.store.get("Companies", row["companyID"]), contact, "companyName")


@dataclass(frozen=True)
class _Bms:
    store: BmsStore

    def __call__(self, kind: str, key: str) -> Seen | None:
        row = self.store.get("tickets", int(key)) if kind == TICKET else None
        if row is None:
            return None
        contact = self.store.get("contacts", row["contactId"])
        return _seen(row["ticketNumber"], self.store.get("accounts", row["accountId"]), contact)


@dataclass(frozen=True)
class _SuperOps:
    store: SuperOpsStore

    def __call__(self, kind: str, key: str) -> Seen | None:
        row = self.store.get("tickets", key) if kind == TICKET else None
        if row is None:
            return None
        user = self.store.get("users", row["requesterId"])
        return _seen(row["displayId"], self.store.get("clients", row["clientId"]), user)
