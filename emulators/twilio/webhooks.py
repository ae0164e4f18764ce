"""Posts webhooks the way Twilio does: signed forms, in their own threads, so that no REST call waits for them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from emulators.twilio.account import ACCOUNT_SID, AUTH_TOKEN
from emulators.twilio.errors import delivery_error
from emulators.twilio.faults import Faults
from emulators.twilio.hook_client import call_hook
from emulators.twilio.messages import API_VERSION, Message
from emulators.twilio.schedule import Schedule
from emulators.twilio.store import Store

WRONG_TOKEN = "not-the-token"


def signing_secret(faults: Faults) -> str:
    """The account's token, or a wrong one while the faults want that."""
    return WRONG_TOKEN if faults.callbacks == "bad_signature" else AUTH_TOKEN


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
        answer = call_hook(url, fields, signing_secret(self._faults), token)
        self._store.log_callback(
            {
                "url": url,
                "sid": fields["MessageSid"],
                "status": fields["SmsStatus"],
                "answer": answer.status,
                "attempts": answer.attempts,
                "error": answer.error,
            }
        )


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
