"""The Autotask emulator behind a socket, with its controls, and connectors to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from connectors.autotask import Autotask, NoteValues
from emulators.autotask import create_app

USER = "podapi@northgate.example"
SECRET = "demo#Secret$1~*"
CUSTOM, VENDOR = "DEMOCUSTOMTRACKING000000001", "DEMOVENDORTRACKING000000001"


class EmulatedAutotask:
    """The emulator, and what a test changes or counts in it."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, create_app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def control(self, name: str, body: Any = None, *, method: str = "") -> Any:
        address = f"{self.url}/autotask/_control/{name}"
        answer = requests.request(method or ("GET" if body is None else "POST"), address, json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, **switches: Any) -> None:
        self.control("faults", switches)

    def record(self, entity: str, key: int) -> Any:
        return next(row for row in self.control(f"records/{entity}") if row["id"] == key)

    def asked(self) -> list[str]:
        """``POST /Tickets/query 200`` for each request so far."""
        return [
            f"{each['method']} {each['path'].removeprefix('/V1.0')} {each['status']}"
            for each in self.control("requests")
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def _autotask_process() -> Iterator[EmulatedAutotask]:
    emulator = EmulatedAutotask()
    yield emulator
    emulator.close()


@pytest.fixture
def autotask(_autotask_process: EmulatedAutotask) -> EmulatedAutotask:
    """The emulator in its first state."""
    _autotask_process.control("reset", {})
    return _autotask_process


@pytest.fixture
def dial(autotask: EmulatedAutotask) -> Iterator[Callable[..., Autotask]]:
    """Makes connectors; keyword arguments replace anything."""
    made: list[Autotask] = []

    def make(**changes: Any) -> Autotask:
        values: dict[str, Any] = {
            "user": USER,
            "secret": SECRET,
            "tracking_id": CUSTOM,
            "zone": autotask.url,
            "note_values": NoteValues("2", "1", "3"),
            "timeout": 2.0,
        } | changes
        made.append(Autotask(values.pop("user"), values.pop("secret"), values.pop("tracking_id"), **values))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def northgate_at(dial: Callable[..., Autotask]) -> Autotask:
    """A connector to the first tenant."""
    return dial()
