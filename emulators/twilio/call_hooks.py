"""What Twilio asks and tells about calls: TwiML is fetched, progress and the machine detection's verdict are posted."""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Callable
from typing import Any

from emulators.twilio.account import ACCOUNT_SID
from emulators.twilio.calls import ENDED, Call
from emulators.twilio.errors import (
    HOOK_CONNECT_FAILED,
    HOOK_REFUSED,
    TWIML_TOO_LARGE,
    WRONG_CONTENT_TYPE,
)
from emulators.twilio.faults import Faults
from emulators.twilio.hook_client import BODY_LIMIT, HookAnswer, call_hook
from emulators.twilio.live_call import Document
from emulators.twilio.messages import API_VERSION, now, rfc2822
from emulators.twilio.schedule import Schedule
from emulators.twilio.store import Store
from emulators.twilio.twiml import TwimlError, Verb, parse
from emulators.twilio.webhooks import signing_secret

XML_TYPES = ("text/xml", "application/xml")
# An event is posted once the one before was answered, so that they arrive in order; but a slow hook holds up the next
# only this long. An event whose turn never comes, because of a reset, is not waited for longer than that.
ORDER_SECONDS, TURN_SECONDS = 0.5, 60.0


class _Turn:
    """The place of one callback in the row of its call's: whether its request has begun, and has ended."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()


class CallHooks:
    """Signed requests about calls; the faults bend them."""

    def __init__(self, store: Store, faults: Faults, schedule: Schedule) -> None:
        self._store = store
        self._faults = faults
        self._schedule = schedule
        self._lock = threading.Lock()
        self._last: dict[str, _Turn] = {}
        self._held: dict[str, Callable[[], None]] = {}

    def clear(self) -> None:
        """Forget what waits for its turn."""
        with self._lock:
            self._last.clear()
            self._held.clear()

    def progress(self, call: Call, event: str) -> None:
        """Tell the StatusCallback of `event`, if it was asked for. A call that ends is "completed", however it ended.

        Only the events that were asked for are numbered; one that a fault swallows leaves a gap [inferred].
        """
        mode = self._faults.callbacks
        if not call.status_callback or event not in call.events:
            return
        number = self._store.calls.take_number(call.sid)
        if mode == "off" or self._faults.text("missing_call_event") == event:
            return
        url, method, token = call.status_callback, call.status_callback_method, secrets.token_hex(16)
        fields = _progress_fields(call, event, number)

        def post() -> None:
            self._log(url, fields, call_hook(url, fields, signing_secret(self._faults), token, method))

        last_one = call.status in ENDED
        if mode == "reordered" and not last_one and self._hold(call.sid, post):
            return
        for _ in range(2 if mode == "duplicated" else 1):
            self._in_turn(call.sid, post)
        with self._lock:
            held = self._held.pop(call.sid, None)
        if held:
            self._in_turn(call.sid, held)
        if last_one:
            with self._lock:
                self._last.pop(call.sid, None)

    def twiml(self, call: Call, document: Document) -> list[Verb]:
        """Ask `document.url` what to do; the verbs of its answer. Raises TwimlError."""
        fields = {**voice_fields(call), **document.fields}
        answer = call_hook(document.url, fields, signing_secret(self._faults), secrets.token_hex(16), document.method)
        try:
            verbs = _read(answer)
        except TwimlError as error:
            self._log(document.url, fields, answer, error.code)
            raise
        self._log(document.url, fields, answer)
        return verbs

    def verdict(self, call: Call, milliseconds: int) -> None:
        """Tell the AsyncAmdStatusCallback, if there is one, who answered."""
        url, method = call.verdict_callback, call.verdict_callback_method
        if not url or self._faults.callbacks == "off":
            return
        fields = {
            "CallSid": call.sid,
            "AccountSid": ACCOUNT_SID,
            "AnsweredBy": call.answered_by or "unknown",
            "MachineDetectionDuration": str(milliseconds),
        }

        def post() -> None:
            answer = call_hook(url, fields, signing_secret(self._faults), secrets.token_hex(16), method)
            self._log(url, {**fields, "CallStatus": call.status}, answer)

        threading.Thread(target=post, name="twilio-webhook", daemon=True).start()

    def _hold(self, sid: str, post: Callable[[], None]) -> bool:
        """Keep an event back until the next one was posted; False where one is kept back already."""
        with self._lock:
            return self._held.setdefault(sid, post) is post

    def _in_turn(self, sid: str, post: Callable[[], None]) -> None:
        turn = _Turn()
        with self._lock:
            before, self._last[sid] = self._last.get(sid), turn

        def job() -> None:
            if before and before.begun.wait(TURN_SECONDS):
                before.ended.wait(ORDER_SECONDS)
            turn.begun.set()
            try:
                post()
            finally:
                turn.ended.set()

        delay = self._faults.seconds("callback_delay_seconds")
        thread = threading.Thread(target=job, name="twilio-webhook", daemon=True)
        if delay:
            self._schedule.after(delay, thread.start)
        else:
            thread.start()

    def _log(self, url: str, fields: dict[str, str], answer: HookAnswer, error: int | None = None) -> None:
        entry: dict[str, Any] = {
            "url": url,
            "sid": fields["CallSid"],
            "status": fields["CallStatus"],
            "answer": answer.status,
            "attempts": answer.attempts,
            "error": error or answer.error,
        }
        self._store.log_callback(entry)


def _read(answer: HookAnswer) -> list[Verb]:
    if answer.status is None:
        raise TwimlError(answer.error or HOOK_CONNECT_FAILED, "no answer")
    if not 200 <= answer.status < 300:
        raise TwimlError(HOOK_REFUSED, f"the answer was {answer.status}")
    if answer.content_type not in XML_TYPES:
        raise TwimlError(WRONG_CONTENT_TYPE, f"'{answer.content_type}' is no XML")
    if len(answer.body) > BODY_LIMIT:
        raise TwimlError(TWIML_TOO_LARGE, "more than 64 KB")
    return parse(answer.body)


def voice_fields(call: Call) -> dict[str, str]:
    """What every request about a call carries."""
    return {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Direction": "outbound-api",
        "From": call.sender,
        "To": call.to,
        "Caller": call.sender,
        "Called": call.to,
        **_geography("From", call.sender),
        **_geography("To", call.to),
        **_geography("Caller", call.sender),
        **_geography("Called", call.to),
    }


def _geography(party: str, number: str) -> dict[str, str]:
    """Country and state as far as the demo's numbers tell; Twilio leaves blank what it does not know."""
    return {
        f"{party}City": "",
        f"{party}State": "DC" if number.startswith("+1202") else "",
        f"{party}Zip": "",
        f"{party}Country": "US" if number.startswith("+1") else "",
    }


def _progress_fields(call: Call, event: str, number: int) -> dict[str, str]:
    fields = {
        **voice_fields(call),
        "Timestamp": rfc2822(now()) or "",
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(number),
    }
    if event == "initiated":
        fields["CallStatus"] = "initiated"  # the resource has no such status: there it still is queued
    if call.answered_by:
        fields["AnsweredBy"] = call.answered_by  # seen in captured payloads, not in Twilio's table
    if call.status in ENDED:
        fields["CallDuration"] = str(call.seconds)
        fields["Duration"] = str(math.ceil(call.seconds / 60))
        if call.sip_code:
            fields["SipResponseCode"] = str(call.sip_code)
    return fields
