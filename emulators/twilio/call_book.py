"""The calls that the emulator remembers, behind the store's lock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from emulators.twilio.calls import ENDED, Call, Line
from emulators.twilio.messages import now


class CallBook:
    """All calls of the account. What is handed out are copies."""

    def __init__(self, changing: Callable[[], AbstractContextManager[None]], next_mark: Callable[[], int]) -> None:
        """`changing` holds the store's lock and saves afterwards; `next_mark` numbers what arrives on handsets."""
        self._changing = changing
        self._next_mark = next_mark
        self._calls: dict[str, Call] = {}

    def forget(self) -> None:
        """Remove every call."""
        with self._changing():
            self._calls.clear()

    def add(self, call: Call) -> Call:
        """Keep `call` and return a copy of it."""
        with self._changing():
            self._calls[call.sid] = call
            return replace(call)

    def get(self, sid: str) -> Call | None:
        """A copy of the call, None where there is none."""
        call = self._calls.get(sid)
        return replace(call) if call else None

    def all(self) -> list[Call]:
        """Copies of all calls, newest first."""
        return [replace(call) for call in reversed(list(self._calls.values()))]

    def change(self, sid: str, *, only: Collection[str] | None = None, **values: Any) -> Call | None:
        """Set fields and the update time, where the status is among `only` (any if None).

        Returns a copy, None where the call is gone or has another status: whoever gets the copy made the change.
        """
        with self._changing():
            call = self._calls.get(sid)
            if call is None or (only is not None and call.status not in only):
                return None
            self._calls[sid] = replace(call, **values, updated=now())
            return replace(self._calls[sid])

    def ring(self, sid: str, *, for_person: bool) -> Call | None:
        """A queued call rings; None where it is queued no more."""
        return self.change(sid, only=("queued",), status="ringing", for_person=for_person, mark=self._next_mark())

    def take_number(self, sid: str) -> int:
        """The SequenceNumber of the next status callback, counted from 0."""
        with self._changing():
            number = self._calls[sid].sequence if sid in self._calls else 0
            self.change(sid, sequence=number + 1)
            return number

    def say(self, sid: str, who: str, words: str, *, more: bool = False) -> None:
        """Add a line to the transcript of a call that goes on; with `more` the words go on in the last line."""
        with self._changing():
            call = self._calls.get(sid)
            if call is None or call.status in ENDED:
                return
            lines, line = call.transcript, Line(now().isoformat(timespec="milliseconds"), who, words)
            if more and lines and lines[-1].who == who:
                line = replace(lines[-1], words=f"{lines[-1].words} {words}")
                lines = lines[:-1]
            self._calls[sid] = replace(call, transcript=(*lines, line))

    def marks(self) -> dict[str, int]:
        """number -> mark of the newest call that rang there."""
        return {call.to: call.mark for call in list(self._calls.values()) if call.mark}

    def to_state(self) -> list[dict[str, Any]]:
        """Plain values for JSON."""
        return [call.to_state() for call in self._calls.values()]

    def load(self, state: list[dict[str, Any]]) -> None:
        """The inverse of `to_state`."""
        self._calls = {each["sid"]: Call.from_state(each) for each in state}
