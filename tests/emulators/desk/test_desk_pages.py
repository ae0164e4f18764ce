"""Desk and phone in Chromium: they work by keyboard, fit the window, and pass the accessibility check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Locator, Page, expect

from emulators.desk.switches import GROUPS, PSA_GROUPS
from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER

pytestmark = pytest.mark.browser
DANA, MARCUS, CARLA = "+12025550142", "+12025550118", "+12025550127"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


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
        expect(broken(page, "SMS")).to_have_value(value_of(page, "SMS", "STOP"))
    else:
        expect(page.get_by_text("Opted out")).to_be_visible()
    assert violations(page) == []


def broken(page: Page, group: str) -> Locator:
    """The choice of what is broken in a group."""
    return page.get_by_label(group, exact=True)


def value_of(page: Page, group: str, label: str) -> str:
    option = broken(page, group).locator("option", has_text=label)
    return str(option.get_attribute("value"))


def texts(page: Page) -> FrameLocator:
    """The texts on the phone beside the ticket."""
    return page.frame_locator("#phone").frame_locator("#messages-frame")


@pytest.mark.parametrize("size", [DESK, {"width": 1000, "height": 700}], ids=str)
def test_the_desk_fits_its_window_without_scrolling(desk: str, page: Page, size):
    page.set_viewport_size(size)
    page.goto(desk)
    expect(page.get_by_role("status")).to_contain_text("Everything works")
    wanted = [size["height"], size["width"]]
    assert page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]") == wanted
    # The PSA shows its pods beside the ticket only where it has this much room.
    assert page.frame_locator("#psa").locator("html").evaluate("each => each.clientWidth") > 720
    assert page.locator("#phone").bounding_box()["width"] == 324
    expect(page.frame_locator("#psa").get_by_label("Summary")).to_have_value("Cannot sign in to webmail")


def test_a_text_appears_on_the_phone_beside_the_ticket(desk: str, page: Page):
    page.goto(desk)
    expect(texts(page).get_by_text("No messages yet")).to_be_visible()
    assert text_to(desk) == 201
    expect(texts(page).locator(".code")).to_have_text("870412")
    expect(texts(page).get_by_role("listitem")).to_contain_text("Your code is 870412")


def test_the_desk_picks_up_the_phone_that_a_text_came_to(desk: str, page: Page):
    page.goto(desk)
    expect(texts(page).get_by_text("No messages yet")).to_be_visible()
    text_to(desk, MARCUS)
    expect(texts(page).get_by_text("Marcus Reyes")).to_be_visible()
    expect(texts(page).locator(".code")).to_have_text("870412")
    page.get_by_label("SMS", exact=True).select_option("STOP")
    expect(texts(page).get_by_text("Opted out")).to_be_visible()
    # It is Marcus who wants no more, not the one whose ticket is open.
    assert text_to(desk, MARCUS) == 400
    assert text_to(desk) == 201


def test_the_desk_picks_up_the_phone_that_rings(desk: str, page: Page):
    page.goto(desk)
    expect(texts(page).get_by_text("No messages yet")).to_be_visible()
    form = {"To": CARLA, "From": FROM_NUMBER, "Twiml": "<Response><Say>Hello.</Say></Response>"}
    url = f"{desk}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
    assert requests.post(url, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5).status_code == 201
    expect(texts(page).get_by_role("button", name="Answer")).to_be_visible()
    expect(texts(page).get_by_text("Carla Nunez")).to_be_attached()


def test_another_ticket_brings_its_caller_and_what_it_is_there_to_show(desk: str, page: Page):
    page.goto(desk)
    page.get_by_label("Ticket").select_option("Ferrer & Sons · Carla Nunez · #48219")
    expect(page.frame_locator("#psa").get_by_label("Summary")).to_have_value("Locked out after three attempts")
    expect(texts(page).get_by_text("Carla Nunez")).to_be_visible()
    expect(page.get_by_text("Duo has locked Carla out.")).to_be_visible()
    assert page.url.endswith("/?psa=connectwise&ticket=48219")


def test_leafing_through_the_psas_own_tickets_brings_their_callers(desk: str, page: Page):
    page.goto(f"{desk}/?ticket=48213")
    psa = page.frame_locator("#psa")
    expect(psa.get_by_label("Summary")).to_have_value("Cannot sign in to webmail")
    psa.get_by_role("button", name="Next ticket").click()
    expect(texts(page).get_by_text("Carla Nunez")).to_be_visible()
    expect(page.get_by_label("Ticket")).to_have_value("48219")
    psa.get_by_role("link", name="Carla Nunez").click()
    expect(psa.get_by_text("Others at the company")).to_be_visible()
    psa.get_by_role("link", name="Lucia Ferrer").click()
    expect(texts(page).get_by_text("Lucia Ferrer")).to_be_visible()


def test_any_other_ticket_of_the_psa_can_be_put_on_the_desk(desk: str, page: Page):
    items = [{"type": {"id": 4}, "value": "2025550162"}]
    person = {"firstName": "Ruth", "lastName": "Calder", "company": {"id": 253}, "communicationItems": items}
    contact = requests.post(f"{desk}/_emulator/connectwise/contacts", json=person, timeout=5).json()["id"]
    ticket = {"summary": "Cannot print", "company": {"id": 253}, "contact": {"id": contact}, "board": {"id": 1}}
    key = requests.post(f"{desk}/_emulator/connectwise/tickets", json=ticket, timeout=5).json()["id"]
    page.goto(f"{desk}/?ticket={key}")
    expect(page.frame_locator("#psa").get_by_label("Summary")).to_have_value("Cannot print")
    expect(page.get_by_label("Ticket").locator("option:checked")).to_have_text(f"Quayside Print · Ruth Calder · #{key}")
    expect(texts(page).get_by_text("+1 202 555 0162")).to_be_visible()
    page.goto(f"{desk}/?ticket=1")
    expect(page.frame_locator("#psa").get_by_label("Summary")).to_have_value("Cannot sign in to webmail")


@pytest.mark.parametrize(
    ("psa", "group"),
    [*(("connectwise", group) for group in ("ConnectWise", *GROUPS)), ("superops", "SuperOps")],
)
def test_each_trouble_is_chosen_alone_and_mended_by_keyboard(
    desk: str, page: Page, changed: Callable[[], list[str]], psa: str, group: str
):
    page.goto(f"{desk}/?psa={psa}")
    status, choice = page.get_by_role("status"), broken(page, group)
    expect(texts(page).get_by_text("No messages yet")).to_be_visible()
    choice.focus()
    for switch in GROUPS.get(group) or PSA_GROUPS[psa][1]:
        page.keyboard.press("ArrowDown")
        expect(choice.locator("option:checked")).to_have_text(switch.label)
        expect(status).to_have_text(switch.sentence)
        expect(page.locator("select.broken")).to_have_count(1)
        assert changed() == sorted(name for name in switch.on if name != "from")
    page.keyboard.press("Home")
    expect(status).to_contain_text("Everything works")
    expect(page.locator("select.broken")).to_have_count(0)
    assert changed() == []


def test_a_trouble_that_strikes_once_mends_itself(desk: str, page: Page):
    page.goto(desk)
    broken(page, "SMS").select_option("Answer lost")
    expect(page.get_by_role("status")).to_have_text("The next text is sent, but the answer is lost.")
    with pytest.raises(requests.ConnectionError):
        text_to(desk)
    expect(page.get_by_role("status")).to_contain_text("Everything works")
    expect(broken(page, "SMS").locator("option:checked")).to_have_text("Works")


def test_a_trouble_does_what_it_says(desk: str, page: Page):
    page.goto(desk)
    expect(texts(page).get_by_text("No messages yet")).to_be_visible()
    broken(page, "SMS").select_option("STOP")
    expect(page.get_by_role("status")).to_contain_text("has texted STOP")
    assert text_to(desk) == 400
    expect(texts(page).get_by_text("Opted out")).to_be_visible()
    broken(page, "SMS").select_option("Not a mobile")
    expect(page.get_by_role("status")).to_contain_text("no mobile number")
    assert text_to(desk, MARCUS) == 400
    assert requests.get(f"{desk}/phone/messages.json", timeout=5).json()["opted_out"] is False


def test_a_trouble_of_a_person_belongs_to_the_phone_on_the_desk(desk: str, page: Page):
    page.goto(f"{desk}/?ticket=48196")
    expect(texts(page).get_by_text("Theo Brandt")).to_be_visible()
    broken(page, "Microsoft").select_option("Default is SMS")
    expect(page.get_by_role("status")).to_contain_text("texted code")
    faults = requests.get(f"{desk}/_emulator/entra/faults", timeout=5).json()
    assert faults["preferred"]["value"] == {"t.brandt@larkfield.example": "sms"}
    page.frame_locator("#phone").get_by_role("tab", name="Authenticator").click()
    expect(page.frame_locator("#phone").get_by_text("not this app")).to_be_visible()
    page.get_by_label("Ticket").select_option("Ferrer & Sons · Lucia Ferrer · #48102")
    expect(page.get_by_role("status")).to_contain_text("Everything works")
    # She has no account there, so there is nothing to switch.
    expect(broken(page, "Microsoft").locator("option", has_text="Default is SMS")).to_be_disabled()


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
