"""A message as Twilio keeps it, and a text as it stands on a handset."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from emulators.twilio.account import ACCOUNT_SID
from emulators.twilio.errors import delivery_error

FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})
API_VERSION = "2010-04-01"


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def rfc2822(moment: datetime | None) -> str | None:
    """`moment` as Twilio writes it, to the second; None for None."""
    return format_datetime(moment) if moment else None


class Stored:
    """A dataclass whose datetimes survive JSON."""

    def to_state(self) -> dict[str, Any]:
        """Plain values for JSON; times as ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()  # type: ignore[call-overload]
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Any:
        """The inverse of `to_state`."""
        times = {field.name for field in fields(cls) if "datetime" in str(field.type)}  # type: ignore[arg-type]
        return cls(**{k: datetime.fromisoformat(v) if k in times and v else v for k, v in state.items()})


@dataclass
class Message(Stored):
    """One message resource. `sender` is empty until a messaging service has chosen one; times are aware UTC."""

    sid: str
    to: str
    sender: str
    body: str
    status: str
    direction: str
    segments: int
    created: datetime
    updated: datetime
    sent: datetime | None = None
    service_sid: str | None = None
    media_count: int = 0
    error_code: int | None = None
    status_callback: str | None = None
    validity_seconds: int = 36000
    send_at: datetime | None = None
    late_refusal: int | None = None

    @property
    def uri(self) -> str:
        """The path of the resource."""
        return f"/{API_VERSION}/Accounts/{ACCOUNT_SID}/Messages/{self.sid}.json"

    def to_json(self) -> dict[str, Any]:
        """The resource in Twilio's JSON shape: counts are strings, dates RFC 2822, absent values null."""
        return {
            "sid": self.sid,
            "account_sid": ACCOUNT_SID,
            "messaging_service_sid": self.service_sid,
            "to": self.to,
            "from": self.sender or None,
            "body": self.body,
            "status": self.status,
            "direction": self.direction,
            "num_segments": str(self.segments),
            "num_media": str(self.media_count),
            "error_code": self.error_code,
            "error_message": delivery_error(self.error_code) if self.error_code else None,
            "price": None,
            "price_unit": "USD",
            "date_created": rfc2822(self.created),
            "date_updated": rfc2822(self.updated),
            "date_sent": rfc2822(self.sent),
            "api_version": API_VERSION,
            "uri": self.uri,
            "subresource_uris": {"media": self.uri.removesuffix(".json") + "/Media.json"},
        }


@dataclass
class HandsetText(Stored):
    """One text on a handset. It stays there when the message is redacted or deleted at Twilio, as on a real phone."""

    id: int
    sid: str
    number: str
    other: str
    body: str
    at: datetime
    outgoing: bool

    def to_json(self) -> dict[str, Any]:
        """`id`, `sid`, `with` (the other party), `body`, `at` (ISO 8601), `outgoing`."""
        return {
            "id": self.id,
            "sid": self.sid,
            "with": self.other,
            "body": self.body,
            "at": self.at.isoformat(timespec="milliseconds"),
            "outgoing": self.outgoing,
        }
