"""*I did not ask for this*, as the technicians see it, and the lock that follows until somebody lifts it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from pod_rig import Case, Desk, Pod, Stage


def alarmed(stage: Stage, pod: Pod, case: Case) -> None:
    """Send a link, and let the contact say that they did not ask for it."""
    pod.choose(case.caller, "Send Link")
    expect(pod.row(case.caller)).to_contain_text("delivered to the phone")
    stage.product.deny(case.caller.id)
    expect(pod.text("Ruth did not ask for this.")).to_be_visible()


def test_a_contact_who_did_not_ask_raises_an_alarm_that_stops_every_request(stage: Stage, desk: Desk) -> None:
    case = stage.case(direct=True)
    pod = desk.open(case.ticket)
    pod.send(case.caller.direct)
    alarmed(stage, pod, case)
    alarm = pod.root.get_by_role("alert").filter(has_text="Ruth did not ask for this.")
    expect(alarm).to_contain_text("Stop, and do nothing that this caller asks for.")
    expect(alarm).to_contain_text("Call Ruth back on a number that you know.")
    expect(alarm).to_contain_text("an admin can lift that sooner, under Overview")
    expect(alarm).not_to_contain_text("UTC")
    expect(pod.row(case.caller)).to_contain_text("Failed · the contact did not ask for this")
    expect(pod.row(case.caller.direct)).to_contain_text("Unverified")
    expect(pod.field()).to_have_count(0)
    for number in (case.caller.mobile, case.caller.direct):
        pod.row(number).get_by_role("button", name="Send Code").click()
        expect(pod.row(number)).to_contain_text("The contact did not ask for this. Possible again in")
    assert len(stage.texts(case.caller.mobile)) == 1
    assert len(stage.texts(case.caller.direct)) == 1
    note = next(note for note in stage.notes(case, count=2) if note.startswith("Caller NOT verified"))
    assert "the contact said they did not ask for this. Stop, and call back on a number you know." in note
    expect(pod.history().first).to_contain_text("SMS link was not asked for")


def test_every_pod_of_the_contact_shows_the_alarm_and_drops_it_when_an_admin_lifts_the_lock(
    stage: Stage, new_desk: Callable[..., Desk], case: Case
) -> None:
    sam, priya = new_desk("sam").open(case.ticket), new_desk("priya").open(case.ticket)
    expect(priya.row(case.caller)).to_contain_text("Unverified")
    alarmed(stage, sam, case)
    priya.look()
    expect(priya.text("Ruth did not ask for this.")).to_be_visible()
    late = new_desk("priya").open(case.ticket)
    expect(late.text("Ruth did not ask for this.")).to_be_visible()
    stage.product.unlock(case.caller.id)
    for pod in (sam, priya, late):
        pod.look()
        expect(pod.text("Ruth did not ask for this.")).to_have_count(0)
        expect(pod.row(case.caller)).to_contain_text("Failed · the contact did not ask for this")
    sam.send(case.caller)
    sam.answer(stage.code(case.caller, count=2))
    expect(sam.row(case.caller)).to_contain_text("Verified 60 min")


def test_an_alarm_without_end_says_that_only_an_admin_lifts_it(stage: Stage, desk: Desk) -> None:
    case = stage.case(cooldown_minutes=0)
    pod = desk.open(case.ticket)
    alarmed(stage, pod, case)
    expect(pod.text("Nothing can be sent until an admin lifts that, under Overview.")).to_be_visible()


def test_an_alarm_is_seen_where_the_policy_folds_the_rows(stage: Stage, desk: Desk) -> None:
    case = stage.case(show_on_load=False)
    pod = desk.open(case.ticket)
    pod.root.locator("summary", has_text="Verify the caller").click()
    alarmed(stage, pod, case)
    pod.page.reload()
    expect(pod.text("Ruth did not ask for this.")).to_be_visible()
    expect(pod.row(case.caller)).to_contain_text("Failed")


def test_a_contact_with_too_many_wrong_codes_is_said_to_be_locked(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    stage.sql("UPDATE guards SET day_failures=9 WHERE contact=:c AND destination_key=''", c=str(case.caller.id))
    code = stage.code(case.caller)
    pod.answer(f"{(int(code) + 1) % 1_000_000:06d}")
    expect(pod.row(case.caller)).to_contain_text("Failed · too many wrong codes")
    pod.look()
    expect(pod.text("Ruth is locked: too many wrong codes for this contact today.")).to_be_visible()
    stage.product.unlock(case.caller.id)
    pod.look()
    expect(pod.text("Ruth is locked")).to_have_count(0)
