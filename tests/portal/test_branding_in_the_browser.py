"""The pages of mail and branding in Chromium: accessibility, widths, both colour schemes, and the strict policy."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect
from portal_rig import ADMIN, PASSWORDS, on_one_database
from sqlalchemy import select
from werkzeug.serving import make_server

from podserver.database import db
from podserver.delivery.models import OutboxRow
from podserver.tenancy import across_tenants

pytestmark = [pytest.mark.browser, on_one_database]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# What mail programs know: a letter is a fragment of tables, without landmarks of a page.
OF_A_LETTER = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_page(headless: Browser, address: str) -> Iterator[Any]:
    """Open the portal at a width and in a colour scheme, signed in."""
    contexts = []

    def opened(width: int, scheme: Any) -> Page:
        context = headless.new_context(base_url=address, viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(ADMIN)
        page.get_by_label("Password").fill(PASSWORDS[ADMIN])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()


def judge(page: Page, where: str, rules: dict[str, Any] = RULES) -> None:
    found = Axe().run(page, options=rules).response["violations"]
    assert not found, (where, [(each["id"], each["nodes"][0]["html"]) for each in found])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is wider than the window"
    folder = os.environ.get("PODSERVER_TEST_PICTURES")
    if folder:
        size = page.viewport_size or {"width": 0}
        scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
        page.screenshot(path=f"{folder}/{where}-{size['width']}-{scheme}.png", full_page=True)


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A logo as designers make them: wide, dark letters, nothing behind them."""
    picture = Image.new("RGBA", (1200, 320))
    drawn = ImageDraw.Draw(picture)
    drawn.rounded_rectangle((0, 0, 319, 319), 70, fill=(11, 110, 58, 255))
    drawn.rectangle((400, 110, 1190, 210), fill=(20, 22, 30, 255))
    picture.save(tmp_path / "logo.png")
    return tmp_path / "logo.png"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_no_page_breaks_a_rule_of_accessibility_the_width_or_the_policy(
    open_page: Any, logo: Path, width: int, scheme: str
) -> None:
    page = open_page(width, scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.text} {message.location.get('url', '')}"))
    for where in ("mail", "branding"):
        page.goto(f"/{where}")
        judge(page, where)
    page.get_by_label("Colour").fill("#ffd400")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("White cannot be read on #ffd400")).to_be_visible()
    judge(page, "branding-wrong")
    page.get_by_label("Colour").fill("#0b6e3a")
    page.get_by_label("Logo").set_input_files(logo)
    page.get_by_label("Signature").fill("Your help desk\nNorthgate IT")
    page.get_by_label("Footer").fill("12 Harbour Road, Springfield")
    page.get_by_label("Help desk's telephone").fill("+1 202 555 0100")
    page.get_by_label("Language of calls").select_option("de-DE")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Language of calls")).to_have_value("de-DE")
    judge(page, "branding-saved")
    page.goto("/mail")
    for label, value in (("Host", "smtp.northgate.example"), ("From", "support@northgate.example")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Save without asking the server").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="Send a test letter").click()
    expect(page.get_by_text("The letter is on its way to your own address.")).to_be_visible()
    judge(page, "mail-saved")
    for kind in ("code", "link", "microsoft"):
        page.goto(f"/branding/letters/{kind}")
        assert page.locator("img").evaluate("image => image.complete && image.naturalWidth > 0")
        judge(page, f"letter-{kind}", OF_A_LETTER)
    page.goto("/branding/link")
    judge(page, "link-page", OF_A_LETTER)
    assert not complaints


def test_the_line_about_the_trial_letter_changes_by_itself(open_page: Any, app: Flask) -> None:
    page = open_page(1280, "light")
    page.goto("/mail")
    for label, value in (("Host", "localhost"), ("From", "support@northgate.example")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Save without asking the server").click()
    page.get_by_role("button", name="Send a test letter").click()
    expect(page.locator("#trial")).to_contain_text("on its way")
    app.extensions["exchange"].channels["mail"]._local_hosts = frozenset()
    with app.app_context(), across_tenants(db.session()):
        (row_id,) = db.session.scalars(select(OutboxRow.id))
    app.extensions["deliver"](row_id)
    expect(page.locator("#trial")).to_contain_text("it was not sent: the mail server is inside our own network")
    expect(page.locator("#trial")).not_to_have_attribute("hx-get", "/mail/letter")
