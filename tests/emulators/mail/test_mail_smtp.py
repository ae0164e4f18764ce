"""The SMTP server as a client meets it: TLS, login, envelope, size, ports."""

from __future__ import annotations

import base64
import dataclasses
import smtplib
import socket
import ssl
import time

import pytest
from mail_rig import DANA, SUPPORT, Post, letter

from emulators.mail import SMTP_PASSWORD, SMTP_USER, MailEmulator, create_app
from emulators.mail.account import SIZE_LIMIT
from emulators.tls import certificates


def plain(post: Post) -> smtplib.SMTP:
    return smtplib.SMTP("localhost", post.ports.plain, timeout=5)


@pytest.mark.parametrize("implicit", [False, True])
def test_a_message_over_tls_is_kept_with_how_it_came(post: Post, implicit: bool):
    with post.client(implicit=implicit) as client:
        assert client.send_message(letter()) == {}
    (kept,) = post.messages(DANA)
    assert kept["from"] == f"Northgate Support <{SUPPORT}>"
    assert kept["to"] == [DANA]
    assert kept["subject"] == "Your code"
    assert kept["text"] == "Your code is 870412\n"
    assert (kept["tls"], kept["tls_version"], kept["auth"]) == (True, "TLSv1.3", SMTP_USER)
    assert post.emulator.store.newest()[0].arrival.tls_cipher.startswith("TLS_")


def test_the_raw_message_is_kept_byte_for_byte(post: Post):
    raw = b"From: a@northgate.example\r\nX-Odd:   spaces \t here\r\n\r\n.a dot first\r\n..\r\nlast line\r\n"
    post.send(raw)
    (kept,) = post.messages(DANA)
    answer = post.get(f"/_emulator/mail/messages/{kept['id']}/raw")
    assert answer.content == raw
    assert kept["size"] == len(raw)
    assert answer.headers["Content-Type"] == "message/rfc822"


@pytest.mark.parametrize("implicit", [False, True])
def test_a_client_that_trusts_other_authorities_sends_nothing(post: Post, implicit: bool):
    stranger = dataclasses.replace(post, authority=None)
    with pytest.raises(ssl.SSLCertVerificationError), stranger.client(implicit=implicit):
        pass
    assert post.messages() == []
    post.send(letter())


def test_a_name_that_the_certificate_does_not_bear_is_refused_by_the_client(post: Post):
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        with socket.create_connection(("127.0.0.1", post.ports.tls), 5) as raw:
            post.trust().wrap_socket(raw, server_hostname="mail.northgate.example")


