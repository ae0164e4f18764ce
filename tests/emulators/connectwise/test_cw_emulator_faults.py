"""Switchable trouble, the request log, and what survives a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.connectwise.conftest import Psa

NOTES = "/service/tickets/48213/notes"
NOTE = {"text": "Caller verified", "internalAnalysisFlag": True}


def count(psa: Psa) -> int:
    return len(psa.control("notes?ticket=48213"))


def test_every_switch_has_a_value_a_default_and_a_sentence(psa: Psa) -> None:
    switches = psa.control("faults")
    assert {"down", "slow_seconds", "rate_limit", "lose_answer_after_write", "scope", "role"} <= set(switches)
    assert all(entry["value"] == entry["default"] and entry["about"].endswith(".") for entry in switches.values())


@pytest.mark.parametrize(
    "body",
    [
        {"nothing": 1},
        {"down": "maybe"},
        {"slow_seconds": -1},
        {"rate_limit": {"requests": -1}},
        {"scope": "x"},
        [],
        {"role": {"Flying": "All"}},
        {"role": {"Contacts": {"add": "Some"}}},
        {"clientid_missing_status": 500},
        {"codebase_move": "x"},
        {"wrong_keys": 1},
        {"slow_seconds": 1, "nothing": 1},
    ],
)
def test_a_faulty_switch_changes_nothing(psa: Psa, body: object) -> None:
    answer = requests.post(f"{psa.url}/_emulator/connectwise/faults", json=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert all(entry["value"] == entry["default"] for entry in psa.control("faults").values())


def test_down_answers_503_or_drops(psa: Psa) -> None:
    psa.faults(down="503")
    assert psa.get("/system/info").status_code == 503
    assert requests.get(f"{psa.url}/login/companyinfo/northgate", timeout=5).status_code == 503
    psa.faults(down="drop")
    with pytest.raises(requests.ConnectionError):
        psa.get("/system/info")
    psa.faults(down=False)
    assert psa.get("/system/info").status_code == 200


def test_html_errors_are_pages(psa: Psa) -> None:
    psa.faults(html_errors=True, down="503")
    answer = psa.get("/system/info")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "\r\n" in answer.text


def test_slow_answers_late(psa: Psa) -> None:
    psa.faults(slow_seconds=0.4)
    begun = time.monotonic()
    psa.get("/system/info")
    assert time.monotonic() - begun >= 0.4


def test_rate_limit_counts_down_with_and_without_retry_after(psa: Psa) -> None:
    psa.faults(rate_limit={"requests": 1, "retry_after": 7})
    first = psa.get("/system/info")
    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert first.json() == {"error": "ConnectWiseAPI", "message": "Too many requests. Please try again in 7 seconds."}
    assert psa.get("/system/info").status_code == 200
    psa.faults(rate_limit={"requests": 1, "retry_after": None})
    assert "Retry-After" not in psa.get("/system/info").headers
    psa.faults(server_error=1)
    assert "timeout" in psa.get("/system/info").text


def test_an_answer_can_be_lost_after_the_write(psa: Psa) -> None:
    before = count(psa)
    psa.faults(lose_answer_after_write=1)
    with pytest.raises(requests.ConnectionError):
        psa.post(NOTES, NOTE)
    assert count(psa) == before + 1
    assert psa.post(NOTES, NOTE).status_code == 201
    lost = [entry for entry in psa.control("requests") if entry["method"] == "POST"]
    assert [entry["status"] for entry in lost] == [None, 201]


def test_a_refused_write_does_not_use_up_a_lost_answer(psa: Psa) -> None:
    psa.faults(lose_answer_after_write=1)
    assert psa.post(NOTES, {"text": "no tab"}).status_code == 400
    with pytest.raises(requests.ConnectionError):
        psa.post(NOTES, NOTE)


@pytest.mark.parametrize(
    ("switch", "stored_meanwhile"),
    [
        ("hang_after_write_seconds", 1),
        ("hang_before_write_seconds", 0),
    ],
)
def test_a_write_can_hang_after_or_before_it_is_stored(psa: Psa, switch: str, stored_meanwhile: int) -> None:
    before = count(psa)
    psa.faults(**{switch: 1.0})
    with pytest.raises(requests.Timeout):
        psa.http.post(f"{psa.url}/v2025_1/apis/3.0{NOTES}", json=NOTE, timeout=0.3)
    assert count(psa) == before + stored_meanwhile
    assert psa.get("/system/info").status_code == 200
    deadline = time.monotonic() + 5
    while count(psa) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert count(psa) == before + 1


def test_a_reset_lets_hanging_requests_go(psa: Psa) -> None:
    psa.faults(slow_seconds=60)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(psa.get("/system/info").status_code))
    waiting.start()
    time.sleep(0.2)
    psa.control("reset", {})
    waiting.join(5)
    assert answers == [200]


def test_scope_limits_trouble_to_paths_and_methods(psa: Psa) -> None:
    psa.faults(down="503", scope=["POST /service/tickets/*/notes"])
    assert psa.post(NOTES, NOTE).status_code == 503
    assert psa.get(NOTES).status_code == 200
    assert psa.get("/service/tickets/48213").status_code == 200
    psa.faults(scope=["/service/tickets/*/notes"])
    assert psa.get("/Service/Tickets/48213/Notes/90001").status_code == 503
    assert psa.get("/company/companies").status_code == 200


def test_revoked_keys_leave_member_sessions_alone(psa: Psa) -> None:
    psa.faults(wrong_keys=True)
    assert psa.get("/system/info").status_code == 401
    member = psa.control("sessions", {"member": "sam"})
    answer = psa.bare(
        "/system/myMembers/info", {"clientId": psa.client_id}, auth=("northgate+sam", member["memberHash"])
    )
    assert answer.status_code == 200


def test_a_moved_codebase_is_404_until_discovered_again(psa: Psa) -> None:
    psa.faults(codebase_move=True)
    assert psa.get("/system/info").status_code == 404
    codebase = requests.get(f"{psa.url}/login/companyinfo/northgate", timeout=5).json()["Codebase"]
    assert codebase == "v2025_2/"
    assert psa.http.get(f"{psa.url}/{codebase}apis/3.0/system/info", timeout=5).status_code == 200


def test_the_log_holds_no_query_and_no_secret(psa: Psa) -> None:
    psa.get("/company/contacts", childConditions='communicationItems/value="2025550142"')
    entry = psa.control("requests")[-1]
    assert set(entry) == {"at", "method", "path", "status", "signed_in"}
    assert (entry["path"], entry["signed_in"]) == ("/company/contacts", "podapi by keys")


def test_state_survives_a_restart_and_reset_forgets_it(start: Callable[[Path], Psa], tmp_path: Path) -> None:
    first = start(tmp_path)
    note = first.post(NOTES, NOTE).json()
    session = first.control("sessions", {"member": "sam"})
    second = start(tmp_path)
    assert note["id"] in second.ids(NOTES)
    assert second.control("sessions", {"member": "sam"})["memberHash"] == session["memberHash"]
    assert second.post(NOTES, NOTE).json()["id"] > note["id"]
    second.control("reset", {})
    assert start(tmp_path).ids(NOTES) == [90001, 90002]


def test_parallel_writes_are_all_kept(psa: Psa) -> None:
    before = count(psa)
    threads = [
        threading.Thread(
            target=lambda: requests.post(
                f"{psa.url}/v2025_1/apis/3.0{NOTES}",
                json=NOTE,
                auth=psa.http.auth,
                headers={"clientId": psa.client_id},
                timeout=10,
            )
        )
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(psa) == before + 16
    assert len(set(psa.ids(NOTES, pageSize=100))) == before + 16
