"""The page that a lock opens: the portal's sign-in is the door, and what happens inside is what happens in any pod."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from callers_rig import SCRIPT, TWILIO, Widgets, events, integration
from flask import Flask
from portal_rig import AUDITOR, STRANGER, TECHNICIAN, Browser, Emulators, on_one_database, words
from sqlalchemy import select, update

from podserver.accounts.models import SignIn
from podserver.database import db, now
from podserver.delivery.models import OutboxRow
from podserver.integrations import service as integrations
from podserver.pod.service import BadRecord, record_key
from podserver.pod.standing import standing_of
from podserver.security import pod_token
from podserver.tenancy import across_tenants, bind_tenant
from podserver.verification.models import Verification

pytestmark = on_one_database
Open = Callable[..., Browser]


@pytest.fixture
def ready(connected: str, admin: Browser, app: Flask) -> str:
    """ConnectWise and Twilio are set up; the path of the ticket's page."""
    admin.post("/messages", {**TWILIO, "validate_keys": "1"})
    return f"/callers/{integration(app).id}/ticket/48213"


@pytest.fixture
def page(ready: str, browser: Open) -> Widgets:
    """The widgets of ticket 48213 in Sam's browser."""
    return Widgets(browser(TECHNICIAN), ready)


def send(page: Widgets, shown: str) -> str:
    """Press the first Send Code, and return the id of what was begun."""
    destination = re.search(r'name="destination" value="([0-9a-f]{64})"', shown)
    assert destination, words(shown)
    answer = page.post("verifications", destination=destination[1], method="sms_code", request_id="r" * 26)
    begun = re.search(r"/pod/verifications/(\w{26})/check", answer.text)
    assert begun, words(answer.text)
    return begun[1]


def verifications(app: Flask) -> list[Verification]:
    with app.app_context(), across_tenants(db.session()):
        return list(db.session.scalars(select(Verification).order_by(Verification.created_at)))


def test_the_portals_sign_in_opens_the_pod_and_the_history_says_where(page: Widgets, app: Flask) -> None:
    answer = page.door()
    assert answer.get_json()["name"] == "Sam Okafor" and answer.get_json()["kept"] is False
    pod, _ = pod_token.read(answer.get_json()["token"], now())
    one = integration(app)
    assert (pod.tenant, pod.integration, pod.record, pod.contact) == (one.tenant_id, one.id, "ticket:48213", "")
    assert events(app, "pod opened") == [("pod opened", "Sam Okafor", "48213", {"where": "portal"})]
    assert one.loaded_at is None, "that line is about the PSA's own frame"
    assert "Set-Cookie" not in answer.headers
    shown = page.open()
    assert "Dana Whitfield" in shown and "+1 202-555-0142" in shown


def test_a_contact_has_a_page_of_its_own(page: Widgets, app: Flask) -> None:
    contact = Widgets(page.browser, f"/callers/{integration(app).id}/contact/81")
    assert "Amara Diallo" in contact.open()


def test_a_code_is_sent_and_its_note_is_for_the_ticket(page: Widgets, app: Flask) -> None:
    begun = send(page, page.open())
    with app.app_context(), across_tenants(db.session()):
        payload = db.session.scalars(select(OutboxRow.payload).where(OutboxRow.channel == "sms")).one()
    code = re.search(r"\b\d{6}\b", str(payload))
    assert code
    answer = page.post(f"verifications/{begun}/check", code=code[0], request_id="c" * 26)
    assert "Verified" in words(answer.text)
    (kept,) = verifications(app)
    assert (kept.state, kept.ticket, kept.technician) == ("verified", "48213", "Sam Okafor")
    with app.app_context(), across_tenants(db.session()):
        note = db.session.scalars(select(OutboxRow.payload).where(OutboxRow.channel == "psa_note")).one()
    assert "48213" in str(note)


@pytest.mark.parametrize("csrf", ["", "of-another-session"])
def test_without_the_pages_own_token_nobody_is_let_in(page: Widgets, app: Flask, csrf: str) -> None:
    page.browser.get(page.path)
    answer = page.door(csrf=csrf)
    assert (answer.status_code, answer.get_json()["password"]) == (400, True)
    assert "out of date" in answer.get_json()["problem"]
    assert not events(app, "pod opened")


def test_a_sign_in_that_has_ended_is_said_in_a_form_that_the_page_can_show(page: Widgets, app: Flask) -> None:
    found = re.search(r'data-csrf="([^"]+)"', page.browser.get(page.path).text)
    assert found
    _age(app, idle=timedelta(minutes=31))
    answer = page.door(csrf=found[1])
    assert answer.status_code == 401
    assert answer.get_json() == {"problem": "Your sign-in has ended. Sign in again.", "password": True}


def _age(app: Flask, *, idle: timedelta) -> None:
    with app.app_context(), across_tenants(db.session()):
        db.session.execute(update(SignIn).values(seen_at=now() - idle))
        db.session.commit()


def _seen_at(app: Flask) -> datetime:
    with app.app_context(), across_tenants(db.session()):
        return max(db.session.scalars(select(SignIn.seen_at)))


def test_a_pod_in_the_portal_ends_with_the_portals_sign_in(page: Widgets, app: Flask) -> None:
    page.open()
    assert page.get("rows").status_code == 200
    _age(app, idle=timedelta(minutes=31))
    assert page.get("rows").status_code == 401
    _age(app, idle=timedelta(minutes=1))
    assert page.get("rows").status_code == 200
    page.browser.post("/sign-out", page="/")
    assert page.get("rows").status_code == 401
    assert page.post("renew").status_code == 401


