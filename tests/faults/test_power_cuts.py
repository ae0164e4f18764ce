"""The whole stack killed again and again under load, and the recoveries that take their time.

Waiting is most of it, so both databases go through it at the same time.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import parts
import pytest
import requests
from invariants import hold
from technician import Answered, Pod, another, new_request_id
from trial import LEASE, Trial, background, on_every_database
from world import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

T = TypeVar("T")

ROUNDS = 12 if parts.LONG else 5
RECOVERY_SECONDS = 30


@on_every_database
def test_silence_of_provider_and_psa_ends_in_one_sms_and_one_note(trial: Trial) -> None:
    """Three answers that never come: a worker dead after its send, a note's answer lost, a note written too late."""
    unanswered, lost, late = [trial.new_caller() for _ in range(3)]
    pods = {caller: trial.pod(caller) for caller in (unanswered, lost, late)}

    for caller, fault in ((lost, {"lose_answer_after_write": 1}), (late, {"hang_before_write_seconds": 6})):
        pods[caller].start()
        trial.code(caller.number)
        trial.faults("connectwise", scope=[f"POST /service/tickets/{caller.ticket}/notes"], **fault)
        trial.finish(caller, pods[caller])
        verification = trial.newest(caller)["id"]
        wait_for(
            "the first try's failure",
            lambda v=verification: (row := trial.outbox(v, "psa_note"))["attempts"] == 1 and row["error"],
            8,
        )
        assert len(trial.notes(caller.ticket)) == (caller is lost), "the late note was to land after our time-out"
        trial.mend("connectwise")

    trial.faults("twilio", callbacks="off", hang_after_accept_seconds=30)
    pods[unanswered].start()
    wait_for("the SMS", lambda: trial.messages(unanswered.number), 5)
    trial.kill("worker")
    trial.faults("twilio", hang_after_accept_seconds=0)
    trial.start_worker()
    verification = trial.newest(unanswered)["id"]
    wait_for("the lease to run out", lambda: trial.newest(unanswered)["delivery"] == "unknown", LEASE + 8)
    # Twilio is asked after 20 s, and knows it.
    wait_for("the look-up", lambda: trial.outbox(verification)["progress"] == "done", 40)
    assert trial.outbox(verification)["provider_ref"] == trial.messages(unanswered.number)[0]["sid"]
    trial.mend("twilio")
    trial.finish(unanswered, pods[unanswered])
    for caller in (lost, late):
        note = trial.outbox(trial.newest(caller)["id"], "psa_note")
        assert (note["progress"], note["attempts"]) == ("done", 2)
    hold(trial)
    assert [len(trial.notes(caller.ticket)) for caller in pods] == [1, 1, 1]
    assert len(trial.messages(unanswered.number)) == 1


@on_every_database
def test_power_cuts_under_load_lose_nothing_and_double_nothing(trial: Trial) -> None:
    def verified() -> int:
        return len(trial.rows("SELECT 1 FROM verifications WHERE state = 'verified'"))

    before = verified()
    over = threading.Event()
    load = [background(lambda n=n: _keep_verifying(trial, n, over)) for n in range(3)]
    for cut in itertools.count():
        # A busy machine gets little done between two cuts.
        if cut >= ROUNDS and (verified() - before >= ROUNDS or cut == 3 * ROUNDS):
            break
        # A little later in the flow each time, up to 1.5 s.
        time.sleep(0.7 + 0.8 * min(cut, ROUNDS - 1) / (ROUNDS - 1))
        trial.kill("web")
        trial.kill("worker")
        began = time.monotonic()
        trial.revive()
    over.set()
    for each in load:
        each.result(150)
    trial.settle(RECOVERY_SECONDS)
    assert time.monotonic() - began < RECOVERY_SECONDS
    assert verified() - before >= ROUNDS, "there was hardly any load"
    hold(trial, prove=True)


def _keep_verifying(trial: Trial, first: int, over: threading.Event) -> None:
    """Verify one caller after the other, each action repeated with its own id until it is answered."""
    for turn in itertools.count(first):
        if over.is_set():
            return
        caller = trial.new_caller()
        pod = _insist(lambda caller=caller: trial.pod(caller))
        request_id = new_request_id()
        asked = _insist(lambda pod=pod, request_id=request_id: pod.start(request_id)).verification
        code = _texted(trial, caller.number)
        if code and turn % 3 == 1:
            _insist_on_check(pod, asked, another(code))
        if code and turn % 5 != 4:
            _insist_on_check(pod, asked, code)
        else:
            _insist(lambda pod=pod, asked=asked: pod.cancel(asked))


def _insist_on_check(pod: Pod, asked: str, code: str) -> None:
    request_id = new_request_id()
    _insist(lambda: pod.check(asked, code, request_id))


def _texted(trial: Trial, number: str) -> str:
    """The code, or nothing where the hand-over was cut and must not be repeated."""
    with contextlib.suppress(AssertionError):
        wait_for("the SMS", lambda: trial.codes(number), LEASE + 4)
    return (trial.codes(number) or [""])[-1]


def _insist(action: Callable[[], T]) -> T:
    end = time.monotonic() + 120
    while True:
        try:
            return action()
        except Answered as refused:
            if refused.status != 503:
                raise
        except (requests.RequestException, KeyError) as problem:
            if time.monotonic() > end:
                raise AssertionError("no answer for 120 s") from problem
        time.sleep(0.05)
