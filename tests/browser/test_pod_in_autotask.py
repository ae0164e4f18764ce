"""The pod as an insight in Autotask's own ticket page: two frames deep, sandboxed, cross-site; and the LiveLink.

Third-party cookies are blocked, storage is partitioned and the pop-up blocker is on, as in every test of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from pod_rig import Desk, Person, Pod, Stage
from psa_frames import Connected, FramedPod, connected
from small_servers import ForeignSite
from test_pod_doors import NO_PAGE, until
from test_pod_sign_in_window import number_in, sign_in_to_portal, type_number, violations, window_of
from world import SAM, wait_for

from podserver.integrations.models import Psa

pytestmark = pytest.mark.whole_browser

TICKET, CONTACT = 148213, 30683077
SECRET = "an insight secret of tests"


@pytest.fixture(scope="module")
def autotask(stage: Stage) -> Iterator[Connected]:
    """Autotask, whose ticket page has the pod as an insight that it signs over the whole address."""
    values = {
        "user": "podapi@northgate.example",
        "api_secret": "demo#Secret$1~*",
        "tracking_identifier": "DEMOCUSTOMTRACKING000000001",
        "zone": stage.world.emulators,
        "insight_secret": SECRET,
        "insight_signature": "url",
    }
    with connected(stage, Psa.AUTOTASK, values) as made:
        row = {
            "title": "Caller verification", "referenceUrl": made.pod_url, "secret": SECRET, "insightKey": "K" * 26,
            "vendorSuppliedID": "v" * 32, "insightCategory": 1, "isActive": True, "height": 600,
        }  # fmt: skip
        made.control("records/IntegrationVendorInsights", row)
        yield made


@pytest.fixture(scope="module")
def dana(stage: Stage, autotask: Connected) -> Person:
    """The ticket's contact, with a number that nobody else has."""
    number = stage.number()
    autotask.control("records/Contacts", {"id": CONTACT, "mobilePhone": number, "phone": ""})
    return Person(CONTACT, "Dana Whitfield", number)


def open_insight(stage: Stage, desk: Desk, agent: str = "sam", **settings: str) -> FramedPod:
    """Autotask's ticket with both of its frames around the pod."""
    page = desk.context.new_page()
    tail = "".join(f"&{name}={value}" for name, value in settings.items())
    page.goto(f"{stage.world.emulators}/autotask/ticket/{TICKET}?agent={agent}{tail}")
    return FramedPod(page, stage, "iframe.classic", ".InsightShell iframe")


def notes(autotask: Connected) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = autotask.control("records/TicketNotes")
    return [row for row in rows if row["ticketID"] == TICKET and "Ref PV-" in row["description"]]


def test_the_window_signs_a_technician_in_and_the_caller_is_verified_in_the_sandboxed_insight(
    stage: Stage, desk: Desk, autotask: Connected, dana: Person
) -> None:
    pod = open_insight(stage, desk)
    sandbox = pod.frame.frame_element().get_attribute("sandbox") or ""
    assert "allow-popups" in sandbox and "top-navigation" not in sandbox and "to-escape" not in sandbox
    window = window_of(pod)
    number = number_in(pod)
    sign_in_to_portal(window, *SAM)
    expect(window.get_by_text("The pod in Autotask at Northgate IT")).to_be_visible()
    type_number(window, number)
    expect(window.get_by_role("heading", name="You can close this window.")).to_be_visible()
    expect(pod.row(dana)).to_contain_text("Unverified")
    assert autotask.loaded_from() == stage.world.emulators
    pod.send(dana)
    pod.answer(stage.code(dana))
    expect(pod.row(dana)).to_contain_text("by Sam")
    (note,) = wait_for("the note", lambda: notes(autotask))
    assert note["publish"] == 2 and "Dana Whitfield" in note["description"]
    pod.page.reload()
    expect(pod.row(dana)).to_contain_text("by Sam")
    expect(pod.text("Signed in as Sam")).to_be_visible()


def test_a_frame_without_the_right_signature_and_another_persons_frame_sign_nobody_in(
    stage: Stage, new_desk: Callable[..., Desk], autotask: Connected, dana: Person, foreign: ForeignSite
) -> None:
    desk = new_desk()
    desk.policy_tested = True
    pod = open_insight(stage, desk)
    pod.sign_in(*SAM)
    expect(pod.row(dana)).to_be_visible()
    address = pod.frame.url
    for mode in ("wrong", "missing"):
        autotask.control("faults", {"insight_signature": mode})
        pod.page.reload()
        expect(pod.heading("Not opened")).to_be_visible()
        expect(pod.text("This address does not have Autotask's signature.")).to_be_visible()
        expect(pod.field("E-mail")).to_have_count(0)
    autotask.control("faults", {"reset": True})
    # Whoever copied an address may frame it nowhere else.
    foreign.pages["/"] = f'<!doctype html><title>trap</title><iframe src="{address}"></iframe>'
    trap = desk.context.new_page()
    trap.goto(foreign.url("/"))
    until(trap, "the refusal", lambda: [text for text in desk.policy_breaks() if "frame-ancestors" in text])
    until(trap, "the empty frame", lambda: [frame.url for frame in trap.frames[1:]] == [NO_PAGE])
    # In the same browser Priya opens the ticket: Sam's sign-in is over, for him as well.
    other = open_insight(stage, desk, "priya")
    expect(other.field("Password")).to_be_visible()
    expect(other.row(dana)).to_have_count(0)
    again = open_insight(stage, desk)
    expect(again.field("Password")).to_be_visible()


def test_a_livelink_opens_the_ticket_in_the_portal_which_asks_who_it_is(
    stage: Stage, desk: Desk, autotask: Connected, dana: Person
) -> None:
    target = f"{autotask.pod_url}/livelink"
    autotask.control("livelinks", {"name": "Verify caller", "url": target, "fields": {"ticketId": "ticket.id"}})
    ticket = open_insight(stage, desk)
    page = ticket.page.frame_locator("iframe.classic")
    page.get_by_text("LiveLinks").click()
    with desk.context.expect_page() as opened:
        page.get_by_role("link", name="Verify caller").click()
    tab = opened.value
    sign_in_to_portal(tab, *SAM)
    expect(tab).to_have_url(f"{stage.world.web}/callers/{autotask.id}/ticket/{TICKET}")
    pod = Pod(tab, stage, framed=False)
    pod.send(dana)
    pod.answer(stage.code(dana))
    expect(pod.row(dana)).to_contain_text("by Sam")
    tab.close()
    with desk.context.expect_page() as opened:
        page.get_by_role("link", name="Verify caller").click()
    expect(Pod(opened.value, stage, framed=False).row(dana)).to_contain_text("by Sam")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_insight_has_the_looks_of_autotask_and_fits_300_px(
    stage: Stage, new_desk: Callable[..., Desk], autotask: Connected, dana: Person, scheme: str
) -> None:
    # The browser's own choice is the other one.
    desk = new_desk(color_scheme={"light": "dark", "dark": "light"}[scheme], reduced_motion="reduce")
    pod = open_insight(stage, desk, dark=str(int(scheme == "dark")))
    expect(pod.root.get_by_role("link", name="Sign in in a new window")).to_be_visible()
    pod.widen(300, 400)
    ground = pod.frame.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 24, 28)"}[scheme]
    assert violations(pod.frame) == []
    pod.sign_in(*SAM)
    expect(pod.row(dana)).to_contain_text(re.compile("Unverified|by Sam"))
    assert violations(pod.frame) == []
    assert not pod.frame.evaluate("document.documentElement.scrollWidth > innerWidth")
