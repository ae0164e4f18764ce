"""Verifying another contact of the company than the ticket's own."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect
from pod_rig import Case, Desk, Pod, Stage

NAMES = ("Ruth Calder", "Omar Haddad", "Petra Voss")


def choose(pod: Pod, name: str, note: str) -> None:
    pod.button("Other contact").click()
    pod.field("Contact").select_option(label=name)
    pod.field("Note").fill(note)
    pod.button("Use this contact").click()


def chosen(stage: Stage, desk: Desk) -> tuple[Pod, Case]:
    case = stage.case(*NAMES)
    pod = desk.open(case.ticket)
    choose(pod, "Omar Haddad", "Manager approval by e-mail")
    expect(pod.heading("Omar Haddad")).to_be_visible()
    return pod, case


def test_another_contact_is_refused_without_a_note(stage: Stage, desk: Desk) -> None:
    case = stage.case(*NAMES)
    pod = desk.open(case.ticket)
    pod.button("Other contact").click()
    expect(pod.field("Contact")).to_be_focused()
    options = pod.field("Contact").locator("option")
    expect(options).to_have_text([re.compile("Choose a contact of Example Works"), "Omar Haddad", "Petra Voss"])
    pod.field("Contact").select_option(label="Omar Haddad")
    pod.button("Use this contact").click()
    assert pod.field("Note").evaluate("field => field.validity.valueMissing")
    # A browser that does not check the form is checked by the server.
    pod.field("Note").evaluate("field => { field.form.noValidate = true; }")
    pod.field("Note").fill("  x ")
    pod.button("Use this contact").click()
    expect(pod.text("Say why, for example: manager approval by e-mail.")).to_be_visible()
    expect(pod.heading("Ruth Calder")).to_be_visible()
    assert stage.world.notes(str(case.ticket)) == []
    pod.button("Cancel").click()
    expect(pod.field("Note")).to_have_count(0)
    expect(pod.button("Other contact")).to_be_focused()


def test_another_contact_with_a_note_is_verified_and_both_are_in_ticket_and_history(stage: Stage, desk: Desk) -> None:
    pod, case = chosen(stage, desk)
    other = case.people[1]
    expect(pod.heading("Omar Haddad")).to_be_focused()
    expect(pod.text("Not the ticket's own contact.")).to_be_visible()
    expect(pod.row(case.caller)).to_have_count(0)
    pod.send(other)
    pod.answer(stage.code(other))
    expect(pod.row(other)).to_contain_text("Verified 60 min")
    assert stage.texts(case.caller.mobile) == []
    notes = sorted(stage.notes(case, count=2))
    assert len(notes) == 2
    assert notes[0].startswith("Another contact was chosen for verification: Omar Haddad.")
    assert "Note: Manager approval by e-mail" in notes[0]
    assert "Contact: Omar Haddad (" in notes[1]
    events = stage.sql(
        "SELECT actor, detail FROM history_events WHERE kind='other contact chosen' AND contact=:c AND ticket=:t",
        c=str(other.id),
        t=str(case.ticket),
    )
    assert [(actor, json.loads(detail)) for actor, detail in events] == [
        ("Sam Okafor", {"note": "Manager approval by e-mail"})
    ]


def test_the_way_back_leads_to_the_tickets_own_contact(stage: Stage, desk: Desk) -> None:
    pod, case = chosen(stage, desk)
    pod.button("Back to the ticket's contact").click()
    expect(pod.heading("Ruth Calder")).to_be_visible()
    expect(pod.row(case.people[1])).to_have_count(0)
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")


def test_a_company_with_one_contact_says_so(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.button("Other contact").click()
    expect(pod.text("The company has no other contact in the PSA.")).to_be_visible()
    expect(pod.button("Use this contact")).to_have_count(0)


def test_connectwise_down_at_the_choice_says_so_and_leaves_the_caller_alone(stage: Stage, desk: Desk) -> None:
    case = stage.case(*NAMES)
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    stage.world.faults("connectwise", down="503")
    pod.button("Other contact").click()
    expect(pod.text("ConnectWise is in trouble (HTTP 503).")).to_be_visible()
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
