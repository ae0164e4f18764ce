"""A portal page with the widgets of a pod in it, as far as the server sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from flask import Flask
from portal_rig import Browser
from sqlalchemy import select
from werkzeug.test import TestResponse

from podserver.database import db
from podserver.history.models import HistoryEvent
from podserver.integrations.models import Integration
from podserver.security import pod_token
from podserver.tenancy import across_tenants

TWILIO = {"account_sid": "AC" + "0" * 31 + "1", "auth_token": "demo-auth-token-0001", "sender": "+12025550100"}
SCRIPT = {"Accept": "application/json"}
PART = {"HX-Request": "true"}


@dataclass
class Widgets:
    """The page that a lock opens, in somebody's browser."""

    browser: Browser
    path: str
    token: str = ""

    def door(self, *, csrf: str | None = None) -> TestResponse:
        """Ask to be let in, as the page's script does."""
        if csrf is None:
            found = re.search(r'data-csrf="([^"]+)"', self.browser.get(self.path).text)
            csrf = unescape(found[1]) if found else ""
        return self.browser.client.post(f"{self.path}/resume", data={"csrf_token": csrf}, headers=SCRIPT)

    def open(self) -> str:
        """Go in, and return what the caller's widget shows."""
        answer = self.door()
        assert answer.status_code == 200, answer.text
        self.token = answer.get_json()["token"]
        return self.caller()

    def caller(self, **form: str) -> str:
        """The caller's widget."""
        return self.post("caller", **form).text

    def get(self, path: str) -> TestResponse:
        """Ask one of the pod's endpoints."""
        return self._take(self.browser.client.get(f"/pod/{path}", headers=self._headers()))

    def post(self, path: str, **form: str) -> TestResponse:
        """Send a form of the widgets."""
        return self._take(self.browser.client.post(f"/pod/{path}", data=form, headers=self._headers()))

    def _headers(self) -> dict[str, str]:
        return {pod_token.HEADER: self.token, **PART}

    def _take(self, answer: TestResponse) -> TestResponse:
        self.token = answer.headers.get(pod_token.HEADER, self.token)
        return answer


def events(app: Flask, *kinds: str) -> list[tuple[str, str, str, Any]]:
    """Kind, actor, ticket and detail of every event of these kinds, oldest first."""
    with app.app_context(), across_tenants(db.session()):
        wanted = select(HistoryEvent).where(HistoryEvent.kind.in_(kinds)).order_by(HistoryEvent.id)
        return [(each.kind, each.actor, each.ticket, each.detail) for each in db.session.scalars(wanted)]


def integration(app: Flask) -> Integration:
    """The one integration, as it is stored."""
    with app.app_context(), across_tenants(db.session()):
        return db.session.scalars(select(Integration)).one()
