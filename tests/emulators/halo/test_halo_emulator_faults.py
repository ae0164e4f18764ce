"""The troubles that tests switch on, one by one, and the controls themselves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.halo.conftest import HaloTenant

NOTE = {"ticket_id": 4713, "outcome_id": 7, "note_html": "<p>Once</p>", "hiddenfromuser": True, "sendemail": False}


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"down": 1}, 503, "<h1>Service Unavailable</h1>"),
        ({"server_error": 1}, 500, "<h1>Internal Server Error</h1>"),
        ({"too_many_bare": 1}, 429, ""),
    ],
)
def test_a_counted_trouble_goes_away(halo: HaloTenant, fault: dict[str, int], status: int, text: str) -> None:
    halo.sign_in()
    halo.faults(**fault)
    answer = halo.get("/Status")
    assert answer.status_code == status and text in answer.text
    assert halo.get("/Status").status_code == 200


def test_too_many_requests_may_say_when_to_come_back(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(too_many=1, retry_after_seconds=7)
    assert halo.get("/Status").headers["Retry-After"] == "7"
    halo.faults(too_many_bare=1)
    assert "Retry-After" not in halo.get("/Status").headers


def test_the_limit_counts_requests_of_the_last_five_minutes(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(rate_limit=3)
    assert [halo.get("/Team").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert halo.ask_token().status_code == 200
    halo.faults(rate_limit=0)
    assert halo.get("/Team").status_code == 200


@pytest.mark.parametrize("fault", ["drop", "lose_answer", "cut_answer"])
def test_a_connection_breaks_before_after_or_in_an_answer(halo: HaloTenant, fault: str) -> None:
    halo.sign_in()
    halo.faults(**{fault: 1})
    with pytest.raises(requests.RequestException):
        halo.post("/Actions", [NOTE])
    notes = [row["note"] for row in halo.read("/Actions", ticket_id=4713)["actions"]]
    assert notes.count("Once") == (0 if fault == "drop" else 1)


def test_a_write_may_be_done_long_before_it_is_answered(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(hang_after_write_seconds=30)
    with pytest.raises(requests.Timeout):
        halo.http.post(
            f"{halo.url}/api/Actions", json=[NOTE], headers={"Authorization": f"Bearer {halo.held}"}, timeout=0.2
        )
    halo.faults(hang_after_write_seconds=0)
    assert halo.read("/Actions", ticket_id=4713)["actions"][0]["note"] == "Once"


def test_a_slow_answer_is_late(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(slow_seconds=0.15)
    before = time.monotonic()
    assert halo.get("/Team").status_code == 200
    assert time.monotonic() - before >= 0.15


@pytest.mark.parametrize(
    ("shape", "member"), [("result", "errorMessage"), ("message", "Message"), ("error", "error"), ("class", "Message")]
)
def test_a_broken_rule_has_four_shapes(halo: HaloTenant, shape: str, member: str) -> None:
    halo.faults(error_shape=shape)
    assert "Outcome" in halo.post("/Actions", [{"ticket_id": 4713, "note": "x"}]).json()[member]
    assert ("ClassName" in halo.post("/Actions", [{"ticket_id": 4713}]).json()) == (shape == "class")


def test_any_failure_may_be_a_page(halo: HaloTenant) -> None:
    halo.faults(html_errors=True)
    for answer in (halo.post("/Actions", [{}]), halo.get("/Tickets/1"), halo.ask_token(client_secret="no")):
        assert answer.status_code >= 400 and answer.text.startswith("<!DOCTYPE html>")


def test_trouble_can_be_kept_to_some_requests(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(down=True, only="POST /actions, /users")
    assert halo.get("/Actions", ticket_id=4713).status_code == 200
    assert halo.post("/Actions", [NOTE]).status_code == 503
    assert halo.get("/Users/311").status_code == 503
    assert halo.ask_token().status_code == 200


def test_answers_may_have_more_or_fewer_members(halo: HaloTenant) -> None:
    halo.faults(extra_members=True, missing_members=True)
    user = halo.read("/Users/317", includedetails=True)
    assert "_something_new" in user and "mobilenumber" not in user
    assert "access_token" in halo.ask_token().json()


@pytest.mark.parametrize("wrong", [{"nothing": 1}, {"slow_seconds": "x"}, {"rate_limit": -1}, {"post_answer": "x"}, []])
def test_a_fault_that_does_not_exist_changes_nothing(halo: HaloTenant, wrong: Any) -> None:
    answer = requests.post(f"{halo.url}/halo/_control/faults", json=wrong, timeout=10)
    assert answer.status_code == 400 and answer.json()["error"]
    described = halo.control("faults")
    assert all(entry["value"] == entry["default"] for entry in described.values())
    assert all(len(entry["about"]) > 15 for entry in described.values())


def test_it_tells_what_it_was_asked(halo: HaloTenant) -> None:
    halo.read("/Users", search="Dana")
    halo.get("/Tickets/1")
    told = [(row["method"], row["path"], row["status"]) for row in halo.control("requests")]
    assert told == [("POST", "/auth/token", 200), ("GET", "/Users", 200), ("GET", "/Tickets/1", 404)]
    assert halo.control("requests")[1]["query"] == {"search": "Dana"}


def test_records_can_be_changed_from_outside(halo: HaloTenant) -> None:
    halo.control("records/users/311", {"mobilenumber": "changed"})
    assert halo.read("/Users/311")["mobilenumber"] == "changed"
    assert halo.control("records/agents/42", {"isdisabled": True})["name"] == "Sam Okafor"
    gone = requests.delete(f"{halo.url}/halo/_control/records/users/312", timeout=10)
    assert gone.json() == {"removed": True}
    assert halo.get("/Users/312").status_code == 404


def test_the_controls_answer_this_machine_only(halo: HaloTenant) -> None:
    for headers in ({"Host": "pod.example"}, {"Origin": "https://pod.example"}):
        address = f"{halo.url}/halo/_control/reset"
        assert requests.post(address, headers=headers, timeout=10).status_code == 403
