"""The pages in Chromium: on small telephones, in the dark, by keyboard, enlarged, without scripts, and by axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from link_rig import BRISK, Link, Northgate
from parts import AS_A_PERSON
from playwright.sync_api import Browser, Page, expect

from podserver.database import now
from podserver.verification.models import State

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("brisk"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
LONG_ENOUGH = BRISK * 1000 + 150
Open = Callable[..., Page]


@pytest.fixture
def telephone(headless: Browser, address: str) -> Iterator[Open]:
    """Opens a link as a person would, at a width and in a colour scheme. No page may ever complain of anything."""
    complaints: list[str] = []
    contexts = []

    def opened(link: Link, width: int = 390, scheme: Any = "light", **options: Any) -> Page:
        context = headless.new_context(
            base_url=address, viewport={"width": width, "height": 760}, color_scheme=scheme,
            **AS_A_PERSON, **options,
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(link.path)
        return page

    yield opened
    for context in contexts:
        context.close()
    # The one status that a page of ours may have besides 200.
    assert not [each for each in complaints if "status of 403" not in each]


def judge(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, (where, [(each["id"], each["nodes"][0]["html"]) for each in found])
    fits(page, where)


def fits(page: Page, where: str) -> None:
    """Nothing is wider than the window, nothing is smaller than a finger or than 16 px."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the window"
    for each in page.locator("button:visible:not([tabindex='-1']), a:visible, #number:visible").all():
        box = each.bounding_box()
        assert box is not None and box["height"] >= 44 and box["width"] >= 44, (where, each.inner_text(), box)
    sizes = page.evaluate(
        "[...document.querySelectorAll('p, a, h1, form :not(.unseen *, [type=hidden])')]"
        ".map((element) => getComputedStyle(element).fontSize)"
    )
    assert min(float(size.removesuffix("px")) for size in sizes) >= 16, where


def all_pages(northgate: Northgate) -> dict[str, Link]:
    """A link for every page there is."""
    links = {
        "question": northgate.link(),
        "number": northgate.link(digits=True),
        "one try left": northgate.link(digits=True),
        "sign-in": northgate.link(),
        "expired": northgate.link(ago=timedelta(minutes=9)),
        "unknown": Link("", "nothing-that-was-ever-sent", ""),
    }
    northgate.change(links["one try left"], wrong_guesses=1)
    northgate.change(links["sign-in"], method="microsoft_sign_in")
    for state in (State.VERIFIED, State.DENIED, State.SUPERSEDED, State.LOCKED):
        links[state] = northgate.link()
        northgate.change(links[state], state=state)
    return links


# Sooner than the two seconds of a person, however busy the machine is; and once, as the answer has the button too.
PRESS_AT_ONCE = """
if (!sessionStorage.pressed) {
  addEventListener("DOMContentLoaded", () => {
    sessionStorage.pressed = "yes";
    [...document.querySelectorAll("button")].find((each) => each.innerText.includes("I did not ask")).click();
  });
}
"""


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (900, "light")])
def test_no_page_breaks_a_rule_of_accessibility_or_the_width(
    northgate: Northgate, telephone: Open, width: int, scheme: str
) -> None:
    northgate.brand()
    links = all_pages(northgate)
    page = telephone(links["question"], width, scheme)
    for name, link in links.items():
        page.goto(link.path)
        judge(page, name)
    hasty = page.context.new_page()
    hasty.add_init_script(PRESS_AT_ONCE)
    hasty.goto(links["question"].path, wait_until="commit")
    expect(hasty.get_by_text("That press did not count.")).to_be_visible()
    judge(hasty, "press once more")
    page.goto(links["question"].path)
    page.locator("input[name=page]").evaluate("(field) => { field.value = 'made up'; }")
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_role("heading", name="Open the link again.")).to_be_visible()
    judge(page, "refused")


def test_nothing_is_cut_off_when_it_is_enlarged(northgate: Northgate, telephone: Open) -> None:
    links = all_pages(northgate)
    northgate.change(links["number"], summary="W" * 120, technician="Wolfeschlegelsteinhausenbergerdorff Okafor")
    # 200 % of a telephone, and of a window of 1280.
    for width in (195, 640):
        page = telephone(links["number"], width)
        for name, link in links.items():
            page.goto(link.path)
            fits(page, f"{name} at {width}")
    page = telephone(links["number"], 390)
    # Twice the letters, as people set them for all pages.
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => document.documentElement.style.setProperty('font-size', '200%'))"
    )
    for name, link in links.items():
        page.goto(link.path)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        fits(page, f"{name} with large letters")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_person_validates_by_hand(northgate: Northgate, telephone: Open, scripts: bool) -> None:
    link = northgate.link(digits=True)
    page = telephone(link, java_script_enabled=scripts)
    page.wait_for_timeout(LONG_ENOUGH)
    page.get_by_label("Type the two digits that Sam tells you").fill(link.wrong)
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the number. You have one try left.")
    if scripts:
        expect(page.locator("#number")).to_be_focused()
    page.wait_for_timeout(LONG_ENOUGH)
    page.locator("#number").fill(link.number)
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    assert northgate.state(link) == State.VERIFIED
    page.reload()
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    page.goto(link.path)
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    assert northgate.kinds(link) == ["requested", "wrong number", "verified"]


