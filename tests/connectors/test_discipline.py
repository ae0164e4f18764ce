"""The gate in front of a PSA: how many ask at once, how often, and when nobody does. With real processes."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.base import BadCredentials, PsaError, RateLimited, Unavailable
from connectors.discipline import Gate, Lane, Limits
from connectors.ledger import SqliteLedger

FORK = multiprocessing.get_context("fork")
MakeGate = Callable[..., Gate]


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return SqliteLedger(tmp_path / "ledger.sqlite")


@pytest.fixture
def gate(ledger: SqliteLedger) -> MakeGate:
    """Makes gates of one integration; keyword arguments are its limits."""

    def make(lane: Lane = Lane.PERSON, key: str = "k", **limits: Any) -> Gate:
        return Gate(ledger, key, "ExamplePSA", Limits(**limits), lane)

    return make


def ask(gate: Gate, part: str = "", *, own_keys: bool = True, during: Callable[[], None] = lambda: None) -> str:
    """Ask once; the name of the error, or ``asked``."""
    try:
        with gate.passing(part, 5.0, own_keys=own_keys):
            during()
    except PsaError as error:
        return type(error).__name__
    return "asked"


def test_those_who_are_too_many_wait_a_moment_and_are_told(gate: MakeGate) -> None:
    one = gate(at_once=1, patience=0.1)
    with one.passing("", 5.0):
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="still busy with our other questions") as told, one.passing("", 5.0):
            pass
        assert 0.09 < time.monotonic() - begun < 1.0 and not told.value.ambiguous
        assert ask(one, "another part") == "asked"
        assert ask(gate(key="another integration", at_once=1)) == "asked"
    assert ask(one) == "asked"


def test_who_waits_gets_the_place_that_becomes_free(gate: MakeGate) -> None:
    one = gate(at_once=1, patience=5.0)
    inside, out = threading.Event(), threading.Event()

    def stay() -> None:
        with one.passing("", 5.0):
            inside.set()
            out.wait(5)

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait(5)
    threading.Timer(0.1, out.set).start()
    assert ask(one) == "asked"
    thread.join()


def test_when_enough_are_waiting_the_next_is_told_at_once(gate: MakeGate) -> None:
    one = gate(at_once=1, waiting=2, patience=0.3)
    took: list[float] = []

    def come() -> None:
        begun = time.monotonic()
        assert ask(one) == "Unavailable"
        took.append(time.monotonic() - begun)

    with one.passing("", 5.0):
        threads = [threading.Thread(target=come) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len([seconds for seconds in took if seconds >= 0.29]) == 2 and len(took) == 6


def test_a_place_is_given_back_whatever_happens_inside(gate: MakeGate) -> None:
    one = gate(at_once=1, patience=0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), one.passing("", 5.0):
            _ = 1 // 0
    assert ask(one) == "asked"


def test_the_budget_is_for_all_and_a_part_of_it_for_people_alone(gate: MakeGate) -> None:
    limits = {"budget": 10, "window": 30.0, "reserve": 0.3}
    work, person = gate(Lane.BACKGROUND, **limits), gate(**limits)
    assert [ask(work) for _ in range(8)] == ["asked"] * 7 + ["RateLimited"]
    assert [ask(person) for _ in range(4)] == ["asked"] * 3 + ["RateLimited"]
    with pytest.raises(RateLimited, match="was asked 10 times in 30 seconds") as told, person.passing("", 5.0):
        pass
    assert 28 < told.value.retry_after <= 30
    assert ask(gate(key="other keys", **limits)) == "asked"


def test_who_comes_in_vain_spends_nothing(gate: MakeGate) -> None:
    one = gate(at_once=1, waiting=1, patience=0.02, budget=2, window=30.0)
    with one.passing("", 5.0):
        assert {ask(one) for _ in range(5)} == {"Unavailable"}
    assert ask(one) == "asked"
    assert ask(one) == "RateLimited"


def test_a_spent_budget_takes_no_place(gate: MakeGate) -> None:
    one = gate(at_once=1, patience=0.02, budget=1, window=0.1)
    assert [ask(one), ask(one), ask(one)] == ["asked", "RateLimited", "RateLimited"]
    time.sleep(0.12)
    assert ask(one) == "asked"


def test_after_failures_in_a_row_nobody_asks_and_then_one_tries(gate: MakeGate) -> None:
    one = gate(failures=3, rest=0.2)
    for _ in range(2):
        one.failed()
    assert ask(one) == "asked", "two are not enough"
    one.answered()
    for _ in range(2):
        one.failed()
    assert ask(one) == "asked", "an answer in between begins the count anew"
    one.failed()
    with pytest.raises(Unavailable, match="did not answer the last 3 times"), one.passing("", 5.0):
        pass
    time.sleep(0.22)
    seen: list[str] = []
    assert ask(one, during=lambda: seen.extend([ask(one), ask(one)])) == "asked"
    assert seen == ["Unavailable", "Unavailable"], "one call is finding out"
    one.failed()
    assert ask(one) == "Unavailable", "it rests again"
    time.sleep(0.22)
    assert ask(one) == "asked"
    one.answered()
    assert [ask(one), ask(one)] == ["asked", "asked"]


def test_a_trial_that_died_lets_another_one_try_later(gate: MakeGate) -> None:
    one = gate(failures=1, rest=0.15)
    one.failed()
    time.sleep(0.17)
    assert ask(one) == "asked"
    time.sleep(0.17)
    assert ask(one) == "asked", "nobody said how the first trial ended"


def test_work_that_must_wait_or_has_no_budget_is_not_taken_for_the_trial(gate: MakeGate) -> None:
    limits = {"failures": 1, "rest": 0.1, "budget": 10, "reserve": 0.9, "window": 30.0}
    work, person = gate(Lane.BACKGROUND, **limits), gate(**limits)
    assert ask(work) == "asked"
    person.failed()
    time.sleep(0.12)
    assert ask(work) == "RateLimited", "its share is spent"
    assert ask(person) == "asked", "so the trial is still to be had"
    person.answered()
    person.failed()
    person.told_to_wait(30.0)
    time.sleep(0.12)
    assert ask(work) == "RateLimited"
    assert ask(person) == "asked"


def test_when_the_psa_asks_us_to_wait_only_people_go_on(gate: MakeGate) -> None:
    work, person = gate(Lane.BACKGROUND), gate()
    person.told_to_wait(30.0)
    person.told_to_wait(1.0)
    with pytest.raises(RateLimited, match="asked us to wait") as told, work.passing("", 5.0):
        pass
    assert 29 < told.value.retry_after <= 30, "a longer wait is not shortened"
    assert ask(person) == "asked"


def test_refused_keys_are_left_alone_with_the_same_words_and_another_proof_goes_on(gate: MakeGate) -> None:
    one = gate(credentials_rest=0.2)
    one.refused("ExamplePSA does not accept the keys.")
    with pytest.raises(BadCredentials, match=r"^ExamplePSA does not accept the keys\.$"), one.passing("", 5.0):
        pass
    assert ask(gate(Lane.BACKGROUND)) == "BadCredentials"
    assert ask(one, own_keys=False) == "asked"
    assert ask(gate(key="new keys")) == "asked"
    time.sleep(0.22)
    assert ask(one) == "asked"


def test_what_an_admin_has_mended_may_be_tried_at_once(gate: MakeGate) -> None:
    work = gate(Lane.BACKGROUND, failures=1, rest=30.0)
    work.failed()
    work.refused("no")
    work.told_to_wait(30.0)
    assert ask(work) == "BadCredentials"
    work.forgive()
    assert [ask(work), ask(work)] == ["asked", "asked"]


# --- Several processes ------------------------------------------------------------------------------------------------


def in_processes(number: int, work: Callable[[Any], Any]) -> list[Any]:
    """Run ``work(barrier)`` in so many forked processes that begin together; what each returned."""
    barrier, pipes, processes = FORK.Barrier(number), [], []
    for _ in range(number):
        mine, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=lambda pipe=theirs: pipe.send(work(barrier)))
        process.start()
        pipes.append(mine)
        processes.append(process)
    try:
        return [pipe.recv() if pipe.poll(20) else None for pipe in pipes]
    finally:
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()


def test_processes_together_are_never_more_than_may_ask_at_once(gate: MakeGate) -> None:
    one = gate(at_once=3, waiting=2, patience=0.05, budget=100_000)
    assert ask(one) == "asked"

    def visits(barrier: Any) -> list[tuple[float, float]]:
        stays: list[tuple[float, float]] = []

        def stay() -> None:
            begun = time.monotonic()
            time.sleep(0.002)
            stays.append((begun, time.monotonic()))

        barrier.wait(10)
        for _ in range(20):
            ask(one, during=stay)
        return stays

    stays = [stay for process in in_processes(4, visits) for stay in process]
    moments = sorted([(begun, 1) for begun, _ in stays] + [(ended, -1) for _, ended in stays])
    inside = most = 0
    for _, step in moments:
        inside += step
        most = max(most, inside)
    assert 1 <= most <= 3 and len(stays) >= 20


def test_processes_together_never_overspend_the_budget(gate: MakeGate) -> None:
    one = gate(at_once=8, budget=30, window=30.0)

    def spend(barrier: Any) -> int:
        barrier.wait(10)
        return [ask(one) for _ in range(20)].count("asked")

    assert sum(in_processes(4, spend)) == 30


def test_after_a_rest_exactly_one_of_all_processes_tries(gate: MakeGate) -> None:
    one = gate(failures=1, rest=30.0)
    one.failed()
    one._ledger.clear("k:rest")

    def try_it(barrier: Any) -> list[str]:
        barrier.wait(10)
        return [ask(one) for _ in range(5)]

    ends = [end for process in in_processes(4, try_it) for end in process]
    assert ends.count("asked") == 1 and ends.count("Unavailable") == 19
