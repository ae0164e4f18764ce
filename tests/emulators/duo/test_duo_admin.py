"""The Admin API through Duo's own client: finding people, pages, the verification push."""

from __future__ import annotations

import time

import pytest
from duo_rig import code_of

from emulators.connectwise.seed_rows import CONTACTS

DANA_ID = "DU" + "0" * 16 + "77"
DANA_PHONE = "DP" + "0" * 16 + "77"


def ids(users):
    return [user["user_id"] for user in users]


def test_a_user_has_the_shape_of_the_fact_sheet(duo):
    (dana,) = duo.admin().get_user_by_email("dana@larkfield.example")
    assert dana == {
        "user_id": DANA_ID,
        "username": "dana.w",
        "email": "dana@larkfield.example",
        "realname": "Dana Whitfield",
        "alias1": "dana@larkfield.example",
        "alias2": None,
        "alias3": None,
        "alias4": None,
        "aliases": {"alias1": "dana@larkfield.example"},
        "status": "active",
        "is_enrolled": True,
        "last_login": 1795000000,
        "last_directory_sync": None,
        "groups": [],
        "tokens": [],
        "phones": [
            {
                "phone_id": DANA_PHONE,
                "number": "+12025550142",
                "extension": "",
                "name": "",
                "type": "Mobile",
                "platform": "Apple iOS",
                "activated": True,
                "sms_passcodes_sent": False,
                "capabilities": ["auto", "push", "sms", "phone", "mobile_otp"],
            }
        ],
    }


@pytest.mark.parametrize("email", [" Dana@Larkfield.example", "DANA@LARKFIELD.EXAMPLE"])
def test_an_email_is_found_in_any_case(duo, email):
    assert ids(duo.admin().get_user_by_email(email)) == [DANA_ID]


def test_one_email_can_have_two_users_and_another_none(duo):
    assert len(duo.admin().get_user_by_email("felix@harborlegal.example")) == 2
    assert duo.admin().get_user_by_email("ingrid@larkfield.example") == []


def test_a_username_also_finds_aliases(duo):
    admin = duo.admin()
    assert admin.get_user_by_email("lucia@ferrer.example") == []
    (lucia,) = admin.get_users_by_name("lucia@ferrer.example")
    assert (lucia["username"], lucia["email"]) == ("lferrer", "")
    assert ids(admin.get_users_by_name("LFERRER")) == [lucia["user_id"]]
    assert admin.get_users_by_name("dana") == [], "a part of a name is no name"


def test_lists_of_names_and_of_ids_are_understood(duo):
    admin = duo.admin()
    found = list(admin.get_users_by_names(["dana.w", "lucia", "nobody"]))
    assert [user["username"] for user in found] == ["dana.w", "lferrer"]
    assert ids(admin.get_users_by_ids(ids(found))) == ids(found)


@pytest.mark.parametrize("text", ["dana.w", "[1]", "{}"])
def test_a_list_that_is_none_is_refused(duo, text):
    wanted = {"username_list": text}
    assert code_of(lambda: duo.admin().json_api_call("GET", "/admin/v1/users", wanted)) == 40002


def test_statuses_are_those_of_duo(duo):
    statuses = {user["username"]: user["status"] for user in duo.admin().get_users()}
    assert statuses["theo.b"] == "disabled"
    assert statuses["mateo.f"] == "bypass"
    assert statuses["carla.n"] == "locked out"
    assert set(statuses.values()) == {"active", "bypass", "disabled", "locked out"}


def test_who_is_not_enrolled_has_no_phone(duo):
    (marcus,) = duo.admin().get_users_by_name("marcus.r")
    assert (marcus["is_enrolled"], marcus["phones"]) == (False, [])


def test_paging_goes_on_while_there_is_a_next_offset(duo):
    everybody = ids(duo.admin().get_users())
    paged = duo.admin(paging_limit=5)
    assert ids(paged.get_users()) == everybody
    assert len(everybody) == len(set(everybody)) == 12
    asked = [each["parameters"]["offset"] for each in duo.control("requests") if each["parameters"]["limit"] == "5"]
    assert asked == ["0", "5", "10"]


@pytest.mark.parametrize(
    ("limit", "offset", "count", "metadata"),
    [
        (5, 0, 5, {"total_objects": 12, "next_offset": 5}),
        (5, 5, 5, {"total_objects": 12, "next_offset": 10, "prev_offset": 0}),
        (5, 10, 2, {"total_objects": 12, "prev_offset": 5}),
        (12, 0, 12, {"total_objects": 12}),
        (300, 40, 0, {"total_objects": 12, "prev_offset": 0}),
    ],
)
def test_the_metadata_says_where_the_pages_are(duo, limit, offset, count, metadata):
    admin = duo.admin()
    answer = admin.api_call("GET", "/admin/v1/users", {"limit": str(limit), "offset": str(offset)})
    users, told = admin.parse_json_response_and_metadata(*answer)
    assert (len(users), told) == (count, metadata)


