"""The faults that can be switched on, each with a sentence for people and a check of its value."""

from __future__ import annotations

import asyncio
import time

from emulators.switchboard import Fault, Switchboard, Value, seconds, switch, times

DOWN_MODES = ("closed", "refused")
_PAUSE_STEP = 0.05


def _down(value: object) -> Value:
    if value is False or (isinstance(value, str) and value in DOWN_MODES):
        return value
    raise ValueError("false, or one of " + ", ".join(DOWN_MODES))


FAULTS: dict[str, Fault] = {
    "down": Fault("New connections are closed without a greeting, or refused.", False, _down),
    "slow_greeting_seconds": Fault("The greeting of a new connection waits this long.", 0, seconds),
    "refuse_login": Fault("No login is accepted: always, or on the next so many connections.", False, times),
    "accept_then_drop_answer": Fault(
        "The next so many messages are kept, but the connection is dropped before the answer.", False, times
    ),
    "bounce_later": Fault(
        "The next so many messages are accepted, then returned to the sender by a report.", False, times
    ),
    "bounce_delay_seconds": Fault("The report of bounce_later is made after this wait.", 1, seconds),
    "greylist": Fault("A sender's first try at a recipient is put off with 451; the next is taken.", False, switch),
    "slow_recipient_seconds": Fault("A recipient slow@ is answered after this wait.", 5, seconds),
}


class Faults(Switchboard):
    """The current values of the mail server's faults."""

    def __init__(self) -> None:
        super().__init__(FAULTS)
        self._turn = 0

    def clear(self) -> None:
        """Everything works again, and what waits is let go."""
        self._turn += 1
        super().clear()

    async def pause(self, name: str) -> None:
        """Wait as long as `name` says now, but no longer than until the next `clear`."""
        turn, until = self._turn, time.monotonic() + self.seconds(name)
        # `clear` is called from another thread than the loop's: looking now and then is simpler than waking.
        while self._turn == turn and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _PAUSE_STEP))

    @property
    def down(self) -> str:
        """One of DOWN_MODES, or empty."""
        return self.text("down") if self.on("down") else ""
