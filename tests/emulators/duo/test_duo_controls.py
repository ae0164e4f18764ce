"""The controls and the phone's JSON, the faults that hit every API, and the place among the other stand-ins."""

from __future__ import annotations

import time

import pytest
import requests

from emulators.app import create_app
from emulators.duo import API_PATHS, register
from emulators.duo.faults import FAULTS


def test_one_429_costs_duos_client_a_second_and_no_more(duo):
    duo.faults(rate_limit=1)
    started = time.monotonic()
    assert duo.auth().check()
    assert 1 <= time.monotonic() - started < 4
    assert [entry["status"] for entry in duo.control("requests")] == [429, 200]


def test_429_is_in_duos_envelope_on_every_api(duo):
    duo.faults(rate_limit=3)
    for path in ("/oauth/v1/health_check", "/auth/v2/auth", "/admin/v1/users/DU1/send_verification_push"):
        answer = duo.post(path)
        assert (answer.status_code, answer.json()["code"], answer.json()["stat"]) == (429, 42901, "FAIL")
    assert duo.get("/auth/v2/ping").status_code == 200


def test_a_slow_duo_answers_late_and_a_silent_one_not(duo):
    duo.faults(slow_seconds=0.4)
    started = time.monotonic()
    duo.auth().ping()
    assert time.monotonic() - started > 0.4
    duo.faults(slow_seconds=0, hang=1)
    with pytest.raises(TimeoutError):
        duo.auth(timeout=0.4).ping()
    assert duo.auth().ping()


def test_down_drops_the_connection(duo):
    duo.faults(down=1)
    with pytest.raises(OSError):
        duo.auth().ping()
    assert [entry["status"] for entry in duo.control("requests")] == [None]
    assert duo.auth().ping()


def test_a_bad_gateway_reaches_duos_client_as_no_json(duo):
    duo.faults(bad_gateway=1)
    with pytest.raises(RuntimeError) as caught:
        duo.admin().get_users()
    assert caught.value.status == 502
    assert caught.value.data.startswith("<html>")


def test_never_answers_holds_off_presses_and_scripts(duo):
    duo.user("dana.w", auto="approve")
    duo.faults(never_answers=True, push_life_seconds=0.3)
    txid = duo.auth().auth(factor="push", username="dana.w", device="auto", async_txn=True)["txid"]
    assert duo.press(txid, "approve").status_code == 409
    assert duo.auth().auth_status(txid)["status"] == "pushed"
    assert duo.auth().auth_status(txid)["status"] == "timeout"


def test_a_press_that_makes_no_sense_is_refused_with_a_sentence(duo):
    txid = duo.auth().auth(factor="push", username="dana.w", device="auto", async_txn=True)["txid"]
    for answer, status in ((duo.press(txid, "dance"), 400), (duo.press("none", "approve"), 404)):
        assert (answer.status_code, answer.json()["error"][-1]) == (status, ".")
    assert duo.post(f"/_emulator/duo/pushes/{txid}", json=["approve"]).status_code == 400
    assert duo.press(txid, "approve").status_code == 200
    again = duo.press(txid, "deny")
    assert (again.status_code, again.json()["error"]) == (409, "This request is over: approve.")
    assert duo.pushes()[0]["state"] == "approve"


def test_every_fault_is_listed_with_a_sentence_and_its_value(duo):
    duo.faults(push_life_seconds=5)
    listed = duo.get("/_emulator/duo/faults").json()
    assert listed.keys() == FAULTS.keys()
    assert all(each["about"].endswith(".") for each in listed.values())
    assert listed["push_life_seconds"]["value"] == 5
    assert listed["down"] == {"value": False, "default": False, "about": FAULTS["down"].about}


@pytest.mark.parametrize(
    "wanted",
    [
        {"lightning": True},
        {"slow_seconds": -1},
        {"clock_skew_seconds": "late"},
        {"prompt": "perhaps"},
        {"id_token": "blue"},
        {"down": "yes"},
        {"push_failed": 1},
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence_and_changes_nothing(duo, wanted):
    answer = duo.post("/_emulator/duo/faults", json={"bad_gateway": True, **wanted})
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert duo.get("/_emulator/duo/faults").json()["bad_gateway"]["value"] is False


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"color": "blue"},
        {"status": "happy"},
        {"verified_push": "yes"},
        {"auto": "dance"},
        {"auto": "deny", "after_seconds": -1},
        {"after_seconds": 1},
        {"auto": None, "after_seconds": 1},
    ],
)
def test_a_wrong_change_of_a_user_is_refused_with_a_sentence(duo, wanted):
    before = duo.control("users")
    answer = duo.post("/_emulator/duo/users/dana.w", json=wanted)
    assert (answer.status_code, answer.json()["error"][-1]) == (400, ".")
    assert duo.control("users") == before


def test_a_user_is_changed_by_any_of_their_names_unless_two_share_it(duo):
    for who in ("dana.w", "dana@larkfield.example", "DU000000000000000077"):
        assert duo.user(who, auto="deny", after_seconds=2)["auto"] == "deny"
    assert duo.post("/_emulator/duo/users/nobody", json={"auto": None}).status_code == 404
    assert duo.post("/_emulator/duo/users/felix@harborlegal.example", json={"auto": None}).status_code == 409


def test_a_reset_brings_back_the_first_day(duo):
    before = duo.control("users")
    duo.user("dana.w", status="disabled", auto="deny")
    duo.auth().auth(factor="push", username="lferrer", device="auto", async_txn=True)
    duo.faults(push_life_seconds=1)
    duo.post("/_emulator/duo/reset")
    assert duo.control("users") == before
    assert duo.pushes() == duo.control("requests") == []
    assert duo.get("/_emulator/duo/faults").json()["push_life_seconds"]["value"] == 60


def test_what_hung_before_a_reset_leaves_no_trace_after_it(duo):
    duo.faults(slow_seconds=60)
    with pytest.raises(TimeoutError):
        duo.auth(timeout=0.2).auth(factor="push", username="dana.w", device="auto", async_txn=True)
    duo.post("/_emulator/duo/reset")
    time.sleep(0.2)
    assert duo.control("transactions") == duo.control("requests") == []


@pytest.mark.parametrize("path", ["pushes.json", "faults", "users", "requests", "transactions"])
def test_controls_and_phone_answer_loopback_names_only(duo, path):
    for host, status in (("evil.example", 403), (duo.host, 200), (f"127.0.0.1:{duo.port}", 200), ("[::1]:1", 200)):
        assert duo.get(f"/_emulator/duo/{path}", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("path", ["reset", "faults", "users/dana.w", "pushes/1"])
def test_a_foreign_page_cannot_press_the_switches(duo, path):
    answer = duo.post(f"/_emulator/duo/{path}", json={}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_the_product_reaches_the_apis_by_any_name(duo):
    for path in API_PATHS:
        answer = requests.get(
            f"https://{duo.host}{path}x", headers={"Host": "duo.test"}, verify=str(duo.authority), timeout=5
        )
        assert answer.status_code != 403


def test_duo_gets_along_with_the_other_stand_ins():
    app = create_app()
    if "duo_emulator" not in app.extensions:
        register(app)
    rules = [(rule.rule, tuple(sorted(rule.methods or ()))) for rule in app.url_map.iter_rules()]
    assert len(rules) == len(set(rules))
