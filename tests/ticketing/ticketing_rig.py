"""What tests of ticketing profiles hold in their hands: an MSP, its PSA with everything in it, and its people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from typing import Any

import requests
from flask import Flask
from flask.testing import FlaskClient
from seeds import PASSWORD, Seeds
from werkzeug.test import TestResponse

from connectors.base import NewTicket
from emulators.connectwise.store import Store
from podserver.accounts import service as accounts
from podserver.accounts.models import Role
from podserver.database import db, now, writing
from podserver.history.models import HistoryEvent
from podserver.history.service import Filter, Kind, events
from podserver.tenancy import bind_tenant
from podserver.ticketing import service
from podserver.ticketing.models import TicketingProfile

# What the seed of the PSA calls them.
HELP_DESK, FIELD = "1:Help Desk", "2:Field Service"
WHOLE = {
    "name": "Calls", "company": "250:Larkfield Dental", "board": HELP_DESK, "type": "41:Sign-in and password",
    "subtype": "51:Password", "item": "61:Reset", "new_status": "501:New", "closed_status": "504:Closed",
    "sms_status": "503:Waiting on Client", "priority": "3:Priority 3 - Normal",
}  # fmt: skip


@dataclass
class Psa:
    """The running emulator of ConnectWise, its memory, and its switches."""

    url: str
    store: Store

    def control(self, name: str, body: Any = None) -> Any:
        """Read or set one of its controls."""
        address = f"{self.url}/_emulator/connectwise/{name}"
        answer = requests.get(address, timeout=10) if body is None else requests.post(address, json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, **switches: Any) -> None:
        """Set switches."""
        self.control("faults", switches)

    def asked(self) -> list[str]:
        """The paths that were asked for since the last reset, oldest first."""
        return [entry["path"] for entry in self.control("requests")]

    def change(self, table: str, key: int, **values: Any) -> None:
        """What an admin of the PSA changes."""
        row = self.store.get(table, key)
        assert row is not None
        self.store.replace(table, {**row, **values}, "sam")

    def summaries(self, holding: str) -> list[str]:
        """The summaries of the tickets whose summary holds a text."""
        return [row["summary"] for row in self.store.rows("tickets") if holding in row["summary"]]


class Form(HTMLParser):
    """A page's profile form as a browser would send it: the fields, and the words of each list."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.disabled: set[str] = set()
        self._list, self._option, self._chosen = "", False, False
        self._inside = "<form" not in page
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of one control."""
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = "profile" in known.get("class", "").split()
        if not self._inside:
            return
        if tag == "input" and "name" in known:
            self.fields[known["name"]] = known.get("value", "")
        elif tag == "select":
            self._list = known["name"]
            self.lists[self._list] = []
            if "disabled" in known:
                self.disabled.add(self._list)
        elif tag == "optgroup":
            self.lists[self._list].append(f"[{known['label']}]")
        elif tag == "option":
            self._option = True
            first = self._list not in self.fields
            if self._list not in self.disabled and (first or "selected" in known):
                self.fields[self._list] = known.get("value", "")

    def handle_data(self, data: str) -> None:
        """Take note of an option's words."""
        if self._option and self._list:
            self.lists[self._list].append(data)
            self._option = False


class Browser:
    """A client that keeps cookies and sends forms with the token that stands in the page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def sign_in(self, email: str) -> Browser:
        """Sign in."""
        assert self.send("/sign-in", {"email": email, "password": PASSWORD}).status_code == 302
        return self

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path)

    def send(self, path: str, data: dict[str, Any], *, page: str = "", **options: Any) -> TestResponse:
        """Post fields with the token that stands on ``page``, by default on the page itself."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page or path).text)
        token = {"csrf_token": unescape(found[1])} if found else {}
        return self.client.post(path, data={**token, **data}, **options)

    def look(self, path: str, what: str, data: dict[str, Any], *, script: bool = False) -> TestResponse:
        """Ask for the lists anew, as the button does, or as the script does."""
        headers = {"HX-Request": "true"} if script else {}
        return self.send(path, {**data, "look": what}, headers=headers)


def words(html: str) -> str:
    """What a reader sees of a page, on one line."""
    blocks = re.sub(r"</?(strong|span|code|time|a)\b[^>]*>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", blocks)).split())


@dataclass
class Desk:
    """One MSP: its rows, and its people in browsers, who sign in when they are first needed."""

    seeds: Seeds
    app: Flask
    tenant_id: int
    integration_id: int

    @cached_property
    def admin(self) -> Browser:
        """Alex."""
        return Browser(self.app.test_client()).sign_in(f"alex@{self.seeds.short}.example")

    @cached_property
    def auditor(self) -> Browser:
        """Ines."""
        return Browser(self.app.test_client()).sign_in(f"ines@{self.seeds.short}.example")

    @property
    def new(self) -> str:
        """Where a new profile is made."""
        return f"/ticketing/new/{self.integration_id}"

    def bound(self) -> Any:
        """The session, bound to this tenant, with nothing open."""
        session = self.seeds.session
        session.rollback()
        bind_tenant(session, self.tenant_id)
        return session

    def stored(self) -> list[TicketingProfile]:
        """The profiles, the default first."""
        session = self.bound()
        found = service.profiles(session)
        for row in found:
            session.expunge(row)
        session.rollback()
        return found

    def profile(self, **changes: str) -> TicketingProfile:
        """Save a profile through the page; what it stored."""
        typed = {**WHOLE, **changes}
        answer = self.admin.send(self.new, typed)
        assert answer.status_code == 302, words(answer.text)
        return next(row for row in self.stored() if row.name == typed["name"])

    def changes(self, kind: Kind = Kind.TICKETING_CHANGED) -> list[HistoryEvent]:
        """The history's events of a kind, newest first."""
        session = self.bound()
        found = events(session, Filter(kinds=frozenset({kind})), limit=100)
        session.rollback()
        return found


def a_desk(app: Flask, psa: Psa, name: str = "Northgate IT") -> Desk:
    """An MSP with an admin, a technician and an auditor, connected to the PSA."""
    seeds = Seeds(db.session(), name, at=now())
    with writing(seeds.session) as session:
        place = seeds.integration
        place.site = place.origin = psa.url
        place.values = {**place.values, "site": psa.url, "company": "northgate"}
        place.secrets = {"public_key": "demoPublicKey01", "private_key": "demoPrivateKey01"}
        session.add(place)
        session.flush()
        for person, role in (("Alex Moreno", Role.ADMIN), ("Ines Duarte", Role.AUDITOR)):
            address = f"{person.split()[0].lower()}@{seeds.short}.example"
            user = accounts.create_user(session, accounts.NewUser(address, person, role), actor="tests", at=now())
            user.password_hash = seeds.user.password_hash
            session.flush()
    return Desk(seeds, app, seeds.tenant.id, seeds.integration.id)


def a_ticket(reference: str, **changes: Any) -> NewTicket:
    """A ticket for Larkfield Dental on the help desk."""
    values: dict[str, Any] = {"company_ref": "250", "board_ref": "1", **changes}
    return NewTicket(summary="Caller asks for a new password", text="By phone.", reference=reference, **values)
