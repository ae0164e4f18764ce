"""What a mailbox gets: headers that nobody can inject into, names and texts of every script, and the logo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from flask import Flask
from letter_rig import (
    DANA,
    SUPPORT,
    Sender,
    SortingOffice,
    answers,
    lenient,
    on_one_database,
    read,
    scripted,
    server,
)

from podserver.branding import service as branding
from podserver.configuration import Settings
from podserver.database import writing
from podserver.delivery.models import Progress


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return lenient(settings)


@pytest.fixture
def sender(app: Flask, mailboxes: SortingOffice) -> Sender:
    """Northgate IT, whose letters go through the emulator."""
    return Sender(app, server(mailboxes.ports.plain))


@on_one_database
def test_the_headers_say_who_writes_and_that_no_answer_of_a_machine_is_wanted(
    app: Flask, mailboxes: SortingOffice
) -> None:
    sender = Sender(app, server(mailboxes.ports.plain, reply_to="help@northgate.example"))
    row_id = sender.post()
    sender.hand_over(row_id)
    message = read(mailboxes.mails()[0])
    assert str(message["From"]) == f"Northgate IT <{SUPPORT}>"
    assert str(message["To"]) == f"Dana Whitfield <{DANA}>"
    assert message["Reply-To"] == "help@northgate.example"
    # The base URL of tests is an IP address, which is nobody's domain.
    assert message["Message-ID"] == f"<{row_id}@northgate.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert abs(message["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert not [name for name in message if name.lower().startswith("list-")]


HOSTILE = [
    {"to": "dana@larkfield.example\r\nBcc: eve@evil.example"},
    {"to": "dana@larkfield.example>\r\nRCPT TO:<eve@evil.example"},
    {"to": "dana@larkfield.example,eve@evil.example"},
    {"to": "<dana@larkfield.example>"},
    {"to": "dana@larkfield.example SIZE=1"},
    {"to": "dana @larkfield.example"},
    {"to": "dana\x00@larkfield.example"},
    {"to": ""},
    {"subject": "Code\r\nBcc: eve@evil.example"},
    {"subject": "Code\nX-Evil: 1"},
]


@on_one_database
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_can_be_injected_through_an_address_or_a_subject(
    sender: Sender, mailboxes: SortingOffice, hostile: dict[str, str]
) -> None:
    row = sender.send(**hostile)
    assert row.progress == Progress.FAILED
    assert "evil" not in row.error
    assert not mailboxes.mails()


NAMES = [
    "Dana\r\nBcc: eve@evil.example",
    "eve@evil.example",
    '" <eve@evil.example>, "',
    "=?utf-8?q?Alex_Moreno?=",
    "\u202eanaD",
    "Jürgen Größe & Söhne, Abteilung für außergewöhnlich lange Namen und Bezeichnungen aller Art",
    "Zoë 👩‍👩‍👧‍👦 " * 8,
    "N" * 160,
    "日本語の名前" * 12,
    "",
]


@on_one_database
@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name_and_nothing_else(sender: Sender, mailboxes: SortingOffice, name: str) -> None:
    assert sender.send(name=name).progress == Progress.DONE
    (mail,) = mailboxes.mails(DANA)
    assert mail.arrival.recipients == (DANA,)
    message = read(mail)
    assert [name.lower() for name in message].count("to") == 1 and message["Bcc"] is None
    header = mail.raw.partition(b"\r\n\r\n")[0]
    assert header.isascii()
    assert all(len(line) <= 78 for line in header.split(b"\r\n"))
    unfolded = header.replace(b"\r\n ", b" ").decode()
    (to,) = [line.removeprefix("To: ") for line in unfolded.split("\r\n") if line.startswith("To: ")]
    # Two parsers of the library's, as the newer one puts blanks between the pieces of a long name.
    shown, address = parseaddr(to)
    assert address == DANA
    assert [each.addr_spec for each in message["To"].addresses] == [DANA]
    expected = " ".join("".join(c if c.isprintable() or c == "\u200d" else " " for c in name).split())
    assert str(make_header(decode_header(shown))) == expected


@on_one_database
@pytest.mark.parametrize("msp", ["Größe & Söhne IT", "IT 🛠 Werk", 'The "Best" IT, Inc.', "=?utf-8?q?x?="])
def test_the_msps_name_is_shown_as_the_sender_whatever_it_is(app: Flask, mailboxes: SortingOffice, msp: str) -> None:
    sender = Sender(app, server(mailboxes.ports.plain), "Northgate IT")
    sender.seeds.set(name=msp)
    assert sender.send().progress == Progress.DONE
    from_ = read(mailboxes.mails()[0])["From"].addresses
    assert [(each.display_name, each.addr_spec) for each in from_] == [(msp, SUPPORT)]


@on_one_database
@pytest.mark.parametrize(
    "text", ["a\r\n.\r\nMAIL FROM:<x@y>\r\n", "a\n.\nb\n", "a\r.\rb\r", ".\n..\n.dot\n", "a\r\n.\rb\n.\r\nc"]
)
def test_a_text_can_neither_end_the_letter_nor_begin_another(
    sender: Sender, mailboxes: SortingOffice, text: str
) -> None:
    assert sender.send(text=text, html="").progress == Progress.DONE
    (mail,) = mailboxes.mails()
    got = read(mail).get_content()
    assert got.splitlines() == text.splitlines()


@on_one_database
def test_letters_of_every_script_arrive_as_they_were_written(sender: Sender, mailboxes: SortingOffice) -> None:
    text = "Grüße, 你好, مرحبا, 👋🏽\n" + "x" * 1200 + "\n"
    subject = "Größe ✓ " + "lang " * 30
    sender.send(text=text, html=f"<p>{text}</p>", subject=subject)
    (mail,) = mailboxes.mails()
    message = read(mail)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and html is not None
    assert plain.get_content().splitlines() == text.splitlines()
    assert text.splitlines()[0] in html.get_content()
    assert " ".join(str(message["Subject"]).split()) == " ".join(subject.split())
    assert mail.raw.isascii()
    assert all(len(line) <= 998 for line in mail.raw.split(b"\r\n"))
    assert b"8bit" not in mail.raw


def test_the_logo_comes_with_the_letter_and_is_named_by_it(sender: Sender, mailboxes: SortingOffice) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
    sender.bind()
    with writing(sender.session) as session:
        branding.save(session, branding.Look("#2457d6"), png, keep_logo=True, actor="tests", at=sender.seeds.at)
    sender.send(logo=True, html='<img src="cid:logo" alt="Northgate IT">')
    message = read(mailboxes.mails()[0])
    assert message.get_content_type() == "multipart/alternative"
    plain, related = message.iter_parts()
    assert (plain.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    html, image = related.iter_parts()
    assert html.get_content_type() == "text/html"
    assert (image.get_content_type(), image["Content-ID"], image.get_content_disposition()) == (
        "image/png",
        "<logo>",
        "inline",
    )
    assert image.get_content() == png


@on_one_database
def test_a_letter_without_its_logo_is_sent_all_the_same(sender: Sender, mailboxes: SortingOffice) -> None:
    """The tenant took its logo away after the letter was written."""
    assert sender.send(logo=True, html='<img src="cid:logo" alt="Northgate IT">').progress == Progress.DONE
    assert [part.get_content_type() for part in read(mailboxes.mails()[0]).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@on_one_database
def test_an_address_that_is_not_ascii_goes_out_only_where_the_server_can_carry_it(
    app: Flask, mailboxes: SortingOffice
) -> None:
    address = "jörg@larkfield.example"
    row = Sender(app, server(mailboxes.ports.plain)).send(address)
    assert row.progress == Progress.DONE
    (mail,) = mailboxes.mails(address)
    assert address in mail.raw.decode()
    with scripted(answers(mailboxes.server_context(), {})) as there:
        row = Sender(app, server(there.port), "Southgate IT").send(address)
    assert (row.progress, row.error) == (
        Progress.FAILED,
        "the address has letters that the mail server cannot carry, use another way",
    )
    assert not [command for command in there.heard if command.startswith("MAIL")]


@on_one_database
def test_long_ids_and_hosts_fit_their_columns_and_keep_their_header_whole(
    settings: Settings, app: Flask, mailboxes: SortingOffice
) -> None:
    host = ".".join(["a-rather-long-label-of-a-host"] * 4) + ".northgate.example"
    app.extensions["exchange"].channels["mail"]._base_url = f"https://{host}"
    sender = Sender(app, server(mailboxes.ports.plain))
    row = sender.send()
    assert row.progress == Progress.DONE
    assert len(row.provider_ref) == 64
    assert b"\r\nMessage-ID: <" + row.id.encode() + b"@" + host.encode() + b">\r\n" in mailboxes.mails()[0].raw
