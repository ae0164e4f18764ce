"""Each fault by recipient and by switch, and the controls themselves."""

from __future__ import annotations

import email
import smtplib
import socket
import time
from email.policy import default

import pytest
import requests
from mail_rig import DANA, SUPPORT, Post, letter, wait_for

from emulators.mail import MailEmulator
from emulators.mail.faults import FAULTS
from emulators.tls import certificates


def refused(post: Post, to: str) -> tuple[int, bytes]:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        post.send(letter(), to)
    return caught.value.recipients[to]


@pytest.mark.parametrize(
    ("to", "code", "status"),
    [
        ("bounce@larkfield.example", 550, b"5.1.1"),
        ("Bounce@northgate.example", 550, b"5.1.1"),
        ("defer@larkfield.example", 451, b"4.3.0"),
        ("full@larkfield.example", 552, b"5.2.2"),
    ],
)
def test_some_recipients_are_refused_by_their_local_part(post: Post, to: str, code: int, status: bytes):
    answer = refused(post, to)
    assert answer[0] == code
    assert answer[1].startswith(status)
    assert post.messages() == []


def test_a_refused_recipient_does_not_hold_up_the_others(post: Post):
    assert list(post.send(letter(), ["bounce@larkfield.example", DANA])) == ["bounce@larkfield.example"]
    assert post.messages()[0]["to"] == [DANA]


def test_a_bounce_mailbox_with_a_tag_is_a_recipient_like_any_other(post: Post):
    post.send(letter(), "bounce+d1@northgate.example")
    assert len(post.messages("bounce+d1@northgate.example")) == 1


def test_the_slow_recipient_is_taken_late(post: Post):
    post.faults(slow_recipient_seconds=0.3)
    started = time.monotonic()
    post.send(letter(), "slow@larkfield.example")
    assert time.monotonic() - started > 0.3
    post.faults(slow_recipient_seconds=30)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"), post.client(timeout=0.3) as client:
        client.sendmail(SUPPORT, "slow@larkfield.example", b"Subject: x\r\n\r\n")
    assert len(post.messages()) == 1


def test_down_refuses_connections_or_closes_them_and_cuts_those_under_way(post: Post):
    with post.client() as client:
        post.faults(down="refused")
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.docmd("NOOP")
    for implicit in (False, True):
        with pytest.raises(ConnectionRefusedError), post.client(implicit=implicit):
            pass
    post.faults(down="closed")
    for implicit in (False, True):
        with pytest.raises(smtplib.SMTPServerDisconnected), post.client(implicit=implicit):
            pass
    post.faults(down=False)
    post.send(letter())
    assert len(post.messages()) == 1


def test_the_port_stays_taken_while_connections_are_refused(tmp_path):
    emulator = MailEmulator()
    ports = emulator.serve("127.0.0.1", 0, certificates(tmp_path / "tls").server_context(), None)
    emulator.change_faults({"down": "refused"})
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", ports.plain))
    emulator.change_faults({"down": False})
    smtplib.SMTP("127.0.0.1", ports.plain, timeout=5).close()
    emulator.stop()


def test_reset_opens_the_port_again(post: Post):
    post.faults(down="refused")
    post.reset()
    post.send(letter())


def test_the_greeting_can_be_slow_and_reset_lets_it_go(post: Post):
    post.faults(slow_greeting_seconds=0.3)
    started = time.monotonic()
    smtplib.SMTP("localhost", post.ports.plain, timeout=5).close()
    assert time.monotonic() - started > 0.3
    post.faults(slow_greeting_seconds=60)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        smtplib.SMTP("localhost", post.ports.plain, timeout=0.2)
    waiting = smtplib.SMTP(timeout=5)
    waiting.sock = waiting._get_socket("localhost", post.ports.plain, 5)
    post.reset()
    assert waiting.getreply()[0] == 220
    waiting.close()


def test_a_right_login_can_be_refused_for_a_whole_connection(post: Post):
    post.faults(refuse_login=1)
    with post.client(login=False) as client:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                client.login("support@northgate.example", "demo-mail-password-0001")
            assert caught.value.smtp_code == 535
    post.send(letter())
    post.faults(refuse_login=True)
    for implicit in (False, True):
        with pytest.raises(smtplib.SMTPAuthenticationError), post.client(implicit=implicit):
            pass


@pytest.mark.parametrize("implicit", [False, True])
def test_an_answer_can_be_lost_after_the_message_was_kept(post: Post, implicit: bool):
    post.faults(accept_then_drop_answer=1)
    with post.client(implicit=implicit) as client, pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(letter())
    assert len(post.messages(DANA)) == 1
    post.send(letter())
    assert len(post.messages(DANA)) == 2


