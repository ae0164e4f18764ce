"""The ticket's screen: what it shows, where its link leads, and that notes appear by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

if TYPE_CHECKING:
    from tests.emulators.kaseya_bms.conftest import Bms

SCREEN = "/kaseya_bms/ticket/1048213"


def html(bms: Bms, path: str = SCREEN, **parameters: str) -> str:
    answer = requests.get(f"{bms.url}{path}", params=parameters, timeout=10)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("portal", ["http://localhost:8000", "https://127.0.0.1:8443", "http://localhost:8000/"])
def test_the_link_leads_to_this_ticket_in_the_portal(bms: Bms, portal: str) -> None:
    number = bms.result("/servicedesk/tickets/1048213")["ticketNumber"]
    assert f'href="{portal.rstrip("/")}/tickets?in=kaseya_bms&amp;number={number}"' in html(bms, portal=portal)


def test_an_address_on_this_machine_is_the_link_as_it_is(bms: Bms) -> None:
    portal = "http://localhost:8000/callers/1/ticket/1048213"
    assert f'href="{portal}"' in html(bms, portal=portal)


@pytest.mark.parametrize(
    "portal",
    [
        "",
        "https://elsewhere.example",
        "javascript:alert(1)",
        "http://localhost@elsewhere.example",
        "http://me@localhost",
        "http://localhost:99999",
        "//localhost",
    ],
)
def test_a_portal_that_is_not_on_this_machine_gets_no_link(bms: Bms, portal: str) -> None:
    assert "Open in podserver" not in html(bms, portal=portal)


def test_the_screen_is_for_this_machine_and_for_tickets_that_there_are(bms: Bms) -> None:
    assert requests.get(f"{bms.url}{SCREEN}", headers={"Host": "bms.example"}, timeout=10).status_code == 403
    assert requests.get(f"{bms.url}/kaseya_bms/ticket/1", timeout=10).status_code == 404
    assert requests.get(f"{bms.url}/kaseya_bms/", timeout=10).url.endswith("/ticket/1048230")


def test_its_data_names_notes_and_open_neighbours(bms: Bms) -> None:
    data = requests.get(f"{bms.url}{SCREEN}.json", timeout=10).json()
    assert [note["createdByName"] for note in data["notes"]] == ["Priya Nair", "Dana Whitfield"]
    assert (data["previous"], data["next"]) == (1048204, 1048219)


def test_a_save_is_refused_in_words(bms: Bms) -> None:
    for body, words in (({"title": "", "status": 35540}, "title"), ({"title": "x", "status": 3}, "statusId")):
        answer = requests.post(f"{bms.url}{SCREEN}/save", json={"agent": 3307, **body}, timeout=10)
        assert answer.status_code == 400 and words in " ".join(answer.json()["errors"])


@pytest.fixture(scope="module")
def page(headless: Browser) -> Iterator[Page]:
    context = headless.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.browser
def test_it_shows_new_notes_as_words_and_saves_as_the_chosen_agent(bms: Bms, page: Page) -> None:
    page.goto(f"{bms.url}{SCREEN}?embed=1&agent=3310")
    expect(page.locator("#notes li.note")).to_have_count(2)
    note = {"details": "A &lt;b&gt;<br/>second line<script>1</script>", "isInternal": True, "typeId": 4}
    bms.request("POST", "/servicedesk/tickets/1048213/notes", json={**note, "noteDate": "2026-03-12T14:06:10Z"})
    first = page.locator("#notes li.note").first
    expect(first.locator("p")).to_have_text("A <b>\nsecond line1", use_inner_text=True)
    expect(first).to_contain_text("Internal")
    page.get_by_label("Title").fill("Webmail works again")
    page.get_by_label("Status").select_option("Completed")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    ticket = bms.result("/servicedesk/tickets/1048213")
    assert (ticket["title"], ticket["statusName"], ticket["modifiedBy"]) == ("Webmail works again", "Completed", 3310)
