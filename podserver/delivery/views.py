"""Doors for providers. Each callback is proven by its signature before a byte of it is believed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, request
from sqlalchemy import select

from podserver.configuration import Settings
from podserver.database import db, now, release, writing
from podserver.delivery import inbox
from podserver.delivery.models import OutboxRow, SmsAccount
from podserver.delivery.sms import STATUS_PATH
from podserver.history.service import Entry, Kind, Subject, record
from podserver.logs import logger
from podserver.tenancy import across_tenants, bind_tenant

blueprint = Blueprint("delivery", __name__)
log = logger(__name__)

_SID = re.compile(r"(SM|MM)[0-9a-f]{32}")
_ERROR_CODE = re.compile(r"[0-9]{1,6}")
_RECEIPT_KEY = re.compile(r"[a-z2-7]{26}")
_STATUSES = frozenset(
    {"accepted", "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled", "read"}
)


@dataclass(frozen=True, slots=True)
class Proven:
    """A callback that Twilio has signed: about which row, for which message or call, with which error number."""

    outbox_id: str
    sid: str
    code: str
    at: datetime


@blueprint.post(f"{STATUS_PATH}<receipt_key>")
def twilio_status(receipt_key: str) -> Any:
    """A message's status. Public; proven by X-Twilio-Signature over the URL we gave and whatever fields came."""
    proven = prove(receipt_key, _SID, "MessageSid")
    if isinstance(proven, tuple):
        return proven
    status = request.form.get("MessageStatus", "")
    if status not in _STATUSES:
        return "", 400
    session = db.session()
    with writing(session):
        stored = inbox.store_status(
            session, outbox_id=proven.outbox_id, reference=proven.sid, status=status, code=proven.code, at=proven.at
        )
    if stored is not None:
        inbox.apply(session, current_app.extensions["exchange"], stored, proven.at)
    return "", 204


def prove(receipt_key: str, form_of_sid: re.Pattern[str], name_of_sid: str) -> Proven | tuple[str, int]:
    """The callback as far as it is proven, else the answer that refuses it. The session is bound to the tenant.

    The tenant is found by the opaque id in the path, never by what the body says, and the body's account must then
    be that tenant's.
    """
    at, session = now(), db.session()
    row = None
    if _RECEIPT_KEY.fullmatch(receipt_key):
        with across_tenants(session):
            row = session.scalar(select(OutboxRow).where(OutboxRow.receipt_key == receipt_key))
    if row is None:
        log.warning("twilio.unknown_callback")
        return "", 403
    outbox_id, subject, reference = row.id, row.subject, row.provider_ref
    bind_tenant(session, row.tenant_id)
    account = session.scalar(select(SmsAccount))
    release(session)
    if account is None or not _signed(account.auth_token):
        log.warning("twilio.forged_callback", outbox=outbox_id)
        with writing(session):
            record(session, at, Entry(Kind.FORGED_CALLBACK, Subject(verification=subject)))
        return "", 403
    sid, code = request.form.get(name_of_sid, ""), request.form.get("ErrorCode", "")
    if request.form.get("AccountSid") != account.account_sid or not form_of_sid.fullmatch(sid):
        return "", 400
    if reference and reference != sid:
        return "", 400
    return Proven(outbox_id, sid, code if _ERROR_CODE.fullmatch(code) else "", at)


def _signed(auth_token: str) -> bool:
    from twilio.request_validator import RequestValidator

    settings: Settings = current_app.extensions["settings"]
    # The URL as we gave it to Twilio, from configuration and the raw path: a proxy's headers decide nothing, and
    # Flask's own request.url decodes escapes and would break the signature (channels fact sheet 2.3).
    url = settings.base_url + request.environ.get("RAW_URI", request.path)
    signature = request.headers.get("X-Twilio-Signature", "")
    if request.mimetype != "application/x-www-form-urlencoded":
        # The validator would accept a JSON body unread.
        return False
    try:
        return bool(RequestValidator(auth_token).validate(url, request.form, signature))
    except Exception:
        # What the validator cannot even read, Twilio did not sign.
        return False
