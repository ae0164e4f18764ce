"""Desk and phone in Chromium: they work by keyboard, fit the window, and pass the accessibility check."""

from __future__ import annotations

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER

pytestmark = pytest.mark.browser
DANA = "+12025550142"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def page(chromium: Browser):
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    page = context.new_page()
    problems: list[str] = []
    # The pod's own server does not run here; everything else must be silent.
    page.on("console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def text_to(desk: str, number: str = DANA, body: str = "Your code is 870412") -> int:
    form = {"To": number, "From": FROM_NUMBER, "Body": body}
    url = f"{desk}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    return requests.post(url, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5).status_code


def violations(page: Page) -> list[str]:
    page.wait_for_timeout(400)
    # The pod comes from another site and is checked with the product.
    found = Axe().run(page, options={"iframes": False}).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "size"), [("/", DESK), ("/phone", PHONE), (f"/phone/{DANA}?embed=1", PHONE)])
def test_a_page_has_no_accessibility_violation(desk: str, page: Page, path, size, scheme):
    text_to(desk)
    requests.post(f"{desk}/_emulator/twilio/inbound", json={"from": DANA, "body": "STOP"}, timeout=5)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(desk + path)
    if path == "/":
        expect(page.get_by_role("button", name="STOP")).to_have_attribute("aria-pressed", "true")
    else:
        expect(page.get_by_text("Opted out")).to_be_visible()
    assert violations(page) == []


def test_the_desk_fits_1280_by_800_without_scrolling(desk: str, page: Page):
    page.goto(desk)
    assert page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]") == [800, 1280]
    assert page.locator("#psa").bounding_box()["width"] >= 860
    expect(page.frame_locator("#psa").get_by_label("Summary")).to_have_value("Cannot sign in to webmail")


def test_a_text_appears_on_the_phone_beside_the_ticket(desk: str, page: Page):
    page.goto(desk)
    phone = page.frame_locator("#phone")
    expect(phone.get_by_text("No messages yet")).to_be_visible()
    assert text_to(desk) == 201
    expect(phone.locator(".code")).to_have_text("870412")
    expect(phone.get_by_role("listitem")).to_contain_text("Your code is 870412")


def test_the_desk_picks_up_the_phone_that_rings(desk: str, page: Page):
    page.goto(desk)
    expect(page.get_by_role("status")).to_contain_text("Everything works")
    page.wait_for_timeout(1800)
    text_to(desk, "+12025550118")
    phone = page.frame_locator("#phone")
    expect(phone.get_by_text("Marcus Reyes")).to_be_visible()
    expect(phone.locator(".code")).to_have_text("870412")


def test_another_ticket_brings_its_callers_phone(desk: str, page: Page):
    page.goto(desk)
    page.get_by_label("Ticket").select_option("48219")
    expect(page.frame_locator("#psa").get_by_label("Summary")).to_have_value("Locked out after three attempts")
    expect(page.frame_locator("#phone").get_by_text("Carla Nunez")).to_be_visible()
    assert page.url.endswith("/?ticket=48219")


@pytest.mark.parametrize("group", ["ConnectWise", "SMS"])
def test_each_switch_turns_on_alone_and_off_again_by_keyboard(desk: str, page: Page, group: str):
    page.goto(desk)
    buttons = page.get_by_role("group", name=group).get_by_role("button")
    status = page.get_by_role("status")
    assert buttons.count() >= 4
    for button in buttons.all():
        button.focus()
        page.keyboard.press("Space")
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(page.locator("[aria-pressed=true]")).to_have_count(1)
        expect(status).to_have_text(button.get_attribute("title"))
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[aria-pressed=true]")).to_have_count(0)
    expect(status).to_contain_text("Everything works")


def test_a_switch_does_what_it_says(desk: str, page: Page):
    page.goto(desk)
    page.get_by_role("button", name="STOP").click()
    expect(page.get_by_role("button", name="STOP")).to_have_attribute("aria-pressed", "true")
    assert text_to(desk) == 400
    expect(page.frame_locator("#phone").get_by_text("Opted out")).to_be_visible()
    page.get_by_role("button", name="Not a mobile").click()
    expect(page.get_by_role("button", name="STOP")).to_have_attribute("aria-pressed", "false")
    assert text_to(desk, "+12025550118") == 400


def test_the_phone_can_reply(desk: str, page: Page):
    text_to(desk)
    page.set_viewport_size(PHONE)
    page.goto(f"{desk}/phone/{DANA}")
    expect(page.get_by_role("listitem")).to_have_count(1)
    page.get_by_label("Reply", exact=True).fill("HELP")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollHeight") == PHONE["height"]


def test_every_target_on_the_phone_is_44_pixels_or_more(desk: str, page: Page):
    text_to(desk, "+12025550118")
    page.set_viewport_size(PHONE)
    page.goto(f"{desk}/phone")
    for target in page.locator("button:visible, select:visible, input:visible").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44
