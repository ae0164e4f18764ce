"""The pod as a custom tab in HaloPSA's own ticket and user pages, cross-site, and what the tab's signature is good for.

Third-party cookies are blocked, storage is partitioned and the pop-up blocker is on, as in every test of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import current_app
from playwright.sync_api import expect
from pod_rig import Desk, Person, Stage
from psa_frames import Connected, FramedPod, connected
from small_servers import ForeignSite
from test_pod_doors import NO_PAGE, until
from test_pod_sign_in_window import violations
from world import SAM, wait_for

from emulators.halo import CLIENT_ID, CLIENT_SECRET
from podserver.integrations import installing
from podserver.integrations.models import Integration, Psa

pytestmark = pytest.mark.whole_browser

TICKET, USER = 4713, 311
SECRET = "tab-secret-example-1"
SIGNED = {"42": "9efZOD8UqsAkdDuR2tHjgate1qLJag8+cr0KgkEVFNk=", "7": "2scAGIY1LGeQhciR2liF7fuz4c/4yLZagyWZXtAaf34="}
SAM_ID, PRIYA_ID = SIGNED
PRIYA = ("priya@northgate.example", "a quiet orchard in november")


@pytest.fixture(scope="module")
def halo(stage: Stage) -> Iterator[Connected]:
    """HaloPSA with the pod's two tabs, made through its own API, where the signature names technicians."""
    values = {
        "resource_server": f"{stage.world.emulators}/api",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "tab_secret": SECRET,
    }
    with connected(stage, Psa.HALO, values) as made:
        made.control("faults", {"granted_too": "admin"})
        with stage.product.session() as session:
            row = session.get_one(Integration, made.id)
            setups = installing.pod_setups(row, stage.world.web, 0)
            installing.install(session, current_app.extensions["connections"], row, setups, actor="tests")
        yield made


@pytest.fixture(scope="module")
def dana(stage: Stage, halo: Connected) -> Person:
    """The ticket's user, with a number that nobody else has."""
    number = stage.number()
    halo.control(f"records/users/{USER}", {"mobilenumber": number, "phonenumber": "", "homenumber": ""})
    return Person(USER, "Dana Whitfield", number)


@pytest.fixture(autouse=True)
def as_set_up(halo: Connected) -> Iterator[None]:
    """The integration and HaloPSA's tabs as the first test found them."""
    tabs = halo.control("records/tabs")
    yield
    halo.control("faults", {"reset": True})
    halo.set(sign_in="pre-fill", tab_secret=SECRET)
    for tab in tabs:
        halo.control(f"records/tabs/{tab['id']}", tab)


def open_tab(stage: Stage, halo: Connected, desk: Desk, agent: str = SAM_ID, screen: str = "ticket") -> FramedPod:
    """The record in HaloPSA, with the pod's tab open."""
    ticket, user = (row["id"] for row in halo.control("records/tabs"))
    record, tab = (TICKET, ticket) if screen == "ticket" else (USER, user)
    page = desk.context.new_page()
    page.goto(f"{stage.world.emulators}/halo/{screen}/{record}?agent={agent}&tab={tab}")
    return FramedPod(page, stage, "#frame iframe")


def notes(halo: Connected) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = halo.control(f"records/tickets/{TICKET}")["_actions"]
    return [row for row in actions if "Ref PV-" in row["note_html"]]


def test_the_tab_names_the_technician_who_signs_in_once_and_verifies_the_caller(
    stage: Stage, desk: Desk, halo: Connected, dana: Person
) -> None:
    pod = open_tab(stage, halo, desk)
    expect(pod.text("You are Sam Okafor in HaloPSA.")).to_be_visible()
    expect(pod.field("E-mail")).to_have_value("sam@northgate.example")
    expect(pod.row(dana)).to_have_count(0)
    assert "hmac" not in pod.frame.url and f"id={TICKET}" in pod.frame.url
    pod.field("Password").fill(SAM[1])
    pod.button("Sign in").click()
    expect(pod.row(dana)).to_contain_text("Unverified")
    assert halo.loaded_from() == stage.world.emulators
    pod.send(dana)
    pod.answer(stage.code(dana))
    expect(pod.row(dana)).to_contain_text("by Sam")
    (note,) = wait_for("the note", lambda: notes(halo))
    assert note["hiddenfromuser"] is True and "Dana Whitfield" in note["note_html"]
    with desk.context.expect_event("response", lambda answer: answer.url.endswith("/session")) as asked:
        pod.page.reload()
    assert asked.value.status == 200
    expect(pod.row(dana)).to_contain_text("by Sam")
    expect(pod.text("Signed in as Sam")).to_be_visible()
    # The same browser, where Priya is at work now: she is named, and Sam's sign-in is over.
    other = open_tab(stage, halo, desk, PRIYA_ID)
    expect(other.text("You are Priya Nair in HaloPSA.")).to_be_visible()
    expect(other.field("E-mail")).to_have_value(PRIYA[0])
    expect(other.row(dana)).to_have_count(0)
    again = open_tab(stage, halo, desk)
    expect(again.field("Password")).to_be_visible()
    expect(again.row(dana)).to_have_count(0)


