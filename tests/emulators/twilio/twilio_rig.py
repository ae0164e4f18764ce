"""What the tests of the Twilio emulator hold in their hands: the running emulator and a receiver of webhooks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN

DANA = "+12025550142"


@dataclass
class Emulator:
    """The running emulator: its origin, and short ways to its controls."""

    origin: str

    def faults(self, **values: Any) -> requests.Response:
        return requests.post(f"{self.origin}/_emulator/twilio/faults", json=values, timeout=5)

    def number(self, number: str, **values: Any) -> requests.Response:
        return requests.post(f"{self.origin}/_emulator/twilio/numbers/{number}", json=values, timeout=5)

    def inbound(self, body: str, number: str = DANA) -> dict[str, Any]:
        wanted = {"from": number, "body": body}
        return dict(requests.post(f"{self.origin}/_emulator/twilio/inbound", json=wanted, timeout=5).json())

    def texts(self, number: str = DANA) -> list[dict[str, Any]]:
        state = requests.get(f"{self.origin}/phone/messages.json", params={"to": number}, timeout=5).json()
        return list(state["messages"])

    def calls(self, number: str = DANA) -> list[dict[str, Any]]:
        state = requests.get(f"{self.origin}/phone/calls.json", params={"to": number}, timeout=5).json()
        assert state["number"] == number
        return list(state["calls"])

    def heard(self, who: str = "caller", number: str = DANA) -> list[str]:
        """What `who` has said on the newest call to `number`, line by line."""
        return [line["words"] for line in self.calls(number)[0]["transcript"] if line["who"] == who]

    def handle(self, sid: str, do: str, **values: Any) -> requests.Response:
        return requests.post(f"{self.origin}/phone/calls/{sid}", json={"do": do, **values}, timeout=5)

    def pace(self, **values: Any) -> requests.Response:
        return requests.post(f"{self.origin}/_emulator/twilio/pace", json=values, timeout=5)

    def control(self, name: str) -> Any:
        return requests.get(f"{self.origin}/_emulator/twilio/{name}", timeout=5).json()[name]

    def client(self, token: str = AUTH_TOKEN, timeout: float = 5) -> Client:
        client = Client(
            ACCOUNT_SID, token, http_client=TwilioHttpClient(timeout=timeout), environment={"NO_REGION": "1"}
        )
        client.api.base_url = self.origin
        return client


@dataclass
class Hook:
    """What one webhook request carried; `fields` keeps the order and blanks."""

    path: str
    headers: dict[str, str]
    fields: dict[str, str]


@dataclass
class Receiver:
    """A web server that keeps every form posted to it."""

    port: int
    hooks: list[Hook] = field(default_factory=list)
    status: int = 204
    delay: float = 0

    def url(self, path: str = "/hooks/d1") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def statuses(self) -> list[str]:
        return [hook.fields["MessageStatus"] for hook in self.hooks]


def wait_for(what: Callable[[], Any], seconds: float = 5) -> Any:
    """The first true value of `what`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found
