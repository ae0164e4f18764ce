"""Every way to verify, in the pod inside its ticket and on the caller's phone: one good end and one bad end of each.

Duo and Microsoft know the people of the demo alone, so their tests make tickets for those; the others make people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from parts import AS_A_PERSON
from playwright.sync_api import FrameLocator, Page, expect
from pod_rig import Case, Desk, Pod, Stage
from world import wait_for

# A link's page acts on nobody who presses before they can have read it.
READING_MS = 2_100

LARKFIELD, HARBOR, FERRER = 250, 251, 252
DANA, MARCUS, THEO, WEI, LUCIA = 77, 78, 80, 84, 85


class Phone:
    """The caller's phone on the desk; what comes to it must bring its app to the front by itself."""

    def __init__(self, desk: Desk, page: Page) -> None:
        self.desk = desk
        self.screen = page.frame_locator("#phone")
        # Before anything comes: what is there when the phone is picked up is no news.
        expect(self.screen.locator("#clock")).not_to_be_empty()

    def app(self, name: str) -> FrameLocator:
        """The page inside an app that is in front."""
        self.in_front(name)
        return self.screen.frame_locator(f"#{name.lower()}-frame")

    def in_front(self, name: str) -> None:
        """Wait until an app is in front."""
        expect(self.screen.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")

    @property
    def letter(self) -> FrameLocator:
        """The HTML of the letter that came."""
        return self.app("Mail").frame_locator("iframe")

    def press(self, app: str, button: str) -> None:
        """Press a button of the push that came."""
        self.in_front(app)
        self.screen.get_by_role("button", name=button, exact=True).click()

    def follow(self, app: str) -> Page:
        """Open the link that came, in a new tab as phones do, and take the time to read its page."""
        place = self.letter if app == "Mail" else self.app(app)
        link = place.get_by_role("link", name=re.compile(r"^(Open the page|http)")).first
        with self.desk.context.expect_page() as opened:
            link.click()
        page = opened.value
        expect(page.get_by_role("heading", name="Are you on the phone with us right now?")).to_be_visible()
        page.wait_for_timeout(READING_MS)
        return page


@pytest.fixture(autouse=True)
def providers(stage: Stage) -> Iterator[None]:
    """Nothing of one test's mail, pushes and faults is left for the next."""
    yield
    for part in ("mail", "duo"):
        requests.post(f"{stage.world.emulators}/_emulator/{part}/reset", timeout=5).raise_for_status()
    # Not reset, or it would forget what its administrator gave us.
    stage.world.mend("entra")


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    """Sam's browser, in Sam's own hands."""
    return new_desk(**AS_A_PERSON)


def sit_down(desk: Desk, ticket: int) -> tuple[Pod, Phone]:
    """Open the desk: the pod inside its ticket, and the caller's phone beside it."""
    page = desk.context.new_page()
    page.goto(f"{desk.stage.world.emulators}/?ticket={ticket}")
    pod = Pod(page, desk.stage, framed=False)
    pod.root = page.frame_locator("#psa").frame_locator(".pod iframe")
    return pod, Phone(desk, page)


@pytest.fixture
def demo(stage: Stage, desk: Desk) -> Iterator[Callable[[int, int], tuple[Pod, Phone, str]]]:
    """Sits down at a new ticket of somebody of the demo, and says its number; nothing locks them afterwards."""
    asked: list[int] = []

    def open_for(company: int, contact: int) -> tuple[Pod, Phone, str]:
        asked.append(contact)
        ticket = stage.ticket(company, contact)
        return *sit_down(desk, ticket), str(ticket)

    yield open_for
    for contact in asked:
        stage.product.unlock(contact)


def start(pod: Pod, row: str, control: str) -> None:
    """Press a way to verify, in a row or in its menu."""
    first = pod.row(row).get_by_role("button", name=control, exact=True)
    expect(pod.row(row)).to_be_visible()
    if first.is_visible():
        first.click()
    else:
        pod.choose(row, control)


def note(stage: Stage, ticket: int | str) -> str:
    """The one note that the ticket gets."""
    wait_for("the note", lambda: stage.world.notes(str(ticket)))
    (text,) = stage.world.notes(str(ticket))
    return text


def verified(stage: Stage, pod: Pod, row: str, how: str, ticket: int | str, minutes: int = 60) -> None:
    """The row is green, and the ticket says how."""
    expect(pod.row(row)).to_contain_text(f"Verified {minutes} min", timeout=12_000)
    assert note(stage, ticket).startswith("Caller verified.")
    assert f"How: {how}" in note(stage, ticket)


def failed(stage: Stage, pod: Pod, row: str, why: str, ticket: int | str) -> None:
    """The row says why nobody is verified, and so does the ticket."""
    expect(pod.row(row)).to_contain_text(re.compile(re.escape(why), re.IGNORECASE), timeout=12_000)
    assert not note(stage, ticket).startswith("Caller verified.")
    assert why.casefold() in note(stage, ticket).casefold()


# --- Links and codes -----------------------------------------------------------------------------------------------


def test_a_link_in_a_text_is_validated_on_the_phone(stage: Stage, desk: Desk, case: Case) -> None:
    pod, phone = sit_down(desk, case.ticket)
    start(pod, case.caller.mobile, "Send Link")
    page = phone.follow("Messages")
    expect(page.get_by_text(f"Ticket {case.ticket}")).to_be_visible()
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    verified(stage, pod, case.caller.mobile, "SMS link to +1 •••", case.ticket)


def test_a_link_that_nobody_asked_for_raises_the_alarm(stage: Stage, desk: Desk, case: Case) -> None:
    pod, phone = sit_down(desk, case.ticket)
    start(pod, case.caller.mobile, "Send Link")
    page = phone.follow("Messages")
    page.get_by_role("button", name="I did not ask for this").click()
    expect(page.get_by_role("heading", name="Thank you. Northgate IT has been told.")).to_be_visible()
    expect(pod.text("Ruth did not ask for this.")).to_be_visible()
    assert "did not ask" in note(stage, case.ticket)


def test_a_code_in_a_letter_is_read_out(stage: Stage, desk: Desk) -> None:
    case = stage.case(email=True)
    pod, phone = sit_down(desk, case.ticket)
    start(pod, case.caller.email, "Send Code")
    pod.answer(phone.letter.locator(".code").inner_text())
    verified(stage, pod, case.caller.email, "E-mail code to r•••@larkfield.example", case.ticket)


def test_a_letter_that_its_server_returns_says_so(stage: Stage, desk: Desk) -> None:
    case = stage.case()
    item = {"type": {"id": 1}, "value": "bounce@larkfield.example"}
    stage.post(f"/company/contacts/{case.caller.id}/communications", **item)
    pod, _ = sit_down(desk, case.ticket)
    start(pod, "bounce@larkfield.example", "Send Code")
    failed(stage, pod, "bounce@larkfield.example", "no such mailbox", case.ticket)


def test_the_number_that_the_technician_reads_out_is_typed_on_the_links_page(stage: Stage, desk: Desk) -> None:
    case = stage.case(email=True)
    pod, phone = sit_down(desk, case.ticket)
    start(pod, case.caller.email, "Send Link")
    page = phone.follow("Mail")
    page.get_by_label("Type the two digits").fill(pod.row(case.caller.email).locator(".digits").inner_text())
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    verified(stage, pod, case.caller.email, "E-mail link", case.ticket)


def test_a_number_that_is_wrong_twice_ends_the_link(stage: Stage, desk: Desk) -> None:
    case = stage.case(email=True)
    pod, phone = sit_down(desk, case.ticket)
    start(pod, case.caller.email, "Send Link")
    page = phone.follow("Mail")
    number = pod.row(case.caller.email).locator(".digits").inner_text()
    page.get_by_label("Type the two digits").fill("10" if number != "10" else "11")
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_text("That is not the number. You have one try left.")).to_be_visible()
    page.get_by_label("Type the two digits").fill("12" if number != "12" else "13")
    page.wait_for_timeout(READING_MS)
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_role("heading", name="This request has ended.")).to_be_visible()
    failed(stage, pod, case.caller.email, "wrong number was typed twice", case.ticket)


