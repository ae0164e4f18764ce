"""How calls of Duo's Auth and Admin API are signed (push-and-login fact sheet 2.3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

Pair = tuple[bytes, bytes]


@dataclass(frozen=True)
class SignedCall:
    """What of a call is under its signature.

    `date` is the header as sent, `host` the bare name without the port, `path` the path as sent, `query` and `form` the
    decoded parameters, `body` the bytes of a JSON body and empty otherwise. `x_duo` holds the headers whose names begin
    with X-Duo-.
    """

    date: str
    method: str
    host: str
    path: str
    query: list[Pair] = field(default_factory=list)
    form: list[Pair] = field(default_factory=list)
    body: bytes = b""
    x_duo: Mapping[str, str] = field(default_factory=dict)


def parameter_line(pairs: Iterable[Pair]) -> str:
    """The parameters percent-encoded, sorted by encoded name and then value, joined with `&`."""
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _header_text(headers: Mapping[str, str]) -> str:
    lowered = {name.lower(): value for name, value in headers.items()}
    return "\0".join(part for name in sorted(lowered) for part in (name, lowered[name]))


def signed_text(call: SignedCall, version: int) -> str:
    """The lines that are signed, for version 2, 4 or 5."""
    lines = [call.date, call.method.upper(), call.host.lower(), call.path]
    if version == 2:
        return "\n".join([*lines, parameter_line([*call.query, *call.form])])
    lines += [parameter_line(call.query), hashlib.sha512(call.body).hexdigest()]
    if version == 5:
        lines.append(hashlib.sha512(_header_text(call.x_duo).encode()).hexdigest())
    return "\n".join(lines)


def signature(call: SignedCall, secret: str, version: int, digest: str = "sha512") -> str:
    """The keyed hash in lower-case hexadecimal; `digest` is `sha512`, or `sha1` for version 2."""
    return hmac.new(secret.encode(), signed_text(call, version).encode(), digest).hexdigest()


def recognise(call: SignedCall, secret: str, presented: str) -> str | None:
    """Which signature `presented` is: `v5`, `v4`, `v2-sha512`, `v2-sha1`; None if it is none of them.

    A call does not say which version it is signed with. A form belongs to version 2, a JSON body to 4 and 5.
    """
    candidates = [("v5", 5, "sha512"), ("v4", 4, "sha512"), ("v2-sha512", 2, "sha512"), ("v2-sha1", 2, "sha1")]
    for name, version, digest in candidates:
        belongs = not call.body if version == 2 else not call.form
        if belongs and hmac.compare_digest(signature(call, secret, version, digest).encode(), presented.encode()):
            return name
    return None
