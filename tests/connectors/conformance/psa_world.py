"""What the conformance suite must know of a PSA: where its stand-in is, whom it knows, and how to break it.

One file for each PSA makes a :class:`PsaWorld`; the suite itself knows none of them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from flask import Flask
from werkzeug.serving import make_server

from connectors.base import Connector
from connectors.discipline import Gate


@dataclass(frozen=True)
class StoredNote:
    """A note as the PSA keeps it, its text without any markup."""

    text: str
    internal: bool


@dataclass(frozen=True)
class Facts:
    """Records of the PSA's first state. Refs are ids in the connector's spelling.

    ``number`` is what people call the ticket. ``mobile`` and ``email`` are the contact's, as the PSA holds them;
    ``spellings`` other spellings of the mobile number. ``unknown`` is a well-formed id that no record has.
    """

    ticket: str
    number: str
    summary: str
    contact: str
    contact_name: str
    company: str
    company_name: str
    mobile: str
    email: str
    spellings: tuple[str, ...]
    unknown: str


class PsaWorld(Protocol):
    """One PSA on a socket, with the facts of its first state and its switches."""

    name: str
    facts: Facts
    secrets: tuple[str, ...]
    """Texts that must never be in a log line, a message or a repr."""
    rights: tuple[str, ...]
    """Names of rights that :meth:`take_right` takes away and the connector's ``rights()`` then reports as missing."""

    @property
    def url(self) -> str:
        """Where the stand-in is."""
        ...

    def connector(
        self, *, timeout: float = 3.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> Connector:
        """A new connector with good keys; ``url`` in place of the stand-in's own."""
        ...

    def reset(self) -> None:
        """The first state, without faults, and no calls counted."""
        ...

    def calls(self) -> int:
        """HTTP requests served since :meth:`reset` or :meth:`forget_calls`."""
        ...

    def forget_calls(self) -> None:
        """Count from here."""
        ...

    def slow(self, seconds: float) -> None:
        """Every answer takes so much longer."""
        ...

    def slow_after_write(self, seconds: float) -> None:
        """A write is done at once and answered only then."""
        ...

    def down(self) -> None:
        """Every request gets 503 and a page of HTML."""
        ...

    def dropped(self) -> None:
        """Every connection is closed without an answer."""
        ...

    def limited(self, retry_after: int | None) -> None:
        """Every request gets 429, with or without Retry-After."""
        ...

    def lose_answer(self) -> None:
        """The next write is done, then the connection is closed."""
        ...

    def revoke_keys(self) -> None:
        """The keys are refused from now on, also where a token is still good."""
        ...

    def merge_contact(self) -> None:
        """The contact of the facts is gone: merged, deleted, or answered with another one."""
        ...

    def take_right(self, name: str) -> None:
        """The keys lose one of :attr:`rights`."""
        ...

    def notes(self) -> Sequence[StoredNote]:
        """The notes of the ticket of the facts, as they are stored."""
        ...

    def summaries(self) -> Sequence[str]:
        """The summaries of all tickets, as they are stored."""
        ...


@contextmanager
def unlogged() -> Iterator[None]:
    """What the suite itself asks the stand-in is not the connector's doing, and stays out of the log that is judged."""
    pool = logging.getLogger("urllib3.connectionpool")
    pool.disabled = True
    try:
        yield
    finally:
        pool.disabled = False


class Stand:
    """A stand-in on a socket of its own, and its control requests below ``controls``."""

    def __init__(self, app: Flask, controls: str) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._controls = controls
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def control(self, name: str, body: Any = None, *, method: str = "") -> Any:
        """A GET, or with a body a POST; the JSON of the answer, if any."""
        address = f"{self.url}{self._controls}/{name}"
        with unlogged():
            answer = requests.request(method or ("GET" if body is None else "POST"), address, json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Switches:
    """What a stand-in calls the troubles of a :class:`PsaWorld`: faults and values; ``slow_write`` takes seconds."""

    down: Mapping[str, object]
    dropped: Mapping[str, object]
    lose_answer: Mapping[str, object]
    revoke_keys: Mapping[str, object]
    slow_write: str = "hang_after_write_seconds"


class StandWorld:
    """What every world does alike: a stand-in whose faults are switches, and whose list of requests is the count."""

    switches: Switches

    def __init__(self, app: Flask, controls: str) -> None:
        self._stand = Stand(app, controls)
        self._served = 0

    @property
    def url(self) -> str:
        return self._stand.url

    def reset(self) -> None:
        self._stand.control("reset", {})
        self.forget_calls()

    def calls(self) -> int:
        return len(self._stand.control("requests")) - self._served

    def forget_calls(self) -> None:
        self._served = len(self._stand.control("requests"))

    def slow(self, seconds: float) -> None:
        self._fault(slow_seconds=seconds)

    def slow_after_write(self, seconds: float) -> None:
        self._fault(**{self.switches.slow_write: seconds})

    def down(self) -> None:
        self._fault(**self.switches.down)

    def dropped(self) -> None:
        self._fault(**self.switches.dropped)

    def lose_answer(self) -> None:
        self._fault(**self.switches.lose_answer)

    def revoke_keys(self) -> None:
        self._fault(**self.switches.revoke_keys)

    def _fault(self, **switches: object) -> None:
        self._stand.control("faults", switches)
