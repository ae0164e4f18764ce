"""Small servers that a test needs beside the world: foreign pages, and a road to Twilio that can be closed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from world import free_port


class ForeignSite:
    """A web site of somebody else. ``pages`` maps a path to HTML, ``cookies`` a path to the Set-Cookie headers that
    it answers with, ``seen`` a path to the Cookie headers that it got."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.cookies: dict[str, list[str]] = {}
        self.seen: dict[str, list[str]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                site.seen.setdefault(path, []).append(self.headers.get("Cookie", ""))
                page = site.pages.get(path)
                self.send_response(200 if page is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                for cookie in site.cookies.get(path, []):
                    self.send_header("Set-Cookie", cookie)
                self.end_headers()
                self.wfile.write((page or "").encode())

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str, host: str = "localhost") -> str:
        """The page's address; ``localhost`` and ``127.0.0.1`` are different sites."""
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class Road:
    """A TCP road to a port of this machine. While it is closed, connections are refused, as when a host is down."""

    def __init__(self) -> None:
        self.port = free_port()
        self.target = 0
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where the road begins."""
        return f"http://localhost:{self.port}"

    def open(self) -> None:
        """Let connections through."""
        with self._lock:
            if self._listener is not None:
                return
            listener = socket.create_server(("127.0.0.1", self.port))
            self._listener = listener
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone does not wake the thread that accepts.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Closed inside the block, open again after it."""
        self.close()
        try:
            yield
        finally:
            self.open()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            far.settimeout(None)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
