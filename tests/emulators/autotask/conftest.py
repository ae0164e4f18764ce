"""The Autotask emulator on a real socket, and a client that knows nothing but HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from emulators.autotask import create_app

USER = "podapi@northgate.example"
SECRET = "demo#Secret$1~*"
VENDOR, CUSTOM = "DEMOVENDORTRACKING000000001", "DEMOCUSTOMTRACKING000000001"


class Autotask:
    """A running emulator: `url` is its origin; requests go below V1.0 with the demo's keys."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.headers = {"UserName": USER, "Secret": SECRET, "ApiIntegrationCode": CUSTOM}

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> requests.Response:
        address = path if path.startswith("http") else f"{self.url}/ATServicesRest/V1.0{path}"
        sent = {"json": body} if body is not None else {}
        return self.http.request(
            method, address, headers={**self.headers, **(headers or {})}, timeout=10, **sent, **more
        )

    def done(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        answer = self.call(method, path, body, headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def errors(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> str:
        """The errors of a 500, in one text."""
        answer = self.call(method, path, body, headers)
        assert answer.status_code == 500, (answer.status_code, answer.text)
        return " | ".join(answer.json()["errors"])

    def item(self, entity: str, key: int) -> Any:
        return self.done("GET", f"/{entity}/{key}")["item"]

    def query(self, entity: str, *conditions: Any, **more: Any) -> Any:
        return self.done("POST", f"/{entity}/query", {"filter": list(conditions), **more})

    def ids(self, entity: str, *conditions: Any) -> list[int]:
        return [row["id"] for row in self.query(entity, *conditions)["items"]]

    def control(self, name: str, body: Any = None) -> Any:
        address = f"{self.url}/autotask/_control/{name}"
        answer = requests.get(address, timeout=10) if body is None else requests.post(address, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def faults(self, **values: Any) -> None:
        self.control("faults", values)

    def insight(self, **more: Any) -> int:
        """Make the vendor's insight, as only the vendor may."""
        row = {
            "title": "Verify caller",
            "referenceUrl": "https://pod.example/autotask/insight",
            "secret": "not-so-secret",
            "insightKey": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "vendorSuppliedID": "0123456789abcdef0123456789abcdef",
            "insightCategory": 1,
            **more,
        }
        return int(self.done("POST", "/IntegrationVendorInsights", row, {"ApiIntegrationCode": VENDOR})["itemId"])

    def shown(self, ticket: int = 148213, **query: Any) -> Any:
        """The insights of a ticket's screen."""
        address = f"{self.url}/autotask/_control/insights/{ticket}"
        return requests.get(address, params=query, timeout=10).json()


def where(op: str, field: str, value: Any = None) -> dict[str, Any]:
    """One condition of a filter."""
    return {"op": op, "field": field} if value is None else {"op": op, "field": field, "value": value}


@pytest.fixture(scope="session")
def start_autotask() -> Iterator[Callable[[Path | None], Autotask]]:
    """Start emulators; they stop when all tests are done."""
    servers = []

    def run(state_dir: Path | None = None) -> Autotask:
        server = make_server("localhost", 0, create_app(state_dir), threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return Autotask(f"http://localhost:{server.server_port}")

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def running_autotask(start_autotask: Callable[..., Autotask]) -> Autotask:
    return start_autotask()


@pytest.fixture
def psa(running_autotask: Autotask) -> Autotask:
    """The emulator with its seed and no faults."""
    running_autotask.control("reset", {})
    return running_autotask
