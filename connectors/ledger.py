"""What the processes that ask one PSA know in common: who is at it, how much was spent, and when to leave it in peace.

Two kinds keep the same account: a small SQLite file for the processes of one machine (in memory for a program of one
process), and Redis for those of many. Everything in it may be lost without harm, and whatever a process that died
holds in it runs out by itself.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that lasts for ``seconds`` more, and the words that came with it."""

    seconds: float
    words: str


class Ledger(Protocol):
    """The account. Keys are texts of any kind; times are seconds."""

    def enter(self, key: str, places: int, longest: float) -> str:
        """Take one of so many places, for ``longest`` seconds at most; empty where all are taken."""
        ...

    def leave(self, key: str, ticket: str) -> None:
        """Give a place back."""
        ...

    def spend(self, key: str, allowed: int, window: float) -> float:
        """Spend one of so many in the window that ends now; 0, or the seconds until one is free again."""
        ...

    def count(self, key: str, life: float) -> int:
        """Count one more, and how many there are; they are forgotten ``life`` seconds after the last."""
        ...

    def count_of(self, key: str) -> int:
        """How many were counted."""
        ...

    def hold(self, key: str, seconds: float, words: str) -> None:
        """Let something last for so long; a longer hold is not shortened."""
        ...

    def held(self, key: str) -> Hold | None:
        """What lasts, or None."""
        ...

    def claim(self, key: str, seconds: float) -> bool:
        """Whether this caller is the only one to claim the key within so many seconds."""
        ...

    def clear(self, key: str) -> None:
        """Forget a count, a hold or a claim."""
        ...


_TABLES = """
CREATE TABLE IF NOT EXISTS places (key TEXT, ticket TEXT, until REAL, PRIMARY KEY (key, ticket)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (key TEXT, at REAL);
CREATE INDEX IF NOT EXISTS spent_by_key ON spent (key, at);
CREATE TABLE IF NOT EXISTS marks (key TEXT PRIMARY KEY, number INTEGER, until REAL, words TEXT) WITHOUT ROWID;
"""


# What was spent longer ago than any window lasts, in seconds.
_LONG_AGO: Final = 86400.0


def _or_alone(
    method: Callable[Concatenate[SqliteLedger, P], T],
) -> Callable[Concatenate[SqliteLedger, P], T]:
    """Where the file cannot be used, this process keeps an account of its own: callers are still verified."""

    @functools.wraps(method)
    def kept(self: SqliteLedger, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.Error as problem:
            if self._alone is None:
                raise
            logger.warning("The file does not keep the account of PSA calls: %s", type(problem).__name__)
            return kept(self._alone, *args, **kwargs)

    return kept


class SqliteLedger:
    """A ledger in a file that the processes of one machine share; without a path, in memory for this process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = str(path) if path else ":memory:"
        self._alone = SqliteLedger() if path else None
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._inherited: list[sqlite3.Connection] = []

    @_or_alone
    def enter(self, key: str, places: int, longest: float) -> str:
        """See :class:`Ledger`."""
        now = time.time()
        with self._transaction() as db:
            db.execute("DELETE FROM places WHERE key = ? AND until <= ?", (key, now))
            (taken,) = db.execute("SELECT count(*) FROM places WHERE key = ?", (key,)).fetchone()
            if taken >= places:
                return ""
            ticket = secrets.token_hex(8)
            db.execute("INSERT INTO places VALUES (?, ?, ?)", (key, ticket, now + longest))
            return ticket

    @_or_alone
    def leave(self, key: str, ticket: str) -> None:
        """See :class:`Ledger`."""
        with self._transaction() as db:
            db.execute("DELETE FROM places WHERE key = ? AND ticket = ?", (key, ticket))

    @_or_alone
    def spend(self, key: str, allowed: int, window: float) -> float:
        """See :class:`Ledger`."""
        now = time.time()
        with self._transaction() as db:
            db.execute("DELETE FROM spent WHERE key = ? AND at <= ?", (key, now - window))
            rows = db.execute(
                "SELECT at FROM spent WHERE key = ? ORDER BY at DESC LIMIT 1 OFFSET ?", (key, allowed - 1)
            ).fetchone()
            if rows is not None:
                return max(0.001, float(rows[0]) + window - now)
            db.execute("INSERT INTO spent VALUES (?, ?)", (key, now))
            return 0.0

    @_or_alone
    def count(self, key: str, life: float) -> int:
        """See :class:`Ledger`."""
        now = time.time()
        with self._transaction() as db:
            number = self._number(db, key, now) + 1
            db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, '')", (key, number, now + life))
            return number

    @_or_alone
    def count_of(self, key: str) -> int:
        """See :class:`Ledger`."""
        with self._reading() as db:
            return self._number(db, key, time.time())

    @_or_alone
    def hold(self, key: str, seconds: float, words: str) -> None:
        """See :class:`Ledger`."""
        now = time.time()
        with self._transaction() as db:
            before = db.execute("SELECT until FROM marks WHERE key = ?", (key,)).fetchone()
            if before is None or before[0] < now + seconds:
                db.execute("INSERT OR REPLACE INTO marks VALUES (?, 1, ?, ?)", (key, now + seconds, words))

    @_or_alone
    def held(self, key: str) -> Hold | None:
        """See :class:`Ledger`."""
        now = time.time()
        with self._reading() as db:
            row = db.execute("SELECT until, words FROM marks WHERE key = ? AND until > ?", (key, now)).fetchone()
        return Hold(row[0] - now, row[1]) if row else None

    @_or_alone
    def claim(self, key: str, seconds: float) -> bool:
        """See :class:`Ledger`."""
        now = time.time()
        with self._transaction() as db:
            if self._number(db, key, now):
                return False
            db.execute("INSERT OR REPLACE INTO marks VALUES (?, 1, ?, '')", (key, now + seconds))
            return True

    @_or_alone
    def clear(self, key: str) -> None:
        """See :class:`Ledger`."""
        with self._reading() as db:
            known = db.execute("SELECT 1 FROM marks WHERE key = ?", (key,)).fetchone()
        # Nearly every call is answered and finds nothing to clear; no lock is taken for that.
        if known:
            with self._transaction() as db:
                db.execute("DELETE FROM marks WHERE key = ?", (key,))

    @staticmethod
    def _number(db: sqlite3.Connection, key: str, now: float) -> int:
        row = db.execute("SELECT number FROM marks WHERE key = ? AND until > ?", (key, now)).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        self._leave_parent()
        with self._lock:
            yield self._open()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._leave_parent()
        with self._lock:
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _leave_parent(self) -> None:
        """Preloaded workers are forked with this object in them, maybe while a thread of the parent was at it."""
        process = os.getpid()
        if self._process == process:
            return
        # A child has one thread when it is born. SQLite forbids it to use its parent's connection, and to close it.
        if self._connection is not None:
            self._inherited.append(self._connection)
        self._connection, self._lock, self._process = None, threading.Lock(), process

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None, check_same_thread=False)
            # What a power cut takes away here has run out by the time the machine is back.
            connection.execute("PRAGMA synchronous=OFF")
            connection.executescript(_TABLES)
            self._tidy(connection)
            self._connection = connection
        return self._connection

    @staticmethod
    def _tidy(db: sqlite3.Connection) -> None:
        """Forget what has run out under keys that nobody uses any more."""
        now = time.time()
        db.execute("DELETE FROM places WHERE until <= ?", (now,))
        db.execute("DELETE FROM marks WHERE until <= ?", (now,))
        db.execute("DELETE FROM spent WHERE at <= ?", (now - _LONG_AGO,))
