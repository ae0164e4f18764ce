"""Signing in, staying in, and being put out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from argon2 import PasswordHasher
from flask import Flask
from portal_rig import ADMIN, AUDITOR, PASSWORDS, TECHNICIAN, Browser, on_one_database, words
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from podserver.accounts import service as accounts
from podserver.accounts.models import SignIn, User
from podserver.database import db, now, writing
from podserver.history.models import HistoryEvent
from podserver.tenancy import across_tenants, bind_tenant

Open = Callable[..., Browser]


def age_sign_ins(app: Flask, **ages: timedelta) -> None:
    """Make every sign-in older: ``created_at`` and ``seen_at`` move back."""
    with app.app_context(), across_tenants(db.session()), writing(db.session()) as session:
        for row in session.scalars(select(SignIn)).all():
            values = {name: getattr(row, name) - by for name, by in ages.items()}
            session.execute(update(SignIn).where(SignIn.id == row.id).values(values))


def kinds(app: Flask) -> list[str]:
    with app.app_context(), across_tenants(db.session()):
        return list(db.session.scalars(select(HistoryEvent.kind).order_by(HistoryEvent.id)))


def is_in(one: Browser) -> bool:
    return one.get("/").status_code == 200


def test_the_right_password_opens_the_overview_and_is_written_down(browser: Open, app: Flask) -> None:
    one = browser()
    answer = one.sign_in(ADMIN)
    assert (answer.status_code, answer.location) == (302, "/")
    assert "Alex Moreno" in one.get("/").text
    assert kinds(app).count("signed in") == 1


def test_a_wrong_password_says_nothing_about_the_account(browser: Open, app: Flask) -> None:
    one = browser()
    known = one.sign_in(ADMIN, "not the password at all")
    unknown = one.sign_in("nobody@northgate.example", "not the password at all")
    assert known.status_code == unknown.status_code == 401
    for answer in (known, unknown):
        assert "E-mail or password is wrong." in answer.text
        assert "not the password at all" not in answer.text
    assert f'value="{ADMIN}"' in known.text
    assert not is_in(one)
    assert kinds(app).count("sign-in failed") == 1


def test_ten_failures_lock_the_account_from_every_address_and_no_other_account(app: Flask, browser: Open) -> None:
    one = browser()
    for number in range(10):
        answer = one.sign_in(ADMIN, "wrong wrong wrong", environ_base={"REMOTE_ADDR": f"198.51.100.{number}"})
        assert answer.status_code == 401
    locked = one.sign_in(ADMIN, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert locked.status_code == 429
    assert "Too many failed sign-ins. Try again in 15 min." in locked.text
    assert one.sign_in(AUDITOR, environ_base={"REMOTE_ADDR": "198.51.100.1"}).status_code == 302


def test_thirty_failures_lock_the_address_for_every_account_and_no_other_address(browser: Open) -> None:
    one = browser()
    address = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    for number in range(30):
        assert one.sign_in(f"person{number}@northgate.example", "wrong wrong wrong", **address).status_code == 401
    assert one.sign_in(ADMIN, **address).status_code == 429
    assert one.sign_in(ADMIN, environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 302


@on_one_database
def test_a_success_frees_the_account_of_its_failures(browser: Open) -> None:
    one = browser()
    for _ in range(2):
        for _ in range(9):
            assert one.sign_in(ADMIN, "wrong wrong wrong").status_code == 401
        one = browser(ADMIN)
        one.post("/sign-out", page="/")


def test_signing_out_ends_the_session_on_the_server_too(admin: Browser, app: Flask) -> None:
    cookie = admin.client.get_cookie("podserver")
    assert cookie is not None
    answer = admin.post("/sign-out", page="/", follow_redirects=True)
    assert "You are signed out." in answer.text
    thief = Browser(app.test_client())
    thief.client.set_cookie("podserver", cookie.value)
    assert not is_in(admin)
    assert not is_in(thief)
    assert "signed out" in kinds(app)


def test_signing_out_by_a_link_is_not_possible(admin: Browser) -> None:
    assert admin.get("/sign-out").status_code == 405
    assert is_in(admin)


def test_half_an_hour_without_use_ends_the_session(admin: Browser, app: Flask) -> None:
    age_sign_ins(app, seen_at=timedelta(minutes=29))
    assert is_in(admin)
    age_sign_ins(app, seen_at=timedelta(minutes=29))
    assert is_in(admin), "use counts anew from the last page"
    age_sign_ins(app, seen_at=timedelta(minutes=31))
    assert not is_in(admin)


def test_twelve_hours_end_the_session_however_busy(admin: Browser, app: Flask) -> None:
    age_sign_ins(app, created_at=timedelta(hours=11, minutes=59))
    assert is_in(admin)
    age_sign_ins(app, created_at=timedelta(minutes=2))
    assert not is_in(admin)


def test_a_page_that_asks_by_itself_keeps_no_session_alive(admin: Browser, connected: str, app: Flask) -> None:
    age_sign_ins(app, seen_at=timedelta(minutes=29))
    assert admin.get(f"{connected}/loaded", headers={"HX-Request": "true"}).status_code == 200
    age_sign_ins(app, seen_at=timedelta(minutes=2))
    ended = admin.get(f"{connected}/loaded", headers={"HX-Request": "true"})
    assert ended.status_code == 286
    assert words(ended.text) == "Your sign-in has ended. Sign in"


def test_use_is_written_down_once_a_minute_at_most(admin: Browser, app: Flask) -> None:
    def seen() -> object:
        with app.app_context(), across_tenants(db.session()):
            return db.session.scalar(select(SignIn.seen_at))

    first = seen()
    admin.get("/users")
    assert seen() == first
    age_sign_ins(app, seen_at=timedelta(seconds=61))
    admin.get("/users")
    assert seen() >= first  # type: ignore[operator]


def test_a_user_who_is_switched_off_is_out_at_once(admin: Browser, browser: Open, app: Flask) -> None:
    sam = browser(TECHNICIAN)
    assert is_in(sam)
    with app.app_context(), across_tenants(db.session()):
        sam_id = db.session.scalar(select(User.id).where(User.email == TECHNICIAN))
    assert admin.post(f"/users/{sam_id}", {"role": "technician"}).status_code == 302
    assert not is_in(sam)
    assert browser().sign_in(TECHNICIAN).status_code == 401
    assert admin.post(f"/users/{sam_id}", {"role": "technician", "active": "y"}).status_code == 302
    assert not is_in(sam), "the old session stays closed"
    assert browser().sign_in(TECHNICIAN).status_code == 302


def test_a_signed_in_user_does_not_see_the_sign_in_form(admin: Browser) -> None:
    assert admin.get("/sign-in?next=/users").location == "/users"


def test_signing_in_makes_a_new_token_and_keeps_nothing_of_before(browser: Open) -> None:
    one = browser()
    before = one.get("/sign-in").text
    one.sign_in(ADMIN)
    with one.client.session_transaction() as kept:
        assert "csrf_token" not in kept
        token = kept["_user_id"]
    one.post("/sign-out", page="/")
    one.sign_in(ADMIN)
    with one.client.session_transaction() as kept:
        assert kept["_user_id"] != token
    assert token not in before


@on_one_database
def test_a_page_that_needs_a_sign_in_comes_back_to_itself(browser: Open) -> None:
    one = browser()
    door = one.get("/history?period=7&what=all").location
    assert door.startswith("/sign-in?next=")
    answer = one.post(door, {"email": ADMIN, "password": "paper lanterns over the harbour"})
    assert answer.location == "/history?period=7&what=all"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/@evil.example:80\r\nSet-Cookie: a=b",
    "/users#//evil.example",
    "/ünïcode",
    "/x" * 400,
    "",
]


@on_one_database
def test_signing_in_never_leads_to_another_place(browser: Open) -> None:
    for target in ELSEWHERE:
        one = browser()
        assert one.get("/sign-in", query_string={"next": target}).status_code == 200
        data = {"email": ADMIN, "password": "paper lanterns over the harbour"}
        answer = one.post("/sign-in", data, query_string={"next": target})
        assert answer.location == "/", target


def test_the_password_is_not_stored_in_clear(app: Flask) -> None:
    with app.app_context(), across_tenants(db.session()):
        user = db.session.scalar(select(User).where(User.email == ADMIN))
        assert user is not None
        assert (user.password_hash or "").startswith("$argon2id$")


@on_one_database
def test_a_hash_of_the_product_costs_what_it_should_and_opens_the_door(
    app: Flask, browser: Open, full_cost: PasswordHasher, nobody: str
) -> None:
    with app.app_context(), across_tenants(db.session()), writing(db.session()) as session:
        user = session.scalar(select(User).where(User.email == ADMIN))
        assert user is not None
        user.password_hash = full_cost.hash(PASSWORDS[ADMIN])
        # RFC 9106, its second recommended option.
        assert user.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        assert not full_cost.check_needs_rehash(nobody), "an unknown account would be answered sooner or later"
        bind_tenant(session, user.tenant_id)
    assert browser().sign_in(ADMIN, "another password").status_code == 401
    assert is_in(browser(ADMIN))


@on_one_database
def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: Open) -> None:
    cookie = browser().sign_in(ADMIN).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_service_finds_no_sign_in_for_an_unknown_token(app: Flask) -> None:
    with app.app_context():
        session: Session = db.session()
        assert accounts.signed_in(session, "made up", now()) is None
