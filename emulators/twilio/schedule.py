"""A clock that runs small jobs later, in one background thread."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Schedule:
    """Runs each job once, at least `delay` seconds after it was added, in order of their due times."""

    def __init__(self) -> None:
        self._jobs: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def after(self, delay: float, job: Callable[[], None]) -> None:
        """Add `job`, due in `delay` seconds."""
        with self._changed:
            heapq.heappush(self._jobs, (time.monotonic() + max(delay, 0.0), next(self._order), job))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="twilio-emulator", daemon=True)
                self._thread.start()
            self._changed.notify()

    def clear(self) -> None:
        """Forget every job that has not started."""
        with self._changed:
            self._jobs.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._jobs or self._jobs[0][0] > time.monotonic():
                    self._changed.wait(self._jobs[0][0] - time.monotonic() if self._jobs else None)
                _, _, job = heapq.heappop(self._jobs)
            try:
                job()
            except Exception:
                # The jobs of others must not wait for ever because of one.
                log.exception("a job of the emulator failed")
