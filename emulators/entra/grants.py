"""Authorization codes: handed out at the account page, redeemed once at the token endpoint."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field

from emulators.entra.directory import ANY_TENANT
from emulators.entra.errors import SignInError
from emulators.entra.people import User

CODE_SECONDS = 600


@dataclass(frozen=True)
class Grant:
    """What a code stands for. `authority` is the tenant part of the URL that the code was asked at."""

    user: User
    client_id: str
    redirect_uri: str
    authority: str
    scope: str
    nonce: str
    challenge: str
    made: float = field(default_factory=time.monotonic)

    def check(self, client_id: str, redirect_uri: str, verifier: str, authority: str) -> None:
        """Whether the one who redeems is the one who asked. Raises SignInError."""
        if time.monotonic() - self.made > CODE_SECONDS:
            raise SignInError(70008)
        if client_id != self.client_id:
            raise SignInError(70000)
        if authority not in ANY_TENANT and authority != self.user.tenant:
            raise SignInError(700005)
        if redirect_uri != self.redirect_uri:
            raise SignInError(500112)
        if self.challenge and not hmac.compare_digest(challenge_of(verifier), self.challenge):
            raise SignInError(501481)
        # A verifier without a challenge is a request that somebody has stripped.
        if verifier and not self.challenge:
            raise SignInError(501481)


class Grants:
    """The codes that are out, and those that were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Grant] = {}
        self._used: set[str] = set()

    def clear(self) -> None:
        """Forget every code."""
        with self._lock:
            self._open.clear()
            self._used.clear()

    def issue(self, grant: Grant) -> str:
        """A new code for `grant`."""
        code = "1.emu." + secrets.token_urlsafe(48)
        with self._lock:
            self._open[code] = grant
        return code

    def find(self, code: str) -> Grant:
        """The grant of an unused code. Raises SignInError 54005 for a used one, 70000 for an unknown one."""
        with self._lock:
            if code in self._used:
                raise SignInError(54005)
            if code not in self._open:
                raise SignInError(70000)
            return self._open[code]

    def use_up(self, code: str) -> None:
        """The code has done its work. Raises SignInError 54005 for the second of two who come at once."""
        with self._lock:
            if self._open.pop(code, None) is None:
                raise SignInError(54005)
            self._used.add(code)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
