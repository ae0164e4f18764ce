"""Portal > Tickets and Portal > Contacts: what is found, what the PSA would not say, and what stays private."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Callable

import pytest
from callers_rig import PART, integration
from flask import Flask
from portal_rig import AUDITOR, STRANGER, TECHNICIAN, Browser, Emulators, on_one_database, words

from connectors.base import Capability, Connector
from podserver.database import db, writing
from podserver.integrations import psas
from podserver.integrations.models import Integration, Psa
from podserver.integrations.psas import Reach, Values
from podserver.tenancy import bind_tenant

pytestmark = on_one_database
Open = Callable[..., Browser]


@pytest.fixture
def sam(connected: str, browser: Open) -> Browser:
    """A technician, at an MSP with a ConnectWise."""
    return browser(TECHNICIAN)


def numbers(page: str) -> list[str]:
    return re.findall(r'aria-label="Open (\d+)"', page)


def locks(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="button lock" href="([^"]+)" aria-label="([^"]+)"', page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("number=48213", ["48213"]),
        ("number=%2348213", ["48213"]),
        ("number=99999", []),
        ("number=no+number", []),
        ("contact=dana", ["48213"]),
        ("company=harbor&summary=vpn", ["48171"]),
        ("company=larkfield", ["48221", "48213", "48196", "48150"]),
        ("contact=dana&company=harbor", []),
        ("summary=no+such+words", []),
    ],
)
def test_a_ticket_is_found_by_each_part_and_the_newest_stands_first(sam: Browser, query: str, found: list[str]) -> None:
    page = sam.get(f"/tickets?{query}").text
    assert numbers(page) == found
    if not found:
        assert "No ticket of ConnectWise fits all of this." in page


def test_a_result_names_everything_and_its_lock_opens_the_widgets(sam: Browser, app: Flask) -> None:
    page = sam.get("/tickets?number=48213").text
    row = words(page.split("<tbody")[1])
    for said in ("48213", "Cannot sign in to webmail", "Dana Whitfield", "Larkfield Dental", "New"):
        assert said in row
    path = f"/callers/{integration(app).id}/ticket/48213"
    assert locks(page) == [(path, "Verify the caller of 48213")]
    opened = sam.get(path)
    assert opened.status_code == 200 and "data-csrf" in opened.text
    assert '<a href="/tickets" aria-current="page">' in opened.text
    assert opened.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_a_ticket_without_contact_says_so_and_leads_to_a_choice(sam: Browser) -> None:
    page = sam.get("/tickets?number=48221").text
    assert "No contact" in page
    assert [name for _, name in locks(page)] == ["Choose a contact for 48221"]


def test_opening_a_ticket_shows_how_its_contact_can_be_reached(sam: Browser, app: Flask) -> None:
    text = words(sam.get(f"/tickets/{integration(app).id}/48213").text)
    for said in ("+1 202-555-0142 Cell", "+1 202-555-0177 Direct", "dana@larkfield.example Email", "Practice manager"):
        assert said in text, text
    nobody = words(sam.get(f"/tickets/{integration(app).id}/48221").text)
    assert "No contact Choose one of Larkfield Dental to verify" in nobody
    assert sam.get(f"/tickets/{integration(app).id}/99999").status_code == 404
    assert sam.get(f"/tickets/{integration(app).id}/nonsense").status_code == 404


def test_an_empty_search_asks_nobody_and_says_what_is_missing(sam: Browser, emulators: Emulators) -> None:
    emulators.watch.append(lambda path: pytest.fail(path))
    assert "Search for the caller's ticket" in sam.get("/tickets").text
    assert "Say what to look for" in sam.get("/tickets?number=&contact=&company=&summary=").text


def test_a_part_of_the_page_is_answered_with_the_address_to_keep(sam: Browser) -> None:
    answer = sam.get("/tickets?number=48213&contact=&company=&summary=", headers=PART)
    assert answer.headers["HX-Push-Url"] == "/tickets?number=48213"
    assert "<html" not in answer.text and numbers(answer.text) == ["48213"]
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"


def test_text_that_the_psa_cannot_look_for_is_refused_in_words_and_is_never_markup(sam: Browser) -> None:
    page = sam.get("/tickets", query_string={"summary": """'"><script>alert(1)</script>"""}).text
    assert 'class="problem trouble"' in page and "Try again" not in page and "<script>alert" not in page


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        ({"down": "503"}, "ConnectWise is in trouble"),
        ({"down": "drop"}, "ConnectWise broke off the connection"),
        ({"rate_limit": {"requests": 9, "retry_after": 7}}, "try again in 7 seconds"),
        ({"wrong_keys": True}, "ConnectWise does not accept the API keys"),
        ({"role": {"Service Tickets": {"inquire": "None"}}}, "lack the right"),
    ],
)
def test_what_the_psa_would_not_say_is_told_with_a_way_to_ask_again_and_nothing_typed_is_lost(
    sam: Browser, emulators: Emulators, faults: dict[str, object], sentence: str
) -> None:
    emulators.control("connectwise", "faults", faults)
    page = sam.get("/tickets?number=48213&contact=Dana&company=&summary=webmail").text
    assert sentence in page
    assert 'form="search">Try again' in page
    for typed in ("48213", "Dana", "webmail"):
        assert f'value="{typed}"' in page
    part = sam.get("/tickets?number=48213", headers=PART)
    assert part.status_code == 200 and "Try again" in part.text


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"phone": "(202) 555-0142"}, ["Dana Whitfield"]),
        ({"phone": "+1 202 555 0150"}, ["Ingrid Solberg", "Theo Brandt"]),
        ({"phone": "202-555-0150", "name": "theo"}, ["Theo Brandt"]),
        ({"phone": "202-555-0142", "email": "dana@larkfield.example"}, ["Dana Whitfield"]),
        ({"phone": "202-555-0118", "email": "dana@larkfield.example"}, []),
        ({"email": "DANA@larkfield.example"}, ["Dana Whitfield"]),
        ({"name": "owen"}, []),
        ({"name": "ferrer", "company": "ferrer"}, ["Lucia Ferrer", "Mateo Ferrer"]),
    ],
)
def test_a_contact_is_found_by_each_part(sam: Browser, form: dict[str, str], found: list[str]) -> None:
    page = sam.post("/contacts", form, follow_redirects=True).text
    assert [name.removeprefix("Verify ") for _, name in locks(page)] == found
    if found:
        assert re.search(r"/callers/\d+/contact/\d+$", locks(page)[0][0])
        assert "@" in words(page.split("<tbody")[1])


