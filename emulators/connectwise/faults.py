"""Switchable trouble, changed at run time by `/_emulator/connectwise/faults`."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.connectwise.rights import read_role

Reader = Callable[[Any], Any]


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 600:
        raise ValueError("must be a number of seconds from 0 to 600")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be a whole number from 0")
    return value


def _choice(*words: Any) -> Reader:
    def read(value: Any) -> Any:
        if not any(value is word or (value == word and type(value) is type(word)) for word in words):
            raise ValueError(f"must be one of {', '.join(map(repr, words))}")
        return value

    return read


def _down(value: Any) -> str | bool:
    return "503" if value is True else str(_choice("503", "drop")(value)) if value is not False else False


def _rate_limit(value: Any) -> dict[str, int | None]:
    if isinstance(value, int):
        return {"requests": _count(value), "retry_after": 2}
    if not isinstance(value, dict) or not set(value) <= {"requests", "retry_after"}:
        raise ValueError('must be a number or {"requests": N, "retry_after": seconds or null}')
    wait = value.get("retry_after", 2)
    return {"requests": _count(value.get("requests", 0)), "retry_after": None if wait is None else _count(wait)}


def _codebase(value: Any) -> str | bool:
    if value is True:
        return "v2025_2/"
    if value is False:
        return False
    if not isinstance(value, str) or not value.endswith("/") or "/" in value[:-1]:
        raise ValueError("must be false, true or a name that ends with /")
    return value


def _scope(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be a list of path prefixes")
    return list(value)


def _merged(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(str(each).isdecimal() for pair in value.items() for each in pair):
        raise ValueError("must be an object of contact ids")
    return {str(gone): str(kept) for gone, kept in value.items()}


@dataclass(frozen=True)
class Switch:
    """One fault: its resting value, how to read a new one, and a sentence for people."""

    default: Any
    read: Reader
    about: str


SWITCHES: dict[str, Switch] = {
    "down": Switch(False, _down, 'Nothing works: "503" answers that, "drop" closes the connection unanswered.'),
    "slow_seconds": Switch(0.0, _seconds, "Every answer takes this much longer."),
    "rate_limit": Switch(
        {"requests": 0, "retry_after": 2},
        _rate_limit,
        "The next N requests get 429, with Retry-After in seconds or, with null, without it.",
    ),
    "server_error": Switch(0, _count, 'The next N requests get 500 with a text that contains "timeout".'),
    "lose_answer_after_write": Switch(0, _count, "The next N POSTs are stored, then the connection closes unanswered."),
    "hang_after_write_seconds": Switch(0.0, _seconds, "A write is stored at once and answered only after this time."),
    "hang_before_write_seconds": Switch(0.0, _seconds, "A write waits this long before it is stored and answered."),
    "wrong_keys": Switch(False, _flag, "The API keys are refused, as if they had been revoked."),
    "html_errors": Switch(False, _flag, "Error answers are HTML pages, as from a proxy in front."),
    "role": Switch({}, read_role, "Rights of the API member that differ from the suggested role."),
    "clientid_missing_status": Switch(401, _choice(401, 403), "Status for a request without a clientId header."),
    "cloud_mode": Switch(False, _flag, "Behave like the cloud: wrong company or keys get 404 in place of 401."),
    "codebase_move": Switch(False, _codebase, "The codebase moved: the old path gets 404 until discovered again."),
    "omit_nulls": Switch(True, _flag, "Leave properties without a value out; off: send them as null."),
    "mysecurity_for_api_member": Switch(True, _flag, "Let the API member read its own rights."),
    "nested_patch_false_200": Switch(True, _flag, "A nested PATCH path gets 200 and changes nothing; off: 400."),
    "page_over_max": Switch("cap", _choice("cap", "400"), "A pageSize above 1000 is cut to 1000 or refused."),
    "companyinfo_unknown": Switch("null", _choice("null", "404"), "Answer for a login company that does not exist."),
    "ssl_required": Switch(False, _flag, 'Refuse with "SSL is required.", as a request to the wrong host gets.'),
    "table_setup_inquire_needed": Switch(False, _flag, "Set-up lists also need Table Setup: Inquire."),
    "merged_contacts": Switch({}, _merged, "Contacts that were merged: the id answers with the other one's record."),
    "member_session": Switch(
        "valid",
        _choice("valid", "expired", "other_member"),
        "Member hashes: valid, refused as expired, or answered with another member's record.",
    ),
    "member_context_required": Switch(True, _flag, "The cookie form of a member session needs memberContext."),
    "get_screen_object": Switch(False, _flag, "The screen also answers getScreenObject, which no vendor text has."),
    "scope": Switch([], _scope, 'Limit the faults to paths like "/service/tickets/*/notes" or "POST /service".'),
}


class Faults:
    """The current values of all switches. Thread-safe; waiting ends early when the switches are reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._values = {name: copy.deepcopy(switch.default) for name, switch in SWITCHES.items()}

    def __getitem__(self, name: str) -> Any:
        with self._lock:
            return copy.deepcopy(self._values[name])

    def set(self, changes: Any) -> None:
        """Change the named switches, or none of them. Raises ValueError with a sentence."""
        if not isinstance(changes, dict):
            raise ValueError("Send an object of switch names.")
        read = {}
        for name, value in changes.items():
            if name not in SWITCHES:
                raise ValueError(f"There is no switch {name!r}; known: {', '.join(SWITCHES)}.")
            try:
                read[name] = SWITCHES[name].read(value)
            except ValueError as problem:
                raise ValueError(f"{name}: {problem}") from None
        with self._lock:
            self._values.update(read)

    def reset(self) -> None:
        """All switches to rest; requests that hang are let go."""
        with self._lock:
            self._values = {name: copy.deepcopy(switch.default) for name, switch in SWITCHES.items()}
            self._wake.set()
            self._wake = threading.Event()

    def describe(self) -> dict[str, dict[str, Any]]:
        """Every switch with `value`, `default` and `about`."""
        with self._lock:
            return {
                name: {"value": copy.deepcopy(self._values[name]), "default": switch.default, "about": switch.about}
                for name, switch in SWITCHES.items()
            }

    def applies(self, method: str, path: str) -> bool:
        """Whether a request (path below `/apis/3.0`, or `/login/...`) lies in the scope."""
        scope = self["scope"]
        return not scope or any(_in_scope(entry, method, path) for entry in scope)

    def take(self, name: str) -> bool:
        """Use up one unit of a counting switch; False when none is left."""
        with self._lock:
            if self._values[name] < 1:
                return False
            self._values[name] -= 1
            return True

    def take_rate_limit(self) -> tuple[bool, int | None]:
        """Use up one throttled request: whether to throttle, and the seconds to announce."""
        with self._lock:
            limit = self._values["rate_limit"]
            if limit["requests"] < 1:
                return False, None
            limit["requests"] -= 1
            return True, limit["retry_after"]

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the next reset."""
        if seconds > 0:
            with self._lock:
                wake = self._wake
            wake.wait(seconds)


def _in_scope(entry: str, method: str, path: str) -> bool:
    verb, _, prefix = entry.strip().rpartition(" ")
    if verb and verb.upper() != method.upper():
        return False
    wanted = [part for part in prefix.lower().split("/") if part]
    given = [part for part in path.lower().split("/") if part]
    return len(given) >= len(wanted) and all(left in ("*", right) for left, right in zip(wanted, given, strict=False))
