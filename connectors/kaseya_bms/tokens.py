"""Signing in to BMS: a form for a pair of short-lived tokens, which threads share and renew once for all.

The calls are from the published description, that the form may be urlencoded from live clients. How long a token is
good is unpublished: what the answer says counts, measured by the server's own clock.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from connectors.base import BadCredentials, PsaError, Rejected
from connectors.http import Answer, PsaSession
from connectors.kaseya_bms import errors
from connectors.reading import moment

LOGIN: Final = "/v2/security/authenticate"
REFRESH: Final = "/v2/security/refreshtoken"
SSO_STATUS: Final = "/v2/security/ssostatus"
MARGIN: Final = 60.0
"""Seconds before its end at which a token is renewed, or half its life where that is shorter."""

_REFUSED: Final = frozenset({400, 401, 403})
_STEP: Final = 30
_WORDS: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def lowered(value: Any) -> Any:
    """The same JSON with all names in lower case: the published description and the wire spell them differently."""
    if isinstance(value, Mapping):
        return {str(name).lower(): lowered(inner) for name, inner in value.items()}
    return [lowered(inner) for inner in value] if isinstance(value, list) else value


def read(answer: Answer) -> Answer:
    """The answer with its names in lower case."""
    return Answer(answer.status, answer.headers, answer.is_json, lowered(answer.data))


def totp_secret(text: str) -> str:
    """The secret of a second factor as BMS shows it, checked: base32, spaces allowed. Raises Rejected."""
    secret = re.sub(r"[\s-]", "", text).upper().rstrip("=")
    secret += "=" * (-len(secret) % 8)
    try:
        enough = len(base64.b32decode(secret)) >= 10
    except binascii.Error:
        enough = False
    if secret and not enough:
        raise Rejected("The MFA secret is the key behind the QR code: letters A to Z and digits 2 to 7.")
    return secret


@dataclass(slots=True)
class Token:
    """A pair of tokens; times are of this machine's monotonic clock. ``proven`` once a call was let in by it."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_at: float
    refresh_until: float
    proven: bool = False


class Tokens:
    """The tokens of one user at one company. Safe to share between threads."""

    def __init__(self, origin: str, tenant: str, user: str, password: str, mfa: str, session: PsaSession) -> None:
        if not _WORDS.fullmatch(tenant.strip()):
            raise Rejected("The company name is the one under My Settings in BMS, with its spaces.")
        if not _WORDS.fullmatch(user.strip()) or not _WORDS.fullmatch(password):
            raise Rejected("The user name and the password of the API user are needed, without control characters.")
        self._origin = origin
        self._tenant = tenant.strip()
        self._user = user.strip()
        self._password = password
        self._mfa = totp_secret(mfa)
        self._session = session
        self._lock = threading.Lock()
        self._token: Token | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        token = self._token
        return (self._password, self._mfa, *((token.access, token.refresh) if token else ()))

    def current(self) -> Token:
        """A token that is good for a while yet."""
        with self._lock:
            token = self._token
            if token is not None and time.monotonic() < token.renew_at:
                return token
            self._token = (self._refreshed(token) if token is not None else None) or self._signed_in()
            return self._token

    def instead_of(self, refused: Token) -> Token:
        """A new token where one was refused before its time; many threads that were refused sign in once."""
        with self._lock:
            if self._token is None or self._token is refused:
                self._token = self._signed_in()
            return self._token

    def _refreshed(self, token: Token) -> Token | None:
        """The next pair, or None where this one cannot be refreshed any more."""
        if not token.refresh or time.monotonic() >= token.refresh_until:
            return None
        answer = self._ask(REFRESH, {"AccessToken": token.access, "RefreshToken": token.refresh})
        return self._pair(answer) if errors.status_of(answer) == 200 else None

    def _signed_in(self) -> Token:
        answer = self._ask(LOGIN, self._form(0))
        if self._mfa and errors.status_of(answer) in _REFUSED:
            # A code is good once: another process may have used this half minute's. That BMS takes the next one
            # early, as clocks differ, is inferred.
            answer = self._ask(LOGIN, self._form(_STEP))
        if errors.status_of(answer) in _REFUSED and answer.is_json:
            raise self._refusal(answer)
        token = self._pair(answer) if errors.status_of(answer) == 200 else None
        if token is not None:
            return token
        if answer.ok or answer.status == 404:
            raise errors.page_instead(ambiguous=False)
        raise errors.refusal(answer, "POST", LOGIN, self.secrets, reads=True)

    def _form(self, ahead: int) -> dict[str, str]:
        form = {
            "GrantType": "password",
            "UserName": self._user,
            "Password": self._password,
            "Tenant": self._tenant,
        }
        if self._mfa:
            code = TOTP(base64.b32decode(self._mfa), 6, SHA1(), _STEP)  # noqa: S303 - what authenticator apps speak
            form["MFACode"] = code.generate(int(time.time()) + ahead).decode()
        return form

    def _ask(self, path: str, form: Mapping[str, str]) -> Answer:
        headers = {"Accept": "application/json"}
        url = f"{self._origin}{path}"
        return read(self._session.send("POST", url, template=path, headers=headers, form=form, reads=True))

    def _refusal(self, answer: Answer) -> BadCredentials:
        said = errors.own_words(answer, self.secrets)
        why = "The company signs in through another service (SSO), not with passwords." if self._sso() else said
        return self._session.keys_were_refused(
            f"Kaseya BMS refused the sign-in: user, password, company name or MFA code. {why}".strip()
        )

    def _sso(self) -> bool:
        """Whether the company does not take passwords; False where BMS does not say."""
        params = {"Tenant": self._tenant, "UserName": self._user}
        try:
            answer = read(self._session.send("GET", f"{self._origin}{SSO_STATUS}", template=SSO_STATUS, params=params))
        except PsaError:
            return False
        result = answer.data.get("result") if isinstance(answer.data, Mapping) else None
        return isinstance(result, Mapping) and result.get("enabled") is True

    def _pair(self, answer: Answer) -> Token | None:
        result = answer.data.get("result") if isinstance(answer.data, Mapping) else None
        result = result if isinstance(result, Mapping) else {}
        access, refresh = result.get("accesstoken"), result.get("refreshtoken")
        if not isinstance(access, str) or not re.fullmatch(r"[!-~]{1,8000}", access):
            return None
        clock = time.monotonic()
        life = _seconds_left(result.get("accesstokenexpireon"), answer)
        return Token(
            access,
            refresh if isinstance(refresh, str) else "",
            renew_at=clock + max(life - MARGIN, life / 2),
            refresh_until=clock + _seconds_left(result.get("refreshtokenexpireon"), answer),
        )


def _seconds_left(until: object, answer: Answer) -> float:
    """Seconds from the server's present time, so that a clock of ours that is wrong does not matter; 0 if unknown."""
    end = moment(until)
    try:
        start = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        start = datetime.now(UTC)
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    return max(0.0, (end - start).total_seconds()) if end else 0.0
