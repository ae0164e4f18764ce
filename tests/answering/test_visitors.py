"""The zoo: everything that opens links and is not the person they were sent to. docs/link-visitors.md tells of each.

All but the last look, press or fill and change nothing. The last cannot be told from a person by its press, and is
stopped by the number that it was not told.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from link_rig import BRISK, Link, Northgate, Person, fields, heading
from parts import AS_A_PERSON
from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import Error as Interrupted
from requests.adapters import HTTPAdapter

from podserver.answering.press import QUICKEST
from podserver.verification.methods.link import typed_number
from podserver.verification.models import State

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PREVIEWS = (
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Mozilla/5.0 (compatible; Google-PageRenderer Google (+https://developers.google.com/+/web/snippet/))",
    # A gateway that says nothing of itself.
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246",
)


class From(HTTPAdapter):
    """Connections that come from one address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **kwargs)


@pytest.fixture(params=[True, False], ids=["with a number", "without"])
def link(request: pytest.FixtureRequest, northgate: Northgate) -> Link:
    """A link that was sent a moment ago."""
    return northgate.link(digits=request.param)


def still_works(northgate: Northgate, dana: Person, link: Link) -> bool:
    """Whether the visitor left nothing behind, and the person can still answer."""
    assert northgate.untouched(link), northgate.kinds(link)
    said = heading(dana.press(link, "validate", link.number).text)
    return said.startswith("Validated") and northgate.state(link) == State.VERIFIED


# --- Visitors that look -----------------------------------------------------------------------------------------


def test_one_that_asks_for_the_head(northgate: Northgate, dana: Person, link: Link) -> None:
    for _ in range(3):
        answer = dana.http.head(dana.address + link.path, timeout=10)
        assert (answer.status_code, answer.content) == (200, b"")
    assert still_works(northgate, dana, link)


def test_one_that_looks_twice_from_two_addresses(northgate: Northgate, dana: Person, link: Link) -> None:
    for source in ("127.0.0.2", "127.0.0.3"):
        with requests.Session() as visitor:
            visitor.trust_env = False
            visitor.mount("http://", From(source))
            assert heading(visitor.get(dana.address + link.path, timeout=10).text).startswith("Are you on the phone")
    assert still_works(northgate, dana, link)


def test_those_that_make_previews(northgate: Northgate, dana: Person, address: str, link: Link) -> None:
    for agent in PREVIEWS:
        visitor = Person(address, {"User-Agent": agent, "Accept": "text/html", "Range": "bytes=0-32768"})
        page = visitor.open(link)
        assert page.ok and 'content="noindex, nofollow"' in page.text and "og:" not in page.text
    assert still_works(northgate, dana, link)


