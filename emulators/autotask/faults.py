"""What can be made to go wrong, and what of Autotask's behaviour is uncertain enough to be tried both ways."""

from __future__ import annotations

from emulators.autotask.insight import CANONICALISERS
from emulators.autotask.rights import read_missing
from emulators.switchboard import Check, Fault, Switchboard, Value, seconds, switch, times


def _one_of(*words: str) -> Check:
    def check(value: object) -> Value:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError("one of " + ", ".join(words))

    return check


def _count(value: object) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a whole number from 0")


def _words(value: object) -> Value:
    if isinstance(value, str):
        return value
    raise ValueError("a text")


FAULTS: dict[str, Fault] = {
    "scope": Fault(
        'Limits the faults down to the empty line to one endpoint or one verb on it, "Tickets" or "POST TicketNotes".',
        "",
        _words,
    ),
    "down": Fault("The service answers 503 with a page of HTML.", False, times),
    "drop": Fault("Connections close without an answer.", False, times),
    "slow_seconds": Fault("Every answer takes this much longer.", 0, seconds),
    "slow_page_seconds": Fault("Every page of a query but the first takes this much longer.", 0, seconds),
    "hang_before_write_seconds": Fault("A write waits this long before it is stored.", 0, seconds),
    "hang_after_write_seconds": Fault("A write is stored at once and answered only after this time.", 0, seconds),
    "lose_answer_after_write": Fault("Writes are stored, then the connection closes unanswered.", False, times),
    "rate_limit": Fault("Requests get 429.", False, times),
    "retry_after": Fault("The seconds that a 429 announces; 0 leaves the header out.", 2, _count),
    "html_500": Fault("Requests get 500 with a page of HTML.", False, times),
    "empty_500": Fault("Requests get 500 without a body.", False, times),
    "bad_gateway": Fault("Requests get 502 with a page of HTML.", False, times),
    "errors_with_200": Fault("Requests get 200 with a list of errors in it.", False, times),
    "ignored_write": Fault("Updates are answered as done, but change nothing.", False, times),
    "missing_rights": Fault(
        'Rights that the security level lacks, as "update Contacts": how it shows (403, 500, empty, fewer, not found, '
        "null).",
        {},
        read_missing,
    ),
    "wrong_keys": Fault("The secret is refused, as after it was changed or had expired.", False, switch),
    "lock_after": Fault("So many wrong secrets in a row lock the user; 0 never does.", 5, _count),
    "unknown_user_status": Fault("A data call with an unknown user name gets this.", "401", _one_of("401", "500")),
    "zone_moved": Fault("The tenant lives below /zone2 now; the old base answers 401.", False, switch),
    "missing_item": Fault("A record that is not there: a null item, or 404.", "null", _one_of("null", "404")),
    "unknown_operator": Fault("A misspelt operator is ignored, or refused.", "ignored", _one_of("ignored", "refused")),
    "thread_overflow": Fault(
        "The fourth simultaneous request to one endpoint waits, or gets 429 or 500.",
        "wait",
        _one_of("wait", "429", "500"),
    ),
    "used_requests": Fault("So many requests of this hour were made by others.", 0, _count),
    "latency_seconds": Fault(
        "The delay per call above half the hourly limit; above three quarters twice.", 0.5, seconds
    ),
    "due_date_required": Fault("The ticket categories require a due date.", False, switch),
    "note_title_required": Fault("The ticket categories require titles on notes.", False, switch),
    "workflow_notes": Fault(
        "A workflow rule adds a note of its own to every ticket and note made here.", False, switch
    ),
    "insights_by_custom_code": Fault("Custom tracking identifiers may create vendor insights, too.", False, switch),
    "vendor_insights": Fault("Integration Center: vendor ticket insights are enabled.", True, switch),
    "insight_signature": Fault(
        "The insight's signature: over this address, wrong, missing, or of the first address ever made (replayed).",
        "correct",
        _one_of("correct", "wrong", "missing", "replayed"),
    ),
    "insight_canonicaliser": Fault("What the signature covers.", "url", _one_of(*CANONICALISERS)),
    "insight_plus": Fault("Addresses are made until the signature has + and / in it.", False, switch),
    "insight_encoded": Fault("The values in the address are percent-encoded.", False, switch),
    "insight_key": Fault("The address carries the insight key.", True, switch),
    "insight_resource": Fault(
        "Whose id the address carries: of the person at the screen, or of the API user.",
        "person",
        _one_of("person", "api user"),
    ),
    "insight_entity": Fault("The address names this record instead of the ticket; 0 does not.", 0, _count),
    "insight_sandbox": Fault("The insight's frame is sandboxed.", True, switch),
}


class Faults(Switchboard):
    """The current values of Autotask's faults and settings."""

    def __init__(self) -> None:
        super().__init__(FAULTS)

    def missing(self) -> dict[str, str]:
        """Right -> how its absence shows."""
        value = self.describe()["missing_rights"]["value"]
        assert isinstance(value, dict)
        return value
