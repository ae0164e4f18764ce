"""The ticket page in Chromium: two frames deep, live notes, and an edit form that overwrites."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

if TYPE_CHECKING:
    from tests.emulators.autotask.conftest import Autotask

pytestmark = pytest.mark.browser


class VendorPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/insight"):
            self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>i</title><p>Verify here</p>")

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="module")
def vendor() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), VendorPage)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    context = headless.new_context(viewport={"width": 1440, "height": 800})
    tab = context.new_page()
    tab.set_default_timeout(8000)
    tab.on("pageerror", lambda problem: pytest.fail(f"script error: {problem}"))
    yield tab
    context.close()


def ticket_in(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[data-slot=iframe]")


def test_the_insight_sits_in_a_sandbox_two_frames_deep(psa: Autotask, page: Page, vendor: ThreadingHTTPServer) -> None:
    vendor.asked.clear()  # type: ignore[attr-defined]
    psa.insight(referenceUrl=f"http://127.0.0.1:{vendor.server_port}/insight", height=333)
    page.goto(f"{psa.url}/autotask/Autotask/AutotaskExtend/ExecuteCommand.aspx?Code=OpenTicketDetail&TicketID=148213")
    ticket = ticket_in(page)
    frame = ticket.locator(".InsightContainer > .InsightShell > .ContentContainer > .Content > iframe")
    expect(frame.content_frame.get_by_text("Verify here")).to_be_visible()
    expect(ticket.locator(".InsightShell > .Title > .Text")).to_have_text("Verify caller")
    assert frame.get_attribute("sandbox") == "allow-forms allow-modals allow-popups allow-same-origin allow-scripts"
    assert frame.evaluate("each => each.offsetHeight") == 333
    [asked] = vendor.asked  # type: ignore[attr-defined]
    assert asked.startswith("/insight?isdarktheme=False&psaversion=") and "&entityid=148213&signature=" in asked
    assert page.title().endswith(".8213 - Cannot sign in to webmail")

    # Another person, a dark theme: asked anew, with both in the address.
    page.get_by_label("Signed in as").select_option(label="Priya Nair")
    expect(frame.content_frame.get_by_text("Verify here")).to_be_visible()
    page.get_by_text("Emulator: theme and panel").click()
    page.get_by_label("Theme of this person").select_option("1")
    expect(frame.content_frame.get_by_text("Verify here")).to_be_visible()
    page.wait_for_function("() => new URLSearchParams(location.search).get('dark') === '1'")
    assert "isdarktheme=True" in vendor.asked[-1] and "resourceid=29680012" in vendor.asked[-1]  # type: ignore[attr-defined]

    # A category without the insight.
    page.goto(f"{psa.url}/autotask/ticket/148221")
    expect(ticket_in(page).get_by_text("No insight on this ticket")).to_be_visible()


def test_an_open_edit_form_writes_over_what_an_integration_changed(psa: Autotask, page: Page) -> None:
    page.goto(f"{psa.url}/autotask/ticket/148213")
    ticket = ticket_in(page)
    ticket.get_by_role("button", name="Edit").click()
    ticket.get_by_label("Title").fill("Webmail: cannot sign in")
    psa.done("PATCH", "/Tickets", {"id": 148213, "status": 8})
    psa.done(
        "POST",
        "/Tickets/148213/Notes",
        {"title": "Verified", "description": "By push at noon.", "noteType": 2, "publish": 2},
        {"ImpersonationResourceId": "29680012"},
    )
    expect(ticket.get_by_text("By push at noon.")).to_be_visible()
    expect(ticket.get_by_text("Priya Nair (through Pod Integration)")).to_be_visible()
    ticket.get_by_role("button", name="Save").click()
    expect(ticket.get_by_role("status")).to_contain_text("Saved")
    saved = psa.item("Tickets", 148213)
    assert (saved["title"], saved["status"]) == ("Webmail: cannot sign in", 1)
    assert saved["lastActivityResourceID"] == 29680011
    expect(ticket.get_by_role("heading", level=1)).to_have_text("Webmail: cannot sign in")


def test_the_compact_form_and_a_narrow_window_keep_the_insight_in_sight(
    psa: Autotask, page: Page, vendor: ThreadingHTTPServer
) -> None:
    psa.insight(referenceUrl=f"http://127.0.0.1:{vendor.server_port}/insight")
    psa.control("livelinks", {"name": "Verify by link", "url": f"http://127.0.0.1:{vendor.server_port}/link"})
    page.set_viewport_size({"width": 880, "height": 640})
    page.goto(f"{psa.url}/autotask/ticket/148213?embed=1")
    expect(page.locator(".Content iframe").content_frame.get_by_text("Verify here")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_text("LiveLinks").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Verify by link").click()
    opened.value.wait_for_url(f"http://127.0.0.1:{vendor.server_port}/link")
    page.get_by_role("button", name="Next ticket").click()
    expect(page.locator("main .number")).to_contain_text(".8219")
    assert page.url.endswith("/autotask/ticket/148219?embed=1")

    page.set_viewport_size({"width": 1100, "height": 700})
    page.goto(f"{psa.url}/autotask/ticket/148213")
    ticket = ticket_in(page)
    expect(ticket.locator(".Content iframe")).to_be_visible()
    ticket.get_by_role("button", name="Details").click()
    expect(ticket.locator(".Content iframe")).to_be_hidden()
    expect(ticket.get_by_text("Primary resource")).to_be_visible()
