"""A ticketing profile in Chromium: the lists follow each other, nothing typed is lost, and the eye of a checker."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from seeds import PASSWORD
from ticketing_rig import Desk, Psa
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Pictures of what was judged, for somebody who wants to look; none where nobody says where.
PICTURES = os.environ.get("PODSERVER_TEST_PICTURES", "")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for pages."""
    return sqlite_url


@pytest.fixture
def page(headless: Browser, app: Flask, desk: Desk) -> Iterator[Page]:
    """The portal with Alex signed in."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    context = headless.new_context(base_url=f"http://127.0.0.1:{server.server_port}")
    context.set_default_timeout(8_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("alex@northgate.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    yield page
    context.close()
    server.shutdown()
    server.server_close()
    assert complaints == []


def judge(page: Page, name: str) -> None:
    """No rule of accessibility is broken and nothing is wider than the window, in three widths, light and dark."""
    for width in (600, 900, 1200):
        for scheme in ("light", "dark"):
            looks: Any = scheme
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=looks)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
            if PICTURES:
                page.screenshot(path=Path(PICTURES) / f"ticketing-{name}-{width}-{scheme}.png", full_page=True)
    for scheme in ("light", "dark"):
        looks = scheme
        page.emulate_media(color_scheme=looks)
        found = Axe().run(page, options=RULES).response["violations"]
        assert not found, (name, scheme, [(each["id"], each["nodes"][0]["html"]) for each in found])


def entries(page: Page, label: str) -> list[str]:
    """The words of a list."""
    return page.get_by_label(label, exact=True).locator("option").all_inner_texts()


def test_the_lists_follow_each_other_by_keyboard_and_nothing_typed_is_lost(page: Page, psa: Psa, desk: Desk) -> None:
    page.goto("/ticketing")
    page.get_by_role("link", name="Add a profile").click()
    expect(page.get_by_label("Service board").locator("option")).to_have_count(3)
    page.get_by_label("Name", exact=True).fill("Calls")
    page.keyboard.press("Tab")
    page.keyboard.type("lark")
    expect(page.get_by_text("1 name found; choose one in the list.")).to_be_visible()
    expect(page.get_by_label("Find the default company")).to_be_focused()
    page.get_by_label("Default company", exact=True).select_option("Larkfield Dental")
    page.get_by_label("Priority").select_option("Priority 2 - High")
    board = page.get_by_label("Service board")
    board.focus()
    page.keyboard.type("Help")
    expect(page.get_by_label("Type", exact=True)).to_be_enabled()
    expect(board).to_be_focused()
    assert entries(page, "Type") == ["As ConnectWise sets it", "Access request", "Incident", "Sign-in and password"]
    page.get_by_label("Type", exact=True).select_option("Sign-in and password")
    expect(page.get_by_label("Subtype")).to_be_enabled()
    page.get_by_label("Subtype").select_option("Password")
    expect(page.get_by_label("Item")).to_be_enabled()
    page.get_by_label("Item").select_option("Unlock")
    page.get_by_label("New-ticket status").select_option("New")
    page.get_by_label("Closed-ticket status").select_option("Closed")
    judge(page, "form")
    board.select_option("Field Service")
    expect(page.get_by_label("Type", exact=True).locator("option")).to_have_count(2)
    expect(page.get_by_label("New-ticket status")).to_have_value("521:New")
    expect(page.get_by_label("Priority").locator("option:checked")).to_have_text("Priority 2 - High")
    psa.faults(down="drop")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is saved yet, as ConnectWise did not confirm it.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Calls")
    expect(page.get_by_label("Service board").locator("option:checked")).to_have_text("Field Service")
    judge(page, "down")
    psa.control("reset", {})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Calls is saved: ConnectWise knows everything in it.")).to_be_visible()
    judge(page, "list")
    assert desk.stored()[0].chosen["new_status"] == {"ref": "521", "name": "New"}
    psa.change("boardStatuses", 521, inactive=True)
    page.get_by_role("link", name="Calls", exact=True).click()
    expect(page.get_by_text("Not in ConnectWise any more: New-ticket status “New”.")).to_be_visible()
    judge(page, "gone")
