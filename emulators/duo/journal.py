"""What calls came in, for tests and people; without secrets."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

LENGTH = 2000
HIDDEN = "(hidden)"

# Every other parameter may be a secret: its name is kept, its value is not.
_SHOWN = frozenset(
    {
        "async",
        "client_id",
        "client_supports_verified_push",
        "device",
        "display_username",
        "email",
        "factor",
        "grant_type",
        "ipaddr",
        "limit",
        "offset",
        "phone_id",
        "push_id",
        "pushinfo",
        "redirect_uri",
        "response_type",
        "txid",
        "type",
        "user_id",
        "user_id_list",
        "username",
        "username_list",
    }
)


class Journal:
    """The last calls, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=LENGTH)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._entries.clear()

    def note(
        self, method: str, path: str, status: int | None, parameters: Mapping[str, str], signature: str | None
    ) -> None:
        """Add a call; `status` is None where the connection was dropped, `signature` where none was recognised."""
        kept = {name: value if name in _SHOWN else HIDDEN for name, value in sorted(parameters.items())}
        entry = {"at": datetime.now(UTC).isoformat(), "method": method, "path": path, "status": status}
        with self._lock:
            self._entries.append({**entry, "parameters": kept, "signature": signature})

    def all(self) -> list[dict[str, Any]]:
        """`at`, `method`, `path`, `status`, `parameters` and `signature` of each."""
        with self._lock:
            return list(self._entries)
