"""What an id_token of Microsoft's says, and whether it is for us. Pure; msal reads the token and checks nothing but the
nonce.

The token comes from Microsoft's own endpoint over TLS, which stands in for its signature (OpenID Connect Core
3.1.3.7). What must agree: push-and-login fact sheet 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from podserver.delivery.microsoft import GUID, Cloud

# Clocks differ.
_LEEWAY: Final = timedelta(minutes=2)


class BadToken(Exception):
    """The token is not for us, or not for now; the message says which part of it, in a word or two."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who has signed in. ``upn`` and ``email`` are in lower case, and empty where the token does not say.

    ``guest`` says that the account is at home in another directory; ``second_factor`` that Microsoft says that one
    was asked for.
    """

    directory: str
    object_id: str
    upn: str
    email: str
    guest: bool
    second_factor: bool


def read(claims: Mapping[str, Any], cloud: Cloud, client_id: str, begun_at: datetime, at: datetime) -> Account:
    """The account of a token that answers a sign-in begun at ``begun_at``. Raises BadToken."""
    directory = _text(claims, "tid").lower()
    if not GUID.fullmatch(directory):
        raise BadToken("directory")
    issuer = _text(claims, "iss")
    if issuer != cloud.issuer(directory):
        raise BadToken("issuer")
    if claims.get("aud") != client_id:
        raise BadToken("audience")
    if _time(claims, "exp") < at - _LEEWAY or _time(claims, "nbf", at) > at + _LEEWAY:
        raise BadToken("time")
    if _time(claims, "iat") < begun_at - _LEEWAY:
        raise BadToken("age")
    object_id = _text(claims, "oid").lower()
    if not GUID.fullmatch(object_id):
        raise BadToken("account")
    upn = _text(claims, "preferred_username").casefold()
    # Where somebody is a guest, Microsoft names the identity provider that is theirs (ID token reference: idp, acct).
    at_home = _text(claims, "idp") in ("", issuer) or directory in _text(claims, "idp").lower()
    amr = claims.get("amr")
    return Account(
        directory=directory,
        object_id=object_id,
        upn=upn,
        email=_text(claims, "email").casefold(),
        guest=not at_home or "#ext#" in upn or claims.get("acct") == 1,
        second_factor=isinstance(amr, list) and "mfa" in amr,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip()[:400] if isinstance(value, str) else ""


def _time(claims: Mapping[str, Any], name: str, default: datetime | None = None) -> datetime:
    value = claims.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**40:
        raise BadToken("time")
    return datetime.fromtimestamp(value, UTC)
