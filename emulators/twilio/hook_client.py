"""One signed request to somebody's webhook, with Twilio's time-outs and retries.

The part of a URL after `#` may override them: `ct` and `rt` (connect and read, ms), `tt` (all of it, ms), `rc`
(retries) and `rp` (what is retried: 4xx, 5xx, ct, rt, all).
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from emulators.twilio.errors import HOOK_CONNECT_FAILED, HOOK_REFUSED
from emulators.twilio.signature import sign

BODY_LIMIT = 64 * 1024


def is_hook_url(url: str) -> bool:
    """Whether Twilio would call `url`: http or https, plain ASCII, a host name without an underscore."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host and url.isascii() and port_is_fine


@dataclass(frozen=True)
class Patience:
    """How long a webhook is waited for, in seconds, and what is tried again how often."""

    connect: float = 5
    read: float = 15
    total: float = 15
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> Patience:
        """What the fragment of `url` asks for; what is out of its range is left at the default."""
        asked = dict(parse_qsl(urlsplit(url).fragment))

        def number(name: str, default: float, lowest: int, highest: int, scale: int) -> float:
            text = asked.get(name, "")
            return int(text) / scale if text.isdecimal() and lowest <= int(text) <= highest else default

        return cls(
            connect=number("ct", cls.connect, 100, 10_000, 1000),
            read=number("rt", cls.read, 100, 15_000, 1000),
            total=number("tt", cls.total, 100, 15_000, 1000),
            retries=int(number("rc", cls.retries, 0, 5, 1)),
            policy=frozenset(asked["rp"].split(",")) if asked.get("rp") else cls.policy,
        )

    def covers(self, trouble: str) -> bool:
        """Whether `trouble` (ct, rt, 4xx, 5xx, or nothing) is a reason to try again."""
        return bool(trouble) and bool(self.policy & {trouble, "all"})


@dataclass(frozen=True)
class HookAnswer:
    """What came back: `status` is None and `error` one of Twilio's codes where nothing did.

    `body` is cut one byte after BODY_LIMIT.
    """

    status: int | None
    error: int | None
    attempts: int
    content_type: str = ""
    body: bytes = b""


def call_hook(url: str, fields: Mapping[str, str], secret: str, token: str, method: str = "POST") -> HookAnswer:
    """POST `fields` to `url` as a form, or GET it with them in the query, signed with `secret`.

    `token` is the idempotency token, the same for all attempts. Any answer is final unless the URL's policy says
    otherwise; by default only a connection that was not made is tried once more.
    """
    patience = Patience.of(url)
    address, body = url.partition("#")[0], None
    headers = {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": token}
    if method == "GET":
        address += ("&" if urlsplit(address).query else "?") + urlencode(fields)
        headers["X-Twilio-Signature"] = sign(address, {}, secret)
    else:
        body = urlencode(fields)
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        headers["X-Twilio-Signature"] = sign(address, fields, secret)
    deadline = time.monotonic() + patience.total
    for attempt in range(1, patience.retries + 2):
        answer, trouble = _try(address, method, body, headers, patience, attempt, deadline)
        if not patience.covers(trouble) or time.monotonic() >= deadline:
            break
    return answer


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body, but no more than one byte over the limit. Raises TimeoutError when it comes too slowly."""
    content = b""
    while len(content) <= BODY_LIMIT and (piece := response.read1(BODY_LIMIT + 1 - len(content))):
        content += piece
        if time.monotonic() > deadline:
            raise TimeoutError
    return content


def _try(
    url: str,
    method: str,
    body: str | None,
    headers: Mapping[str, str],
    patience: Patience,
    attempt: int,
    deadline: float,
) -> tuple[HookAnswer, str]:
    """One attempt: its answer, and what was wrong in the words of the retry policy."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    left = max(deadline - time.monotonic(), 0.001)
    connection = kind(parts.hostname or "", parts.port, timeout=min(patience.connect, left))
    try:
        connection.connect()
    except OSError:
        connection.close()
        return HookAnswer(None, HOOK_CONNECT_FAILED, attempt), "ct"
    try:
        connection.sock.settimeout(min(patience.read, max(deadline - time.monotonic(), 0.001)))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, dict(headers))
        response = connection.getresponse()
        content = _read(response, deadline)
    except (OSError, http.client.HTTPException):
        return HookAnswer(None, HOOK_CONNECT_FAILED, attempt), "rt"
    finally:
        connection.close()
    status, content_type = response.status, response.headers.get_content_type()
    if "Content-Type" not in response.headers:
        content_type = ""
    error = HOOK_REFUSED if status >= 400 else None
    return HookAnswer(status, error, attempt, content_type, content), f"{status // 100}xx" if error else ""
