"""A technician's pod without a browser: the requests that the page makes, and what its rows say."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field
from html import unescape

import requests

PATIENCE = 20


@dataclass(frozen=True)
class Caller:
    """A contact with one mobile number (E.164), and the ticket it called about."""

    contact: str
    ticket: str
    number: str


@dataclass(frozen=True)
class Posted:
    """A code that a technician submitted; it is noted before it leaves."""

    verification: str
    code: str
    request_id: str


@dataclass
class Ledger:
    """What the technicians of a world held in their hands, for the checks afterwards. Safe to share by threads."""

    posted: list[Posted] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, posted: Posted) -> None:
        """A code is about to be submitted."""
        with self.lock:
            self.posted.append(posted)

    def keep(self, *secrets: str) -> None:
        """Something that must never show up anywhere."""
        with self.lock:
            self.secrets.update(secrets)


@dataclass(frozen=True)
class Row:
    """One destination as the pod shows it."""

    shield: str
    word: str
    text: str
    destination: str
    verification: str
    problem: str

    @property
    def wrong(self) -> bool:
        """Whether the row says that a code was wrong."""
        return self.problem.startswith("Wrong code") or "too many wrong codes" in self.text


class Answered(Exception):
    """The server answered, but not with what was asked for."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"{answer.status_code}: {answer.text[:300]}")
        self.status = answer.status_code


def new_request_id() -> str:
    """An id as the page makes one for each click."""
    return uuid.uuid4().hex


def rows_in(html: str) -> list[Row]:
    """Every destination in a fragment of the pod."""
    return [_row(chunk) for chunk in re.findall(r'<li class="row .*?</li>', html, re.DOTALL)]


def _row(html: str) -> Row:
    def found(pattern: str) -> str:
        match = re.search(pattern, html, re.DOTALL)
        return unescape(match[1]).strip() if match else ""

    state = re.sub(r"<[^>]+>", " ", found(r'<p class="state".*?>(.*?)</p>'))
    return Row(
        shield=found(r'<li class="row (\w+)'),
        word=found(r'<span class="word">(.*?)</span>'),
        text=" ".join(state.split()),
        destination=found(r'name="destination" value="([0-9a-f]+)"') or found(r'"destination": "([0-9a-f]+)"'),
        verification=found(r'hx-post="/pod/verifications/([a-z0-9]{26})/check"'),
        problem=found(r'class="(?:problem|refusal)"[^>]*>(.*?)</'),
    )


class Pod:
    """A pod on a ticket, signed in by what the PSA's own screen hands out for ``member``, or by a password."""

    def __init__(self, web: str, pod_url: str, emulators: str, ledger: Ledger, caller: Caller) -> None:
        self._web, self._pod_url, self._emulators = web, pod_url.partition("?")[0], emulators
        self._ledger = ledger
        self.caller = caller
        self._token = ""

    def open(self, member: str) -> Pod:
        """Sign in as the browser does, and load the caller."""
        screen = f"{self._emulators}/connectwise/member-authentication.json"
        claimed = requests.get(screen, params={"member": member}, timeout=PATIENCE).json()
        self._ledger.keep(claimed["memberHash"])
        return self._enter("session", claimed)

    def open_by_password(self, email: str, password: str) -> Pod:
        """Sign in with a password inside the frame, and load the caller."""
        self._ledger.keep(password)
        return self._enter("password", {"email": email, "password": password})

    def _enter(self, way: str, proof: dict[str, str]) -> Pod:
        record = {"id": self.caller.ticket, "screen": "ticket", "parent": self._emulators}
        answer = requests.post(
            f"{self._pod_url}/{way}",
            data={**proof, **record},
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=PATIENCE,
        )
        if not answer.ok:
            raise Answered(answer)
        self._hold(answer.json()["token"])
        self.load()
        return self

    def _hold(self, token: str) -> None:
        self._token = token
        self._ledger.keep(token)

    def send(self, method: str, path: str, form: dict[str, str] | None = None) -> requests.Response:
        """One request as htmx makes it; the newest token handed out is the one that counts."""
        answer = requests.request(
            method,
            self._web + path,
            data=form,
            headers={"X-Pod-Token": self._token, "HX-Request": "true", "Sec-Fetch-Site": "same-origin"},
            timeout=PATIENCE,
        )
        if "X-Pod-Token" in answer.headers:
            self._hold(answer.headers["X-Pod-Token"])
        return answer

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> str:
        """The fragment that a request is answered with. Raises Answered for anything but success."""
        answer = self.send(method, path, form)
        if not answer.ok:
            raise Answered(answer)
        return answer.text

    def load(self) -> Row:
        """The caller's widget."""
        self.row = rows_in(self.ask("POST", "/pod/caller"))[0]
        return self.row

    def start(self, request_id: str = "", *, again: bool = False) -> Row:
        """Send Code, or Resend with ``again``."""
        form = {
            "destination": self.row.destination,
            "method": "sms_code",
            "request_id": request_id or new_request_id(),
            **({"again": "1"} if again else {}),
        }
        return rows_in(self.ask("POST", "/pod/verifications", form))[0]

    def check(self, verification: str, code: str, request_id: str = "") -> Row:
        """Type a code and press Verify."""
        request_id = request_id or new_request_id()
        self._ledger.note(Posted(verification, re.sub(r"\D", "", code), request_id))
        form = {"code": code, "request_id": request_id}
        return rows_in(self.ask("POST", f"/pod/verifications/{verification}/check", form))[0]

    def cancel(self, verification: str) -> Row:
        """Press Cancel."""
        return rows_in(self.ask("POST", f"/pod/verifications/{verification}/cancel"))[0]

    def history(self) -> str:
        """The caller's past verifications, as HTML."""
        return self.ask("GET", "/pod/history")


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
