"""More than one way to a destination: the small menu, links with and without a number, another way while one waits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from pod_rig import Case, Desk, Pod, Stage, spaced
from pod_states import EVERY_METHOD, EVERY_TOOL, widen

INSIDE = """menu => {
  const at = menu.getBoundingClientRect(), { clientWidth, clientHeight } = document.documentElement;
  return at.top >= 0 && at.left >= 0 && at.bottom <= clientHeight && at.right <= clientWidth && at.height > 30;
}"""


def opener(pod: Pod, case: Case) -> Locator:
    """The button of the menu of the caller's mobile."""
    number = case.caller.mobile
    spoken = f"+1 {number[2:5]}-{number[5:8]}-{number[8:]}"
    return pod.row(case.caller).get_by_role("button", name=f"Other ways to verify {spoken}", exact=True)


# --- The menu --------------------------------------------------------------------------------------------------------


def test_a_row_has_its_first_method_as_button_and_the_others_with_their_strength_in_a_menu(
    stage: Stage, desk: Desk
) -> None:
    case = stage.case(email=True, methods=EVERY_METHOD)
    with stage.tools(*EVERY_TOOL):
        pod = desk.open(case.ticket)
        expect(pod.row(case.caller).get_by_role("button", name="Send Code")).to_be_visible()
        expect(pod.menu(case.caller).get_by_role("button")).to_have_text(["Send Link weak", "Call fair"])
        pod.page.keyboard.press("Escape")
        expect(pod.row("Duo Mobile").get_by_role("button")).to_have_text("Duo Push")
        expect(pod.row(case.caller.email).get_by_role("button", name="Send Link")).to_be_visible()
        menu = pod.menu(case.caller.email)
        expect(menu.get_by_role("button")).to_have_text(["Send Code weak", "Send Microsoft Sign-in fair"])


def test_the_policys_order_is_the_order_of_buttons_and_rows(stage: Stage, desk: Desk) -> None:
    case = stage.case(email=True, methods=["mail_code", "sms_link", "sms_code"])
    with stage.tools("sms", "mail"):
        pod = desk.open(case.ticket)
        names = pod.root.get_by_role("listitem").locator("strong")
        expect(names).to_have_text([case.caller.email, re.compile(re.escape(spaced(case.caller.mobile)))])
        expect(pod.row(case.caller.email).get_by_role("button")).to_have_text("Send Code")
        expect(pod.row(case.caller).get_by_role("button", name="Send Link")).to_be_visible()
        expect(pod.menu(case.caller).get_by_role("button")).to_have_text("Send Code fair")


def test_the_menu_is_complete_by_keyboard(stage: Stage, desk: Desk, case: Case) -> None:
    with stage.tools("sms", "voice"):
        pod = desk.open(case.ticket)
        button, menu = opener(pod, case), pod.row(case.caller).get_by_role("form")
        link, call = menu.get_by_role("button", name="Send Link"), menu.get_by_role("button", name="Call")
        keys = pod.page.keyboard
        button.focus()
        for key in ("Enter", "Space"):
            keys.press(key)
            expect(menu).to_be_visible()
            expect(button, "a second Enter must send nothing").to_be_focused()
            keys.press("Escape")
            expect(menu).to_be_hidden()
            expect(button).to_be_focused()
        keys.press("ArrowDown")
        expect(link).to_be_focused()
        keys.press("ArrowDown")
        expect(call).to_be_focused()
        keys.press("ArrowDown")
        expect(link).to_be_focused()
        keys.press("End")
        expect(call).to_be_focused()
        keys.press("ArrowUp")
        expect(link).to_be_focused()
        keys.press("Escape")
        expect(menu).to_be_hidden()
        expect(button).to_be_focused()
        keys.press("Enter")
        keys.press("Tab")
        expect(link).to_be_focused()
        keys.press("Shift+Tab")
        expect(button).to_be_focused()
        keys.press("ArrowUp")
        expect(call).to_be_focused()
        keys.press("Tab")
        expect(menu, "the keyboard has gone on").to_be_hidden()
        assert stage.texts(case.caller.mobile) == []
        button.focus()
        keys.press("ArrowDown")
        keys.press("Enter")
        expect(pod.row(case.caller)).to_contain_text("Waiting for the user to answer on the page")
        expect(pod.row(case.caller)).to_be_focused()


