"""JSON web tokens with HS512, the one algorithm of Duo's OIDC, written out from RFC 7519 and RFC 7515.

duo-universal brings a library for the same; the emulator does not use it, so that a misunderstanding shows. It also
makes the tokens that must be refused: with another algorithm, or with none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

_DIGESTS = {"HS512": hashlib.sha512, "HS256": hashlib.sha256}

Claims = dict[str, Any]


class BadTokenError(Exception):
    """The token is not one that its sender should have sent; the text says why, in words fit for an answer."""


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(claims: Claims, secret: str, algorithm: str = "HS512") -> str:
    """The compact token; `algorithm` is HS512, HS256, or `none` for one without a signature."""
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    head = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    if algorithm == "none":
        return f"{head}."
    return f"{head}.{_encoded(hmac.digest(secret.encode(), head.encode(), _DIGESTS[algorithm]))}"


def decode(token: str, secret: str) -> Claims:
    """The claims of a token whose HS512 signature is right. Raises BadTokenError; the claims are not judged."""
    head, _, signature = token.rpartition(".")
    try:
        header, claims = (json.loads(_decoded(part)) for part in head.split("."))
        presented = _decoded(signature)
    except ValueError:
        raise BadTokenError("it is not a JSON web token") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadTokenError("it is not a JSON web token")
    if header.get("alg") != "HS512":
        raise BadTokenError("the algorithm is not HS512")
    if not hmac.compare_digest(presented, hmac.digest(secret.encode(), head.encode(), hashlib.sha512)):
        raise BadTokenError("the signature is wrong")
    return claims
