"""What the API has been asked."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any


class RequestLog:
    """The requests, newest last, at most 2,000: method, path, operations, status (null: no answer), who, when.

    `errors` are the codes, or the first words, of what was refused.
    """

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=2000)
        self._lock = threading.Lock()

    def add(self, method: str, path: str) -> dict[str, Any]:
        """Note a request that came in; the caller fills in the rest."""
        entry: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "path": path,
            "operations": [],
            "status": None,
            "signed_in": None,
            "errors": [],
        }
        with self._lock:
            self._entries.append(entry)
        return entry

    def all(self) -> list[dict[str, Any]]:
        """A copy of the entries."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._entries.clear()
