"""The id_token that ends a sign-in at Duo's prompt (push-and-login fact sheet 1.6), and those that must be refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from emulators.duo import jwt
from emulators.duo.account import WEB_SDK
from emulators.duo.jwt import Claims
from emulators.duo.users import User

LIFE_SECONDS = 300
_PLACE = {"city": "Washington", "state": "District of Columbia", "country": "United States"}


@dataclass(frozen=True)
class SignIn:
    """How somebody got through the prompt: the name as the product spelled it, Duo's user if there is one, and why."""

    txid: str
    username: str
    user: User | None
    status: str
    reason: str
    at: float
    nonce: str = ""


def _user_claims(sign_in: SignIn) -> Claims:
    user = sign_in.user
    key, name = (user.user_id, user.username) if user else ("DU" + "0" * 17 + "9", sign_in.username)
    return {"key": key, "name": name, "groups": ["Technicians"]}


def _context(sign_in: SignIn) -> Claims:
    user, phone = sign_in.user, sign_in.user.push_phone if sign_in.user else None
    pressed = sign_in.reason == "user_approved"
    return {
        "txid": sign_in.txid,
        "timestamp": int(sign_in.at),
        "isotimestamp": dt.datetime.fromtimestamp(int(sign_in.at), dt.UTC).isoformat(),
        "event_type": "authentication",
        "factor": "duo_push" if pressed else "not_available",
        "result": "success",
        "reason": sign_in.reason,
        "email": user.email if user else "",
        "alias": "",
        "ood_software": None,
        "access_device": {
            "ip": "198.51.100.7",
            "browser": "Chrome",
            "browser_version": "156.0",
            "os": "Windows",
            "os_version": "11",
            "host_name": None,
            "is_encryption_enabled": "unknown",
            "is_firewall_enabled": "unknown",
            "is_password_set": "unknown",
            "location": _PLACE,
        },
        "auth_device": {
            "ip": "203.0.113.9" if pressed else None,
            "name": phone.display_name if phone and pressed else None,
            "location": _PLACE,
        },
        "application": {"key": WEB_SDK.key, "name": WEB_SDK.name},
        "user": _user_claims(sign_in),
    }


def claims_of(sign_in: SignIn, issuer: str, issued: float) -> Claims:
    """The claims of a correct token; `issuer` is the full URL of the token endpoint, times are Unix seconds."""
    claims: Claims = {
        "iss": issuer,
        "aud": WEB_SDK.key,
        "sub": sign_in.username,
        "preferred_username": sign_in.username,
        "iat": int(issued),
        "exp": int(issued) + LIFE_SECONDS,
        "auth_time": int(sign_in.at),
        "auth_result": {"result": "allow", "status": sign_in.status, "status_msg": "Login Successful"},
        "auth_context": _context(sign_in),
    }
    return {**claims, "nonce": sign_in.nonce} if sign_in.nonce else claims


def _denied(claims: Claims) -> None:
    claims["auth_result"] = {"result": "deny", "status": "deny", "status_msg": "Login request denied."}
    claims["auth_context"] |= {"result": "failure", "reason": "user_disapproved"}


_CHANGES: dict[str, Callable[[Claims], object]] = {
    "auth_result_deny": _denied,
    "auth_result_missing": lambda claims: claims.pop("auth_result"),
    "username_case": lambda claims: claims.update(preferred_username=claims["preferred_username"].swapcase()),
    "username_missing": lambda claims: claims.pop("preferred_username"),
    "other_username": lambda claims: claims.update(preferred_username="somebody.else@northgate.example"),
    "wrong_issuer": lambda claims: claims.update(iss="https://api-elsewhere.northgate.example/oauth/v1/token"),
    "wrong_audience": lambda claims: claims.update(aud="DIEMULATOR0000000009"),
    "wrong_nonce": lambda claims: claims.update(nonce="not-the-nonce-that-was-sent"),
    "exp_missing": lambda claims: claims.pop("exp"),
    "iat_missing": lambda claims: claims.pop("iat"),
}
_SIGNINGS = {"wrong_key": ("HS512", "0" * 40), "hs256": ("HS256", WEB_SDK.secret), "alg_none": ("none", "")}

TOKEN_KINDS = ("correct", *_CHANGES, *_SIGNINGS)


def id_token(claims: Claims, kind: str) -> str:
    """The signed token; `kind` is one of TOKEN_KINDS. It may change `claims`."""
    if kind in _CHANGES:
        _CHANGES[kind](claims)
    algorithm, secret = _SIGNINGS.get(kind, ("HS512", WEB_SDK.secret))
    return jwt.encode(claims, secret, algorithm)
