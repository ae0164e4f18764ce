"""Letters through the outbox to a real mail server, and every way in which that can end."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from letter_rig import (
    DANA,
    SUPPORT,
    Line,
    Sender,
    SortingOffice,
    answers,
    greeted,
    lenient,
    on_one_database,
    read,
    scripted,
    server,
)
from provider_rig import hand_over, kinds, stored

from podserver.configuration import Settings
from podserver.database import writing
from podserver.delivery import smtp_replies
from podserver.delivery.models import OutboxRow, Progress
from podserver.delivery.smtp import Cause, Stage, Trouble
from podserver.verification.models import Delivery, State


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return lenient(settings)


@pytest.fixture
def sender(app: Flask, mailboxes: SortingOffice) -> Sender:
    """Northgate IT, whose letters go through the emulator."""
    return Sender(app, server(mailboxes.ports.plain))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_that_the_server_takes_is_sent(app: Flask, mailboxes: SortingOffice, security: str) -> None:
    port = mailboxes.ports.plain if security == "starttls" else mailboxes.ports.tls
    assert port is not None
    sender = Sender(app, server(port, security=security))
    row = sender.send()
    (mail,) = mailboxes.mails(DANA)
    assert (row.progress, row.status, row.error) == (Progress.DONE, "sent", "")
    assert row.provider_ref == read(mail)["Message-ID"]
    assert row.payload == "{}"
    assert (mail.arrival.sender, mail.arrival.recipients) == (SUPPORT, (DANA,))
    assert mail.arrival.tls_version is not None
    assert mail.arrival.user == SUPPORT


@on_one_database
def test_a_code_by_mail_is_a_verification_from_end_to_end(sender: Sender, mailboxes: SortingOffice, app: Flask) -> None:
    result = sender.seeds.start(method="mail_code", target=sender.target(), at=datetime.now(UTC))
    hand_over(app, sender.session, until=lambda: stored(sender.seeds, result).delivery == Delivery.SENT)
    message = read(mailboxes.mails(DANA)[0])
    text = message.get_body(("plain",))
    assert text is not None
    code = re.search(r"Your code: (\d{6})\s", text.get_content())
    assert code
    assert code[1] not in str(message["Subject"])
    assert text.get_content().index("We never ask for your password") < text.get_content().index(code[1])
    checked = sender.seeds.check(result, code[1], at=datetime.now(UTC))
    assert checked.verification is not None and checked.verification.state == State.VERIFIED


@on_one_database
@pytest.mark.parametrize("method", ["mail_link", "microsoft_sign_in"])
def test_a_link_by_mail_leads_to_our_page(sender: Sender, mailboxes: SortingOffice, app: Flask, method: str) -> None:
    sender.seeds.allow(methods=["mail_link", "microsoft_sign_in"])
    result = sender.seeds.start(method=method, target=sender.target(), at=datetime.now(UTC))
    hand_over(app, sender.session, until=lambda: stored(sender.seeds, result).delivery == Delivery.SENT)
    (mail,) = mailboxes.mails(DANA)
    (link,) = set(mail.content.links)
    assert re.fullmatch(r"https://pod\.example\.com/v/[\w-]{43}", link)


REFUSED = {
    "bounce@larkfield.example": ("no such mailbox", "5.1.1"),
    "full@larkfield.example": ("the mailbox is full", "5.2.2"),
}


@pytest.mark.parametrize("address", REFUSED)
def test_a_recipient_that_is_refused_ends_the_verification_with_a_sentence(
    sender: Sender, app: Flask, address: str
) -> None:
    result = sender.seeds.start(method="mail_code", target=sender.target(address), at=datetime.now(UTC))
    hand_over(app, sender.session, until=lambda: stored(sender.seeds, result).state == State.FAILED)
    assert REFUSED[address][0] in stored(sender.seeds, result).reason
    assert kinds(sender.seeds, result) == ["requested", "undelivered", "failed"]


@on_one_database
def test_a_recipient_that_is_put_off_is_tried_again(sender: Sender) -> None:
    row = sender.send("defer@larkfield.example")
    assert (row.progress, row.error) == (Progress.READY, "the mail server puts us off, trying again")
    assert row.due_at > row.created_at


def test_a_greylisted_letter_is_taken_on_its_second_try_with_the_same_id(
    sender: Sender, mailboxes: SortingOffice
) -> None:
    mailboxes.emulator.change_faults({"greylist": True})
    row = sender.send()
    assert row.progress == Progress.READY and not mailboxes.mails()
    again = sender.hand_over(row.id, at=row.due_at)
    assert (again.progress, again.attempts) == (Progress.DONE, 2)
    assert [read(mail)["Message-ID"] for mail in mailboxes.mails()] == [f"<{row.id}@northgate.example>"]


@on_one_database
@pytest.mark.parametrize("down", ["refused", "closed"])
def test_a_server_that_is_down_is_tried_again(sender: Sender, mailboxes: SortingOffice, down: str) -> None:
    mailboxes.emulator.change_faults({"down": down})
    row = sender.send()
    assert (row.progress, row.error) == (Progress.READY, "the mail server cannot be reached, trying again")
    mailboxes.emulator.change_faults({"down": False})
    assert sender.hand_over(row.id, at=row.due_at).progress == Progress.DONE
    assert len(mailboxes.mails()) == 1


def test_a_lost_answer_is_unknown_and_is_never_repeated_by_itself(sender: Sender, mailboxes: SortingOffice) -> None:
    mailboxes.emulator.change_faults({"accept_then_drop_answer": 1})
    row = sender.send()
    assert (row.progress, row.error) == (
        Progress.UNKNOWN,
        "the mail server did not answer, the letter may have been sent",
    )
    assert sender.hand_over(row.id, at=datetime.now(UTC) + timedelta(hours=1)).attempts == 1
    assert len(mailboxes.mails()) == 1


@on_one_database
def test_a_login_that_is_refused_sends_the_admin_to_the_right_page(sender: Sender, mailboxes: SortingOffice) -> None:
    mailboxes.emulator.change_faults({"refuse_login": True})
    row = sender.send()
    assert (row.progress, row.error) == (
        Progress.FAILED,
        "the mail server refused our login, an admin has to look under Mail",
    )
    assert not mailboxes.mails()


@on_one_database
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password_is_told(
    app: Flask, mailboxes: SortingOffice, security: str
) -> None:
    app.extensions["exchange"].channels["mail"]._ca_file = None
    port = mailboxes.ports.plain if security == "starttls" else mailboxes.ports.tls
    assert port is not None
    row = Sender(app, server(port, security=security)).send()
    assert (row.progress, row.error) == (
        Progress.FAILED,
        "the mail server's certificate is not trusted, an admin has to look under Mail",
    )
    assert not mailboxes.mails()


@on_one_database
def test_a_server_that_offers_no_encryption_gets_neither_password_nor_letter(app: Flask) -> None:
    def talk(line: Line) -> None:
        line.say("220 here")
        while line.hear():
            line.say("250-here", "250 AUTH PLAIN")

    with scripted(talk) as plain:
        row = Sender(app, server(plain.port)).send()
    assert (row.progress, row.error) == (
        Progress.FAILED,
        "the mail server offers no encryption, an admin has to look under Mail",
    )
    assert not [command for command in plain.heard if command.startswith(("AUTH", "MAIL"))]


REPLIES = [
    ({"MAIL": "451 4.3.2 Slow down"}, Progress.READY, "puts us off"),
    ({"MAIL": "421 4.7.0 Too many connections"}, Progress.READY, "puts us off"),
    ({"MAIL": "550 5.7.60 Client does not have permissions to send as this sender"}, Progress.FAILED,
     "does not let us send from our address"),
    ({"MAIL": "530 5.7.57 Client was not authenticated"}, Progress.FAILED, "refused our login"),
    ({"MAIL": "550 5.7.1 No"}, Progress.FAILED, "does not let us send from our address"),
    ({"AUTH": "454 4.7.0 Temporary authentication failure"}, Progress.READY, "puts us off"),
    ({"AUTH": "535 5.7.8 Error"}, Progress.FAILED, "refused our login"),
    ({"AUTH": "535 5.7.139 Authentication unsuccessful"}, Progress.FAILED, "Microsoft refused our login"),
    ({"AUTH": "550 5.7.30 Basic authentication is not supported for Client Submission."}, Progress.FAILED,
     "takes no password for SMTP any more"),
    ({"RCPT": "550 5.1.10 Recipient not found"}, Progress.FAILED, "no such mailbox"),
    ({"RCPT": "550 5.4.1 Recipient address rejected: Access denied"}, Progress.FAILED, "takes nothing for this"),
    ({"RCPT": "550 5.7.1 Blocked"}, Progress.FAILED, "by its policy"),
    ({"RCPT": "550 No enhanced code"}, Progress.FAILED, "does not take this address"),
    ({"RCPT": "550 4.2.1 A code of another class is not believed"}, Progress.FAILED, "does not take this address"),
    ({"RCPT": "452 4.2.2 Full for now"}, Progress.READY, "puts us off"),
    ({"RCPT": "251 2.1.5 User not local, will forward"}, Progress.DONE, ""),
    ({"RCPT": "550-5.1.1 The account does\n550-5.1.1 not exist, see\n550 5.1.1 https://here.example"},
     Progress.FAILED, "no such mailbox"),
    ({"DATA": "451 4.3.0 Not now"}, Progress.READY, "puts us off"),
    ({"DATA": "554 5.5.1 No valid recipients"}, Progress.FAILED, "would not take the letter"),
    ({"DOT": "451 4.3.0 Try later"}, Progress.READY, "puts us off"),
    ({"DOT": "550 5.7.26 Unauthenticated"}, Progress.FAILED, "SPF, DKIM or DMARC"),
    ({"DOT": "552 5.3.4 Too big"}, Progress.FAILED, "too large"),
    ({"DOT": "554 Spam"}, Progress.FAILED, "by its policy"),
    ({"DOT": "yes"}, Progress.UNKNOWN, "may have been sent"),
    ({"DOT": ""}, Progress.UNKNOWN, "may have been sent"),
    ({"DATA": ""}, Progress.READY, "cannot be reached"),
    ({"RCPT": ""}, Progress.READY, "cannot be reached"),
]  # fmt: skip


@on_one_database
@pytest.mark.parametrize(("replies", "progress", "words"), REPLIES, ids=[str(each[0]) for each in REPLIES])
def test_each_reply_ends_as_it_should(
    app: Flask, mailboxes: SortingOffice, replies: dict[str, str], progress: Progress, words: str
) -> None:
    with scripted(answers(mailboxes.server_context(), replies)) as there:
        row = Sender(app, server(there.port)).send()
    assert row.progress == progress
    assert words in row.error


@on_one_database
@pytest.mark.parametrize("stage", ["greeting", "login", "recipient", "letter"])
def test_a_server_that_drips_cannot_hold_a_worker_beyond_its_lease(
    settings: Settings, app: Flask, mailboxes: SortingOffice, stage: str
) -> None:
    """Each byte comes in time, the whole never: a time-out for each read would wait for ever."""
    channel = app.extensions["exchange"].channels["mail"]
    channel._seconds = 0.6

    def drip(line: Line) -> None:
        for _ in range(200):
            line.sock.sendall(b"2")
            time.sleep(0.05)

    def talk(line: Line) -> None:
        if stage == "greeting":
            return drip(line)
        greeted(line, mailboxes.server_context(), "AUTH PLAIN")
        for verb, reply in (("AUTH", "235 OK"), ("MAIL", "250 OK"), ("RCPT", "250 OK"), ("DATA", "354 Go")):
            line.hear()
            if (stage, verb) in (("login", "AUTH"), ("recipient", "RCPT")):
                return drip(line)
            line.say(reply)
        line.letter()
        return drip(line)

    with scripted(talk) as there:
        sender = Sender(app, server(there.port))
        begun = datetime.now(UTC)
        row = sender.send()
    assert datetime.now(UTC) - begun < timedelta(seconds=3)
    assert row.progress == (Progress.UNKNOWN if stage == "letter" else Progress.READY)


@on_one_database
def test_the_time_for_a_conversation_ends_inside_the_lease(settings: Settings, app: Flask) -> None:
    assert app.extensions["exchange"].channels["mail"]._seconds <= 0.6 * settings.lease_seconds


@on_one_database
def test_a_slow_recipient_is_waited_for(sender: Sender, mailboxes: SortingOffice) -> None:
    mailboxes.emulator.change_faults({"slow_recipient_seconds": 0.3})
    assert sender.send("slow@larkfield.example").progress == Progress.DONE


@on_one_database
def test_a_letter_that_ran_out_is_not_sent(sender: Sender, mailboxes: SortingOffice, app: Flask) -> None:
    row_id = sender.post(life=1)
    with writing(sender.session) as session:
        session.get_one(OutboxRow, row_id).created_at = datetime.now(UTC) - timedelta(seconds=5)
    row = sender.hand_over(row_id)
    assert (row.progress, row.error) == (
        Progress.FAILED,
        "it ran out before the mail server took it, send a new one",
    )
    assert not mailboxes.mails()


@on_one_database
def test_without_a_mail_server_nothing_is_sent_and_it_is_said(app: Flask, mailboxes: SortingOffice) -> None:
    row = Sender(app, None).send()
    assert (row.progress, row.error) == (Progress.FAILED, "no mail server is set up, an admin adds it under Mail")


@on_one_database
def test_a_host_inside_the_network_is_not_spoken_to(settings: Settings, app: Flask, mailboxes: SortingOffice) -> None:
    app.extensions["exchange"].channels["mail"]._local_hosts = frozenset({"localhost:1"})
    row = Sender(app, server(mailboxes.ports.plain)).send()
    assert row.progress == Progress.FAILED
    assert row.error == "the mail server is inside our own network and not allowed, the operator has to look"
    assert not mailboxes.mails()


@on_one_database
def test_one_port_of_a_host_can_be_allowed_by_itself(app: Flask, mailboxes: SortingOffice) -> None:
    channel = app.extensions["exchange"].channels["mail"]
    channel._local_hosts = frozenset({f"localhost:{mailboxes.ports.plain}"})
    assert Sender(app, server(mailboxes.ports.plain)).send().progress == Progress.DONE


@on_one_database
def test_no_address_subject_or_reply_reaches_the_log(
    app: Flask, mailboxes: SortingOffice, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    replies = {"RCPT": f"550 5.9.9 <{DANA}> is not wanted here"}
    with scripted(answers(mailboxes.server_context(), replies)) as there:
        sender = Sender(app, server(there.port))
        sender.send(subject="Your code is 870412")
    sender.use(server(mailboxes.ports.plain))
    sender.send(subject="Your code is 870412")
    sender.send("bad address of\r\neve@evil.example")
    said = capfd.readouterr().err + caplog.text
    for secret in (DANA, "dana", SUPPORT, "870412", "not wanted here", "demo-mail-password", "eve@", "MAIL FROM"):
        assert secret.lower() not in said.lower(), secret


@on_one_database
def test_the_account_of_another_tenant_is_never_used(app: Flask, mailboxes: SortingOffice) -> None:
    Sender(app, server(mailboxes.ports.plain))
    other = Sender(app, None, "Southgate IT")
    assert other.send().progress == Progress.FAILED
    assert not mailboxes.mails()


@on_one_database
def test_no_transaction_is_open_while_the_server_is_spoken_to(app: Flask, mailboxes: SortingOffice) -> None:
    held: list[bool] = []
    sender = Sender(app, None)
    usual = answers(mailboxes.server_context(), {})

    def talk(line: Line) -> None:
        held.append(sender.session.in_transaction())
        usual(line)

    with scripted(talk) as there:
        sender.use(server(there.port))
        assert sender.send().progress == Progress.DONE
    assert held == [False]


@on_one_database
def test_a_server_without_a_login_is_asked_for_none(app: Flask, mailboxes: SortingOffice) -> None:
    with scripted(answers(mailboxes.server_context(), {})) as there:
        row = Sender(app, replace(server(there.port), username="", password="")).send()
    assert row.progress == Progress.DONE
    assert not [command for command in there.heard if command.startswith("AUTH")]


@pytest.mark.parametrize("stage", list(Stage))
def test_every_reply_has_a_sentence_for_a_technician(stage: Stage) -> None:
    enhanced = [f"5.{subject}.{detail}" for subject in range(8) for detail in (*range(31), 57, 60, 139, 252, 509, 708)]
    for code in (500, 530, 535, 550, 551, 552, 553, 554, 599):
        for status in ("", *enhanced):
            said = smtp_replies.explain(Trouble(stage, Cause.REPLY, code, status))
            assert said and not said.endswith(".")
            assert said[0].islower() or said.startswith("Microsoft")
            assert not re.search(r"\d\.\d|\d{3}", said)


@pytest.mark.parametrize("cause", list(Cause))
def test_every_other_end_has_one_too(cause: Cause) -> None:
    assert not smtp_replies.explain(Trouble(Stage.CONNECT, cause)).endswith(".")
