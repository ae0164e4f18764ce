"""The Kaseya BMS emulator behind a real socket, and connectors to it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from connectors.kaseya_bms import KaseyaBms
from emulators.kaseya_bms import create_app

TENANT, USER, PASSWORD = "Northgate IT", "caller.verify", "demo-Bms-1!"


class Emulated:
    """The emulator on a socket of its own, with its control requests."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, create_app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def control(self, name: str, body: Any = None, method: str | None = None) -> Any:
        verb = method or ("GET" if body is None else "POST")
        answer = requests.request(verb, f"{self.url}/kaseya_bms/_control/{name}", json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, **switches: Any) -> None:
        self.control("faults", switches)

    def asked(self, path: str = "", method: str = "") -> list[tuple[str, str]]:
        """Method and path of every call so far whose path ends so, oldest first."""
        calls = [(row["method"], row["path"].removeprefix("/v2")) for row in self.control("requests")]
        return [call for call in calls if call[1].endswith(path) and method in ("", call[0])]

    def notes(self, ticket: int = 1048213) -> list[dict[str, Any]]:
        """The notes of a ticket as they are stored."""
        return [note for note in self.control("notes") if note["ticketId"] == ticket]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def _bms_process() -> Iterator[Emulated]:
    emulator = Emulated()
    yield emulator
    emulator.close()


@pytest.fixture
def bms(_bms_process: Emulated) -> Emulated:
    """The emulator in its first state."""
    _bms_process.control("reset", {})
    return _bms_process


@pytest.fixture
def reach(bms: Emulated) -> Iterator[Callable[..., KaseyaBms]]:
    """Makes connectors to the emulator; keyword arguments replace any of theirs."""
    made: list[KaseyaBms] = []

    def make(**changes: Any) -> KaseyaBms:
        values: dict[str, Any] = {
            "server": bms.url,
            "tenant": TENANT,
            "user": USER,
            "password": PASSWORD,
            "note_type": "41",
            "may_change_phones": True,
            "timeout": 2.0,
        } | changes
        made.append(KaseyaBms(**values))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def northgate(reach: Callable[..., KaseyaBms]) -> KaseyaBms:
    """A connector to the emulator."""
    return reach()


@pytest.fixture(autouse=True)
def _nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After every test: no line of ours holds the password, a token, a form or a query."""
    yield
    for record in caplog.get_records("call"):
        if record.name.startswith(("connectors", "urllib3", "requests")):
            line = record.getMessage()
            assert not [word for word in (PASSWORD, "eyJ", "Bearer", "GrantType", "MFACode", "?") if word in line]
    assert logging.getLogger("urllib3.connectionpool").filters
