"""The tokens that the product signs: the request of the prompt, and the proof of who it is (fact sheet 1.3 and 1.4)."""

from __future__ import annotations

from urllib.parse import urlsplit

from emulators.duo import jwt
from emulators.duo.account import WEB_SDK
from emulators.duo.jwt import BadTokenError, Claims

LONGEST_LIFE_SECONDS = 300
LEEWAY_SECONDS = 60
STATE_LENGTHS = range(16, 1025)


def _signed(token: str, audience: str, now: float) -> Claims:
    """The claims of a token of our product, meant for `audience` and in time; `exp` is a float in duo-universal's.

    That an `exp` of more than five minutes ahead is refused is [inferred].
    """
    claims = jwt.decode(token, WEB_SDK.secret)
    if claims.get("iss") != WEB_SDK.key:
        raise BadTokenError("iss is not the client id")
    if claims.get("aud") != audience:
        raise BadTokenError(f"aud is not {audience}")
    ends = claims.get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        raise BadTokenError("exp is missing")
    if ends < now - LEEWAY_SECONDS:
        raise BadTokenError("it has expired")
    if ends > now + LONGEST_LIFE_SECONDS + LEEWAY_SECONDS:
        raise BadTokenError("it lives longer than five minutes")
    return claims


def check_client(token: str, client_id: str, endpoint: str, now: float) -> None:
    """Whether `token` proves to `endpoint` (its full URL) that `client_id` calls. Raises BadTokenError."""
    if client_id != WEB_SDK.key:
        raise BadTokenError("the client is unknown")
    claims = _signed(token, endpoint, now)
    if claims.get("sub") != client_id:
        raise BadTokenError("sub is not the client id")
    if not claims.get("jti"):
        raise BadTokenError("jti is missing")


def check_request(token: str, client_id: str, base: str, now: float) -> Claims:
    """The claims of the prompt's request; its audience is the host without a path. Raises BadTokenError."""
    if client_id != WEB_SDK.key:
        raise BadTokenError("the client is unknown")
    claims = _signed(token, base, now)
    expected = {"client_id": client_id, "response_type": "code", "scope": "openid"}
    for name, value in expected.items():
        if claims.get(name) != value:
            raise BadTokenError(f"{name} is not {value}")
    for name in ("state", "redirect_uri", "duo_uname"):
        if not isinstance(claims.get(name), str) or not claims[name]:
            raise BadTokenError(f"{name} is missing")
    if len(claims["state"]) not in STATE_LENGTHS:
        raise BadTokenError("state is not 16 to 1024 characters long")
    if not _is_web_address(claims["redirect_uri"]):
        raise BadTokenError("redirect_uri is not a web address")
    return claims


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
