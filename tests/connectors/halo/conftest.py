"""The HaloPSA emulator behind a real socket, and connectors to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from connectors.halo import Halo
from emulators.halo import CLIENT_ID, CLIENT_SECRET, create_app


class HaloStand:
    """The emulator on a socket of its own, with its control requests."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, create_app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def control(self, name: str, body: Any = None) -> Any:
        address = f"{self.url}/halo/_control/{name}"
        answer = requests.get(address, timeout=5) if body is None else requests.post(address, json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, **switches: Any) -> None:
        self.control("faults", switches)

    def asked(self, path: str = "") -> list[dict[str, Any]]:
        """The requests so far, to one path if named."""
        return [row for row in self.control("requests") if not path or row["path"] == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def _halo_process() -> Iterator[HaloStand]:
    stand = HaloStand()
    yield stand
    stand.close()


@pytest.fixture
def halo_stand(_halo_process: HaloStand) -> HaloStand:
    """The emulator in its first state."""
    _halo_process.control("reset", {})
    return _halo_process


@pytest.fixture
def connect_halo(halo_stand: HaloStand) -> Iterator[Callable[..., Halo]]:
    """Makes connectors with the demo application; keyword arguments replace any value."""
    made: list[Halo] = []

    def make(**changes: Any) -> Halo:
        values: dict[str, Any] = {
            "resource_server": halo_stand.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "internal_outcome": "7",
            "public_outcome": "8",
            "tab_secrets": ["tab-secret-example-1"],
            "timeout": 2.0,
        }
        made.append(Halo(**(values | changes)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def halo(connect_halo: Callable[..., Halo]) -> Halo:
    """A connector to the emulator."""
    return connect_halo()