def test_a_trusted_signature_is_enough_and_a_forged_one_or_that_of_another_gets_nobody_in(
    stage: Stage, new_desk: Callable[..., Desk], halo: Connected, dana: Person, foreign: ForeignSite
) -> None:
    halo.set(sign_in="trusted")
    desk = new_desk()
    desk.policy_tested = True
    halo.control("faults", {"sandbox": True})
    pod = open_tab(stage, halo, desk, PRIYA_ID)
    expect(pod.row(dana)).to_be_visible()
    expect(pod.root.locator("#me")).to_be_hidden()
    pod.page.reload()
    expect(pod.row(dana)).to_be_visible()
    ticket = halo.control("records/tabs")[0]
    door = ticket["url"].partition("?")[0]
    proof = quote(SIGNED[PRIYA_ID], safe="")
    for address, secure, said in (
        # HaloPSA signs with another secret than ours; somebody else's signature; no signature at all.
        (ticket["url"], "a-secret-of-a-stranger", "HaloPSA did not confirm who you are."),
        (f"{door}?id=$FAULTID&screen=ticket&agentId=42&hmac={proof}", "", "HaloPSA did not confirm who you are."),
        (ticket["url"], "", ""),
    ):
        changed = {"id": ticket["id"], "url": address, "send_secure_url_parameter": bool(secure)}
        halo.control("tabs", {**changed, **({"new_iframe_secret": secure} if secure else {})})
        forged = open_tab(stage, halo, desk)
        expect(forged.field("Password")).to_be_visible()
        if said:
            expect(forged.text(said)).to_be_visible()
        expect(forged.row(dana)).to_have_count(0)
        expect(forged.field("E-mail")).to_have_value("")
        forged.page.close()
    foreign.pages["/"] = f'<!doctype html><title>trap</title><iframe src="{door}?id={TICKET}&screen=ticket"></iframe>'
    trap = desk.context.new_page()
    trap.goto(foreign.url("/"))
    until(trap, "the refusal", lambda: [text for text in desk.policy_breaks() if "frame-ancestors" in text])
    until(trap, "the empty frame", lambda: [frame.url for frame in trap.frames[1:]] == [NO_PAGE])
    for signature in SIGNED.values():
        assert signature not in stage.world.logs() and signature[:20] not in stage.world.logs()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_users_tab_shows_the_user_and_one_that_names_nobody_lets_look_for_them(
    stage: Stage, new_desk: Callable[..., Desk], halo: Connected, dana: Person, scheme: str
) -> None:
    desk = new_desk(color_scheme=scheme, reduced_motion="reduce")
    pod = open_tab(stage, halo, desk, screen="user")
    expect(pod.field("E-mail")).to_have_value(SAM[0])
    pod.widen(300, 600)
    assert violations(pod.frame) == []
    pod.sign_in(*SAM)
    expect(pod.heading("Dana Whitfield")).to_be_visible()
    halo.control("faults", {"userid_token": False})
    lost = open_tab(stage, halo, desk, screen="user")
    expect(lost.heading("Who is calling?")).to_be_visible()
    lost.widen(300, 600)
    assert violations(lost.frame) == []
    lost.field("Ticket number, or name of the contact").fill("nobody at all")
    lost.button("Search").click()
    expect(lost.text("Nothing in HaloPSA matches “nobody at all”.")).to_be_visible()
    lost.field("Ticket number, or name of the contact").fill("whitf")
    lost.page.keyboard.press("Enter")
    found = lost.root.get_by_role("button", name="Dana Whitfield")
    expect(found).to_be_visible()
    assert violations(lost.frame) == []
    assert not lost.frame.evaluate("document.documentElement.scrollWidth > innerWidth")
    found.click()
    expect(lost.row(dana)).to_contain_text(re.compile("Unverified|by Sam"))
    expect(lost.heading("Dana Whitfield")).to_be_focused()
