"""The phone page in Chromium while calls come in: by mouse, by keyboard, at the size it has on the desk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from twilio.twiml.voice_response import Say, VoiceResponse
from twilio_rig import DANA, Emulator, wait_for
from voice_rig import VoiceServer, menu
from werkzeug.serving import make_server

from emulators.app import create_app
from emulators.twilio import FROM_NUMBER

pytestmark = pytest.mark.browser
DESK_PHONE = {"width": 324, "height": 640}
CARLA = "+12025550127"


def with_a_ticket_beside(app: Flask) -> Flask:
    """Adds a page that has a field to type in, and the phone in a frame."""
    page = f"<title>Ticket</title><input id='code'><iframe id='phone' src='/phone/{DANA}?embed=1'></iframe>"
    app.add_url_rule("/beside", view_func=lambda: page)
    return app


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """All stand-ins, the desk among them."""
    server = make_server("127.0.0.1", 0, with_a_ticket_beside(create_app()), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


@pytest.fixture
def phone(origin: str) -> Emulator:
    """The emulator on its first day, with speech fast enough for a test and slow enough to be seen."""
    requests.post(f"{origin}/_emulator/twilio/reset", timeout=5).raise_for_status()
    emulator = Emulator(origin)
    emulator.pace(queued=0.02, dialing=0.02, pick_up=0.02, word=0.01, second=0.5)
    return emulator


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    context = headless.new_context(viewport=DESK_PHONE, reduced_motion="reduce")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def dial(phone: Emulator, voice: VoiceServer) -> Callable[..., str]:
    """Places a call that wants a key and then says a code."""
    say = Say(voice="Polly.Joanna-Neural")
    say.prosody("Your code is", rate="slow")
    say.say_as("870412", interpret_as="digits")
    code = VoiceResponse()
    code.append(say)
    voice.answers("/voice", menu("/key", timeout=60))
    voice.answers("/key", code)

    def one(number: str = DANA) -> str:
        return str(phone.client().calls.create(to=number, from_=FROM_NUMBER, url=voice.url("/voice")).sid)

    return one


def open_phone(page: Page, phone: Emulator) -> None:
    page.goto(f"{phone.origin}/phone/{DANA}?embed=1")
    expect(page.get_by_text("No messages yet")).to_be_visible()


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]


def test_a_call_comes_over_the_texts_is_answered_and_its_words_are_read_along(page, phone, dial):
    open_phone(page, phone)
    call = page.get_by_role("dialog", name="+1 202 555 0100")
    expect(call).to_be_hidden()
    dial()
    expect(call).to_contain_text("Incoming call")
    expect(page.get_by_label("Reply", exact=True)).not_to_be_focused()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("log")).to_contain_text("Press 1 to hear your code.")
    expect(call).to_contain_text("Press a key")
    page.get_by_role("button", name="1", exact=True).click()
    expect(page.get_by_role("log").locator(".code")).to_have_text("8 7 0 4 1 2")
    expect(call).to_contain_text("Call ended")
    page.get_by_role("button", name="Done").click()
    expect(call).to_be_hidden()
    page.get_by_label("Reply", exact=True).fill("Thank you")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem")).to_contain_text("Thank you")


def test_everything_works_by_keyboard(page, phone, dial):
    open_phone(page, phone)
    dial()
    expect(page.get_by_role("button", name="Answer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Press a key")
    page.keyboard.press("1")
    expect(page.get_by_role("log")).to_contain_text("Pressed 1")
    expect(page.get_by_role("button", name="Done")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_label("Reply", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Calls")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("listitem").locator(".code")).to_have_text("8 7 0 4 1 2")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Calls")).to_be_focused()


def test_the_person_can_hang_up(page, phone, dial):
    open_phone(page, phone)
    dial()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("log")).to_contain_text("Press 1")
    page.get_by_role("button", name="Hang up").click()
    expect(page.get_by_role("dialog")).to_contain_text("Call ended")
    assert phone.calls()[0]["status"] == "completed"


def test_a_declined_call_and_a_missed_one_are_in_the_list_only(page, phone, dial):
    open_phone(page, phone)
    dial()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    missed = dial()
    expect(page.get_by_role("dialog")).to_be_visible()
    phone.client().calls(missed).update(status="canceled")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Calls").click()
    expect(page.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("listitem").nth(0)).to_contain_text("Missed")
    expect(page.get_by_role("listitem").nth(1)).to_contain_text("Busy")
    requests.post(f"{phone.origin}/_emulator/twilio/reset", timeout=5)
    expect(page.get_by_role("listitem")).to_have_count(0)
    expect(page.get_by_role("button", name="Calls")).to_be_hidden()


def test_a_call_that_voicemail_takes_can_be_followed_but_not_touched(page, phone, dial):
    phone.number(DANA, call_script="machine")
    open_phone(page, phone)
    dial()
    expect(page.get_by_role("dialog")).to_contain_text("Voicemail has taken the call")
    expect(page.get_by_role("log")).to_contain_text("You have reached the voicemail of Dana Whitfield")
    expect(page.get_by_role("log")).to_contain_text("Press 1 to hear your code.")
    expect(page.get_by_role("button", name="Hang up")).to_be_hidden()
    expect(page.get_by_role("group", name="Keypad")).to_be_hidden()


def test_a_phone_that_a_script_leaves_ringing_does_not_ring_here(page, phone, dial):
    phone.number(DANA, call_script="no_answer")
    open_phone(page, phone)
    dial()
    wait_for(lambda: phone.calls()[0]["status"] == "ringing")
    page.wait_for_timeout(1200)
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_call_takes_the_focus_from_nobody_who_types_in_the_ticket(page, phone, dial):
    page.goto(f"{phone.origin}/beside")
    page.locator("#code").click()
    page.keyboard.type("87")
    dial()
    answer = page.frame_locator("#phone").get_by_role("button", name="Answer")
    expect(answer).to_be_visible()
    page.keyboard.type("0412")
    expect(page.locator("#code")).to_have_value("870412")
    answer.click()
    expect(page.frame_locator("#phone").get_by_role("log")).to_contain_text("Press 1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_a_call_has_an_accessibility_violation(page, phone, dial, scheme):
    page.emulate_media(color_scheme=scheme)
    open_phone(page, phone)
    dial()
    expect(page.get_by_role("button", name="Answer")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("dialog")).to_contain_text("Press a key")
    assert violations(page) == []
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="Done")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Done").click()
    assert violations(page) == []
    page.get_by_role("button", name="Calls").click()
    page.locator("summary").click()
    assert violations(page) == []


def check_fit(page: Page) -> None:
    size = page.viewport_size
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        size["width"],
        size["height"],
    ]
    for target in page.locator("#call button:visible, #past button:visible, #past summary:visible").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


@pytest.mark.parametrize("size", [(324, 640), (300, 640), (300, 480), (390, 844)], ids=str)
def test_every_state_fits_and_its_targets_are_44_pixels_or_more(page, phone, dial, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_phone(page, phone)
    dial()
    expect(page.get_by_role("button", name="Answer")).to_be_visible()
    check_fit(page)
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("dialog")).to_contain_text("Press a key")
    check_fit(page)
    assert page.get_by_role("log").bounding_box()["height"] >= 56
    page.keyboard.press("1")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Calls").click()
    check_fit(page)
    last = page.locator("#past-calls").bounding_box()
    assert last["width"] <= size[0]
