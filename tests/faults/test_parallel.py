"""Fifty at once against a real gunicorn (gthread, two processes of eight threads): one success, exact counters."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from invariants import hold
from technician import Pod, Row, another, new_request_id
from trial import Trial, all_at_once
from world import wait_for

pytestmark = pytest.mark.processes

MANY = 50


def asked_and_texted(trial: Trial) -> tuple[Pod, str, str]:
    """A pod with a live verification, and the code that the caller holds."""
    pod = trial.pod(trial.new_caller())
    verification = pod.start().verification
    return pod, verification, trial.code(pod.caller.number)


def guard_of(trial: Trial, pod: Pod) -> dict[str, Any]:
    """The counters of the caller's number."""
    return trial.rows(
        "SELECT * FROM guards WHERE contact = :c AND destination_key = :d", c=pod.caller.contact, d=pod.row.destination
    )[0]


def rows_of(answers: list[Any]) -> list[Row]:
    """The answers, none of which may be an error."""
    for answer in answers:
        assert isinstance(answer, Row), answer
    return answers


def test_fifty_parallel_right_codes_give_one_success_one_event_and_one_note(trial: Trial) -> None:
    pod, verification, code = asked_and_texted(trial)
    answers = rows_of(all_at_once([lambda: pod.check(verification, code)] * MANY))
    assert {row.shield for row in answers} == {"verified"}
    assert trial.kinds(verification).count("verified") == 1
    hold(trial)
    assert len(trial.notes(pod.caller.ticket)) == 1


def test_fifty_parallel_wrong_codes_count_exactly(trial: Trial) -> None:
    pod, verification, code = asked_and_texted(trial)
    wrong = [f"{(int(code) + n) % 1_000_000:06d}" for n in range(1, MANY + 1)]
    said = 0
    for _ in range(2):
        answers = rows_of(all_at_once([lambda guess=guess: pod.check(verification, guess) for guess in wrong]))
        said += sum(row.wrong for row in answers)
        others = Counter(row.problem for row in answers if not row.wrong)
        assert all(problem.startswith("Wait ") for problem in others), others
        assert said == trial.kinds(verification).count("wrong code") == guard_of(trial, pod)["failures"]
        assert said <= 5
        assert trial.newest(pod.caller)["wrong_guesses"] == said
        time.sleep(2.1)
    assert 2 <= said <= 4, "the waits between guesses let through two at once, then one more"
    assert trial.newest(pod.caller)["state"] == "pending"
    trial.change(
        "UPDATE guards SET next_guess_at = NULL WHERE contact = :c", c=pod.caller.contact
    )  # the waits of 5 and 10 s are not what this test is about
    assert pod.check(verification, code).shield == "verified"
    assert guard_of(trial, pod)["failures"] == 0
    hold(trial)


def test_the_last_guess_in_parallel_locks_once(trial: Trial) -> None:
    pod, verification, code = asked_and_texted(trial)
    trial.change("UPDATE guards SET failures = 4 WHERE contact = :c AND destination_key != ''", c=pod.caller.contact)
    answers = rows_of(all_at_once([lambda: pod.check(verification, another(code))] * MANY))
    assert all(row.shield == "failed" or "too many wrong codes" in row.problem for row in answers), answers
    kinds = Counter(trial.kinds(verification))
    assert (kinds["wrong code"], kinds["locked"]) == (1, 1)
    assert guard_of(trial, pod)["failures"] == 5
    refused = pod.check(verification, code)
    assert refused.shield == "failed"
    hold(trial)


def test_the_same_wrong_check_fifty_times_counts_once(trial: Trial) -> None:
    pod, verification, code = asked_and_texted(trial)
    request_id = new_request_id()
    answers = rows_of(all_at_once([lambda: pod.check(verification, another(code), request_id)] * MANY))
    assert {row.problem for row in answers} == {"Wrong code. 4 tries left."}
    assert trial.kinds(verification).count("wrong code") == guard_of(trial, pod)["failures"] == 1
    hold(trial)


