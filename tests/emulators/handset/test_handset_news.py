"""What the phone is told: whose it is, what came to each app, and to whom the newest came."""

from __future__ import annotations

import pytest
import requests
from handset_rig import (
    DANA,
    DANA_DESK,
    DANA_MAIL,
    DANA_MOBILE,
    INGRID,
    LUCIA,
    MARCUS,
    MARCUS_MOBILE,
    THEO,
    WEI,
    StandIns,
    wait_for,
)

from emulators.handset.people import e164

APPS = ["messages", "mail", "duo", "authenticator"]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("2025550177", "+12025550177"),
        ("(202) 555-0118", "+12025550118"),
        ("202.555.0123", "+12025550123"),
        ("1 (202) 555 0125", "+12025550125"),
        ("202 / 555 - 01 27", "+12025550127"),
        ("+1 202 555 0119", "+12025550119"),
        ("555-0119", ""),
        ("", ""),
    ],
)
def test_a_number_is_read_however_it_is_written(written, number):
    assert e164(written) == number


def test_nothing_has_come_on_the_first_day(world: StandIns):
    told = world.news()
    assert [told["apps"][app]["items"] for app in APPS] == [[], [], [], []]
    assert told["apps"]["messages"]["number"] == DANA_MOBILE
    assert told["apps"]["duo"]["account"] == "dana.w"
    assert told["apps"]["authenticator"]["account"] == DANA_MAIL


def test_what_comes_is_listed_newest_first_and_waits_only_where_an_answer_is_asked(world: StandIns):
    for _ in range(2):
        world.text()
    world.mail()
    world.duo_push()
    world.authenticator_push()
    wait_for(lambda: len(world.news()["apps"]["messages"]["items"]) == 2)
    apps = world.news()["apps"]
    marks = [int(mark) for mark in apps["messages"]["items"]]
    assert marks == sorted(marks, reverse=True)
    assert [len(apps[app]["items"]) for app in APPS] == [2, 1, 1, 1]
    assert [apps[app]["waiting"] for app in APPS] == [0, 0, 1, 1]
    assert apps["duo"]["pushes"][0]["pushinfo"] == [["Ticket", "#48213 Webmail"], ["Technician", "Sam"]]


def test_the_newest_of_everything_says_whose_phone_it_came_to(world: StandIns):
    world.text(MARCUS_MOBILE)
    world.mail("t.brandt@larkfield.example")
    world.mail("theo@larkfield.example")
    world.duo_push("lferrer")
    world.authenticator_push("t.brandt@larkfield.example")
    wait_for(lambda: world.news()["newest"]["messages"]["item"] != "0")
    newest = world.news()["newest"]
    assert [newest[app]["phone"] for app in APPS] == [
        f"contact={MARCUS}", f"contact={THEO}", f"contact={LUCIA}", f"contact={THEO}",
    ]  # fmt: skip


def test_a_text_to_a_number_that_is_nobodys_has_a_phone_of_its_own(world: StandIns):
    world.text("+12025550161")
    wait_for(lambda: world.news()["newest"]["messages"]["phone"] == "number=%2B12025550161")
    told = world.look("/handset/news.json?number=%2B12025550161")
    assert len(told["apps"]["messages"]["items"]) == 1
    page = requests.get(f"{world.origin}/handset?number=+12025550161", timeout=5).text
    assert "Phone of +12025550161" in page


def test_a_call_to_the_landline_turns_the_phone_to_that_number_as_long_as_it_rings(world: StandIns):
    world.call(DANA_DESK)
    wait_for(lambda: world.news()["apps"]["messages"]["waiting"] == 1)
    world.text()
    wait_for(lambda: len(world.news()["apps"]["messages"]["items"]) == 2)
    assert world.news()["apps"]["messages"]["number"] == DANA_DESK
    sid = world.look(f"/phone/calls.json?to=%2B{DANA_DESK[1:]}")["calls"][0]["sid"]
    requests.post(f"{world.origin}/phone/calls/{sid}", json={"do": "decline"}, timeout=5).raise_for_status()
    wait_for(lambda: world.news()["apps"]["messages"]["number"] == DANA_MOBILE)


def test_a_landline_that_two_share_shows_its_texts_on_both_phones(world: StandIns):
    world.text("+12025550150")
    wait_for(lambda: world.news(INGRID)["apps"]["messages"]["items"])
    assert world.news(THEO)["apps"]["messages"]["items"] == world.news(INGRID)["apps"]["messages"]["items"]


@pytest.mark.parametrize(
    ("contact", "app", "account", "remark"),
    [
        (MARCUS, "duo", "marcus.r", "Invited to Duo, never enrolled."),
        (INGRID, "duo", "No account", "Duo knows nobody with this address."),
        (THEO, "duo", "theo.b", "Disabled: Duo keeps this user out."),
        (81, "duo", "amara.d", "This phone takes Duo's texts only, no pushes."),
        (82, "duo", "Several accounts", "2 Duo users share this address: felix.g, felix.scanner."),
        (WEI, "duo", "wei.l", "Every push asks for a code (Verified Duo Push)."),
        (LUCIA, "duo", "lferrer", ""),
        (86, "duo", "mateo.f", "Bypass: Duo lets this user in without asking."),
        (87, "duo", "carla.n", "Locked out: Duo keeps this user out."),
        (MARCUS, "authenticator", "marcus@larkfield.example",
         "The default sign-in method is a texted code, not this app."),
        (INGRID, "authenticator", "ingrid@larkfield.example", "This app was never set up for the account."),
        (THEO, "authenticator", "t.brandt@larkfield.example", ""),
        (81, "authenticator", "amara@harborlegal.example", "Blocked by the directory's administrator."),
        (LUCIA, "authenticator", "No account", "No Microsoft directory here knows this address."),
    ],
)  # fmt: skip
def test_a_push_app_says_what_stands_in_its_way(world: StandIns, contact, app, account, remark):
    told = world.news(contact)["apps"][app]
    assert (told["account"], told["remark"]) == (account, remark)


def test_a_default_method_that_is_switched_shows_at_once(world: StandIns):
    world.control("entra/faults", preferred={DANA_MAIL: "sms"})
    assert "texted code" in world.news()["apps"]["authenticator"]["remark"]


def test_a_contact_that_is_new_in_the_ticketing_system_has_a_phone(world: StandIns):
    items = [{"type": {"id": 4}, "value": "2025550162"}, {"type": {"id": 1}, "value": "Ruth@larkfield.example"}]
    made = world.control(
        "connectwise/contacts", firstName="Ruth", lastName="Calder", company={"id": 250}, communicationItems=items
    )
    world.mail("ruth@larkfield.example")
    told = world.news(made["id"])
    assert told["apps"]["messages"]["number"] == "+12025550162"
    assert len(told["apps"]["mail"]["items"]) == 1


@pytest.mark.parametrize("query", ["contact=9999", "number=12", "number=+1202"])
def test_a_phone_of_nobody_is_not_found(world: StandIns, query):
    for page in ("/handset", "/handset/news.json"):
        assert requests.get(f"{world.origin}{page}?{query}", timeout=5).status_code == 404


def test_only_this_machine_sees_a_phone(world: StandIns):
    for path in ("/handset", "/handset/news.json"):
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            assert requests.get(world.origin + path, headers=headers, timeout=5).status_code == 403


def test_the_page_is_the_first_contacts_where_nobodys_is_asked_for(world: StandIns):
    answer = requests.get(f"{world.origin}/handset", timeout=5)
    assert "Phone of Amara Diallo" in answer.text
    assert f'value="{DANA}"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
