"""Two limits: three simultaneous requests per tracking identifier and endpoint, and a tenant's hourly number."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator

from emulators.autotask.errors import ApiError, refused, too_many_threads
from emulators.autotask.faults import Faults

THREADS = 3
HOURLY = 10_000
MINUTES = 60
UNCOUNTED = ("zoneinformation", "versioninformation")


class Throttle:
    """The requests under way and those of the last hour, of all tenants."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._free = threading.Condition()
        self._running: Counter[tuple[str, str]] = Counter()
        self._recent: dict[str, deque[float]] = {}

    def clear(self) -> None:
        """Forget the hour."""
        with self._free:
            self._recent.clear()

    def used(self, tenant: str) -> int:
        """Requests of the last hour, with those of others."""
        with self._free:
            recent = self._recent.setdefault(tenant, deque())
            while recent and recent[0] < time.monotonic() - MINUTES * 60:
                recent.popleft()
            return len(recent) + int(self._faults.number("used_requests"))

    def count(self, tenant: str) -> None:
        """Count a request and hold it back as the tenant's use of the hour asks. Raises 429 when all is used."""
        used = self.used(tenant)
        if used >= HOURLY:
            raise too_many_requests("The request threshold of the database has been exceeded.")
        with self._free:
            self._recent[tenant].append(time.monotonic())
        if used >= HOURLY // 2:
            steps = 2 if used >= HOURLY * 3 // 4 else 1
            self._faults.wait(steps * self._faults.seconds("latency_seconds"))

    @contextlib.contextmanager
    def thread(self, code: str, endpoint: str) -> Iterator[int]:
        """Hold one of the endpoint's threads; yields how many are under way with this one. May raise 429 or 500."""
        key = (code, endpoint.lower())
        with self._free:
            if self._running[key] >= THREADS:
                outcome = self._faults.text("thread_overflow")
                if outcome == "429":
                    raise too_many_requests(too_many_threads())
                if outcome == "500":
                    raise refused(too_many_threads())
                self._free.wait_for(lambda: self._running[key] < THREADS, timeout=60)
            self._running[key] += 1
            running = self._running[key]
        try:
            yield running
        finally:
            with self._free:
                self._running[key] -= 1
                self._free.notify_all()


def too_many_requests(sentence: str, retry_after: int = 0) -> ApiError:
    """429, with Retry-After where it is not 0; no rate-limit headers were ever seen."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return ApiError(429, json.dumps({"errors": [sentence]}), headers=headers)
