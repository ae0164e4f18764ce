"""What the client's policy and the PSA's data make of the pod: banner, fold, strength, marks, other numbers, a word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from pod_rig import Case, Desk, Pod, Stage, spaced

BANNER = "Verify the caller before any password or MFA reset."


def fold(pod: Pod) -> Locator:
    """What the rows wait behind."""
    return pod.root.locator("summary", has_text="Verify the caller")


def colour_of(pod: Pod, name: str) -> str:
    """A colour of the style sheet as browsers report one."""
    written = pod.frame.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')").strip()
    red, green, blue = (int(written[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


# --- The banner ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", ["quiet", "amber", "red", "green"])
def test_the_policys_banner_stands_on_its_colour(stage: Stage, desk: Desk, colour: str) -> None:
    case = stage.case(banner=BANNER, banner_colour=colour)
    pod = desk.open(case.ticket)
    banner = pod.root.get_by_role("note")
    expect(banner).to_have_text(BANNER)
    ground = {"quiet": "panel", "amber": "wait-soft", "red": "bad-soft", "green": "good-soft"}[colour]
    expect(banner).to_have_css("background-color", colour_of(pod, ground))


def test_a_policy_without_a_banner_shows_none_and_another_client_has_its_own(stage: Stage, desk: Desk) -> None:
    plain, loud = stage.case("Omar Haddad"), stage.case()
    stage.product.allow(loud.company, loud.company_name, banner=f"{loud.company_name}: call the manager back.")
    pod = desk.open(plain.ticket)
    expect(pod.row(plain.caller)).to_contain_text("Unverified")
    expect(pod.root.get_by_role("note")).to_have_count(0)
    pod = desk.open(loud.ticket)
    expect(pod.root.get_by_role("note")).to_have_text(f"{loud.company_name}: call the manager back.")
    expect(pod.root.get_by_role("note").locator("strong")).to_have_text(f"{loud.company_name}:")


def test_a_banner_is_text_and_nothing_else(stage: Stage, desk: Desk) -> None:
    case = stage.case(banner="<img src=x onerror=alert(1)> {{7*7}}")
    pod = desk.open(case.ticket)
    expect(pod.root.get_by_role("note")).to_have_text("<img src=x onerror=alert(1)> {{7*7}}")


# --- The fold --------------------------------------------------------------------------------------------------------


def test_where_the_policy_does_not_show_verification_on_load_it_is_one_click_away(stage: Stage, desk: Desk) -> None:
    case = stage.case(show_on_load=False)
    pod = desk.open(case.ticket)
    expect(pod.heading("Ruth Calder")).to_be_visible()
    expect(pod.row(case.caller)).to_have_count(0)
    fold(pod).focus()
    pod.page.keyboard.press("Enter")
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    pod.page.reload()
    expect(pod.row(case.caller), "what is green is seen at once").to_contain_text("Verified 60 min")


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_what_has_something_to_say_is_not_folded(stage: Stage, desk: Desk, state: str) -> None:
    case = stage.case(show_on_load=False)
    pod = desk.open(case.ticket)
    fold(pod).click()
    if state == "failed":
        stage.world.faults("twilio", refuse_code=21614)
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.row(case.caller)).to_contain_text(state.capitalize())
    pod.page.reload()
    expect(pod.row(case.caller)).to_contain_text(state.capitalize())


def test_a_fold_opens_by_itself_when_another_technician_asks(stage: Stage, new_desk: Callable[..., Desk]) -> None:
    case = stage.case(show_on_load=False)
    sam, priya = new_desk("sam").open(case.ticket), new_desk("priya").open(case.ticket)
    expect(fold(priya)).to_be_visible()
    fold(sam).click()
    sam.send(case.caller)
    priya.look()
    expect(priya.row(case.caller)).to_contain_text("Pending")


# --- Strength, and where it counts -----------------------------------------------------------------------------------


def test_the_shield_says_how_strong_the_proof_is_and_why(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    row = pod.row(case.caller)
    expect(row).to_contain_text(f"Verified 60 min · fair · SMS code · by Sam on #{case.ticket}")
    why = row.get_by_role("button", name="fair", exact=True)
    reason = "A code to a phone on file proves the phone is in hand."
    expect(why).to_have_accessible_description(reason)
    expect(pod.text(reason)).to_be_hidden()
    why.focus()
    pod.page.keyboard.press("Enter")
    expect(pod.text(reason)).to_be_visible()
    pod.page.keyboard.press("Escape")
    expect(pod.text(reason)).to_be_hidden()
    expect(why).to_be_focused()
    expect(pod.history().first).to_contain_text("SMS code verified · fair")
    expect(pod.root.locator("details[open] .reason")).to_have_text(reason[0].lower() + reason[1:-1])


def test_a_method_below_the_policys_minimum_is_not_offered_and_an_earlier_proof_below_it_does_not_count(
    stage: Stage, desk: Desk, case: Case
) -> None:
    with stage.tools("sms"):
        pod = desk.open(case.ticket)
        pod.choose(case.caller, "Send Link")
        expect(pod.row(case.caller)).to_contain_text("Pending")
        stage.product.validate(case.caller.id)
        expect(pod.row(case.caller)).to_contain_text("Verified 60 min · weak")
        stage.product.allow(case.company, case.company_name, minimum_strength="C")
        pod.look()
        row = pod.row(case.caller)
        expect(row).to_contain_text("Unverified · verified, but only weak; this client's policy asks for fair")
        expect(row.get_by_role("button")).to_have_text("Send Code")


def test_a_shield_of_another_ticket_counts_unless_the_policy_says_no(stage: Stage, desk: Desk, case: Case) -> None:
    second = stage.ticket(case.company, case.caller.id, "Cannot print")
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    elsewhere = desk.open(second)
    expect(elsewhere.row(case.caller)).to_contain_text(f"· by Sam on #{case.ticket}")
    stage.product.allow(case.company, case.company_name, counts_elsewhere=False)
    elsewhere.look()
    words = f"Unverified · verified on #{case.ticket}, which does not count here"
    expect(elsewhere.row(case.caller)).to_contain_text(words)
    elsewhere.send(case.caller)
    elsewhere.answer(stage.code(case.caller, count=2))
    expect(elsewhere.row(case.caller)).to_contain_text(f"by Sam on #{second}")
    pod.look()
    expect(pod.row(case.caller), "its own proof still counts here").to_contain_text(f"by Sam on #{case.ticket}")


# --- Marks -----------------------------------------------------------------------------------------------------------


def test_a_number_that_is_no_mobile_in_the_psa_is_marked_before_the_send(stage: Stage, desk: Desk) -> None:
    case = stage.case(direct=True)
    pod = desk.open(case.ticket)
    direct = pod.row(case.caller.direct)
    expect(direct).to_contain_text("Not a mobile in the PSA")
    expect(direct.get_by_role("button", name="Send Code")).to_have_accessible_description(
        re.compile(re.escape(f"{spaced(case.caller.direct)} Direct Not a mobile in the PSA"))
    )
    expect(pod.row(case.caller)).not_to_contain_text("Not a mobile")


def test_a_number_that_was_changed_lately_is_marked_and_its_proof_is_weak(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    changed = stage.number()
    path = f"/company/contacts/{case.caller.id}/communications"
    stage.post(path, type={"id": 4}, value=changed.removeprefix("+1"))
    stage.age_details(minutes=5)
    pod.page.reload()
    expect(pod.row(changed)).to_contain_text("Changed in the PSA less than an hour ago")
    expect(pod.row(case.caller)).not_to_contain_text("Changed")
    pod.send(changed)
    pod.answer(stage.code(case.caller, of=changed))
    expect(pod.row(changed)).to_contain_text("Verified 60 min · weak")
    expect(pod.row(changed).get_by_role("button", name="weak", exact=True)).to_have_accessible_description(
        "The destination was changed in the PSA less than 72 hours ago."
    )
    marked = stage.sql("SELECT detail FROM history_events WHERE kind='requested' AND contact=:c", c=str(case.caller.id))
    assert [json.loads(detail) for (detail,) in marked] == [{"marks": ["changed in the PSA less than an hour ago"]}]


def test_a_number_that_several_contacts_have_is_marked(stage: Stage, desk: Desk, case: Case) -> None:
    items = [{"type": {"id": 4}, "value": case.caller.mobile.removeprefix("+1")}]
    twin = stage.make(
        "contacts", firstName="Omar", lastName="Haddad", company={"id": case.company}, communicationItems=items
    )["id"]
    pod = desk.open(stage.ticket(case.company, twin))
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Shared with another contact")


# --- A number that is not on file ------------------------------------------------------------------------------------


def typed(pod: Pod, number: str, control: str = "Send Code") -> None:
    """Type a number and send to it."""
    if not pod.field("Number that is not on file").is_visible():
        pod.root.get_by_text("Another number", exact=True).click()
    pod.field("Number that is not on file").fill(number)
    pod.root.locator("#typed").get_by_role("button", name=control).click()


def test_a_number_that_is_not_on_file_is_taken_where_the_policy_allows_it_and_counts_as_weak(
    stage: Stage, desk: Desk
) -> None:
    case = stage.case(adhoc_number=True)
    number = stage.number()
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    typed(pod, f"({number[2:5]}) {number[5:8]} {number[8:]}")
    row = pod.row(f"••• {number[-4:]}")
    expect(row).to_contain_text("not on file")
    expect(row).to_contain_text(re.compile(r"Pending [45]:\d\d"))
    expect(pod.field()).to_be_focused()
    expect(pod.field("Number that is not on file"), "the form is closed again").to_be_hidden()
    expect(row.get_by_role("link", name=re.compile("^Resend"))).to_have_count(0)
    pod.answer(stage.code(case.caller, of=number))
    expect(row).to_contain_text("Verified 60 min · weak · SMS code · by Sam")
    expect(row.get_by_role("button", name="weak", exact=True)).to_have_accessible_description(
        "The technician typed the destination, it is not on file."
    )
    expect(row.get_by_role("button")).to_have_count(1)


def test_what_is_no_number_is_said_and_a_number_on_file_is_what_it_is_on_file(stage: Stage, desk: Desk) -> None:
    case = stage.case(adhoc_number=True)
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    typed(pod, "12345")
    expect(pod.text("That is no valid phone number.")).to_be_visible()
    typed(pod, case.caller.mobile)
    expect(pod.row(case.caller)).to_contain_text("Pending")
    expect(pod.root.get_by_role("listitem")).to_have_count(1)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min · fair")


def test_a_policy_that_takes_only_numbers_on_file_or_more_strength_offers_no_other_number(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(pod.text("Another number")).to_have_count(0)
    strict = stage.case(adhoc_number=True, minimum_strength="C")
    pod = desk.open(strict.ticket)
    expect(pod.row(strict.caller)).to_contain_text("Unverified")
    expect(pod.text("Another number")).to_have_count(0)


def test_a_row_that_comes_from_elsewhere_leaves_what_is_being_typed_alone(
    stage: Stage, new_desk: Callable[..., Desk]
) -> None:
    case = stage.case(adhoc_number=True)
    sam, priya = new_desk("sam").open(case.ticket), new_desk("priya").open(case.ticket)
    expect(priya.row(case.caller)).to_contain_text("Unverified")
    sam.send(case.caller)
    sam.field().fill("123")
    sam.field().evaluate("field => { field.mark = 'the same element'; }")
    number = stage.number()
    typed(priya, number)
    sam.look()
    expect(sam.row(f"••• {number[-4:]}")).to_contain_text("Pending")
    mine = sam.row(case.caller).get_by_label("Enter Code Here")
    expect(mine).to_have_value("123")
    expect(mine).to_be_focused()
    assert mine.evaluate("field => field.mark") == "the same element"


# --- A technician's word ---------------------------------------------------------------------------------------------


def test_a_word_is_recorded_with_its_note_and_never_green(stage: Stage, new_desk: Callable[..., Desk]) -> None:
    case = stage.case(methods=["sms_code", "manual"])
    pod, other = new_desk("sam").open(case.ticket), new_desk("priya").open(case.ticket)
    expect(other.row(case.caller)).to_contain_text("Unverified")
    pod.root.get_by_text("Record by hand", exact=True).click()
    pod.field("How do you know who this is?").fill("it's her")
    pod.button("Record").click()
    expect(pod.text("Knowing a voice is not enough.").last).to_be_visible()
    assert stage.sql("SELECT * FROM verifications WHERE contact=:c", c=str(case.caller.id)) == []
    pod.field("How do you know who this is?").fill("Stands at my desk, badge 1142 seen")
    pod.button("Record").click()
    row = pod.row("In person")
    expect(row).to_contain_text(f"Recorded by hand 60 min · by Sam on #{case.ticket} · no proof")
    expect(row).to_be_focused()
    expect(row.get_by_role("button")).to_have_count(0)
    for part in (".state", ".word", "svg"):
        expect(row.locator(part)).not_to_have_css("color", colour_of(pod, "good"))
    expect(pod.field("How do you know who this is?")).to_be_hidden()
    note = stage.notes(case)[0]
    assert note.startswith("Caller's identity recorded by hand, without proof.")
    assert "How: Stands at my desk, badge 1142 seen" in note
    other.look()
    expect(other.row("In person")).to_contain_text("Recorded by hand")
    expect(pod.history().first).to_contain_text("Recorded by hand in person")


def test_a_policy_that_takes_no_word_offers_none(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(pod.text("Record by hand")).to_have_count(0)


# --- Nothing to show -------------------------------------------------------------------------------------------------


def test_where_nothing_is_set_up_the_pod_says_so_and_is_ready_as_soon_as_something_is(
    stage: Stage, desk: Desk, case: Case
) -> None:
    with stage.tools():
        pod = desk.open(case.ticket)
        sentence = "No way to reach people is set up yet. An admin adds one under Messages, Mail or Duo."
        expect(pod.text(sentence)).to_be_visible()
        expect(pod.root.get_by_role("listitem")).to_have_count(0)
        stage.product.set_tools(frozenset({"sms"}))
        pod.look()
        expect(pod.row(case.caller)).to_contain_text("Unverified")
        expect(pod.text(sentence)).to_have_count(0)


def test_a_contact_whom_no_allowed_way_reaches_is_told_of(stage: Stage, desk: Desk) -> None:
    case = stage.case(methods=["duo_push"])
    with stage.tools("sms", "duo"):
        pod = desk.open(case.ticket)
        expect(pod.row(case.caller)).to_contain_text("Unverified · SMS code is not allowed by this client's policy")
        expect(pod.row(case.caller).get_by_role("button")).to_be_disabled()


def test_a_caller_who_has_moved_to_another_company_gets_its_policy_after_a_word(stage: Stage, desk: Desk) -> None:
    case, other = stage.case(), stage.case("Omar Haddad", banner="Call the manager back.")
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    stage.patch(f"/company/contacts/{case.caller.id}", company={"id": other.company})
    stage.age_details(minutes=5)
    again = desk.open(case.ticket)
    expect(again.root.get_by_role("note")).to_have_text("Call the manager back.")
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.text("The caller belongs to another company now. Reload the pod.")).to_be_visible()
    assert stage.texts(case.caller.mobile) == []
    pod.button("Reload").click()
    expect(pod.root.get_by_role("note")).to_have_text("Call the manager back.")
    expect(pod.text("The caller belongs to another company now.")).to_have_count(0)
    pod.send(case.caller)
