"""What is asked of people: pushes on their way from sent to answered, and requests that were decided without a phone.

Nothing runs in the background. A push knows when it is answered by its script and when it times out, and whoever looks
at it finds it in the state that follows.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from emulators.duo.account import Application
from emulators.duo.directory import Script
from emulators.duo.users import Phone, User

WAITING = "waiting"
PRESSES = ("approve", "deny", "fraud")
KEPT = 2000
_NEVER = datetime.min.replace(tzinfo=UTC)


class UnanswerableError(Exception):
    """The push cannot be answered, or not so; the text says why."""


@dataclass(frozen=True)
class Transaction:
    """One request to a person.

    `state` is waiting, approve, deny, fraud or timeout; or, where no push was made, locked_out, bypass, disabled, sent
    or refused. `phone` is None then. `delivered` says that it reached the phone. `code` is what the phone has to type,
    or empty. `opened` and `ends` are monotonic seconds, `sent_at` is for people.
    """

    txid: str
    user: User
    application: Application
    state: str
    phone: Phone | None = None
    delivered: bool = False
    type: str = "Login"
    display_username: str = ""
    pushinfo: tuple[tuple[str, str], ...] = ()
    code: str = ""
    script: Script | None = None
    opened: float = 0
    ends: float = 0
    sent_at: datetime = _NEVER

    def at(self, moment: float) -> Transaction:
        """The same at `moment` (monotonic seconds): answered by its script, timed out, or unchanged."""
        if self.state != WAITING:
            return self
        scripted = self._scripted()
        if scripted and scripted[0] <= min(moment, self.ends):
            return replace(self, state=scripted[1])
        return replace(self, state="timeout") if moment >= self.ends else self

    def next_change(self) -> float:
        """When it will change if nobody does anything, in monotonic seconds."""
        scripted = self._scripted()
        return min(self.ends, scripted[0]) if scripted else self.ends

    def _scripted(self) -> tuple[float, str] | None:
        if self.script is None or self.script.answer == "ignore" or not self.delivered:
            return None
        return self.opened + self.script.after_seconds, self.script.answer

    def to_json(self) -> dict[str, Any]:
        """What the phone shows, with `sent_at` in ISO 8601. The code to type is not among it."""
        return {
            "txid": self.txid,
            "application": self.application.name,
            "type": self.type,
            "display_username": self.display_username,
            "pushinfo": [list(pair) for pair in self.pushinfo],
            "sent_at": self.sent_at.isoformat(timespec="milliseconds"),
            "state": self.state,
            "needs_code": bool(self.code),
        }


@dataclass(frozen=True)
class Reservation:
    """A verification code that preauth gave out, waiting for the push that will ask for it."""

    txid: str
    user_id: str
    code: str
    ends: float


def new_txid() -> str:
    """A transaction's id: a UUID."""
    return str(uuid.uuid4())


class Transactions:
    """All of them behind one lock; a change wakes those who wait for news."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._all: dict[str, Transaction] = {}
        self._reserved: dict[str, Reservation] = {}
        self._told: dict[str, str] = {}

    def clear(self) -> None:
        """Forget everything, and let go who waits."""
        with self._changed:
            self._all.clear()
            self._reserved.clear()
            self._told.clear()
            self._changed.notify_all()

    def add(self, transaction: Transaction, life_seconds: float = 0) -> Transaction:
        """Keep a new one; its life begins now."""
        moment = time.monotonic()
        kept = replace(transaction, opened=moment, ends=moment + life_seconds, sent_at=datetime.now(UTC))
        with self._changed:
            self._all[kept.txid] = kept
            while len(self._all) > KEPT:
                oldest = next(iter(self._all))
                del self._all[oldest]
                self._told.pop(oldest, None)
            return kept

    def get(self, txid: str) -> Transaction | None:
        """The transaction as it is now."""
        with self._changed:
            return self._current(txid)

    def all(self) -> list[Transaction]:
        """All as they are now, newest first."""
        with self._changed:
            moment = time.monotonic()
            return [each.at(moment) for each in reversed(self._all.values())]

    def answer(self, txid: str, press: str, code: str = "") -> Transaction:
        """The person presses one of PRESSES, having typed `code`. Raises KeyError, UnanswerableError."""
        with self._changed:
            current = self._current(txid)
            if current is None or not current.delivered:
                raise KeyError(txid)
            if current.state != WAITING:
                raise UnanswerableError(f"This request is over: {current.state}.")
            if press == "approve" and current.code and code != current.code:
                raise UnanswerableError("This is not the code; ask the help desk for it.")
            self._all[txid] = replace(current, state=press)
            self._changed.notify_all()
            return self._all[txid]

    def news(self, txid: str, seconds: float) -> tuple[Transaction | None, bool]:
        """The transaction as soon as its state is not the one told last, at the latest in `seconds`; and if it is news.

        A final state is always news.
        """

        def is_news(current: Transaction) -> bool:
            return current.state != WAITING or self._told.get(txid) != current.state

        with self._changed:
            current = self._wait(txid, seconds, is_news)
            if current is None:
                return None, False
            news = is_news(current)
            self._told[txid] = current.state
            return current, news

    def outcome(self, txid: str) -> Transaction | None:
        """The transaction once it is answered or timed out; None if it is forgotten meanwhile."""
        with self._changed:
            return self._wait(txid, float("inf"), lambda current: current.state != WAITING)

    def reserve(self, user_id: str, code: str, life_seconds: float) -> Reservation:
        """Give out a verification code for a push to come."""
        moment = time.monotonic()
        made = Reservation(new_txid(), user_id, code, moment + life_seconds)
        with self._changed:
            self._reserved = {txid: each for txid, each in self._reserved.items() if each.ends > moment}
            self._reserved[made.txid] = made
        return made

    def redeem(self, txid: str, user_id: str) -> Reservation | None:
        """Take a reservation of this user that has not ended; each can be taken once."""
        with self._changed:
            found = self._reserved.get(txid)
            if found is None or found.user_id != user_id or found.ends <= time.monotonic():
                return None
            return self._reserved.pop(txid)

    def _current(self, txid: str) -> Transaction | None:
        found = self._all.get(txid)
        return found.at(time.monotonic()) if found else None

    def _wait(self, txid: str, seconds: float, enough: Callable[[Transaction], bool]) -> Transaction | None:
        deadline = time.monotonic() + seconds
        while True:
            current = self._current(txid)
            left = deadline - time.monotonic()
            if current is None or enough(current) or left <= 0:
                return current
            self._changed.wait(min(left, max(current.next_change() - time.monotonic(), 0) + 0.001))
