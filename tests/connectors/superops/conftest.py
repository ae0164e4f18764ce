"""The SuperOps emulator on a socket, with its control requests, and connectors to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from connectors.http import Call
from connectors.superops import SuperOps
from emulators.superops import create_app, seed

TOKEN = seed.TOKENS[seed.SERVICE]


class Account:
    """The emulated account: where it is, its switches, its records."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, create_app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def control(self, name: str, body: Any = None, method: str = "") -> Any:
        address = f"{self.url}/superops/_control/{name}"
        answer = requests.request(method or ("GET" if body is None else "POST"), address, json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, **values: Any) -> None:
        self.control("faults", values)

    def rows(self, table: str, **having: Any) -> list[Any]:
        found: list[Any] = self.control(f"records/{table}")
        return [row for row in found if all(row.get(name) == value for name, value in having.items())]

    def user(self, first: str) -> Any:
        return self.rows("users", firstName=first)[0]

    def ticket(self, words: str) -> str:
        return next(str(row["ticketId"]) for row in self.rows("tickets") if words in row["subject"])

    def operations(self) -> list[str]:
        return [name for entry in self.control("requests") for name in entry["operations"]]

    def requests(self) -> int:
        return len(self.control("requests"))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def _account() -> Iterator[Account]:
    running = Account()
    yield running
    running.close()


@pytest.fixture
def account(_account: Account) -> Account:
    """The account in its first state."""
    _account.control("reset", {})
    return _account


@pytest.fixture
def seen() -> list[Call]:
    """What the connector's metrics hook saw."""
    return []


@pytest.fixture
def connected(account: Account, seen: list[Call]) -> Callable[..., SuperOps]:
    """Makes connectors to the account; keyword arguments replace any value."""

    def make(**changes: Any) -> SuperOps:
        values: dict[str, Any] = {
            "region": account.url,
            "subdomain": "northgateit",
            "token": TOKEN,
            "technician": "verify@northgate.example",
            "timeout": 2.0,
            "observer": seen.append,
        } | changes
        return SuperOps(
            values.pop("region"), values.pop("subdomain"), values.pop("token"), values.pop("technician"), **values
        )

    return make


@pytest.fixture
def superops(connected: Callable[..., SuperOps]) -> SuperOps:
    """A connector to the account."""
    return connected()
