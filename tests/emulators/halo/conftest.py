"""The Halo emulator on a real socket, and a client that knows nothing but HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from emulators.halo import CLIENT_ID, CLIENT_SECRET, create_app

SCOPE = "edit:tickets edit:customers"


class HaloTenant:
    """A running emulator: `url` is its origin; requests go below `/api` with a token of the demo's application."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.held = ""

    def ask_token(self, scope: str | None = SCOPE, **form: str) -> requests.Response:
        sent = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        sent.update({} if scope is None else {"scope": scope})
        return self.http.post(f"{self.url}/auth/token", data={**sent, **form}, timeout=10)

    def sign_in(self, scope: str | None = SCOPE) -> str:
        self.held = self.ask_token(scope).json()["access_token"]
        return self.held

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.held or self.sign_in()}"}
        return self.http.request(method, f"{self.url}/api{path}", headers=headers, timeout=10, **options)

    def get(self, path: str, **parameters: Any) -> requests.Response:
        shown = {name: str(value).lower() if isinstance(value, bool) else value for name, value in parameters.items()}
        return self.request("GET", path, params=shown)

    def read(self, path: str, **parameters: Any) -> Any:
        response = self.get(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any, **parameters: Any) -> requests.Response:
        return self.request("POST", path, json=body, params=parameters)

    def write(self, path: str, **members: Any) -> Any:
        response = self.post(path, [members])
        assert response.status_code == 201, response.text
        return response.json()

    def refusal(self, path: str, **members: Any) -> str:
        """The sentence of a 400."""
        response = self.post(path, [members])
        assert response.status_code == 400, response.text
        return str(response.json()["Message"])

    def control(self, name: str, body: Any = None) -> Any:
        address = f"{self.url}/halo/_control/{name}"
        answer = requests.get(address, timeout=10) if body is None else requests.post(address, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def faults(self, **values: Any) -> None:
        self.control("faults", values)


@pytest.fixture(scope="session")
def start_halo() -> Iterator[Callable[[Path | None], HaloTenant]]:
    """Start emulators; they stop with the session, or by their own `stop`."""
    servers = []

    def run(state_dir: Path | None = None) -> HaloTenant:
        server = make_server("localhost", 0, create_app(state_dir), threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return HaloTenant(f"http://localhost:{server.server_port}")

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def halo_server(start_halo: Callable[..., HaloTenant]) -> HaloTenant:
    """One emulator for all tests of the folder."""
    return start_halo()


@pytest.fixture
def halo(halo_server: HaloTenant) -> HaloTenant:
    """The emulator with its seed and without faults."""
    halo_server.control("reset", {})
    halo_server.held = ""
    return halo_server
