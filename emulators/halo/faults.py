"""What can be made to go wrong, and the settings of the tenant that a test may want otherwise."""

from __future__ import annotations

from emulators.switchboard import Check, Fault, Switchboard, Value, seconds, switch, times

LONGEST_LIMIT = 100_000


def _one_of(*words: str) -> Check:
    def check(value: object) -> Value:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError("one of " + ", ".join(words))

    return check


def _text(value: object) -> Value:
    if isinstance(value, str) and len(value) <= 500:
        return value
    raise ValueError("a text of at most 500 characters")


def _count(value: object) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_LIMIT:
        return value
    raise ValueError(f"a whole number, 0 to {LONGEST_LIMIT}")


FAULTS: dict[str, Fault] = {
    "only": Fault(
        "The troubles below meet only requests like `POST /Actions` or `/Users`, separated by commas.", "", _text
    ),
    "slow_seconds": Fault("Every answer takes this much longer.", 0, seconds),
    "down": Fault("Every request is answered with 503 and a page of HTML.", False, times),
    "drop": Fault("Every connection is closed without an answer, and nothing is done.", False, times),
    "server_error": Fault("Every request is answered with 500 and a page of HTML.", False, times),
    "too_many": Fault("Every request is answered with 429 and a Retry-After.", False, times),
    "too_many_bare": Fault("Every request is answered with 429 without a Retry-After.", False, times),
    "retry_after_seconds": Fault("What the Retry-After says.", 2, seconds),
    "rate_limit": Fault("So many requests are allowed in 300 seconds; 0 lifts the limit.", 700, _count),
    "lose_answer": Fault("A write is carried out, then the connection is closed without an answer.", False, times),
    "cut_answer": Fault("The answer breaks off in the middle.", False, times),
    "hang_after_write_seconds": Fault("A write is carried out at once and answered after this time.", 0, seconds),
    "html_errors": Fault("Whatever fails answers with a page of HTML.", False, switch),
    "error_shape": Fault(
        "How a broken rule is told: ClassName and Message, resultCode and errorMessage, Message, or error.",
        "class",
        _one_of("class", "result", "message", "error"),
    ),
    "revoked": Fault("The application's secret is refused, and so are the tokens it was given.", False, switch),
    "revoked_status": Fault("The status of a refused secret.", "401", _one_of("401", "400")),
    "tenant_enforced": Fault("A token request that does not name the tenant gets 500.", False, switch),
    "token_seconds": Fault("So long a new token lives.", 3600, seconds),
    "token_ended": Fault("Good tokens are refused as expired.", False, times),
    "withheld": Fault("Permissions the application lacks, by commas: edit:tickets, read:customers.", "", _text),
    "granted_too": Fault("Permissions the application has beyond the usual, by commas: admin.", "", _text),
    "refuse_ungranted": Fault(
        "Asking for a permission that the application lacks is invalid_scope; off: the token has less.", False, switch
    ),
    "missing_right_status": Fault("The status for a missing permission.", "403", _one_of("403", "401")),
    "empty_to_agent": Fault(
        "What the application's agent may not see, so that lists are empty: tickets, users, client, site.", "", _text
    ),
    "agent_clients": Fault("The ids of the clients that the agent is restricted to, by commas.", "", _text),
    "agent_may_act": Fault("The agent may use actions; off: every note is refused.", True, switch),
    "closed_editable": Fault("The agent may write on closed tickets.", True, switch),
    "closed_listed": Fault("Lists of tickets have the closed ones, unasked.", True, switch),
    "closing_needs_fields": Fault("Closing a ticket demands fields, unless _novalidate is sent.", False, switch),
    "actions_move_status": Fault("A new_status in an action moves the ticket.", False, switch),
    "free_outcomes": Fault("An outcome may be any text; off: only one that exists.", True, switch),
    "notes_are_shown": Fault("An action is shown to the user, whatever was asked for.", False, switch),
    "users_need_whole": Fault("A user is changed only where its name and site come, too.", False, switch),
    "strict_arrays": Fault("A POST of a bare object is refused.", False, switch),
    "post_answer": Fault(
        "What a POST answers: the object, an array of it, or it under its name.",
        "object",
        _one_of("object", "array", "envelope"),
    ),
    "post_status": Fault("The status of a write that worked.", "201", _one_of("201", "200")),
    "odd_ids": Fault("Ids in answers are floats or texts.", "off", _one_of("off", "floats", "texts")),
    "extra_members": Fault("Answers carry members that nobody has heard of.", False, switch),
    "missing_members": Fault("Members without a value are left out.", False, switch),
    "advanced_fields": Fault("The fields that advanced_search takes.", "azureoid,emailaddress", _text),
    "directory_sync_seconds": Fault(
        "So long after a write the directory puts back a linked user's number; 0: never.", 0, seconds
    ),
    "old_build": Fault("A build that knows no secure parameter in tabs.", False, switch),
    "hmac_encoded": Fault("$HMAC is percent-encoded in a tab's address.", False, switch),
    "hmac_unset": Fault(
        "What $HMAC is in a tab without a secret: it stays as it is, or is empty.",
        "literal",
        _one_of("literal", "empty"),
    ),
    "userid_token": Fault("$USERID is known on the user's screen.", True, switch),
    "sandbox": Fault("A tab's frame has a sandbox attribute.", False, switch),
}


class Faults(Switchboard):
    """The current values of Halo's faults and settings."""

    def __init__(self) -> None:
        super().__init__(FAULTS, change_lets_go=True)

    def words(self, name: str) -> list[str]:
        """The comma-separated words of a text fault, in lower case."""
        return [word.strip().lower() for word in self.text(name).split(",") if word.strip()]

    def meets(self, method: str, path: str) -> bool:
        """Whether a request (path below `/api`, or `/auth/token`) is one that the troubles are for."""
        only = self.words("only")
        return not only or any(_is_like(entry, method, path) for entry in only)


def _is_like(entry: str, method: str, path: str) -> bool:
    verb, _, start = entry.rpartition(" ")
    return (not verb or verb == method.lower()) and path.lower().startswith(start)
