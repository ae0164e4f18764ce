"""What tests of the portal hold in their hands: people, keys, running emulators and a browser without a screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from podserver.database import db
from podserver.integrations.models import Integration
from podserver.tenancy import across_tenants

PASSWORDS = {
    "alex@northgate.example": "paper lanterns over the harbour",
    "sam@northgate.example": "seven brass kettles singing",
    "ines@northgate.example": "counting every stone on the beach",
    "olga@southgate.example": "nine copper bells in the rain",
}
# For tests whose outcome cannot depend on the database.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADMIN, TECHNICIAN, AUDITOR, STRANGER = PASSWORDS
KEYS = {
    "company": "northgate",
    "public_key": "demoPublicKey01",
    "private_key": "demoPrivateKey01",
    "client_id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "name": "ConnectWise",
}


@dataclass
class Emulators:
    """The running emulators. ``watch`` is called while each request is served."""

    url: str
    watch: list[Callable[[str], None]] = field(default_factory=list)

    def control(self, part: str, name: str, body: Any = None) -> Any:
        """Read or set one of an emulator's controls."""
        address = f"{self.url}/_emulator/{part}/{name}"
        answer = requests.get(address, timeout=10) if body is None else requests.post(address, json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()


class Browser:
    """A client that keeps cookies and sends forms with the token that stands in the page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, *, page: str = "", **options: Any) -> TestResponse:
        """Send a form that stands on ``page``, by default the page itself."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page or path).text)
        token = {"csrf_token": unescape(found[1])} if found else {}
        return self.client.post(path, data={**token, **(data or {})}, **options)

    def sign_in(self, email: str, password: str = "", **options: Any) -> TestResponse:
        """Sign in, with the right password where none is given."""
        data = {"email": email, "password": password or PASSWORDS[email]}
        return self.post("/sign-in", data, **options)


def words(html: str) -> str:
    """What a reader sees of a page, on one line."""
    blocks = re.sub(r"</?(strong|span|code|time|a)\b[^>]*>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", blocks)).split())


def stored(app: Flask) -> list[Integration]:
    """The integrations of every tenant, oldest first."""
    with app.app_context(), across_tenants(db.session()):
        return list(db.session.scalars(select(Integration).order_by(Integration.id)))


def switches(emulators: Emulators, psa: str) -> Iterator[Callable[[str, Any], None]]:
    """Presses the switches of a PSA's stand-in; all are at rest before and after."""

    def press(name: str, body: Any) -> None:
        requests.post(f"{emulators.url}/{psa}/_control/{name}", json=body, timeout=10).raise_for_status()

    press("reset", {})
    yield press
    press("reset", {})
