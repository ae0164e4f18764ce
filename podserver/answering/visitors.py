"""What a request says of the visitor who makes it: another site, or a program that presses by itself.

All of it can be forged by a program that wants to; it keeps out those that do not hide, and mail gateways mostly do
not. What stops the others is the typed number. docs/link-visitors.md says who is stopped by what.
"""

from __future__ import annotations

import re
from typing import Final

from werkzeug.datastructures import Headers

# What browsers say of a page that they fetch ahead of a press, now or in older releases.
_AHEAD: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
# Words in the User-Agent of programs. Cubot makes telephones.
_PROGRAMS: Final = re.compile(
    r"headless|phantomjs|selenium|puppeteer|playwright|slimerjs"
    r"|(?<!cu)bot\b|crawl|spider|preview|externalhit|safelinks|proofpoint|mimecast|barracuda"
    r"|python|curl/|wget|libwww|urllib|httpx|aiohttp|go-http-client|okhttp|\bjava/|httpclient|axios|node-fetch|undici"
    r"|powershell|postman|insomnia",
    re.IGNORECASE,
)


def from_another_site(headers: Headers, origin: str) -> bool:
    """Whether a browser says that a page of another site made it send this; ``origin`` is ours.

    Our page asks for ``no-referrer``, and so browsers call the origin of its form "null" (Fetch standard, "append a
    request Origin header"); that and a missing one prove nothing either way, and the page-bound proof decides. "none"
    is a person's own doing, such as a reload.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    return headers.get("Origin", "null") not in ("null", origin)


def is_automatic(headers: Headers) -> bool:
    """Whether this says of itself what a browser in a person's hand never says."""
    if any(re.search("prefetch|prerender|preview", headers.get(name, ""), re.IGNORECASE) for name in _AHEAD):
        return True
    agent = headers.get("User-Agent", "")
    if not agent or _PROGRAMS.search(agent) or "Headless" in headers.get("Sec-CH-UA", ""):
        return True
    return _is_scripted(headers)


def _is_scripted(headers: Headers) -> bool:
    """Whether a script sent this, and not a press on a button of the page.

    A form that is sent goes out as a navigation to a document. Chromium (which alone sends Sec-CH-UA) adds
    Sec-Fetch-User where a person's press or key was behind it; Safari never does (browser-compat-data).
    """
    if headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return True
    if headers.get("Sec-Fetch-Dest", "document") != "document":
        return True
    return "Sec-CH-UA" in headers and "Sec-Fetch-Mode" in headers and headers.get("Sec-Fetch-User") != "?1"
