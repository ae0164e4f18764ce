"""Microsoft's services: where they are, how they are spoken to, and the tokens that open them.

Every wait ends: a call takes no longer than what is left of the block that :func:`within` opened around it.
"""

from __future__ import annotations

import io
import json
import logging
import re
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final

import requests
from urllib3.exceptions import HTTPError

from podserver.configuration import Settings
from podserver.delivery.sms import never_left
from podserver.logs import logger
from podserver.security import sealing
from podserver.security.trust import TrustAdapter

# The principals of the push in every client's directory: ours to use a credential of, and the resource that it opens
# (push-and-login fact sheet 3.2). The resource's name is the same whichever host is called (3.4).
PUSH_CLIENT: Final = "981f26a1-7f43-403b-a875-f8b09b8cd720"
PUSH_CONNECTOR: Final = "1f5530b3-261a-47a9-b357-ded261e17918"
PUSH_SCOPE: Final = "https://adnotifications.windowsazure.com/StrongAuthenticationService.svc/Connector/.default"
ANY_DIRECTORY: Final = "organizations"

_GRAPH: Final = "https://graph.microsoft.com"
# In the national clouds Graph is a resource of another name.
_NATIONAL_GRAPHS: Final = frozenset(
    {"https://graph.microsoft.us", "https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn"}
)
GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE: Final = re.compile(r"AADSTS(\d{4,9})")
# How the sign-in answers for a directory that is not there; another refusal may be a proxy's.
_NO_SUCH_DIRECTORY: Final = frozenset({400, 404})
_CONNECT, _LONGEST, _LEAST = 3.0, 8.0, 0.1
_LARGEST: Final = 1024 * 1024
log = logger(__name__)
_ends: ContextVar[float] = ContextVar("microsoft_calls_end", default=float("inf"))

# The package's lines carry addresses and names; what went wrong is said by our own.
logging.getLogger("msal").setLevel(logging.CRITICAL)
# It would have the browser come back by a POST, which brings no Lax cookie along (fact sheet 4.3).
warnings.filterwarnings("ignore", "response_mode='form_post' is recommended", module=r"msal\.")


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where Microsoft's services are, without a slash at the end, and whom to trust besides public authorities."""

    login: str
    graph: str
    push: str
    ca_file: Path | None

    @classmethod
    def of(cls, settings: Settings) -> Cloud:
        """The operator's."""
        return cls(
            settings.microsoft_login_url, settings.microsoft_graph_url, settings.microsoft_push_url, settings.ca_file
        )

    @property
    def graph_scope(self) -> str:
        """What an app asks for to call Graph with the permissions that a directory has granted."""
        return f"{self.graph if self.graph in _NATIONAL_GRAPHS else _GRAPH}/.default"

    def issuer(self, directory: str) -> str:
        """Who has issued a token of a directory (fact sheet 4.4)."""
        return f"{self.login}/{directory}/v2.0"


class Denied(Exception):
    """Microsoft gives no token; ``number`` is the AADSTS number of its reason, 0 where it gave none."""

    def __init__(self, number: int) -> None:
        super().__init__(f"AADSTS{number}" if number else "no reason given")
        self.number = number


class NotReached(Exception):
    """No usable answer; ``sent`` says that the request may have been carried out, ``wait`` how long to leave it be."""

    def __init__(self, *, sent: bool = True, wait: timedelta | None = None) -> None:
        super().__init__("Microsoft did not answer in a way that can be used")
        self.sent, self.wait = sent, wait


class OutOfTime(requests.exceptions.ConnectTimeout):
    """There was no time left to begin the call."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every call in the block ends in so many seconds, all of them together."""
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def seconds_left() -> float:
    """What is left of the block around."""
    return _ends.get() - time.monotonic()


class Line(requests.Session):
    """HTTP to Microsoft: our own trust, nothing of the environment, no cookies, no redirects, and an end.

    ``last_status`` is that of the last answer, 0 before the first.
    """

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        # REQUESTS_CA_BUNDLE would take the place of our trust, and a .netrc that of the token (fact sheet 4.3).
        self.trust_env = False
        self.mount("https://", TrustAdapter(cloud.ca_file))
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.last_status = 0

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **how: Any) -> requests.Response:
        """Send one request and read its whole answer. Raises RequestException."""
        left = seconds_left()
        if left < _LEAST:
            raise OutOfTime("no time left")
        how.update(timeout=(min(_CONNECT, left), min(_LONGEST, left)), allow_redirects=False, stream=True)
        answer = super().request(method, url, *args, **how)
        try:
            body = _read(answer)
        finally:
            answer.close()
        # From here on the answer is read from memory, in which nothing is slow and nothing too large.
        answer.raw = io.BytesIO(body)
        self.last_status = answer.status_code
        return answer


def _read(answer: requests.Response) -> bytes:
    body = bytearray()
    try:
        while chunk := answer.raw.read1(65536, decode_content=True):
            body += chunk
            if len(body) > _LARGEST or seconds_left() < 0:
                raise requests.exceptions.ConnectionError("the answer is too large, or too slow")
    except (HTTPError, OSError) as error:
        if isinstance(error, requests.exceptions.RequestException):
            raise
        raise requests.exceptions.ConnectionError("the answer broke off") from None
    return bytes(body)


