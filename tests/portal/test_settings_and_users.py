"""Messages, users and the tenant's settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from portal_rig import ADMIN, TECHNICIAN, Browser, Emulators, on_one_database, words
from sqlalchemy import select

from podserver.accounts.models import Role, Tenant, User
from podserver.database import db
from podserver.delivery.models import SmsAccount
from podserver.history.models import HistoryEvent
from podserver.tenancy import across_tenants

SID = "AC" + "0" * 31 + "1"
TWILIO = {"account_sid": SID, "auth_token": "demo-auth-token-0001", "sender": "+1 (202) 555-0100"}
SETTINGS = {
    "members_may_join": "y",
    "sends_per_hour": "",
    "technician_sends_per_hour": "30",
}


def rows(app: Flask, model: Any) -> list[Any]:
    with app.app_context(), across_tenants(db.session()):
        return list(db.session.scalars(select(model).order_by(model.id)))


def last_event(app: Flask, kind: str) -> HistoryEvent:
    return next(event for event in reversed(rows(app, HistoryEvent)) if event.kind == kind)


def test_an_account_that_twilio_accepts_is_saved(admin: Browser, app: Flask) -> None:
    answer = admin.post("/messages", {**TWILIO, "validate_keys": "1"}, follow_redirects=True)
    assert "Saved. Twilio accepts the account SID and the auth token." in answer.text
    (saved,) = rows(app, SmsAccount)
    assert (saved.account_sid, saved.auth_token, saved.sender) == (SID, "demo-auth-token-0001", "+12025550100")


def test_an_account_that_twilio_refuses_is_not_saved(admin: Browser, app: Flask) -> None:
    answer = admin.post("/messages", {**TWILIO, "auth_token": "not-the-token-1234", "validate_keys": "1"})
    assert "Twilio does not accept this account SID with this auth token. Nothing was saved" in answer.text
    assert "not-the-token-1234" not in answer.text
    assert f'value="{SID}"' in answer.text
    assert not rows(app, SmsAccount)


def test_a_twilio_that_is_down_is_told_apart_and_can_be_saved_unasked(
    admin: Browser, emulators: Emulators, app: Flask
) -> None:
    emulators.control("twilio", "faults", {"down": True})
    answer = admin.post("/messages", {**TWILIO, "validate_keys": "1"})
    assert "Twilio did not answer and could not be asked." in answer.text
    assert not rows(app, SmsAccount)
    assert "Saved." in admin.post("/messages", {**TWILIO, "save_keys": "1"}, follow_redirects=True).text
    assert len(rows(app, SmsAccount)) == 1


def test_an_empty_token_keeps_the_stored_one_for_the_same_account_only(admin: Browser, app: Flask) -> None:
    admin.post("/messages", {**TWILIO, "save_keys": "1"})
    admin.post("/messages", {**TWILIO, "auth_token": "", "sender": "MG" + "0" * 32, "validate_keys": "1"})
    (saved,) = rows(app, SmsAccount)
    assert (saved.auth_token, saved.sender) == ("demo-auth-token-0001", "MG" + "0" * 32)
    other = admin.post("/messages", {**TWILIO, "auth_token": "", "account_sid": "AC" + "f" * 32, "save_keys": "1"})
    assert "The auth token is needed" in other.text
    assert rows(app, SmsAccount)[0].account_sid == SID


def test_no_transaction_is_open_while_twilio_is_asked(admin: Browser, emulators: Emulators, app: Flask) -> None:
    with app.app_context():
        pool = db.engine.pool
    held: list[int] = []
    emulators.watch.append(lambda _path: held.append(pool.checkedout()))  # type: ignore[attr-defined]
    admin.post("/messages", {**TWILIO, "validate_keys": "1"})
    assert held == [0]


def test_a_setting_that_changes_is_an_event_with_before_and_after(admin: Browser, app: Flask) -> None:
    answer = admin.post("/settings", SETTINGS, follow_redirects=True)
    assert "Saved." in answer.text
    tenant = rows(app, Tenant)[0]
    assert tenant.sends_per_hour is None
    said = last_event(app, "settings changed")
    assert said.actor == "Alex Moreno"
    assert said.detail["before"] == {"sends_per_hour": 50}
    assert said.detail["after"] == {"sends_per_hour": None}
    page = words(admin.get("/history?what=all").text)
    assert "sends per hour 50 → none" in page


def test_settings_that_do_not_change_are_no_event(admin: Browser, app: Flask) -> None:
    for _ in range(2):
        admin.post("/settings", SETTINGS)
    assert [event.kind for event in rows(app, HistoryEvent)].count("settings changed") == 1


OUT_OF_RANGE = [
        ("sends_per_hour", "0"), ("sends_per_hour", "9" * 30), ("sends_per_hour", "five"), ("sends_per_hour", "-1"),
        ("technician_sends_per_hour", "5.5"), ("technician_sends_per_hour", "٥"),
    ]  # fmt: skip


def test_a_setting_out_of_range_is_told_beside_it_and_stays_typed(admin: Browser, app: Flask) -> None:
    for field, value in OUT_OF_RANGE:
        answer = admin.post("/settings", {**SETTINGS, field: value})
        assert f'id="{field}-wrong"' in answer.text, (field, value)
        found = re.search(rf'<input id="{field}"[^>]*>', answer.text)
        assert found
        assert f'value="{value}"' in found[0] or not value
    assert rows(app, Tenant)[0].sends_per_hour == 50


def test_a_new_user_sets_a_password_by_the_link_and_signs_in(
    admin: Browser, app: Flask, browser: Callable[..., Browser]
) -> None:
    new = {"name": "Priya Nair", "email": "Priya@Northgate.example", "role": "technician"}
    page = admin.post("/users/new", new).text
    assert "Priya Nair is added" in page
    link = re.search(r"http://127\.0\.0\.1:8000(/password/[\w-]+)", page)
    assert link
    priya = browser()
    assert priya.post(link[1], {"new": "a quiet orchard in november"}).status_code == 302
    answer = priya.sign_in("priya@northgate.example", "a quiet orchard in november")
    assert answer.status_code == 302
    details = [event.detail for event in rows(app, HistoryEvent) if event.kind == "user changed"]
    assert {"user": "Priya Nair", "role": "technician", "active": True} in details
    assert details[-1] == {"user": "Priya Nair", "password": "set by a link"}


@on_one_database
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "A name is needed."),
        ("email", "nobody", "That is not an e-mail address."),
        ("email", ADMIN, "Somebody has this e-mail address already."),
        ("email", "olga@southgate.example", "Somebody has this e-mail address already."),
        ("role", "owner", "Not a valid choice"),
    ],
)
def test_a_wrong_field_of_a_new_user_is_told_beside_it(
    admin: Browser, app: Flask, field: str, value: str, sentence: str
) -> None:
    typed = {"name": "Priya Nair", "email": "priya@northgate.example", "role": "technician"}
    answer = admin.post("/users/new", {**typed, field: value})
    beside = re.search(rf'id="{field}-wrong">([^<]*)', answer.text)
    assert beside
    assert beside[1].startswith(sentence)
    assert len(rows(app, User)) == 4


def test_a_role_changes_and_ends_the_sessions_of_before(
    admin: Browser, app: Flask, browser: Callable[..., Browser]
) -> None:
    sam = browser(TECHNICIAN)
    sam_id = next(user.id for user in rows(app, User) if user.email == TECHNICIAN)
    assert admin.post(f"/users/{sam_id}", {"role": "auditor", "active": "y"}).status_code == 302
    assert sam.get("/").status_code == 302
    assert browser(TECHNICIAN).get("/history/export.csv").status_code == 200
    assert last_event(app, "user changed").detail["after"] == {"role": "auditor", "active": True}


def test_admins_cannot_lock_themselves_out(admin: Browser, app: Flask) -> None:
    me = next(user for user in rows(app, User) if user.email == ADMIN)
    for change in ({"role": "auditor", "active": "y"}, {"role": "admin"}):
        answer = admin.post(f"/users/{me.id}", change)
        assert "You cannot switch off or demote yourself; another admin can." in answer.text
    assert admin.get("/users").status_code == 200
    assert next(user for user in rows(app, User) if user.email == ADMIN).role == Role.ADMIN
