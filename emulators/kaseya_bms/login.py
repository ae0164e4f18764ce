"""Log in with a form, refresh, and say who one is."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Request

from emulators.kaseya_bms.answers import Json, not_signed_in, ok, refusal
from emulators.kaseya_bms.call import Call
from emulators.kaseya_bms.faults import Faults
from emulators.kaseya_bms.incoming import now
from emulators.kaseya_bms.rights import API_ACCESS_FEATURE, listed
from emulators.kaseya_bms.seed import TENANT, TENANT_ID
from emulators.kaseya_bms.store import Record, Store

_STEP = 30


def authenticate(store: Store, faults: Faults, source: Request) -> Json:
    """`POST /v2/security/authenticate`, multipart or urlencoded; another body is a form without fields."""
    form = {name.lower(): value for name, value in source.form.items()}
    if form.get("granttype", "").lower() != "password":
        raise refusal(400, "The grant type is not supported.", kind="login")
    user = _user(store, form.get("username", ""))
    known = user is not None and user["isActive"] and form.get("tenant", "").strip().lower() == TENANT.lower()
    if user is None or not known or form.get("password") != user["password"]:
        raise refusal(401, "Invalid user name, password or company name.", kind="login")
    if faults.on("revoked") or faults.on("sso_only"):
        raise refusal(401, "Invalid user name, password or company name.", kind="login")
    if user["totpSecret"] and not _second_factor(store, user, form.get("mfacode", "")):
        raise refusal(401, "The MFA code is missing or not valid.", kind="login")
    return _pair(store.issue(user["id"], faults.seconds("token_seconds")))


def refresh(store: Store, faults: Faults, source: Request) -> Json:
    """`POST /v2/security/refreshtoken`: both tokens rotate, and the old pair is dead."""
    form = {name.lower(): value for name, value in source.form.items()}
    entry = store.token(form.get("accesstoken", ""))
    if entry is None or form.get("refreshtoken") != entry["refresh"] or entry["refreshUntil"] < time.time():
        raise refusal(401, "The refresh token is not valid.", kind="login")
    if faults.on("revoked"):
        raise refusal(401, "The refresh token is not valid.", kind="login")
    store.end_token(entry["access"])
    return _pair(store.issue(entry["user"], faults.seconds("token_seconds")))


def signed_in(store: Store, faults: Faults, authorization: str) -> Record:
    """The caller of a bearer token. Raises 401 for a missing, ended or expired one, and for one without API access."""
    scheme, _, token = authorization.partition(" ")
    entry = store.token(token.strip()) if scheme.lower() == "bearer" else None
    user = None if entry is None else store.get("users", entry["user"])
    if entry is None or user is None or entry["until"] <= time.time() or faults.on("revoked"):
        raise not_signed_in()
    if not user["isActive"] or not user["hasApiAccess"] or faults.on("no_api_access"):
        raise not_signed_in("The user has no access to the API.")
    return user


def user_info(call: Call) -> Json:
    """`GET /v2/security/userinfo`."""
    user = call.user
    return ok(
        {
            "userId": user["id"],
            "fullName": user["name"],
            "emailAddress": user["emailAddress"],
            "timeStamp": now(),
            "timeZoneValue": 0.0,
            "timeZoneName": "(UTC) Coordinated Universal Time",
            "olsonTimeZoneName": "Etc/UTC",
            "dateFormat": "MM/dd/yyyy",
            "timeFormat": "hh:mm tt",
            "timeFormatWithSeconds": "hh:mm:ss tt",
            "tenantId": TENANT_ID,
            "accountId": None,
            "locationId": None,
            "contactId": None,
            "businessName": TENANT,
            "userAccessRights": listed(call.rights()),
            "specialFeatures": [{"id": API_ACCESS_FEATURE}],
            "viewsMenus": [],
            "queuesMenus": [],
            "currencyCode": "USD",
            "cultureCode": "en-US",
            "filesVersionNumber": None,
            "newTicketingUI": True,
            "isUserSystemAdmin": False,
            "productName": "BMS",
            "pictureUrl": None,
            "openIdRealmId": None,
        }
    )


def sso_status(faults: Faults, source: Request) -> Json:
    """`GET /v2/security/ssostatus`, which needs no token."""
    tenant = {name.lower(): value for name, value in source.args.items()}.get("tenant", "")
    enabled = faults.on("sso_only") and tenant.strip().lower() == TENANT.lower()
    return ok({"enabled": enabled, "loginEndpointUrl": "https://sso.northgate.example/saml" if enabled else None})


def code_now(secret: str, at: float | None = None) -> str:
    """The one-time code of a secret at this moment, or at a UNIX time."""
    return _totp(secret).generate(int(time.time() if at is None else at)).decode()


def _second_factor(store: Store, user: Record, code: str) -> bool:
    """Whether the code fits now, or a step off as clocks differ, and is newer than the last that was used."""
    clock = int(time.time())
    for when in (clock - _STEP, clock, clock + _STEP):
        try:
            _totp(user["totpSecret"]).verify(code.encode(), when)
        except InvalidToken:
            continue
        return store.use_code(user["id"], when // _STEP)
    return False


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), 6, SHA1(), _STEP)  # noqa: S303 - what authenticator apps speak


def _user(store: Store, login: str) -> Record | None:
    return next((row for row in store.rows("users") if row["login"].lower() == login.strip().lower()), None)


def _pair(entry: Record) -> Json:
    def until(name: str) -> Any:
        return datetime.fromtimestamp(entry[name], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return ok(
        {
            "accessToken": entry["access"],
            "refreshToken": entry["refresh"],
            "accessTokenExpireOn": until("until"),
            "refreshTokenExpireOn": until("refreshUntil"),
        }
    )
