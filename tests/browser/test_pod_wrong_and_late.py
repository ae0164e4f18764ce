"""Wrong codes, late codes, resent codes, cancelled requests."""

from __future__ import annotations

import re

from playwright.sync_api import APIResponse, Route, expect
from pod_rig import Case, Desk, Pod, Stage, counted, wrong


def test_wrong_codes_count_down_to_a_lock_that_the_note_tells_of(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    code = stage.code(case.caller)
    for left in ("4 tries", "3 tries", "2 tries", "1 try"):
        pod.answer(wrong(code))
        expect(pod.row(case.caller)).to_contain_text(f"Wrong code. {left} left.")
        expect(pod.field()).to_be_focused()
        expect(pod.field()).to_have_attribute("aria-invalid", "true")
        stage.no_wait_between_guesses(case.caller)
    pod.answer(wrong(code))
    expect(pod.row(case.caller)).to_contain_text("Failed · too many wrong codes")
    expect(pod.field()).to_have_count(0)
    notes = stage.notes(case)
    assert len(notes) == 1
    assert notes[0].startswith("Caller NOT verified: too many wrong codes.")

    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    again = re.compile(r"Too many wrong codes for this destination\. Possible again in 1[56] min\.")
    expect(pod.row(case.caller)).to_contain_text(again)
    expect(pod.row(case.caller)).to_contain_text("Failed")
    assert len(stage.texts(case.caller.mobile)) == 1


def test_a_look_that_began_before_the_code_was_sent_takes_nothing_of_what_came_after(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    held: list[Route] = []
    pod.page.route("**/pod/rows?*", lambda route: held.append(route))
    with pod.page.expect_request("**/pod/rows?*"):
        pod.look()
    pod.send(case.caller)
    code = stage.code(case.caller)
    pod.answer(wrong(code))
    expect(pod.row(case.caller)).to_contain_text("Wrong code. 4 tries left.")
    pod.field().press_sequentially(code[:4])
    with pod.page.expect_response("**/pod/rows?*") as look:
        held[0].continue_()
    # The page had not seen the request when it asked, so the answer holds the whole row.
    assert "Enter Code Here" in look.value.text()
    expect(pod.row(case.caller)).to_contain_text("Wrong code. 4 tries left.")
    expect(pod.field()).to_have_value(code[:4])
    pod.field().press_sequentially(code[4:])
    pod.field().press("Enter")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_an_enter_the_moment_that_the_field_is_there_leaves_the_code_out_of_every_address(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    asked: list[str] = []
    pod.page.on("request", lambda request: asked.append(request.url))
    pod.frame.evaluate(
        """() => {
          const early = new MutationObserver(() => {
            const form = document.querySelector("form.answer");
            if (!form) return;
            early.disconnect();
            form.querySelector(".code").value = "no code";
            form.requestSubmit();
          });
          early.observe(document.body, { childList: true, subtree: true });
        }"""
    )
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.row(case.caller)).to_contain_text("A code has 6 digits.")
    before = pod.frame.url
    # Not even a script can have the browser send it; the console says so.
    desk.policy_tested = True
    pod.field().fill("123456")
    pod.frame.evaluate("document.querySelector('form.answer').submit()")
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    assert pod.frame.url == before
    assert not [url for url in asked if "code" in url.replace("decode", "")]


def test_a_look_that_overtakes_the_answer_to_a_click_leaves_the_keyboard_to_the_answer(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    held: list[tuple[Route, APIResponse]] = []
    pod.page.route("**/pod/verifications", lambda route: held.append((route, route.fetch())))
    pod.row(case.caller).get_by_role("button", name="Send Code").focus()
    pod.page.keyboard.press("Enter")
    code = stage.code(case.caller)
    with pod.page.expect_response("**/pod/rows?*") as look:
        pod.look()
    assert "Enter Code Here" in look.value.text()
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(pod.field()).to_be_focused()
    pod.page.keyboard.type(code)
    pod.page.keyboard.press("Enter")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_what_is_typed_outlives_a_row_that_changes_under_it(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    code = stage.code(case.caller)
    pod.field().press_sequentially(code[:4])
    before = pod.row(case.caller).get_attribute("data-version") or ""
    with stage.tools("sms"):
        pod.look()
        expect(pod.row(case.caller)).not_to_have_attribute("data-version", before)
        expect(pod.field()).to_have_value(code[:4])
        expect(pod.field()).to_be_focused()
        pod.field().press_sequentially(code[4:])
        pod.field().press("Enter")
        expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_a_guess_too_soon_after_wrong_ones_waits_and_is_not_counted(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    code = stage.code(case.caller)
    for left in ("4 tries", "3 tries"):
        pod.answer(wrong(code))
        expect(pod.row(case.caller)).to_contain_text(f"{left} left.")
    pod.answer(code)
    expect(pod.row(case.caller)).to_contain_text(re.compile(r"Wait \d s before the next try\."))
    stage.no_wait_between_guesses(case.caller)
    pod.answer(code)
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_what_is_no_code_is_said_and_not_counted(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    for text in ("", "12345", "hunter2"):
        pod.answer(text)
        expect(pod.row(case.caller)).to_contain_text("A code has 6 digits. Ask the caller to read it again.")
    code = stage.code(case.caller)
    pod.answer(f"{code[:3]} {code[3:]}")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    assert stage.sql("SELECT wrong_guesses FROM verifications WHERE contact=:c", c=str(case.caller.id)) == [(0,)]


def test_a_code_that_ran_out_fails_and_the_ticket_is_told(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    code = stage.code(case.caller)
    stage.earlier(case.caller, created_at=301, expires_at=301)
    expect(pod.row(case.caller)).to_contain_text("Failed · the code expired")
    expect(pod.field()).to_have_count(0)
    assert stage.notes(case)[0].startswith("Caller not verified: the code expired.")
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    pod.answer(code)
    expect(pod.row(case.caller)).to_contain_text("Wrong code. 4 tries left.")
    pod.answer(stage.code(case.caller, count=2))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_the_clock_on_the_row_runs_out_by_itself(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    stage.code(case.caller)
    stage.earlier(case.caller, created_at=296, expires_at=296)
    late = desk.open(case.ticket)
    expect(late.row(case.caller)).to_contain_text(re.compile(r"Pending 0:0\d"))
    expect(late.row(case.caller)).to_contain_text("Failed · the code expired", timeout=12_000)


def test_a_resend_waits_30_seconds_and_then_only_the_new_code_counts(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    first = stage.code(case.caller)
    resend = pod.row(case.caller).get_by_role("link", name=re.compile("^Resend"))
    expect(resend).to_have_text(re.compile(r"Resend in 0:[23]\d"))
    expect(resend).to_have_attribute("aria-disabled", "true")
    with counted(pod.page, "/pod/verifications") as asked:
        resend.click(force=True)
        pod.page.wait_for_timeout(300)
    assert asked == []

    stage.earlier(case.caller, created_at=31)
    pod.page.reload()
    expect(resend).to_have_text("Resend")
    resend.click()
    second = stage.code(case.caller, count=2)
    expect(resend).to_have_text(re.compile(r"Resend in 0:[23]\d"))
    assert len(stage.texts(case.caller.mobile)) == 2
    pod.answer(first)
    expect(pod.row(case.caller)).to_contain_text("Wrong code. 4 tries left.")
    expect(pod.row(case.caller)).to_contain_text("Pending")
    pod.answer(second)
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    assert len(stage.notes(case)) == 1
    rows = pod.history()
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("SMS code verified")
    expect(rows.nth(1)).to_contain_text("SMS code superseded")


def test_a_page_that_has_not_heard_of_the_resend_is_told_to_ask_for_the_newest_code(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    first = stage.code(case.caller)
    unaware = Unaware(pod)
    stage.earlier(case.caller, created_at=31)
    other = desk.open(case.ticket)
    other.row(case.caller).get_by_role("link", name="Resend", exact=True).click()
    second = stage.code(case.caller, count=2)
    unaware.answer(first)
    expect(pod.row(case.caller)).to_contain_text("A newer code was sent. Ask for the newest one.")
    expect(pod.row(case.caller)).to_contain_text("Pending")
    pod.answer(second)
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_a_cancelled_request_leaves_the_row_as_it_was_before(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    stage.code(case.caller)
    pod.button("Cancel").click()
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    assert stage.notes(case)[0].startswith("Verification cancelled.")

    pod.send(case.caller)
    pod.answer(stage.code(case.caller, count=2))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    pod.send(case.caller)
    pod.button("Cancel").click()
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_the_enter_that_verifies_pressed_twice_sends_no_second_code(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    pod.field().fill(stage.code(case.caller))
    pod.field().press("Enter")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    pod.page.keyboard.press("Enter")
    pod.page.keyboard.press("Space")
    pod.page.wait_for_timeout(500)
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    assert len(stage.texts(case.caller.mobile)) == 1


class Unaware:
    """A pod that is kept from hearing of changes, as one in a tab in the background is."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        pod.frame.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
        # What it asked before that may still be answered.
        pod.page.wait_for_timeout(200)

    def answer(self, code: str) -> None:
        """Type a code into the row as it was."""
        self.pod.answer(code)
