"""Posts webhooks the way Twilio does: signed forms, in their own threads, so that no REST call waits for them."""

from __future__ import annotations

import http.client
import logging
import secrets
import threading
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from emulators.twilio.account import ACCOUNT_SID, AUTH_TOKEN
from emulators.twilio.errors import HOOK_CONNECT_FAILED, HOOK_REFUSED, delivery_error
from emulators.twilio.faults import Faults
from emulators.twilio.messages import API_VERSION, Message
from emulators.twilio.schedule import Schedule
from emulators.twilio.signature import sign
from emulators.twilio.store import Store

CONNECT_SECONDS = 5
ANSWER_SECONDS = 15
WRONG_TOKEN = "not-the-token"

log = logging.getLogger(__name__)


def is_hook_url(url: str) -> bool:
    """Whether Twilio would call `url`: http or https, plain ASCII, a host name without an underscore."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host and url.isascii() and port_is_fine


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS)
    connection.connect()
    connection.sock.settimeout(ANSWER_SECONDS)
    return connection


class Webhooks:
    """Sends status callbacks and inbound messages; the faults bend them."""

    def __init__(self, store: Store, faults: Faults, schedule: Schedule) -> None:
        self._store = store
        self._faults = faults
        self._schedule = schedule

    def status(self, message: Message) -> None:
        """Tell the message's StatusCallback, if it has one, of the status it has now."""
        mode = self._faults.callbacks
        if not message.status_callback or mode == "off":
            return
        url = message.status_callback
        fields = _status_fields(message)
        delay = self._faults.seconds("callback_delay_seconds")
        token = secrets.token_hex(16)

        def once() -> None:
            self._in_background(lambda: self._post(url, fields, token))

        self._schedule.after(delay, once)
        if mode == "duplicated":
            self._schedule.after(delay + 0.05, once)

    def inbound(self, message: Message, url: str) -> None:
        """Post an inbound message to the webhook of our number."""
        fields = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsMessageSid": message.sid,
            "AccountSid": ACCOUNT_SID,
            "From": message.sender,
            "To": message.to,
            "Body": message.body,
            "NumMedia": "0",
            "NumSegments": str(message.segments),
            "SmsStatus": "received",
            "ApiVersion": API_VERSION,
            "FromCountry": "US",
            "FromCity": "",
            "FromState": "DC",
            "FromZip": "",
            "ToCountry": "US",
            "ToCity": "",
            "ToState": "DC",
            "ToZip": "",
        }
        token = secrets.token_hex(16)
        self._in_background(lambda: self._post(url, fields, token))

    def _in_background(self, job: Callable[[], None]) -> None:
        threading.Thread(target=job, name="twilio-webhook", daemon=True).start()

    def _post(self, url: str, fields: dict[str, str], token: str) -> None:
        """One retry, and only where no connection was made; an answer of any kind is final."""
        secret = WRONG_TOKEN if self._faults.callbacks == "bad_signature" else AUTH_TOKEN
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "Accept": "*/*",
            "User-Agent": "TwilioProxy/1.1",
            "I-Twilio-Idempotency-Token": token,
            "X-Twilio-Signature": sign(url, fields, secret),
        }
        note = {"url": url, "sid": fields["MessageSid"], "status": fields["SmsStatus"]}
        for attempt in (1, 2):
            try:
                connection = _connect(url)
            except OSError:
                if attempt == 2:
                    self._store.log_callback({**note, "answer": None, "attempts": 2, "error": HOOK_CONNECT_FAILED})
                continue
            try:
                parts = urlsplit(url)
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", target, urlencode(fields), headers)
                status = connection.getresponse().status
                error = HOOK_REFUSED if status >= 400 else None
                self._store.log_callback({**note, "answer": status, "attempts": attempt, "error": error})
            except (OSError, http.client.HTTPException):
                self._store.log_callback({**note, "answer": None, "attempts": attempt, "error": HOOK_CONNECT_FAILED})
            finally:
                connection.close()
            return


def _status_fields(message: Message) -> dict[str, str]:
    fields = {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": API_VERSION,
        "From": message.sender,
        "To": message.to,
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": message.status,
        "SmsStatus": message.status,
    }
    if message.service_sid:
        fields["MessagingServiceSid"] = message.service_sid
    if message.error_code:
        fields["ErrorCode"] = str(message.error_code)
        fields["ErrorMessage"] = delivery_error(message.error_code)
    if message.status in ("delivered", "undelivered"):
        fields["RawDlrDoneDate"] = message.updated.strftime("%y%m%d%H%M")
    return fields
