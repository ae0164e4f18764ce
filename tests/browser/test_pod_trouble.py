"""ConnectWise and Twilio in trouble: what the technician sees, what still works, what arrives afterwards."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from pod_rig import Case, Desk, Stage
from world import SAM, wait_for

# --- ConnectWise ---------------------------------------------------------------------------------------------------


def test_while_connectwise_is_down_the_pod_says_so_and_retry_works_when_it_is_back(
    stage: Stage, desk: Desk, case: Case
) -> None:
    stage.world.faults("connectwise", down="503")
    pod = desk.open(case.ticket)
    expect(pod.text("Until it answers, sign in with your podserver password.")).to_be_visible()
    pod.sign_in(*SAM)
    failed = pod.root.get_by_role("region", name="Caller")
    expect(failed).to_contain_text("ConnectWise is in trouble (HTTP 503).")
    expect(failed).to_contain_text("Nothing was sent.")
    with pod.page.expect_response("**/pod/caller"):
        pod.button("Retry").click()
    expect(pod.button("Retry")).to_be_focused()
    expect(failed).to_contain_text("ConnectWise is in trouble (HTTP 503).")
    stage.world.mend("connectwise")
    pod.button("Retry").click()
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(pod.heading("Ruth Calder")).to_be_focused()


def test_a_ticket_that_connectwise_cannot_find_just_now_is_retried_after_sso(
    stage: Stage, desk: Desk, case: Case
) -> None:
    stage.world.faults("connectwise", down="drop", scope=["/service/tickets"])
    pod = desk.open(case.ticket)
    expect(pod.text("ConnectWise broke off the connection.")).to_be_visible()
    stage.world.mend("connectwise")
    pod.button("Retry").click()
    expect(pod.row(case.caller)).to_contain_text("Unverified")


def test_connectwise_down_at_send_is_no_hindrance_while_its_details_are_kept(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.page.close()
    stage.age_details(minutes=5)
    stage.world.faults("connectwise", down="503")
    pod = desk.open(case.ticket)
    pod.sign_in(*SAM)
    expect(pod.text("Details are from 5 min ago.")).to_be_visible()
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    stage.world.mend("connectwise")
    pod.button("Retry").click()
    expect(pod.text("Details are from")).to_be_hidden()
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_details_that_are_too_old_are_not_used(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.page.close()
    stage.age_details(minutes=16)
    stage.world.faults("connectwise", down="503")
    pod = desk.open(case.ticket)
    pod.sign_in(*SAM)
    expect(pod.text("Nothing was sent.")).to_be_visible()
    expect(pod.row(case.caller)).to_have_count(0)


def test_a_note_that_connectwise_could_not_take_arrives_once_when_it_is_back(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    code = stage.code(case.caller)
    stage.world.faults("connectwise", down="503")
    pod.answer(code)
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    wait_for("the refused note", lambda: stage.waiting_notes(case))
    stage.world.mend("connectwise")
    stage.ripen_notes()
    expect(pod.page.get_by_text("Caller verified.")).to_be_visible()
    assert len(stage.notes(case)) == 1


def test_a_note_whose_answer_was_lost_is_found_and_not_doubled(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    stage.world.faults("connectwise", lose_answer_after_write=1)
    pod.answer(stage.code(case.caller))
    expect(pod.page.get_by_text("Caller verified.")).to_be_visible()
    wait_for("the retry to be due", lambda: stage.waiting_notes(case))
    stage.ripen_notes()
    wait_for("the note to be settled", lambda: stage.settled_notes(case))
    assert len(stage.notes(case)) == 1


# --- Twilio ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"refuse_code": 21610}, "this person replied STOP and gets no texts, use another way"),
        ({"refuse_code": 21614}, "not a mobile number, call it instead"),
        ({"undelivered_code": 30003}, "the phone is off or out of reach, try again or use another way"),
        ({"undelivered_code": 30006}, "a landline or a carrier that takes no texts, call it instead"),
    ],
    ids=lambda value: str(*value.values()) if isinstance(value, dict) else "",
)
def test_an_sms_that_is_refused_says_why_and_the_other_number_works(
    stage: Stage, desk: Desk, fault: dict[str, int], words: str
) -> None:
    case = stage.case("Ruth Calder", direct=True)
    pod = desk.open(case.ticket)
    stage.world.faults("twilio", **fault)
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.row(case.caller)).to_contain_text(f"Failed · {words}")
    assert f"Why: {words}" in stage.notes(case)[0]
    stage.world.mend("twilio")
    other = case.caller.direct
    pod.send(other)
    pod.answer(stage.code(case.caller, of=other))
    expect(pod.row(other)).to_contain_text("Verified 60 min")
    expect(pod.row(case.caller)).to_contain_text(words)


def test_a_code_that_twilio_could_not_be_reached_for_is_sent_when_it_is_back(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    with stage.road.closed():
        pod.send(case.caller)
        wait_for("a failed try", lambda: stage.tries_to_send(case.caller))
        expect(pod.row(case.caller)).to_contain_text("Pending")
        expect(pod.row(case.caller)).to_contain_text("sending")
        assert stage.texts(case.caller.mobile) == []
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    assert len(stage.texts(case.caller.mobile)) == 1


def test_an_answer_of_twilio_that_was_lost_is_shown_as_unknown_and_nothing_is_sent_again(
    stage: Stage, desk: Desk, case: Case
) -> None:
    stage.world.faults("twilio", accept_then_drop_answer=1, callbacks="off")
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    expect(pod.row(case.caller)).to_contain_text("it is not known whether the text was sent")
    pod.page.wait_for_timeout(2_000)
    assert len(stage.texts(case.caller.mobile)) == 1
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_a_receipt_clears_up_what_became_of_a_lost_answer(stage: Stage, desk: Desk, case: Case) -> None:
    stage.world.faults("twilio", accept_then_drop_answer=1, callback_delay_seconds=4)
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    expect(pod.row(case.caller)).to_contain_text("it is not known whether the text was sent")
    expect(pod.row(case.caller)).to_contain_text("delivered to the phone")
    assert len(stage.texts(case.caller.mobile)) == 1


def test_a_status_that_changes_moves_no_other_row(stage: Stage, desk: Desk) -> None:
    case = stage.case("Ruth Calder", direct=True)
    stage.world.faults("twilio", callback_delay_seconds=2)
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    expect(pod.row(case.caller)).to_contain_text(re.compile("sending|sent"))
    pod.field().fill("12")
    before = pod.row(case.caller.direct).bounding_box()
    expect(pod.row(case.caller)).to_contain_text("delivered to the phone")
    assert pod.row(case.caller.direct).bounding_box() == before
    expect(pod.field()).to_have_value("12")
    expect(pod.field()).to_be_focused()
