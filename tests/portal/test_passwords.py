"""Passwords: one's own is changed with the old one, a first or forgotten one is set by a link that works once."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from click.testing import CliRunner
from flask import Flask
from portal_rig import ADMIN, AUDITOR, PASSWORDS, STRANGER, TECHNICIAN, Browser, on_one_database, words
from sqlalchemy import select, update

from podserver import command
from podserver.accounts import day, passwords, service
from podserver.accounts.models import PasswordLink, User
from podserver.accounts.passwords import LinkOver
from podserver.database import db, now, release, writing
from podserver.history.models import HistoryEvent
from podserver.tenancy import across_tenants, bind_tenant

NEW = "a quiet orchard in november"
Open = Callable[..., Browser]


def user_of(app: Flask, email: str) -> User:
    with app.app_context(), across_tenants(db.session()):
        return db.session.scalars(select(User).where(User.email == email)).one()


def last_event(app: Flask) -> HistoryEvent:
    with app.app_context(), across_tenants(db.session()):
        return db.session.scalars(select(HistoryEvent).order_by(HistoryEvent.id.desc())).first()  # type: ignore[return-value]


def link_for(admin: Browser, user: User) -> str:
    """The path of a link that an admin makes."""
    page = admin.post(f"/users/{user.id}/password-link", page=f"/users/{user.id}")
    assert page.status_code == 200
    found = re.search(r'<code id="password-link">http://127\.0\.0\.1:8000(/password/[\w-]{43})</code>', page.text)
    assert found, page.text
    return unescape(found[1])


def test_a_user_changes_their_own_password_and_is_signed_out_everywhere(app: Flask, browser: Open) -> None:
    here, elsewhere = browser(TECHNICIAN), browser(TECHNICIAN)
    sam = user_of(app, TECHNICIAN)
    with app.app_context():
        bind_tenant(db.session(), sam.tenant_id)
        with writing(db.session()) as session:
            frame = day.begin(session, session.get_one(User, sam.id), now())
    answer = here.post("/account", {"current": PASSWORDS[TECHNICIAN], "new": NEW})
    assert answer.status_code == 302 and answer.headers["Location"].endswith("/sign-in")
    for signed_in in (here, elsewhere):
        assert "/sign-in" in signed_in.get("/").headers["Location"]
    with app.app_context():
        bind_tenant(db.session(), sam.tenant_id)
        assert day.user_of(db.session(), frame) is None
    assert browser().sign_in(TECHNICIAN).status_code == 401
    assert browser().sign_in(TECHNICIAN, NEW).status_code == 302
    with app.app_context(), across_tenants(db.session()):
        told = [each.detail for each in db.session.scalars(select(HistoryEvent)) if "password" in each.detail]
    assert told == [{"user": "Sam Okafor", "password": "changed"}]


@on_one_database
@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"current": "not the one that I have", "new": NEW}, "current", "That is not your password."),
        ({"current": "", "new": NEW}, "current", "Enter the password that you have."),
        ({"current": PASSWORDS[TECHNICIAN], "new": "too short"}, "new", "A password has 15 characters or more"),
        ({"current": PASSWORDS[TECHNICIAN], "new": "sam okafor is here"}, "new", "A password must not hold the user"),
        ({"current": PASSWORDS[TECHNICIAN], "new": PASSWORDS[TECHNICIAN]}, "new", "This is the password that you have"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_changes_nothing(
    browser: Open, typed: dict[str, str], field: str, sentence: str
) -> None:
    sam = browser(TECHNICIAN)
    answer = sam.post("/account", typed)
    beside = re.search(rf'id="{field}-wrong">([^<]*)', answer.text)
    assert beside and beside[1].startswith(sentence), answer.text
    assert NEW not in answer.text and PASSWORDS[TECHNICIAN] not in answer.text
    assert sam.get("/").status_code == 200
    assert browser().sign_in(TECHNICIAN).status_code == 302


@on_one_database
def test_guesses_at_the_current_password_close_the_door(browser: Open) -> None:
    sam = browser(TECHNICIAN)
    answers = [sam.post("/account", {"current": f"guess number {n} of many", "new": NEW}).text for n in range(15)]
    assert "That is not your password." in answers[0] and "Too many failed sign-ins" in answers[-1]
    right = sam.post("/account", {"current": PASSWORDS[TECHNICIAN], "new": NEW})
    assert "Too many failed sign-ins" in right.text


def test_a_link_sets_a_password_once_and_looking_at_it_spends_nothing(
    app: Flask, admin: Browser, browser: Open
) -> None:
    sam = user_of(app, TECHNICIAN)
    signed_in = browser(TECHNICIAN)
    path, stranger = link_for(admin, sam), browser()
    for _ in range(3):
        page = stranger.get(path)
        assert page.status_code == 200 and "Sam Okafor, sam@northgate.example, at Northgate IT" in words(page.text)
        assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    assert signed_in.get("/").status_code == 200
    assert "15 characters or more" in stranger.post(path, {"new": "too short"}).text
    assert stranger.post(path, {"new": NEW}, page=path).status_code == 302
    assert last_event(app).detail == {"user": "Sam Okafor", "password": "set by a link"}
    assert "/sign-in" in signed_in.get("/").headers["Location"]
    assert browser().sign_in(TECHNICIAN).status_code == 401
    assert browser().sign_in(TECHNICIAN, NEW).status_code == 302
    again = stranger.client.get(path)
    assert again.status_code == 410 and "This link is over" in words(again.text) and "Sam" not in again.text


def test_of_two_who_send_a_link_at_once_one_sets_the_password(app: Flask, admin: Browser) -> None:
    token = link_for(admin, user_of(app, TECHNICIAN)).rpartition("/")[2]
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def send(password: str) -> None:
        with app.app_context():
            ready.wait()
            try:
                passwords.set_by_link(db.session(), token, password, now())
                outcomes.append(password)
            except LinkOver:
                outcomes.append("")

    sent = [threading.Thread(target=send, args=(each,)) for each in (NEW, f"{NEW}, again")]
    for each in sent:
        each.start()
    for each in sent:
        each.join()
    assert sorted(bool(each) for each in outcomes) == [False, True]
    with app.app_context():
        right = max(outcomes)
        found = service.password_is_right(db.session(), email=TECHNICIAN, password=right, address="", at=now())
        assert found.name == "Sam Okafor"


@on_one_database
def test_a_link_is_over_when_it_is_old_replaced_or_its_user_is_switched_off(
    app: Flask, admin: Browser, browser: Open
) -> None:
    sam = user_of(app, TECHNICIAN)
    first = link_for(admin, sam)
    second = link_for(admin, sam)
    assert browser().get(first).status_code == 410
    assert browser().get(second).status_code == 200
    with app.app_context(), across_tenants(db.session()), writing(db.session()) as session:
        late = {"expires_at": now() - timedelta(seconds=1)}
        session.execute(update(PasswordLink).values(**late).execution_options(synchronize_session=False))
    assert browser().get(second).status_code == 410
    third = link_for(admin, sam)
    admin.post(f"/users/{sam.id}", {"role": "technician"})
    assert browser().get(third).status_code == 410
    refused = admin.post(f"/users/{sam.id}/password-link", page=f"/users/{sam.id}", follow_redirects=True)
    assert "This user is switched off." in words(refused.text)
    assert browser().get("/password/" + "x" * 43).status_code == 410


@on_one_database
def test_only_an_admin_of_the_same_tenant_makes_links(app: Flask, admin: Browser, browser: Open) -> None:
    sam, olga = user_of(app, TECHNICIAN), user_of(app, STRANGER)
    for who in (TECHNICIAN, AUDITOR):
        one = browser(who)
        assert one.post(f"/users/{sam.id}/password-link", page="/account").status_code == 403
    assert admin.post(f"/users/{olga.id}/password-link", page="/account").status_code == 404
    with app.app_context(), across_tenants(db.session()):
        assert not list(db.session.scalars(select(PasswordLink)))


@on_one_database
def test_whoever_comes_in_through_the_psa_has_no_password_to_change(app: Flask, admin: Browser) -> None:
    alex = user_of(app, ADMIN)
    with app.app_context():
        bind_tenant(db.session(), alex.tenant_id)
        with writing(db.session()) as session:
            member = service.NewUser("", "Priya Nair", service.Role.TECHNICIAN)
            priya = service.create_user(session, member, actor="test", at=now()).id
    assert "Make a link" not in admin.get(f"/users/{priya}").text
    answer = admin.post(f"/users/{priya}/password-link", page="/account", follow_redirects=True)
    assert "comes in through the PSA, and has no e-mail address" in words(answer.text)
    with app.app_context():
        session = db.session()
        bind_tenant(session, alex.tenant_id)
        wanted = passwords.Change("anything at all here", NEW, "")
        with pytest.raises(service.BadInput, match="come in through the PSA"):
            passwords.change(session, service.user(session, priya), wanted, now())


@on_one_database
def test_the_row_holds_no_token_and_an_admin_can_get_in_from_the_shell(
    app: Flask, admin: Browser, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_application", lambda: app)
    said = CliRunner().invoke(command.main, ["user", "password-link", "--tenant", "Northgate IT", ADMIN.upper()])
    assert said.exit_code == 0, said.output
    path = said.output.strip().removeprefix("http://127.0.0.1:8000")
    with app.app_context(), across_tenants(db.session()):
        row = db.session.scalars(select(PasswordLink)).one()
        assert path.rpartition("/")[2] not in (row.token_hash, str(row.id))
        release(db.session())
    assert browser().post(path, {"new": NEW}).status_code == 302
    assert browser().sign_in(ADMIN, NEW).status_code == 302
    nobody = CliRunner().invoke(command.main, ["user", "password-link", "--tenant", "Northgate IT", "x@y.example"])
    assert nobody.exit_code == 1 and "No user has this e-mail address." in nobody.output


@on_one_database
def test_a_link_lets_in_whom_guesses_had_locked_out(app: Flask, admin: Browser, browser: Open) -> None:
    path = link_for(admin, user_of(app, TECHNICIAN))
    guesser = browser()
    assert [guesser.sign_in(TECHNICIAN, f"guess number {n} of many").status_code for n in range(15)][-1] == 429
    assert browser().post(path, {"new": NEW}).status_code == 302
    with app.app_context():
        found = service.password_is_right(
            db.session(), email=TECHNICIAN, password=NEW, address="198.51.100.9", at=now()
        )
        assert found.email == TECHNICIAN
