"""What can be made to go wrong, and the habits of the service that a test may want otherwise."""

from __future__ import annotations

from emulators.superops.assumptions import FEATURES
from emulators.superops.schema import GENERATIONS
from emulators.switchboard import Check, Fault, Switchboard, Value, seconds, switch, times


def _one_of(*words: str) -> Check:
    def check(value: object) -> Value:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError("one of " + ", ".join(word or '""' for word in words))

    return check


def _names(value: object) -> Value:
    if isinstance(value, str):
        return value
    raise ValueError('names with commas between them, or ""')


def _rights(value: object) -> Value:
    known = {f"{key}.{operation}" for key, (_, operations) in FEATURES.items() for operation in operations}
    if isinstance(value, str) and split(value) <= known:
        return value
    raise ValueError('rights like "ticket.View, requester.Edit", of ' + ", ".join(sorted(known)))


def _calls(value: object) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError("a whole number from 1")


def split(names: str) -> frozenset[str]:
    """The names of a list with commas."""
    return frozenset(name for part in names.split(",") if (name := part.strip()))


FAULTS: dict[str, Fault] = {
    "down": Fault("Every connection is dropped without an answer.", False, times),
    "slow_seconds": Fault("Every request waits this long before anything is done with it.", 0, seconds),
    "slow_answer_seconds": Fault("Every answer waits this long after the work is done.", 0, seconds),
    "bad_gateway": Fault("Every request is answered with 502 and a page of HTML.", False, times),
    "too_many_requests": Fault("Every request is answered with HTTP 429.", False, times),
    "retry_after": Fault("The 429 says to wait so many seconds; 0: it does not say.", 2, seconds),
    "rate_limit_exceeded": Fault("Every request is answered with 200 and rate_limit_exceeded.", False, times),
    "requests_per_minute": Fault("So many requests of one token are answered in any minute.", 800, _calls),
    "token_revoked": Fault("Every token is refused with 401, as if it had been generated anew.", False, switch),
    "subdomain_unknown": Fault("The subdomain is refused with 400 and an empty body.", False, switch),
    "account": Fault(
        "The account is not active: every request gets this code.",
        "",
        _one_of("", "subscription_trial_expired", "subscription_paused", "subscription_cancelled"),
    ),
    "missing_rights": Fault("Rights that no role has, like requester.Edit, ticket.Add.", "", _rights),
    "internal_error_before_write": Fault("A mutation ends in the internal error and writes nothing.", False, times),
    "internal_error_after_write": Fault("A mutation is written and ends in the internal error.", False, times),
    "internal_error_on_read": Fault("A query ends in the internal error.", False, times),
    "lose_answer_after_write": Fault("A mutation is written, then the connection is dropped.", False, times),
    "only": Fault(
        "Operations that internal errors and lost answers are limited to, like getTicketNoteList.", "", _names
    ),
    "schema": Fault(
        "Generation of the schema: classic (no Field API), current, future (createNote only).",
        "current",
        _one_of(*GENERATIONS),
    ),
    "last_page_null": Fault("hasMore is null on the last page; off: false.", True, switch),
    "rows_need_id": Fault("A ticket list that does not select ticketId has no rows.", True, switch),
    "bare_number_ids": Fault("accountId inside a site's client is a bare number.", True, switch),
    "association_nulls": Fault("client and site of a requester with several clients are null.", True, switch),
    "null_messages": Fault("The message of a client error is null; off: empty.", True, switch),
    "enum_internal_error": Fault("An unknown enum value in a variable ends in the internal error.", True, switch),
    "request_type_mandatory": Fault("createTicket demands requestType.", True, switch),
    "small_results": Fault("Mutations refuse some fields of their result with the internal error.", True, switch),
    "large_page": Fault("A pageSize above 100 is cut to 100 or refused.", "cut", _one_of("cut", "refuse")),
    "unknown_id": Fault(
        "A record that is not there is null, or entity_does_not_exist.",
        "null",
        _one_of("null", "entity_does_not_exist"),
    ),
    "custom_fields": Fault(
        "customFields of an update replace all that were there, or are merged into them.",
        "replace",
        _one_of("replace", "merge"),
    ),
    "requester_fields": Fault("getAllFields knows the custom fields of requesters.", True, switch),
    "mandatory_on_create": Fault("Further fields that the ticket form demands, like category.", "", _names),
    "mandatory_on_closure": Fault("Fields that must be set to close a ticket, like resolutionCode.", "", _names),
    "unfilterable": Fault("Attributes that conditions refuse, like requester.name.", "", _names),
    "drops_requester": Fault("A ticket made with source INTEGRATION has no requester.", False, switch),
    "json_as_text": Fault("JSON values come as strings of JSON.", False, switch),
    "count_as_text": Fault("totalCount is a string.", False, switch),
    "error_place": Fault(
        "Where client errors stand: in errors, or at the top of the body, or in its data.",
        "errors",
        _one_of("errors", "top", "data"),
    ),
}


class Faults(Switchboard):
    """The current values of SuperOps' faults and habits."""

    def __init__(self) -> None:
        super().__init__(FAULTS)

    def hits(self, name: str, operation: str) -> bool:
        """Whether the fault `name` hits this operation."""
        only = self.names("only")
        return (not only or operation in only) and self.strikes(name)

    def names(self, name: str) -> frozenset[str]:
        """The current names of a fault that lists some."""
        return split(self.text(name))
