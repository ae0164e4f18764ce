"""A relay on a socket of its own between a caller and an emulator, which keeps every call and its answer."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OF_A_CONNECTION = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Exchange:
    """One call as it was sent and answered; `status` is 0 where the connection was closed without an answer."""

    method: str
    path: str
    query: str
    content_type: str
    sent: bytes
    status: int
    answered: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Relay:
    """Passes calls on to `target`, such as `http://127.0.0.1:5000`; `exchanges` are those since it was emptied."""

    def __init__(self, target: str) -> None:
        self.exchanges: list[Exchange] = []
        relay, where = self, urlsplit(target)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

            def _pass_on(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
                try:
                    connection.request(self.command, self.path, sent or None, dict(self.headers))
                    answer = connection.getresponse()
                    answered, status = answer.read(), answer.status
                except (OSError, http.client.HTTPException):
                    answered, status = b"", 0
                finally:
                    connection.close()
                path, _, query = self.path.partition("?")
                kind = self.headers.get("Content-Type") or ""
                relay.exchanges.append(Exchange(self.command, path, query, kind, sent, status, answered))
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response_only(status)
                for name, value in answer.getheaders():
                    if name.lower() not in _OF_A_CONNECTION:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answered)))
                self.end_headers()
                self.wfile.write(answered)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Callers that hang up are what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop passing on."""
        self._server.shutdown()
        self._server.server_close()