@pytest.mark.parametrize("wanted", [{"limit": "301"}, {"limit": "0"}, {"limit": "x"}, {"offset": "-1"}])
def test_a_wrong_page_is_refused(duo, wanted):
    assert code_of(lambda: duo.admin().json_api_call("GET", "/admin/v1/users", wanted)) == 40002


def test_one_user_and_their_phones_are_there_by_id(duo):
    admin = duo.admin()
    assert admin.get_user_by_id(DANA_ID)["username"] == "dana.w"
    assert [phone["phone_id"] for phone in admin.get_user_phones(DANA_ID)] == [DANA_PHONE]
    assert admin.get_user_phones("DU" + "0" * 16 + "78") == []
    for missing in (admin.get_user_by_id, admin.get_user_phones):
        assert code_of(lambda call=missing: call("DU none/such")) == 40401


def test_the_summary_counts_the_users(duo):
    assert duo.admin().get_info_summary()["user_count"] == 12


def test_a_plan_without_the_admin_api_refuses_everything(duo):
    duo.faults(admin_forbidden=True)
    assert code_of(duo.admin().get_info_summary) == 40301
    assert duo.auth().check()


@pytest.mark.parametrize("press", ["approve", "deny", "fraud"])
def test_a_verification_push_tells_what_was_pressed(duo, press):
    admin = duo.admin()
    sent = admin.send_verification_push(DANA_ID, DANA_PHONE)
    assert len(sent["confirmation_code"]) == 6
    waiting = {"push_id": sent["push_id"], "result": "waiting"}
    assert admin.get_verification_push_response(DANA_ID, sent["push_id"]) == waiting
    (shown,) = duo.pushes("dana.w")
    assert shown["pushinfo"] == [["Confirmation code", sent["confirmation_code"]]]
    duo.press(sent["push_id"], press)
    assert admin.get_verification_push_response(DANA_ID, sent["push_id"])["result"] == press


def test_a_verification_push_that_has_run_out_is_404(duo):
    duo.faults(push_life_seconds=0.2, confirmation_code=False)
    admin = duo.admin()
    sent = admin.send_verification_push(DANA_ID, DANA_PHONE)
    assert sent.keys() == {"push_id"}
    time.sleep(0.3)
    assert code_of(lambda: admin.get_verification_push_response(DANA_ID, sent["push_id"])) == 40401
    assert duo.pushes()[0]["state"] == "timeout"


def test_a_verification_push_that_is_not_delivered_is_an_unknown_error(duo):
    duo.faults(push_failed=True)
    admin = duo.admin()
    sent = admin.send_verification_push(DANA_ID, DANA_PHONE)
    assert admin.get_verification_push_response(DANA_ID, sent["push_id"])["result"] == "unknown error"
    assert duo.pushes() == []


def test_a_verification_push_needs_a_phone_of_the_user_that_can_push(duo):
    admin = duo.admin()
    (amara,) = admin.get_users_by_name("amara.d")
    assert code_of(lambda: admin.send_verification_push(amara["user_id"], amara["phones"][0]["phone_id"])) == 40002
    assert code_of(lambda: admin.send_verification_push(DANA_ID, amara["phones"][0]["phone_id"])) == 40401
    assert code_of(lambda: admin.send_verification_push("DU0", DANA_PHONE)) == 40401
    assert code_of(lambda: admin.send_verification_push(DANA_ID, "")) == 40001
    assert duo.control("transactions") == []


def test_a_push_belongs_to_its_user_and_its_api(duo):
    admin, auth = duo.admin(), duo.auth()
    sent = admin.send_verification_push(DANA_ID, DANA_PHONE)["push_id"]
    pushed = auth.auth(factor="push", username="dana.w", device="auto", async_txn=True)["txid"]
    (wei,) = admin.get_users_by_name("wei.l")
    assert code_of(lambda: admin.get_verification_push_response(wei["user_id"], sent)) == 40401
    assert code_of(lambda: admin.get_verification_push_response(DANA_ID, pushed)) == 40401
    assert code_of(lambda: auth.auth_status(sent)) == 40002
    assert code_of(lambda: admin.get_verification_push_response(DANA_ID, "")) == 40001


def test_addresses_are_those_of_the_emulated_ticketing_system(duo):
    theirs = {
        value: f"{first} {last}" for _, first, last, *_, items in CONTACTS for kind, value, *_ in items if kind == 1
    }
    found = 0
    for user in duo.admin().get_users():
        address = user["email"] or user["alias2"]
        if not address.endswith("@northgate.example"):
            assert user["realname"].startswith(theirs[address])
            found += 1
    assert found == 10