def test_a_message_can_come_back_later_in_a_report(post: Post):
    post.faults(bounce_later=1, bounce_delay_seconds=0.05)
    sender = "bounce+d1@northgate.example"
    post.send(letter(), [DANA, "theo@larkfield.example"], sender=sender)
    (kept,) = wait_for(lambda: post.messages(sender))
    raw = post.get(f"/_emulator/mail/messages/{kept['id']}/raw").content
    report = email.message_from_bytes(raw, policy=default)
    assert report.get_content_type() == "multipart/report"
    assert report["Content-Type"].params["report-type"] == "delivery-status"
    words, status, headers = report.iter_parts()
    assert DANA in words.get_content()
    about, *recipients = status.get_payload()
    assert about["Reporting-MTA"].startswith("dns;")
    assert [each["Final-Recipient"] for each in recipients] == [f"rfc822; {DANA}", "rfc822; theo@larkfield.example"]
    assert {(each["Action"], each["Status"]) for each in recipients} == {("failed", "5.1.1")}
    assert recipients[0]["Diagnostic-Code"].startswith("smtp; 550 5.1.1")
    assert "Message-ID: <d1@northgate.example>" in headers.get_content()
    assert b"870412" not in raw
    assert (kept["envelope_from"], kept["auth"], kept["tls"]) == ("", None, False)
    assert report["Auto-Submitted"] == "auto-replied"

    assert post.messages(DANA) == [], "it never reached the mailbox"
    assert [each["bounced"] for each in post.messages()] == [False, True]
    post.send(letter())
    assert len(post.messages(DANA)) == 1


def test_a_report_can_quote_headers_beyond_ascii(post: Post):
    post.faults(bounce_later=1, bounce_delay_seconds=0)
    post.send("Subject: Größe\r\nMessage-ID: <d2@northgate.example>\r\n\r\nx\r\n".encode(), sender=SUPPORT)
    (kept,) = wait_for(lambda: post.messages(SUPPORT))
    report = email.message_from_bytes(post.get(f"/_emulator/mail/messages/{kept['id']}/raw").content)
    assert "Subject: Größe".encode() in report.get_payload()[2].get_payload(decode=True)


def test_no_report_is_made_for_the_null_sender_or_after_a_reset(post: Post):
    post.faults(bounce_later=True, bounce_delay_seconds=0.1)
    post.send(letter(), sender="")
    time.sleep(0.2)
    assert len(post.messages()) == 1
    post.send(letter())
    post.reset()
    time.sleep(0.2)
    assert post.messages() == []


def test_the_greylist_puts_off_the_first_try_of_each_pair(post: Post):
    post.faults(greylist=True)
    assert refused(post, DANA)[0] == 451
    assert refused(post, "theo@larkfield.example")[0] == 451
    post.send(letter())
    post.send(letter(), "theo@larkfield.example")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        post.send(letter(), sender="other@northgate.example")
    post.faults(greylist=True)
    assert refused(post, DANA)[0] == 451, "switched on anew it knows nobody"
    post.faults(greylist=False)
    post.send(letter())


def test_every_fault_is_listed_with_a_sentence_and_its_value(post: Post):
    post.faults(greylist=True)
    listed = post.get("/_emulator/mail/faults").json()
    assert listed.keys() == FAULTS.keys()
    assert all(each["about"].endswith(".") for each in listed.values())
    assert listed["greylist"]["value"] is True
    assert listed["down"] == {"value": False, "default": False, "about": FAULTS["down"].about}


@pytest.mark.parametrize(
    "wanted",
    [
        {"lightning": True},
        {"slow_greeting_seconds": -1},
        {"slow_greeting_seconds": "long"},
        {"down": True},
        {"down": "perhaps"},
        {"greylist": 1},
        {"refuse_login": -1},
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence_and_changes_nothing(post: Post, wanted):
    answer = post.faults(bounce_later=True, **wanted)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert post.get("/_emulator/mail/faults").json()["bounce_later"]["value"] is False


@pytest.mark.parametrize(
    "path", ["/_emulator/mail/messages.json", "/_emulator/mail/faults", "/mailbox", "/mailbox/rows"]
)
def test_controls_and_pages_answer_loopback_names_only(post: Post, path: str):
    port = post.origin.rpartition(":")[2]
    for host, status in (
        ("evil.example", 403),
        (f"localhost:{port}", 200),
        (f"127.0.0.1:{port}", 200),
        ("[::1]:1", 200),
    ):
        assert post.get(path, headers={"Host": host}).status_code == status


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_foreign_page_cannot_press_the_switches(post: Post, origin: str):
    for path in ("/_emulator/mail/reset", "/mailbox/messages/x/scan"):
        answer = requests.post(post.origin + path, headers={"Origin": origin}, timeout=5)
        assert answer.status_code == 403