def test_one_that_fetches_ahead(northgate: Northgate, dana: Person, link: Link) -> None:
    for ahead in ({"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
        assert dana.http.get(dana.address + link.path, headers=ahead, timeout=10).ok
    assert still_works(northgate, dana, link)


def test_one_that_tries_every_method(northgate: Northgate, dana: Person, link: Link) -> None:
    for method in ("OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        dana.http.request(method, dana.address + link.path, timeout=10)
        dana.http.request(method, dana.address + "/v/answer", timeout=10)
    assert still_works(northgate, dana, link)


# --- Visitors that press, without a browser ---------------------------------------------------------------------


def press_what_is_there(visitor: Person, link: Link, wait: float = 0, fill: str = "0") -> None:
    """Read the form of the page and send it with each of its buttons, every field filled."""
    for choice in ("validate", "deny", ""):
        form = fields(visitor.open(link).text)
        if not form:
            return
        filled = {name: value or fill for name, value in form.items()}
        time.sleep(wait)
        visitor.http.post(f"{visitor.address}/v/answer", data={**filled, "choice": choice}, timeout=10)


@pytest.mark.usefixtures("brisk")
def test_a_program_that_sends_the_form_by_its_own_name(northgate: Northgate, dana: Person, address: str) -> None:
    link = northgate.link()
    press_what_is_there(Person(address, {}), link, wait=BRISK)
    assert still_works(northgate, dana, link)


def test_a_program_in_a_persons_clothes_that_does_not_wait(northgate: Northgate, dana: Person, address: str) -> None:
    link = northgate.link()
    for fill in ("0", "00", ""):
        press_what_is_there(Person(address), link, fill=fill)
    assert still_works(northgate, dana, link)


@pytest.mark.usefixtures("brisk")
def test_a_program_in_a_persons_clothes_that_waits_and_fills_every_field(
    northgate: Northgate, dana: Person, address: str
) -> None:
    link = northgate.link()
    press_what_is_there(Person(address), link, wait=BRISK)
    assert still_works(northgate, dana, link)


# --- Visitors with a browser ------------------------------------------------------------------------------------


@pytest.fixture
def disguised(headless: Browser) -> Iterator[BrowserContext]:
    """A headless browser that hides what it is."""
    context = headless.new_context(**AS_A_PERSON)
    yield context
    context.close()


@pytest.fixture(params=[{}, AS_A_PERSON], ids=["by its name", "in a person's clothes"])
def robot(request: pytest.FixtureRequest, headless: Browser) -> Iterator[BrowserContext]:
    """A headless browser, which says so in its headers or hides it."""
    context = headless.new_context(**request.param)
    context.set_default_timeout(10_000)
    yield context
    context.close()


BUTTONS = "button, input[type=submit]"
FIELDS = "input:not([type=hidden])"


def settle(page: Page) -> None:
    """Wait until the browser has nothing under way."""
    page.wait_for_timeout(800)
    page.wait_for_load_state()


def show(page: Page, address: str) -> None:
    """Open a page, also where a busy machine is still at the answer to the press before."""
    for _ in range(5):
        with contextlib.suppress(Interrupted):
            page.goto(address)
            return
        settle(page)
    page.goto(address)


@pytest.mark.browser
def test_a_browser_that_runs_scripts_scrolls_and_hovers(
    northgate: Northgate, dana: Person, robot: BrowserContext
) -> None:
    link = northgate.link()
    page = robot.new_page()
    show(page, dana.address + link.path)
    for element in page.query_selector_all("a, button, label, input:not([type=hidden])"):
        element.hover(force=True)
        element.dispatch_event("focus")
    page.mouse.wheel(0, 2000)
    page.evaluate("for (const form of document.forms) form.checkValidity()")
    page.reload()
    settle(page)
    assert still_works(northgate, dana, link)


def click_at_once(page: Page) -> None:
    page.evaluate(f"document.querySelectorAll({BUTTONS!r}).forEach((button) => button.click())")


def send_every_form(page: Page) -> None:
    page.evaluate("for (const form of document.forms) form.submit()")


def click_in_turn(page: Page) -> None:
    """Press each button of the page as a hand would, coming back to the page for the next."""
    address = page.url
    for number in range(len(page.query_selector_all(BUTTONS))):
        show(page, address)
        buttons = page.query_selector_all(BUTTONS)
        if number < len(buttons):
            buttons[number].click(force=True, no_wait_after=True)
            settle(page)


@pytest.mark.browser
@pytest.mark.parametrize("press", [click_at_once, send_every_form, click_in_turn])
def test_a_browser_that_presses_every_button(
    northgate: Northgate, dana: Person, robot: BrowserContext, press: Callable[[Page], None]
) -> None:
    link = northgate.link()
    page = robot.new_page()
    show(page, dana.address + link.path)
    press(page)
    settle(page)
    assert still_works(northgate, dana, link)


@pytest.mark.browser
@pytest.mark.usefixtures("brisk")
def test_a_browser_that_presses_every_button_at_once_after_a_while(
    northgate: Northgate, dana: Person, disguised: BrowserContext
) -> None:
    link = northgate.link()
    page = disguised.new_page()
    show(page, dana.address + link.path)
    page.wait_for_timeout(BRISK * 1000 + 100)
    # The last button counts, and people do not see that one.
    click_at_once(page)
    settle(page)
    assert still_works(northgate, dana, link)


@pytest.mark.browser
@pytest.mark.usefixtures("brisk")
def test_a_script_in_the_page_that_waits_and_presses(
    northgate: Northgate, dana: Person, disguised: BrowserContext
) -> None:
    link = northgate.link()
    page = disguised.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.add_init_script(
        "setTimeout(() => { const field = document.getElementById('number'); if (field) field.value = '47';"
        f" document.querySelector('button').click(); }}, {BRISK * 1000 + 100})"
    )
    show(page, dana.address + link.path)
    page.wait_for_timeout(BRISK * 1000 + 800)
    assert "POST" in asked, "it did press"
    assert still_works(northgate, dana, link)


@pytest.mark.browser
def test_a_browser_that_fills_every_field_with_zeros_and_presses_every_button_in_turn(
    northgate: Northgate, dana: Person, disguised: BrowserContext
) -> None:
    link = northgate.link(digits=True)
    page = disguised.new_page()
    for fill, wait in (("0", 0.0), ("00", QUICKEST.total_seconds() + 0.1)):
        for number in range(3):
            show(page, dana.address + link.path)
            for each in page.query_selector_all(FIELDS):
                each.fill(fill, force=True)
            page.wait_for_timeout(wait * 1000)
            page.query_selector_all(BUTTONS)[number].click(force=True, no_wait_after=True)
            settle(page)
    assert still_works(northgate, dana, link)


# --- The one that cannot be told apart --------------------------------------------------------------------------


def press_like_a_person(page: Page, address: str, button: str, typed: str = "") -> None:
    """See only what people see, wait as long as people do, and press with a pointer."""
    show(page, address)
    page.wait_for_timeout(BRISK * 1000 + 100)
    if page.locator("#number").count():
        page.locator("#number").fill(typed)
    page.get_by_role("button", name=button).click(no_wait_after=True)
    settle(page)


@pytest.mark.browser
@pytest.mark.usefixtures("brisk")
def test_one_that_presses_like_a_person_is_stopped_by_the_number(
    northgate: Northgate, dana: Person, disguised: BrowserContext
) -> None:
    link = northgate.link(digits=True)
    page = disguised.new_page()
    for typed in ("", "0"):
        press_like_a_person(page, dana.address + link.path, "Validate", typed)
        assert northgate.untouched(link), "the browser does not even send it"
    press_like_a_person(page, dana.address + link.path, "Validate", "00")
    assert northgate.state(link) == State.PENDING and northgate.kinds(link) == ["requested", "wrong number"]
    press_like_a_person(page, dana.address + link.path, "Validate", "01")
    assert northgate.state(link) == State.LOCKED, "it burned the link, and did not verify"


@pytest.mark.browser
@pytest.mark.usefixtures("brisk")
def test_one_that_presses_like_a_person_gets_through_where_no_number_is_asked(
    northgate: Northgate, dana: Person, disguised: BrowserContext
) -> None:
    """Said in the docs, and why e-mail links ask for a number unless an admin decides otherwise."""
    link = northgate.link()
    page = disguised.new_page()
    press_like_a_person(page, dana.address + link.path, "Validate")
    assert northgate.state(link) == State.VERIFIED


def test_zeros_are_never_the_number(northgate: Northgate) -> None:
    numbers = {typed_number(northgate.seeds.tenant.hash_key, f"v{n}") for n in range(3000)}
    assert numbers == {str(n) for n in range(10, 100)}
