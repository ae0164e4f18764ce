"""The phone in Chromium: its apps, what brings them to the front, and how requests are answered."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from handset_rig import DANA_DESK, DANA_MAIL, MARCUS, MARCUS_MOBILE, WEI, StandIns, wait_for
from playwright.sync_api import FrameLocator, Locator, Page, expect

pytestmark = pytest.mark.browser


def tab(page: Page | FrameLocator, name: str) -> Locator:
    return page.get_by_role("tab", name=name)


def in_front(page: Page | FrameLocator, name: str) -> None:
    expect(tab(page, name)).to_have_attribute("aria-selected", "true")


def texts(page: Page | FrameLocator) -> FrameLocator:
    return page.frame_locator("#messages-frame")


def mailbox(page: Page | FrameLocator) -> FrameLocator:
    return page.frame_locator("#mail-frame")


def violations(page: Page) -> list[str]:
    page.wait_for_timeout(200)
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_app_has_an_accessibility_violation(world: StandIns, page: Page, pick_up, scheme):
    page.emulate_media(color_scheme=scheme)
    pick_up(WEI)
    for name in ("Messages", "Mail", "Duo", "Authenticator"):
        tab(page, name).click()
        assert violations(page) == []
    world.duo_push("wei.l")
    expect(page.get_by_label("Code from the help desk")).to_be_visible()
    page.get_by_role("button", name="Deny").click()
    world.text("+12025550124")
    in_front(page, "Messages")
    world.duo_push("wei.l")
    in_front(page, "Duo")
    expect(page.get_by_label("Code from the help desk")).to_be_visible()
    tab(page, "Mail").click()
    expect(tab(page, "Duo, 1 new")).to_be_visible()
    assert violations(page) == []
    tab(page, "Duo").click()
    assert violations(page) == []


@pytest.mark.parametrize("size", [(300, 640), (324, 672), (390, 844)], ids=str)
def test_it_fits_and_every_target_is_44_pixels_or_more(world: StandIns, page: Page, pick_up, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    world.duo_push("wei.l")
    pick_up(WEI)
    expect(page.get_by_role("button", name="Verify")).to_be_visible()
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == list(size)
    screen = page.locator(".screen").bounding_box()
    for target in page.locator("button:visible, input:visible").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44
        assert box["x"] >= screen["x"]
        assert box["x"] + box["width"] <= screen["x"] + screen["width"]
    for name in page.locator(".bar .name").all():
        assert name.evaluate("each => each.scrollWidth <= each.parentElement.clientWidth")


def test_the_texts_have_no_case_of_their_own_and_their_links_open_a_tab(world: StandIns, page: Page, pick_up):
    pick_up()
    world.text(body=f"Open this only on the phone with us: {world.origin}/phone?number=1234-ab.")
    link = texts(page).get_by_role("link")
    expect(link).to_have_attribute("href", f"{world.origin}/phone?number=1234-ab")
    expect(texts(page).locator(".forehead")).to_be_hidden()
    expect(texts(page).locator(".status-bar")).to_be_hidden()
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_role("region", name="Messages on this phone")).to_be_visible()
    assert opened.value.evaluate("window.opener") is None
    world.text()
    expect(texts(page).locator(".code")).to_have_text("870412")


def test_whatever_comes_brings_its_app_to_the_front(world: StandIns, page: Page, pick_up):
    pick_up()
    in_front(page, "Messages")
    world.mail()
    in_front(page, "Mail")
    expect(mailbox(page).get_by_role("heading", name="Are you on the phone with us?")).to_be_visible()
    world.duo_push()
    in_front(page, "Duo")
    world.authenticator_push()
    in_front(page, "Authenticator")
    world.text()
    in_front(page, "Messages")
    expect(tab(page, "Duo, 1 new")).to_be_visible()
    expect(tab(page, "Authenticator, 1 new")).to_be_visible()


def test_who_is_typing_is_left_alone_and_a_badge_counts(world: StandIns, page: Page, pick_up):
    pick_up()
    reply = texts(page).get_by_label("Reply", exact=True)
    reply.click()
    page.keyboard.type("Who is")
    world.mail()
    world.mail(subject="And another")
    expect(tab(page, "Mail, 2 new")).to_be_visible()
    in_front(page, "Messages")
    page.keyboard.type(" this")
    expect(reply).to_have_value("Who is this")
    tab(page, "Mail").click()
    expect(mailbox(page).get_by_role("listitem")).to_have_count(2)
    expect(tab(page, "Mail")).to_have_accessible_name("Mail")


def test_typing_in_the_ticket_beside_it_loses_nothing(world: StandIns, page: Page):
    page.goto(f"{world.origin}/beside")
    phone = page.frame_locator("#phone")
    expect(phone.locator("#clock")).not_to_be_empty()
    page.locator("#code").click()
    page.keyboard.type("87")
    world.duo_push()
    in_front(phone, "Duo")
    page.keyboard.type("0412")
    expect(page.locator("#code")).to_have_value("870412")


def test_a_call_to_the_landline_rings_here_and_keeps_its_place(world: StandIns, page: Page, pick_up):
    pick_up()
    tab(page, "Mail").click()
    world.call(DANA_DESK)
    in_front(page, "Messages")
    texts(page).get_by_role("button", name="Answer").click()
    expect(texts(page).get_by_role("log")).to_contain_text("Hello.")
    expect(texts(page).locator("#call")).to_have_css("top", "0px")
    world.text()
    page.wait_for_timeout(1500)
    expect(texts(page).get_by_role("button", name="Hang up")).to_be_visible()


def test_a_letter_that_is_read_stays_open_when_another_comes(world: StandIns, page: Page, pick_up):
    pick_up()
    world.mail()
    expect(mailbox(page).get_by_role("heading", name="Are you on the phone with us?")).to_be_visible()
    world.mail(subject="And another")
    wait_for(lambda: len(world.news()["apps"]["mail"]["items"]) == 2)
    page.wait_for_timeout(1500)
    expect(mailbox(page).get_by_role("heading", name="Are you on the phone with us?")).to_be_visible()
    with page.context.expect_page() as opened:
        mailbox(page).frame_locator("iframe").get_by_role("link", name="the page").click()
    expect(opened.value).to_have_url(f"{world.origin}/phone")


def test_a_push_shows_what_it_is_about_and_is_approved_by_keyboard(world: StandIns, page: Page, pick_up):
    pick_up()
    world.duo_push(shown="Help+desk=Northgate+IT&Ticket=%2348213+Webmail&Technician=Sam+Okafor")
    card = page.get_by_role("form", name="Help desk request")
    for words in ("Northgate IT help desk", "Ticket", "#48213 Webmail", "Sam Okafor"):
        expect(card).to_contain_text(words)
    card.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    expect(card).to_be_hidden()
    expect(page.locator("#duo").get_by_role("listitem")).to_contain_text("Approved")
    assert world.news()["apps"]["duo"]["pushes"][0]["state"] == "approve"
    expect(page.get_by_role("region", name="Requests in Duo Mobile")).to_be_focused()


@pytest.mark.parametrize(
    ("press", "word", "state"), [("Deny", "Denied", "deny"), ("Report fraud", "Reported", "fraud")]
)
def test_a_push_is_refused(world: StandIns, page: Page, pick_up, press, word, state):
    pick_up()
    world.duo_push()
    page.get_by_role("button", name=press).click()
    expect(page.locator("#duo").get_by_role("listitem")).to_contain_text(word)
    assert world.news()["apps"]["duo"]["pushes"][0]["state"] == state


def test_a_verified_push_takes_the_right_code_only_and_a_refusal_needs_none(world: StandIns, page: Page, pick_up):
    pick_up(WEI)
    code = world.duo_push("wei.l")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_label("Code from the help desk")).to_be_focused()
    page.get_by_label("Code from the help desk").fill("000" if code != "000" else "111")
    page.keyboard.press("Enter")
    expect(page.locator("#duo").get_by_role("status")).to_have_text("This is not the code; ask the help desk for it.")
    page.get_by_label("Code from the help desk").fill(code)
    page.keyboard.press("Enter")
    expect(page.locator("#duo").get_by_role("listitem")).to_contain_text("Approved")
    world.duo_push("wei.l")
    page.get_by_role("button", name="Deny").click()
    expect(page.locator("#duo").get_by_role("listitem").first).to_contain_text("Denied")


def test_a_code_that_is_being_typed_outlives_the_polls(world: StandIns, page: Page, pick_up):
    pick_up(WEI)
    world.duo_push("wei.l")
    field = page.get_by_label("Code from the help desk")
    field.click()
    page.keyboard.type("4")
    world.text("+12025550124")
    page.wait_for_timeout(1500)
    page.keyboard.type("65")
    expect(field).to_have_value("465")
    in_front(page, "Duo")


@pytest.mark.parametrize(
    ("press", "word", "state"),
    [("Approve", "Approved", "approved"), ("Deny", "Denied", "denied"), ("Report fraud", "Reported", "fraud")],
)
def test_the_authenticator_asks_too(world: StandIns, page: Page, pick_up, press, word, state):
    pick_up()
    world.authenticator_push()
    card = page.get_by_role("form", name="Approve sign-in?")
    expect(card).to_contain_text("Larkfield Dental")
    expect(card).to_contain_text(DANA_MAIL)
    card.get_by_role("button", name=press).click()
    expect(page.locator("#authenticator").get_by_role("listitem")).to_contain_text(word)
    assert world.news()["apps"]["authenticator"]["pushes"][0]["state"] == state


def test_a_request_without_an_answer_ends_by_itself(world: StandIns, page: Page, pick_up):
    world.control("duo/faults", push_life_seconds=1.5)
    pick_up()
    world.duo_push()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    expect(page.locator("#duo").get_by_role("listitem")).to_contain_text("No answer")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_buttons_that_do_nothing_say_so(world: StandIns, page: Page, pick_up):
    world.control("duo/faults", never_answers=True)
    pick_up()
    world.duo_push()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#duo").get_by_role("status")).to_contain_text("presses do nothing")
    expect(page.get_by_role("button", name="Approve")).to_be_enabled()


def test_the_bar_is_walked_by_arrow_keys(world: StandIns, page: Page, pick_up):
    pick_up()
    tab(page, "Messages").focus()
    for key, name in (("ArrowRight", "Mail"), ("End", "Authenticator"), ("ArrowRight", "Messages"), ("ArrowLeft", "Authenticator"), ("Home", "Messages")):  # fmt: skip # noqa: E501
        page.keyboard.press(key)
        expect(tab(page, name)).to_be_focused()
        in_front(page, name)
    assert page.locator("[role=tab][tabindex='-1']").count() == 3


def test_it_turns_to_the_person_whom_the_newest_came_to(world: StandIns, page: Page, pick_up):
    pick_up(follow="1")
    world.mail("marcus@larkfield.example")
    expect(page).to_have_title("Phone of Marcus Reyes")
    in_front(page, "Mail")
    expect(mailbox(page).get_by_role("heading", name="Are you on the phone with us?")).to_be_visible()
    world.duo_push()
    expect(page).to_have_title("Phone of Dana Whitfield")
    in_front(page, "Duo")
    world.text(MARCUS_MOBILE)
    expect(page).to_have_title("Phone of Marcus Reyes")
    in_front(page, "Messages")


def test_it_stays_with_its_person_where_nobody_wants_it_to_follow(world: StandIns, page: Page, pick_up):
    pick_up()
    world.text(MARCUS_MOBILE)
    wait_for(lambda: world.news(MARCUS)["apps"]["messages"]["items"])
    page.wait_for_timeout(1500)
    expect(page).to_have_title("Phone of Dana Whitfield")


def test_the_page_of_its_own_offers_every_phone(world: StandIns, page: Page):
    page.goto(f"{world.origin}/handset?contact={MARCUS}")
    page.get_by_label("Phone of").select_option(label="Wei Lin")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_title("Phone of Wei Lin")
    # The title is there before the script that the tabs need.
    expect(page.locator("#clock")).not_to_be_empty()
    tab(page, "Duo").click()
    expect(page.get_by_text("Every push asks for a code")).to_be_visible()


def test_somebody_without_a_number_or_an_address_is_told_so(world: StandIns, page: Page, pick_up):
    pick_up(83)
    expect(page.get_by_text("Joan Petrov has no telephone number in the PSA.")).to_be_visible()
    tab(page, "Mail").click()
    expect(page.get_by_text("Joan Petrov has no e-mail address in the PSA.")).to_be_visible()
