"""The Auth API through Duo's own client: preauth, pushes, every status, long polls, Verified Duo Push."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest
from duo_rig import code_of, wait_for

DANA = "dana@larkfield.example"
PUSHINFO = "ticket=48213&technician=Sam%20Okafor&from=Northgate%20IT"


def push(duo, user="dana.w", **values):
    return duo.auth().auth(factor="push", username=user, device="auto", async_txn=True, **values)["txid"]


def status(duo, txid):
    return duo.auth().auth_status(txid)


def seen(duo, txid):
    """The first answer, which is `pushed`, so that the next question waits for news."""
    answer = status(duo, txid)
    assert (answer["waiting"], answer["success"], answer["status"]) == (True, False, "pushed")
    return txid


def test_preauth_lists_the_devices_with_their_numbers_hidden(duo):
    answer = duo.auth().preauth(username="dana.w")
    assert (answer["result"], answer["status_msg"]) == ("auth", "Account is active")
    (phone,) = answer["devices"]
    assert (phone["type"], phone["number"], phone["display_name"]) == ("phone", "XXX-XXX-0142", "iOS (XXX-XXX-0142)")
    assert phone["capabilities"] == ["auto", "push", "sms", "phone", "mobile_otp"]
    assert "0142" in str(answer) and "2025550142" not in str(answer)


def test_a_token_is_listed_without_capabilities_and_a_desk_phone_by_its_name(duo):
    desk, mobile, token = duo.auth().preauth(username="wei.l")["devices"]
    assert (desk["name"], desk["display_name"], desk["capabilities"]) == ("Desk", "Desk (XXX-XXX-0134)", ["phone"])
    assert "push" in mobile["capabilities"]
    assert token.keys() == {"device", "type", "name"} and token["type"] == "token"


@pytest.mark.parametrize("name", ["dana.w", "DANA.W", DANA, "Dana@Larkfield.Example"])
def test_a_user_is_found_by_username_and_alias_in_any_case(duo, name):
    assert duo.auth().preauth(username=name)["result"] == "auth"


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("wei@harborlegal.example", "enroll"),
        ("HARBORLEGAL\\wei", "auth"),
        ("lucia@ferrer.example", "auth"),
        ("marcus.r", "enroll"),
        ("ingrid@larkfield.example", "enroll"),
        ("amara.d", "auth"),
        ("mateo.f", "allow"),
        ("theo.b", "deny"),
        ("carla.n", "deny"),
    ],
)
def test_preauth_has_a_result_for_each_trouble(duo, name, result):
    answer = duo.auth().preauth(username=name)
    assert answer["result"] == result
    assert answer["status_msg"]
    assert ("enroll_portal_url" in answer) == (result == "enroll")
    assert ("devices" in answer) == (result == "auth")


def test_a_phone_with_text_messages_only_offers_no_push(duo):
    (phone,) = duo.auth().preauth(username="amara.d")["devices"]
    assert phone["capabilities"] == ["sms"]
    assert code_of(lambda: push(duo, "amara.d")) == 40002
    answer = duo.auth().auth(factor="auto", username="amara.d", device="auto")
    assert (answer["result"], answer["status"]) == ("deny", "sent")
    assert duo.pushes() == []


@pytest.mark.parametrize("policy", ["enroll", "allow", "deny"])
def test_the_policy_for_new_users_answers_for_unknown_names(duo, policy):
    duo.faults(new_users=policy)
    assert duo.auth().preauth(username="nobody")["result"] == policy
    assert duo.auth().preauth(username="marcus.r")["result"] == policy


def test_simple_names_are_cut_only_where_the_account_says_so(duo):
    client = duo.auth()
    assert client.preauth(username="CORP\\dana.w")["result"] == "enroll"
    duo.faults(simple_usernames=True)
    assert client.preauth(username="CORP\\dana.w")["result"] == "auth"
    assert client.preauth(username="wei@elsewhere.example")["result"] == "auth", "the stranger of fact sheet 2.8"


def test_a_name_or_an_id_is_needed_and_not_both(duo):
    client = duo.auth()
    user_id = duo.user(DANA, auto=None)["user_id"]
    assert client.preauth(user_id=user_id)["result"] == "auth"
    assert code_of(client.preauth) == 40001
    assert code_of(lambda: client.preauth(username="dana.w", user_id=user_id)) == 40002
    assert code_of(lambda: client.preauth(user_id="DU000000000000000000")) == 40002


def test_a_push_stands_on_the_phone_with_all_that_was_said(duo):
    txid = push(duo, type="Help desk check", display_username="Dana Whitfield", pushinfo=PUSHINFO)
    (shown,) = duo.pushes(DANA)
    assert shown == {
        "txid": txid,
        "application": "Northgate IT help desk",
        "type": "Help desk check",
        "display_username": "Dana Whitfield",
        "pushinfo": [["ticket", "48213"], ["technician", "Sam Okafor"], ["from", "Northgate IT"]],
        "sent_at": shown["sent_at"],
        "state": "waiting",
        "needs_code": False,
    }
    assert duo.pushes("dana.w") == duo.pushes() == [shown]
    assert duo.pushes("wei.l") == duo.pushes("nobody") == []


@pytest.mark.parametrize(
    ("press", "success", "told"), [("approve", True, "allow"), ("deny", False, "deny"), ("fraud", False, "fraud")]
)
def test_each_press_on_the_phone_has_its_status(duo, press, success, told):
    txid = seen(duo, push(duo))
    assert duo.press(txid, press).json()["state"] == press
    answer = status(duo, txid)
    assert (answer["waiting"], answer["success"], answer["status"]) == (False, success, told)
    assert answer["status_msg"]
    assert status(duo, txid) == answer, "the end can be asked for again"
    assert duo.pushes()[0]["state"] == press


def test_a_fraud_report_locks_nobody_out(duo):
    duo.press(push(duo), "fraud")
    assert duo.auth().preauth(username="dana.w")["result"] == "auth"


def test_a_push_that_nobody_answers_times_out(duo):
    duo.faults(push_life_seconds=0.3)
    txid = seen(duo, push(duo))
    answer = status(duo, txid)
    assert (answer["waiting"], answer["success"], answer["status"]) == (False, False, "timeout")
    assert duo.pushes()[0]["state"] == "timeout"
    assert duo.press(txid, "approve").status_code == 409


def test_a_push_that_cannot_be_delivered_says_push_failed_and_then_timeout(duo):
    duo.faults(push_failed=True, push_life_seconds=0.3)
    txid = push(duo)
    answer = status(duo, txid)
    assert (answer["waiting"], answer["success"], answer["status"]) == (True, False, "push_failed")
    assert status(duo, txid)["status"] == "timeout"
    assert duo.pushes() == []
    assert duo.press(txid, "approve").status_code == 404
    assert [each["delivered"] for each in duo.control("transactions")] == [False]


@pytest.mark.parametrize(
    ("user", "success", "told"),
    [("carla.n", False, "locked_out"), ("mateo.f", True, "bypass"), ("theo.b", False, "deny")],
)
def test_some_users_are_answered_for_without_a_push(duo, user, success, told):
    answer = status(duo, push(duo, user))
    assert (answer["waiting"], answer["success"], answer["status"]) == (False, success, told)
    assert duo.pushes() == []


def test_a_user_who_is_locked_out_after_preauth_gets_no_push(duo):
    assert duo.auth().preauth(username="dana.w")["result"] == "auth"
    duo.user("dana.w", status="locked out")
    assert status(duo, push(duo))["status"] == "locked_out"


def test_nobody_without_a_device_can_be_asked(duo):
    assert code_of(lambda: push(duo, "marcus.r")) == 40002
    assert code_of(lambda: push(duo, "ingrid@larkfield.example")) == 40002


def test_a_call_without_async_answers_at_the_end(duo):
    duo.user("dana.w", auto="approve", after_seconds=0.3)
    started = time.monotonic()
    answer = duo.auth().auth(factor="auto", username="dana.w")
    assert (answer["result"], answer["status"]) == ("allow", "allow")
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("one", ["1", 1, True])
def test_async_is_taken_as_text_and_as_a_number(duo, one):
    wanted = {"factor": "push", "device": "auto", "username": "dana.w", "async": one}
    assert "txid" in duo.auth().json_api_call("POST", "/auth/v2/auth", wanted)


@pytest.mark.parametrize("digest", [hashlib.sha1, hashlib.sha512])
def test_an_old_client_with_a_form_can_push(duo, digest):
    client = duo.auth(sig_version=2, digestmod=digest)
    txid = client.auth(factor="push", username="dana.w", device="auto", async_txn=True, pushinfo=PUSHINFO)["txid"]
    duo.press(txid, "approve")
    assert client.auth_status(txid)["success"] is True
    assert duo.pushes()[0]["pushinfo"][1] == ["technician", "Sam Okafor"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"factor": ""}, 40001),
        ({"factor": "pigeon"}, 40002),
        ({"device": None}, 40001),
        ({"device": "DP000000000000000084"}, 40002),
        ({"username": ""}, 40001),
        ({"pushinfo": "no pairs"}, 40002),
        ({"pushinfo": "a=" + "x" * 20_000}, 40002),
        ({"txid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}, 40002),
    ],
)
def test_a_wrong_parameter_of_a_push_is_refused_and_nothing_is_sent(duo, change, code):
    wanted = {"factor": "push", "username": "dana.w", "device": "auto", "async_txn": True, **change}
    assert code_of(lambda: duo.auth().auth(**wanted)) == code
    assert duo.control("transactions") == []


def test_a_device_can_be_named(duo):
    mobile = duo.auth().preauth(username="wei.l")["devices"][1]["device"]
    duo.faults(verified_push_without_flag="bypassed")
    duo.auth().auth(factor="push", username="wei.l", device=mobile, async_txn=True)
    assert [each["phone_id"] for each in duo.control("transactions")] == [mobile]


def test_a_second_push_to_the_same_user_is_recorded_and_the_newest_stands_first(duo):
    first = push(duo)
    second = push(duo)
    assert [each["txid"] for each in duo.pushes("dana.w")] == [second, first]
    duo.press(first, "deny")
    assert [each["state"] for each in duo.pushes("dana.w")] == ["waiting", "deny"]


@pytest.mark.parametrize("txid", ["0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", ""])
def test_an_unknown_transaction_has_no_status(duo, txid):
    assert code_of(lambda: status(duo, txid)) == (40002 if txid else 40001)


def test_a_poll_ends_at_once_when_the_phone_answers(duo):
    txid = seen(duo, push(duo))
    threading.Timer(0.4, duo.press, (txid, "approve")).start()
    started = time.monotonic()
    assert status(duo, txid)["success"] is True
    assert 0.3 < time.monotonic() - started < 2


def test_a_poll_without_news_answers_the_old_status(duo):
    duo.faults(poll_seconds=0.4)
    txid = seen(duo, push(duo))
    started = time.monotonic()
    assert status(duo, txid)["status"] == "pushed"
    assert 0.4 <= time.monotonic() - started < 2


def test_a_poll_without_news_can_answer_40002_which_means_ask_again(duo):
    duo.faults(poll_seconds=0.2, poll_without_news="40002")
    txid = seen(duo, push(duo))
    assert code_of(lambda: status(duo, txid)) == 40002
    duo.press(txid, "approve")
    assert status(duo, txid)["success"] is True


@pytest.mark.parametrize(("auto", "told"), [("approve", "allow"), ("deny", "deny"), ("fraud", "fraud")])
def test_a_phone_can_answer_by_itself(duo, auto, told):
    duo.user(DANA, auto=auto, after_seconds=0.3)
    txid = seen(duo, push(duo))
    assert status(duo, txid)["status"] == told
    duo.user(DANA, auto=None)
    seen(duo, push(duo))


def test_a_phone_can_let_a_push_time_out_early_or_ignore_it(duo):
    duo.user("dana.w", auto="timeout")
    assert status(duo, push(duo))["status"] == "timeout"
    duo.user("dana.w", auto="ignore")
    duo.faults(push_life_seconds=0.2)
    assert status(duo, seen(duo, push(duo)))["status"] == "timeout"


def test_an_answer_of_the_script_that_comes_too_late_does_not_count(duo):
    duo.user("dana.w", auto="approve", after_seconds=0.5)
    duo.faults(push_life_seconds=0.2)
    txid = push(duo)
    time.sleep(0.6)
    assert status(duo, txid)["status"] == "timeout"


# Verified Duo Push


def verified(duo):
    return duo.auth().preauth(username="wei.l", client_supports_verified_push="1")


@pytest.mark.parametrize("flag", ["1", 1])
def test_preauth_gives_a_code_where_the_policy_asks_for_it(duo, flag):
    answer = duo.auth().preauth(username="wei.l", client_supports_verified_push=flag)
    assert answer["result"] == "auth" and answer["devices"]
    assert answer["expiration"] == 60
    assert len(answer["verification_code"]) == 3 and answer["verification_code"].isdecimal()
    assert "verification_code" not in duo.auth().preauth(username="wei.l")
    assert "verification_code" not in duo.auth().preauth(username="dana.w", client_supports_verified_push="1")


def test_the_phone_must_type_the_code(duo):
    given = verified(duo)
    assert push(duo, "wei.l", txid=given["txid"]) == given["txid"]
    waiting = status(duo, given["txid"])
    assert waiting["status"] == "pushed" and given["verification_code"] in waiting["status_msg"]
    (shown,) = duo.pushes("wei@harborlegal.example")
    assert shown["needs_code"] is True
    assert given["verification_code"] not in str({**shown, "txid": ""})
    wrong = f"{(int(given['verification_code']) + 1) % 1000:03d}"
    for code in (None, wrong):
        assert duo.press(given["txid"], "approve", code).status_code == 409
    assert duo.pushes()[0]["state"] == "waiting"
    assert duo.press(given["txid"], "approve", given["verification_code"]).status_code == 200
    assert status(duo, given["txid"])["success"] is True


def test_a_verified_push_is_denied_without_a_code(duo):
    txid = push(duo, "wei.l", txid=verified(duo)["txid"])
    duo.press(txid, "deny")
    assert status(duo, txid)["status"] == "deny"


def test_a_code_of_preauth_is_for_one_push_to_one_user_and_not_for_ever(duo):
    first = verified(duo)["txid"]
    assert code_of(lambda: push(duo, "dana.w", txid=first)) == 40002
    push(duo, "wei.l", txid=first)
    assert code_of(lambda: push(duo, "wei.l", txid=first)) == 40002
    duo.faults(verified_push_life_seconds=0)
    assert code_of(lambda: push(duo, "wei.l", txid=verified(duo)["txid"])) == 40002


def test_without_the_code_a_push_is_refused_or_the_policy_is_bypassed(duo):
    answer = status(duo, push(duo, "wei.l"))
    assert (answer["waiting"], answer["status"]) == (False, "deny")
    assert duo.pushes() == []
    duo.faults(verified_push_without_flag="bypassed")
    seen(duo, push(duo, "wei.l"))
    assert duo.pushes()[0]["needs_code"] is False


def test_the_policy_can_be_put_on_anybody(duo):
    duo.user("dana.w", verified_push=True, auto="approve")
    given = duo.auth().preauth(username="dana.w", client_supports_verified_push="1")
    assert status(duo, push(duo, "dana.w", txid=given["txid"]))["success"] is True


def test_a_reset_lets_go_a_poll(duo):
    txid = seen(duo, push(duo))
    threading.Timer(0.2, duo.post, ("/_emulator/duo/reset",)).start()
    assert code_of(lambda: status(duo, txid)) == 40002
    wait_for(lambda: duo.control("transactions") == [])
