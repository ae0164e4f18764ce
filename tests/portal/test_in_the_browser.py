"""The portal in Chromium: by eye of an accessibility checker, by keyboard, and the few lines of script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from portal_rig import ADMIN, KEYS, PASSWORDS, Emulators, on_one_database
from werkzeug.serving import make_server

from podserver.database import db, now, writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import service
from podserver.tenancy import bind_tenant

pytestmark = [pytest.mark.browser, on_one_database]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_page(headless: Chromium, address: str) -> Iterator[Any]:
    """Open the portal at a width and in a colour scheme, signed in by keyboard alone."""
    contexts = []

    def opened(width: int = 1280, scheme: Any = "light") -> Page:
        context = headless.new_context(
            base_url=address, viewport={"width": width, "height": 800}, color_scheme=scheme,
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto("/sign-in")
        expect(page.get_by_label("E-mail")).to_be_focused()
        page.keyboard.type(ADMIN)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORDS[ADMIN])
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()


def connect(page: Page, emulators: Emulators) -> None:
    page.goto("/integrations/connectwise/new")
    for label, value in (
        ("Site", emulators.url), ("Company", "northgate"), ("Public Key", KEYS["public_key"]),
        ("Private Key", KEYS["private_key"]), ("Client ID", KEYS["client_id"]),
    ):  # fmt: skip
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Validate").click()
    expect(page.get_by_text("ConnectWise confirmed the keys")).to_be_visible()


def judge(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, (where, [(each["id"], each["nodes"][0]["html"]) for each in found])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the window"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_no_page_breaks_a_rule_of_accessibility_or_the_width(
    open_page: Any, app: Flask, emulators: Emulators, width: int, scheme: str
) -> None:
    with app.app_context():
        session = db.session()
        bind_tenant(session, 1)
        dana = Subject("v", None, "48213", "77", "Dana Whitfield", "Larkfield Dental", "+1 ••• ••• ••42", "sms_code")
        with writing(session):
            record(session, now(), Entry(Kind.REQUESTED, dana, "Sam"), Entry(Kind.VERIFIED, dana, "Sam"),
                   Entry(Kind.FAILED, dana, "Sam", {"reason": "the phone is off"}))  # fmt: skip
    page = open_page(width, scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    judge(page, "overview")
    connect(page, emulators)
    judge(page, "validated")
    page.get_by_role("button", name="Install the pod").click()
    expect(page.get_by_text("ServiceTicket: created")).to_be_visible()
    judge(page, "installed")
    history = ("/history", "/history?what=all", "/history?text=nobody")
    for path in (
        *history,
        "/integrations",
        "/messages",
        "/duo",
        "/duo/auth",
        "/users",
        "/users/1",
        "/users/new",
        "/account",
        "/settings",
    ):
        page.goto(path)
        judge(page, path)
    assert not complaints
    page.goto("/settings")
    page.get_by_label("Messages an hour, each technician").fill("eleven")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Messages an hour, each technician")).to_have_value("eleven")
    judge(page, "a wrong setting")
    page.goto("/users/1")
    page.get_by_role("button", name="Make a link").click()
    judge(page, "a link to set a password")
    link = page.locator("#password-link").inner_text()
    for address, name in ((link.partition("8000")[2], "setting a password"), ("/password/spent", "a spent link")):
        page.goto(address)
        judge(page, name)
    assert [each for each in complaints if "410" not in each] == []
    page.goto("/nowhere")
    judge(page, "an error")
    page.context.clear_cookies()
    page.goto("/sign-in")
    judge(page, "sign-in")


def test_copy_puts_the_pod_url_on_the_clipboard_and_says_so(open_page: Any, emulators: Emulators) -> None:
    page = open_page()
    connect(page, emulators)
    page.get_by_role("button", name="Copy the pod URL").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#announce")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#pod-url").inner_text()


def test_the_line_about_the_last_load_changes_by_itself(open_page: Any, app: Flask, emulators: Emulators) -> None:
    page = open_page()
    connect(page, emulators)
    page.goto("/integrations/1")
    expect(page.get_by_text("Not loaded yet.")).to_be_visible()
    with app.app_context():
        session = db.session()
        bind_tenant(session, 1)
        with writing(session):
            service.note_loaded(session, service.integration(session, 1), emulators.url, now())
    expect(page.get_by_text(f"UTC from {emulators.url}")).to_be_visible(timeout=8000)


def test_a_double_click_sends_a_form_once(open_page: Any) -> None:
    page = open_page()
    page.goto("/settings")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.get_by_role("button", name="Save").dblclick(no_wait_after=True)
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert len(sent) == 1


def test_the_first_tab_leads_past_the_navigation(open_page: Any) -> None:
    page = open_page()
    page.goto("/users")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Add a user")).to_be_focused()
