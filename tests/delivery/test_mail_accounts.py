"""What may be saved of a mail server, and what Validate says of each step that fails."""

from __future__ import annotations

import base64
import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from letter_rig import (
    SUPPORT,
    Line,
    Sender,
    SortingOffice,
    answers,
    greeted,
    lenient,
    on_one_database,
    scripted,
    server,
)
from sqlalchemy import select

from emulators.mail import SMTP_PASSWORD, SMTP_USER
from podserver.accounts.models import Tenant
from podserver.command import main
from podserver.configuration import Settings
from podserver.database import db, writing
from podserver.delivery import mail_accounts
from podserver.delivery.accounts import BadInput, Verdict
from podserver.delivery.credentials import MailAccount
from podserver.delivery.mail_accounts import MailServer
from podserver.history.models import HistoryEvent
from podserver.tenancy import across_tenants

HERE = frozenset({"localhost"})
BASE = "https://pod.example.com"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return lenient(settings)


def check(account: MailServer, office: SortingOffice, *, local: frozenset[str] = HERE, trust: bool = True) -> Verdict:
    return mail_accounts.check(account, BASE, office.authority if trust else None, local)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_takes_us_is_accepted_and_gets_no_letter(mailboxes: SortingOffice, security: str) -> None:
    port = mailboxes.ports.plain if security == "starttls" else mailboxes.ports.tls
    verdict = check(server(port or 0, security=security), mailboxes)
    assert verdict == Verdict(True, "localhost speaks TLS 1.3, took the login, and lets us send.")
    assert not mailboxes.mails()


