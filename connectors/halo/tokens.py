"""The token of an application: asked for once, shared by all threads, renewed before it ends.

A token holds the permissions of the moment it was issued [seen in public clients], so a refusal is answered with one
new token before it is believed. Scopes are always named: without them Halo gives a token that opens nothing.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from connectors.base import PsaError, Rejected, Unavailable
from connectors.halo.address import HaloAddress
from connectors.halo.errors import APPLICATION, own_words
from connectors.halo.rights import SCOPES
from connectors.http import Answer, PsaSession, plain_words

_EARLY: Final = 120.0
"""Seconds before its end at which a token is renewed."""

_SHORTEST_LIFE: Final = 10.0
_USUAL_LIFE: Final = 3600.0
_CREDENTIAL: Final = re.compile(r"[!-~]{1,300}")
_TENANT: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,8000}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token, what it is good for, and until when (:func:`time.monotonic`)."""

    value: str = field(repr=False)
    scopes: frozenset[str]
    issued: float
    ends: float


class Tokens:
    """The tokens of one application, each asked for with the same ``scopes``.

    Raises the errors of :mod:`connectors.base` and nothing else.
    """

    def __init__(
        self,
        address: HaloAddress,
        client_id: str,
        client_secret: str,
        tenant: str,
        session: PsaSession,
        scopes: tuple[str, ...] = SCOPES,
    ) -> None:
        for word, value in (("Client ID", client_id), ("Client Secret", client_secret)):
            if not _CREDENTIAL.fullmatch(value):
                raise Rejected(f"The {word} is missing or holds characters that none has.")
        if not _TENANT.fullmatch(tenant):
            raise Rejected("The Tenant is the short name that HaloPSA shows beside the two servers.")
        self.address = address
        self.tenant = tenant
        self._auth = address.auth
        self._client_id, self._secret = client_id, client_secret
        self._session = session
        self._wanted = scopes
        self._lock = threading.Lock()
        self._held: Token | None = None

    def __repr__(self) -> str:
        return f"Tokens({self._auth!r})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be hidden wherever Halo echoes it."""
        held = self._held
        return (self._secret, held.value) if held else (self._secret,)

    def get(self, refused: Token | None = None) -> Token:
        """A token that is good for a while; another one than ``refused``, which Halo did not take."""
        with self._lock:
            held = self._held
            if held is None or held is refused or time.monotonic() >= held.ends:
                held = self._held = self._issued()
            return held

    def _issued(self) -> Token:
        answer = self._asked(self._wanted)
        if self._error(answer) == "invalid_scope":
            answer = self._asked(self._scopes_taken())
        elif answer.ok and (lacking := [scope for scope in self._wanted if scope not in self._scopes(answer)]):
            # The application has less than was asked for; reading may be part of what it has.
            weaker = [scope.replace("edit:", "read:") if scope in lacking else scope for scope in self._wanted]
            second = self._send(tuple(weaker))
            answer = second if second.ok else answer
        if not answer.ok:
            raise self._refused(answer)
        data = answer.data if isinstance(answer.data, Mapping) else {}
        value = data.get("access_token")
        if not isinstance(value, str) or not _BEARER.fullmatch(value):
            raise Unavailable(
                "HaloPSA's authorisation server answered without a token. Check the Authorisation Server."
            )
        now = time.monotonic()
        life = data.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) and life > 0 else _USUAL_LIFE
        return Token(value, self._scopes(answer), now, now + max(seconds - _EARLY, min(seconds, _SHORTEST_LIFE)))

    def _asked(self, scopes: tuple[str, ...]) -> Answer:
        """Ask where the token endpoint is known or usually is, and if that is none, where Halo itself says."""
        answer = self._send(scopes)
        # A wrong or missing tenant is a 500 with nothing useful in it [seen in public clients].
        no_endpoint = answer.status in (404, 405, 500) or 300 <= answer.status < 400
        if (no_endpoint or (answer.ok and not answer.is_json)) and self._discovered():
            answer = self._send(scopes)
        return answer

    def _send(self, scopes: tuple[str, ...]) -> Answer:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret,
            "scope": " ".join(scopes),
        }
        params = {"tenant": self.tenant} if self.tenant else None
        return self._session.send(
            "POST", f"{self._auth}/token", template="/auth/token", params=params, form=form, reads=True
        )

    def _discovered(self) -> bool:
        """Ask the resource server where tokens are had and for which tenant; True where that is news."""
        try:
            answer = self._session.send("GET", f"{self.address.api}/authinfo", template="/authinfo")
        except PsaError:
            return False
        info = answer.data if answer.ok and isinstance(answer.data, Mapping) else {}
        tenant, auth = info.get("tenant_id"), info.get("auth_url")
        if isinstance(tenant, str) and self.tenant and tenant and tenant.casefold() != self.tenant.casefold():
            raise self._session.keys_were_refused(
                f"HaloPSA says that its Tenant is {plain_words(tenant, limit=60)}, not {self.tenant}."
            )
        news = False
        if isinstance(tenant, str) and tenant and not self.tenant and _TENANT.fullmatch(tenant):
            self.tenant, news = tenant, True
        if isinstance(auth, str) and not self.address.auth_known:
            auth = auth.rstrip("/")
            # The secret goes to the host that an admin typed, and to no other that an answer names.
            if urlsplit(auth).netloc.lower() != urlsplit(self.address.api).netloc.lower():
                raise Rejected(
                    f"HaloPSA gives tokens at {plain_words(auth, limit=100)}. Enter that as Authorisation Server."
                )
            if auth != self._auth:
                self._auth, news = auth, True
        return news

    def _scopes_taken(self) -> tuple[str, ...]:
        """The wanted scopes that the application has, or their weaker ones, asked for one by one."""
        taken = []
        for scope in self._wanted:
            weaker = scope.replace("edit:", "read:")
            taken += [each for each in (scope, weaker) if self._send((each,)).ok][:1]
        if not taken:
            raise self._session.keys_were_refused(
                f"The HaloPSA application has none of the permissions {', '.join(self._wanted)}. "
                f"Grant them under {APPLICATION}."
            )
        return tuple(taken)

    def _refused(self, answer: Answer) -> PsaError:
        error = self._error(answer)
        if error in ("unauthorized_client", "unsupported_grant_type"):
            return self._session.keys_were_refused(
                "The HaloPSA application cannot be used by a service. Its Authentication Method must be Client ID and "
                f"Secret (Services), under {APPLICATION}."
            )
        if error == "invalid_client" or answer.status == 401:
            return self._session.keys_were_refused(
                f"HaloPSA does not accept the Client ID and Client Secret. Check them under {APPLICATION}."
            )
        if answer.status >= 500:
            return Unavailable(
                f"HaloPSA's authorisation server is in trouble (HTTP {answer.status}). It answers so as well where the "
                "Tenant is wrong."
            )
        words = plain_words(own_words(answer.data), self.secrets)
        detail = f": {words}" if words else ". Check the Authorisation Server"
        return Rejected(f"HaloPSA gave no token (HTTP {answer.status}){detail}")

    @staticmethod
    def _error(answer: Answer) -> str:
        error = answer.data.get("error") if isinstance(answer.data, Mapping) else None
        return error if isinstance(error, str) else ""

    def _scopes(self, answer: Answer) -> frozenset[str]:
        """What a token is good for; what was asked for, where the answer does not say."""
        scope = answer.data.get("scope") if isinstance(answer.data, Mapping) else None
        return frozenset(scope.split() if isinstance(scope, str) else self._wanted)
