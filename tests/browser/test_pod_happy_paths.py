"""A technician verifies a caller: through ConnectWise's sign-in, through a password, on a ticket and on a contact."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from pod_rig import Case, Desk, Pod, Stage
from world import SAM

pytestmark = pytest.mark.whole_browser


def test_a_caller_is_verified_and_the_ticket_gets_one_note(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    expect(pod.heading("Ruth Calder")).to_be_visible()
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.send(case.caller)
    expect(pod.row(case.caller)).to_contain_text(re.compile(r"Pending [45]:\d\d"))
    expect(pod.row(case.caller)).to_contain_text("delivered to the phone")

    phone = desk.context.new_page()
    phone.goto(f"{stage.world.emulators}/phone/{case.caller.mobile}")
    shown = phone.get_by_text("Northgate IT help desk:").inner_text()
    assert shown.index("read this code out only if you called us") < shown.index("Code: ")
    code = re.search(r"Code: (\d{6})", shown)
    assert code

    pod.answer(code[1])
    expect(pod.row(case.caller)).to_contain_text(re.compile(r"Verified 60 min · fair · SMS code · by Sam"))
    note = pod.page.get_by_text("Caller verified.")
    expect(note).to_be_visible()
    expect(note).to_contain_text("Contact: Ruth Calder (Example Works")
    expect(note).to_contain_text(f"How: SMS code to +1 ••• {case.caller.mobile[-4:]}")
    expect(note).to_contain_text("By: Sam Okafor")
    assert code[1] not in pod.page.locator("#notes").inner_text()
    assert len(stage.notes(case)) == 1
    rows = pod.history()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("SMS code verified")
    assert desk.complaints() == []


def test_a_technician_whom_connectwise_does_not_confirm_signs_in_with_a_password(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket, control="expired")
    expect(pod.text("ConnectWise did not confirm who you are.")).to_be_visible()
    pod.sign_in(*SAM)
    expect(pod.field("E-mail")).to_be_hidden()
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    assert "By: Sam Okafor" in stage.notes(case)[0]


def test_a_wrong_password_is_refused_and_the_right_one_still_works(desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket, control="expired")
    pod.sign_in(SAM[0], "certainly not the password")
    expect(pod.text("E-mail or password is wrong.")).to_be_visible()
    expect(pod.field("Password")).to_be_focused()
    pod.sign_in(*SAM)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(pod.text("E-mail or password is wrong.")).to_be_hidden()


def test_the_sign_in_form_comes_when_connectwise_never_answers(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket, control="silent")
    expect(pod.text("ConnectWise did not answer the pod.")).to_be_visible(timeout=12_000)
    pod.sign_in(*SAM)
    expect(pod.heading("Ruth Calder")).to_be_visible()


def test_a_contact_screen_verifies_without_a_ticket(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.caller.id, screen="contact")
    expect(pod.heading("Ruth Calder")).to_be_visible()
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    ticket = desk.open(case.ticket)
    expect(ticket.row(case.caller)).to_contain_text(re.compile(r"Verified \d\d min · fair · SMS code · by Sam"))
    assert stage.world.notes(str(case.ticket)) == []


def test_the_next_ticket_in_the_same_frame_is_another_pod(stage: Stage, desk: Desk) -> None:
    first, second = stage.case("Ruth Calder"), stage.case("Omar Haddad")
    pod = desk.open(first.ticket)
    pod.send(first.caller)
    pod.page.get_by_role("button", name="Next ticket").click()
    expect(pod.heading("Omar Haddad")).to_be_visible()
    expect(pod.heading("Ruth Calder")).to_be_hidden()
    expect(pod.row(first.caller)).to_have_count(0)
    expect(pod.row(second.caller)).to_contain_text("Unverified")
    pod.send(second.caller)
    pod.answer(stage.code(second.caller))
    expect(pod.row(second.caller)).to_contain_text("Verified 60 min")
    assert len(stage.notes(second)) == 1
    assert stage.world.notes(str(first.ticket)) == []
    pod.page.get_by_role("button", name="Previous ticket").click()
    expect(pod.row(first.caller)).to_contain_text("Pending")


def test_a_pod_in_a_tab_of_its_own_offers_the_sign_in_form(stage: Stage, desk: Desk, case: Case) -> None:
    page = desk.context.new_page()
    page.goto(stage.pod_url(case.ticket))
    pod = Pod(page, stage, framed=False)
    expect(pod.text("This page belongs into a ConnectWise ticket.")).to_be_visible()
    expect(pod.button("Ask ConnectWise again")).to_be_hidden()
    pod.sign_in(*SAM)
    expect(pod.heading("Ruth Calder")).to_be_visible()


def test_a_ticket_without_a_contact_is_ready_as_soon_as_it_has_one(stage: Stage, desk: Desk) -> None:
    case = stage.case()
    ticket = stage.ticket(case.company, None)
    pod = desk.open(ticket)
    expect(pod.text("This ticket has no contact")).to_be_visible()
    stage.patch(f"/service/tickets/{ticket}", contact={"id": case.caller.id})
    pod.button("Retry").click()
    expect(pod.row(case.caller)).to_contain_text("Unverified")


def test_a_contact_without_a_number_is_ready_as_soon_as_one_is_added(stage: Stage, desk: Desk) -> None:
    case = stage.case()
    silent = stage.make("contacts", firstName="Nils", lastName="Aker", company={"id": case.company})["id"]
    pod = desk.open(stage.ticket(case.company, silent))
    expect(pod.text("Nils has no phone number and no e-mail address in the PSA.")).to_be_visible()
    number = stage.number()
    stage.post(f"/company/contacts/{silent}/communications", type={"id": 4}, value=number.removeprefix("+1"))
    pod.button("Retry").click()
    expect(pod.row(number)).to_contain_text("Unverified")


def test_an_auditor_looks_and_sends_nothing(stage: Stage, new_desk: Callable[..., Desk], case: Case) -> None:
    pod = new_desk().open(case.ticket, control="expired")
    pod.sign_in("ines@northgate.example", "counting every stone on the beach")
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.text("Your role may look, not verify.")).to_be_visible()
    assert stage.texts(case.caller.mobile) == []
