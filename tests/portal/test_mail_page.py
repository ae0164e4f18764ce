"""The page of the mail server: what is saved, what Validate says, and the trial letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from portal_rig import ADMIN, AUDITOR, TECHNICIAN, Browser, on_one_database, words
from sqlalchemy import select

from emulators.mail import SMTP_PASSWORD, SMTP_USER, MailEmulator
from emulators.tls import certificates
from podserver.accounts.models import Tenant, User
from podserver.database import db
from podserver.delivery.credentials import MailAccount
from podserver.delivery.models import OutboxRow
from podserver.history.models import HistoryEvent
from podserver.tenancy import across_tenants, bind_tenant

SUPPORT = "support@northgate.example"


@dataclass
class Post:
    """The mail server, and what the form says of it."""

    emulator: MailEmulator
    form: dict[str, str]


@pytest.fixture
def post(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """A mail server on a real socket, whose authority the application trusts."""
    certified = certificates(tmp_path_factory.mktemp("mail-certificates"))
    emulator = MailEmulator()
    ports = emulator.serve("localhost", 0, certified.server_context())
    trusting = {"ca_file": certified.authority, "local_hosts": frozenset({f"localhost:{ports.plain}"})}
    app.extensions["settings"] = replace(app.extensions["settings"], **trusting)
    channel = app.extensions["exchange"].channels["mail"]
    channel._ca_file, channel._local_hosts = trusting["ca_file"], trusting["local_hosts"]
    form = {
        "host": "localhost",
        "port": str(ports.plain),
        "security": "starttls",
        "username": SMTP_USER,
        "password": SMTP_PASSWORD,
        "from_address": SUPPORT,
        "reply_to": "help@northgate.example",
    }
    yield Post(emulator, form)
    emulator.stop()


def rows(app: Flask, model: Any) -> list[Any]:
    with app.app_context(), across_tenants(db.session()):
        return list(db.session.scalars(select(model)))


def work(app: Flask) -> None:
    """What a worker does with the rows that are due."""
    for row in rows(app, OutboxRow):
        app.extensions["deliver"](row.id)


def test_a_server_that_takes_us_is_saved_and_opens_the_methods_by_mail(admin: Browser, app: Flask, post: Post) -> None:
    answer = admin.post("/mail", {**post.form, "validate_server": "1"}, follow_redirects=True)
    assert "Saved. localhost speaks TLS 1.3, took the login, and lets us send." in answer.text
    (saved,) = rows(app, MailAccount)
    assert (saved.host, saved.username, saved.password, saved.from_address, saved.reply_to) == (
        "localhost",
        SMTP_USER,
        SMTP_PASSWORD,
        SUPPORT,
        "help@northgate.example",
    )
    assert not post.emulator.store.newest()
    northgate, southgate = sorted(rows(app, Tenant), key=lambda tenant: tenant.name)
    assert ("mail" in northgate.tools, "mail" in southgate.tools) == (True, False)
    (event,) = [each for each in rows(app, HistoryEvent) if each.kind == "mail server changed"]
    assert event.actor == "Alex Moreno"
    assert SMTP_PASSWORD not in answer.text
    assert "stored, leave empty to keep" in answer.text


@on_one_database
def test_a_server_that_refuses_us_is_not_saved_and_what_was_typed_stays(admin: Browser, app: Flask, post: Post) -> None:
    answer = admin.post("/mail", {**post.form, "password": "not-the-password", "validate_server": "1"})
    assert "TLS works, but localhost refused the user and password (it said 535 5.7.8)." in answer.text
    assert "Nothing was saved; enter the password again." in answer.text
    assert "not-the-password" not in answer.text
    assert f'value="{SUPPORT}"' in answer.text
    assert not rows(app, MailAccount)


@on_one_database
def test_a_server_that_is_down_can_be_saved_unasked(admin: Browser, app: Flask, post: Post) -> None:
    post.emulator.change_faults({"down": "refused"})
    answer = admin.post("/mail", {**post.form, "validate_server": "1"})
    assert "Connecting failed: nothing answers at localhost" in words(answer.text)
    assert not rows(app, MailAccount)
    assert "Saved." in admin.post("/mail", {**post.form, "save_server": "1"}, follow_redirects=True).text
    assert len(rows(app, MailAccount)) == 1


@on_one_database
def test_the_server_is_not_led_into_its_own_network(admin: Browser, app: Flask, post: Post) -> None:
    answer = admin.post("/mail", {**post.form, "port": "5432", "validate_server": "1"})
    assert "localhost is inside this server&#39;s own network." in answer.text
    assert not rows(app, MailAccount)


WRONG = [
    ("host", "", "The host is needed."),
    ("host", "smtp://x", "A host is a name"),
    ("port", "", "The port is needed."),
    ("port", "587a", "This is a whole number."),
    ("port", "99999", "A port is a number from 1 to 65535"),
    ("security", "none", "Choose STARTTLS or TLS"),
    ("from_address", "", "An address to send from is needed."),
    ("from_address", "support", "That is not an e-mail address"),
    ("reply_to", "x@y", "That is not an e-mail address"),
    ("username", "", "A password without a user is of no use."),
]


@on_one_database
def test_a_wrong_field_is_told_beside_it(admin: Browser, app: Flask, post: Post) -> None:
    for field, value, sentence in WRONG:
        answer = admin.post("/mail", {**post.form, field: value, "validate_server": "1"})
        beside = answer.text.partition(f'id="{field}-wrong">')[2]
        assert beside.startswith(sentence), (field, value)
    assert not rows(app, MailAccount)


def test_the_trial_letter_goes_to_the_admin_alone_and_its_end_is_told(admin: Browser, app: Flask, post: Post) -> None:
    assert "Send a test letter" not in admin.get("/mail").text
    admin.post("/mail", {**post.form, "save_server": "1"})
    answer = admin.post("/mail/letter", page="/mail", follow_redirects=True)
    assert "The letter is on its way to your own address." in answer.text
    assert 'hx-get="/mail/letter"' in answer.text
    assert "on its way" in words(admin.get("/mail/letter").text)
    work(app)
    line = admin.get("/mail/letter")
    assert "Taken: the mail server took it. Look into your mailbox, and into junk." in words(line.text)
    assert "hx-get" not in line.text
    (mail,) = post.emulator.store.newest()
    assert mail.arrival.recipients == (ADMIN,)
    assert "This is a test letter. Alex Moreno sent it" in (mail.content.text or "")
    assert mail.subject == "Test letter from Northgate IT"


@on_one_database
def test_a_trial_letter_that_fails_says_why(admin: Browser, app: Flask, post: Post) -> None:
    admin.post("/mail", {**post.form, "save_server": "1"})
    post.emulator.change_faults({"refuse_login": True})
    admin.post("/mail/letter", page="/mail")
    work(app)
    text = words(admin.get("/mail/letter").text)
    assert "it was not sent: the mail server refused our login, an admin has to look under Mail." in text
    post.emulator.reset()
    post.emulator.change_faults({"accept_then_drop_answer": 1})
    admin.post("/mail/letter", page="/mail")
    work(app)
    assert "nobody can tell whether it was sent" in words(admin.get("/mail/letter").text)


@on_one_database
def test_no_trial_letter_without_a_server_or_an_address(admin: Browser, app: Flask, post: Post) -> None:
    assert "no mail server is saved yet" in admin.post("/mail/letter", page="/mail", follow_redirects=True).text
    admin.post("/mail", {**post.form, "save_server": "1"})
    with app.app_context(), across_tenants(db.session()):
        (alex,) = db.session.scalars(select(User).where(User.email == ADMIN))
        bind_tenant(db.session(), alex.tenant_id)
        alex = db.session.get_one(User, alex.id)
        alex.email = None
        db.session.commit()
    answer = admin.post("/mail/letter", page="/mail", follow_redirects=True)
    assert "your user has no e-mail address" in answer.text
    assert not rows(app, OutboxRow)


@on_one_database
def test_removing_the_server_closes_the_methods_by_mail(admin: Browser, app: Flask, post: Post) -> None:
    admin.post("/mail", {**post.form, "save_server": "1"})
    answer = admin.post("/mail/remove", page="/mail", follow_redirects=True)
    assert "Removed. Nobody can be verified by e-mail" in answer.text
    assert not rows(app, MailAccount)
    assert not any("mail" in tenant.tools for tenant in rows(app, Tenant))


@on_one_database
def test_no_transaction_is_open_while_the_server_is_asked(admin: Browser, app: Flask, post: Post) -> None:
    with app.app_context():
        pool = db.engine.pool
    held: list[int] = []
    reception = post.emulator._reception
    usual = reception.authenticate

    def watched(*arguments: Any) -> Any:
        held.append(pool.checkedout())  # type: ignore[attr-defined]
        return usual(*arguments)

    reception.authenticate = watched  # type: ignore[method-assign]
    admin.post("/mail", {**post.form, "validate_server": "1"})
    assert held == [0]


@on_one_database
@pytest.mark.parametrize("email", [TECHNICIAN, AUDITOR])
def test_only_admins_see_the_page(browser: Any, email: str) -> None:
    assert browser(email).get("/mail").status_code == 403


@on_one_database
def test_the_page_says_what_makes_letters_arrive(admin: Browser, post: Post) -> None:
    admin.post("/mail", {**post.form, "save_server": "1"})
    text = words(admin.get("/mail").text)
    for said in ("SPF", "DKIM", "_dmarc.northgate.example", "p=reject", "verify.northgate.example", "dmarc=pass"):
        assert said in text
