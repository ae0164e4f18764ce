"""What the emulator remembers, in memory and behind one lock: the newest messages and what scanners did with them."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from typing import Any

from emulators.mail.messages import Arrival, Mail, now
from emulators.mail.parsing import parse
from emulators.mail.scanner import Scan

KEPT_MESSAGES = 500
KEPT_BYTES = 64 * 1024 * 1024
KEPT_SCANS = 20


class Store:
    """The kept messages, oldest first inside, newest first outside.

    At most `most` messages and, but for the newest one, `most_bytes` of them are kept. `version` changes with every
    change, and is another one after a restart.
    """

    def __init__(self, most: int = KEPT_MESSAGES, most_bytes: int = KEPT_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._mails: dict[str, Mail] = {}
        self._scans: dict[str, deque[Scan]] = {}
        self._size = 0
        self._epoch = secrets.token_hex(4)
        self._changes = 0

    def add(self, raw: bytes, arrival: Arrival, *, bounced: bool = False) -> Mail:
        """Parse and keep a message; the oldest go where there are too many."""
        mail = Mail(secrets.token_hex(8), raw, now(), arrival, parse(raw), bounced)
        with self._lock:
            self._mails[mail.id] = mail
            self._size += len(raw)
            while len(self._mails) > self._most or (self._size > self._most_bytes and len(self._mails) > 1):
                oldest = next(iter(self._mails))
                self._size -= len(self._mails.pop(oldest).raw)
                self._scans.pop(oldest, None)
            self._changes += 1
        return mail

    def get(self, mail_id: str) -> Mail | None:
        """The message, None where there is none or no more."""
        with self._lock:
            return self._mails.get(mail_id)

    def newest(self, to: str = "") -> list[Mail]:
        """Those in the mailbox of `to`, newest first; without an address every message, the bounced ones too."""
        with self._lock:
            mails = list(reversed(self._mails.values()))
        return [mail for mail in mails if not to or mail.is_in_mailbox_of(to)]

    def addresses(self) -> dict[str, int]:
        """Address in small letters -> how many messages are in its mailbox; the one with the newest first."""
        counted: dict[str, int] = {}
        for mail in self.newest():
            for address in () if mail.bounced else {each.lower() for each in mail.arrival.recipients}:
                counted[address] = counted.get(address, 0) + 1
        return counted

    def add_scan(self, mail_id: str, scan: Scan) -> None:
        """Note what a scanner got; nothing where the message is gone."""
        with self._lock:
            if mail_id in self._mails:
                self._scans.setdefault(mail_id, deque(maxlen=KEPT_SCANS)).appendleft(scan)

    def scans(self, mail_id: str) -> list[Scan]:
        """What scanners did with the links of a message, newest first."""
        with self._lock:
            return list(self._scans.get(mail_id, ()))

    def to_json(self, mail: Mail) -> dict[str, Any]:
        """The message's own JSON, with its `scans`."""
        return {**mail.to_json(), "scans": [scan.to_json() for scan in self.scans(mail.id)]}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._mails.clear()
            self._scans.clear()
            self._size = 0
            self._changes += 1

    @property
    def version(self) -> str:
        """Equal only as long as nothing has changed."""
        with self._lock:
            return f"{self._epoch}-{self._changes}"
