"""The six flows, as requests to either side."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.data import Side, Subject
from bench.load import Request, fetch, request_bytes

SHELL = "pod shell"
POLL = "poll, nothing new"
CHANGED = "poll, a change"
START = "start"
RIGHT = "right code"
WRONG = "wrong code"
FLOWS = (SHELL, POLL, CHANGED, START, RIGHT, WRONG)
_USED_UP = (START, RIGHT, WRONG)
_POLLED = 64


@dataclass
class Target:
    """One of the two sides: its name, where it serves, its data and how it is spoken to."""

    name: str
    port: int
    side: Side
    speaks: type[ProductTongue] | type[FloorTongue]

    def requests(self, flow: str, most: int) -> Iterator[Request]:
        """Requests of a flow: at most ``most`` where each uses up its caller, else without end."""
        tongue = self.speaks(self.port)
        if flow == SHELL:
            return itertools.cycle([tongue.shell(key) for key in self.side.pod_keys()])
        if flow in _USED_UP:
            subjects = self.side.callers(most, pending=flow != START)
            one = {START: tongue.start, RIGHT: tongue.right, WRONG: tongue.wrong}[flow]
            return iter([one(subject) for subject in subjects])
        subjects = self.side.callers(_POLLED, pending=True)
        if flow == CHANGED:
            return itertools.cycle([tongue.changed(subject) for subject in subjects])
        return itertools.cycle([tongue.unchanged(subject) for subject in subjects])


class ProductTongue:
    """podserver's HTTP."""

    def __init__(self, port: int) -> None:
        self._port = port

    def shell(self, key: str) -> Request:
        """The page in the frame."""
        raw = request_bytes("GET", f"/pod/connectwise/{key}?id=48213&screen=ticket", self._port, {})
        return Request(raw, b"200", b"Caller verification")

    def changed(self, subject: Subject) -> Request:
        """A poll by a page that has not seen anything yet."""
        return Request(self._get("/pod/rows?seen=", subject), b"200", b"Pending")

    def unchanged(self, subject: Subject) -> Request:
        """A poll by a page that has seen what there is to see."""
        page = fetch(self._port, self.changed(subject)).decode()
        rows = re.findall(r'data-row="([^"]+)" data-version="([^"]+)".*?data-status="([^"]*)"', page, re.DOTALL)
        seen = ",".join(f"{key}={version}~{status}" for key, version, status in rows)
        return Request(self._get(f"/pod/rows?{urlencode({'seen': seen})}", subject), b"204", b"")

    def start(self, subject: Subject) -> Request:
        """Send Code."""
        form = {"destination": subject.destination, "method": "sms_code", "request_id": secrets.token_hex(13)}
        return Request(self._post("/pod/verifications", subject, form), b"200", b"Pending")

    def right(self, subject: Subject) -> Request:
        """Verify, with the code that was sent."""
        return Request(self._check(subject, subject.code), b"200", b"Verified")

    def wrong(self, subject: Subject) -> Request:
        """Verify, with another code."""
        return Request(self._check(subject, _another(subject.code)), b"200", b"4 tries left")

    def _check(self, subject: Subject, code: str) -> bytes:
        form = {"code": code, "request_id": secrets.token_hex(13)}
        return self._post(f"/pod/verifications/{subject.verification}/check", subject, form)

    def _get(self, path: str, subject: Subject) -> bytes:
        return request_bytes("GET", path, self._port, {"X-Pod-Token": subject.token, "HX-Request": "true"})

    def _post(self, path: str, subject: Subject, form: dict[str, str]) -> bytes:
        headers = {"X-Pod-Token": subject.token, "HX-Request": "true"}
        return request_bytes("POST", path, self._port, headers, urlencode(form))


class FloorTongue:
    """The floor's HTTP."""

    def __init__(self, port: int) -> None:
        self._port = port

    def shell(self, key: str) -> Request:
        """The page in the frame."""
        return Request(request_bytes("GET", f"/shell/{key}?id=48213", self._port, {}), b"200", b"Caller verification")

    def changed(self, subject: Subject) -> Request:
        """A poll that renders."""
        return Request(request_bytes("GET", f"/rows/{subject.caller}?seen=", self._port, {}), b"200", b"pending")

    def unchanged(self, subject: Subject) -> Request:
        """A poll that does not."""
        path = f"/rows/{subject.caller}?{urlencode({'seen': f'{subject.verification}=0'})}"
        return Request(request_bytes("GET", path, self._port, {}), b"204", b"")

    def start(self, subject: Subject) -> Request:
        """Three rows."""
        raw = request_bytes("POST", "/verifications", self._port, {}, urlencode({"caller": subject.caller}))
        return Request(raw, b"200", b"pending")

    def right(self, subject: Subject) -> Request:
        """A right code."""
        return Request(self._check(subject, subject.code), b"200", b"verified")

    def wrong(self, subject: Subject) -> Request:
        """A wrong code."""
        return Request(self._check(subject, _another(subject.code)), b"200", b"pending")

    def _check(self, subject: Subject, code: str) -> bytes:
        form = urlencode({"code": code})
        return request_bytes("POST", f"/verifications/{subject.verification}/check", self._port, {}, form)


def _another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"
