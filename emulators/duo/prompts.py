"""Open prompts, and the codes that they end in."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from emulators.duo.id_tokens import SignIn

PROMPT_SECONDS = 600


@dataclass(frozen=True)
class Prompt:
    """A sign-in that waits for its person. `code_name` is `duo_code` or `code`, as the product asked for."""

    sid: str
    username: str
    redirect_uri: str
    state: str
    nonce: str
    code_name: str

    def back(self, **parameters: str) -> str:
        """The URL that sends the browser back, with the state and `parameters`."""
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode({'state': self.state, **parameters})}"


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    redirect_uri: str
    sign_in: SignIn


class Prompts:
    """Prompts by their id and grants by their code; each can be taken once and ends by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, Prompt]] = {}
        self._grants: dict[str, tuple[float, Grant]] = {}

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._open.clear()
            self._grants.clear()

    def open(self, prompt: Prompt) -> None:
        """Wait for the person."""
        moment = time.monotonic()
        with self._lock:
            self._open = {sid: each for sid, each in self._open.items() if each[0] > moment}
            self._open[prompt.sid] = (moment + PROMPT_SECONDS, prompt)

    def take(self, sid: str) -> Prompt | None:
        """The prompt with this id, which is closed with that."""
        with self._lock:
            ends, prompt = self._open.pop(sid, (0.0, None))
            return prompt if ends > time.monotonic() else None

    def grant(self, grant: Grant, life_seconds: float) -> str:
        """A new code for `grant`."""
        moment = time.monotonic()
        code = secrets.token_hex(16)
        with self._lock:
            self._grants = {code: each for code, each in self._grants.items() if each[0] > moment}
            self._grants[code] = (moment + life_seconds, grant)
        return code

    def redeem(self, code: str) -> Grant | None:
        """What the code stands for; it is worth nothing afterwards."""
        with self._lock:
            ends, grant = self._grants.pop(code, (0.0, None))
            return grant if ends > time.monotonic() else None