def test_a_click_elsewhere_closes_the_menu(desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    menu = pod.menu(case.caller)
    pod.heading("Ruth Calder").click()
    expect(menu).to_be_hidden()
    menu = pod.menu(case.caller)
    pod.page.get_by_role("button", name="Refresh").click()
    expect(menu, "the PSA's own page is elsewhere too").to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(300, 600), (300, 170), (600, 130), (900, 600)])
def test_no_end_of_the_frame_cuts_the_menu(stage: Stage, desk: Desk, width: int, height: int) -> None:
    case = stage.case(email=True, methods=EVERY_METHOD)
    with stage.tools(*EVERY_TOOL):
        pod = desk.open(case.ticket)
        widen(pod.page, width, height)
        for number in (case.caller.mobile, case.caller.email):
            for block in ("start", "end"):
                row = pod.row(number)
                row.locator(".more").evaluate("(button, block) => button.scrollIntoView({block})", block)
                menu = pod.menu(number)
                expect(menu).to_have_css("opacity", "1")
                assert menu.evaluate(INSIDE), f"{number} at the {block} of {width} × {height}"
                assert pod.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
                pod.page.keyboard.press("Escape")


# --- Links -----------------------------------------------------------------------------------------------------------


def test_a_link_by_sms_is_verified_when_the_user_validates_it(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.choose(case.caller, "Send Link")
    row = pod.row(case.caller)
    expect(row).to_contain_text(re.compile(r"Pending [45]:\d\d · delivered to the phone · by Sam"))
    expect(row).to_contain_text("Waiting for the user to answer on the page")
    expect(pod.field()).to_have_count(0)
    assert re.search(r"https?://\S+/v/\S{20,}$", stage.texts(case.caller.mobile)[0])
    stage.product.validate(case.caller.id)
    expect(row).to_contain_text(re.compile(r"Verified 60 min · weak · SMS link · by Sam on #\d+"))
    why = row.get_by_role("button", name="weak", exact=True)
    expect(why).to_have_accessible_description("A press on a link carries no secret back.")
    assert "Strength: D (weak): a press on a link carries no secret back" in stage.notes(case)[0]
    expect(pod.history().first).to_contain_text("SMS link validated · weak")


def test_the_number_to_read_out_is_shown_in_large_digits_and_its_wrong_answer_is_told(stage: Stage, desk: Desk) -> None:
    case = stage.case(typed_number="always")
    pod = desk.open(case.ticket)
    pod.choose(case.caller, "Send Link")
    row = pod.row(case.caller)
    expect(row).to_contain_text("on the page")
    number = stage.product.number(case.caller.id)
    expect(row).to_contain_text(f"Ask the caller to type {number} on the page")
    digits = row.get_by_text(number, exact=True)
    assert digits.evaluate("each => parseFloat(getComputedStyle(each).fontSize)") >= 28
    expect(pod.root.locator("[aria-live=polite]")).to_contain_text(f"Ask the caller to type {number}")
    stage.product.validate(case.caller.id, f"{(int(number) + 1) % 100:02d}")
    expect(row).to_contain_text("a wrong number was typed, one more ends it")
    stage.product.validate(case.caller.id, number)
    expect(row).to_contain_text("Verified 60 min · fair · SMS link · by Sam")


def test_a_number_that_is_typed_wrongly_twice_ends_the_link(stage: Stage, desk: Desk) -> None:
    case = stage.case(typed_number="always")
    pod = desk.open(case.ticket)
    pod.choose(case.caller, "Send Link")
    expect(pod.row(case.caller)).to_contain_text("on the page")
    wrong = f"{(int(stage.product.number(case.caller.id)) + 1) % 100:02d}"
    for _ in range(2):
        stage.product.validate(case.caller.id, wrong)
    expect(pod.row(case.caller)).to_contain_text("Failed · the wrong number was typed twice")


# --- Another way while one waits -------------------------------------------------------------------------------------


def test_another_way_waits_as_a_resend_does_and_then_takes_the_place_of_the_first(stage: Stage, desk: Desk) -> None:
    case = stage.case(methods=["sms_code", "sms_link"], typed_number="always")
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    code = stage.code(case.caller)
    another = pod.row(case.caller).get_by_role("button", name=re.compile("^Another way to verify"))
    expect(another).to_have_attribute("aria-disabled", "true")
    another.click(force=True)
    expect(pod.row(case.caller).get_by_role("form")).to_be_hidden()
    stage.earlier(case.caller, created_at=29)
    pod.page.reload()
    expect(another, "its clock has run out").not_to_have_attribute("aria-disabled", "true")
    expect(pod.menu(case.caller).get_by_role("button")).to_have_text("Send Link fair")
    pod.page.keyboard.press("Escape")
    pod.choose(case.caller, "Send Link")
    expect(pod.row(case.caller)).to_contain_text(re.compile(r"Ask the caller to type \d\d on the page"))
    expect(pod.field()).to_have_count(0)
    assert stage.state(case.caller) == "pending"
    stage.product.validate(case.caller.id, stage.product.number(case.caller.id))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min · fair · SMS link")
    rows = pod.history()
    expect(rows.nth(0)).to_contain_text("SMS link validated")
    expect(rows.nth(1)).to_contain_text("SMS code superseded")
    assert code not in rows.nth(1).inner_text()


@pytest.mark.parametrize("width", [300, 600])
def test_a_clock_that_runs_out_moves_nothing(stage: Stage, desk: Desk, width: int) -> None:
    case = stage.case(methods=["sms_link", "sms_code"], typed_number="always", direct=True)
    pod = desk.open(case.ticket)
    widen(pod.page, width)
    pod.row(case.caller).get_by_role("button", name="Send Link").click()
    expect(pod.row(case.caller)).to_contain_text("delivered to the phone")
    stage.earlier(case.caller, created_at=25)
    pod.page.reload()
    widen(pod.page, width)
    resend = pod.row(case.caller).get_by_role("link")
    expect(resend).to_have_text(re.compile("Resend in 0:0[1-5]"))
    another = pod.row(case.caller).get_by_role("button", name=re.compile("^Another way"))
    before = another.bounding_box(), pod.row(case.caller.direct).bounding_box()
    expect(resend).to_have_text("Resend")
    assert (another.bounding_box(), pod.row(case.caller.direct).bounding_box()) == before


def test_a_row_where_nothing_else_fits_has_no_menu(stage: Stage, desk: Desk) -> None:
    case = stage.case(methods=["sms_code"])
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller).get_by_role("button")).to_have_text("Send Code")
    pod.send(case.caller)
    expect(pod.row(case.caller).get_by_role("button")).to_have_text(["Cancel", "Verify"])


