"""The faults that can be switched on, each with a sentence for people and a check of its value."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Value = bool | int | float | str

DOWN_MODES = ("closed", "refused")
_PAUSE_STEP = 0.05


def _times(value: object) -> Value:
    if isinstance(value, bool) or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError("true, false, or how many times")


def _switch(value: object) -> Value:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _seconds(value: object) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 36000:
        return value
    raise ValueError("seconds, 0 to 36000")


def _down(value: object) -> Value:
    if value is False or (isinstance(value, str) and value in DOWN_MODES):
        return value
    raise ValueError("false, or one of " + ", ".join(DOWN_MODES))


@dataclass(frozen=True)
class Fault:
    """One fault: what it does in a sentence, its value when all is well, and what values it takes."""

    about: str
    default: Value
    check: Callable[[object], Value]


FAULTS: dict[str, Fault] = {
    "down": Fault("New connections are closed without a greeting, or refused.", False, _down),
    "slow_greeting_seconds": Fault("The greeting of a new connection waits this long.", 0, _seconds),
    "refuse_login": Fault("No login is accepted: always, or on the next so many connections.", False, _times),
    "accept_then_drop_answer": Fault(
        "The next so many messages are kept, but the connection is dropped before the answer.", False, _times
    ),
    "bounce_later": Fault(
        "The next so many messages are accepted, then returned to the sender by a report.", False, _times
    ),
    "bounce_delay_seconds": Fault("The report of bounce_later is made after this wait.", 1, _seconds),
    "greylist": Fault("A sender's first try at a recipient is put off with 451; the next is taken.", False, _switch),
    "slow_recipient_seconds": Fault("A recipient slow@ is answered after this wait.", 5, _seconds),
}


class Faults:
    """The current values; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = 0
        self._values: dict[str, Value] = {name: fault.default for name, fault in FAULTS.items()}

    def clear(self) -> None:
        """Everything works again, and what waits is let go."""
        with self._lock:
            self._turn += 1
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
        """Whether the fault `name` hits this time; one that counts is counted down."""
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

    async def pause(self, name: str) -> None:
        """Wait as long as `name` says now, but no longer than until the next `clear`."""
        turn, until = self._turn, time.monotonic() + self.seconds(name)
        # `clear` is called from another thread than the loop's: looking now and then is simpler than waking.
        while self._turn == turn and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _PAUSE_STEP))

    @property
    def down(self) -> str:
        """One of DOWN_MODES, or empty."""
        with self._lock:
            return str(self._values["down"] or "")
