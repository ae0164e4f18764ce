"""The faults that can be switched on, each with a sentence for people and a check of its value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulators.twilio.callee import read_script
from emulators.twilio.calls import EVENTS
from emulators.twilio.errors import DELIVERY_ERRORS, REFUSALS

Value = bool | int | float | str

CALLBACK_MODES = ("normal", "off", "duplicated", "reordered", "bad_signature")


def _times(value: object) -> Value:
    if isinstance(value, bool) or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError("true, false, or for how many requests")


def _switch(value: object) -> Value:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _seconds(value: object) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 36000:
        return value
    raise ValueError("seconds, 0 to 36000")


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


def _code_among(known: Mapping[int, object]) -> Callable[[object], Value]:
    def check(value: object) -> Value:
        if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or value in known):
            return value
        raise ValueError("0, or one of " + ", ".join(str(code) for code in sorted(known)))

    return check


@dataclass(frozen=True)
class Fault:
    """One fault: what it does in a sentence, its value when all is well, and what values it takes."""

    about: str
    default: Value
    check: Callable[[object], Value]


FAULTS: dict[str, Fault] = {
    "down": Fault("Every connection is dropped without an answer.", False, _times),
    "http_500": Fault("Every request is answered with 500 and code 20500.", False, _times),
    "rate_limit_429": Fault("Every request is answered with 429 and code 20429.", False, _times),
    "slow_seconds": Fault("Every request waits this long before anything is done with it.", 0, _seconds),
    "accept_then_drop_answer": Fault(
        "The next so many messages or calls are accepted and sent off, but the answer is lost.", False, _times
    ),
    "call_accept_then_drop_answer": Fault(
        "The next so many calls, and no messages, are accepted and placed, but the answer is lost.", False, _times
    ),
    "hang_before_accept_seconds": Fault("A message or call is accepted only after this wait.", 0, _seconds),
    "hang_after_accept_seconds": Fault(
        "A message or call is accepted and sent off, but the answer waits this long.", 0, _seconds
    ),
    "refuse_code": Fault("Every new message is refused with this code.", 0, _code_among(REFUSALS)),
    "call_refuse_code": Fault("Every new call is refused with this code.", 0, _code_among(REFUSALS)),
    "call_script": Fault(
        "Every call is met like this, unless its number has a script of its own.", "person", _call_script
    ),
    "queue_delay_seconds": Fault("Messages and calls stay queued this long before they are sent off.", 0, _seconds),
    "undelivered_code": Fault("Messages are sent, then undelivered with this code.", 0, _code_among(DELIVERY_ERRORS)),
    "no_receipts": Fault("Messages arrive, but the carrier never confirms it: they stay 'sent'.", False, _switch),
    "callbacks": Fault(
        "Status callbacks are normal, off, duplicated, reordered, or carry a bad_signature.", "normal", _callbacks
    ),
    "missing_call_event": Fault("The callback of this event of a call is lost on its way.", "", _event),
    "callback_delay_seconds": Fault("Status callbacks come this much late.", 0, _seconds),
}


class Faults:
    """The current values; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._values: dict[str, Value] = {name: fault.default for name, fault in FAULTS.items()}

    def clear(self) -> None:
        """Everything works again, and what waits is let go."""
        with self._lock:
            self._wake.set()
            self._wake = threading.Event()
            self._values = {name: fault.default for name, fault in FAULTS.items()}

    def change(self, wanted: Mapping[str, object]) -> None:
        """Set the named faults, all of them or none. Raises ValueError with a sentence."""
        checked: dict[str, Value] = {}
        for name, value in wanted.items():
            if name not in FAULTS:
                raise ValueError(f"There is no fault '{name}'. There are: {', '.join(FAULTS)}.")
            try:
                checked[name] = FAULTS[name].check(value)
            except ValueError as reason:
                raise ValueError(f"'{name}' takes {reason}.") from None
        with self._lock:
            self._values.update(checked)

    def describe(self) -> dict[str, dict[str, Value]]:
        """name -> {"value", "default", "about"}."""
        with self._lock:
            return {
                name: {"value": self._values[name], "default": fault.default, "about": fault.about}
                for name, fault in FAULTS.items()
            }

    def strikes(self, name: str) -> bool:
        """Whether the fault `name` hits this request; one that counts requests is counted down."""
        with self._lock:
            value = self._values[name]
            if isinstance(value, bool):
                return value
            left = int(value)
            if left:
                self._values[name] = left - 1 if left > 1 else False
            return left > 0

    def seconds(self, name: str) -> float:
        """The current wait of `name`, in seconds."""
        with self._lock:
            return float(self._values[name])

    def wait(self, name: str) -> None:
        """Sleep the current wait of `name`, but no longer than until the next `clear`."""
        with self._lock:
            seconds, wake = float(self._values[name]), self._wake
        wake.wait(seconds)

    def code(self, name: str) -> int:
        """The current error code of `name`, 0 for none."""
        with self._lock:
            return int(self._values[name])

    def text(self, name: str) -> str:
        """The current value of `name`, where it is a text."""
        with self._lock:
            return str(self._values[name])

    @property
    def callbacks(self) -> str:
        """One of CALLBACK_MODES."""
        return self.text("callbacks")