def test_after_a_text_that_cannot_arrive_the_first_button_is_the_other_channel(
    stage: Stage, desk: Desk, case: Case
) -> None:
    with stage.tools("sms", "voice"):
        pod = desk.open(case.ticket)
        stage.world.faults("twilio", undelivered_code=30006)
        pod.row(case.caller).get_by_role("button", name="Send Code").click()
        expect(pod.row(case.caller)).to_contain_text("Failed · a landline or a carrier that takes no texts")
        expect(pod.row(case.caller).get_by_role("button", name="Call")).to_be_visible()
        expect(pod.menu(case.caller).get_by_role("button")).to_have_text(["Send Code fair", "Send Link weak"])


# --- Pushes and a sign-in, as their channels report them -------------------------------------------------------------


def pushed(stage: Stage, desk: Desk) -> tuple[Pod, Case, str]:
    """A pod with a Duo push that has arrived."""
    case = stage.case(email=True)
    pod = desk.open(case.ticket)
    expect(pod.row("Duo Mobile").get_by_role("button")).to_have_text("Duo Push")
    push = stage.product.ask(case.caller.id, "duo", "duo_push", ticket=str(case.ticket))
    pod.look()
    expect(pod.row("Duo Mobile")).to_contain_text("sending the push")
    stage.product.report(push, "pushed")
    expect(pod.row("Duo Mobile")).to_contain_text(re.compile(r"Pending \d:\d\d · waiting for approval · by Sam"))
    expect(pod.row("Duo Mobile")).to_contain_text("Ask the caller to press Approve in Duo Mobile")
    return pod, case, push


