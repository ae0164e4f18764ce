"""What can be made to go wrong, and the settings of the account that a test may want otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulators.duo.id_tokens import TOKEN_KINDS

Value = bool | int | float | str

LONGEST_HANG_SECONDS = 600


def _times(value: object) -> Value:
    if isinstance(value, bool) or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError("true, false, or for how many requests")


def _switch(value: object) -> Value:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _between(lowest: int, highest: int) -> Callable[[object], Value]:
    def check(value: object) -> Value:
        if isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise ValueError(f"seconds, {lowest} to {highest}")

    return check


def _one_of(*words: str) -> Callable[[object], Value]:
    def check(value: object) -> Value:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError("one of " + ", ".join(words))

    return check


_SECONDS = _between(0, 36000)
_SHIFT = _between(-36000, 36000)


@dataclass(frozen=True)
class Fault:
    """One fault or setting: what it does in a sentence, its value when all is well, and what values it takes."""

    about: str
    default: Value
    check: Callable[[object], Value]


FAULTS: dict[str, Fault] = {
    "down": Fault("Every connection is dropped without an answer.", False, _times),
    "hang": Fault("Every request is taken and never answered, until a fault is changed.", False, _times),
    "slow_seconds": Fault("Every request waits this long before anything is done with it.", 0, _SECONDS),
    "bad_gateway": Fault("Every request is answered with 502 and a page of HTML.", False, _times),
    "rate_limit": Fault("Every request is answered with 429 and code 42901.", False, _times),
    "clock_skew_seconds": Fault("Duo's clock, or seen from there ours, is off by this much.", 0, _SHIFT),
    "admin_forbidden": Fault("The plan has no Admin API: its every call answers 40301.", False, _switch),
    "push_failed": Fault("No push reaches its phone: the status is push_failed, then timeout.", False, _switch),
    "never_answers": Fault("Pushes arrive, but nobody answers: presses and scripts do nothing.", False, _switch),
    "push_life_seconds": Fault("So long a push waits for its answer.", 60, _SECONDS),
    "poll_seconds": Fault("So long a question for the status waits for news.", 10, _SECONDS),
    "poll_without_news": Fault(
        "A question that waited in vain is answered with the old status (waiting), or with code 40002.",
        "waiting",
        _one_of("waiting", "40002"),
    ),
    "verified_push_life_seconds": Fault("So long a verification code of preauth can be used.", 60, _SECONDS),
    "verified_push_without_flag": Fault(
        "A push that lacks the verification code its policy demands is refused, or the demand is bypassed.",
        "refused",
        _one_of("refused", "bypassed"),
    ),
    "confirmation_code": Fault("The Admin API's verification push comes with a confirmation_code.", True, _switch),
    "new_users": Fault(
        "A user without a device is told to enroll, let in (allow) or kept out (deny).",
        "enroll",
        _one_of("enroll", "allow", "deny"),
    ),
    "simple_usernames": Fault("Names lose DOMAIN\\ and @suffix before they are looked up.", False, _switch),
    "prompt": Fault(
        "The prompt asks a person, or answers by itself: approve, deny, or never.",
        "ask",
        _one_of("ask", "approve", "deny", "never"),
    ),
    "denial_redirects": Fault("Who is denied at the prompt is sent back with an error parameter.", False, _switch),
    "opener_policy": Fault("The prompt sends Cross-Origin-Opener-Policy: same-origin.", True, _switch),
    "code_life_seconds": Fault("So long the code of the prompt can be exchanged.", 300, _SECONDS),
    "id_token": Fault("The id_token is correct, or wrong in this way.", "correct", _one_of(*TOKEN_KINDS)),
    "id_token_shift_seconds": Fault("Both times of the id_token are off by this much.", 0, _SHIFT),
}


class Faults:
    """The current values; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._values: dict[str, Value] = {name: fault.default for name, fault in FAULTS.items()}

    def clear(self) -> None:
        """Everything works again, and what waits is let go."""
        self._set({name: fault.default for name, fault in FAULTS.items()})

    def change(self, wanted: Mapping[str, object]) -> None:
        """Set the named faults, all of them or none; what waits is let go. Raises ValueError with a sentence."""
        checked: dict[str, Value] = {}
        for name, value in wanted.items():
            if name not in FAULTS:
                raise ValueError(f"There is no fault '{name}'. There are: {', '.join(FAULTS)}.")
            try:
                checked[name] = FAULTS[name].check(value)
            except ValueError as reason:
                raise ValueError(f"'{name}' takes {reason}.") from None
        self._set(checked)

    def _set(self, values: Mapping[str, Value]) -> None:
        with self._lock:
            self._values.update(values)
            self._wake.set()
            self._wake = threading.Event()

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

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until a fault is changed."""
        with self._lock:
            wake = self._wake
        wake.wait(seconds)

    def on(self, name: str) -> bool:
        """Whether the switch `name` is on."""
        with self._lock:
            return bool(self._values[name])

    def number(self, name: str) -> float:
        """The current number of `name`, in seconds."""
        with self._lock:
            return float(self._values[name])

    def word(self, name: str) -> str:
        """The current word of `name`."""
        with self._lock:
            return str(self._values[name])
