"""The emulator as one object: its tenants, its key, its open pushes and its faults. All in memory."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from emulators.entra.clock import now
from emulators.entra.directory import Directory
from emulators.entra.faults import Faults
from emulators.entra.grants import Grants
from emulators.entra.pushes import Pushes
from emulators.entra.signing import Signer, new_key

_KEPT_REQUESTS = 500


class EntraEmulator:
    """Microsoft's sign-in service, Graph and push service for a handful of tenants.

    `browser_origin`, where given, is where a person's browser finds the account page.
    """

    def __init__(self, browser_origin: str | None = None) -> None:
        key = new_key()
        self.browser_origin = browser_origin.rstrip("/") if browser_origin else None
        self.faults = Faults()
        self.signer = Signer(key)
        self.directory = Directory(key)
        self.grants = Grants()
        self.pushes = Pushes(self.faults)
        self._requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Back to the first day. Tokens that were handed out stay valid until they expire, as Microsoft's do."""
        self.directory.reset()
        self.grants.clear()
        self.pushes.clear()
        with self._lock:
            self._requests.clear()
        self.faults.clear()  # last: what it lets go belongs to the new day

    def log_request(self, service: str, method: str, path: str, status: int | None) -> None:
        """Note a received request without its query and body; `status` is None where the connection was dropped."""
        entry = {"at": now().isoformat(), "service": service, "method": method, "path": path, "status": status}
        with self._lock:
            self._requests.append(entry)

    def requests(self) -> list[dict[str, Any]]:
        """What was received, oldest first."""
        with self._lock:
            return list(self._requests)
