"""What tests of the policies' pages hold in their hands: an MSP with its people, its PSA, and browsers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from seeds import PASSWORD, Seeds
from werkzeug.test import TestResponse

from podserver.accounts import service as accounts
from podserver.accounts.models import Role
from podserver.database import db, now, writing
from podserver.history.models import HistoryEvent
from podserver.history.service import Filter, Kind, events
from podserver.policies import service
from podserver.policies.service import Client
from podserver.tenancy import bind_tenant

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Psa:
    """The running emulator of the PSA."""

    url: str

    def control(self, name: str, body: Any) -> Any:
        """Set one of its controls."""
        answer = requests.post(f"{self.url}/_emulator/connectwise/{name}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()


class Browser:
    """A client that keeps cookies and sends a form as the page holds it, with what a person changes of it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def sign_in(self, email: str) -> Browser:
        """Sign in."""
        answer = self.send("/sign-in", {"email": email, "password": PASSWORD})
        assert answer.status_code == 302, answer.text
        return self

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **options)

    def send(self, path: str, data: dict[str, Any] | None = None, *, page: str = "", **options: Any) -> TestResponse:
        """Post fields with the token that stands on ``page``, by default on the page itself."""
        return self.client.post(
            path, data={"csrf_token": token(self.get(page or path).text), **(data or {})}, **options
        )

    def change(self, page: TestResponse | str, press: tuple[str, str] | None = None, **changes: Any) -> TestResponse:
        """Send a page's policy form with some fields changed, by Save or by the button ``press``.

        A field set to None is left out; a list is sent as several.
        """
        form = Form(page if isinstance(page, str) else page.text)
        fields: dict[str, Any] = {**form.fields, **changes}
        if press:
            fields[press[0]] = press[1]
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(form.action, data=sent)


class Form(HTMLParser):
    """A page's policy form: where it goes, and the fields as a browser would send them."""

    def __init__(self, page: str, of: str = "policy") -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, list[str]] = {}
        self._of, self._inside = of, False
        self.feed(page)
        assert self.action, page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of one field."""
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = known.get("class") == self._of
            self.action = known["action"] if self._inside else self.action
        if not self._inside or tag != "input" or "name" not in known:
            return
        if known.get("type") in ("radio", "checkbox") and "checked" not in known:
            return
        self.fields.setdefault(known["name"], []).append(known.get("value", "on"))


def token(page: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return unescape(found[1]) if found else ""


def an_msp(app: Flask, psa: Psa, name: str = "Northgate IT") -> Msp:
    """An MSP with a user of each role, connected to the PSA."""
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
            # The technician's hash serves all, as hashing is slow on purpose.
            user.password_hash = seeds.user.password_hash
            session.flush()
    return Msp(seeds, app)


def words(html: str) -> str:
    """What a reader sees of a page, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@dataclass
class Msp:
    """One MSP: its rows, its admin, technician and auditor in browsers, who sign in when they are first needed."""

    seeds: Seeds
    app: Flask

    @cached_property
    def admin(self) -> Browser:
        """Alex."""
        return self._signed_in("alex")

    @cached_property
    def technician(self) -> Browser:
        """Sam."""
        return self._signed_in("sam")

    @cached_property
    def auditor(self) -> Browser:
        """Ines."""
        return self._signed_in("ines")

    def _signed_in(self, who: str) -> Browser:
        return Browser(self.app.test_client()).sign_in(f"{who}@{self.seeds.short}.example")

    @property
    def larkfield(self) -> Client:
        """A client of the MSP."""
        return Client(self.seeds.integration.id, "250", "Larkfield Dental")

    @property
    def harbor(self) -> Client:
        """Another."""
        return Client(self.seeds.integration.id, "251", "Harbor Legal")

    def own(self, client: Client = service.EVERYBODY) -> dict[str, Any] | None:
        """What is stored for a client now, None where nothing is."""
        session = self.seeds.session
        session.rollback()
        bind_tenant(session, self.seeds.tenant.id)
        row = service.row_of(session, client)
        found = service.own_settings(row) if row is not None else None
        session.rollback()
        return found

    def set(self, client: Client, **settings: Any) -> None:
        """Store a policy as the rules do."""
        session = self.seeds.session
        session.rollback()
        bind_tenant(session, self.seeds.tenant.id)
        with writing(session):
            service.save(session, client, settings, actor="Priya Nair", at=now())

    def page_of(self, client: Client) -> str:
        """Where a client's policy is, as a search links to it."""
        page = self.admin.get("/policies", query_string={"q": client.company_name}).text
        found = re.search(rf'href="(/policies/{client.integration_id}/{client.company}\?[^"]*)"', page)
        assert found, words(page)
        return unescape(found[1])

    def changes(self) -> list[HistoryEvent]:
        """The history's events about policies, newest first."""
        session = self.seeds.session
        session.rollback()
        bind_tenant(session, self.seeds.tenant.id)
        found = events(session, Filter(kinds=frozenset({Kind.POLICY_CHANGED})), limit=100)
        session.rollback()
        return found
