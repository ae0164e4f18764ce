"""The Kaseya BMS emulator on a real socket, and a caller that knows nothing but HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from emulators.kaseya_bms import create_app

TENANT, USER, PASSWORD = "Northgate IT", "caller.verify", "demo-Bms-1!"


class Bms:
    """A running emulator: `url` is its origin; calls go below `/v2` with the token of the integration's user."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.token: str | None = None

    def sign_in(self, user: str = USER, password: str = PASSWORD, tenant: str = TENANT, **more: str) -> Any:
        form = {"GrantType": "password", "UserName": user, "Password": password, "Tenant": tenant, **more}
        answer = self.http.post(f"{self.url}/v2/security/authenticate", data=form, timeout=10)
        self.token = (answer.json().get("result") or {}).get("accessToken")
        return answer

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        if self.token is None:
            self.sign_in()
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.request(method, f"{self.url}/v2{path}", timeout=10, headers=headers, **options)

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.request("GET", path, params={name.replace("__", "."): value for name, value in parameters.items()})

    def result(self, path: str, **parameters: Any) -> Any:
        answer = self.get(path, **parameters)
        assert answer.status_code == 200 and answer.json()["success"] is True, answer.text
        return answer.json()["result"]

    def search(self, page_size: int = 100, page_number: int = 1, **wanted: Any) -> Any:
        body = {"pageSize": page_size, "pageNumber": page_number, "filter": wanted}
        return self.request("POST", "/servicedesk/tickets/search", json=body).json()

    def control(self, name: str, body: Any = None, method: str | None = None) -> Any:
        verb = method or ("GET" if body is None else "POST")
        answer = requests.request(verb, f"{self.url}/kaseya_bms/_control/{name}", json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def faults(self, **values: Any) -> None:
        self.control("faults", values)


@pytest.fixture(scope="session")
def start() -> Iterator[Callable[..., Bms]]:
    """Start emulators; they stop at the end."""
    servers = []

    def run(state_dir: Path | None = None) -> Bms:
        server = make_server("127.0.0.1", 0, create_app(state_dir), threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return Bms(f"http://127.0.0.1:{server.server_port}")

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def running(start: Callable[..., Bms]) -> Bms:
    return start()


@pytest.fixture
def bms(running: Bms) -> Bms:
    """One emulator with its seed, nobody signed in."""
    running.control("reset", {})
    return Bms(running.url)