def ask(line: Line, method: str, url: str, **how: Any) -> requests.Response:
    """The answer to one request, unless Microsoft has a fault. Raises NotReached."""
    try:
        answer = line.request(method, url, **how)
    except requests.exceptions.RequestException as error:
        raise not_reached(error) from None
    if answer.status_code == 429:
        raise NotReached(sent=False, wait=_retry_after(answer.headers))
    if answer.status_code >= 500:
        raise NotReached
    return answer


def not_reached(error: requests.exceptions.RequestException) -> NotReached:
    """What a failure of the network means. A handshake that failed has let nothing through."""
    untrusted = isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)
    # Its words hold the address that was asked for, and so a person's.
    log.warning("microsoft.not_reached", error="UntrustedCertificate" if untrusted else type(error).__name__)
    return NotReached(sent=not (untrusted or never_left(error)))


def _retry_after(headers: Mapping[str, str]) -> timedelta:
    said = headers.get("Retry-After", "")
    return timedelta(seconds=min(int(said), 60) if said.isascii() and said.isdigit() else 10)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the sign-in says of a directory: its id, and where people sign in to it."""

    directory: str
    sign_in_page: str

    @property
    def consent_page(self) -> str:
        """Where its administrator lets an app in (fact sheet 4.2)."""
        return self.sign_in_page.removesuffix("/oauth2/v2.0/authorize") + "/v2.0/adminconsent"


def discover(cloud: Cloud, name: str) -> Discovery:
    """The directory of a domain that it has verified, or of an id.

    Raises Denied with 90002 where there is none, NotReached.
    """
    answer = ask(Line(cloud), "GET", f"{cloud.login}/{name}/v2.0/.well-known/openid-configuration")
    if answer.status_code in _NO_SUCH_DIRECTORY:
        raise Denied(90002)
    try:
        said = answer.json()
        issuer, page = str(said["issuer"]), str(said["authorization_endpoint"])
    except (ValueError, KeyError, TypeError):
        raise NotReached from None
    directory = issuer.removeprefix(f"{cloud.login}/").removesuffix("/v2.0")
    if issuer != cloud.issuer(directory) or not GUID.fullmatch(directory):
        raise NotReached
    return Discovery(directory, page)


# A secret, or a key pair as msal takes it: {"private_key": PEM, "public_certificate": PEM}.
Credential = str | Mapping[str, str]


def application(cloud: Cloud, directory: str, client_id: str, credential: Credential) -> Any:
    """msal's client of an app in a directory, or in ANY_DIRECTORY. Raises Denied, NotReached."""
    # Imported where it is used, as the package takes its time.
    from msal import ConfidentialClientApplication

    line = Line(cloud)
    try:
        return ConfidentialClientApplication(
            client_id,
            authority=f"{cloud.login}/{directory}",
            client_credential=credential if isinstance(credential, str) else dict(credential),
            instance_discovery=False,
            azure_region=False,
            http_client=line,
            # No token is wanted for later.
            exclude_scopes=["offline_access"],
        )
    except ValueError:
        # What the package raises for a directory that is not there, and for an answer that is no JSON.
        if line.last_status in _NO_SUCH_DIRECTORY:
            raise Denied(90002) from None
        raise NotReached from None
    except requests.exceptions.RequestException as error:
        raise not_reached(error) from None
    except broken():
        raise NotReached from None


def broken() -> tuple[type[Exception], ...]:
    """What the package raises where a fault's page came instead of JSON; it has several ways to say so."""
    from msal.exceptions import MsalError

    return (MsalError, ValueError, RuntimeError, KeyError, TypeError)


def token_from(said: Mapping[str, Any]) -> str:
    """The access token of an answer of msal's. Raises Denied."""
    token = said.get("access_token")
    if isinstance(token, str) and token:
        return token
    raise Denied(number_of(said))


def number_of(said: Mapping[str, Any]) -> int:
    """The AADSTS number of a refusal, 0 where there is none."""
    codes = said.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = _CODE.search(str(said.get("error_description", "")))
    return int(found[1]) if found else 0


class Tokens:
    """App tokens, kept in memory until they run out. Safe to share between threads."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kept: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, directory: str, client_id: str, credential: Credential, scope: str) -> str:
        """A token for an app in a directory. Raises Denied, NotReached."""
        key = self._key(directory, client_id, credential)
        with self._lock:
            app = self._kept.get(key)
        if app is None:
            app = application(self._cloud, directory, client_id, credential)
            with self._lock:
                if len(self._kept) > 200:
                    self._kept.clear()
                self._kept[key] = app
        try:
            return token_from(app.acquire_token_for_client([scope]))
        except Denied:
            # The package would give the same answer for a minute.
            self._drop(key)
            raise
        except requests.exceptions.RequestException as error:
            raise not_reached(error) from None
        except broken():
            raise NotReached from None

    def forget(self, directory: str, client_id: str, credential: Credential) -> None:
        """Fetch a new token next time, as this one was refused."""
        self._drop(self._key(directory, client_id, credential))

    def _drop(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)

    @staticmethod
    def _key(directory: str, client_id: str, credential: Credential) -> str:
        secret = credential if isinstance(credential, str) else json.dumps(dict(credential), sort_keys=True)
        return sealing.fingerprint("\n".join((directory, client_id, secret)))