def test_a_short_number_is_refused_in_words_and_stays_in_its_field(sam: Browser) -> None:
    page = sam.post("/contacts", {"phone": "0142", "name": "Dana"}).text
    assert "at least 7 digits" in page and 'value="0142"' in page and 'value="Dana"' in page
    assert "Try again" not in page


def test_only_names_get_into_an_address_and_nothing_of_a_search_into_the_log(
    sam: Browser, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    kept = sam.post("/contacts", {"name": "Dana", "company": "Larkfield"})
    assert (kept.status_code, kept.location) == (303, "/contacts?name=Dana&company=Larkfield")
    assert "Verify Dana Whitfield" in sam.get(kept.location).text
    for private in ({"phone": "202 555 0142"}, {"email": "dana@larkfield.example", "name": "Dana"}):
        answer = sam.post("/contacts", private, headers=PART)
        assert "Verify Dana Whitfield" in answer.text and answer.headers["HX-Push-Url"] == "/contacts"
    assert "Verify Dana" not in sam.get("/contacts?phone=2025550142&email=dana@larkfield.example").text
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.split(".")[0] != "urllib3")
    assert "Dana" not in said and "5550142" not in said and "dana@" not in said


def without_numbers(values: Values, reach: Reach) -> Connector:
    """A ConnectWise that finds nobody by number."""
    psa = psas.connectwise.KIND.make(values, reach)
    psa.capabilities = psa.capabilities - {Capability.SEARCH_BY_PHONE}
    return psa