def test_a_call_says_its_code_to_whoever_presses_a_key(stage: Stage, desk: Desk) -> None:
    case = stage.case(direct=True)
    quick = {"queued": 0.02, "dialing": 0.05, "pick_up": 0.05, "word": 0.02, "second": 0.3}
    requests.post(f"{stage.world.emulators}/_emulator/twilio/pace", json=quick, timeout=5).raise_for_status()
    pod, phone = sit_down(desk, case.ticket)
    start(pod, case.caller.direct, "Call")
    calls = phone.app("Messages")
    calls.get_by_role("button", name="Answer").click()
    expect(calls.get_by_role("log")).to_contain_text("press 1 to hear your code")
    calls.get_by_role("button", name="1", exact=True).click()
    spoken = calls.get_by_role("log").locator(".code").first
    expect(spoken).to_have_text(re.compile(r"^\d( \d){5}$"))
    pod.answer(spoken.inner_text().replace(" ", ""))
    verified(stage, pod, case.caller.direct, "Voice call to +1 •••", case.ticket)


def test_a_line_that_is_busy_says_so(stage: Stage, desk: Desk) -> None:
    case = stage.case(direct=True)
    stage.world.faults("twilio", call_script="busy")
    pod, _ = sit_down(desk, case.ticket)
    start(pod, case.caller.direct, "Call")
    failed(stage, pod, case.caller.direct, "busy", case.ticket)


# --- Pushes --------------------------------------------------------------------------------------------------------


