"""The load: a closed loop of keep-alive connections in one thread, so that measuring costs the two cores little."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """The bytes to send, and what a right answer begins and goes on with."""

    raw: bytes
    status: bytes
    marker: bytes


@dataclass(slots=True)
class Burst:
    """What came of one burst. ``latencies`` are in seconds; ``client_share`` is of one core; ``server_cpu`` is what
    the workers burnt, in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    client_share: float = 0.0
    server_cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Right answers in a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


class _Line:
    """One connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket: socket.socket | None = None
        self.buffer = b""
        self.begun = 0.0
        self.request: Request | None = None

    def send(self, request: Request, selector: selectors.BaseSelector) -> None:
        self.request = request
        self.buffer = b""
        self.begun = time.perf_counter()
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=20)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(self.socket, selectors.EVENT_READ, self)
        # Requests are below a segment, so a blocking send does not block.
        self.socket.sendall(request.raw)

    def close(self, selector: selectors.BaseSelector) -> None:
        if self.socket is not None:
            selector.unregister(self.socket)
            self.socket.close()
            self.socket = None


def run(port: int, requests: Iterator[Request], clients: int, seconds: float) -> Burst:
    """Keep ``clients`` requests under way until the time is over or the requests are used up."""
    burst = Burst()
    with selectors.DefaultSelector() as selector:
        lines = [_Line(port) for _ in range(clients)]
        begun, cpu = time.perf_counter(), time.process_time()
        until = begun + seconds
        busy = sum(_next(line, requests, selector) for line in lines)
        while busy:
            ready = selector.select(timeout=20)
            if not ready:
                burst.errors += ["no answer in 20 s"] * busy
                break
            for key, _events in ready:
                line: _Line = key.data
                if _receive(line, selector, burst):
                    over = time.perf_counter() >= until
                    busy -= over or not _next(line, requests, selector)
        burst.seconds = time.perf_counter() - begun
        burst.client_share = (time.process_time() - cpu) / burst.seconds
        for line in lines:
            line.close(selector)
    return burst


def _next(line: _Line, requests: Iterator[Request], selector: selectors.BaseSelector) -> bool:
    request = next(requests, None)
    if request is None:
        return False
    line.send(request, selector)
    return True


def _receive(line: _Line, selector: selectors.BaseSelector, burst: Burst) -> bool:
    """Take what has come; True once the request under way is over."""
    assert line.socket is not None
    assert line.request is not None
    try:
        data = line.socket.recv(65536)
    except OSError as error:
        data = b""
        burst.errors.append(type(error).__name__)
    if data:
        line.buffer += data
        head, found, body = line.buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return False
    spent = time.perf_counter() - line.begun
    if not line.buffer.startswith(b"HTTP/1.1 " + line.request.status) or line.request.marker not in line.buffer:
        burst.errors.append(line.buffer.partition(b"\r\n")[0].decode(errors="replace") or "closed without an answer")
    else:
        burst.latencies.append(spent)
    if not data or b"\r\nconnection: close" in line.buffer.partition(b"\r\n\r\n")[0].lower():
        line.close(selector)
    return True


def _length(head: bytes) -> int:
    for each in head.lower().split(b"\r\n"):
        if each.startswith(b"content-length:"):
            return int(each.partition(b":")[2])
    return 0


def request_bytes(method: str, path: str, port: int, headers: dict[str, str], form: str = "") -> bytes:
    """A request as a browser's fetch would send it, without the headers that no server looks at."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{k}: {v}" for k, v in headers.items())]
    if method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + form).encode()


def fetch(port: int, request: Request) -> bytes:
    """One answer, whole."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(request.raw.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        parts: list[bytes] = []
        while data := line.recv(65536):
            parts.append(data)
    return b"".join(parts)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
