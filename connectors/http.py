"""The one HTTP session behind every connector: time limits, safe repeats, size limits and silence about secrets.

A connector asks :class:`PsaSession` for an :class:`Answer` and maps its status to an error of
:mod:`connectors.base` itself, because PSAs mean different things by the same status. What means the same
everywhere is decided here: no usable answer is :class:`~connectors.base.Unavailable`, status 429 is
:class:`~connectors.base.RateLimited`.

Nothing that this module logs or raises holds a key, a hash, a cookie, a header or a query string.
"""

from __future__ import annotations

import contextvars
import ipaddress
import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import parse_header_links
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from connectors.base import BadCredentials, RateLimited, Rejected, Unavailable
from connectors.discipline import Gate, Limits
from connectors.ledger import SqliteLedger

INTERACTIVE_TIMEOUT: Final = 3.0
"""Seconds that a person who waits for a page is made to wait for one connection or one silence."""

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
DEFAULT_WAIT: Final = 30.0
"""Seconds to wait after a 429 that does not say how long."""

LONGEST_WAIT: Final = 3600.0
_REPEATABLE_STATUS: Final = frozenset({502, 503, 504})
_CHUNK: Final = 64 * 1024

logger = logging.getLogger(__name__)
_sending: contextvars.ContextVar[bool] = contextvars.ContextVar("psa_sending", default=False)


def _not_ours(_record: logging.LogRecord) -> bool:
    return not _sending.get()