def test_right_and_wrong_codes_at_once_never_undo_a_success(trial: Trial) -> None:
    pod, verification, code = asked_and_texted(trial)
    guesses = [code, another(code)] * (MANY // 2)
    rows_of(all_at_once([lambda guess=guess: pod.check(verification, guess) for guess in guesses]))
    # A right code behind two wrong ones has to wait as they do.
    if trial.newest(pod.caller)["state"] == "pending":
        time.sleep(2.1)
        pod.check(verification, code)
    assert trial.newest(pod.caller)["state"] == "verified"
    assert guard_of(trial, pod)["failures"] == 0, "a guess that came too late was counted"
    hold(trial)


@pytest.mark.parametrize("same", [True, False], ids=["one request id", "fifty request ids"])
def test_fifty_parallel_starts_send_one_sms(trial: Trial, same: bool) -> None:
    pod = trial.pod(trial.new_caller())
    ids = [new_request_id()] * MANY if same else [new_request_id() for _ in range(MANY)]
    answers = rows_of(all_at_once([lambda each=each: pod.start(each) for each in ids]))
    assert len({row.verification for row in answers}) == 1
    trial.code(pod.caller.number)
    hold(trial)
    assert len(trial.messages(pod.caller.number)) == 1
    assert guard_of(trial, pod)["sends"] == 1


def test_parallel_resends_send_one_more_and_supersede_once(trial: Trial) -> None:
    pod, first, code = asked_and_texted(trial)
    early = rows_of(all_at_once([lambda: pod.start(again=True)] * 10))
    assert {row.verification for row in early} == {first}
    assert all("resend is possible" in row.problem for row in early)
    # As if the first had been asked for long enough ago.
    past = trial.rows("SELECT created_at FROM verifications WHERE contact = '77' OR contact = :c", c=pod.caller.contact)
    earlier = _minutes_before(past[0]["created_at"])
    trial.change("UPDATE verifications SET created_at = :t WHERE id = :v", t=earlier, v=first)
    late = rows_of(all_at_once([lambda: pod.start(again=True)] * MANY))
    newer = {row.verification for row in late} - {first}
    assert len(newer) == 1, "one resend won, the others joined it or were told to wait"
    wait_for("the second SMS", lambda: len(trial.messages(pod.caller.number)) == 2)
    assert trial.kinds(first).count("superseded") == 1
    assert pod.check(first, code).shield != "verified", "the older code is dead"
    assert trial.kinds(first)[-1] == "late proof refused"
    assert pod.check(newer.pop(), trial.codes(pod.caller.number)[-1]).shield == "verified"
    hold(trial)
    assert len(trial.messages(pod.caller.number)) == 2


def _minutes_before(moment: Any) -> Any:
    from datetime import datetime, timedelta

    if isinstance(moment, str):
        return (datetime.fromisoformat(moment) - timedelta(minutes=1)).isoformat(sep=" ")
    return moment - timedelta(minutes=1)


def test_two_technicians_at_once_share_one_challenge(trial: Trial) -> None:
    caller = trial.new_caller()
    pods = [trial.pod(caller, member) for member in ("sam", "priya")]
    answers = rows_of(all_at_once([lambda n=n: pods[n % 2].start() for n in range(20)]))
    assert len({row.verification for row in answers}) == 1
    asker = trial.newest(caller)["technician"]
    assert asker in ("Sam Okafor", "Priya Nair")
    assert all(f"by {asker.split()[0]}" in row.text for row in answers), "both see who asked"
    verification, code = answers[0].verification, trial.code(caller.number)
    both = rows_of(all_at_once([lambda pod=pod: pod.check(verification, code) for pod in pods]))
    assert [row.shield for row in both] == ["verified", "verified"]
    hold(trial)
    assert len(trial.messages(caller.number)) == 1
    assert len(trial.notes(caller.ticket)) == 1


def test_many_callers_at_once_get_one_sms_each(trial: Trial) -> None:
    pods = [trial.pod(trial.new_caller()) for _ in range(16)]
    rows_of(all_at_once([pod.start for pod in pods]))
    codes = [trial.code(pod.caller.number) for pod in pods]
    asked = [trial.newest(pod.caller)["id"] for pod in pods]
    done = all_at_once([lambda n=n: pods[n].check(asked[n], codes[n]) for n in range(len(pods))])
    assert {row.shield for row in rows_of(done)} == {"verified"}
    hold(trial)
