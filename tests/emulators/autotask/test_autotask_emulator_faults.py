"""What goes wrong at the Autotask emulator when it is told to, and its limits."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.autotask.conftest import Autotask

NOTE = {"title": "t", "description": "lost?", "noteType": 2, "publish": 2}


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("down", 503, "text/html"),
        ("html_500", 500, "text/html"),
        ("bad_gateway", 502, "text/html"),
        ("empty_500", 500, None),
        ("rate_limit", 429, "application/json"),
        ("errors_with_200", 200, "application/json"),
    ],
)
def test_a_fault_strikes_so_often_and_no_more(psa: Autotask, fault: str, status: int, kind: str | None) -> None:
    psa.faults(**{fault: 1})
    struck = psa.call("GET", "/Tickets/148213")
    assert struck.status_code == status
    assert struck.headers.get("Content-Type", "").split(";")[0] == (kind or "")
    if kind == "application/json":
        assert struck.json()["errors"]
    if fault == "empty_500":
        assert struck.text == ""
    assert psa.item("Tickets", 148213)["id"] == 148213


@pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (0, None)])
def test_a_429_may_or_may_not_say_how_long(psa: Autotask, seconds: int, header: str | None) -> None:
    psa.faults(rate_limit=1, retry_after=seconds)
    assert psa.call("GET", "/Tickets/148213").headers.get("Retry-After") == header


def test_an_answer_can_be_lost_after_the_write(psa: Autotask) -> None:
    psa.faults(lose_answer_after_write=1)
    with pytest.raises(requests.ConnectionError):
        psa.call("POST", "/Tickets/148213/Notes", NOTE)
    found = psa.query("TicketNotes", {"op": "contains", "field": "description", "value": "lost?"})["items"]
    assert [row["ticketID"] for row in found] == [148213]


def test_a_connection_can_drop_before_anything_happens(psa: Autotask) -> None:
    psa.faults(drop=1)
    with pytest.raises(requests.ConnectionError):
        psa.call("POST", "/Tickets/148213/Notes", NOTE)
    assert psa.ids("TicketNotes", {"op": "eq", "field": "description", "value": "lost?"}) == []


def test_faults_keep_to_their_scope(psa: Autotask) -> None:
    psa.faults(scope="POST TicketNotes", html_500=True)
    assert psa.item("Tickets", 148213)
    assert psa.done("GET", "/TicketNotes/30776001")
    assert psa.call("POST", "/Tickets/148213/Notes", NOTE).status_code == 500
    psa.faults(reset=True)
    assert psa.call("POST", "/Tickets/148213/Notes", NOTE).status_code == 200


def test_an_update_can_be_answered_and_ignored(psa: Autotask) -> None:
    psa.faults(ignored_write=1)
    assert psa.done("PATCH", "/Tickets", {"id": 148213, "status": 8}) == {"itemId": 148213}
    assert psa.item("Tickets", 148213)["status"] == 1


@pytest.mark.parametrize(
    ("fault", "method", "path"),
    [
        ("slow_seconds", "GET", "/Tickets/148213"),
        ("hang_before_write_seconds", "PATCH", "/Tickets"),
        ("hang_after_write_seconds", "PATCH", "/Tickets"),
    ],
)
def test_answers_can_be_late(psa: Autotask, fault: str, method: str, path: str) -> None:
    psa.faults(**{fault: 0.2})
    began = time.monotonic()
    psa.done(method, path, {"id": 148213, "status": 8})
    assert time.monotonic() - began >= 0.2


def test_later_pages_can_be_late_alone(psa: Autotask) -> None:
    psa.faults(slow_page_seconds=0.2)
    body = {"MaxRecords": 2, "filter": [{"op": "exist", "field": "id"}]}
    began = time.monotonic()
    first = psa.done("POST", "/Tickets/query", body)
    assert time.monotonic() - began < 0.15
    psa.done("POST", first["pageDetails"]["nextPageUrl"], body)
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("outcome", ["wait", "429", "500"])
def test_a_fourth_request_at_once_to_one_endpoint_is_too_many(psa: Autotask, outcome: str) -> None:
    psa.faults(thread_overflow=outcome, hang_after_write_seconds=0.3)
    statuses: list[int] = []

    def write() -> None:
        answer = requests.patch(
            f"{psa.url}/ATServicesRest/V1.0/Tickets", json={"id": 148213, "status": 8}, headers=psa.headers, timeout=10
        )
        if answer.status_code == 500:
            assert "thread threshold" in answer.json()["errors"][0]
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    # Another endpoint has threads of its own.
    assert psa.call("GET", "/TicketNotes/30776001").status_code == 200
    for thread in threads:
        thread.join()
    assert sorted(statuses) == ([200] * 4 if outcome == "wait" else [200, 200, 200, int(outcome)])
    running = [each["running"] for each in psa.control("requests?endpoint=tickets")]
    assert max(running) == 3


def test_the_hourly_limit_slows_and_then_refuses(psa: Autotask) -> None:
    usage = psa.done("GET", "/ThresholdInformation")
    assert usage == {
        "externalRequestThreshold": 10000,
        "requestThresholdTimeframe": 60,
        "currentTimeframeRequestCount": 1,
    }
    for used, least in ((5000, 0.1), (7600, 0.2)):
        psa.faults(used_requests=used, latency_seconds=0.1)
        began = time.monotonic()
        psa.item("Tickets", 148213)
        assert time.monotonic() - began >= least
    psa.faults(used_requests=10000)
    assert psa.call("GET", "/Tickets/148213").status_code == 429


def test_a_fault_that_does_not_exist_changes_nothing(psa: Autotask) -> None:
    for wrong in (
        {"nonsense": 1},
        {"missing_rights": {"read Minds": "500"}},
        {"missing_rights": {"read Tickets": "x"}},
    ):
        answer = requests.post(f"{psa.url}/autotask/_control/faults", json={"down": True, **wrong}, timeout=5)
        assert answer.status_code == 400 and answer.json()["error"].endswith(".")
    assert psa.call("GET", "/Tickets/148213").status_code == 200
