"""The emulator as one object: its users, what is asked of them, its prompt, its clock and its faults."""

from __future__ import annotations

from emulators.duo.clock import Clock
from emulators.duo.directory import Directory
from emulators.duo.faults import Faults
from emulators.duo.journal import Journal
from emulators.duo.prompts import Prompts
from emulators.duo.transactions import Transactions


class DuoEmulator:
    """One Duo account with three applications. Its state lives in memory.

    `life` counts the resets: a call that began before one must leave no trace after it.
    """

    def __init__(self) -> None:
        self.faults = Faults()
        self.clock = Clock(self.faults)
        self.directory = Directory()
        self.transactions = Transactions()
        self.prompts = Prompts()
        self.journal = Journal()
        self.life = 0

    def reset(self) -> None:
        """Back to the first day: nothing sent, no faults, the users of the seed."""
        self.life += 1
        self.faults.clear()
        self.directory.clear()
        self.transactions.clear()
        self.prompts.clear()
        self.journal.clear()
