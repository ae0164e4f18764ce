"""What is read out of a message: alternatives, inline images, charsets, broken headers, links."""

from __future__ import annotations

import base64
import json

import pytest
from mail_rig import DANA, Post, dot, letter

LINK = "http://127.0.0.1:8000/l/k3yX"


def kept(post: Post, raw: bytes) -> dict:
    post.send(raw)
    (message,) = post.messages(DANA)
    return message


def test_a_multipart_alternative_with_a_related_logo_is_taken_apart(post: Post):
    message = letter(text=f"Press {LINK}\n", html=f'<p><img src="cid:logo@x"><a href="{LINK}">Yes</a></p>')
    message.get_payload()[1].add_related(dot(), "image", "png", cid="<logo@x>", filename="logo.png")
    post.send(message)
    (found,) = post.messages(DANA)
    assert found["text"] == f"Press {LINK}\n"
    assert found["html"].startswith('<p><img src="cid:logo@x">')
    assert found["links"] == [LINK]
    assert found["parts"] == [
        {"type": "text/plain", "filename": "", "cid": "", "size": len(f"Press {LINK}\r\n")},
        {"type": "text/html", "filename": "", "cid": "", "size": found["parts"][1]["size"]},
        {"type": "image/png", "filename": "logo.png", "cid": "logo@x", "size": len(dot())},
    ]


def test_an_attached_text_is_not_taken_for_the_body(post: Post):
    message = letter(text="the body\n")
    message.add_attachment("the attachment\n", filename="Größe.txt")
    message.add_attachment("<p>attached</p>", subtype="html", filename="page.html")
    post.send(message)
    (found,) = post.messages()
    assert (found["text"], found["html"]) == ("the body\n", "")
    assert [part["filename"] for part in found["parts"]] == ["", "Größe.txt", "page.html"]


def test_a_message_inside_a_message_lends_it_nothing(post: Post):
    inner = letter("inner", "the inner text\n", "<p>inner</p>")
    outer = letter("outer", "the outer text\n")
    outer.add_attachment(inner)
    post.send(outer)
    (found,) = post.messages()
    assert (found["subject"], found["text"], found["html"]) == ("outer", "the outer text\n", "")
    assert [part["type"] for part in found["parts"]] == ["text/plain", "message/rfc822"]


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        (b"Subject: =?utf-8?b?R3LDtsOf?=\r\n =?utf-8?q?e_heute?=", "Größe heute"),
        (b"Subject: =?iso-8859-1?q?Gr=F6=DFe?=", "Größe"),
        (b"Subject: a long one that\r\n  goes on", "a long one that  goes on"),
        ("Subject: Größe".encode(), "Größe"),
        ("Subject: Größe".encode("latin-1"), "Gr\ufffd\ufffde"),
        (b"Subject: =?klingon?q?Gr=F6=DFe?=", "Gr\ufffd\ufffde"),
        (b"Subject: =?utf-8?b?not base64!?=", "not base64!"),
        (b"Subject: <script>alert(1)</script>", "<script>alert(1)</script>"),
        (b"Subject:", ""),
        (b"X-No-Subject: x", ""),
    ],
)
def test_subjects_are_decoded_whatever_their_form(post: Post, header: bytes, shown: str):
    assert kept(post, header + b"\r\n\r\nx\r\n")["subject"] == shown


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        (b"=?utf-8?q?J=C3=BCrgen?= <j@northgate.example>", "Jürgen <j@northgate.example>"),
        (b'"Reyes, Marcus" <m@larkfield.example>', '"Reyes, Marcus" <m@larkfield.example>'),
        (b"a@b@c <<>", "a@b@c <<>"),
        (b"undisclosed", "undisclosed"),
    ],
)
def test_senders_are_shown_as_people_see_them(post: Post, sender: bytes, shown: str):
    assert kept(post, b"From: " + sender + b"\r\n\r\nx\r\n")["from"] == shown


def test_a_message_without_from_shows_the_envelopes_sender(post: Post):
    assert kept(post, b"Subject: x\r\n\r\nx\r\n")["from"] == "support@northgate.example"


