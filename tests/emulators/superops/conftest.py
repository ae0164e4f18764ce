"""The SuperOps emulator on a real socket, and a client that knows nothing but HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from emulators.superops import create_app, seed

CONTROL = "/superops/_control"


class SuperOps:
    """A running emulator: `url` is its origin; documents go out with the service technician's token."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.headers = {
            "Authorization": f"Bearer {seed.TOKENS[seed.SERVICE]}",
            "CustomerSubDomain": "northgateit",
        }

    def send(self, query: str, variables: Any = None, **headers: str | None) -> requests.Response:
        merged = {**self.headers, **headers}
        return self.http.post(
            f"{self.url}/msp",
            json={"query": query, "variables": variables},
            headers={name: value for name, value in merged.items() if value is not None},
            timeout=10,
        )

    def answer(self, query: str, **variables: Any) -> Any:
        response = self.send(query, variables)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, query: str, **variables: Any) -> Any:
        """What the first operation answers, which must be nothing but data."""
        answer = self.answer(query, **variables)
        assert set(answer) == {"data"}, answer
        return next(iter(answer["data"].values()))

    def codes(self, query: str, **variables: Any) -> list[Any]:
        """The codes and attributes that the answer refuses with."""
        answer = self.answer(query, **variables)
        return [
            (entry["code"], *entry.get("param", {}).get("attributes", []))
            for problem in answer["errors"]
            for entry in problem["extensions"]["clientError"]
        ]

    def control(self, name: str, body: Any = None) -> Any:
        address = f"{self.url}{CONTROL}/{name}"
        answer = self.http.get(address, timeout=10) if body is None else self.http.post(address, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def faults(self, **values: Any) -> None:
        self.control("faults", values)


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., SuperOps]]:
    """Start emulators; they stop when the file's tests have ended."""
    servers = []

    def run(state_dir: Path | None = None) -> SuperOps:
        server = make_server("localhost", 0, create_app(state_dir), threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return SuperOps(f"http://localhost:{server.server_port}")

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def running(start: Callable[..., SuperOps]) -> SuperOps:
    """One emulator for all tests of a file."""
    return start()


@pytest.fixture
def psa(running: SuperOps) -> SuperOps:
    """The emulator as it begins."""
    running.control("reset", {})
    return running
