"""A frame and a window as one browser has them: two jars of cookies that share nothing, as storage is partitioned."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask import Flask
from seeds import PASSWORD, Seeds
from sqlalchemy import select
from werkzeug.test import TestResponse

from podserver.history.models import HistoryEvent
from podserver.security import day_cookie
from podserver.tenancy import bind_tenant

OURS = {"Sec-Fetch-Site": "same-origin"}
HOME = "198.51.100.7"


class Frame:
    """The pod's page inside a ticket, as far as the server sees it."""

    def __init__(self, app: Flask, seeds: Seeds, psa: str = "connectwise") -> None:
        self.client = app.test_client()
        self.key = seeds.integration.pod_key
        self.door = f"/pod/{psa}/{self.key}"
        self.address = HOME

    def post(
        self, path: str, record: str = "48213", headers: dict[str, str] | None = None, **form: str
    ) -> TestResponse:
        """Ask the door, as the page does."""
        return self.client.post(
            f"{self.door}/{path}",
            data={"id": record, "screen": "ticket", "parent": "https://na.myconnectwise.net", **form},
            headers=OURS if headers is None else headers,
            environ_base={"REMOTE_ADDR": self.address},
        )

    def sign_in(self, email: str = "sam@northgate.example", **form: str) -> TestResponse:
        """Sign in with the password."""
        return self.post("password", email=email, password=PASSWORD, **form)

    @property
    def cookie(self) -> str:
        """What the browser keeps; empty where it keeps nothing."""
        kept = self.client.get_cookie(day_cookie.name(self.key))
        return kept.value if kept else ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.client.set_cookie(day_cookie.name(self.key), value)


class Tab:
    """A window of its own, with the portal's session in it."""

    def __init__(self, app: Flask, address: str = HOME) -> None:
        self.client = app.test_client()
        self.address = address

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=sent, environ_base={"REMOTE_ADDR": self.address})

    def post(self, path: str, **form: str) -> TestResponse:
        """Send a form with the token of the page, or of the portal where the page has no form."""
        pages = (self.get(path).text, self.get("/").text)
        found = next(filter(None, (re.search(r'name="csrf_token" value="([^"]+)"', page) for page in pages)), None)
        token = {"csrf_token": unescape(found[1])} if found else {}
        return self.client.post(path, data={**token, **form}, environ_base={"REMOTE_ADDR": self.address})

    def sign_in(self, email: str = "sam@northgate.example", path: str = "/sign-in") -> TestResponse:
        """Sign in to the portal."""
        answer = self.post(path, email=email, password=PASSWORD)
        assert answer.status_code == 302, answer.text
        return answer


def history(seeds: Seeds, *kinds: str) -> list[tuple[str, str, Any]]:
    """The tenant's events of these kinds, oldest first: kind, actor, detail."""
    session = seeds.session
    session.rollback()
    bind_tenant(session, seeds.tenant.id)
    rows = session.execute(
        select(HistoryEvent.kind, HistoryEvent.actor, HistoryEvent.detail)
        .where(HistoryEvent.kind.in_(kinds))
        .order_by(HistoryEvent.id)
    ).all()
    session.rollback()
    return [(row.kind, row.actor, row.detail) for row in rows]
