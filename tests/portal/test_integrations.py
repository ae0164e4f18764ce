"""Setting up ConnectWise: the keys, the rights, and the pod's rows."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from portal_rig import KEYS, Browser, Emulators, on_one_database, stored, words
from sqlalchemy import select

from podserver.database import db, now, writing
from podserver.history.models import HistoryEvent
from podserver.integrations import service
from podserver.tenancy import across_tenants, bind_tenant

NEW = "/integrations/connectwise/new"


def pod_rows(emulators: Emulators) -> list[str]:
    """The paths of the set-up rows that were created."""
    return [each["path"] for each in emulators.control("connectwise", "requests") if each["method"] == "POST"]


def test_keys_that_connectwise_confirms_are_saved_and_every_right_is_listed(
    admin: Browser, emulators: Emulators, app: Flask
) -> None:
    answer = admin.post(NEW, {**KEYS, "site": emulators.url})
    text = words(answer.text)
    assert "ConnectWise confirmed the keys as Pod Integration, with every right that is needed. Saved." in text
    assert text.count("✓ Present") == 9
    (saved,) = stored(app)
    assert saved.active
    assert saved.site == f"{emulators.url}, northgate" and saved.secrets["private_key"] == "demoPrivateKey01"


def test_keys_that_connectwise_refuses_are_not_saved_and_what_was_typed_stays(
    admin: Browser, emulators: Emulators, app: Flask
) -> None:
    typed = {**KEYS, "site": emulators.url, "private_key": "notThePrivateKey", "name": "Our ConnectWise"}
    answer = admin.post(NEW, typed)
    assert "ConnectWise does not accept the" in answer.text
    assert 'value="Our ConnectWise"' in answer.text
    assert f'value="{KEYS["client_id"]}"' in answer.text
    assert "notThePrivateKey" not in answer.text
    assert not stored(app)


def test_a_connectwise_that_is_down_saves_nothing(admin: Browser, emulators: Emulators, app: Flask) -> None:
    emulators.control("connectwise", "faults", {"down": True})
    answer = admin.post(NEW, {**KEYS, "site": emulators.url})
    assert 'class="problem"' in answer.text
    assert not stored(app)


def test_a_missing_right_is_named_with_the_place_that_grants_it(
    connected: str, admin: Browser, emulators: Emulators
) -> None:
    emulators.control(
        "connectwise", "faults", {"role": {"Contacts": {"inquire": "None"}, "Service Tickets": {"add": "My"}}}
    )
    text = words(admin.post(connected, {**KEYS, "site": emulators.url}).text)
    assert "2 of 9 rights are missing. Saved." in text
    assert (
        "Companies / Contacts: Inquire Read contacts with their numbers and addresses System > Security Roles > "
        "the API member's role > Companies > Contacts > Inquire Level: All ✕ Missing is None" in text
    )
    assert "Service Desk > Service Tickets > Add Level: All ✕ Missing is My" in text
    assert text.count("✓ Present") == 7


def test_a_right_that_connectwise_would_not_tell_is_unknown(
    connected: str, admin: Browser, emulators: Emulators
) -> None:
    emulators.control("connectwise", "faults", {"mysecurity_for_api_member": False})
    text = words(admin.post(connected, {**KEYS, "site": emulators.url}).text)
    assert "? Unknown" in text
    assert "✕ Missing" not in text


@on_one_database
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("site", "", "Site is needed."),
        ("site", "na.myconnectwise.net/path", "Enter only the host of your ConnectWise site"),
        ("site", "http://169.254.169.254", "Enter the host name of your ConnectWise site"),
        ("company", "two words", "The company is the short name"),
        ("public_key", "short", "The public key is not a key"),
        ("private_key", "with a colon: here", "The private key is not a key"),
        ("client_id", "no guid", "The client ID is a GUID"),
        ("name", "x" * 81, "A name has 80 characters at most."),
    ],
)
def test_a_wrong_field_is_told_beside_it(
    admin: Browser, emulators: Emulators, app: Flask, field: str, value: str, sentence: str
) -> None:
    answer = admin.post(NEW, {**KEYS, "site": emulators.url, field: value})
    beside = re.search(rf'id="{field}-wrong">([^<]*)', answer.text)
    assert beside
    assert beside[1].startswith(sentence)
    assert re.search(rf'<input id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert not stored(app)


def test_the_server_is_not_led_into_its_own_network(admin: Browser, app: Flask) -> None:
    answer = admin.post(NEW, {**KEYS, "site": "http://localhost:1"})
    assert "inside this server&#39;s own network" in answer.text
    assert not stored(app)


def test_empty_secrets_keep_the_stored_ones(connected: str, admin: Browser, emulators: Emulators, app: Flask) -> None:
    changed = {**KEYS, "site": emulators.url, "public_key": "", "private_key": "", "name": "Renamed"}
    assert "Saved." in admin.post(connected, changed).text
    (saved,) = stored(app)
    assert saved.name == "Renamed"
    assert saved.secrets == {"public_key": "demoPublicKey01", "private_key": "demoPrivateKey01"}


def test_stored_keys_are_never_carried_to_another_site(connected: str, admin: Browser, app: Flask) -> None:
    changed = {**KEYS, "site": "collector.example.com", "public_key": "", "private_key": ""}
    answer = admin.post(connected, changed)
    assert "The stored public key belongs to the old place. Enter it again." in answer.text
    assert stored(app)[0].site.startswith("http://localhost")


def test_the_same_company_is_not_connected_twice_even_at_once(admin: Browser, emulators: Emulators, app: Flask) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', admin.get(NEW).text)
    assert token
    cookie = admin.client.get_cookie("podserver")
    assert cookie
    emulators.control("connectwise", "faults", {"slow_seconds": 0.1})

    def press(_number: int) -> str:
        client = app.test_client()
        client.set_cookie("podserver", cookie.value)
        return client.post(NEW, data={**KEYS, "site": emulators.url, "csrf_token": token[1]}).text

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(press, range(3)))
    assert sum("ConnectWise confirmed" in answer for answer in answers) == 1
    assert sum("This one is connected already, as ConnectWise." in answer for answer in answers) == 2
    assert len(stored(app)) == 1


def test_no_transaction_is_open_while_connectwise_is_asked(
    connected: str, admin: Browser, emulators: Emulators, app: Flask
) -> None:
    with app.app_context():
        pool = db.engine.pool
    held: list[int] = []
    emulators.watch.append(lambda _path: held.append(pool.checkedout()))  # type: ignore[attr-defined]
    admin.post(connected, {**KEYS, "site": emulators.url})
    admin.post(f"{connected}/install", {"height": "600"}, page=connected)
    assert len(held) > 5
    assert set(held) == {0}


@on_one_database
def test_the_page_shows_the_pod_url_and_the_exact_values_of_the_set_up_table(
    connected: str, admin: Browser, app: Flask
) -> None:
    page = admin.get(connected).text
    key = stored(app)[0].pod_key
    url = f"http://127.0.0.1:8000/pod/connectwise/{key}?id=[cw_id]&amp;screen=[cw_screen]"
    for value in ("Caller verification", "ServiceTicket", "ContactDetail", url, "http://127.0.0.1:8000", "600", "800"):
        found = re.search(rf'<code id="([\w-]+)">{re.escape(value)}</code>', page)
        assert found, value
        assert f'data-copy="{found[1]}"' in page


def test_installing_the_pod_twice_makes_two_rows_and_says_found_the_second_time(
    connected: str, admin: Browser, emulators: Emulators, app: Flask
) -> None:
    first = words(admin.post(f"{connected}/install", {"height": "800"}, page=connected).text)
    assert "ServiceTicket: created, row" in first
    assert "ContactDetail: created, row" in first
    assert first.count("800 px high") == 2
    second = words(admin.post(f"{connected}/install", {"height": "600"}, page=connected).text)
    assert second.count(": found, row") == 2
    assert len(pod_rows(emulators)) == 2
    with app.app_context(), across_tenants(db.session()):
        said = [
            event.detail for event in db.session.scalars(select(HistoryEvent)) if "pod rows created" in event.detail
        ]
    assert len(said) == 1


def test_installing_from_two_places_at_once_makes_two_rows(
    connected: str, admin: Browser, emulators: Emulators, app: Flask
) -> None:
    page = admin.get(connected).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    cookie = admin.client.get_cookie("podserver")
    assert token
    assert cookie
    emulators.control("connectwise", "faults", {"slow_seconds": 0.2})

    def press(_number: int) -> str:
        client = app.test_client()
        client.set_cookie("podserver", cookie.value)
        return client.post(f"{connected}/install", data={"height": "600", "csrf_token": token[1]}).text

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(press, range(3)))
    assert sum("The pod is being installed right now." in answer for answer in answers) == 2
    assert len(pod_rows(emulators)) == 2


def test_installing_without_the_right_names_it_and_can_be_tried_again(
    connected: str, admin: Browser, emulators: Emulators
) -> None:
    emulators.control("connectwise", "faults", {"role": {"Table Setup": {"add": "None"}}})
    answer = words(admin.post(f"{connected}/install", {"height": "600"}, page=connected).text)
    assert "lack the right System / Table Setup: Add (Manage Hosted API)" in answer
    emulators.control("connectwise", "faults", {"reset": True})
    again = words(admin.post(f"{connected}/install", {"height": "600"}, page=connected).text)
    assert again.count(": created, row") == 2


@on_one_database
@pytest.mark.parametrize("height", ["", "601", "600; DROP", "<b>"])
def test_an_odd_height_is_refused(connected: str, admin: Browser, emulators: Emulators, height: str) -> None:
    admin.post(f"{connected}/install", {"height": height}, page=connected)
    assert not pod_rows(emulators)


def test_the_line_says_when_and_from_where_the_pod_was_last_loaded(connected: str, admin: Browser, app: Flask) -> None:
    line = admin.get(f"{connected}/loaded").text
    assert "Not loaded yet." in line
    assert 'hx-trigger="every 5s"' in line
    at = now().replace(hour=12, minute=3)
    with app.app_context():
        (saved,) = stored(app)
        session = db.session()
        bind_tenant(session, saved.tenant_id)
        with writing(session):
            service.note_loaded(session, service.integration(session, saved.id), "https://na.myconnectwise.net", at)
    line = words(admin.get(f"{connected}/loaded").text)
    assert line == f"Last loaded {at.day} {at:%b %Y} 12:03 UTC from https://na.myconnectwise.net"


def test_switching_off_and_on(connected: str, admin: Browser, app: Flask) -> None:
    off = admin.post(f"{connected}/switch", {"active": "0"}, page=connected, follow_redirects=True)
    assert "Switched off: its pods are closed" in words(off.text)
    assert not stored(app)[0].active
    admin.post(f"{connected}/switch", {"active": "1"}, page=connected)
    assert stored(app)[0].active
    history = words(admin.get("/history?what=integration+changed").text)
    assert "integration ConnectWise, active no" in history
    assert "integration ConnectWise, active yes" in history


def test_a_check_that_fails_is_remembered_and_shown(connected: str, admin: Browser, emulators: Emulators) -> None:
    emulators.control("connectwise", "faults", {"down": True})
    kept = {**KEYS, "site": emulators.url, "public_key": "", "private_key": ""}
    assert 'class="problem"' in admin.post(connected, kept).text
    emulators.control("connectwise", "faults", {"reset": True})
    assert "Has a problem" in admin.get("/integrations").text
    assert "Saved." in admin.post(connected, kept).text
    assert "Has a problem" not in admin.get("/integrations").text