def test_where_the_psa_finds_no_numbers_the_field_says_so(
    sam: Browser, app: Flask, emulators: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = dataclasses.replace(psas.connectwise.KIND, make=without_numbers)
    monkeypatch.setitem(psas.KINDS, Psa.CONNECTWISE, kind)
    app.extensions["connections"]._kept.clear()
    page = sam.get("/contacts").text
    field = re.search(r'<input id="phone"[^>]*>', page)
    assert field and " disabled" in field[0]
    assert "ConnectWise cannot be searched by phone number." in page
    emulators.watch.append(lambda path: pytest.fail(path))
    answer = sam.post("/contacts", {"phone": "2025550142", "name": "Dana"})
    assert "cannot be searched by phone number" in answer.text and 'value="Dana"' in answer.text


def test_several_psas_are_chosen_among_and_the_choice_stays_in_the_address(
    sam: Browser, app: Flask, emulators: Emulators
) -> None:
    assert 'id="in"' not in sam.get("/tickets").text
    first = integration(app)
    with app.app_context():
        session = db.session()
        bind_tenant(session, first.tenant_id)
        with writing(session):
            second = Integration(psa=first.psa, name="Branch office", pod_key="second", site=first.site, origin="",
                                 values={**first.values, "company": "elsewhere"}, secrets=first.secrets,
                                 created_at=first.created_at, active=True)  # fmt: skip
            session.add(second)
            session.flush()
            branch = second.id
    page = sam.get(f"/tickets?in={first.id}&number=48213").text
    assert f'<option value="{first.id}" selected>' in page and "Branch office" in page
    assert locks(page)[0][0].startswith(f"/callers/{first.id}/")
    answer = sam.get(f"/tickets?in={first.id}&number=48213", headers=PART)
    assert answer.headers["HX-Push-Url"] == f"/tickets?in={first.id}&number=48213"
    assert "does not know the company elsewhere" in sam.get(f"/tickets?in={branch}&number=48213").text
    # By the PSA's name it is the first of its integrations.
    assert f'<option value="{branch}" selected>' in sam.get("/tickets?in=connectwise&number=48213").text
    for path in ("/tickets?in=77", "/tickets?in=halo", "/contacts?in=77"):
        assert sam.get(path).status_code == 404


def test_another_tenants_integration_is_none(sam: Browser, app: Flask, browser: Open) -> None:
    one = integration(app).id
    olga = browser(STRANGER)
    assert "No PSA is connected." in olga.get("/tickets").text
    for path in (f"/tickets?in={one}&number=48213", f"/contacts?in={one}&name=dana", f"/tickets/{one}/48213",
                 f"/callers/{one}/ticket/48213", f"/callers/{one}/contact/77"):  # fmt: skip
        assert olga.get(path).status_code == 404, path


def test_an_integration_that_is_switched_off_is_not_searched(
    sam: Browser, admin: Browser, connected: str, app: Flask
) -> None:
    admin.post(f"{connected}/switch", {"active": "0"}, page=connected)
    one = integration(app).id
    assert "No PSA is connected." in sam.get("/tickets").text
    assert sam.get(f"/tickets/{one}/48213").status_code == 404
    assert "is switched off" in sam.get(f"/callers/{one}/ticket/48213").text


def test_an_auditor_looks(connected: str, browser: Open) -> None:
    ines = browser(AUDITOR)
    assert [name for _, name in locks(ines.get("/tickets?number=48213").text)] == ["Look at the caller of 48213"]


def test_no_transaction_is_open_while_the_psa_is_searched(sam: Browser, app: Flask, emulators: Emulators) -> None:
    with app.app_context():
        pool = db.engine.pool
    held: list[int] = []
    emulators.watch.append(lambda _path: held.append(pool.checkedout()))  # type: ignore[attr-defined]
    sam.get("/tickets?number=48213")
    sam.get(f"/tickets/{integration(app).id}/48213")
    sam.post("/contacts", {"name": "dana"}, follow_redirects=True)
    assert len(held) >= 4 and set(held) == {0}


def test_an_admin_without_a_psa_is_led_to_the_set_up(admin: Browser, browser: Open) -> None:
    assert 'href="/integrations"' in admin.get("/tickets").text.split("<main")[1]
    assert 'href="/integrations"' not in browser(TECHNICIAN).get("/contacts").text.split("<main")[1]
