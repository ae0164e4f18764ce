"""The pages in Chromium: the whole way of a sign-in link by keyboard, and every page by eye of a checker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from microsoft_rig import DANA, Link, Msp, Providers, on_one_database
from parts import AS_A_PERSON
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect
from seeds import PASSWORD
from werkzeug.serving import make_server

from emulators.__main__ import QuietHandler
from emulators.entra import HARBOR_TENANT, LARKFIELD_TENANT
from podserver.configuration import Settings
from podserver.database import now, writing
from podserver.microsoft import key_pair, push, service
from podserver.verification.models import State

pytestmark = [pytest.mark.browser, on_one_database, pytest.mark.filterwarnings("ignore:response_mode")]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
SECRET = "a-secret-of-larkfield"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of an application that is served where it says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return replace(settings, base_url=f"http://127.0.0.1:{probe.getsockname()[1]}")


@pytest.fixture
def address(app: Flask, settings: Settings) -> Iterator[str]:
    """Where the application is served."""
    port = int(settings.base_url.rpartition(":")[2])
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield settings.base_url
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_browser(headless: Chromium, address: str) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser of a width and a colour scheme."""
    contexts = []

    def opened(width: int = 1280, scheme: Any = "light") -> BrowserContext:
        context = headless.new_context(
            base_url=address, viewport={"width": width, "height": 800}, color_scheme=scheme, **AS_A_PERSON
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        return context

    yield opened
    for context in contexts:
        context.close()


def judge(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, (where, [(each["id"], each["nodes"][0]["html"]) for each in found])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the window"


def press_with_the_keyboard(page: Page, name: str) -> None:
    """Tab to a control and press it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText.replace(/\\s+/g, ' ').trim()").startswith(name):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"nothing that begins with {name!r} can be reached")


def read_the_question(page: Page, link: Link) -> None:
    """Open a link, and take the time that a person needs."""
    page.goto(link.path)
    expect(page.get_by_role("heading", name="Are you on the phone with us right now?")).to_be_visible()
    page.wait_for_timeout(2100)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_whole_way_of_a_sign_in_link_by_keyboard(
    msp: Msp, providers: Providers, open_browser: Callable[..., BrowserContext], width: int, scheme: str
) -> None:
    msp.register_app()
    msp.add_client(consented_at=now())
    link = msp.link()
    page = open_browser(width, scheme).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    read_the_question(page, link)
    judge(page, "the link's page")
    press_with_the_keyboard(page, "Sign in with Microsoft")
    expect(page.get_by_role("heading", name="Choose an account")).to_be_visible()
    assert page.url.startswith(f"{providers.plain}/{LARKFIELD_TENANT}/oauth2/v2.0/authorize")
    press_with_the_keyboard(page, "Dana Whitfield")
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    assert page.url.endswith(link.path)
    judge(page, "the end")
    assert msp.row(link).state == State.VERIFIED
    page.reload()
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    assert not complaints


def test_who_goes_back_may_begin_again(msp: Msp, open_browser: Callable[..., BrowserContext]) -> None:
    msp.register_app()
    link = msp.link()
    page = open_browser().new_page()
    read_the_question(page, link)
    page.get_by_role("button", name="Sign in with Microsoft").click()
    expect(page.get_by_role("heading", name="Choose an account")).to_be_visible()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Are you on the phone with us right now?")).to_be_visible()
    page.wait_for_timeout(2100)
    page.get_by_role("button", name="Sign in with Microsoft").click()
    page.get_by_role("button", name="Dana Whitfield").click()
    expect(page.get_by_role("heading", name="Validated. You can close this page.")).to_be_visible()
    assert msp.row(link).state == State.VERIFIED


def test_without_script_and_without_a_refresh_there_is_a_link_to_press(
    msp: Msp, providers: Providers, open_browser: Callable[..., BrowserContext]
) -> None:
    msp.register_app()
    link = msp.link()
    context = open_browser(390)
    context.route(f"{providers.plain}/**", lambda route: route.fulfill(status=204))
    page = context.new_page()
    read_the_question(page, link)
    page.get_by_role("button", name="Sign in with Microsoft").click()
    expect(page.get_by_role("link", name="Go on to Microsoft")).to_be_visible()
    judge(page, "leaving")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_of_a_sign_in_breaks_a_rule_of_accessibility(
    msp: Msp, providers: Providers, open_browser: Callable[..., BrowserContext], width: int, scheme: str
) -> None:
    msp.register_app()
    page = open_browser(width, scheme).new_page()
    link = msp.link()
    read_the_question(page, link)
    page.get_by_role("button", name="Sign in with Microsoft").click()
    page.get_by_role("button", name="Marcus Reyes").click()
    expect(page.get_by_role("heading", name="This sign-in was not accepted.")).to_be_visible()
    judge(page, "another account")
    providers.faults(authorize_error="server_error")
    read_the_question(page, msp.link("ingrid@larkfield.example", contact="79"))
    page.get_by_role("button", name="Sign in with Microsoft").click()
    expect(page.get_by_role("heading", name="You are not signed in.")).to_be_visible()
    judge(page, "trouble")
    page.get_by_role("link", name="Back to the question").click()
    expect(page.get_by_role("heading", name="Are you on the phone with us right now?")).to_be_visible()
    for path, heading in (("/microsoft/callback", "Open the link again."), ("/microsoft/consent", "Thank you")):
        page.goto(path)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        judge(page, path)


def signed_in(context: BrowserContext, msp: Msp) -> Page:
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(msp.address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_no_page_of_the_portal_breaks_a_rule_of_accessibility_or_the_width(
    msp: Msp, providers: Providers, open_browser: Callable[..., BrowserContext], width: int, scheme: str
) -> None:
    page = signed_in(open_browser(width, scheme), msp)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto("/microsoft")
    judge(page, "nothing set up")
    page.get_by_role("button", name="Validate").click()
    judge(page, "problems")
    msp.register_app()
    page.goto("/microsoft/clients/new?find=lark")
    judge(page, "a search")
    harbor = msp.add_client(HARBOR_TENANT, "251", "Harbor Legal").id
    page.goto(f"/microsoft/clients/{harbor}")
    judge(page, "a fresh client")
    page.get_by_role("button", name="Make a consent link").click()
    expect(page.get_by_role("link", name="Open Microsoft's page")).to_be_visible()
    judge(page, "a consent link")
    page.get_by_role("link", name="Open Microsoft's page").click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Harbor Legal has let the app in.")).to_be_visible()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("is granted").first).to_be_visible()
    judge(page, "a proof")
    page.get_by_role("button", name="Make a key pair").click()
    expect(page.get_by_role("region", name="Script")).to_be_visible()
    judge(page, "a script")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Refused")).to_be_visible()
    judge(page, "a refusal")
    with writing(msp.session) as session:
        row = service.client(session, harbor)
        push.keep_secret(session, row, SECRET, now() + timedelta(days=20), actor="tests", at=now())
        row.checked_at = now()
    page.reload()
    expect(page.get_by_text("Ends soon")).to_be_visible()
    page.get_by_label("The client has agreed to this in writing").check()
    page.get_by_role("button", name="Switch the push on").click()
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()
    judge(page, "switched on")
    page.goto("/microsoft")
    judge(page, "clients")
    assert not complaints


def test_the_line_about_a_credential_changes_by_itself(
    msp: Msp, providers: Providers, open_browser: Callable[..., BrowserContext]
) -> None:
    page = signed_in(open_browser(), msp)
    client = msp.add_client(secret=SECRET, credential_ends_at=now() + timedelta(days=90)).id
    providers.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET, activation_seconds=2)
    page.goto(f"/microsoft/clients/{client}")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Not active yet")).to_be_visible()
    msp.work(until=lambda: msp.client(client).checking_since is None)
    expect(page.get_by_text("Microsoft took it")).to_be_visible()
    page.get_by_role("link", name="Switch the push on").click()
    assert page.url.endswith("#switch")


def test_the_script_is_copied_whole(msp: Msp, open_browser: Callable[..., BrowserContext]) -> None:
    pair = key_pair.make("podserver push, Northgate IT", now())
    client = msp.add_client(certificate=pair.certificate, private_key=pair.private_key,
                            credential_ends_at=pair.ends_at).id  # fmt: skip
    context = open_browser()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = signed_in(context, msp)
    page.goto(f"/microsoft/clients/{client}")
    page.get_by_role("button", name="Copy the script").click()
    expect(page.locator("#announce")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert key_pair.base64_of(pair.certificate) in copied and copied.strip().endswith("Disconnect-MgGraph | Out-Null")
    assert DANA not in copied
