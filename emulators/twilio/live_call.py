"""A call while it lasts: where the thread that carries it out waits, and what reaches it there from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


class HungUpError(Exception):
    """The call is over."""


class TimeUpError(Exception):
    """The call has lasted as long as it may."""


class TurnedError(Exception):
    """The call goes on with another document, `document`, because the REST API said so."""

    def __init__(self, document: Document) -> None:
        self.document = document
        super().__init__()


@dataclass(frozen=True)
class Document:
    """TwiML to be carried out: `twiml` itself, or where to ask for it and what to send besides the call's fields."""

    url: str = ""
    method: str = "POST"
    twiml: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    is_fallback: bool = False


@dataclass
class Keys:
    """The keys that a <Gather> collects: until there are `limit`, or until one of `finish_on`, which is not kept."""

    limit: int | None
    finish_on: str
    digits: str = ""
    finished_on: str = ""

    @property
    def complete(self) -> bool:
        """Whether no more are taken."""
        return bool(self.finished_on) or (self.limit is not None and len(self.digits) >= self.limit)

    def take(self, key: str) -> None:
        """One more key."""
        if key in self.finish_on:
            self.finished_on = key
        else:
            self.digits += key


class LiveCall:
    """Meeting point of a call's own thread with the handset and the REST API.

    The methods that wait are for the call's thread. They raise HungUpError, TurnedError or TimeUpError as soon as that
    happens; all others may be called from anywhere.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._over = False
        self._picked_up = False
        self._turn: Document | None = None
        self._keys: Keys | None = None
        self._deadline: float | None = None

    # From outside

    def pick_up(self, time_limit: float) -> None:
        """Somebody answers; the call may last `time_limit` seconds from now."""
        with self._changed:
            self._picked_up = True
            self._deadline = time.monotonic() + time_limit
            self._changed.notify_all()

    def limit(self, seconds: float) -> None:
        """The call may last so many seconds more."""
        with self._changed:
            self._deadline = time.monotonic() + seconds
            self._changed.notify_all()

    def hang_up(self) -> None:
        """The call is over, whoever ended it."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def turn_to(self, document: Document) -> None:
        """Leave whatever is being carried out and go on with `document`."""
        with self._changed:
            self._turn = document
            self._changed.notify_all()

    def press(self, key: str) -> bool:
        """A key is pressed; whether anybody wanted one."""
        with self._changed:
            if self._over or self._keys is None or self._keys.complete:
                return False
            self._keys.take(key)
            self._changed.notify_all()
            return True

    def await_wish(self) -> bool:
        """Wait until a key is wanted; False when the call is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or (self._keys is not None and not self._keys.complete))
            return not self._over

    def await_end(self, seconds: float) -> bool:
        """Wait so long, or until the call is over; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._over, seconds)

    # From the call's own thread

    def ring(self, seconds: float) -> bool:
        """Wait until somebody picks up; False when nobody does in time."""
        return self._wait(seconds, lambda: self._picked_up)

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self._wait(seconds, lambda: False)

    def listen(self, keys: Keys) -> None:
        """From now on keys are wanted, and put into `keys`."""
        with self._changed:
            self._keys = keys
            self._changed.notify_all()

    def stop_listening(self) -> None:
        """No keys are wanted any more."""
        with self._changed:
            self._keys = None

    def silence(self, seconds: float) -> bool:
        """Let time go by, but stop at the first key that is wanted; whether there was one."""
        return self._wait(seconds, lambda: bool(self._keys and (self._keys.digits or self._keys.finished_on)))

    def await_key(self, seconds: float) -> bool:
        """Wait for the next key, or for no more to be wanted; whether one came."""
        pressed = len(self._keys.digits) if self._keys else 0
        return self._wait(
            seconds, lambda: self._keys is not None and (self._keys.complete or len(self._keys.digits) > pressed)
        )

    def _wait(self, seconds: float, until: Callable[[], bool]) -> bool:
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                if self._over:
                    raise HungUpError
                if until():
                    return True
                if self._turn:
                    turn, self._turn = self._turn, None
                    raise TurnedError(turn)
                moment = time.monotonic()
                if self._deadline is not None and moment >= self._deadline:
                    raise TimeUpError
                if moment >= end:
                    return False
                self._changed.wait(min(end, self._deadline or end) - moment)
