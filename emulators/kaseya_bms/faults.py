"""Switchable trouble, and what the public facts leave open: each such guess is one switch, at its likeliest value."""

from __future__ import annotations

from emulators.kaseya_bms.rights import MODULES, switch_name
from emulators.switchboard import Check, Fault, Switchboard, Value, seconds, seconds_between, switch, times

LOOKUP_TABLES = ("ContactType", "TicketType", "TicketSource", "PhoneType", "EmailType", "NoteType")
OPERATIONS = ("add", "update", "delete")


def _one_of(*allowed: str | int) -> Check:
    def check(value: object) -> Value:
        if any(value == word and type(value) is type(word) for word in allowed):
            assert isinstance(value, str | int)
            return value
        raise ValueError(f"one of {', '.join(map(str, allowed))}")

    return check


def _words(allowed: tuple[str, ...], *, all_of_them: bool = False) -> Check:
    def check(value: object) -> Value:
        words = value.split(",") if isinstance(value, str) and value else []
        fits = len(set(words)) == len(words) and set(words) <= set(allowed)
        if not isinstance(value, str) or not fits or (all_of_them and len(words) != len(allowed)):
            raise ValueError(f"a text with {'all' if all_of_them else 'any'} of {','.join(allowed)}")
        return value

    return check


def _number(lowest: int, highest: int) -> Check:
    def check(value: object) -> Value:
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise ValueError(f"a whole number, {lowest} to {highest}")

    return check


def _path(value: object) -> Value:
    if isinstance(value, str):
        return value
    raise ValueError('a text like "POST /v2/servicedesk", "/v2/crm" or ""')


_TROUBLE = {
    "down": Fault("Every call gets 503 and an HTML page.", False, times),
    "drop": Fault("The connection is closed without an answer.", False, times),
    "html_502": Fault("A proxy in front answers 502 with an HTML page.", False, times),
    "slow_seconds": Fault("Every answer takes this much longer.", 0, seconds),
    "slow_after_write_seconds": Fault("A write is stored at once and answered only after this time.", 0, seconds),
    "answer_lost": Fault("A write is stored, then the connection closes unanswered.", False, times),
    "server_error": Fault("500 with an envelope whose message says nothing.", False, times),
    "throttled": Fault("429 in the envelope.", False, times),
    "retry_after": Fault(
        "Seconds in the Retry-After of a 429; -1: none, as documented.", -1, seconds_between(-1, 3600)
    ),
    "hourly_limit": Fault("Calls an hour for each endpoint, then 429.", 1500, _number(1, 1_000_000)),
    "revoked": Fault("The users are gone: no login, no refresh, no token works.", False, switch),
    "token_refused": Fault("A good token gets 401.", False, times),
    "no_api_access": Fault("The role lost Has API Access: the login works, every call gets 401.", False, switch),
    "wrong_host": Fault("This is the host of the pages: every API path is an HTML 404.", False, switch),
    "sso_only": Fault("The tenant signs in elsewhere: passwords are refused, ssostatus says so.", False, switch),
    "created_without_id": Fault("A new ticket is stored and answered as a success without its id.", False, times),
    "only": Fault('Trouble and quota hit only this path, as "POST /v2/servicedesk"; "": all.', "", _path),
}
_RIGHTS = {
    switch_name(module, action): Fault(f"No role may {action} {name}.", False, switch)
    for module, (name, _) in MODULES.items()
    for action in ("view", "modify")
}
_INFERRED = {
    "token_seconds": Fault("How long an access token is good.", 900, _number(1, 86_400)),
    "login_status": Fault("HTTP status of a refused login.", 401, _one_of(200, 400, 401)),
    "right_status": Fault("HTTP status of a missing right.", 403, _one_of(200, 401, 403)),
    "missing_status": Fault("HTTP status of an unknown id.", 404, _one_of(200, 404)),
    "rule_status": Fault("HTTP status of a value that breaks a rule.", 200, _one_of(200, 400)),
    "binding": Fault(
        "A value of a wrong type: ASP.NET's problem details, or the envelope.",
        "problem",
        _one_of("problem", "envelope"),
    ),
    "summaries_wrapped": Fault("The two summaries by id come in the envelope.", False, switch),
    "phone_operations": Fault(
        "What 0, 1 and 2 do to a phone.", ",".join(OPERATIONS), _words(OPERATIONS, all_of_them=True)
    ),
    "phone_filter": Fault("How Filter.Phone matches.", "contains", _one_of("contains", "exact", "digits")),
    "lookup_tables": Fault(
        "Tables that /v2/system/lookup has; only ContactType was ever seen.",
        "ContactType,TicketType,TicketSource,PhoneType,EmailType",
        _words(LOOKUP_TABLES),
    ),
    "api_employee_in_pickers": Fault("API Employees are in the lists of assignees.", False, switch),
    "largest_page": Fault("A larger PageSize is cut to this.", 500, _number(1, 10_000)),
}
FAULTS: dict[str, Fault] = {**_TROUBLE, **_RIGHTS, **_INFERRED}


class Faults(Switchboard):
    """The switches of this stand-in."""

    def __init__(self) -> None:
        super().__init__(FAULTS)

    def in_scope(self, method: str, path: str) -> bool:
        """Whether trouble may hit this call."""
        verb, _, prefix = self.text("only").strip().rpartition(" ")
        return (not verb or verb.upper() == method) and path.lower().startswith(prefix.lower())

    def status(self, kind: str | None, otherwise: int) -> int:
        """The HTTP status of a kind of refusal."""
        return otherwise if kind is None else int(self.number(f"{kind}_status"))

    def phone_operation(self, number: int) -> str:
        """What an operation's number means here."""
        return self.text("phone_operations").split(",")[number]
