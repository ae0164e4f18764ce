"""A message as this server keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from emulators.mail.parsing import Content


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Arrival:
    """How a message came: envelope (an empty sender is the null sender), TLS version and cipher, and who logged in.

    All but the envelope is None for what this server has written itself.
    """

    sender: str
    recipients: tuple[str, ...]
    tls_version: str | None = None
    tls_cipher: str | None = None
    user: str | None = None


@dataclass(frozen=True)
class Mail:
    """One kept message: its bytes as they came, what they say, and how they came.

    `bounced` marks one that was accepted and is returned later: it never reaches its recipients' mailboxes.
    """

    id: str
    raw: bytes
    received: datetime
    arrival: Arrival
    content: Content
    bounced: bool = False

    @property
    def subject(self) -> str:
        """The decoded Subject; empty where there is none."""
        return self.content.header("Subject")

    @property
    def sender(self) -> str:
        """The decoded From as people see it, else the envelope's sender."""
        return self.content.header("From") or self.arrival.sender

    @property
    def sender_name(self) -> str:
        """The name in the From, as a phone's list shows it; the whole From where there is none."""
        return parseaddr(self.sender)[0].strip() or self.sender

    def is_in_mailbox_of(self, address: str) -> bool:
        """Whether it was delivered to `address`; capitals do not count."""
        wanted = address.lower()
        return not self.bounced and any(each.lower() == wanted for each in self.arrival.recipients)

    def images(self) -> dict[str, tuple[str, bytes]]:
        """Content-ID -> (type, bytes) of the parts that the HTML may show."""
        return {part.cid: (part.content_type, part.data) for part in self.content.parts if part.cid}

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON. `to` is the envelope's, since it says whose mailbox this is in; times ISO 8601."""
        return {
            "id": self.id,
            "from": self.sender,
            "to": list(self.arrival.recipients),
            "envelope_from": self.arrival.sender,
            "subject": self.subject,
            "date": self.content.header("Date"),
            "received_at": self.received.isoformat(timespec="milliseconds"),
            "text": self.content.text or "",
            "html": self.content.html or "",
            "links": list(self.content.links),
            "headers": [list(pair) for pair in self.content.headers],
            "parts": [
                {"type": part.content_type, "filename": part.filename, "cid": part.cid, "size": len(part.data)}
                for part in self.content.parts
            ],
            "tls": self.arrival.tls_version is not None,
            "tls_version": self.arrival.tls_version,
            "auth": self.arrival.user,
            "size": len(self.raw),
            "bounced": self.bounced,
        }
