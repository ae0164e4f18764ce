"""The faults that can be switched on, each with a sentence for people and a check of its value."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulators.entra.errors import SIGN_IN
from emulators.entra.people import METHOD_OF_PREFERENCE
from emulators.entra.seed import DEFAULT_RESULTS

Value = bool | int | float | str | dict[str, str]

AUTHORIZE_ERRORS = (
    "access_denied",
    "consent_required",
    "interaction_required",
    "login_required",
    "server_error",
    "temporarily_unavailable",
)
CONSENT_ERRORS = ("access_denied", "consent_required", "server_error", "temporarily_unavailable")
ANSWERS = ("approve", "deny", "fraud")

_RESULT = re.compile(r"[A-Za-z]+(/(true|false|challenge|absent))?")


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


def _number(lowest: int, highest: int) -> Callable[[object], Value]:
    def check(value: object) -> Value:
        if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or lowest <= value <= highest):
            return value
        raise ValueError(f"0, or {lowest} to {highest}")

    return check


def _text(value: object) -> Value:
    if isinstance(value, str):
        return value
    raise ValueError("a text")


def _one_of(names: tuple[str, ...]) -> Callable[[object], Value]:
    def check(value: object) -> Value:
        if isinstance(value, str) and value in ("", *names):
            return value
        raise ValueError("an empty text, or one of " + ", ".join(names))

    return check


def _sign_in_number(value: object) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or value in SIGN_IN):
        return value
    raise ValueError("0, or one of " + ", ".join(str(number) for number in sorted(SIGN_IN)))


def _result(value: object) -> Value:
    if value == "" or (isinstance(value, str) and _RESULT.fullmatch(value)):
        return value
    raise ValueError("a Result/Value such as PhoneAppDenied, or one with its AuthenticationResult: Success/false")


def _preference(value: object) -> Value:
    if isinstance(value, str) and value in METHOD_OF_PREFERENCE:
        return value
    raise ValueError("one of " + ", ".join(METHOD_OF_PREFERENCE))


def _script(value: object) -> Value:
    verb, _, seconds = str(value).partition(":")
    if verb in ANSWERS and re.fullmatch(r"\d+(\.\d+)?", seconds or "0"):
        return str(value)
    raise ValueError("approve, deny or fraud, with seconds if not at once: approve:2")


@dataclass(frozen=True)
class Fault:
    """One fault: what it does in a sentence, its value when all is well, and what values it takes.

    One that is `each` is set per sign-in name: {"dana@larkfield.example": value}; null takes a name's value away.
    """

    about: str
    default: Value
    check: Callable[[object], Value]
    each: bool = False


FAULTS: dict[str, Fault] = {
    "down": Fault("Every connection is dropped without an answer.", False, _times),
    "signin_down": Fault("Connections to the sign-in service are dropped.", False, _times),
    "graph_down": Fault("Connections to Graph are dropped.", False, _times),
    "push_down": Fault("Connections to the push service are dropped.", False, _times),
    "slow_seconds": Fault("Every request waits this long before anything is done with it.", 0, _seconds),
    "http_503": Fault("Every request is answered with a 503 page in HTML.", False, _times),
    "push_status": Fault("The push service answers with this HTTP status and a page in HTML.", 0, _number(400, 599)),
    "push_lost_answers": Fault("So many push requests are carried out, but the answer is lost.", False, _times),
    "rate_limit": Fault("So many Graph requests are answered with 429 and Retry-After.", False, _times),
    "retry_after_seconds": Fault("What Retry-After says.", 1, _number(1, 600)),
    "token_error": Fault("Every token request is refused with this AADSTS number.", 0, _sign_in_number),
    "activation_seconds": Fault("A secret made through Graph works only after this wait.", 2, _seconds),
    "secrets_forbidden": Fault("The tenant's policy forbids secrets on applications.", False, _switch),
    "secret_max_days": Fault("The tenant's policy caps a secret's life at so many days.", 0, _number(1, 3650)),
    "sign_in_as": Fault("This person (id or UPN) is signed in without the account page.", "", _text),
    "authorize_error": Fault("The account page leads back with this error at once.", "", _one_of(AUTHORIZE_ERRORS)),
    "consent_error": Fault("Accepting on the consent page leads back with this error.", "", _one_of(CONSENT_ERRORS)),
    "amr": Fault("id_tokens carry this amr, names with commas between: pwd,mfa.", "", _text),
    "wrong_tid": Fault("id_tokens name a strange tenant in tid and iss.", False, _switch),
    "wrong_issuer": Fault("id_tokens name a strange issuer.", False, _switch),
    "wrong_audience": Fault("id_tokens are for another application.", False, _switch),
    "wrong_nonce": Fault("id_tokens carry another nonce.", False, _switch),
    "wrong_signature": Fault("id_tokens are signed with an unknown key.", False, _switch),
    "id_token_age_seconds": Fault("id_tokens were issued so long ago, and may have expired.", 0, _seconds),
    "result": Fault("Every push ends with this Result/Value; no phone rings.", "", _result),
    "result_for": Fault("The same for one person.", dict(DEFAULT_RESULTS), _result, each=True),
    "preferred": Fault("A person's default method: push, sms, oath, none...", {}, _preference, each=True),
    "script": Fault("A person answers by machine: approve:2, deny, fraud:0.5.", {}, _script, each=True),
    "method_id_honoured": Fault(
        "A push is sent where it is asked for, though the person's default is another method.", False, _switch
    ),
    "no_answer_seconds": Fault("A push without an answer ends after this wait.", 56, _seconds),
    "session_seconds": Fault("A push can be asked about so long.", 180, _seconds),
    "fraud_blocks": Fault("A person who reports fraud is blocked from then on.", False, _switch),
}


class Faults:
    """The current values; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._values = _defaults()

    def clear(self) -> None:
        """Everything works again, and what waits is let go."""
        with self._lock:
            self._wake.set()
            self._wake = threading.Event()
            self._values = _defaults()

    def change(self, wanted: Mapping[str, object]) -> None:
        """Set the named faults, all of them or none. Raises ValueError with a sentence."""
        with self._lock:
            checked = {name: self._checked(name, value) for name, value in wanted.items()}
            self._values.update(checked)

    def _checked(self, name: str, value: object) -> Value:
        if name not in FAULTS:
            raise ValueError(f"There is no fault '{name}'. There are: {', '.join(FAULTS)}.")
        fault = FAULTS[name]
        if not fault.each:
            try:
                return fault.check(value)
            except ValueError as reason:
                raise ValueError(f"'{name}' takes {reason}.") from None
        if not isinstance(value, Mapping):
            raise ValueError(f"'{name}' takes an object of sign-in names, each with its value.")
        merged = dict(self._map(name))
        for upn, item in value.items():
            if item is None or item == "":
                merged.pop(str(upn).lower(), None)
                continue
            try:
                merged[str(upn).lower()] = str(fault.check(item))
            except ValueError as reason:
                raise ValueError(f"'{name}' takes for each sign-in name {reason}.") from None
        return merged

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
            assert isinstance(value, int | float)
            left = int(value)
            if left:
                self._values[name] = left - 1 if left > 1 else False
            return left > 0

    def on(self, name: str) -> bool:
        """Whether the switch `name` is on."""
        with self._lock:
            return bool(self._values[name])

    def seconds(self, name: str) -> float:
        """The current wait of `name`, in seconds."""
        return float(self.number(name))

    def number(self, name: str) -> int | float:
        """The current number of `name`."""
        with self._lock:
            value = self._values[name]
            assert isinstance(value, int | float)
            return value

    def text(self, name: str) -> str:
        """The current text of `name`, "" for none."""
        with self._lock:
            return str(self._values[name])

    def of(self, name: str, upn: str) -> str:
        """What `name` says for the person `upn`, "" for nothing."""
        with self._lock:
            return self._map(name).get(upn.lower(), "")

    def wait(self, name: str) -> None:
        """Sleep the current wait of `name`, but no longer than until the next `clear`."""
        with self._lock:
            value, wake = self._values[name], self._wake
        assert isinstance(value, int | float)
        wake.wait(value)

    def _map(self, name: str) -> dict[str, str]:
        value = self._values[name]
        assert isinstance(value, dict)
        return value


def _defaults() -> dict[str, Value]:
    return {name: dict(f.default) if isinstance(f.default, dict) else f.default for name, f in FAULTS.items()}
