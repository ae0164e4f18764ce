"""The policies' pages in Chromium: by keyboard alone, by eye of an accessibility checker, and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pod_rig import Case, Stage
from world import ADMIN, SAM

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# Where the keyboard is: the words of the control as they are read out, and whether its focus can be seen.
FOCUS = """() => {
  const at = document.activeElement;
  const ring = getComputedStyle(at);
  const label = at.labels && at.labels.length ? at.labels[0].textContent : at.textContent;
  return {
    words: (at.getAttribute("aria-label") || label).trim().replace(/\\s+/g, " "),
    name: at.name || "",
    ring: ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2,
  };
}"""
Open = Callable[..., Page]


@pytest.fixture
def open_portal(stage: Stage, browser: Browser) -> Iterator[Open]:
    """Opens the portal as somebody, signed in by keyboard; its pages complain of nothing at all."""
    opened, complaints = [], []

    def listen(message: ConsoleMessage) -> None:
        # The browser writes the status of every answer that is no success; the pages are judged by what they show.
        if not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def portal(width: int = 1280, who: tuple[str, str] = ADMIN, **options: Any) -> Page:
        context = browser.new_context(base_url=stage.world.web, viewport={"width": width, "height": 800}, **options)
        opened.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/sign-in")
        expect(page.get_by_label("E-mail")).to_be_focused()
        page.keyboard.type(who[0])
        page.keyboard.press("Tab")
        page.keyboard.type(who[1])
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        return page

    yield portal
    for context in opened:
        context.close()
    assert complaints == []


def tab_to(page: Page, words: str, name: str = "", most: int = 90) -> None:
    """Press Tab until the control with these words has the focus, and see that it shows it."""
    been = []
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        been.append(at["words"])
        assert at["ring"], f"the focus on {at['words']!r} cannot be seen"
        if at["words"].startswith(words) and at["name"].startswith(name):
            return
    raise AssertionError(f"no way to {words!r} by Tab, only {been}")


def order(page: Page) -> list[str]:
    """The allowed methods, in order."""
    return page.locator("ol.ways li strong").all_inner_texts()


def test_a_client_gets_its_own_order_of_methods_without_a_mouse(open_portal: Open, case: Case) -> None:
    page = open_portal()
    page.goto("/policies")
    tab_to(page, "Client's name")
    page.keyboard.type(case.company_name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=case.company_name)).to_be_visible()
    tab_to(page, case.company_name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=case.company_name)).to_be_visible()
    # What is as the default has no value to stumble over on the way.
    tab_to(page, "As the default", "own-methods")
    expect(page.locator("ol.ways")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(page.locator("ol.ways")).to_be_visible()
    first = order(page)
    tab_to(page, f"Move {first[2]} up, it is number 3 of {len(first)}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    # The keyboard stays with the method: the next press moves it on, without a search.
    assert page.evaluate(FOCUS)["words"].startswith(f"Move {first[2]} up, it is number 2")
    page.keyboard.press("Enter")
    expect(page.locator("ol.ways li strong").first).to_have_text(first[2])
    assert page.evaluate(FOCUS)["words"].startswith(f"Move {first[2]} down, it is number 1")
    tab_to(page, f"Take out {first[1]}")
    page.keyboard.press("Space")
    expect(page.locator("ol.ways li")).to_have_count(len(first) - 1)
    tab_to(page, "As the default", "own-minutes_green")
    page.keyboard.press("ArrowDown")
    tab_to(page, "", "minutes_green")
    page.keyboard.press("Control+a")
    page.keyboard.type("25")
    # Enter in a field saves; it moves no method.
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{case.company_name} is saved.")).to_be_visible()
    assert order(page) == [first[2], first[0], *first[3:]]
    expect(page.get_by_role("heading", name=case.company_name)).to_contain_text("own settings: 2")
    expect(page.locator("input[name=minutes_green]")).to_have_value("25")
    page.goto("/history?what=all")
    expect(page.get_by_text("Shield stays green: as the default → 25 min")).to_be_visible()


def test_the_banners_preview_follows_what_is_typed_and_chosen(open_portal: Open, case: Case) -> None:
    page = open_portal()
    open_policy(page, case)
    preview = page.locator("#banner-preview")
    expect(preview).to_be_hidden()
    group = page.locator(".s-banner")
    group.get_by_label("Own").check()
    group.get_by_role("textbox").fill("Partners only. <b>Ask for the file number.</b>")
    expect(preview).to_have_text("Partners only. <b>Ask for the file number.</b>")
    page.locator(".s-banner_colour").get_by_label("Red").check()
    expect(preview).to_have_class(re.compile(r"\bred\b"))
    ground = "element => getComputedStyle(element).backgroundColor"
    red = preview.evaluate(ground)
    page.locator(".s-banner_colour").get_by_label("Green").check()
    assert preview.evaluate(ground) != red
    group.get_by_label("As the default").check()
    expect(preview).to_be_hidden()


def open_policy(page: Page, case: Case) -> None:
    """Find a client's policy as an admin does."""
    page.goto("/policies")
    page.get_by_label("Client's name").fill(case.company_name)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=case.company_name).click()
    expect(page.get_by_role("heading", name=case.company_name)).to_be_visible()


