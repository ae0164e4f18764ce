"""Two technicians, two tabs, two clicks."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from pod_rig import Case, Desk, Stage


def test_two_technicians_on_one_contact_see_each_other(stage: Stage, new_desk: Callable[..., Desk], case: Case) -> None:
    second = stage.ticket(case.company, case.caller.id, "Cannot print")
    sam, priya = new_desk("sam").open(case.ticket), new_desk("priya").open(second)
    expect(priya.row(case.caller)).to_contain_text("Unverified")
    sam.send(case.caller)
    # A quiet pod asks every 10 s, and at once when its technician comes back to the tab.
    priya.frame.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(priya.row(case.caller)).to_contain_text(f"by Sam on #{case.ticket}")
    expect(priya.row(case.caller)).to_contain_text("Pending")
    priya.answer(stage.code(case.caller))
    expect(priya.row(case.caller)).to_contain_text("Verified 60 min")
    expect(sam.row(case.caller)).to_contain_text("Verified 60 min")
    expect(sam.field()).to_have_count(0)
    assert len(stage.texts(case.caller.mobile)) == 1
    assert len(stage.notes(case)) == 1
    assert "By: Priya Nair" in stage.notes(case)[0]


def test_a_row_that_another_technician_changes_keeps_the_keyboards_place(
    stage: Stage, new_desk: Callable[..., Desk], case: Case
) -> None:
    sam, priya = new_desk("sam").open(case.ticket), new_desk("priya").open(case.ticket)
    expect(priya.row(case.caller)).to_contain_text("Unverified")
    sam.send(case.caller)
    expect(sam.field()).to_be_focused()
    priya.send(case.caller)
    priya.answer(stage.code(case.caller))
    expect(sam.row(case.caller)).to_contain_text("Verified 60 min")
    expect(sam.row(case.caller)).to_be_focused()
    assert len(stage.texts(case.caller.mobile)) == 1


def test_a_double_click_sends_one_sms(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.row(case.caller).get_by_role("button", name="Send Code").dblclick()
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    assert len(stage.texts(case.caller.mobile)) == 1


def test_two_tabs_that_send_at_once_send_one_sms_and_share_the_code(stage: Stage, desk: Desk, case: Case) -> None:
    tabs = [desk.open(case.ticket), desk.open(case.ticket)]
    for tab in tabs:
        expect(tab.row(case.caller)).to_contain_text("Unverified")
    for tab in tabs:
        # The click itself returns at once, so both requests are under way together.
        tab.frame.evaluate("document.querySelector('.row .do button').click()")
    for tab in tabs:
        expect(tab.field()).to_be_visible()
    code = stage.code(case.caller)
    tabs[1].answer(code)
    expect(tabs[1].row(case.caller)).to_contain_text("Verified 60 min")
    expect(tabs[0].row(case.caller)).to_contain_text("Verified 60 min")
    assert len(stage.texts(case.caller.mobile)) == 1
    assert len(stage.notes(case)) == 1
