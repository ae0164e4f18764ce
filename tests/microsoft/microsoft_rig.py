"""The stand-ins on real sockets, an MSP whose client has a Microsoft directory, and people with browsers."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from seeds import PASSWORD, Seeds
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from emulators.__main__ import QuietHandler, tls_server
from emulators.app import create_app
from emulators.entra import CLIENT_ID, CLIENT_SECRET, LARKFIELD_TENANT, NORTHGATE_TENANT
from emulators.tls import certificates
from podserver.accounts.models import Role
from podserver.answering import proof
from podserver.database import db, now, writing
from podserver.delivery import microsoft_accounts, outbox
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.delivery.models import OutboxRow, Progress
from podserver.history.models import HistoryEvent
from podserver.microsoft import service
from podserver.microsoft.service import Company
from podserver.pod.service import keep
from podserver.tenancy import across_tenants, bind_tenant
from podserver.verification.destinations import email_target
from podserver.verification.ending import Result
from podserver.verification.models import Verification

# For tests whose outcome cannot depend on the database.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DANA, THEO = "dana@larkfield.example", "theo@larkfield.example"
# What Firefox sends where a person presses a button of a page.
PRESSED = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
}
CAME_BACK = {**PRESSED, "Sec-Fetch-Site": "cross-site"}


@dataclass
class Providers:
    """Where the stand-ins are, and whom to trust."""

    plain: str
    tls_port: int
    authority: Path

    @property
    def tls(self) -> str:
        return f"https://localhost:{self.tls_port}"

    def control(self, name: str, **said: Any) -> Any:
        """Set one of the controls of the stand-in of Microsoft."""
        answer = requests.post(f"{self.plain}/_emulator/entra/{name}", json=said, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def look(self, name: str) -> Any:
        return requests.get(f"{self.plain}/_emulator/entra/{name}", timeout=5).json()

    def faults(self, **said: Any) -> None:
        self.control("faults", **said)

    def tenant(self, key: str = LARKFIELD_TENANT) -> dict[str, Any]:
        return next(each for each in self.look("tenants")["tenants"] if each["id"] == key)

    def user_id(self, upn: str) -> str:
        users = (user for tenant in self.look("tenants")["tenants"] for user in tenant["users"])
        return next(str(user["id"]) for user in users if user["upn"] == upn)

    def asked(self, part: str) -> int:
        """How many requests came in whose path ends in this."""
        return sum(each["path"].endswith(part) for each in self.look("requests")["requests"])

    def choose(self, page: str, **form: str) -> str:
        """Open a page of Microsoft's and press one of its buttons; where the browser is led back to."""
        assert requests.get(page, timeout=5, verify=self.authority).ok
        answer = requests.post(page, data=form, timeout=5, allow_redirects=False, verify=self.authority)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])


@contextmanager
def serve_providers(state: Path) -> Iterator[Providers]:
    """All stand-ins, in threads of this process, until the end of the block."""
    certified = certificates(state)
    app = create_app()
    plain = make_server("localhost", 0, app, threaded=True, request_handler=QuietHandler)
    tls = tls_server("localhost", 0, app, certified.server_context())
    for server in (plain, tls):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    app.extensions["entra_emulator"].browser_origin = f"http://localhost:{plain.port}"
    try:
        yield Providers(f"http://localhost:{plain.port}", tls.port, certified.authority)
    finally:
        for server in (plain, tls):
            server.shutdown()


class Browser:
    """A client that keeps cookies and sends forms with the token that stands in the page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, *, page: str = "", **options: Any) -> TestResponse:
        """Send a form that stands on ``page``, by default the page itself."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page or path).text)
        token = {"csrf_token": unescape(found[1])} if found else {}
        return self.client.post(path, data={**token, **(data or {})}, **options)

    def sign_in(self, email: str) -> Browser:
        assert self.post("/sign-in", {"email": email, "password": PASSWORD}).status_code == 302
        return self


@dataclass(frozen=True)
class Link:
    """A link to sign in at Microsoft that was sent."""

    id: str
    token: str

    @property
    def path(self) -> str:
        return f"/v/{self.token}"

    def form(self, choice: str = "sign_in") -> dict[str, str]:
        """The form of its page, which was opened some seconds ago."""
        return {"token": self.token, "page": proof.issue(self.token, now() - timedelta(seconds=4)), "choice": choice}