def test_the_steps_that_fail_before_tls_are_told_apart(mailboxes: SortingOffice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    closed = check(server(nobody), mailboxes)
    assert closed.accepted is None
    assert closed.sentence.startswith(f"Connecting failed: nothing answers at localhost on port {nobody}.")
    unknown = check(server(587, host="mail.nowhere.invalid"), mailboxes)
    assert (unknown.accepted, unknown.sentence) == (
        False,
        "Finding the server failed: there is no host mail.nowhere.invalid. Check the name.",
    )
    inside = check(server(mailboxes.ports.plain), mailboxes, local=frozenset())
    assert inside.accepted is False
    assert "localhost is inside this server's own network." in inside.sentence


def test_a_port_of_the_other_encryption_is_told_with_the_right_one(mailboxes: SortingOffice) -> None:
    assert mailboxes.ports.tls is not None
    with shorter(0.5):
        waits = check(server(mailboxes.ports.tls), mailboxes)
    assert "did not greet us as a mail server. Port 587 is for STARTTLS; for 465 choose TLS." in waits.sentence
    other = check(server(mailboxes.ports.plain, security="tls"), mailboxes)
    assert other.accepted is False
    assert "no TLS came about" in other.sentence
    assert "Port 465 is for TLS; for 587 and 25 choose STARTTLS." in other.sentence


@contextmanager
def shorter(seconds: float) -> Iterator[None]:
    """For this block Validate waits no longer than ``seconds``."""
    usual = mail_accounts._SECONDS
    mail_accounts._SECONDS = seconds  # type: ignore[misc]
    try:
        yield
    finally:
        mail_accounts._SECONDS = usual  # type: ignore[misc]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_told(mailboxes: SortingOffice, security: str) -> None:
    port = mailboxes.ports.plain if security == "starttls" else mailboxes.ports.tls
    verdict = check(server(port or 0, security=security), mailboxes, trust=False)
    assert verdict.accepted is False
    assert verdict.sentence.startswith("TLS failed: nobody whom this server trusts vouches for the certificate")
    assert "PODSERVER_CA_FILE" in verdict.sentence


def test_a_certificate_of_another_name_is_told(tmp_path: Path) -> None:
    authority, context = vouching_for_itself(tmp_path, "mail.larkfield.example", days=9)
    with scripted(answers(context, {})) as there:
        verdict = mail_accounts.check(server(there.port), BASE, authority, HERE)
    assert verdict.sentence == "TLS failed: the certificate is not for localhost. Enter the name that stands in it."


def test_a_certificate_that_has_run_out_is_told(tmp_path: Path) -> None:
    authority, context = vouching_for_itself(tmp_path, "localhost", days=-1)
    with scripted(answers(context, {})) as there:
        verdict = mail_accounts.check(server(there.port), BASE, authority, HERE)
    assert verdict.sentence == "TLS failed: the certificate of localhost has run out."


def vouching_for_itself(folder: Path, host: str, *, days: int) -> tuple[Path, ssl.SSLContext]:
    """A certificate for ``host`` that ends in so many days, and what a server with it speaks."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return certificate, context


def test_a_password_that_is_wrong_is_told(mailboxes: SortingOffice) -> None:
    verdict = check(server(mailboxes.ports.plain, password="not-the-password"), mailboxes)
    assert (verdict.accepted, verdict.sentence) == (
        False,
        "TLS works, but localhost refused the user and password (it said 535 5.7.8).",
    )


SAID = [
    ({"AUTH": "550 5.7.30 Basic authentication is not supported"}, (), "SMTP with a password is switched off"),
    ({"AUTH": "454 4.7.0 Busy"}, (), "localhost puts us off, try again in some minutes (it said 454 4.7.0)."),
    ({}, ("AUTH GSSAPI",), "offers no login that podserver knows (PLAIN or LOGIN)."),
    ({"MAIL": "550 5.7.60 No"}, (), f"The login works, but localhost does not let this user send from {SUPPORT}"),
    ({"MAIL": ""}, (), "localhost stopped answering in the middle. Try again."),
]


@pytest.mark.parametrize(("replies", "extensions", "sentence"), SAID)
def test_what_a_server_says_after_tls_is_told(
    mailboxes: SortingOffice, replies: dict[str, str], extensions: tuple[str, ...], sentence: str
) -> None:
    with scripted(answers(mailboxes.server_context(), replies, *extensions)) as there:
        verdict = check(server(there.port), mailboxes)
    assert not verdict.accepted
    assert sentence in verdict.sentence


def test_a_relay_that_wants_a_login_after_all_is_told(mailboxes: SortingOffice) -> None:
    verdict = check(server(mailboxes.ports.plain, username="", password=""), mailboxes)
    assert verdict.sentence == (
        f"TLS works, but localhost does not let us send from {SUPPORT} without a login (it said 530 5.7.0)."
    )


def test_what_is_no_mail_server_is_told(mailboxes: SortingOffice) -> None:
    def talk(line: Line) -> None:
        line.say("HTTP/1.1 400 Bad Request")

    with scripted(talk) as there:
        verdict = check(server(there.port), mailboxes)
    assert verdict.sentence == (
        f"Connected, but what answers at localhost on port {there.port} is no mail server. Check the port."
    )


def test_a_server_with_login_alone_gets_user_and_password_of_any_letters(mailboxes: SortingOffice) -> None:
    """Exchange offers LOGIN, not PLAIN; smtplib's own login breaks on an umlaut."""
    said: list[str] = []

    def talk(line: Line) -> None:
        greeted(line, mailboxes.server_context(), "AUTH LOGIN XOAUTH2")
        line.hear()
        for question in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
            line.say(f"334 {question}")
            said.append(base64.b64decode(line.hear()).decode())
        line.say("235 2.7.0 OK")
        while line.hear():
            line.say("250 OK")

    with scripted(talk) as there:
        verdict = check(server(there.port, username="jörg", password="pässwörd 🔑"), mailboxes)
    assert verdict.accepted
    assert said == ["jörg", "pässwörd 🔑"]


WRONG = [
    ("host", "https://smtp.example.com"),
    ("host", "smtp.example.com:587"),
    ("host", "smtp example com"),
    ("host", ""),
    ("host", "a" * 300 + ".example.com"),
    ("port", 0),
    ("port", 70000),
    ("security", "none"),
    ("security", ""),
    ("username", ""),
    ("username", "x" * 255),
    ("password", ""),
    ("password", "a\x00b"),
    ("password", "x" * 501),
    ("from_address", "support"),
    ("from_address", "support@northgate"),
    ("from_address", "Support <support@northgate.example>"),
    ("from_address", "a@b.example\r\nBcc: eve@evil.example"),
    ("reply_to", "nobody"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        mail_accounts.clean(replace(server(587), **{field: value}), None)
    assert refused.value.field == field
    assert str(refused.value).endswith(".")


def test_a_server_that_is_saved_is_an_event_and_opens_the_methods_by_mail(app: Flask) -> None:
    sender = Sender(app, server(587, host="SMTP.Northgate.Example."))
    saved = of_tenant(sender)
    assert (saved.host, saved.port, saved.security) == ("smtp.northgate.example", 587, "starttls")
    assert (saved.username, saved.password, saved.from_address) == (SMTP_USER, SMTP_PASSWORD, SUPPORT)
    assert "mail" in tools(sender)
    event = events(sender)[-1]
    assert event.detail["server"] == "smtp.northgate.example:587"
    assert "password" in event.detail["changed"]
    assert SMTP_PASSWORD not in str(event.detail) and SUPPORT not in str(event.detail)
    sender.bind()
    with writing(sender.session) as session:
        mail_accounts.remove(session, actor="tests", at=sender.seeds.at)
    assert "mail" not in tools(sender)
    assert events(sender)[-1].detail == {"server": "smtp.northgate.example:587", "removed": True}


def test_an_empty_password_keeps_the_stored_one_for_the_same_host_and_user_only(app: Flask) -> None:
    sender = Sender(app, server(587, host="smtp.northgate.example"))
    sender.use(server(465, host="smtp.northgate.example", security="tls", password=""))
    assert (of_tenant(sender).port, of_tenant(sender).password) == (465, SMTP_PASSWORD)
    assert events(sender)[-1].detail["changed"] == ["port", "security"]
    for other in ({"host": "collector.example.com"}, {"username": "eve@northgate.example"}):
        with pytest.raises(BadInput, match="belongs to the old host and user"):
            sender.use(server(465, **{"host": "smtp.northgate.example", "password": "", **other}))
    assert of_tenant(sender).host == "smtp.northgate.example"


def of_tenant(sender: Sender) -> MailAccount:
    sender.bind()
    sender.session.expire_all()
    found = mail_accounts.account(sender.session)
    assert found is not None
    sender.session.expunge(found)
    sender.session.rollback()
    return found


def tools(sender: Sender) -> list[str]:
    sender.session.expire_all()
    said = sender.session.scalars(select(Tenant.tools).where(Tenant.id == sender.seeds.tenant.id)).one()
    sender.session.rollback()
    return said.split(",")


def events(sender: Sender) -> list[HistoryEvent]:
    sender.bind()
    found = list(
        sender.session.scalars(
            select(HistoryEvent).where(HistoryEvent.kind == "mail server changed").order_by(HistoryEvent.id)
        )
    )
    sender.session.rollback()
    return found


@on_one_database
def test_the_shell_saves_a_server_and_never_shows_the_password(
    settings: Settings, app: Flask, mailboxes: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    Sender(app, None)
    monkeypatch.setenv("PODSERVER_BASE_URL", settings.base_url)
    monkeypatch.setenv("PODSERVER_ENVIRONMENT", "development")
    monkeypatch.setenv("PODSERVER_SECRET_KEYS", settings.secret_keys[0])
    monkeypatch.setenv("PODSERVER_STATE_DIR", str(settings.state_dir))
    monkeypatch.setenv("PODSERVER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PODSERVER_LOCAL_HOSTS", "localhost")
    monkeypatch.setenv("PODSERVER_CA_FILE", str(mailboxes.authority))
    monkeypatch.setenv("PODSERVER_SMTP_PASSWORD", "not-the-password")
    common = ["mail", "--host", "localhost", "--port", str(mailboxes.ports.plain), "--username", SMTP_USER, "--from"]
    wrong = CliRunner().invoke(main, [*common, SUPPORT, "--check"])
    assert wrong.exit_code == 1
    assert "TLS works, but localhost refused the user and password" in wrong.output
    assert "Nothing was saved." in wrong.output
    monkeypatch.setenv("PODSERVER_SMTP_PASSWORD", SMTP_PASSWORD)
    bad = CliRunner().invoke(main, [*common, "nobody"])
    assert bad.exit_code == 1 and "That is not an e-mail address" in bad.output
    good = CliRunner().invoke(main, [*common, SUPPORT, "--check"])
    assert good.exit_code == 0, good.output
    assert good.output.splitlines()[-1] == f"Letters are sent from {SUPPORT}"
    assert SMTP_PASSWORD not in good.output + wrong.output
    with across_tenants(db.session()):
        (saved,) = db.session.scalars(select(MailAccount))
    assert (saved.password, saved.security) == (SMTP_PASSWORD, "starttls")
