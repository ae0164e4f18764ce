"""What the API was asked, for assertions such as "never more than two at once on Tickets"."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from flask import request

from emulators.autotask.store import now

LENGTH = 5000
_SHOWN_HEADERS = ("username", "impersonationresourceid")


class RequestLog:
    """The last requests, oldest first, without secrets."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=LENGTH)
        self._lock = threading.Lock()

    def add(self, path: str) -> dict[str, Any]:
        """Note the present request; the caller fills in `status`, `endpoint` and `running`."""
        headers = {
            name: value if name.lower() in _SHOWN_HEADERS else "(hidden)"
            for name, value in request.headers.items()
            if name.lower() in ("secret", "apiintegrationcode", *_SHOWN_HEADERS)
        }
        entry = {
            "at": now(),
            "method": request.method,
            "path": path,
            "status": None,
            "endpoint": "",
            "running": 0,
            "headers": headers,
        }
        with self._lock:
            self._entries.append(entry)
        return entry

    def all(self) -> list[dict[str, Any]]:
        """A copy of the entries."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._entries.clear()
