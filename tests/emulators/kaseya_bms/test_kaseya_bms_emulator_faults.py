"""Trouble on command, and records that others change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.kaseya_bms.conftest import Bms

TICKET = "/servicedesk/tickets/1048213"
NOTE = {"details": "Once.", "isInternal": True, "noteDate": "2026-03-12T14:06:10Z", "typeId": 4}


@pytest.mark.parametrize(
    ("name", "status", "begins"),
    [
        ("down", 503, "<!DOCTYPE"),
        ("html_502", 502, "<!DOCTYPE"),
        ("server_error", 500, "{"),
        ("token_refused", 401, "{"),
    ],
)
def test_it_fails_so_many_times_and_then_works(bms: Bms, name: str, status: int, begins: str) -> None:
    bms.sign_in()
    bms.faults(**{name: 2})
    answers = [bms.get(TICKET) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].text.startswith(begins)


def test_a_429_comes_with_and_without_a_time_to_wait(bms: Bms) -> None:
    bms.sign_in()
    bms.faults(throttled=1)
    bare = bms.get(TICKET)
    assert bare.status_code == 429 and "Retry-After" not in bare.headers and bare.json()["success"] is False
    bms.faults(throttled=1, retry_after=7)
    assert bms.get(TICKET).headers["Retry-After"] == "7"


def test_the_quota_is_an_hour_of_each_endpoint(bms: Bms) -> None:
    bms.sign_in()
    bms.faults(hourly_limit=2)
    paths = [TICKET, "/servicedesk/tickets/1048219", "/servicedesk/tickets/1048221", "/security/userinfo"]
    assert [bms.get(path).status_code for path in paths] == [200, 200, 429, 200]


def test_an_answer_is_lost_after_the_write(bms: Bms) -> None:
    bms.sign_in()
    bms.faults(answer_lost=1)
    assert bms.get(TICKET).status_code == 200
    assert bms.search(title="VPN")["totalRecords"] == 1
    with pytest.raises(requests.ConnectionError):
        bms.request("POST", f"{TICKET}/notes", json=NOTE)
    assert [note["details"] for note in bms.result(f"{TICKET}/notes")][2:] == ["Once."]


def test_a_connection_is_closed_without_a_word(bms: Bms) -> None:
    bms.sign_in()
    bms.faults(drop=1)
    with pytest.raises(requests.ConnectionError):
        bms.get(TICKET)
    assert bms.control("requests")[-1]["status"] is None


def test_slow_answers_are_let_go_by_a_reset(bms: Bms) -> None:
    bms.sign_in()
    bms.faults(slow_after_write_seconds=30)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{bms.url}/v2{TICKET}/notes", json=NOTE, headers={"Authorization": f"Bearer {bms.token}"}, timeout=0.3
        )
    assert len(bms.control("notes?ticket=1048213")) == 3
    bms.control("faults", {"reset": True})
    assert bms.request("POST", f"{TICKET}/notes", json=NOTE).status_code == 200


def test_trouble_can_be_kept_to_one_path(bms: Bms) -> None:
    bms.sign_in()
    bms.faults(down=True, only="POST /v2/servicedesk")
    assert bms.get(TICKET).status_code == 200
    assert bms.request("POST", f"{TICKET}/notes", json=NOTE).status_code == 503


def test_a_revoked_user_is_out_at_once(bms: Bms) -> None:
    bms.sign_in()
    bms.faults(revoked=True)
    assert bms.get(TICKET).status_code == 401 and bms.sign_in().status_code == 401


def test_the_host_of_the_pages_knows_no_api(bms: Bms) -> None:
    bms.faults(wrong_host=True)
    answer = requests.get(f"{bms.url}/v2/security/ssostatus", timeout=10)
    assert answer.status_code == 404 and "html" in answer.headers["Content-Type"]


def test_a_new_ticket_may_come_back_without_its_id(bms: Bms) -> None:
    bms.faults(created_without_id=1)
    body = {name: value for name, value in bms.result(TICKET).items() if value is not None}
    made = bms.request("POST", "/servicedesk/tickets", json=body).json()
    assert made["success"] is True and made["result"]["id"] == 0 and bms.search()["totalRecords"] == 41


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dwon": 1}, "There is no fault"),
        ({"down": -1}, "for how many requests"),
        ({"login_status": 500}, "one of 200, 400, 401"),
        ({"phone_operations": "add,add,update"}, "all of add,update,delete"),
        ({"lookup_tables": "Nothing"}, "any of ContactType"),
        ({"hourly_limit": 0}, "a whole number"),
        ({"retry_after": "soon"}, "seconds"),
        ({"only": 3}, "a text"),
        ([], "Send an object"),
    ],
)
def test_a_wrong_switch_is_refused_in_words(bms: Bms, values: Any, words: str) -> None:
    answer = requests.post(f"{bms.url}/kaseya_bms/_control/faults", json=values, timeout=10)
    assert answer.status_code == 400 and words in answer.json()["error"]


def test_controls_answer_this_machine_only(bms: Bms) -> None:
    for headers in ({"Host": "bms.example"}, {"Origin": "https://elsewhere.example"}):
        assert requests.get(f"{bms.url}/kaseya_bms/_control/faults", headers=headers, timeout=10).status_code == 403


def test_requests_are_listed_with_who_asked(bms: Bms) -> None:
    bms.get(TICKET)
    listed = [(row["method"], row["path"], row["status"], row["by"]) for row in bms.control("requests")]
    assert listed == [("POST", "/v2/security/authenticate", 200, None), ("GET", f"/v2{TICKET}", 200, "caller.verify")]


def test_somebody_else_changes_makes_and_deletes_records(bms: Bms) -> None:
    phones = [{"phoneNumber": "202-555-0174", "phoneTypeId": 3, "isDefault": True}]
    bms.control("records/contacts/90211", {"accountId": 5522, "locationId": 7715, "phones": phones})
    contact = bms.get("/crm/contacts/summary/90211").json()
    assert contact["accountName"] == "Harbor Legal" and contact["phones"][0]["phone"] == "202-555-0174"
    assert bms.result(TICKET)["contactPhone"] == "202-555-0174"
    made = bms.control("records/queues/0", {"name": "Night", "isActive": True})
    assert bms.result("/system/queues/lookup")[-1]["id"] == made["id"]
    bms.control("records/contacts/90211", method="DELETE")
    assert bms.get("/crm/contacts/summary/90211").status_code == 404
    assert bms.result(TICKET)["contactName"] is None


def test_records_and_tokens_survive_a_restart(start: Callable[[Path], Bms], tmp_path: Path) -> None:
    first = start(tmp_path)
    first.request("POST", f"{TICKET}/notes", json=NOTE)
    second = start(tmp_path)
    second.token = first.token
    assert [note["details"] for note in second.result(f"{TICKET}/notes")][2:] == ["Once."]
    second.control("reset", {})
    assert second.get(TICKET).status_code == 401
