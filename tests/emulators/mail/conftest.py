"""The emulator on real sockets, pages and SMTP, and a web server that links and remote images lead to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from mail_rig import Post
from werkzeug.serving import make_server

from emulators.mail import create_app
from emulators.tls import certificates

logging.getLogger("werkzeug").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def post_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    files = certificates(tmp_path_factory.mktemp("tls") / "own")
    app = create_app()
    emulator = app.extensions["mail_emulator"]
    ports = emulator.serve("127.0.0.1", 0, files.server_context(), 0)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Post(f"http://127.0.0.1:{server.server_port}", ports, files.authority, emulator)
    emulator.stop()
    server.shutdown()
    server.server_close()


@pytest.fixture
def post(post_server: Post) -> Post:
    """The emulator as on its first day."""
    post_server.reset()
    return post_server


@dataclass
class Site:
    """A web server that keeps every request. `/away/…` redirects to what follows, as it stands."""

    port: int
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str = "/l/token", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def seen(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.requests]


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            here.requests.append((self.command, self.path, headers))
            if self.path.startswith("/away/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/away/"))
            else:
                self.send_response(410 if self.path == "/gone" else 200)
                self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(b"<!doctype html><title>the link</title>The page of the link")

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Site(server.server_port)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield here
    server.shutdown()
    server.server_close()
