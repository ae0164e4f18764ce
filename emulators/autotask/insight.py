"""The signed address that a vendor insight's frame is given, and what its signature may cover.

The parameters, their spelling and order were seen in the wild, as were a signature of twenty bytes in base64 and values
without percent-encoding. That it is an HMAC-SHA1 with the insight's secret, and what text it covers, is inferred:
`CANONICALISERS` holds every guess worth trying, and nothing else here depends on which is right.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

Pairs = Sequence[tuple[str, str]]

CANONICALISERS: dict[str, Callable[[str, Pairs], str]] = {
    "url": lambda url, pairs: f"{url}{_mark(url)}{query(pairs)}",
    "query": lambda url, pairs: query(pairs),
    "sorted": lambda url, pairs: query(sorted(pairs)),
    "values": lambda url, pairs: "".join(value for _, value in pairs),
    "keys": lambda url, pairs: dict(pairs).get("vendorsuppliedid", "") + dict(pairs).get("insightkey", ""),
}
LONGEST_SEARCH = 5000


@dataclass(frozen=True)
class Insight:
    """What the address is made of: the set-up row's URL, secret and keys."""

    url: str
    secret: str
    key: str
    supplied_id: str
    vendor: int


@dataclass(frozen=True)
class Look:
    """Who looks at what: the record, the resource, the theme."""

    entity: int
    resource: int
    dark: bool


@dataclass(frozen=True)
class Signing:
    """How the address is made: the canonicaliser, percent-encoding, the insight key, + and / in the signature."""

    canonicaliser: str = "url"
    encoded: bool = False
    with_key: bool = True
    with_plus: bool = False


def query(pairs: Pairs) -> str:
    """Name and value of each, as they are."""
    return "&".join(f"{name}={value}" for name, value in pairs)


def signature(insight: Insight, pairs: Pairs, canonicaliser: str) -> str:
    """The signature over the text that this canonicaliser makes, in base64."""
    text = CANONICALISERS[canonicaliser](insight.url, pairs)
    return base64.b64encode(hmac.new(insight.secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def signed(insight: Insight, look: Look, how: Signing) -> tuple[str, str]:
    """The address without its signature, and the signature as it stands in it."""
    for build in range(100_001, 100_001 + LONGEST_SEARCH):
        pairs = _pairs(insight, look, how, build)
        made = signature(insight, pairs, how.canonicaliser)
        # Only `keys` does not depend on the build, so that no search ends.
        if not how.with_plus or ("+" in made and "/" in made) or how.canonicaliser == "keys":
            break
    shown = [(name, quote(value, safe="")) for name, value in pairs] if how.encoded else pairs
    return f"{insight.url}{_mark(insight.url)}{query(shown)}", quote(made, safe="") if how.encoded else made


def _pairs(insight: Insight, look: Look, how: Signing, build: int) -> Pairs:
    pairs = [
        ("isdarktheme", str(look.dark)),
        ("psaversion", f"2026.2.1.{build}"),
        ("resourceid", str(look.resource)),
        ("insightkey", insight.key),
        ("vendorid", str(insight.vendor)),
        ("vendorsuppliedid", insight.supplied_id),
        ("entityid", str(look.entity)),
    ]
    return pairs if how.with_key else [pair for pair in pairs if pair[0] != "insightkey"]


def _mark(url: str) -> str:
    return "&" if "?" in url else "?"
