"""The faults that can be switched on, each with a sentence for people and a check of its value."""

from __future__ import annotations

from collections.abc import Mapping

from emulators.switchboard import Check, Fault, Switchboard, Value, seconds, switch, times
from emulators.twilio.callee import read_script
from emulators.twilio.calls import EVENTS
from emulators.twilio.errors import DELIVERY_ERRORS, REFUSALS

CALLBACK_MODES = ("normal", "off", "duplicated", "reordered", "bad_signature")


def _callbacks(value: object) -> Value:
    if isinstance(value, str) and value in CALLBACK_MODES:
        return value
    raise ValueError("one of " + ", ".join(CALLBACK_MODES))


def _call_script(value: object) -> Value:
    try:
        read_script(value if isinstance(value, str) else "?")
    except ValueError as reason:
        # The sentence about the value ends with a full stop of its own.
        raise ValueError(f"the script of a number: {str(reason).rstrip('.')}") from None
    return value if isinstance(value, str) and value else "person"


def _event(value: object) -> Value:
    if isinstance(value, str) and value in ("", *EVENTS):
        return value
    raise ValueError("an empty text, or one of " + ", ".join(EVENTS))


def _code_among(known: Mapping[int, object]) -> Check:
    def check(value: object) -> Value:
        if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or value in known):
            return value
        raise ValueError("0, or one of " + ", ".join(str(code) for code in sorted(known)))

    return check


FAULTS: dict[str, Fault] = {
    "down": Fault("Every connection is dropped without an answer.", False, times),
    "http_500": Fault("Every request is answered with 500 and code 20500.", False, times),
    "rate_limit_429": Fault("Every request is answered with 429 and code 20429.", False, times),
    "slow_seconds": Fault("Every request waits this long before anything is done with it.", 0, seconds),
    "accept_then_drop_answer": Fault(
        "The next so many messages or calls are accepted and sent off, but the answer is lost.", False, times
    ),
    "call_accept_then_drop_answer": Fault(
        "The next so many calls, and no messages, are accepted and placed, but the answer is lost.", False, times
    ),
    "hang_before_accept_seconds": Fault("A message or call is accepted only after this wait.", 0, seconds),
    "hang_after_accept_seconds": Fault(
        "A message or call is accepted and sent off, but the answer waits this long.", 0, seconds
    ),
    "refuse_code": Fault("Every new message is refused with this code.", 0, _code_among(REFUSALS)),
    "call_refuse_code": Fault("Every new call is refused with this code.", 0, _code_among(REFUSALS)),
    "call_script": Fault(
        "Every call is met like this, unless its number has a script of its own.", "person", _call_script
    ),
    "queue_delay_seconds": Fault("Messages and calls stay queued this long before they are sent off.", 0, seconds),
    "undelivered_code": Fault("Messages are sent, then undelivered with this code.", 0, _code_among(DELIVERY_ERRORS)),
    "no_receipts": Fault("Messages arrive, but the carrier never confirms it: they stay 'sent'.", False, switch),
    "callbacks": Fault(
        "Status callbacks are normal, off, duplicated, reordered, or carry a bad_signature.", "normal", _callbacks
    ),
    "missing_call_event": Fault("The callback of this event of a call is lost on its way.", "", _event),
    "callback_delay_seconds": Fault("Status callbacks come this much late.", 0, seconds),
}


class Faults(Switchboard):
    """The current values of Twilio's faults."""

    def __init__(self) -> None:
        super().__init__(FAULTS)

    def code(self, name: str) -> int:
        """The current error code of `name`, 0 for none."""
        return int(self.number(name))

    @property
    def callbacks(self) -> str:
        """One of CALLBACK_MODES."""
        return self.text("callbacks")
