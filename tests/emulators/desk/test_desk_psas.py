"""The five ticketing systems on the desk: the same callers in each, their phone beside them, and their own troubles."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from emulators.desk.administrator import make_tabs
from emulators.desk.psa_keys import TAB_SECRET
from emulators.desk.switches import PSA_GROUPS

PSAS = tuple(PSA_GROUPS)
PORTAL = "http://127.0.0.1:9/tickets?in="
# Who has opened a ticket, as each screen says it.
_OPENED_BY: dict[str, Callable[[Any], str]] = {
    "connectwise": lambda shown: shown["record"]["contact"]["name"],
    "halo": lambda shown: shown["record"]["user_name"],
    "autotask": lambda shown: shown["ticket"]["contact"],
    "kaseya_bms": lambda shown: shown["ticket"]["contactName"],
    "superops": lambda shown: shown["requester"]["name"],
}


def get(url: str) -> requests.Response:
    answer = requests.get(url, timeout=5)
    assert answer.ok, url
    return answer


def offered(desk: str) -> dict[str, list[dict[str, Any]]]:
    """What the drop-down of each ticketing system offers, as the page has it."""
    found = re.findall(r'<option value="(\w+)" data-query="[^"]*" data-tickets=\'([^\']*)\'', get(desk).text)
    return {psa: json.loads(html.unescape(tickets)) for psa, tickets in found}


def test_each_psa_offers_the_same_callers_and_every_ticket_is_its_callers(desk: str):
    """The drop-down is the way to every trouble, so a ticket that names somebody else would hide one."""
    every = offered(desk)
    assert tuple(every) == PSAS
    assert len(every["connectwise"]) >= 9
    assert len({tuple(ticket["contact"] for ticket in tickets) for tickets in every.values()}) == 1
    for psa, tickets in every.items():
        assert not {ticket["id"] for ticket in tickets} & {t["id"] for p in PSAS if p != psa for t in every[p]}
        for ticket in tickets:
            company, name, number = ticket["label"].split(" · ")
            assert _OPENED_BY[psa](get(f"{desk}/{psa}/ticket/{ticket['id']}.json").json()) == name
            screen = html.unescape(get(f"{desk}/{psa}/ticket/{ticket['id']}?embed=1").text)
            assert number.lstrip("#") in screen
            person = get(f"{desk}/connectwise/contact/{ticket['contact']}.json").json()["record"]
            assert (f"{person['firstName']} {person['lastName']}", person["company"]["name"]) == (name, company)


@pytest.mark.parametrize("psa", ["kaseya_bms", "superops"])
def test_where_no_frame_is_the_ticket_leads_to_its_search_in_podserver(desk: str, psa: str):
    page = get(f"{desk}/?psa={psa}").text
    (address,) = re.findall(rf'src="(/{psa}/ticket/[^"]+)"', page)
    number = offered(desk)[psa][0]["label"].rpartition(" ")[2].lstrip("#")
    screen = html.unescape(get(desk + html.unescape(address)).text)
    assert f'href="{PORTAL}{psa}&number={number}" target="_blank"' in screen


def test_an_address_that_names_nothing_known_shows_the_first_ticket(desk: str):
    for query in ("psa=nosuch", "psa=halo&ticket=9999999", "psa=halo&ticket=x", "psa=superops&ticket=" + "9" * 30):
        assert "Dana Whitfield" in re.findall(r"<option[^>]* selected>([^<]+)<", get(f"{desk}/?{query}").text)[1]
    for path in ("nosuch/ticket/1", "halo/ticket/9999999", "halo/client/18", "halo/ticket/x", "superops/user/1"):
        assert requests.get(f"{desk}/desk/seen/{path}.json", timeout=5).status_code == 404


@pytest.mark.parametrize("psa", PSAS)
def test_a_trouble_of_a_psa_is_one_that_its_control_knows(desk: str, changed: Callable[[], list[str]], psa: str):
    """Chosen by keyboard, the troubles of two of them are tried with all others."""
    for switch in PSA_GROUPS[psa][1]:
        for values, names in ((switch.on, sorted(switch.on)), (switch.off, [])):
            answer = requests.post(desk + switch.url, json=values, timeout=5)
            assert answer.ok, answer.text
            assert changed() == names


@pytest.mark.browser
def test_another_psa_brings_the_same_caller_and_the_choice_survives_a_reload(desk: str, page: Page):
    page.goto(f"{desk}/?ticket=48219")
    phone, psa = page.frame_locator("#phone"), page.frame_locator("#psa")
    page.get_by_label("PSA", exact=True).focus()
    for key in PSAS[1:]:
        page.keyboard.press("ArrowDown")
        name = PSA_GROUPS[key][0]
        expect(page.get_by_label("Ticket").locator("option:checked")).to_contain_text("Ferrer & Sons · Carla Nunez")
        expect(page.get_by_label(name, exact=True)).to_be_visible()
        expect(page.locator(".group:visible")).to_have_count(6)
        expect(psa.get_by_text("Three wrong tries").first).to_be_visible()
        ticket = page.get_by_label("Ticket").input_value()
        assert page.url.endswith(f"/?psa={key}&ticket={ticket}")
    page.reload()
    expect(page.get_by_label("PSA", exact=True)).to_have_value("superops")
    expect(page.get_by_label("Ticket")).to_have_value(ticket)
    expect(psa.get_by_text("Three wrong tries").first).to_be_visible()
    expect(phone.frame_locator("#messages-frame").get_by_text("Carla Nunez")).to_be_visible()


@pytest.mark.browser
def test_leafing_through_any_psa_brings_the_phone_of_who_comes_next(desk: str, page: Page):
    phone, psa = page.frame_locator("#phone").frame_locator("#messages-frame"), page.frame_locator("#psa")
    every = offered(desk)
    # One goes to the next ticket as to a new page, the other stays on its page.
    for key in ("halo", "autotask"):
        before = next(ticket["id"] for ticket in every[key] if "Dana Whitfield" in ticket["label"])
        page.goto(f"{desk}/?psa={key}&ticket={before}")
        expect(phone.get_by_text("Dana Whitfield")).to_be_visible()
        psa.get_by_role("button", name="Next ticket").click()
        expect(phone.get_by_text("Carla Nunez")).to_be_visible()
        expect(page.get_by_label("Ticket").locator("option:checked")).to_contain_text("Carla Nunez")
    page.goto(f"{desk}/?psa=halo&ticket=4650")
    psa.get_by_role("link", name="Marcus Reyes").click()
    psa.get_by_role("link", name="Access to the shared").wait_for()
    expect(phone.get_by_text("Marcus Reyes")).to_be_visible()
    # A ticket that is none of the desk's is put into the drop-down, whether or not there is a phone for it.
    page.goto(f"{desk}/?psa=halo&ticket=4738")
    expect(page.get_by_label("Ticket").locator("option:checked")).to_contain_text("Tess & Co + Ltd · #0004738")


@pytest.mark.browser
def test_halos_pod_is_the_open_tab_once_its_administrator_has_made_it(desk: str, page: Page):
    for _ in range(2):
        make_tabs(desk, "http://127.0.0.1:9/pod/halo/key?id=$FAULTID&screen=ticket&agentId=$LOGGEDINAGENTID&hmac=$HMAC",
                  TAB_SECRET)  # fmt: skip
    tabs = get(f"{desk}/halo/_control/records/tabs").json()
    assert [(tab["tableid"], tab["send_secure_url_parameter"]) for tab in tabs] == [(0, True), (1, True)]
    page.goto(f"{desk}/?psa=halo")
    expect(page.frame_locator("#psa").get_by_role("tab", selected=True)).to_have_text("Verify caller")
    frame = page.frame_locator("#psa").get_by_title("Verify caller")
    expect(frame).to_have_attribute("src", re.compile(r"id=4713&screen=ticket&agentId=42&hmac=[^$]{40,}$"))


@pytest.mark.browser
def test_what_is_broken_in_a_psa_that_is_not_on_the_desk_is_still_told(desk: str, page: Page):
    page.goto(desk)
    page.get_by_label("ConnectWise", exact=True).select_option("Down")
    expect(page.get_by_role("status")).to_have_text("ConnectWise is down.")
    page.get_by_label("PSA", exact=True).select_option("Autotask")
    page.get_by_label("Autotask", exact=True).select_option("Slow")
    told = "ConnectWise is down. Autotask takes four seconds for every answer."
    expect(page.get_by_role("status")).to_have_text(told)
    expect(page.get_by_label("ConnectWise", exact=True)).to_be_hidden()