class Msp:
    """Northgate IT, its admin, its app at Microsoft, and its client Larkfield Dental."""

    def __init__(self, app: Flask, providers: Providers, name: str = "Northgate IT") -> None:
        self.app, self.providers, self.session = app, providers, db.session()
        self.seeds = Seeds(self.session, name, at=now())
        self.admin = self.seeds.add_user("Alex Moreno", Role.ADMIN)
        with writing(self.session):
            connected = self.seeds.integration
            connected.site = connected.origin = providers.plain
            connected.values = {**connected.values, "site": providers.plain}
            connected.secrets = {"public_key": "demoPublicKey01", "private_key": "demoPrivateKey01"}
            self.session.add(connected)

    @property
    def address(self) -> str:
        assert self.admin.email is not None
        return self.admin.email

    def browser(self, email: str = "") -> Browser:
        """A browser of somebody who is signed in to the portal."""
        return Browser(self.app.test_client()).sign_in(email or self.address)

    def register_app(self) -> None:
        with writing(self.session) as session:
            typed = microsoft_accounts.TypedApp(CLIENT_ID, CLIENT_SECRET, NORTHGATE_TENANT)
            microsoft_accounts.save(session, typed, actor="tests", at=now())

    def add_client(
        self, directory: str = LARKFIELD_TENANT, company: str = "250", name: str = "Larkfield Dental", **values: Any
    ) -> MicrosoftDirectory:
        with writing(self.session) as session:
            bind_tenant(session, self.seeds.tenant.id)
            client = Company(self.seeds.integration.id, company, name)
            row = service.add(session, client, directory, actor="tests", at=now())
            for key, value in values.items():
                setattr(row, key, value)
        return row

    def client(self, client_id: int) -> MicrosoftDirectory:
        """A client as it stands in the database now."""
        self.session.rollback()
        bind_tenant(self.session, self.seeds.tenant.id)
        row = service.client(self.session, client_id)
        self.session.rollback()
        return row

    def link(self, email: str = DANA, *, contact: str = "77", company: str = "250", known: bool = True) -> Link:
        """Send a sign-in link; ``known`` says that the PSA's answer about the contact is kept."""
        if known:
            self.keep_contact(email, contact, company)
        self.seeds.allow(methods=["microsoft_sign_in"])
        self.seeds.caller = replace(self.seeds.caller, contact=contact, company=company)
        target = email_target(
            hash_key=self.seeds.tenant.hash_key,
            integration_id=self.seeds.integration.id,
            contact=contact,
            value=email,
        )
        return self.sent(self.seeds.start(method="microsoft_sign_in", target=target, at=now()))

    def sent(self, result: Result) -> Link:
        """The link of a start, as its message holds it."""
        assert result.verification is not None, result.refused
        payload = self.session.get_one(OutboxRow, result.outbox[0]).payload
        self.session.rollback()
        found = re.search(r"/v/([\w-]{20,})", payload)
        assert found is not None
        return Link(result.verification.id, found[1])

    def keep_contact(self, email: str, contact: str, company: str) -> None:
        said = {
            "ref": contact, "name": "Dana Whitfield", "first_name": "Dana", "title": "", "inactive": False,
            "company": {"ref": company, "name": "Larkfield Dental", "identifier": "LARKFIELD"},
            "destinations": [
                {"ref": "901", "kind": "email", "value": email, "label": "Email", "mobile": False, "default": True,
                 "extension": ""},
            ],
        }  # fmt: skip
        keep(self.session, self.seeds.integration.id, f"contact:{contact}", json.dumps(said), now())

    def row(self, link: Link) -> Verification:
        """The verification as it stands."""
        self.session.rollback()
        bind_tenant(self.session, self.seeds.tenant.id)
        found = self.session.scalars(
            select(Verification).where(Verification.id == link.id).execution_options(populate_existing=True)
        ).one()
        self.session.rollback()
        return found

    def events(self, kind: str = "") -> list[HistoryEvent]:
        """The tenant's events, oldest first."""
        self.session.rollback()
        bind_tenant(self.session, self.seeds.tenant.id)
        every = list(self.session.scalars(select(HistoryEvent).order_by(HistoryEvent.id)))
        self.session.rollback()
        return [each for each in every if kind in ("", each.kind)]

    def work(self, until: Callable[[], object], seconds: float = 15) -> None:
        """Do what workers do, until ``until`` is true. Letters and notes are left."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "it did not happen in time"
            for row_id in self._due():
                outbox.deliver(self.session, self.app.extensions["exchange"], row_id, lambda: datetime.now(UTC))
            time.sleep(0.05)

    def _due(self) -> list[str]:
        with across_tenants(self.session):
            rows = self.session.scalars(
                select(OutboxRow.id).where(
                    OutboxRow.progress == Progress.READY,
                    OutboxRow.due_at <= datetime.now(UTC),
                    OutboxRow.channel.not_in(("psa_note", "mail")),
                )
            )
            found = list(rows)
            self.session.rollback()
        return found


class Person:
    """Somebody who opens a link, goes to Microsoft and comes back, all in one browser."""

    def __init__(self, app: Flask, providers: Providers) -> None:
        self.client: FlaskClient = app.test_client()
        self.providers = providers

    def press(self, link: Link, choice: str = "sign_in", **headers: str) -> TestResponse:
        return self.client.post("/v/microsoft", data=link.form(choice), headers={**PRESSED, **headers})

    def leave(self, link: Link) -> str:
        """Press; the address at Microsoft that the page leads to."""
        page = self.press(link)
        assert page.status_code == 200
        found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
        assert found is not None, page.text
        return unescape(found[1])

    def come_back(self, address: str) -> TestResponse:
        """Follow Microsoft's redirect."""
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}", headers=CAME_BACK)

    def sign_in(self, link: Link, upn: str) -> TestResponse:
        """The whole way, with the account of this name."""
        return self.come_back(self.providers.choose(self.leave(link), account=self.providers.user_id(upn)))


def query_of(url: str) -> dict[str, str]:
    """What stands behind the question mark."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def words(html: str) -> str:
    """What a reader sees of a page, on one line."""
    blocks = re.sub(r"</?(strong|span|code|time|a|b|i)\b[^>]*>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", blocks)).split())
