"""Opens a message's link as mail scanners and preview agents do, before or beside the person.

Seen in the field (channel fact sheet 5.6): HEAD then GET within seconds, two GETs, fetches by previews and prefetches.
Only addresses of this machine are opened.
"""

from __future__ import annotations

import http.client
import ipaddress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from emulators.mail.messages import now
from emulators.twilio.loopback import LOOPBACK_HOSTS

TIMEOUT_SECONDS = 10
MOST_HOPS = 5
MOST_BYTES = 1024 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 "
    "Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
}
# As public server logs show Microsoft's link preview.
_PREVIEW = {
    "User-Agent": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Accept": "*/*",
}


@dataclass(frozen=True)
class Kind:
    """A way to open a link: its button, the methods one after the other, and the headers."""

    label: str
    methods: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=lambda: dict(_BROWSER))


KINDS: dict[str, Kind] = {
    "head": Kind("HEAD", ("HEAD",)),
    "get": Kind("GET", ("GET",)),
    "get_twice": Kind("GET twice", ("GET", "GET")),
    "preview": Kind("GET as a preview", ("GET",), _PREVIEW),
    "prefetch": Kind("GET as a prefetch", ("GET",), {**_BROWSER, "Sec-Purpose": "prefetch"}),
}


@dataclass(frozen=True)
class Hop:
    """One request and the status that came back; `status` is None where none came, and `problem` says why."""

    method: str
    url: str
    status: int | None
    problem: str = ""


@dataclass(frozen=True)
class Scan:
    """One press of a scanner's button: when, which kind, which link, and every request it made."""

    at: datetime
    kind: str
    link: str
    hops: tuple[Hop, ...]

    def to_json(self) -> dict[str, Any]:
        """`at` (ISO 8601), `as` (a key of KINDS), `link`, `requests` of `method`, `url`, `status`, `problem`."""
        return {
            "at": self.at.isoformat(timespec="milliseconds"),
            "as": self.kind,
            "link": self.link,
            "requests": [
                {"method": hop.method, "url": hop.url, "status": hop.status, "problem": hop.problem}
                for hop in self.hops
            ],
        }


def leads_here(url: str) -> bool:
    """Whether `url` is an http(s) address of this very machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # a wrong port is noticed only when it is asked for
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    try:
        return host in LOOPBACK_HOSTS or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def scan(kind: str, link: str) -> Scan:
    """Open `link` as `kind`, a key of KINDS, redirects included. Nothing that goes wrong on the way is raised."""
    how = KINDS[kind]
    hops = [hop for method in how.methods for hop in _follow(method, link, how.headers)]
    return Scan(now(), kind, link, tuple(hops))


def _follow(method: str, url: str, headers: dict[str, str]) -> list[Hop]:
    hops: list[Hop] = []
    while len(hops) < MOST_HOPS:
        if not leads_here(url):
            return [*hops, Hop(method, url, None, "leads away from this machine and was not opened")]
        hop, location = _ask(method, url, headers)
        hops.append(hop)
        if hop.status not in REDIRECTS or not location:
            return hops
        try:
            url = urljoin(url, location)
        except ValueError:
            return [*hops, Hop(method, location, None, "is no address")]
    return hops


def _ask(method: str, url: str, headers: dict[str, str]) -> tuple[Hop, str]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(parts.hostname or "", parts.port or (443 if secure else 80), timeout=TIMEOUT_SECONDS)
    # What stands in a mail need not be a proper address: spaces and letters beyond ASCII are sent as a browser would.
    target = quote(parts.path or "/", "/%:;=@!$&'()*+,~") + (
        f"?{quote(parts.query, '/%:;=@!$&()*+,~?')}" if parts.query else ""
    )
    try:
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        answer.read(MOST_BYTES)
        return Hop(method, url, answer.status), answer.getheader("Location", "")
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return Hop(method, url, None, f"no answer ({type(problem).__name__})"), ""
    finally:
        connection.close()
