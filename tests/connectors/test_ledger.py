"""The account that processes keep in common: one table of tests for the file, the memory and Redis.

Where several processes are meant, they are real ones.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from connectors.ledger import Hold, Ledger, SqliteLedger
from connectors.redis_ledger import RedisLedger

Make = Callable[[], Ledger]
# Workers are forked from one loaded application, as gunicorn does with --preload.
FORK = multiprocessing.get_context("fork")


def a_redis(url: str) -> Any:
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


@pytest.fixture
def redis_db(redis_url: str) -> Iterator[tuple[str, str]]:
    """A URL of a database of the tests' Redis, and a prefix of keys that are gone afterwards."""
    url, prefix = urlsplit(redis_url)._replace(path="/15").geturl(), f"test-{uuid.uuid4().hex}:"
    yield url, prefix
    client = a_redis(url)
    for key in client.scan_iter(f"{prefix}*"):
        client.delete(key)
    client.close()


IN_REDIS = pytest.param("redis", marks=pytest.mark.redis)


def _make(request: pytest.FixtureRequest, path: Path) -> Make:
    if request.param == "file":
        return lambda: SqliteLedger(path / "ledger.sqlite")
    if request.param == "memory":
        return SqliteLedger
    url, prefix = request.getfixturevalue("redis_db")
    return lambda: RedisLedger(a_redis(url), prefix)


@pytest.fixture(params=["file", "memory", IN_REDIS])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """A ledger of each kind."""
    return _make(request, tmp_path)()


@pytest.fixture(params=["file", IN_REDIS])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes ledgers that share one account, of each kind that several processes can share."""
    return _make(request, tmp_path)


def test_no_more_get_in_than_there_are_places_and_who_leaves_makes_room(ledger: Ledger) -> None:
    tickets = [ledger.enter("k", 3, 5.0) for _ in range(3)]
    assert len(set(tickets)) == 3 and all(tickets)
    assert ledger.enter("k", 3, 5.0) == ""
    assert ledger.enter("another", 3, 5.0)
    ledger.leave("k", tickets[1])
    ledger.leave("k", "nobody has this ticket")
    assert ledger.enter("k", 3, 5.0)
    assert ledger.enter("k", 3, 5.0) == ""


class Until:
    """True until so many seconds have gone by: on a busy machine a step may come too late to prove anything."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def __bool__(self) -> bool:
        return time.monotonic() < self._end


def test_a_place_that_is_not_given_back_runs_out(ledger: Ledger) -> None:
    early = Until(0.14)
    assert ledger.enter("k", 1, 0.15)
    second = ledger.enter("k", 1, 5.0)
    assert second == "" or not early
    time.sleep(0.17)
    ledger.leave("k", second)
    assert ledger.enter("k", 1, 5.0)


def test_a_short_stay_does_not_end_a_long_one(ledger: Ledger) -> None:
    assert ledger.enter("k", 2, 30.0)
    short = ledger.enter("k", 2, 0.05)
    assert short
    ledger.leave("k", short)
    if isinstance(ledger, RedisLedger):
        assert ledger._redis.pttl(ledger._name("k")) > 20_000
    assert ledger.enter("k", 1, 5.0) == ""


def test_the_window_rolls_and_its_wait_is_exact(ledger: Ledger) -> None:
    early = Until(0.38)
    assert ledger.spend("k", 2, 0.4) == 0
    time.sleep(0.2)
    late = Until(0.38)
    assert ledger.spend("k", 2, 0.4) == 0
    wait = ledger.spend("k", 2, 0.4)
    assert 0 < wait <= 0.4 - 0.2 + 0.005 or not early
    time.sleep(max(0, wait - 0.05))
    refused = ledger.spend("k", 2, 0.4) > 0
    assert refused or not early, "it is free only when the first one has left the window"
    time.sleep(0.07)
    assert ledger.spend("k", 2, 0.4) == 0
    refused = ledger.spend("k", 2, 0.4) > 0
    assert refused or not late, "the second one is still in it"
    assert ledger.spend("other", 2, 0.4) == 0


