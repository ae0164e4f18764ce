"""A PSA of our own that answers by script, and the ConnectWise emulator, both behind real sockets."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.serving import make_server

from connectors.connectwise import ConnectWise
from emulators.connectwise import create_app

COMPANY = "northgate"
PUBLIC_KEY = "demoPublicKey01"
PRIVATE_KEY = "demoPrivateKey01"
CLIENT_ID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
API = "/v2025_1/apis/3.0"
WHO = "/system/myMembers/info"


@dataclass(frozen=True)
class Reply:
    """One scripted answer. ``raw`` replaces the JSON, ``delay`` waits first, ``drip`` sends a byte at a time, ``cut``
    hangs up after that many body bytes (-1: before anything at all)."""

    status: int = 200
    data: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    cut: int | None = None


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


class ScriptedPsa:
    """Answers by method and path; replies are used in order and the last one stays."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._replies: dict[tuple[str, str], list[Reply]] = defaultdict(list)
        self._lock = threading.Lock()
        psa = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def _any(self) -> None:
                psa._answer(self)

            do_GET = do_POST = do_PATCH = do_DELETE = _any

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Clients that hang up are what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def on(self, method: str, path: str, *replies: Reply, **one: Any) -> None:
        """Script a path in full (``/login/...``) or below the API base."""
        full = path if path.startswith(("/login/", "/raw", "/v2")) else API + path
        with self._lock:
            self._replies[method, full] = list(replies) or [Reply(**one)]

    def calls(self, method: str, end: str) -> list[Received]:
        return [r for r in self.received if r.method == method and r.path.endswith(end)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            self.received.append(
                Received(
                    handler.command,
                    parts.path,
                    parse_qs(parts.query),
                    {name.lower(): value for name, value in handler.headers.items()},
                    json.loads(body) if body else None,
                )
            )
            queue = self._replies.get((handler.command, parts.path)) or [Reply(404, {"code": "NotFound"})]
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
        time.sleep(reply.delay)
        try:
            self._write(handler, reply)
        except OSError:
            handler.close_connection = True

    def _write(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        payload = reply.raw if reply.raw is not None else json.dumps(reply.data).encode()
        if reply.cut == -1:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(reply.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(payload))} | reply.headers
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if reply.drip:
            for position in range(len(payload)):
                handler.wfile.write(payload[position : position + 1])
                time.sleep(reply.drip)
            return
        handler.wfile.write(payload if reply.cut is None else payload[: reply.cut])
        if reply.cut is not None:
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(name="reply")
def _reply() -> type[Reply]:
    return Reply


@pytest.fixture
def psa() -> Iterator[ScriptedPsa]:
    """A scripted PSA that knows the company and the keys, and nothing else."""
    server = ScriptedPsa()
    server.on("GET", f"/login/companyinfo/{COMPANY}", data={"Codebase": "v2025_1/", "IsCloud": False})
    server.on("GET", WHO, data={"id": 900, "identifier": "capi", "licenseClass": "A", "inactiveFlag": False})
    yield server
    server.close()


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def connect() -> Iterator[Callable[..., ConnectWise]]:
    """Makes connectors with the demo keys; keyword arguments replace any of them."""
    made: list[ConnectWise] = []

    def make(site: str, **changes: Any) -> ConnectWise:
        values: dict[str, Any] = {
            "company": COMPANY,
            "public_key": PUBLIC_KEY,
            "private_key": PRIVATE_KEY,
            "client_id": CLIENT_ID,
            "timeout": 2.0,
        } | changes
        made.append(ConnectWise(site, **values))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def cw(psa: ScriptedPsa, connect: Callable[..., ConnectWise]) -> ConnectWise:
    """A connector to the scripted PSA."""
    return connect(psa.url)


class Emulated:
    """The ConnectWise emulator on a socket of its own, with its control requests."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, create_app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def control(self, name: str, body: Any = None) -> Any:
        address = f"{self.url}/_emulator/connectwise/{name}"
        answer = requests.get(address, timeout=5) if body is None else requests.post(address, json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, **switches: Any) -> None:
        self.control("faults", switches)

    def count(self, method: str, path: str) -> int:
        return sum(r["method"] == method and r["path"] == path for r in self.control("requests"))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def _emulator_process() -> Iterator[Emulated]:
    emulator = Emulated()
    yield emulator
    emulator.close()


@pytest.fixture
def emulator(_emulator_process: Emulated) -> Emulated:
    """The emulator in its first state."""
    _emulator_process.control("reset", {})
    return _emulator_process


@pytest.fixture
def northgate(emulator: Emulated, connect: Callable[..., ConnectWise]) -> ConnectWise:
    """A connector to the emulator."""
    return connect(emulator.url)


@pytest.fixture(autouse=True)
def _no_key_is_ever_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After every test of connectors: no log line at any level holds a key, a query or an Authorization header."""
    caplog.set_level(logging.DEBUG)
    yield
    for when in ("setup", "call"):
        for record in caplog.get_records(when):
            if not record.name.startswith(("connectors", "urllib3", "requests")):
                continue
            line = record.getMessage()
            for secret in (PRIVATE_KEY, PUBLIC_KEY, "bm9ydGhnYXRl", "Basic ", "memberHash", "conditions", "?"):
                assert secret not in line, f"{record.name} logged a secret"