def test_everything_works_without_a_script(open_portal: Open, case: Case) -> None:
    page = open_portal(java_script_enabled=False)
    open_policy(page, case)
    page.locator(".s-methods").get_by_label("Own", exact=True).check()
    first = order(page)
    page.get_by_role("button", name=f"Move {first[0]} down").click()
    assert order(page)[:2] == [first[1], first[0]]
    page.locator(".s-banner").get_by_label("Own").check()
    page.locator(".s-banner").get_by_role("textbox").fill("Partners only.")
    page.get_by_role("button", name="Show my banner").click()
    expect(page.locator("#banner-preview")).to_have_text("Partners only.")
    page.locator("form.policy .do").get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{case.company_name} is saved.")).to_be_visible()
    assert order(page)[:2] == [first[1], first[0]]


def test_two_admins_at_one_policy_are_told_of_each_other(open_portal: Open, case: Case) -> None:
    one, other = open_portal(), open_portal()
    for page, minutes in ((one, "20"), (other, "30")):
        open_policy(page, case)
        page.locator(".s-minutes_green").get_by_label("Own").check()
        page.locator("input[name=minutes_green]").fill(minutes)
    save = ".policy > .do button.main"
    one.locator(save).click()
    expect(one.get_by_text(f"{case.company_name} is saved.")).to_be_visible()
    other.locator(save).click()
    told = other.get_by_role("alert")
    expect(told).to_contain_text("saved this policy while you were changing it. Nothing of yours is saved yet.")
    expect(told.get_by_role("row")).to_have_count(2)
    expect(other.locator("input[name=minutes_green]")).to_have_value("30")
    judge(other, "a conflict")
    other.locator(save).click()
    expect(other.get_by_text(f"{case.company_name} is saved.")).to_be_visible()


def test_a_file_is_brought_back_after_a_look_at_what_would_change(
    open_portal: Open, case: Case, tmp_path: Path
) -> None:
    page = open_portal()
    client = f"integration: ConnectWise, company: '{case.company}', name: {case.company_name}"
    file = tmp_path / "policies.yaml"
    page.goto("/policies")
    page.get_by_role("link", name="Import").click()
    file.write_text(f"podserver-policies: 1\nclients:\n  - {{{client}, settings: {{minuts_green: 30}}}}\n")
    page.get_by_label("File of policies").set_input_files(file)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("alert")).to_contain_text("did you mean minutes_green?")
    judge(page, "a wrong file")
    file.write_text(f"podserver-policies: 1\nclients:\n  - {{{client}, settings: {{methods: [sms_code]}}}}\n")
    page.get_by_label("File of policies").set_input_files(file)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("heading", name=case.company_name)).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("there is a risk to accept first")
    judge(page, "a risk")
    page.get_by_label("I accept the risk above.").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("1 policy is changed.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert "Risk accepted by Alex Moreno" in download.value.path().read_text()


def judge(page: Page, where: str) -> None:
    """No rule of accessibility is broken, and nothing is wider than the window."""
    looks: list[tuple[int, Literal["light", "dark"]]] = [(600, "light"), (900, "dark"), (1280, "light")]
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=RULES).response["violations"]
        assert not found, (where, width, [(each["id"], each["nodes"][0]["html"]) for each in found])
        fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert fits, f"{where} is wider than a window of {width}"


def test_no_page_of_policies_breaks_a_rule_of_accessibility_or_the_width(open_portal: Open, case: Case) -> None:
    page = open_portal(1280)
    page.goto("/policies")
    judge(page, "the list")
    page.goto("/policies?q=nobody%20at%20all")
    judge(page, "nobody")
    page.goto("/policies/default")
    judge(page, "the default")
    open_policy(page, case)
    for name in ("methods", "minutes_green", "banner", "note_outcomes"):
        page.locator(f".s-{name}").get_by_label("Own", exact=True).check()
    page.locator(".s-banner").get_by_role("textbox").fill("W" * 120)
    page.locator(".s-banner_colour").get_by_label("Red").check()
    judge(page, "a client's own settings")
    page.get_by_role("button", name="Move SMS code down").click()
    judge(page, "a moved method")
    page.locator("input[name=minutes_green]").fill("soon")
    page.locator("form.policy > .do").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("1 setting is wrong")
    judge(page, "a wrong setting")
    page.locator("input[name=minutes_green]").fill("30")
    page.locator("form.policy > .do").get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{case.company_name} is saved.")).to_be_visible()
    page.goto("/policies")
    page.get_by_label(f"Copy to {case.company_name}", exact=True).check()
    page.get_by_label("Copy the policy of").select_option("default")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    judge(page, "what would change")
    page.goto("/policies/explain")
    page.get_by_label("Ticket number").fill(str(case.ticket))
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="The policy that counts")).to_be_visible()
    judge(page, "an explanation")
    reader = open_portal(1280, SAM)
    for path in ("/policies", "/policies/default"):
        reader.goto(path)
        judge(reader, f"{path} for a technician")
