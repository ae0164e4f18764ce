"""How many SQL statements and commits a request takes: the part of speed that no machine can hide."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from budget_rig import Pod, metered
from flask import Flask
from sqlalchemy import update

from podserver.accounts.models import Tenant
from podserver.database import db, now, writing
from podserver.verification import limits
from podserver.verification.models import Guard, State, Verification

START = (7, 1)
CHECK = (6, 1)
LOOK = (2, 0)


@pytest.fixture
def pod(app: Flask) -> Pod:
    """A pod whose caller is known, on SQLite and on PostgreSQL."""
    return Pod(app)


def test_a_start_keeps_its_budget(pod: Pod) -> None:
    with metered() as meter:
        answer = pod.start()
    assert answer.status_code == 200
    assert "Pending" in answer.text
    assert meter.within(*START), meter


def test_a_resend_that_supersedes_keeps_the_budget_of_a_start(pod: Pod) -> None:
    pod.start()
    first = pod.newest()
    pod.age(limits.RESEND_AFTER + timedelta(seconds=1))
    with metered() as meter:
        answer = pod.start(again=True)
    assert answer.status_code == 200
    assert pod.newest().id != first.id
    assert meter.within(*START), meter


def test_a_start_over_an_expired_code_keeps_the_budget_of_a_start(pod: Pod) -> None:
    pod.start()
    first = pod.newest()
    pod.age(timedelta(minutes=11))
    with metered() as meter:
        answer = pod.start()
    assert answer.status_code == 200
    assert pod.newest().id != first.id
    assert meter.within(*START), meter


def test_a_refused_start_keeps_the_budget_of_a_start(pod: Pod) -> None:
    pod.change(Tenant, sends_per_hour=0)
    with metered() as meter:
        answer = pod.start()
    assert answer.status_code == 200
    assert "is used up" in answer.text
    assert meter.within(*START), meter


def test_a_double_click_commits_nothing(pod: Pod) -> None:
    pod.start()
    with metered() as meter:
        answer = pod.start()
    assert answer.status_code == 200
    assert "Pending" in answer.text
    assert meter.within(START[0], 0), meter


def test_a_resend_that_comes_too_early_commits_nothing(pod: Pod) -> None:
    pod.start()
    with metered() as meter:
        answer = pod.start(again=True)
    assert answer.status_code == 200
    assert "A resend is possible in" in answer.text
    assert meter.within(START[0], 0), meter


def test_a_right_code_keeps_its_budget(pod: Pod) -> None:
    pod.start()
    started, code = pod.newest(), pod.code()
    with metered() as meter:
        answer = pod.check(started.id, code)
    assert answer.status_code == 200
    assert "Verified" in answer.text
    assert meter.within(*CHECK), meter


def test_a_wrong_code_keeps_its_budget(pod: Pod) -> None:
    pod.start()
    started, wrong = pod.newest(), _wrong(pod)
    with metered() as meter:
        answer = pod.check(started.id, wrong)
    assert answer.status_code == 200
    assert "4 tries left" in answer.text
    assert meter.within(*CHECK), meter


def test_the_wrong_code_that_locks_keeps_its_budget(pod: Pod) -> None:
    pod.start()
    started, wrong = pod.newest(), _wrong(pod)
    _failed_before(pod, limits.GUESSES - 1)
    with metered() as meter:
        answer = pod.check(started.id, wrong)
    assert answer.status_code == 200
    assert pod.newest().state == State.LOCKED
    assert meter.within(*CHECK), meter


def test_a_code_that_comes_too_late_keeps_the_budget_of_a_check(pod: Pod) -> None:
    pod.start()
    started, code = pod.newest(), pod.code()
    pod.change(Verification, expires_at=now() - timedelta(seconds=1))
    with metered() as meter:
        answer = pod.check(started.id, code)
    assert answer.status_code == 200
    assert "expired" in answer.text
    assert meter.within(*CHECK), meter


def test_what_cannot_be_a_code_commits_nothing(pod: Pod) -> None:
    pod.start()
    started = pod.newest()
    with metered() as meter:
        answer = pod.check(started.id, "12")
    assert answer.status_code == 200
    assert "6 digits" in answer.text
    assert meter.within(CHECK[0], 0), meter


def test_a_poll_that_finds_nothing_new_keeps_its_budget(pod: Pod) -> None:
    pod.start()
    seen = ",".join(_seen(pod))
    with metered() as meter:
        answer = pod.request("GET", f"/pod/rows?seen={seen}")
    assert answer.status_code == 204
    assert not answer.data
    assert meter.within(*LOOK), meter


def test_a_poll_that_finds_a_change_keeps_its_budget(pod: Pod) -> None:
    pod.start()
    seen = ",".join(_seen(pod))
    pod.check(pod.newest().id, pod.code())
    with metered() as meter:
        answer = pod.request("GET", f"/pod/rows?seen={seen}")
    assert answer.status_code == 200
    assert "Verified" in answer.text
    assert meter.within(*LOOK), meter


def test_the_shell_keeps_its_budget(pod: Pod) -> None:
    with metered() as meter:
        answer = pod.request("GET", f"/pod/connectwise/{pod.integration.pod_key}?id=48213&screen=ticket")
    assert answer.status_code == 200
    assert "data-psa" in answer.text
    assert meter.within(*LOOK), meter


def test_the_address_of_no_pod_keeps_the_budget_of_a_shell(pod: Pod) -> None:
    with metered() as meter:
        answer = pod.request("GET", "/pod/connectwise/aaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert answer.status_code == 404
    assert meter.within(*LOOK), meter


def _wrong(pod: Pod) -> str:
    return f"{(int(pod.code()) + 1) % 1_000_000:06d}"


def _failed_before(pod: Pod, failures: int) -> None:
    with writing(db.session()) as session:
        session.execute(
            update(Guard)
            .where(Guard.destination_key == pod.destination)
            .values(failures=failures, next_guess_at=None)
            .execution_options(synchronize_session=False)
        )


def _seen(pod: Pod) -> list[str]:
    """What the page would say that it shows: each row's key, version and status, as they stand in the markup."""
    page = pod.request("GET", "/pod/rows?seen=").text
    rows = re.findall(r'data-row="([^"]+)" data-version="([^"]+)".*?data-status="([^"]*)"', page, re.DOTALL)
    assert len(rows) == 2
    return [f"{key}={version}~{status}" for key, version, status in rows]