def test_who_may_spend_less_leaves_the_rest_to_others(ledger: Ledger) -> None:
    assert [ledger.spend("k", 7, 30.0) > 0 for _ in range(8)] == [False] * 7 + [True]
    assert [ledger.spend("k", 10, 30.0) > 0 for _ in range(4)] == [False] * 3 + [True]
    assert 29 < ledger.spend("k", 7, 30.0) <= 30


def test_a_count_counts_and_is_forgotten_some_time_after_the_last(ledger: Ledger) -> None:
    assert ledger.count_of("k") == 0
    assert [ledger.count("k", 30.0) for _ in range(2)] == [1, 2]
    early = Until(0.28)
    assert ledger.count("k", 0.3) == 3
    time.sleep(0.2)
    later = Until(0.28)
    assert ledger.count("k", 0.3) == 4 or not early
    time.sleep(0.15)
    number = ledger.count_of("k")
    assert number == 4 or not (early or later), "they last from the last one"
    time.sleep(0.17)
    assert ledger.count_of("k") == 0
    ledger.count("k", 30.0)
    ledger.clear("k")
    assert ledger.count_of("k") == 0


def test_a_hold_lasts_with_its_words_and_a_longer_one_is_not_shortened(ledger: Ledger) -> None:
    assert ledger.held("k") is None
    ledger.hold("k", 30.0, "Die Schlüssel wurden abgelehnt.")
    ledger.hold("k", 0.05, "shorter")
    found = ledger.held("k")
    assert isinstance(found, Hold) and found.words == "Die Schlüssel wurden abgelehnt."
    assert 29 < found.seconds <= 30
    ledger.hold("k", 60.0, "longer")
    found = ledger.held("k")
    assert found is not None and found.words == "longer" and found.seconds > 59
    ledger.clear("k")
    assert ledger.held("k") is None


def test_a_hold_ends_by_itself_and_a_new_one_may_be_short(ledger: Ledger) -> None:
    ledger.hold("k", 0.1, "first")
    time.sleep(0.12)
    assert ledger.held("k") is None
    ledger.hold("k", 0.05, "second")
    found = ledger.held("k")
    assert found is not None and found.words == "second"


def test_one_claims_and_the_next_only_when_it_has_run_out(ledger: Ledger) -> None:
    early = Until(0.14)
    assert ledger.claim("k", 0.15)
    again = ledger.claim("k", 5.0)
    assert not again or not early
    ledger.clear("k")
    assert ledger.claim("k", 0.1)
    time.sleep(0.12)
    assert ledger.claim("k", 5.0)
    ledger.clear("k")
    assert ledger.claim("k", 5.0)


def test_threads_of_one_process_share_it(ledger: Ledger) -> None:
    inside, most, lock = [0], [0], threading.Lock()

    def try_often() -> None:
        for _ in range(15):
            ticket = ledger.enter("k", 2, 5.0)
            if not ticket:
                continue
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.001)
            with lock:
                inside[0] -= 1
            ledger.leave("k", ticket)

    threads = [threading.Thread(target=try_often) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most[0] <= 2 and inside == [0]


# --- Several processes ------------------------------------------------------------------------------------------------


def in_processes(number: int, work: Callable[..., Any], *args: Any) -> list[Any]:
    """Run ``work(barrier, *args)`` in so many forked processes that begin together; what each returned."""
    barrier = FORK.Barrier(number)

    def run(pipe: Connection) -> None:
        pipe.send(work(barrier, *args))

    pipes, processes = [], []
    for _ in range(number):
        mine, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=run, args=(theirs,))
        process.start()
        theirs.close()
        pipes.append(mine)
        processes.append(process)
    try:
        return [pipe.recv() if pipe.poll(20) else None for pipe in pipes]
    finally:
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()


def _visits(barrier: Any, ledger: Ledger) -> list[tuple[float, float]]:
    """When this process was inside."""
    barrier.wait(10)
    stays = []
    for _ in range(20):
        ticket = ledger.enter("k", 3, 5.0)
        if ticket:
            begun = time.monotonic()
            time.sleep(0.002)
            stays.append((begun, time.monotonic()))
            ledger.leave("k", ticket)
    return stays