def test_a_duo_push_is_approved(stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]) -> None:
    pod, phone, ticket = demo(LARKFIELD, DANA)
    start(pod, "Duo Mobile", "Duo Push")
    phone.in_front("Duo")
    shown = phone.screen.get_by_role("form", name="Help desk request")
    for words in ("Northgate IT", f"#{ticket} Cannot sign in", "Sam Okafor"):
        expect(shown).to_contain_text(words)
    phone.press("Duo", "Approve")
    verified(stage, pod, "Duo Mobile", "Duo push", ticket)


def test_a_verified_duo_push_takes_the_code_that_is_read_out(
    stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]
) -> None:
    pod, phone, ticket = demo(HARBOR, WEI)
    start(pod, "Duo Mobile", "Duo Push")
    phone.in_front("Duo")
    phone.screen.get_by_label("Code from the help desk").fill(pod.row("Duo Mobile").locator(".digits").inner_text())
    phone.press("Duo", "Verify")
    verified(stage, pod, "Duo Mobile", "Duo push", ticket, minutes=15)
    expect(pod.row("Duo Mobile")).to_contain_text("strong")


def test_a_denied_duo_push_says_so(stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]) -> None:
    pod, phone, ticket = demo(LARKFIELD, DANA)
    start(pod, "Duo Mobile", "Duo Push")
    phone.press("Duo", "Deny")
    failed(stage, pod, "Duo Mobile", "the user pressed Deny in Duo Mobile", ticket)


def test_a_duo_push_that_is_reported_as_fraud_raises_the_alarm(
    stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]
) -> None:
    pod, phone, ticket = demo(FERRER, LUCIA)
    start(pod, "Duo Mobile", "Duo Push")
    phone.press("Duo", "Report fraud")
    expect(pod.text("Lucia did not ask for this.")).to_be_visible(timeout=12_000)
    assert "they did not ask for this" in note(stage, ticket)
    assert "By: Lucia Ferrer, on the push" in note(stage, ticket)


def test_an_authenticator_push_is_approved(stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]) -> None:
    pod, phone, ticket = demo(LARKFIELD, DANA)
    start(pod, "Microsoft Authenticator", "Authenticator Push")
    phone.press("Authenticator", "Approve")
    verified(stage, pod, "Microsoft Authenticator", "Authenticator push", ticket)


def test_an_authenticator_push_to_somebody_whose_default_is_sms_says_what_to_change(
    stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]
) -> None:
    pod, phone, ticket = demo(LARKFIELD, MARCUS)
    start(pod, "Microsoft Authenticator", "Authenticator Push")
    failed(stage, pod, "Microsoft Authenticator", "the preferred method is not the Authenticator app", ticket)
    expect(pod.row("Microsoft Authenticator")).to_contain_text("Default sign-in method")
    phone.screen.get_by_role("tab", name="Authenticator").click()
    expect(phone.screen.get_by_text("The default sign-in method is a texted code, not this app.")).to_be_visible()


# --- Sign-in and word ----------------------------------------------------------------------------------------------


def sign_in_as(phone: Phone, account: str) -> Page:
    """Follow the letter to Microsoft, and choose an account there."""
    page = phone.follow("Mail")
    page.get_by_role("button", name="Sign in with Microsoft").click()
    page.get_by_role("button", name=account).click()
    return page


def test_a_sign_in_at_microsoft_verifies_the_account_behind_the_address(
    stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]
) -> None:
    pod, phone, ticket = demo(LARKFIELD, THEO)
    start(pod, "theo@larkfield.example", "Send Microsoft Sign-in")
    page = sign_in_as(phone, "t.brandt@larkfield.example")
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    verified(stage, pod, "theo@larkfield.example", "Microsoft sign-in", ticket)


def test_a_sign_in_of_somebody_else_is_not_accepted(stage: Stage, demo: Callable[..., tuple[Pod, Phone, str]]) -> None:
    pod, phone, ticket = demo(LARKFIELD, THEO)
    start(pod, "theo@larkfield.example", "Send Microsoft Sign-in")
    page = sign_in_as(phone, "dana@larkfield.example")
    expect(page.get_by_role("heading", name="This sign-in was not accepted.")).to_be_visible()
    failed(stage, pod, "theo@larkfield.example", "d•••@larkfield.example", ticket)


def test_a_technicians_word_is_recorded_with_its_note_and_never_green(stage: Stage, desk: Desk) -> None:
    case = stage.case(methods=["sms_code", "manual"])
    pod, _ = sit_down(desk, case.ticket)
    pod.root.get_by_text("Record by hand", exact=True).click()
    reason = pod.field("How do you know who this is?")
    reason.fill("  ")
    pod.button("Record").click()
    expect(pod.root.get_by_role("alert").filter(has_text=re.compile("."))).to_be_visible()
    assert stage.world.notes(str(case.ticket)) == []
    reason.fill("Stands at my desk, badge 1142 seen")
    pod.button("Record").click()
    expect(pod.row("In person")).to_contain_text("Recorded by hand 60 min")
    assert "Stands at my desk, badge 1142 seen" in note(stage, case.ticket)
    expect(pod.root.locator("li.verified")).to_have_count(0)
