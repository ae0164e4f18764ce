"""How many SQL statements and commits a request takes: the part of speed that no machine can hide."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from budget_rig import ROWS, Pod, metered
from flask import Flask
from sqlalchemy import update

from podserver.accounts.models import Tenant
from podserver.database import db, now, writing
from podserver.verification import limits
from podserver.verification.methods import METHODS
from podserver.verification.models import Guard, State, Verification

START = (7, 1)
# One more for each of these: the older request ends, the ticket's line is read for the user's page, and the letterhead
# for a letter or a call. A code by SMS needs neither of the last two.
MORE = {"sms_link": 1, "voice_code": 1, "mail_code": 1, "mail_link": 2, "microsoft_sign_in": 2, "duo_push": 1}
FIRST = 6
CHECK = (6, 1)
WORD = (5, 1)
LOOK = (2, 0)
POLL = (1, 0)
ASKED = [name for name in METHODS if name not in ("manual", "authenticator_push")]


@pytest.fixture
def pod(app: Flask) -> Pod:
    """A pod whose caller is known, on SQLite and on PostgreSQL."""
    return Pod(app)


@pytest.mark.parametrize("method", ASKED)
def test_a_start_keeps_its_budget_by_every_method(pod: Pod, method: str) -> None:
    with metered() as meter:
        answer = pod.start(method)
    assert answer.status_code == 200
    assert "Pending" in answer.text
    assert meter.within(FIRST + MORE.get(method, 0), 1), meter
    # psycopg keeps what it has read of a statement up to so many.
    assert meter.most_parameters <= 50


def test_a_start_to_a_number_that_is_typed_keeps_the_budget_of_a_start(pod: Pod) -> None:
    pod.allow(adhoc_number=True)
    form = {"number": "(202) 555-0188", "method": "sms_code", "request_id": "r" * 26, "again": "1"}
    with metered() as meter:
        answer = pod.request("POST", "/pod/verifications", form)
    assert answer.status_code == 200
    assert "rows-changed" in answer.headers["HX-Trigger"]
    assert meter.within(*START), meter


def test_another_way_keeps_the_budget_of_a_start(pod: Pod) -> None:
    pod.start()
    first = pod.newest()
    pod.age(limits.RESEND_AFTER + timedelta(seconds=1))
    with metered() as meter:
        answer = pod.start("sms_link", again=True)
    assert answer.status_code == 200
    assert pod.newest().method == "sms_link"
    assert pod.newest().id != first.id
    assert meter.within(START[0] + MORE["sms_link"], 1), meter


def test_a_word_keeps_its_budget(pod: Pod) -> None:
    pod.allow(methods=["sms_code", "manual"])
    form = {"note": "stands at my desk, badge 1142 seen", "request_id": "r" * 26}
    with metered() as meter:
        answer = pod.request("POST", "/pod/word", form)
    assert answer.status_code == 200
    assert pod.newest().method == "manual"
    assert meter.within(*WORD), meter
    with metered() as meter:
        again = pod.request("POST", "/pod/word", form)
    assert again.status_code == 200
    assert meter.commits == 0, "the same word is recorded once"


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


@pytest.mark.parametrize("method", ASKED)
def test_a_poll_that_finds_nothing_new_keeps_its_budget(pod: Pod, method: str) -> None:
    pod.start(method)
    seen = ",".join(_seen(pod))
    with metered() as meter:
        answer = pod.request("GET", f"/pod/rows?seen={seen}")
    assert answer.status_code == 204
    assert not answer.data
    assert meter.within(*POLL), meter


def test_a_poll_that_finds_a_change_keeps_its_budget(pod: Pod) -> None:
    pod.start()
    seen = ",".join(_seen(pod))
    pod.check(pod.newest().id, pod.code())
    with metered() as meter:
        answer = pod.request("GET", f"/pod/rows?seen={seen}")
    assert answer.status_code == 200
    assert "Verified" in answer.text
    assert meter.within(*POLL), meter


def test_a_poll_that_finds_an_alarm_keeps_its_budget(pod: Pod) -> None:
    pod.start("duo_push")
    seen = ",".join(_seen(pod))
    pod.raise_alarm()
    with metered() as meter:
        answer = pod.request("GET", f"/pod/rows?seen={seen}")
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "rows-changed")
    assert meter.within(*POLL), meter
    with metered() as meter:
        whole = pod.request("GET", "/pod/rows")
    assert "Dana did not ask for this." in whole.text
    assert meter.within(*POLL), meter


def test_a_poll_of_a_page_that_lacks_a_row_keeps_its_budget(pod: Pod) -> None:
    seen = ",".join(_seen(pod))
    pod.allow(methods=["sms_code", "manual"])
    pod.request("POST", "/pod/word", {"note": "stands at my desk, badge 1142 seen", "request_id": "r" * 26})
    with metered() as meter:
        answer = pod.request("GET", f"/pod/rows?seen={seen}")
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "rows-changed")
    assert meter.within(*POLL), meter


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
    page = pod.request("GET", "/pod/rows").text
    rows = re.findall(r'data-row="([^"]+)" data-version="([^"]+)".*?data-status="([^"]*)"', page, re.DOTALL)
    assert len(rows) == len(ROWS)
    lock = re.findall(r'id="lock" role="alert" data-version="([^"]+)"', page)
    return [*(f"{key}={version}~{status}" for key, version, status in rows), f"lock={lock[0]}"]