def test_processes_together_are_never_more_than_there_are_places(make: Make) -> None:
    # Used before the fork, as a preloaded application has.
    ledger = make()
    ledger.leave("k", ledger.enter("k", 3, 5.0))
    stays = [stay for process in in_processes(4, _visits, ledger) for stay in process]
    moments = sorted([(begun, 1) for begun, _ in stays] + [(ended, -1) for _, ended in stays])
    inside = most = 0
    for _, step in moments:
        inside += step
        most = max(most, inside)
    assert 1 <= most <= 3 and len(stays) >= 20


def _spending(barrier: Any, ledger: Ledger) -> int:
    barrier.wait(10)
    return sum(ledger.spend("k", 30, 30.0) == 0 for _ in range(20))


def test_processes_together_never_overspend(make: Make) -> None:
    ledger = make()
    assert ledger.spend("k", 30, 30.0) == 0
    assert sum(in_processes(4, _spending, ledger)) == 29


def _claiming(barrier: Any, ledger: Ledger) -> tuple[bool, int]:
    barrier.wait(10)
    return ledger.claim("trial", 30.0), max(ledger.count("failures", 30.0) for _ in range(10))


def test_of_several_processes_one_claims_and_every_count_counts(make: Make) -> None:
    ends = in_processes(4, _claiming, make())
    assert [claimed for claimed, _ in ends].count(True) == 1
    assert max(number for _, number in ends) == 40


def test_a_place_of_a_process_that_was_killed_runs_out(make: Make) -> None:
    mine, theirs = FORK.Pipe(duplex=False)

    def die_inside() -> None:
        ledger = make()
        theirs.send(ledger.enter("k", 1, 0.4))
        os.kill(os.getpid(), signal.SIGKILL)

    process = FORK.Process(target=die_inside)
    process.start()
    assert mine.poll(10) and mine.recv()
    begun = time.monotonic()
    process.join(5)
    assert process.exitcode == -signal.SIGKILL
    ledger = make()
    if time.monotonic() - begun < 0.3:
        assert ledger.enter("k", 1, 5.0) == ""
    time.sleep(max(0, begun + 0.42 - time.monotonic()))
    assert ledger.enter("k", 1, 5.0)


def test_a_child_does_not_wait_for_a_lock_that_its_parent_held_as_it_forked(make: Make) -> None:
    ledger = make()
    ledger.count("k", 30.0)
    held, let_go = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        for lock in (getattr(each, "_lock", None) for each in (ledger, getattr(ledger, "_alone", None))):
            if lock is not None:
                lock.acquire()
        held.set()
        let_go.wait(10)

    thread = threading.Thread(target=hold_the_lock, daemon=True)
    thread.start()
    held.wait(5)
    try:
        mine, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=lambda: theirs.send(ledger.count("k", 30.0)))
        process.start()
        assert mine.poll(5), "the child waits for a lock that nobody will release"
        assert mine.recv() == 2
        process.join(5)
    finally:
        let_go.set()


