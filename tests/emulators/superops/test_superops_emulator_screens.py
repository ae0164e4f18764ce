"""The ticket's screen: live notes as harmless HTML, and a link to podserver on this machine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, expect

from emulators.superops.screens import safe

if TYPE_CHECKING:
    from tests.emulators.superops.conftest import SuperOps

NOTE = "mutation($i: CreateTicketNoteInput!) { createTicketNote(input: $i) { noteId } }"


def ticket(psa: SuperOps) -> Any:
    return next(row for row in psa.control("records/tickets") if "webmail" in row["subject"])["ticketId"]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("One.<br>Two & three", "One.<br>Two &amp; three"),
        ("<p>a<b>b</p>c", "<p>a<b>b</b></p>c"),
        ("Dana <dana@larkfield.example> called", "Dana  called"),
        ("<img src=x onerror=alert(1)><a href='javascript:x'>y</a>", "y"),
        ("<script>alert(1)</script>z", "z"),
        ("<b onclick=x>k</b>&lt;i&gt;", "<b>k</b>&lt;i&gt;"),
    ],
)
def test_a_note_is_shown_as_harmless_html(content: str, shown: str) -> None:
    assert safe(content) == shown


@pytest.mark.parametrize(
    ("portal", "leads"),
    [
        ("http://127.0.0.1:8000/portal", True),
        ("http://localhost:8000", True),
        ("https://evil.example/", False),
        ("javascript:alert(1)//localhost", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_the_link_leads_to_this_machine_or_is_not_there(psa: SuperOps, portal: str, leads: bool) -> None:
    page = psa.http.get(f"{psa.url}/superops/ticket/{ticket(psa)}", params={"portal": portal}, timeout=10)
    assert ("Open in podserver" in page.text) is leads
    assert "evil.example" not in page.text
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]


def test_an_unknown_ticket_is_not_found_and_the_root_leads_to_the_newest(psa: SuperOps) -> None:
    assert psa.http.get(f"{psa.url}/superops/ticket/1", timeout=10).status_code == 404
    first = psa.http.get(f"{psa.url}/superops/", timeout=10)
    assert "Cannot open the court portal" in first.text


@pytest.mark.browser
def test_new_notes_appear_by_themselves(psa: SuperOps, headless: Browser) -> None:
    context = headless.new_context(viewport={"width": 620, "height": 480})
    try:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        key = ticket(psa)
        page.goto(f"{psa.url}/superops/ticket/{key}?embed=1&portal=http://127.0.0.1:8000/portal")
        expect(page.locator(".entry")).to_have_count(2)
        psa.data(NOTE, i={"ticket": {"ticketId": key}, "content": "Caller proven.<br>By SMS <b>code</b>"})
        fresh = page.locator(".entry.private").first
        expect(fresh).to_contain_text("Private note")
        expect(fresh.locator(".text b")).to_have_text("code")
        expect(page.get_by_role("link", name="Open in podserver")).to_have_attribute(
            "href", "http://127.0.0.1:8000/portal"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 620
        assert problems == []
    finally:
        context.close()