def test_login_is_offered_after_tls_only(post: Post):
    with plain(post) as client:
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538
        client.starttls(context=post.trust())
        client.ehlo()
        assert set(client.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN"}
        assert "starttls" not in client.esmtp_features
    with post.client(implicit=True, login=False) as client:
        client.ehlo()
        assert set(client.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN"}
        assert "starttls" not in client.esmtp_features


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
def test_either_mechanism_logs_in(post: Post, mechanism: str):
    with post.client(login=False) as client:
        client.ehlo()
        client.user, client.password = SMTP_USER, SMTP_PASSWORD
        assert client.auth(mechanism.removeprefix("auth_").upper(), getattr(client, mechanism))[0] == 235
        client.send_message(letter())
    assert post.messages()[0]["auth"] == SMTP_USER


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize(("user", "password"), [(SMTP_USER, "wrong"), ("other@northgate.example", SMTP_PASSWORD)])
def test_a_wrong_login_is_answered_with_535_at_once(post: Post, implicit: bool, user: str, password: str):
    with post.client(login=False, implicit=implicit) as client:
        started = time.monotonic()
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.login(user, password)
        assert refused.value.smtp_code == 535
        assert time.monotonic() - started < 1
        assert client.login(SMTP_USER, SMTP_PASSWORD)[0] == 235


@pytest.mark.parametrize("answer", ["*", "not base64!", base64.b64encode(b"one\0two").decode()])
def test_a_broken_login_is_answered_too(post: Post, answer: str):
    with post.client(login=False) as client:
        client.ehlo()
        assert client.docmd("AUTH PLAIN")[0] == 334
        assert client.docmd(answer)[0] == 501
        assert client.noop()[0] == 250


def test_a_sender_without_login_is_refused(post: Post):
    for client in (plain(post), smtplib.SMTP_SSL("localhost", post.ports.tls, timeout=5, context=post.trust())):
        with client, pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.send_message(letter())
        assert refused.value.smtp_code == 530
    assert post.messages() == []


def test_what_was_said_before_starttls_is_forgotten(post: Post):
    with post.client(login=False) as client:
        assert client.docmd("MAIL", f"FROM:<{SUPPORT}>")[0] == 503
        client.ehlo()
        assert client.docmd("MAIL", f"FROM:<{SUPPORT}>")[0] == 530


def test_commands_sent_behind_starttls_in_plain_text_are_dropped(post: Post):
    with socket.create_connection(("127.0.0.1", post.ports.plain), 5) as raw:
        lines = raw.makefile("rb", buffering=0)
        raw.sendall(b"EHLO x\r\n")
        while not lines.readline().startswith(b"250 "):
            pass
        raw.sendall(b"STARTTLS\r\nNOOP\r\n")
        assert lines.readline().startswith(b"220")
        with post.trust().wrap_socket(raw, server_hostname="localhost") as safe:
            safe.sendall(b"QUIT\r\n")
            assert safe.recv(1000).startswith(b"221")


def test_every_recipient_has_the_message_in_its_own_mailbox(post: Post):
    post.send(letter(), [DANA, "Marcus@Larkfield.example"])
    assert len(post.messages()) == 1
    assert len(post.messages(DANA)) == len(post.messages("marcus@larkfield.example")) == 1
    assert post.messages("theo@larkfield.example") == []
    assert post.messages(DANA)[0]["to"] == [DANA, "Marcus@Larkfield.example"]


def test_the_null_sender_is_taken(post: Post):
    post.send(letter(), sender="")
    assert post.messages(DANA)[0]["envelope_from"] == ""


@pytest.mark.parametrize("address", ["nobody", "@larkfield.example", "dana@"])
def test_an_address_without_local_part_or_domain_is_refused(post: Post, address: str):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        post.send(letter(), address)
    assert refused.value.recipients[address][0] in (501, 553)


def test_an_address_beyond_ascii_needs_smtputf8(post: Post):
    address = "jürgen@larkfield.example"
    with post.client() as client:
        client.ehlo()
        client.docmd("MAIL", f"FROM:<{SUPPORT}>")
        client.command_encoding = "utf-8"
        assert client.docmd("RCPT", f"TO:<{address}>")[0] == 553
        client.rset()
        client.docmd("MAIL", f"FROM:<{SUPPORT}> SMTPUTF8")
        client.command_encoding = "latin-1"
        assert client.docmd("RCPT", f"TO:<{address}>")[0] == 553, "bytes that are not UTF-8"
    message = letter()
    del message["To"]
    message["To"] = address
    with post.client() as client:
        client.send_message(message)
    assert post.messages(address)[0]["to"] == [address]


def test_the_size_limit_is_announced_and_held(post: Post):
    line = b"x" * 76 + b"\r\n"
    head = b"Subject: big\r\n\r\n"
    fits = head + line * ((SIZE_LIMIT - len(head)) // len(line) - 1)
    too_big = fits + line * 3
    with post.client() as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(SIZE_LIMIT) == "1048576"
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail(SUPPORT, DANA, too_big)
        assert refused.value.smtp_code == 552
        del client.esmtp_features["size"]  # a client that does not say beforehand how much will come
        with pytest.raises(smtplib.SMTPDataError) as late:
            client.sendmail(SUPPORT, DANA, too_big)
        assert late.value.smtp_code == 552
        client.sendmail(SUPPORT, DANA, fits)
    assert [kept["size"] for kept in post.messages()] == [len(fits)]


def test_a_connection_can_carry_many_messages(post: Post):
    with post.client() as client:
        for number in range(5):
            client.send_message(letter(f"No. {number}"))
    assert [kept["subject"] for kept in post.messages()] == [f"No. {number}" for number in (4, 3, 2, 1, 0)]


def test_a_client_that_leaves_in_the_middle_of_a_message_has_sent_nothing(post: Post):
    with post.client() as client:
        client.ehlo()
        client.docmd("MAIL", f"FROM:<{SUPPORT}>")
        client.docmd("RCPT", f"TO:<{DANA}>")
        client.docmd("DATA")
        client.send("Subject: half\r\n\r\nhalf a mess")
    post.send(letter())
    assert [kept["subject"] for kept in post.messages()] == ["Your code"]


def test_ports_are_chosen_or_given_and_given_back(tmp_path):
    context = certificates(tmp_path / "tls").server_context()
    first: MailEmulator = create_app().extensions["mail_emulator"]
    second = MailEmulator()
    chosen = first.serve("127.0.0.1", 0, context, None)
    assert chosen.plain > 0 and chosen.tls is None
    with pytest.raises(OSError, match="in use"):
        second.serve("127.0.0.1", chosen.plain, context, 0)
    with pytest.raises(RuntimeError, match="already"):
        first.serve("127.0.0.1", 0, context, None)
    client = smtplib.SMTP("127.0.0.1", chosen.plain, timeout=5)
    first.stop()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.docmd("NOOP")
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", chosen.plain, timeout=5)
    assert second.serve("127.0.0.1", chosen.plain, context, None) == (chosen.plain, None)
    second.stop()
    second.stop()


def test_nothing_of_a_message_or_login_reaches_the_log(post: Post, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    with post.client(login=False) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(SMTP_USER, "not-the-password")
        client.login(SMTP_USER, SMTP_PASSWORD)
        client.send_message(letter())
    assert "870412" not in caplog.text
    assert base64.b64encode(f"\0{SMTP_USER}\0{SMTP_PASSWORD}".encode()).decode() not in caplog.text
    assert "password" not in caplog.text
    assert [record for record in caplog.records if record.name.startswith("mail")] == []