# urllib3 writes whole URLs, query string included, to its own loggers. Only the lines of our calls are dropped;
# other users of urllib3 in the same process keep theirs.
for _name in ("urllib3.connectionpool", "urllib3.connection"):
    logging.getLogger(_name).addFilter(_not_ours)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a metrics hook sees it.

    ``path_template`` holds no record ids (``/service/tickets/{id}``), ``status`` is 0 where no usable answer came,
    ``seconds`` is wall time including the body. A repeated request is two calls.
    """

    method: str
    path_template: str
    status: int
    seconds: float


Observer = Callable[[Call], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. ``data`` is the parsed JSON, or None with ``is_json`` False where the body is not JSON."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    is_json: bool = field(repr=False)
    data: Any = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def link(self, rel: str) -> str | None:
        """The URL of the ``Link`` header entry with this ``rel``, or None."""
        for entry in parse_header_links(self.headers.get("Link", "")):
            if entry.get("rel") == rel:
                return entry.get("url")
        return None


@dataclass(frozen=True, slots=True)
class _Outcome:
    answer: Answer | None
    failure: Unavailable | None
    repeatable: bool


class PsaSession:
    """HTTP for one PSA. Safe to share between threads; holds no cookies and follows no redirects.

    ``psa`` is the PSA's name as messages show it. ``timeout`` is seconds, for the connection and for each wait for
    bytes; ``total`` seconds bound a whole request with its repeat (three times ``timeout`` unless given; measured
    between reads, so a last read may pass it by one ``timeout``). Proxy and ``.netrc`` settings of the environment
    are ignored, because a ``.netrc`` entry would replace the Authorization header. Plain http is refused except to
    this machine, unless ``allow_plain_http``. Every call passes ``gate``; without one, a gate of this session's own.
    """

    def __init__(
        self,
        psa: str,
        *,
        timeout: float = INTERACTIVE_TIMEOUT,
        total: float | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        observer: Observer | None = None,
        allow_plain_http: bool = False,
        gate: Gate | None = None,
    ) -> None:
        self.psa = psa
        self._gate = gate or Gate(SqliteLedger(), "", psa, Limits())
        self._timeout = timeout
        self._total = total if total is not None else 3 * timeout
        self._max_bytes = max_bytes
        self._observer = observer
        self._allow_plain_http = allow_plain_http
        self._session = requests.Session()
        self._session.trust_env = False
        # A cookie that one answer sets must never ride along with another person's request.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for prefix in ("https://", "http://"):
            self._session.mount(prefix, HTTPAdapter(max_retries=0, pool_maxsize=16))

    def __repr__(self) -> str:
        return f"PsaSession({self.psa!r})"

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        template: str,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        reads: bool | None = None,
        part: str = "",
        own_keys: bool = True,
    ) -> Answer:
        """Send one request and return its answer, whatever the status except 429.

        ``template`` names the path without ids and is all that logs and metrics see. ``body`` is sent as JSON unless
        None, ``form`` as form fields. ``reads`` says whether the request changes nothing, where its method does not
        tell: a POST that only queries. Such a request is repeated once, after a short random pause, when the connection
        failed or the answer was 502, 503 or 504; nothing else is ever repeated. ``part`` is what the PSA counts
        simultaneous calls by, where it counts by part. Without ``own_keys`` the request is made with somebody else's
        proof, or with none, and goes out although our keys are known to be refused.

        Raises Unavailable (``ambiguous`` where a request that changes something may have arrived), RateLimited,
        BadCredentials while the keys are known to be refused, and Rejected for an address that must not be called.
        """
        self._refuse_plain_http(url)
        prepared = self._prepare(method, url, params, headers, body, form)
        changes = not (method == "GET" if reads is None else reads)
        # A last read may pass the total by one time-out.
        with self._gate.passing(part, self._total + self._timeout, own_keys=own_keys):
            outcome = self._exchanged(prepared, template, changes)
        return self._judged(outcome)

    def keys_were_refused(self, words: str) -> BadCredentials:
        """The error to raise where the PSA refused the keys; they are not tried again for a minute."""
        self._gate.refused(words)
        return BadCredentials(words)

    def _exchanged(self, prepared: requests.PreparedRequest, template: str, changes: bool) -> _Outcome:
        deadline = time.monotonic() + self._total
        outcome = self._attempt(prepared, template, deadline, changes)
        if not changes and outcome.repeatable:
            pause = random.uniform(0.05, 0.25)  # noqa: S311 -- spreads repeats, decides nothing secret
            if time.monotonic() + pause < deadline:
                time.sleep(pause)
                self._gate.repeats()
                outcome = self._attempt(prepared, template, deadline, changes)
        return outcome

    def _judged(self, outcome: _Outcome) -> Answer:
        if outcome.answer is None:
            self._gate.failed()
            raise outcome.failure or Unavailable(f"{self.psa} gave no answer.")
        if outcome.answer.status in _REPEATABLE_STATUS:
            self._gate.failed()
        else:
            self._gate.answered()
        if outcome.answer.status == 429:
            wait = retry_after(outcome.answer.headers.get("Retry-After"))
            self._gate.told_to_wait(wait)
            raise RateLimited(
                f"{self.psa} is limiting our requests. Nothing was changed; try again in {wait:.0f} seconds.", wait
            )
        return outcome.answer

    def _refuse_plain_http(self, url: str) -> None:
        parts = urlsplit(url)
        allowed = parts.scheme == "https" or (
            parts.scheme == "http" and (self._allow_plain_http or is_loopback(parts.hostname or ""))
        )
        if not allowed:
            raise Rejected(f"{self.psa} is only called over https, so that keys cannot be read on the way.")

    def _prepare(
        self,
        method: str,
        url: str,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str] | None,
        body: object,
        form: Mapping[str, str] | None,
    ) -> requests.PreparedRequest:
        try:
            request = requests.Request(method, url, params=params, headers=dict(headers or {}), json=body, data=form)
            return self._session.prepare_request(request)
        except (requests.RequestException, ValueError):
            problem = Rejected(f"The request to {self.psa} holds characters that cannot be sent.")
        raise problem

    def _attempt(self, prepared: requests.PreparedRequest, template: str, deadline: float, changes: bool) -> _Outcome:
        method = prepared.method or ""
        started = time.monotonic()
        token = _sending.set(True)
        try:
            outcome = self._exchange(prepared, deadline, changes)
        finally:
            _sending.reset(token)
        call = Call(method, template, outcome.answer.status if outcome.answer else 0, time.monotonic() - started)
        logger.debug("%s: %s %s gave %d in %.3f s", self.psa, method, template, call.status, call.seconds)
        if self._observer is not None:
            try:
                self._observer(call)
            except Exception as problem:  # a broken metric must not break the call
                logger.warning("The metrics hook failed with %s", type(problem).__name__)
        return outcome

    def _exchange(self, prepared: requests.PreparedRequest, deadline: float, changes: bool) -> _Outcome:
        """Never raises: the exceptions of requests hold the URL and the headers, so none may become a context."""
        try:
            response = self._session.send(prepared, timeout=self._timeout, allow_redirects=False, stream=True)
        except requests.RequestException as problem:
            return self._unsent(problem, changes)
        except (HTTPError, OSError, ValueError):
            return self._failed("broke off the connection", ambiguous=changes, repeatable=True)
        with response:
            try:
                body = self._read(response, deadline)
            except (ReadTimeoutError, TimeoutError):
                return self._failed("stopped in the middle of its answer", ambiguous=changes)
            except (requests.RequestException, HTTPError, OSError, ValueError):
                return self._failed("broke off in the middle of its answer", ambiguous=changes, repeatable=True)
            if body is None:
                size = self._max_bytes // (1024 * 1024)
                return self._failed(f"sent more than {size} MB, which is not read", ambiguous=changes)
            is_json, data = _parse(body)
            again = response.status_code in _REPEATABLE_STATUS and "Retry-After" not in response.headers
            return _Outcome(Answer(response.status_code, response.headers, is_json, data), None, again)

    def _unsent(self, problem: requests.RequestException, changes: bool) -> _Outcome:
        if isinstance(problem, requests.exceptions.ConnectTimeout):
            return self._failed(f"did not take the connection within {self._timeout:g} seconds")
        if isinstance(problem, requests.exceptions.Timeout):
            return self._failed(f"did not answer within {self._timeout:g} seconds", ambiguous=changes)
        if isinstance(problem, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(problem):
            return self._failed("showed a certificate that is not trusted for this address")
        if isinstance(problem, requests.exceptions.ConnectionError):
            cause = problem.args[0] if problem.args else None
            never_sent = isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
            words = "cannot be reached at this address" if never_sent else "broke off the connection"
            return self._failed(words, ambiguous=changes and not never_sent, repeatable=True)
        return self._failed("could not be asked", ambiguous=changes)

    def _failed(self, words: str, *, ambiguous: bool = False, repeatable: bool = False) -> _Outcome:
        advice = "It may have done what was asked." if ambiguous else "Try again in a moment."
        return _Outcome(None, Unavailable(f"{self.psa} {words}. {advice}", ambiguous=ambiguous), repeatable)

    def _read(self, response: requests.Response, deadline: float) -> bytes | None:
        """The decoded body, or None where it is larger than the limit."""
        body = bytearray()
        # read1 returns what has arrived; read() would sit until a whole chunk is there, however slowly it drips.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._max_bytes:
                return None
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(body)


def _parse(body: bytes) -> tuple[bool, Any]:
    try:
        return True, json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False, None


def is_loopback(host: str) -> bool:
    """Whether a host name or address literal (no brackets, no port) is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def retry_after(header: str | None) -> float:
    """Seconds from a ``Retry-After`` header: a number of seconds or an HTTP date (RFC 9110, section 10.2.3).

    Between 0 and one hour; :data:`DEFAULT_WAIT` where the header is missing or makes no sense.
    """
    words = (header or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", words):
        return min(float(words), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(words)
    except (TypeError, ValueError):
        return DEFAULT_WAIT
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)


def plain_words(text: str, secrets: Iterable[str] = (), limit: int = 300) -> str:
    """A PSA's own words made fit for a message: one line, no control characters, no secret, at most ``limit`` long."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[hidden]")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


__all__ = [
    "DEFAULT_WAIT",
    "INTERACTIVE_TIMEOUT",
    "MAX_ANSWER_BYTES",
    "Answer",
    "Call",
    "Observer",
    "PsaSession",
    "is_loopback",
    "plain_words",
    "retry_after",
]