def test_a_person_validates_by_keyboard_alone(northgate: Northgate, telephone: Open) -> None:
    link = northgate.link(digits=True)
    page = telephone(link)
    page.wait_for_timeout(LONG_ENOUGH)
    page.keyboard.press("Tab")
    expect(page.locator("#number")).to_be_focused()
    assert page.locator("#number").evaluate("(field) => getComputedStyle(field).outlineStyle") == "solid"
    page.keyboard.type(link.number)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Validate")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="I did not ask for this")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.unseen')") is None, "nobody is led to the decoys"
    page.locator("#number").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    assert northgate.state(link) == State.VERIFIED


def test_enter_validates_where_there_is_nothing_to_type(northgate: Northgate, telephone: Open) -> None:
    link = northgate.link()
    page = telephone(link)
    page.wait_for_timeout(LONG_ENOUGH)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()


def test_a_screen_reader_hears_the_question_and_two_answers(northgate: Northgate, telephone: Open) -> None:
    page = telephone(northgate.link(digits=True))
    heard = page.locator("body").aria_snapshot()
    assert [line.strip() for line in heard.splitlines() if re.search("button|textbox|heading", line)] == [
        '- heading "Are you on the phone with us right now?" [level=1]',
        '- textbox "Type the two digits that Sam tells you"',
        '- button "Validate"',
        '- button "I did not ask for this"',
    ]
    assert "Leave this empty" not in heard and "Neither" not in heard
    expect(page).to_have_title("Are you on the phone with us? · Northgate IT")


def test_a_double_press_shows_one_answer(northgate: Northgate, telephone: Open) -> None:
    link = northgate.link()
    page = telephone(link)
    page.wait_for_timeout(LONG_ENOUGH)
    box = page.get_by_role("button", name="I did not ask for this").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    for count in (1, 2):
        page.mouse.down(click_count=count)
        page.mouse.up(click_count=count)
        page.wait_for_timeout(60)
    expect(page.get_by_role("heading", name="Thank you. Northgate IT has been told.")).to_be_visible()
    assert northgate.kinds(link) == ["requested", "denied"] and northgate.locked_until() is not None


def test_both_answers_have_one_size_and_letters_of_one_weight(northgate: Northgate, telephone: Open) -> None:
    for width in (320, 390, 900):
        page = telephone(northgate.link(), width)
        validate = page.get_by_role("button", name="Validate")
        deny = page.get_by_role("button", name="I did not ask for this")
        one, other = validate.bounding_box(), deny.bounding_box()
        assert one and other and (one["width"], one["height"]) == (other["width"], other["height"])
        weight = (
            "(button) => { const { fontSize, fontWeight } = getComputedStyle(button); return fontSize + fontWeight }"
        )
        assert validate.evaluate(weight) == deny.evaluate(weight)


def test_the_minutes_stay_true_while_the_page_is_open(northgate: Northgate, telephone: Open) -> None:
    link = northgate.link()
    page = telephone(link)
    expect(page.get_by_text("4 minutes left.")).to_be_visible()
    northgate.change(link, expires_at=now() + timedelta(seconds=62.5))
    page.reload()
    expect(page.get_by_text("1 minute left.")).to_be_visible()
    expect(page.get_by_text("Less than a minute left.")).to_be_visible(timeout=6000)
    northgate.change(link, expires_at=now() + timedelta(seconds=2.5))
    page.reload()
    expect(page.get_by_text("The time is up. Ask for a new link.")).to_be_visible(timeout=6000)


def test_the_page_asks_no_other_host_and_keeps_nothing_in_the_browser(northgate: Northgate, telephone: Open) -> None:
    link = northgate.link(digits=True)
    page = telephone(link)
    asked: list[tuple[str, dict[str, str]]] = []
    page.on("request", lambda request: asked.append((request.url, request.all_headers())))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert asked and all(url.startswith((page.url.partition("/v/")[0], "data:")) for url, _ in asked)
    assert not [headers for _, headers in asked if headers.get("referer")]
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_tenants_colours_and_logo_are_on_the_page(northgate: Northgate, telephone: Open) -> None:
    northgate.brand(accent="#8a1f4b")
    page = telephone(northgate.link())
    colour = page.get_by_role("button", name="Validate").evaluate("(b) => getComputedStyle(b).backgroundColor")
    assert colour == "rgb(138, 31, 75)"
    judge(page, "in the tenant's colour")
    page = telephone(northgate.link(), scheme="dark")
    judge(page, "in the tenant's colour, in the dark")
