"""kill -9 of web and worker at every step of a verification, on both databases, with real processes.

The product holds no marks to stop at: each point is made from outside, by a held queue, a dead wire or a provider
that keeps its answer back.
"""

from __future__ import annotations

import pytest
import requests
from invariants import hold
from technician import another, new_request_id
from trial import LEASE, Trial, all_at_once, background, on_every_database, watch
from world import wait_for

pytestmark = pytest.mark.processes


@on_every_database
def test_web_killed_between_commit_and_queue_loses_nothing_and_sends_once(trial: Trial) -> None:
    caller = trial.new_caller()
    pod = trial.pod(caller)
    request_id = new_request_id()
    with trial.queue_held():
        asked = background(lambda: pod.start(request_id))
        wait_for("the commit", lambda: trial.verifications(caller), 2)
        assert not asked.done(), "the request was to wait for the queue"
        trial.kill("web")
    assert isinstance(asked.exception(5), requests.RequestException)
    trial.revive()
    trial.code(caller.number)
    again = trial.pod(caller).start(request_id)
    assert again.shield == "pending", "the retry finds the verification that was committed"
    assert len(trial.verifications(caller)) == 1
    trial.finish(caller)
    hold(trial)
    assert len(trial.messages(caller.number)) == 1


@on_every_database
def test_work_waits_for_a_worker_that_is_dead_even_when_the_queue_is_lost(trial: Trial) -> None:
    waiting, lost = trial.new_caller(), trial.new_caller()
    trial.kill("worker")
    trial.pod(lost).start()
    assert trial.lose_the_queue() == 1
    trial.pod(waiting).start()
    watch(1, lambda: not trial.messages(waiting.number), "nobody was there to send")
    trial.start_worker()
    for caller in (waiting, lost):
        trial.finish(caller)
    hold(trial)
    assert [len(trial.messages(caller.number)) for caller in (waiting, lost)] == [1, 1]


@on_every_database
def test_worker_killed_as_it_hands_over_leaves_unknown_and_never_sends_by_itself(trial: Trial) -> None:
    caller = trial.new_caller()
    pod = trial.pod(caller)
    before = trial.wire.swallowed
    trial.wire.dead = True
    pod.start()
    wait_for("the hand-over", lambda: trial.wire.swallowed > before, 5)
    trial.kill("worker")
    trial.wire.dead = False
    verification = trial.newest(caller)["id"]
    assert trial.outbox(verification)["progress"] == "handing_over"
    trial.start_worker()
    wait_for("the lease to run out", lambda: trial.newest(caller)["delivery"] == "unknown", LEASE + 6)
    assert "not known whether the text was sent" in pod.load().text
    assert pod.row.shield == "pending"
    watch(3, lambda: not trial.messages(caller.number), "an unknown hand-over was repeated")
    assert trial.kinds(verification) == ["requested", "delivery unknown"]
    hold(trial)


@on_every_database
def test_worker_killed_between_send_and_record_is_settled_by_the_receipt(trial: Trial) -> None:
    caller = trial.new_caller()
    pod = trial.pod(caller)
    trial.faults("twilio", hang_after_accept_seconds=20)
    pod.start()
    wait_for("the SMS", lambda: trial.messages(caller.number), 5)
    trial.kill("worker")
    trial.mend("twilio")
    verification = trial.newest(caller)["id"]
    assert trial.outbox(verification)["provider_ref"] == "", "the worker was to die before it heard the answer"
    # No worker lives: the web server alone takes the receipt.
    wait_for("the receipt", lambda: trial.newest(caller)["delivery"] == "delivered", 6)
    trial.start_worker()
    assert trial.outbox(verification)["progress"] == "done"
    assert trial.outbox(verification)["provider_ref"] == trial.messages(caller.number)[0]["sid"]
    trial.finish(caller, pod)
    watch(LEASE + 2, lambda: len(trial.messages(caller.number)) == 1, "the SMS was sent again")
    hold(trial)


@on_every_database
def test_worker_killed_after_its_note_was_written_posts_no_second(trial: Trial) -> None:
    one_note_when_killed(trial, "hang_after_write_seconds")


@on_every_database
def test_worker_killed_before_its_note_was_written_posts_no_second(trial: Trial) -> None:
    one_note_when_killed(trial, "hang_before_write_seconds")


def one_note_when_killed(trial: Trial, fault: str) -> None:
    """Kill the worker while the PSA holds its answer back; the note is there once in the end."""
    caller = trial.new_caller()
    pod = trial.pod(caller)
    pod.start()
    trial.code(caller.number)
    notes = f"/service/tickets/{caller.ticket}/notes"
    # Before the write, so late that the worker is long dead when the note lands; after it, until it is let go.
    trial.faults("connectwise", scope=[f"POST {notes}"], **{fault: 2.5 if fault.startswith("hang_before") else 30})
    trial.finish(caller, pod)

    def posting() -> bool:
        asked = requests.get(f"{trial.emulators}/_emulator/connectwise/requests", timeout=5).json()
        return any(entry["path"] == notes and entry["method"] == "POST" for entry in asked)

    wait_for("the post", posting, 5)
    if fault == "hang_after_write_seconds":
        wait_for("the note", lambda: trial.notes(caller.ticket), 5)
    trial.kill("worker")
    verification = trial.newest(caller)["id"]
    assert trial.outbox(verification, "psa_note")["progress"] == "handing_over"
    trial.faults("connectwise", scope=[], **{fault: 0})
    trial.start_worker()
    wait_for("the note's record", lambda: trial.outbox(verification, "psa_note")["progress"] == "done", LEASE + 10)
    assert len(trial.notes(caller.ticket)) == 1
    assert trial.kinds(verification).count("note posted") == 1
    hold(trial)


@on_every_database
def test_web_killed_while_codes_are_submitted_gives_a_retry_the_same_answer(trial: Trial) -> None:
    callers = [trial.new_caller() for _ in range(14)]
    pods = [trial.pod(caller) for caller in callers]
    asked = [pod.start().verification for pod in pods]
    right = [trial.code(caller.number) for caller in callers]
    # Every other technician mistypes.
    typed = [another(code) if n % 2 else code for n, code in enumerate(right)]
    ids = [new_request_id() for _ in callers]

    def submit() -> list[object]:
        return all_at_once([
            lambda n=n: pods[n].check(asked[n], typed[n], ids[n])  # type: ignore[misc]
            for n in range(len(pods))
        ])  # fmt: skip

    def judged() -> int:
        return len(trial.rows("SELECT 1 FROM verifications WHERE last_check != '' AND created_at >= :t", t=since))

    since = trial.newest(callers[0])["created_at"]
    first = background(submit)
    wait_for("some codes to be judged", lambda: judged() >= 3, 5)
    trial.kill("web")
    before = first.result(20)
    trial.revive()
    after = submit()
    for n, row in enumerate(after):
        assert not isinstance(row, Exception), row
        wrong = n % 2 == 1
        assert (row.shield, row.problem) == (("pending", "Wrong code. 4 tries left.") if wrong else ("verified", ""))
        assert isinstance(before[n], requests.RequestException) or before[n].problem == row.problem
        events = trial.kinds(asked[n])
        assert (events.count("verified"), events.count("wrong code")) == ((0, 1) if wrong else (1, 0))
    hold(trial)