@pytest.mark.parametrize(
    ("pressed", "words", "history"),
    [
        (("approved",), "Verified 60 min · weak · Duo push · by Sam", "Duo push approved · weak"),
        (("denied", "the user pressed Deny in Duo Mobile"), "Failed · the user pressed Deny", "Duo push denied"),
        (("no_answer", "the push was not answered in time"), "Failed · the push was not answered", "Duo push expired"),
        (("refused", "this user is locked out in Duo"), "Failed · this user is locked out", "Duo push failed"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_pressed_on_a_push_is_told(
    stage: Stage, desk: Desk, pressed: tuple[Any, ...], words: str, history: str
) -> None:
    with stage.tools("duo"):
        pod, _case, push = pushed(stage, desk)
        stage.product.press(push, *pressed)
        expect(pod.row("Duo Mobile")).to_contain_text(words)
        expect(pod.history().first).to_contain_text(history)


def test_a_push_that_is_reported_as_fraud_is_an_alarm(stage: Stage, desk: Desk) -> None:
    with stage.tools("duo"):
        pod, case, push = pushed(stage, desk)
        stage.product.press(push, "not_asked")
        expect(pod.text("Ruth did not ask for this.")).to_be_visible()
        expect(pod.row("Duo Mobile")).to_contain_text("Failed · the contact did not ask for this")
        expect(pod.history().first).to_contain_text("Duo push was not asked for")
        assert "did not ask for this" in stage.notes(case)[0]


def test_a_code_that_duo_gives_to_be_read_out_is_shown(stage: Stage, desk: Desk) -> None:
    case = stage.case(email=True)
    with stage.tools("duo"):
        pod = desk.open(case.ticket)
        expect(pod.row("Duo Mobile")).to_contain_text("Unverified")
        push = stage.product.ask(case.caller.id, "duo", "duo_push", ticket=str(case.ticket))
        pod.look()
        expect(pod.row("Duo Mobile")).to_contain_text("Ask the caller to press Approve in Duo Mobile")
        stage.product.report(push, "pushed", read_out="417823")
        expect(pod.row("Duo Mobile")).to_contain_text("Ask the caller to type 417823 in Duo Mobile")
        stage.product.press(push, "verified")
        expect(pod.row("Duo Mobile")).to_contain_text("Verified 60 min · strong · Duo push · by Sam")
        expect(pod.row("Duo Mobile")).not_to_contain_text("417823")


def test_a_sign_in_at_microsoft_says_what_it_waits_for(stage: Stage, desk: Desk) -> None:
    case = stage.case(email=True)
    with stage.tools("mail", "microsoft"):
        pod = desk.open(case.ticket)
        expect(pod.row(case.caller.email)).to_contain_text("Unverified")
        asked = stage.product.ask(case.caller.id, "email", "microsoft_sign_in", ticket=str(case.ticket))
        stage.product.report(asked, "accepted")
        pod.look()
        expect(pod.row(case.caller.email)).to_contain_text("the mail server has it")
        expect(pod.row(case.caller.email)).to_contain_text("Waiting for the user to sign in at Microsoft")
        stage.product.sign_in(asked)
        expect(pod.row(case.caller.email)).to_contain_text("Verified 60 min · fair · Microsoft sign-in · by Sam")


def test_a_call_tells_how_far_it_is(stage: Stage, desk: Desk) -> None:
    case = stage.case(methods=["voice_code"])
    with stage.tools("voice"):
        pod = desk.open(case.ticket)
        expect(pod.row(case.caller).get_by_role("button")).to_have_text("Call")
        call = stage.product.ask(case.caller.id, "phone", "voice_code", ticket=str(case.ticket))
        pod.look()
        for status, words in (
            ("initiated", "calling"),
            ("ringing", "ringing"),
            ("spoken", "answered, the code is read out"),
        ):
            stage.product.report(call, status)
            expect(pod.row(case.caller)).to_contain_text(words)
        expect(pod.field()).to_be_visible()
        stage.product.report(call, "busy", "the line is busy, try again or use another way", failed=True)
        expect(pod.row(case.caller)).to_contain_text("Failed · the line is busy, try again or use another way")
