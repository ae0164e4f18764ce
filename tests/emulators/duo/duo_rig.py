"""What the tests of the Duo emulator hold in their hands: the running emulator, and Duo's own clients for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duo_client
import duo_universal
import pytest
import requests

from emulators.duo import ADMIN_IKEY, ADMIN_SKEY, AUTH_IKEY, AUTH_SKEY, WEB_SDK_CLIENT_ID, WEB_SDK_CLIENT_SECRET

CALLBACK = "http://localhost:9/duo/callback"


@dataclass
class Emulator:
    """The running emulator: where it is, whom to trust, and short ways to its controls."""

    port: int
    authority: Path

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def get(self, path: str, **values: Any) -> requests.Response:
        return requests.get(f"https://{self.host}{path}", verify=str(self.authority), timeout=5, **values)

    def post(self, path: str, **values: Any) -> requests.Response:
        return requests.post(f"https://{self.host}{path}", verify=str(self.authority), timeout=5, **values)

    def faults(self, **values: Any) -> None:
        answer = self.post("/_emulator/duo/faults", json=values)
        assert answer.status_code == 200, answer.text

    def user(self, who: str, **values: Any) -> dict[str, Any]:
        answer = self.post(f"/_emulator/duo/users/{who}", json=values)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def control(self, name: str) -> list[dict[str, Any]]:
        return list(self.get(f"/_emulator/duo/{name}").json()[name])

    def pushes(self, user: str | None = None) -> list[dict[str, Any]]:
        answer = self.get("/_emulator/duo/pushes.json", params={"user": user} if user else {})
        return list(answer.json()["pushes"])

    def press(self, txid: str, answer: str, code: str | None = None) -> requests.Response:
        wanted = {"answer": answer} | ({"code": code} if code else {})
        return self.post(f"/_emulator/duo/pushes/{txid}", json=wanted)

    def auth(self, ikey: str = AUTH_IKEY, skey: str = AUTH_SKEY, **values: Any) -> Any:
        return duo_client.Auth(**{**self._reach(), "ikey": ikey, "skey": skey, **values})

    def admin(self, ikey: str = ADMIN_IKEY, skey: str = ADMIN_SKEY, **values: Any) -> Any:
        return duo_client.Admin(**{**self._reach(), "ikey": ikey, "skey": skey, **values})

    def _reach(self) -> dict[str, Any]:
        return {"host": "localhost", "port": self.port, "ca_certs": str(self.authority), "timeout": 5}

    def universal(self, secret: str = WEB_SDK_CLIENT_SECRET, **values: Any) -> Any:
        values = {"duo_certs": str(self.authority), "redirect_uri": CALLBACK, **values}
        return duo_universal.Client(WEB_SDK_CLIENT_ID, secret, self.host, **values)


def code_of(call: Callable[[], Any]) -> int:
    """Duo's code in the error that `call` ends in."""
    with pytest.raises(RuntimeError) as caught:
        call()
    data = caught.value.data  # type: ignore[attr-defined]  # duo-client's addition: the parsed JSON
    return int(data["code"])


def wait_for(what: Callable[[], Any], seconds: float = 5) -> Any:
    """The first true value of `what`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found