def test_headers_keep_their_order_and_their_doubles(post: Post):
    found = kept(post, b"From: a@x.example\r\nReceived: one\r\nReceived: two\r\nFROM: b@x.example\r\n\r\nx\r\n")
    assert found["headers"] == [
        ["From", "a@x.example"],
        ["Received", "one"],
        ["Received", "two"],
        ["FROM", "b@x.example"],
    ]


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (b"Content-Type: text/plain; charset=utf-8\r\n", "Größe".encode(), "Größe"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"Gr\xf6\xdfe", "Größe"),
        (b"", "Größe".encode(), "Größe"),
        (b"", b"Gr\xf6\xdfe", "Größe"),
        (b"Content-Type: text/plain; charset=us-ascii\r\n", "Größe".encode(), "Größe"),
        (b"Content-Type: text/plain; charset=klingon\r\n", "Größe".encode(), "Größe"),
        (b"Content-Type: text/plain; charset=hex\r\n", b"47", "47"),
        (b"Content-Type: text/plain; charset=utf-8\r\n", b"Gr\xf6\xdfe", "Gr\ufffd\ufffde"),
        (
            b"Content-Type: text/plain; charset=utf-16-be\r\nContent-Transfer-Encoding: base64\r\n",
            base64.b64encode(b"\xd8\x00\x00A"),
            "\ufffdA",
        ),
        (
            b"Content-Type: text/plain; charset=utf-7\r\n",
            b"+2AA-A",
            "?A",
        ),
        (b"Content-Transfer-Encoding: base64\r\n", b"R3LDtsOfZQ==", "Größe"),
        (b"Content-Transfer-Encoding: base64\r\n", b"R", "R"),
        (
            b"Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n",
            b"Gr=C3=B6=C3=9Fe",
            "Größe",
        ),
        (b"Content-Transfer-Encoding: magic\r\n", b"plain", "plain"),
        (b"Content-Type: nonsense\r\n", b"plain", "plain"),
    ],
)
def test_texts_are_decoded_whatever_they_claim_to_be(post: Post, head: bytes, body: bytes, text: str):
    assert kept(post, head + b"\r\n" + body + b"\r\n")["text"].strip() == text


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n",
        b"no header at all\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n",
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nnever closed\r\n',
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b--\r\n",
        b"Content-Disposition: attachment; filename*=utf-8''%ff%fe\r\nContent-Type: text/html; charset*=x\r\n\r\nx\r\n",
        b"Content-Type: message/rfc822\r\n\r\n\r\n",
        b"Content-ID: \xff\xfe\r\nFrom: \xff <\xff@x>\r\nDate: yesterday\r\nMessage-ID: <[\r\n\r\nx\r\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000))
        + b"\r\n",
        b"Subject: \0\r\n\r\n\0\r\n",
    ],
    ids=["empty", "headless", "no-boundary", "unclosed", "no-parts", "names", "inner", "bytes", "deep", "nul"],
)
def test_a_broken_message_is_kept_and_shown(post: Post, raw: bytes):
    found = kept(post, raw)
    assert post.get(f"/_emulator/mail/messages/{found['id']}/raw").content == raw
    json.dumps(found, ensure_ascii=False).encode()  # no lone surrogates
    for part in ("html", "text", "source", "links"):
        assert post.get(f"/mailbox/messages/{found['id']}?part={part}").status_code == 200
    assert found["id"] in post.get("/mailbox").text


def test_links_are_those_that_a_person_can_press_once_each(post: Post):
    html = (
        '<!doctype html><html><head><link href="https://style.example/a.css"></head>'
        '<!-- <a href="https://comment.example/"> --><![if !mso]><img src="https://pixel.example/">'
        '<A HREF=" https://one.example/?a=1&amp;b=2 ">1</A><a href="mailto:x@y.example">m</a>'
        '<map><area href="http://two.example/"></map><a href="javascript:alert(1)">j</a><a name="x">x</a>'
    )
    text = "See https://one.example/?a=1&b=2, (http://three.example/x) or <https://four.example/p?q=%20>. HTTPS://FIVE.example\n"
    post.send(letter(text=text, html=html))
    assert post.messages()[0]["links"] == [
        "https://one.example/?a=1&b=2",
        "http://two.example/",
        "http://three.example/x",
        "https://four.example/p?q=%20",
        "HTTPS://FIVE.example",
    ]