def test_what_is_done_in_it_counts_as_use_and_looking_does_not(page: Widgets, app: Flask) -> None:
    shown = page.open()
    _age(app, idle=timedelta(minutes=20))
    page.get("rows"), page.post("renew")
    assert now() - _seen_at(app) > timedelta(minutes=19)
    send(page, shown)
    assert now() - _seen_at(app) < timedelta(minutes=1)


def test_a_token_of_one_user_does_not_live_by_the_sign_in_of_another(page: Widgets, browser: Open, app: Flask) -> None:
    page.open()
    _age(app, idle=timedelta(minutes=31))
    browser(AUDITOR)
    assert page.get("rows").status_code == 401


def test_an_auditor_sees_the_rows_and_sends_nothing(ready: str, browser: Open, app: Flask) -> None:
    page = Widgets(browser(AUDITOR), ready)
    assert "Dana Whitfield" in page.open()
    assert page.post("verifications", method="sms_code", request_id="r" * 26).status_code == 403
    assert not verifications(app)


def test_a_strangers_door_is_shut(ready: str, browser: Open, app: Flask) -> None:
    olga = browser(STRANGER)
    found = re.search(r'name="csrf_token" value="([^"]+)"', olga.get("/").text)
    assert found
    for path in (ready, ready.replace("48213", "nonsense"), ready.replace("/ticket/", "/company/")):
        answer = olga.client.post(f"{path}/resume", data={"csrf_token": found[1]}, headers=SCRIPT)
        assert answer.status_code == 404, path
        assert answer.get_json() == {"problem": "There is no such ticket or contact.", "password": False}
    assert not events(app, "pod opened")


def test_a_ticket_without_contact_is_given_one_of_its_company_on_the_record(page: Widgets, app: Flask) -> None:
    page.path = page.path.replace("48213", "48221")
    shown = page.open()
    assert "This ticket has no contact" in shown and "Choose a contact" in shown
    assert page.get("rows").status_code == 409
    choices = page.post("contacts").text
    assert re.findall(r'<option value="(\d+)">', choices) == ["77", "79", "78", "80"]
    refused = page.post("contact", contact="81", note="she called from the front desk")
    assert "Choose one of the company&#39;s contacts." in refused.text
    assert "Say why" in page.post("contact", contact="77", note="").text
    assert page.post("contact", contact="77", note="she called from the front desk").headers["HX-Trigger-After-Settle"]
    shown = page.caller()
    assert "Dana Whitfield" in shown
    send(page, shown)
    (begun,) = verifications(app)
    assert (begun.contact, begun.ticket) == ("77", "48221")
    assert events(app, "other contact chosen") == [
        ("other contact chosen", "Sam Okafor", "48221", {"note": "she called from the front desk"})
    ]


def test_ids_may_be_as_long_as_superops_makes_them(database_url: str) -> None:
    assert record_key("ticket", "1234567890123456789") == "ticket:1234567890123456789"
    for wrong in ("1" * 21, "-1", "1.5", "١٢", ""):
        with pytest.raises(BadRecord):
            record_key("ticket", wrong)


def test_a_contact_who_is_gone_in_the_psa_ends_what_runs_and_turns_nobody_green(
    page: Widgets, app: Flask, emulators: Emulators
) -> None:
    begun = send(page, page.open())
    other = Widgets(page.browser, page.path)
    other.open()
    emulators.control("connectwise", "faults", {"merged_contacts": {"77": "78"}})
    shown = words(page.caller(anew="1"))
    assert "This contact was merged into another one in ConnectWise." in shown
    assert "The running request was ended: the contact is gone in the PSA." in shown
    assert "Marcus" not in shown
    (ended,) = verifications(app)
    assert (ended.state, ended.reason) == ("cancelled", "the contact is gone in the PSA")
    assert ("cancelled", "Sam Okafor", "48213", {"reason": "the contact is gone in the PSA"}) in events(
        app, "cancelled"
    )
    with app.app_context(), across_tenants(db.session()):
        note = str(db.session.scalars(select(OutboxRow.payload).where(OutboxRow.channel == "psa_note")).one())
    assert "Verification cancelled." in note and "Why: the contact is gone in the PSA" in note
    # A pod that shows them still has nothing to send to, and the code that was on its way is worth nothing.
    for answer in (
        other.get("rows"),
        other.post(f"verifications/{begun}/check", code="123456", request_id="c" * 26),
        other.post("verifications", method="sms_code", request_id="s" * 26),
    ):
        assert answer.status_code == 409 and "details are gone" in answer.text
    with app.app_context():
        session = db.session()
        bind_tenant(session, integration(app).tenant_id)
        for contact in ("77", "78"):
            connected = integrations.integrations(session)[0].id
            found = standing_of(session, integration_id=connected, contact=contact, at=now()).verifications
            assert not [each for each in found if each.green_until]


def test_a_ticket_that_is_gone_ends_nothing(page: Widgets, app: Flask, emulators: Emulators) -> None:
    send(page, page.open())
    emulators.control("connectwise", "faults", {"role": {"Service Tickets": {"inquire": "None"}}})
    assert "lack the right" in page.caller(anew="1")
    emulators.control("connectwise", "faults", {"reset": True})
    assert [each.state for each in verifications(app)] == ["pending"]
