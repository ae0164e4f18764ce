"""A link's page and the pod that asked, side by side: whatever happens on one is soon to be read on the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from parts import AS_A_PERSON
from playwright.sync_api import Browser, Page, expect
from pod_rig import Case, Desk, Pod, Stage
from world import wait_for

READING_MS = 2_150
QUESTION = "Are you on the phone with us right now?"


@pytest.fixture
def telephone(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens links on a small telephone at night, without scripts."""
    context = browser.new_context(
        viewport={"width": 360, "height": 720}, color_scheme="dark", java_script_enabled=False, **AS_A_PERSON
    )
    context.set_default_timeout(10_000)

    def opened(link: str) -> Page:
        page = context.new_page()
        page.goto(link)
        return page

    yield opened
    context.close()


def text_link(pod: Pod, case: Case, count: int = 1) -> str:
    """Send a link by SMS, the first time, and read it from the telephone."""
    if count == 1:
        pod.choose(case.caller, "Send Link")
    texts = wait_for("the SMS", lambda: len(found := pod.stage.texts(case.caller.mobile)) >= count and found)
    link = re.search(r"http\S+/v/[\w-]+", texts[count - 1])
    assert link is not None
    return link[0]


def press(page: Page, button: str, number: str = "") -> None:
    """Read the page, type, and press."""
    page.wait_for_timeout(READING_MS)
    if number:
        page.get_by_label("Type the two digits that Sam tells you").fill(number)
    page.get_by_role("button", name=button).click()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", name=words)).to_be_visible()


def test_the_number_goes_from_the_pod_to_the_page_and_green_comes_back(
    stage: Stage, desk: Desk, telephone: Callable[[str], Page]
) -> None:
    case = stage.case(typed_number="always")
    pod = desk.open(case.ticket)
    page = telephone(text_link(pod, case))
    number = pod.row(case.caller).locator(".digits").inner_text()
    assert re.fullmatch("[1-9][0-9]", number)
    assert number not in page.locator("main").inner_text().replace(str(case.ticket), "")
    press(page, "Validate", "10" if number != "10" else "11")
    expect(page.get_by_role("alert")).to_have_text("That is not the number. You have one try left.")
    expect(pod.row(case.caller)).to_contain_text("Pending")
    press(page, "Validate", number)
    heading(page, "Validated. You can close this page.")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    expect(pod.row(case.caller).locator(".digits")).to_have_count(0)
    assert stage.notes(case)[0].startswith("Caller verified.")


def test_programs_that_open_the_link_first_leave_it_to_the_person(
    stage: Stage, desk: Desk, case: Case, telephone: Callable[[str], Page]
) -> None:
    pod = desk.open(case.ticket)
    link = text_link(pod, case)
    for agent in ("Slackbot-LinkExpanding 1.0", "Mozilla/5.0 (Windows NT 10.0) Chrome/42.0.2311.135 Edge/12.246", ""):
        for method in ("HEAD", "GET", "GET"):
            assert requests.request(method, link, headers={"User-Agent": agent}, timeout=5).status_code == 200
    expect(pod.row(case.caller)).to_contain_text("Pending")
    page = telephone(link)
    press(page, "Validate")
    heading(page, "Validated. You can close this page.")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    heading(telephone(link), "Validated. You can close this page.")
    token = link.rpartition("/")[2]
    assert token not in stage.world.logs()
    assert not [note for note in stage.notes(case) if token in note]


def test_a_newer_link_takes_the_place_of_the_older_one(
    stage: Stage, desk: Desk, case: Case, telephone: Callable[[str], Page]
) -> None:
    pod = desk.open(case.ticket)
    first = telephone(text_link(pod, case))
    heading(first, QUESTION)
    stage.earlier(case.caller, created_at=31)
    pod.page.reload()
    pod.row(case.caller).get_by_text("Resend").click()
    second = telephone(text_link(pod, case, count=2))
    press(first, "Validate")
    heading(first, "A newer message was sent.")
    expect(pod.row(case.caller)).to_contain_text("Pending")
    press(second, "Validate")
    heading(second, "Validated. You can close this page.")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_a_request_that_was_cancelled_cannot_be_answered(
    stage: Stage, desk: Desk, case: Case, telephone: Callable[[str], Page]
) -> None:
    pod = desk.open(case.ticket)
    page = telephone(text_link(pod, case))
    pod.row(case.caller).get_by_role("button", name="Cancel").click()
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    press(page, "Validate")
    heading(page, "This request has ended.")
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    assert stage.state(case.caller) == "cancelled"


def test_the_one_who_did_not_ask_is_heard_at_once_and_left_in_peace(
    stage: Stage, desk: Desk, case: Case, telephone: Callable[[str], Page]
) -> None:
    pod = desk.open(case.ticket)
    link = text_link(pod, case)
    page = telephone(link)
    press(page, "I did not ask for this")
    heading(page, "Thank you. Northgate IT has been told.")
    expect(page.get_by_text("hang up")).to_be_visible()
    expect(pod.text("Ruth did not ask for this.")).to_be_visible()
    assert "did not ask for this. Stop" in stage.notes(case)[0]
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.row(case.caller)).to_contain_text("The contact did not ask for this")
    assert len(stage.texts(case.caller.mobile)) == 1, "nothing further is sent"
