"""A tenant that sends links, the application on a real socket, and people who open them over real HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape

import requests
from flask import Flask
from seeds import Seeds
from sqlalchemy import select
from sqlalchemy.orm import undefer
from werkzeug.serving import WSGIRequestHandler, make_server

from podserver.answering import proof
from podserver.branding import service as branding
from podserver.branding.service import Look
from podserver.database import db, now, writing
from podserver.delivery.models import OutboxRow
from podserver.history.models import HistoryEvent
from podserver.verification.ending import Result
from podserver.verification.methods.link import typed_number
from podserver.verification.models import Guard, State, Verification

# What Chrome on a telephone sends where a person presses a button of a page.
PRESSED = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 "
    "Mobile Safari/537.36",
    "Sec-CH-UA": '"Not;A=Brand";v="99", "Google Chrome";v="139", "Chromium";v="139"',
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Origin": "null",
}


# What stands for the two seconds below which nobody reads the page, in tests that only have to get past them.
BRISK = 0.5


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        return


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a real socket; the address is its origin, too."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass(frozen=True)
class Link:
    """A link that was sent. ``number`` is what the technician reads out, empty where nothing is asked."""

    id: str
    token: str = field(repr=False)
    number: str

    @property
    def path(self) -> str:
        return f"/v/{self.token}"

    @property
    def wrong(self) -> str:
        """Two digits that are not the number."""
        return "11" if self.number != "11" else "12"


class Northgate:
    """The tenant behind the links, and what its tables hold of them."""

    def __init__(self) -> None:
        self.session = db.session()
        self.seeds = Seeds(self.session, at=now())
        self._numbers = iter(f"20255501{n:02d}" for n in range(10, 99))

    def link(self, *, digits: bool = False, method: str = "sms_link", ago: timedelta = timedelta(0)) -> Link:
        """Send a link to a number of its own, some time ago."""
        self.seeds.allow(typed_number="always" if digits else "never")
        started = self.seeds.start(method=method, number=next(self._numbers), at=now() - ago)
        return self.sent(started)

    def sent(self, started: Result) -> Link:
        """The link of a start, as its message holds it."""
        verification = started.verification
        assert verification is not None
        row = self.session.get_one(OutboxRow, started.outbox[0])
        token = re.search(r"/v/([\w-]+)", json.loads(row.payload).get("text") or json.loads(row.payload)["body"])
        assert token is not None
        number = typed_number(self.seeds.tenant.hash_key, verification.id) if verification.digits else ""
        self.session.rollback()
        return Link(verification.id, token[1], number)

    def brand(self, *, phone: str = "+1 202-555-0100", accent: str = "#2457d6", logo: bytes | None = None) -> str:
        """Save a letterhead; return its public key."""
        with writing(self.session):
            row = branding.save(self.session, Look(accent, phone=phone), logo, keep_logo=True, actor="tests", at=now())
        return row.public_key

    def change(self, link: Link, **values: object) -> None:
        """Set columns of a link's verification."""
        with writing(self.session):
            row = self.session.get_one(Verification, link.id)
            for name, value in values.items():
                setattr(row, name, value)

    def row(self, link: Link) -> Verification:
        """The verification as it stands."""
        self.session.expire_all()
        found = select(Verification).where(Verification.id == link.id).options(undefer(Verification.summary))
        row = self.session.scalars(found).one()
        # Out of the session, or reading it later would open a transaction that sees nothing new.
        self.session.expunge(row)
        self.session.rollback()
        return row

    def state(self, link: Link) -> State:
        return State(self.row(link).state)

    def kinds(self, link: Link) -> list[str]:
        """The kinds of a link's events, oldest first."""
        statement = select(HistoryEvent.kind).where(HistoryEvent.verification == link.id).order_by(HistoryEvent.id)
        kinds = list(self.session.scalars(statement))
        self.session.rollback()
        return kinds

    def notes(self, link: Link) -> list[str]:
        """The notes about a link that wait for their ticket."""
        rows = self.session.scalars(
            select(OutboxRow).where(OutboxRow.channel == "psa_note", OutboxRow.subject == link.id)
        )
        notes = [json.loads(row.payload)["text"] for row in rows]
        self.session.rollback()
        return notes

    def locked_until(self) -> datetime | None:
        """Until when the contact is locked."""
        self.session.expire_all()
        until = self.session.scalars(select(Guard.locked_until).where(Guard.destination_key == "")).first()
        self.session.rollback()
        return until

    def untouched(self, link: Link) -> bool:
        """Whether nothing at all has happened to a link since it was sent."""
        row = self.row(link)
        said = (row.state, row.wrong_guesses, row.last_check, row.alarm, self.kinds(link), self.locked_until())
        return said == (State.PENDING, 0, "", False, ["requested"], None)


class Person:
    """Somebody with a browser: opens a link, reads for a moment, presses."""

    def __init__(self, address: str, headers: dict[str, str] = PRESSED) -> None:
        self.address = address
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update(headers)

    def open(self, link: Link) -> requests.Response:
        return self.http.get(self.address + link.path, timeout=10)

    def press(
        self,
        link: Link,
        choice: str,
        number: str = "",
        *,
        page: str = "",
        headers: dict[str, str | None] | None = None,
        **more: str,
    ) -> requests.Response:
        """Press a button of a page that was opened a moment ago, or of ``page``."""
        form = {"token": link.token, "page": page or read_page(link), "choice": choice, "number": number, **more}
        return self.http.post(f"{self.address}/v/answer", data=form, headers=headers, timeout=10)


def read_page(link: Link, ago: timedelta = timedelta(seconds=3)) -> str:
    """The proof of a page of a link that was made some time ago, as it stands in its form."""
    return proof.issue(link.token, now() - ago)


def fields(html: str) -> dict[str, str]:
    """The fields of a page's form, with their values."""
    inputs = re.findall(r"<input[^>]*>", html)
    return {
        name[1]: unescape(value[1]) if (value := re.search(r' value="([^"]*)"', each)) else ""
        for each in inputs
        if (name := re.search(r' name="([^"]*)"', each))
    }


def heading(html: str) -> str:
    """What a page says first."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.S)
    assert found is not None, html
    return unescape(found[1])
