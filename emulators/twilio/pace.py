"""How fast time goes on the emulated network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

SHORTEST, LONGEST = 0.001, 3600.0  # an endless <Say> that takes no time would fill the memory


@dataclass
class Pace:
    """Seconds that things take; safe to change while the emulator runs.

    `queued`, `sending` and `delivery` are the stages of a message; a call waits `queued` too. `dialing` goes by before
    a phone rings, `pick_up` before a scripted one is answered, `word` for each spoken word. `second` is what one second
    of a call takes: of a pause, of the wait for a key, of the ring time, of the time limit.
    """

    queued: float = 0.25
    sending: float = 0.25
    delivery: float = 0.9
    dialing: float = 0.6
    pick_up: float = 1.5
    word: float = 0.3
    second: float = 1.0

    @classmethod
    def brisk(cls) -> Pace:
        """For tests: the same order, next to no waiting."""
        return cls(0.02, 0.02, 0.05, dialing=0.02, pick_up=0.02, word=0.002, second=0.05)

    def change(self, wanted: Mapping[str, object]) -> None:
        """Set the named ones, all of them or none. Raises ValueError with a sentence."""
        known = [field.name for field in fields(self)]
        checked: dict[str, float] = {}
        for name, value in wanted.items():
            if name not in known:
                raise ValueError(f"There is no pace '{name}'. There are: {', '.join(known)}.")
            if not isinstance(value, int | float) or isinstance(value, bool) or not SHORTEST <= value <= LONGEST:
                raise ValueError(f"'{name}' takes seconds, {SHORTEST} to {LONGEST:.0f}.")
            checked[name] = float(value)
        for name, seconds in checked.items():
            setattr(self, name, seconds)

    def restore(self, first: Pace) -> None:
        """Be like `first` again."""
        for name, seconds in first.describe().items():
            setattr(self, name, seconds)

    def describe(self) -> dict[str, float]:
        """name -> seconds."""
        return asdict(self)