def test_a_child_leaves_its_parents_connection_alone(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    ledger.count("k", 30.0)
    theirs = ledger._connection
    mine, pipe = FORK.Pipe(duplex=False)

    def look() -> None:
        ledger.count("k", 30.0)
        pipe.send((ledger._connection is not theirs, ledger._inherited == [theirs]))

    process = FORK.Process(target=look)
    process.start()
    assert mine.poll(5) and mine.recv() == (True, True)
    process.join(5)
    assert ledger.count("k", 30.0) == 3


# --- When it cannot be kept -------------------------------------------------------------------------------------------


class Road:
    """The way to Redis, over a socket of its own: open, silent (what is sent goes nowhere), or cut."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.silent = False
        self.url = parts._replace(netloc=f"127.0.0.1:{self._door.getsockname()[1]}").geturl()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if not self.silent:
                    other.sendall(data)

    def cut(self) -> None:
        """Nothing goes through, and nobody takes a new connection."""
        for end in (self._door, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.mark.redis
@pytest.mark.parametrize("how", ["cut", "silent"])
def test_a_redis_that_goes_away_in_the_middle_is_done_without(
    redis_db: tuple[str, str], caplog: pytest.LogCaptureFixture, how: str
) -> None:
    url, prefix = redis_db
    road = Road(url)
    client = redis.Redis.from_url(road.url, socket_timeout=0.15, socket_connect_timeout=0.15)
    ledger = RedisLedger(client, prefix, pause=0.3)
    ticket = ledger.enter("k", 1, 30.0)
    assert ticket and ledger.enter("k", 1, 30.0) == ""
    ledger.hold("h", 30.0, "words")
    if how == "cut":
        road.cut()
    road.silent = True
    begun = time.monotonic()
    alone = ledger.enter("k", 1, 30.0)
    assert alone and alone != ticket
    assert ledger.enter("k", 1, 30.0) == "", "what this process knows by itself still counts"
    assert ledger.spend("s", 1, 30.0) == 0 and ledger.spend("s", 1, 30.0) > 0
    assert ledger.held("h") is None and ledger.count("c", 30.0) == 1
    assert time.monotonic() - begun < 0.6, "it is waited for once, not at every question"
    said = [record.getMessage() for record in caplog.records if record.name == "connectors.redis_ledger"]
    assert 1 <= len(said) <= 2 and all(prefix not in line and "words" not in line for line in said)
    if how == "cut":
        return
    road.silent = False
    time.sleep(0.32)
    found = ledger.held("h")
    assert found is not None and found.words == "words", "it is asked again when it is back"
    ledger.leave("k", alone)
    assert ledger.enter("k", 1, 30.0) == "", "the place in Redis is still taken"
    ledger.leave("k", ticket)
    assert ledger.enter("k", 1, 30.0)
    road.cut()


def test_a_redis_where_nobody_listens_is_done_without_at_once(closed_port: int) -> None:
    ledger = RedisLedger(a_redis(f"redis://127.0.0.1:{closed_port}/0"))
    begun = time.monotonic()
    ticket = ledger.enter("k", 1, 5.0)
    assert ticket and ledger.enter("k", 1, 5.0) == ""
    ledger.leave("k", ticket)
    assert ledger.enter("k", 1, 5.0)
    assert ledger.claim("c", 5.0) and not ledger.claim("c", 5.0)
    ledger.clear("c")
    assert ledger.claim("c", 5.0)
    assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize("how", ["no folder", "no database"])
def test_a_file_that_cannot_be_used_is_done_without(tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "nowhere" / "ledger.sqlite" if how == "no folder" else tmp_path / "ledger.sqlite"
    if how == "no database":
        path.write_bytes(b"this is not a database, and was never one. " * 100)
    ledger = SqliteLedger(path)
    ticket = ledger.enter("k", 1, 5.0)
    assert ticket and ledger.enter("k", 1, 5.0) == ""
    ledger.leave("k", ticket)
    assert ledger.enter("k", 1, 5.0)
    ledger.hold("h", 30.0, "words")
    assert ledger.held("h") is not None and ledger.spend("s", 1, 30.0) == 0
    assert "does not keep the account" in caplog.text and str(tmp_path) not in caplog.text


def test_a_transaction_that_broke_leaves_the_next_one_free(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = SqliteLedger(path)
    ledger.count("k", 30.0)
    assert ledger._connection is not None
    ledger._connection.execute("PRAGMA busy_timeout=50")
    # Somebody reads for so long that a COMMIT is refused, which SQLite does only then.
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM marks").fetchall()
    assert ledger.count("k", 30.0) == 1, "this process counts for itself meanwhile"
    with suppress(sqlite3.Error):
        reader.execute("ROLLBACK")
    reader.close()
    assert ledger.count("k", 30.0) == 2, "and in the file again after it"


def test_what_has_run_out_under_keys_of_the_past_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    old = SqliteLedger(path)
    old.enter("past", 1, 0.01)
    old.hold("past", 0.01, "words")
    old.hold("present", 30.0, "words")
    old.spend("past", 1, 30.0)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE spent SET at = at - 100000")
    db.close()
    time.sleep(0.02)
    new = SqliteLedger(path)
    assert new.held("present") is not None
    with sqlite3.connect(path) as db:
        left = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("places", "spent", "marks")}  # fmt: skip
    db.close()
    assert left == {"places": 0, "spent": 0, "marks": 1}
