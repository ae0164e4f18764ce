"""The faults that can be switched on, each with a sentence for people and a check of its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emulators.entra.errors import SIGN_IN
from emulators.entra.people import METHOD_OF_PREFERENCE
from emulators.entra.seed import DEFAULT_RESULTS
from emulators.switchboard import Check, Fault, Switchboard, Value, seconds, switch, times

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


def _number(lowest: int, highest: int) -> Check:
    def check(value: object) -> Value:
        if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or lowest <= value <= highest):
            return value
        raise ValueError(f"0, or {lowest} to {highest}")

    return check


def _text(value: object) -> Value:
    if isinstance(value, str):
        return value
    raise ValueError("a text")


def _one_of(names: tuple[str, ...]) -> Check:
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
class PersonalFault(Fault):
    """A fault that is set per sign-in name: {"dana@larkfield.example": value}; null takes a name's value away."""


FAULTS: dict[str, Fault] = {
    "down": Fault("Every connection is dropped without an answer.", False, times),
    "signin_down": Fault("Connections to the sign-in service are dropped.", False, times),
    "graph_down": Fault("Connections to Graph are dropped.", False, times),
    "push_down": Fault("Connections to the push service are dropped.", False, times),
    "slow_seconds": Fault("Every request waits this long before anything is done with it.", 0, seconds),
    "http_503": Fault("Every request is answered with a 503 page in HTML.", False, times),
    "push_status": Fault("The push service answers with this HTTP status and a page in HTML.", 0, _number(400, 599)),
    "push_lost_answers": Fault("So many push requests are carried out, but the answer is lost.", False, times),
    "rate_limit": Fault("So many Graph requests are answered with 429 and Retry-After.", False, times),
    "retry_after_seconds": Fault("What Retry-After says.", 1, _number(1, 600)),
    "token_error": Fault("Every token request is refused with this AADSTS number.", 0, _sign_in_number),
    "activation_seconds": Fault("A secret made through Graph works only after this wait.", 2, seconds),
    "secrets_forbidden": Fault("The tenant's policy forbids secrets on applications.", False, switch),
    "secret_max_days": Fault("The tenant's policy caps a secret's life at so many days.", 0, _number(1, 3650)),
    "sign_in_as": Fault("This person (id or UPN) is signed in without the account page.", "", _text),
    "authorize_error": Fault("The account page leads back with this error at once.", "", _one_of(AUTHORIZE_ERRORS)),
    "consent_error": Fault("Accepting on the consent page leads back with this error.", "", _one_of(CONSENT_ERRORS)),
    "amr": Fault("id_tokens carry this amr, names with commas between: pwd,mfa.", "", _text),
    "wrong_tid": Fault("id_tokens name a strange tenant in tid and iss.", False, switch),
    "wrong_issuer": Fault("id_tokens name a strange issuer.", False, switch),
    "wrong_audience": Fault("id_tokens are for another application.", False, switch),
    "wrong_nonce": Fault("id_tokens carry another nonce.", False, switch),
    "wrong_signature": Fault("id_tokens are signed with an unknown key.", False, switch),
    "id_token_age_seconds": Fault("id_tokens were issued so long ago, and may have expired.", 0, seconds),
    "result": Fault("Every push ends with this Result/Value; no phone rings.", "", _result),
    "result_for": PersonalFault("The same for one person.", dict(DEFAULT_RESULTS), _result),
    "preferred": PersonalFault("A person's default method: push, sms, oath, none...", {}, _preference),
    "script": PersonalFault("A person answers by machine: approve:2, deny, fraud:0.5.", {}, _script),
    "method_id_honoured": Fault(
        "A push is sent where it is asked for, though the person's default is another method.", False, switch
    ),
    "no_answer_seconds": Fault("A push without an answer ends after this wait.", 56, seconds),
    "session_seconds": Fault("A push can be asked about so long.", 180, seconds),
    "fraud_blocks": Fault("A person who reports fraud is blocked from then on.", False, switch),
}


class Faults(Switchboard):
    """The current values of Microsoft's faults."""

    def __init__(self) -> None:
        super().__init__(FAULTS)

    def of(self, name: str, upn: str) -> str:
        """What `name` says for the person `upn`, "" for nothing."""
        with self._lock:
            return self._map(name).get(upn.lower(), "")

    def _checked(self, name: str, value: object) -> Value:
        fault = FAULTS.get(name)
        if not isinstance(fault, PersonalFault):
            return super()._checked(name, value)
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

    def _map(self, name: str) -> dict[str, str]:
        value = self._values[name]
        assert isinstance(value, dict)
        return value
