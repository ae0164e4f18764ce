"""The clock of the emulated service, which a fault can set wrong."""

from __future__ import annotations

import time

from emulators.duo.faults import Faults


class Clock:
    """Unix time as Duo believes it to be. Only what Duo says and judges goes by it; how long a push lives does not."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._faults.number("clock_skew_seconds")
