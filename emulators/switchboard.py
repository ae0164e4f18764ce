"""What the switches of every stand-in share: a table of faults, each checked before it is set, and counted down.

A stand-in has a table of its own and a class that adds what only it knows. A value of a counting fault is true, false,
or for how many requests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Value = bool | int | float | str | dict[str, str]
Check = Callable[[object], Value]

LONGEST_SECONDS = 36000


def times(value: object) -> Value:
    """A check: always, never, or for so many requests."""
    if isinstance(value, bool) or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError("true, false, or for how many requests")


def switch(value: object) -> Value:
    """A check: on or off."""
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def seconds_between(lowest: int, highest: int) -> Check:
    """A check: a number of seconds in this range."""

    def check(value: object) -> Value:
        if isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise ValueError(f"seconds, {lowest} to {highest}")

    return check


seconds = seconds_between(0, LONGEST_SECONDS)


@dataclass(frozen=True)
class Fault:
    """One fault: what it does in a sentence, its value when all is well, and what values it takes."""

    about: str
    default: Value
    check: Check


class Switchboard:
    """The current values of a table of faults; safe to use from several threads."""

    def __init__(self, faults: Mapping[str, Fault], *, change_lets_go: bool = False) -> None:
        """`change_lets_go`: what waits is let go by any change, not only by :meth:`clear`."""
        self._faults = faults
        self._change_lets_go = change_lets_go
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._values = self._at_rest()

    def clear(self) -> None:
        """Everything works again, and what waits is let go."""
        with self._lock:
            self._values = self._at_rest()
            self._let_go()

    def change(self, wanted: Mapping[str, object]) -> None:
        """Set the named faults, all of them or none. Raises ValueError with a sentence."""
        with self._lock:
            self._values.update({name: self._checked(name, value) for name, value in wanted.items()})
            if self._change_lets_go:
                self._let_go()

    def describe(self) -> dict[str, dict[str, Value]]:
        """name -> {"value", "default", "about"}."""
        with self._lock:
            return {
                name: {"value": self._values[name], "default": fault.default, "about": fault.about}
                for name, fault in self._faults.items()
            }

    def strikes(self, name: str) -> bool:
        """Whether the fault `name` hits this request; one that counts requests is counted down."""
        with self._lock:
            value = self._values[name]
            if isinstance(value, bool):
                return value
            left = int(_plain(value))
            if left:
                self._values[name] = left - 1 if left > 1 else False
            return left > 0

    def on(self, name: str) -> bool:
        """Whether the switch `name` is on."""
        with self._lock:
            return bool(self._values[name])

    def number(self, name: str) -> int | float:
        """The current number of `name`."""
        with self._lock:
            value = self._values[name]
        assert isinstance(value, int | float)
        return value

    def seconds(self, name: str) -> float:
        """The current wait of `name`, in seconds."""
        return float(self.number(name))

    def text(self, name: str) -> str:
        """The current text of `name`."""
        with self._lock:
            return str(self._values[name])

    def wait(self, how_long: str | float) -> None:
        """Sleep for the current wait of a fault, or for so many seconds, but no longer than until things are let go."""
        with self._lock:
            wait = _plain(self._values[how_long]) if isinstance(how_long, str) else how_long
            wake = self._wake
        wake.wait(float(wait))

    def _checked(self, name: str, value: object) -> Value:
        """The value as it is kept; called with the lock held. Raises ValueError with a sentence."""
        if name not in self._faults:
            raise ValueError(f"There is no fault '{name}'. There are: {', '.join(self._faults)}.")
        try:
            return self._faults[name].check(value)
        except ValueError as reason:
            raise ValueError(f"'{name}' takes {reason}.") from None

    def _let_go(self) -> None:
        self._wake.set()
        self._wake = threading.Event()

    def _at_rest(self) -> dict[str, Value]:
        return {
            name: dict(fault.default) if isinstance(fault.default, dict) else fault.default
            for name, fault in self._faults.items()
        }


def _plain(value: Value) -> bool | int | float | str:
    assert not isinstance(value, dict)
    return value
