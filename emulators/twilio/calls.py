"""A call as Twilio keeps it, and what was said on it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emulators.twilio.account import ACCOUNT_SID
from emulators.twilio.messages import API_VERSION, Stored, rfc2822

ENDED = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
STATUSES = frozenset({"queued", "ringing", "in-progress"}) | ENDED
EVENTS = ("initiated", "ringing", "answered", "completed")

CALLER = "caller"
CALLEE = "you"

_SUBRESOURCES = (
    "events",
    "notifications",
    "payments",
    "recordings",
    "siprec",
    "streams",
    "transcriptions",
    "user_defined_message_subscriptions",
    "user_defined_messages",
)


@dataclass(frozen=True)
class Line:
    """Something said: `at` in ISO 8601, `who` "caller" or "you" (the handset), `words` as they were heard."""

    at: str
    who: str
    words: str


@dataclass
class Call(Stored):
    """One call resource, and what the handset knows of it. Times are aware UTC, waits are seconds.

    `detection` is None, Enable or DetectMessageEnd; `picked_up_by` is person, machine or fax, whether or not Twilio
    was asked to find out. `sequence` is the number of the next status callback. `mark` orders rings and texts.
    """

    sid: str
    to: str
    sender: str
    created: datetime
    updated: datetime
    status: str = "queued"
    url: str | None = None
    method: str = "POST"
    twiml: str | None = None
    fallback_url: str | None = None
    fallback_method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    events: tuple[str, ...] = ("completed",)
    ring_seconds: int = 60
    time_limit: int = 14400
    detection: str | None = None
    detection_seconds: int = 30
    silence_ms: int = 5000
    verdict_in_background: bool = False
    verdict_callback: str | None = None
    verdict_callback_method: str = "POST"
    send_digits: str | None = None
    started: datetime | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    answered_by: str | None = None
    sip_code: int | None = None
    sequence: int = 0
    queue_ms: int = 0
    for_person: bool = False
    picked_up_by: str | None = None
    wants_key: bool = False
    mark: int = 0
    transcript: tuple[Line, ...] = ()

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Call:
        """The inverse of `to_state`."""
        call: Call = super().from_state(state)
        lines = tuple(Line(**line) for line in state["transcript"])
        return replace(call, events=tuple(state["events"]), transcript=lines)

    @property
    def uri(self) -> str:
        """The path of the resource."""
        return f"/{API_VERSION}/Accounts/{ACCOUNT_SID}/Calls/{self.sid}.json"

    @property
    def seconds(self) -> int:
        """How long the two talked: started seconds, at least one for a call that was answered and has ended, else 0."""
        if not (self.answered and self.ended):
            return 0
        return max(math.ceil((self.ended - self.answered).total_seconds()), 1)

    @property
    def can_answer(self) -> bool:
        """Whether it rings for whoever looks at the phone page."""
        return self.status == "ringing" and self.for_person

    def to_json(self) -> dict[str, Any]:
        """The resource in Twilio's JSON shape: counts are strings, dates RFC 2822, absent values null."""
        completed = self.status == "completed"
        base = self.uri.removesuffix(".json")
        return {
            "sid": self.sid,
            "account_sid": ACCOUNT_SID,
            "annotation": None,
            "answered_by": self.answered_by,
            "api_version": API_VERSION,
            "caller_name": None,
            "date_created": rfc2822(self.created),
            "date_updated": rfc2822(self.updated),
            "direction": "outbound-api",
            "duration": str(self.seconds) if completed else None,
            "end_time": rfc2822(self.ended) if completed else None,
            "forwarded_from": None,
            "from": self.sender,
            "from_formatted": _formatted(self.sender),
            "group_sid": None,
            "parent_call_sid": None,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": str(self.queue_ms),
            "start_time": rfc2822(self.started),
            "status": self.status,
            "subresource_uris": {
                name: f"{base}/{''.join(word.title() for word in name.split('_'))}.json" for name in _SUBRESOURCES
            },
            "to": self.to,
            "to_formatted": _formatted(self.to),
            "trunk_sid": None,
            "uri": self.uri,
        }

    def to_handset(self) -> dict[str, Any]:
        """The call as its handset shows it; `started_at` and `ended_at` in ISO 8601, `seconds` of talk."""
        return {
            "sid": self.sid,
            "from": self.sender,
            "status": self.status,
            "answered_by": self.answered_by,
            "picked_up_by": self.picked_up_by,
            "can_answer": self.can_answer,
            "wants_key": self.wants_key,
            "started_at": (self.started or self.created).isoformat(timespec="milliseconds"),
            "answered_at": self.answered.isoformat(timespec="milliseconds") if self.answered else None,
            "seconds": self.seconds,
            "transcript": [{"at": line.at, "who": line.who, "words": line.words} for line in self.transcript],
        }


def _formatted(number: str) -> str:
    parts = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return f"({parts[1]}) {parts[2]}-{parts[3]}" if parts else number
