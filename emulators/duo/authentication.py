"""Who calls the Auth or Admin API: the keys, the signature and the clock (push-and-login fact sheet 2.3 and 2.4)."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from flask import Request

from emulators.duo.account import APPLICATIONS
from emulators.duo.calls import signed_call
from emulators.duo.errors import RefusedError
from emulators.duo.signature import recognise

TOLERANCE_SECONDS = 300


def authenticate(call: Request, api: str, now: float) -> str:
    """Which signature the call carries (see `recognise`). Raises RefusedError 40101 to 40106 and 40301.

    `api` is `auth` or `admin`, `now` is Unix seconds. Which of two faults Duo names first is [inferred].
    """
    login = call.authorization
    if login is None or login.type != "basic" or not login.username:
        raise RefusedError(40101)
    application = APPLICATIONS.get(login.username)
    if application is None:
        raise RefusedError(40102)
    _check_date(call.headers.get("Date", ""), now)
    kind = recognise(signed_call(call), application.secret, login.password or "")
    if kind is None:
        raise RefusedError(40103)
    if application.api != api:
        raise RefusedError(40301, "Wrong integration type for this API.")
    return kind


def _check_date(text: str, now: float) -> None:
    if not text:
        raise RefusedError(40104)
    try:
        date = parsedate_to_datetime(text)
        # `-0000` says UTC, and Python then leaves the zone out.
        moment = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise RefusedError(40105) from None
    if abs(moment - now) > TOLERANCE_SECONDS:
        raise RefusedError(40105)
