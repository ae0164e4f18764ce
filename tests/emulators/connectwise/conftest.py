"""The ConnectWise emulator on a real socket, and a client that knows nothing but HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from emulators.connectwise import create_app

CLIENT_ID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
ROOT = "/v2025_1/apis/3.0"


class Psa:
    """A running emulator: `url` is its origin; requests go below the API's root with the demo keys."""

    client_id = CLIENT_ID

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.auth = ("northgate+demoPublicKey01", "demoPrivateKey01")
        self.http.headers["clientId"] = CLIENT_ID

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.http.request(method, f"{self.url}{ROOT}{path}", timeout=10, allow_redirects=False, **options)

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.request("GET", path, params=parameters)

    def list(self, path: str, **parameters: Any) -> Any:
        response = self.get(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def ids(self, path: str, **parameters: Any) -> list[int]:
        return [record["id"] for record in self.list(path, **parameters)]

    def post(self, path: str, body: Any) -> requests.Response:
        return self.request("POST", path, json=body)

    def patch(self, path: str, *steps: tuple[str, str, Any]) -> requests.Response:
        return self.request("PATCH", path, json=[{"op": op, "path": name, "value": value} for op, name, value in steps])

    def control(self, name: str, body: Any = None) -> Any:
        address = f"{self.url}/_emulator/connectwise/{name}"
        answer = requests.get(address, timeout=10) if body is None else requests.post(address, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def faults(self, **values: Any) -> None:
        self.control("faults", values)

    def bare(self, path: str, headers: dict[str, str], **options: Any) -> requests.Response:
        return requests.get(f"{self.url}{ROOT}{path}", headers=headers, timeout=10, **options)


@pytest.fixture
def start() -> Iterator[Callable[[Path | None], Psa]]:
    """Start emulators; they stop when the test ends."""
    servers = []

    def run(state_dir: Path | None = None) -> Psa:
        server = make_server("localhost", 0, create_app(state_dir), threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return Psa(f"http://localhost:{server.server_port}")

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def psa(start: Callable[..., Psa]) -> Psa:
    """One emulator with its seed."""
    return start()
