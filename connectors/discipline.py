"""How much a PSA is asked, and by how many at once: a gate in front of every call of an integration.

A PSA that is dead must not eat the threads of those that ask another one; a PSA that counts requests must not be used
up by what nobody waits for; keys that were refused must not be tried again and again. Web workers and background
workers are processes of their own, so what they share stands in a :class:`~connectors.ledger.Ledger`.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from connectors.base import BadCredentials, RateLimited, Unavailable
from connectors.ledger import Ledger

_PAUSE: Final = 0.02


class Lane(enum.Enum):
    """For whom a call is made: a person who waits for a page, or work that can wait."""

    PERSON = "person"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one integration may cost its PSA.

    ``at_once`` calls run at the same time (for each ``part`` that the connector names, where the PSA counts by part),
    and ``waiting`` more wait for their turn: whoever comes then is told so at once, as a thread that waits serves
    nobody else.
    ``budget`` calls in ``window`` seconds, of which the share ``reserve`` is kept for people. ``patience`` seconds is
    the longest that a person's call waits for its turn. After ``failures`` calls in a row without a usable answer
    nobody asks for ``rest`` seconds; then one call tries.
    """

    at_once: int = 4
    waiting: int = 4
    budget: int = 600
    window: float = 60.0
    reserve: float = 0.3
    patience: float = 1.0
    failures: int = 5
    rest: float = 20.0
    credentials_rest: float = 60.0


class Gate:
    """The gate of one integration with its present keys. ``key`` names both; a changed key is a new gate."""

    def __init__(self, ledger: Ledger, key: str, psa: str, limits: Limits, lane: Lane = Lane.PERSON) -> None:
        self.psa = psa
        self.limits = limits
        self.lane = lane
        self._ledger = ledger
        self._key = key

    @contextmanager
    def passing(self, part: str, longest: float, *, own_keys: bool = True) -> Iterator[None]:
        """Be one of those who ask; ``longest`` seconds is how long a call may take at most.

        Raises BadCredentials while the keys are known to be refused, Unavailable while the PSA is left in peace or
        everybody's turn takes too long, and RateLimited where the budget is spent. Nothing was sent then.
        """
        if own_keys:
            self._refuse_while_refused()
        self._refuse_while_resting()
        self._refuse_work_while_told_to_wait()
        slots = f"{self._key}:{part}"
        # Only what is sent is spent: those who come in vain while everybody is at it must not use up the budget.
        ticket = self._wait_for_turn(slots, longest)
        try:
            tries = self._claim_trial()
            try:
                self._spend()
            except RateLimited:
                if tries:
                    self._ledger.clear(f"{self._key}:trial")
                raise
            yield
        finally:
            self._ledger.leave(slots, ticket)

    def repeats(self) -> None:
        """The same call goes out once more; it counts, but is not held up by the budget."""
        self._ledger.spend(f"{self._key}:budget", self.limits.budget * 2, self.limits.window)

    def answered(self) -> None:
        """The PSA gave a usable answer."""
        self._ledger.clear(f"{self._key}:failures")

    def failed(self) -> None:
        """The PSA gave none."""
        failures = self._ledger.count(f"{self._key}:failures", 3600.0)
        if failures >= self.limits.failures:
            self._ledger.hold(f"{self._key}:rest", self.limits.rest, "")

    def told_to_wait(self, seconds: float) -> None:
        """The PSA asks us to wait: what nobody waits for does, people still ask."""
        self._ledger.hold(f"{self._key}:wait", seconds, "")

    def refused(self, words: str) -> None:
        """The PSA refused the keys. They are not tried again for a minute, but by :meth:`forgive`."""
        self._ledger.hold(f"{self._key}:refused", self.limits.credentials_rest, words)

    def forgive(self) -> None:
        """Somebody changed something at the PSA: everything may be tried again at once."""
        for name in ("failures", "rest", "trial", "refused", "wait"):
            self._ledger.clear(f"{self._key}:{name}")

    def _refuse_while_refused(self) -> None:
        refused = self._ledger.held(f"{self._key}:refused")
        if refused is not None:
            raise BadCredentials(refused.words)

    def _refuse_while_resting(self) -> None:
        rest = self._ledger.held(f"{self._key}:rest")
        if rest is not None:
            raise Unavailable(
                f"{self.psa} did not answer the last {self.limits.failures} times. "
                f"It is asked again in {max(1, round(rest.seconds))} seconds."
            )

    def _refuse_work_while_told_to_wait(self) -> None:
        if self.lane is Lane.BACKGROUND:
            wait = self._ledger.held(f"{self._key}:wait")
            if wait is not None:
                raise RateLimited(f"{self.psa} asked us to wait.", wait.seconds)

    def _claim_trial(self) -> bool:
        """Whether this call is the one that finds out, after a rest, if the PSA answers again; others are refused."""
        if self._ledger.count_of(f"{self._key}:failures") < self.limits.failures:
            return False
        if not self._ledger.claim(f"{self._key}:trial", self.limits.rest):
            raise Unavailable(f"{self.psa} has not been answering. One call is finding out whether it does again.")
        return True

    def _spend(self) -> None:
        share = 1.0 if self.lane is Lane.PERSON else 1.0 - self.limits.reserve
        allowed = max(1, int(self.limits.budget * share))
        wait = self._ledger.spend(f"{self._key}:budget", allowed, self.limits.window)
        if wait > 0:
            raise RateLimited(
                f"{self.psa} was asked {allowed} times in {self.limits.window:.0f} seconds, which is all that it "
                f"allows us. Try again in {max(1, round(wait))} seconds.",
                wait,
            )

    def _wait_for_turn(self, slots: str, longest: float) -> str:
        ticket = self._ledger.enter(slots, self.limits.at_once, longest)
        if ticket:
            return ticket
        queue, patience = f"{slots}:queue", self.limits.patience
        waiting = self._ledger.enter(queue, self.limits.waiting, patience + 1)
        if waiting:
            try:
                deadline = time.monotonic() + patience
                while time.monotonic() < deadline:
                    time.sleep(_PAUSE)
                    ticket = self._ledger.enter(slots, self.limits.at_once, longest)
                    if ticket:
                        return ticket
            finally:
                self._ledger.leave(queue, waiting)
        raise Unavailable(f"{self.psa} is still busy with our other questions. Try again in a moment.")
