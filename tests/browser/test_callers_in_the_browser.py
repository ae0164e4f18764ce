"""From a search in the portal to a verified caller, in Chromium: by keyboard, without a script, on a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pod_rig import Case, Desk, Pod, Stage
from world import SAM

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Where pictures go, for whoever wants to look at them.
PICTURES = os.environ.get("PODSERVER_PICTURES", "")


def signed_in(desk: Desk, path: str, *, script: bool = True) -> Page:
    """The portal's page at ``path``, after Sam's sign-in on the way to it."""
    page = desk.context.new_page()
    page.goto(f"{desk.stage.world.web}{path}")
    page.get_by_label("E-mail").fill(SAM[0])
    page.get_by_label("Password").fill(SAM[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text({"/tickets": "Tickets", "/contacts": "Contacts"}[path])
    # With its scripts, without which an Enter is the browser's own.
    page.wait_for_load_state()
    return page


def judge(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, (where, [(each["id"], each["nodes"][0]["html"]) for each in found])
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
        f"{where} is wider than the window"
    )


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"callers-{name}.png", full_page=True)


def widgets(page: Page, stage: Stage) -> Pod:
    """The pod on a page of its own."""
    return Pod(page, stage, framed=False)


def test_from_a_search_to_a_verified_caller_by_keyboard_alone(stage: Stage, desk: Desk, case: Case) -> None:
    page = signed_in(desk, "/tickets")
    page.get_by_label("Company").focus()
    page.keyboard.type(case.company_name)
    page.keyboard.press("Enter")
    lock = page.get_by_role("link", name=f"Verify the caller of {case.ticket}")
    expect(lock).to_be_visible()
    expect(page.locator("#announce")).to_have_text("1 ticket found.")
    assert page.url.endswith(f"/tickets?company={case.company_name.replace(' ', '+')}")
    # Past the button, the table, which can be scrolled, and the ticket's number.
    page.get_by_role("button", name="Search").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(lock).to_be_focused()
    page.keyboard.press("Enter")
    pod = widgets(page, stage)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(page).to_have_url(re.compile(rf"/callers/\d+/ticket/{case.ticket}$"))
    pod.row(case.caller).get_by_role("button", name="Send Code").press("Enter")
    expect(pod.field()).to_be_focused()
    page.keyboard.type(stage.code(case.caller))
    page.keyboard.press("Enter")
    expect(pod.row(case.caller)).to_contain_text(re.compile(r"Verified \d\d min"))
    assert "Caller verified" in stage.notes(case)[0]
    page.go_back()
    expect(page.get_by_role("link", name=f"Verify the caller of {case.ticket}")).to_be_visible()
    assert desk.complaints() == []


def test_a_contact_is_found_by_number_which_stands_in_no_address(stage: Stage, desk: Desk, case: Case) -> None:
    page = signed_in(desk, "/contacts")
    person = case.caller
    page.get_by_label("Phone number").fill(f"({person.mobile[2:5]}) {person.mobile[5:8]}-{person.mobile[8:]}")
    page.get_by_role("button", name="Search").click()
    row = page.get_by_role("row").filter(has_text=person.name).filter(has_text=case.company_name)
    expect(row).to_be_visible()
    assert page.url.endswith("/contacts")
    row.get_by_role("link", name=f"Verify {person.name}").click()
    expect(widgets(page, stage).row(person)).to_contain_text("Unverified")
    assert desk.complaints() == []


def test_a_psa_that_is_down_loses_nothing_and_is_asked_again(stage: Stage, desk: Desk, case: Case) -> None:
    page = signed_in(desk, "/tickets")
    stage.world.faults("connectwise", down="503")
    page.get_by_label("Number").fill(str(case.ticket))
    page.get_by_role("button", name="Search").click()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    judge(page, "a PSA that is down")
    stage.world.mend("connectwise")
    again.click()
    expect(page.get_by_role("link", name=f"Verify the caller of {case.ticket}")).to_be_visible()
    expect(page.get_by_label("Number")).to_have_value(str(case.ticket))


def test_podserver_that_does_not_answer_says_so_and_keeps_what_was_typed(desk: Desk) -> None:
    page = signed_in(desk, "/tickets")
    page.route("**/tickets?*", lambda route: route.abort())
    page.get_by_label("Contact").fill("Ruth")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("podserver did not answer.")
    page.unroute("**/tickets?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("table")).to_be_visible()


def test_a_ticket_without_contact_is_given_one(stage: Stage, desk: Desk) -> None:
    case = stage.case("Ruth Calder", "Milo Hart")
    ticket = stage.ticket(case.company, None)
    page = signed_in(desk, "/tickets")
    page.get_by_label("Number").fill(str(ticket))
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=f"Choose a contact for {ticket}").click()
    page.get_by_role("button", name="Choose a contact").click()
    page.get_by_label("Contact", exact=True).select_option("Milo Hart")
    page.get_by_label("Note").fill("called from the front desk")
    page.get_by_role("button", name="Use this contact").click()
    expect(widgets(page, stage).row(case.people[1])).to_contain_text("Unverified")


def test_a_portal_that_was_left_says_so_and_leads_back(stage: Stage, desk: Desk, case: Case) -> None:
    page = signed_in(desk, "/tickets")
    page.goto(f"{stage.world.web}/callers/1/ticket/{case.ticket}")
    expect(widgets(page, stage).row(case.caller)).to_be_visible()
    stage.sql("UPDATE sign_ins SET ended_at=created_at")
    widgets(page, stage).row(case.caller).get_by_role("button", name="Send Code").click()
    expect(page.get_by_role("alert").first).to_contain_text("Your sign-in has ended.")
    expect(widgets(page, stage).row(case.caller)).to_have_count(0)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(SAM[0])
    page.get_by_label("Password").fill(SAM[1])
    page.get_by_role("button", name="Sign in").click()
    expect(widgets(page, stage).row(case.caller)).to_be_visible()
    assert not stage.world.messages(case.caller.mobile)


def test_without_a_script_the_searches_work_all_the_same(
    stage: Stage, new_desk: Callable[..., Desk], case: Case
) -> None:
    desk = new_desk(java_script_enabled=False)
    page = signed_in(desk, "/tickets")
    page.get_by_label("Number").fill(str(case.ticket))
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=f"Open {case.ticket}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{case.ticket} Cannot sign in")
    expect(page.get_by_role("definition").nth(1)).to_contain_text(case.caller.mobile[-4:])
    page.get_by_role("link", name="Contacts").click()
    page.get_by_label("Phone number").fill(case.caller.mobile)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("row").filter(has_text=case.company_name)).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (600, "dark"), (390, "light")])
def test_every_page_keeps_the_rules_and_the_width(
    stage: Stage, new_desk: Callable[..., Desk], width: int, scheme: str
) -> None:
    case = stage.case("Ruth Calder", direct=True, email=True)
    bare = stage.ticket(case.company, None, "Badge printer asks for a code that nobody knows")
    # A row that is still fading in has no contrast to judge.
    desk = new_desk(color_scheme=scheme, reduced_motion="reduce")
    # The style that hides the caret in a picture is not ours.
    desk.policy_tested = bool(PICTURES)
    page = signed_in(desk, "/tickets")
    page.set_viewport_size({"width": width, "height": 800})
    pages: dict[str, Any] = {
        "tickets": f"/tickets?company={case.company_name}",
        "nothing": "/tickets?summary=no+such+words",
        "ticket": f"/tickets/1/{case.ticket}",
        "contacts": f"/contacts?company={case.company_name}",
        "no-contact": f"/callers/1/ticket/{bare}",
        "verify": f"/callers/1/ticket/{case.ticket}",
    }
    for name, path in pages.items():
        page.goto(f"{stage.world.web}{path}")
        if name in ("verify", "no-contact"):
            expect(page.locator("#caller h2")).to_be_visible()
        judge(page, name)
        picture(page, f"{name}-{width}-{scheme}")
    pod = widgets(page, stage)
    pod.send(case.caller)
    judge(page, "a code")
    picture(page, f"code-{width}-{scheme}")
    pod.menu(case.caller.direct)
    judge(page, "a menu")
    picture(page, f"menu-{width}-{scheme}")
