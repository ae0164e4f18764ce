"""Custom tabs: their set-up, the address that a frame gets, the published signatures, and the screens in Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page

if TYPE_CHECKING:
    from tests.emulators.halo.conftest import HaloTenant

SECRET = "tab-secret-example-1"
# Signatures that two independent implementations agree on.
SIGNATURES = {
    42: "9efZOD8UqsAkdDuR2tHjgate1qLJag8+cr0KgkEVFNk=",
    7: "2scAGIY1LGeQhciR2liF7fuz4c/4yLZagyWZXtAaf34=",
}
TEMPLATE = "https://pod.example.com/halo/t-8f3a?ticket=$FAULTID&agentId=$loggedinagentid&hmac=$HMAC"


def install(halo: HaloTenant, url: str = TEMPLATE, secure: bool = True, **members: Any) -> Any:
    halo.faults(granted_too="admin")
    halo.sign_in("edit:tickets edit:customers admin")
    secret = {"send_secure_url_parameter": True, "new_iframe_secret": SECRET} if secure else {}
    return halo.write(
        "/Tabs", **{"name": "Verify caller", "tableid": 0, "sequence": 2, "url": url, **secret, **members}
    )


def addresses(halo: HaloTenant, path: str = "ticket/4713", agent: int = 42) -> list[str]:
    answer = requests.get(f"{halo.url}/halo/{path}.json", params={"agent": agent}, timeout=10)
    return [tab["url"] for tab in answer.json()["tabs"]]


def test_a_tabs_secret_goes_in_and_never_comes_out(halo: HaloTenant) -> None:
    made = install(halo)
    read = halo.read(f"/Tabs/{made['id']}", includedetails=True)
    assert read == made and read["send_secure_url_parameter"] is True
    assert SECRET not in halo.get("/Tabs").text
    assert halo.write("/Tabs", id=made["id"], sequence=9)["url"] == TEMPLATE
    assert addresses(halo)[0].endswith(SIGNATURES[42])
    assert halo.refusal("/Tabs", name="No secret", send_secure_url_parameter=True) == "Please enter a Secret"
    assert halo.refusal("/Tabs", url="https://pod.example.com/") == "Please enter a Name"
    assert halo.request("DELETE", f"/Tabs/{made['id']}").json()["id"] == made["id"]
    assert halo.get(f"/Tabs/{made['id']}").status_code == 404


@pytest.mark.parametrize("agent", SIGNATURES)
def test_the_signature_covers_the_agent_and_nothing_else(halo: HaloTenant, agent: int) -> None:
    install(halo)
    for ticket in (4713, 4719):
        (address,) = addresses(halo, f"ticket/{ticket}", agent)
        tail = f"ticket={ticket}&agentId={agent}&hmac={SIGNATURES[agent]}"
        assert address == f"https://pod.example.com/halo/t-8f3a?{tail}"


def test_nothing_in_an_address_is_encoded_and_unknown_names_stay(halo: HaloTenant) -> None:
    install(halo, "https://pod.example.com/?a=$AREA&b=$Nothing&c=$CLIENTID&d=$SITE")
    (address,) = addresses(halo, "ticket/4738")
    assert address == "https://pod.example.com/?a=Bell & Sons + Co&b=$Nothing&c=&d=Main"


def test_an_unsigned_tab_keeps_the_name_or_loses_it(halo: HaloTenant) -> None:
    install(halo, secure=False)
    assert addresses(halo)[0].endswith("&hmac=$HMAC")
    halo.faults(hmac_unset="empty")
    assert addresses(halo)[0].endswith("&hmac=")


def test_a_signature_may_be_encoded(halo: HaloTenant) -> None:
    install(halo)
    halo.faults(hmac_encoded=True)
    assert parse_qs(urlsplit(addresses(halo)[0]).query)["hmac"] == [SIGNATURES[42]]


def test_an_old_build_signs_nothing(halo: HaloTenant) -> None:
    halo.faults(old_build=True)
    assert "send_secure_url_parameter" not in install(halo)
    assert addresses(halo)[0].endswith("$HMAC")
    assert halo.read("/InstanceInfo")["app_version"] == "2.160.3"


def test_a_type_allows_all_tabs_or_those_it_names(halo: HaloTenant) -> None:
    made = install(halo)
    assert addresses(halo, "ticket/4735") == []
    allowed = [{"id": 1, "tickettype_id": 21, "iframetab_id": made["id"], "iframetab_name": "Verify caller"}]
    halo.control("records/types/21", {"_detail": {"allowed_iframe_customtabs": allowed}})
    assert len(addresses(halo, "ticket/4735")) == 1
    assert halo.read("/TicketType/21", includedetails=True)["allowed_iframe_customtabs"] == allowed


def test_a_users_screen_has_tabs_of_its_own(halo: HaloTenant) -> None:
    install(halo, "https://pod.example.com/?user=$USERID&hmac=$HMAC", tableid=1)
    assert addresses(halo, "ticket/4713") == []
    assert addresses(halo, "user/311") == [f"https://pod.example.com/?user=311&hmac={SIGNATURES[42]}"]
    halo.faults(userid_token=False)
    assert "user=$USERID" in addresses(halo, "user/311")[0]
    assert [row["tableid"] for row in halo.read("/Tabs", type=1)] == [1]


def test_a_tab_can_be_made_as_an_administrator_does_by_hand(halo: HaloTenant) -> None:
    halo.control("tabs", {"name": "By hand", "url": "https://pod.example.com/?id=$faultid"})
    assert addresses(halo, "ticket/4719") == ["https://pod.example.com/?id=4719"]
    assert requests.post(f"{halo.url}/halo/_control/tabs", json={"url": "x"}, timeout=10).status_code == 400


def test_links_of_halo_lead_to_the_screen(halo: HaloTenant) -> None:
    answer = requests.get(f"{halo.url}/ticket", params={"id": 4713, "agent": 7}, timeout=10)
    assert answer.url == f"{halo.url}/halo/ticket/4713?agent=7" and "Cannot sign in to webmail" in answer.text
    assert requests.get(f"{halo.url}/halo/ticket/1", timeout=10).status_code == 404
    assert requests.get(f"{halo.url}/halo/", headers={"Host": "pod.example"}, timeout=10).status_code == 403


class TabPage(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>tab</title><p>Inside the tab</p>")

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def tab_site() -> Iterator[tuple[str, list[str]]]:
    """A page of another site, and the paths that were asked of it."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Page", (TabPage,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_ticket_type_shows_the_tabs_that_it_is_told_to_and_only_an_administrator_tells_it(halo: HaloTenant) -> None:
    change = {"id": _change_request(halo)["id"], "allowed_iframe_customtabs": [{"iframetab_id": 7}]}
    assert halo.post("/TicketType", [change]).status_code == 403
    halo.faults(granted_too="admin")
    halo.sign_in("edit:tickets admin")
    halo.write("/TicketType", **change)
    allowed = _change_request(halo)["_detail"]["allowed_iframe_customtabs"]
    assert [row["iframetab_id"] for row in allowed] == [7]


def _change_request(halo: HaloTenant) -> Any:
    return next(row for row in halo.control("records/types") if row["name"] == "Change Request")


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    context = headless.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.set_default_timeout(8000)
    tab.on("pageerror", lambda problem: pytest.fail(f"script error: {problem}"))
    yield tab
    context.close()


@pytest.mark.browser
def test_a_tab_is_loaded_when_it_is_opened_and_again_when_one_comes_back(
    halo: HaloTenant, page: Page, tab_site: tuple[str, list[str]]
) -> None:
    origin, asked = tab_site
    install(halo, f"{origin}/tab?ticket=$FAULTID&agentId=$LOGGEDINAGENTID&hmac=$HMAC")
    page.goto(f"{halo.url}/halo/ticket/4713?agent=42")
    tab = page.get_by_role("tab", name="Verify caller")
    tab.click()
    page.frame_locator("#frame iframe").get_by_text("Inside the tab").wait_for()
    assert asked == [f"/tab?ticket=4713&agentId=42&hmac={SIGNATURES[42]}"]
    assert page.locator("#frame iframe").get_attribute("sandbox") is None
    page.get_by_role("tab", name="Progress").click()
    tab.click()
    page.frame_locator("#frame iframe").get_by_text("Inside the tab").wait_for()
    assert len(asked) == 2
    halo.faults(sandbox=True)
    page.get_by_label("Agent", exact=True).select_option("Priya Nair")
    page.frame_locator("#frame iframe").get_by_text("Inside the tab").wait_for()
    assert asked[-1].endswith(f"agentId=7&hmac={SIGNATURES[7]}")
    assert "allow-scripts" in (page.locator("#frame iframe").get_attribute("sandbox") or "")


@pytest.mark.browser
def test_a_ticket_shows_notes_as_they_come_and_saves_its_summary(halo: HaloTenant, page: Page) -> None:
    page.goto(f"{halo.url}/halo/ticket/4713?embed=1")
    page.get_by_text("verify first").wait_for()
    halo.write(
        "/Actions",
        ticket_id=4713,
        outcome_id=7,
        note_html="<p>Came in <b>live</b></p>",
        hiddenfromuser=True,
        sendemail=False,
    )
    newest = page.locator("#actions li").first
    newest.get_by_text("Came in live").wait_for()
    assert "Hidden from user" in newest.inner_text()
    page.get_by_label("Summary").fill("Webmail is back")
    page.get_by_label("Status").select_option("With User")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Saved").wait_for()
    ticket = halo.read("/Tickets/4713")
    assert (ticket["summary"], ticket["status_name"]) == ("Webmail is back", "With User")
    page.get_by_label("Summary").fill(" ")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Please enter a Summary").wait_for()
