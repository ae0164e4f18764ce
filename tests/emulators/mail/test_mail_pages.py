"""The mailbox's pages over HTTP: lists, paging, one message, and the bars around its HTML."""

from __future__ import annotations

import re
import time

import pytest
from mail_rig import DANA, SUPPORT, Post, dot, letter

from emulators.mail import rendering
from emulators.mail.messages import Arrival
from emulators.mail.store import KEPT_MESSAGES, Store

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"


def subjects(page: str) -> list[str]:
    return re.findall(r'<span class="subject">(.*?)</span>', page)


def policy(answer) -> dict[str, str]:
    parts = (each.strip().partition(" ") for each in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def framed(post: Post, html: str, **inline: bytes) -> str:
    message = letter(html=html)
    for cid, data in inline.items():
        message.get_payload()[1].add_related(data, "image", "png", cid=f"<{cid}>")
    post.send(message)
    return post.get(f"/mailbox/messages/{post.messages()[0]['id']}/html").text


def test_an_empty_mailbox_says_what_will_appear(post: Post):
    assert "A message sent to dana@larkfield.example appears here." in post.get(f"/mailbox?to={DANA}").text
    assert "A message sent to any address appears here." in post.get("/mailbox").text


def test_a_mailbox_lists_its_own_messages_newest_first(post: Post):
    for number, to in enumerate([DANA, "theo@larkfield.example", DANA]):
        post.send(letter(f"No. {number}"), to)
    assert subjects(post.get(f"/mailbox?to={DANA}&embed=1").text) == ["No. 2", "No. 0"]
    every = post.get("/mailbox").text
    assert subjects(every) == ["No. 2", "No. 1", "No. 0"]
    assert "dana@larkfield.example (2)" in every
    assert "theo@larkfield.example (1)" in every


def test_an_address_with_a_plus_or_capitals_finds_its_mailbox(post: Post):
    post.send(letter(), "dana+news@larkfield.example")
    for written in ("dana+news@larkfield.example", "dana%2Bnews@larkfield.example", "Dana%2BNews@Larkfield.example"):
        assert len(subjects(post.get(f"/mailbox?to={written}").text)) == 1


def test_embedding_is_handed_on_from_page_to_page(post: Post):
    post.send(letter())
    page = post.get(f"/mailbox?to={DANA}&embed=1").text
    assert "chooser" not in page
    assert "handset" not in page
    (link,) = re.findall(r'class="row"[^>]* href="([^"]+)"', page)
    message = post.get(link.replace("&amp;", "&")).text
    assert 'body class="embed"' in message
    assert f'href="/mailbox?to={DANA.replace("@", "%40")}&amp;embed=1"' in message or (
        f'href="/mailbox?to={DANA}&amp;embed=1"' in message
    )
    assert 'class="handset"' in post.get("/mailbox?embed=handset").text
    assert "chooser" in post.get("/mailbox?embed=nonsense").text


def test_many_messages_come_in_pages(post: Post):
    with post.client() as client:
        for number in range(120):
            client.sendmail(SUPPORT, DANA, b"Subject: No. %d\r\n\r\n" % number)
    first, last = post.get(f"/mailbox?to={DANA}").text, post.get(f"/mailbox?to={DANA}&page=3").text
    assert subjects(first) == [f"No. {number}" for number in range(119, 69, -1)]
    assert "Page 1 of 3" in first and "Older" in first and "Newer" not in first
    assert subjects(last) == [f"No. {number}" for number in range(19, -1, -1)]
    assert "Older" not in last and "Newer" in last
    for odd in ("0", "-3", "99", "x"):
        assert post.get(f"/mailbox?page={odd}").status_code == 200
    assert [kept["subject"] for kept in post.messages(limit=2)] == ["No. 119", "No. 118"]
    assert len(post.messages()) == 120
    assert post.get("/_emulator/mail/messages.json?limit=0").status_code == 400


def test_only_the_newest_500_are_kept():
    store = Store()
    arrival = Arrival(SUPPORT, (DANA,))
    first = store.add(b"Subject: first\r\n\r\n", arrival)
    for number in range(KEPT_MESSAGES):
        store.add(b"Subject: %d\r\n\r\n" % number, arrival)
    assert store.get(first.id) is None
    assert len(store.newest()) == KEPT_MESSAGES == 500
    assert store.newest()[0].subject == "499"


def test_the_kept_messages_do_not_fill_the_memory():
    store = Store(most_bytes=10_000)
    for size in (3_000, 3_000, 3_000, 3_000):
        store.add(b"x" * size, Arrival(SUPPORT, (DANA,)))
    assert [len(mail.raw) for mail in store.newest()] == [3_000] * 3
    store.add(b"x" * 20_000, Arrival(SUPPORT, (DANA,)))
    assert [len(mail.raw) for mail in store.newest()] == [20_000], "the newest stays, whatever its size"


def test_the_rows_come_again_only_when_something_has_changed(post: Post):
    def version(page: str) -> str:
        return re.findall(r'data-version="([^"]+)"', page)[0]

    empty = version(post.get("/mailbox").text)
    assert post.get(f"/mailbox/rows?have={empty}").status_code == 204
    post.send(letter())
    rows = post.get(f"/mailbox/rows?have={empty}&to={DANA}")
    assert subjects(rows.text) == ["Your code"]
    assert "<html" not in rows.text
    assert post.get(f"/mailbox/rows?have={version(rows.text)}&to={DANA}").status_code == 204


def test_a_message_shows_its_parts_and_how_it_came(post: Post):
    post.send(letter(text="Press http://127.0.0.1:8000/l/abc.\n", html="<p>the html</p>"))
    mail = post.messages()[0]
    page = post.get(f"/mailbox/messages/{mail['id']}").text
    assert f'sandbox="{SANDBOX}"' in page
    assert f'src="/mailbox/messages/{mail["id"]}/html"' in page
    assert "the html</p>" not in page.split("Source")[0]
    assert '<a href="http://127.0.0.1:8000/l/abc" target="_blank" rel="noopener noreferrer">' in page
    assert "Message-ID: &lt;d1@northgate.example&gt;" in page
    assert "TLSv1.3" in page
    assert f"<dd>{SUPPORT}</dd>" in page


def test_a_message_without_html_opens_with_its_text(post: Post):
    post.send(letter())
    mail = post.messages()[0]
    page = post.get(f"/mailbox/messages/{mail['id']}").text
    assert 'data-part="text"' in page
    assert "iframe" not in page
    assert post.get(f"/mailbox/messages/{mail['id']}/html").status_code == 404


def test_a_strangers_words_are_shown_and_not_obeyed(post: Post):
    evil = "<script>alert(1)</script>"
    message = letter(evil, f'{evil} http://127.0.0.1/"onclick="x\n')
    message.replace_header("From", f'"{evil}" <x@northgate.example>')
    post.send(message, '"<script>"@larkfield.example')
    mail = post.messages()[0]
    for page in (post.get("/mailbox").text, post.get(f"/mailbox/messages/{mail['id']}").text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert '<script>"@' not in page
        assert "onclick=" not in page.replace("&#34;onclick=&#34;", "")


def test_the_long_source_of_a_message_is_cut_and_can_be_had_whole(post: Post):
    post.send(b"Subject: long\r\n\r\n" + b"y" * 70 + b"\r\n" + b"x\r\n" * 80_000)
    mail = post.messages()[0]
    page = post.get(f"/mailbox/messages/{mail['id']}").text
    assert "Only the beginning is shown." in page
    assert f'href="/_emulator/mail/messages/{mail["id"]}/raw"' in page


@pytest.mark.parametrize("path", ["", "/html"])
def test_a_message_that_is_gone_is_not_found(post: Post, path: str):
    assert post.get(f"/mailbox/messages/0123456789abcdef{path}").status_code == 404
    assert post.get("/_emulator/mail/messages/0123456789abcdef/raw").status_code == 404


def test_the_pages_allow_no_foreign_thing(post: Post):
    post.send(letter(html="<p>x"))
    mail = post.messages()[0]
    for path in ("/mailbox", "/mailbox/rows", f"/mailbox/messages/{mail['id']}"):
        answer = post.get(path)
        assert policy(answer) == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "frame-src": "'self'",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'self'",
        }
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?! src)|<style| style=| on\w+=", answer.text)


def test_the_html_part_may_run_and_load_nothing(post: Post):
    post.send(letter(html='<script>alert(1)</script><img src="https://pixel.example/">'))
    answer = post.get(f"/mailbox/messages/{post.messages()[0]['id']}/html")
    assert policy(answer) == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": SANDBOX,
    }
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-DNS-Prefetch-Control"] == "off"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_inline_images_become_data(post: Post):
    html = (
        "<img src=\"cid:logo\"><td background='cid:logo'><p style='background:url(cid:logo)'>cid:logo<img src=cid:none>"
    )
    shown = framed(post, html, logo=dot())
    assert shown.count("data:image/png;base64,iVBORw0KGgo") == 3
    assert ">cid:logo<" in shown, "a word in the text is none"
    assert "<img src=cid:none>" in shown


def test_an_image_named_very_often_does_not_blow_the_page_up(post: Post):
    shown = framed(post, "<img src=cid:big>" * 200, big=dot() + b"\0" * 200_000)
    assert 60 < shown.count("data:image/png") < 90


def test_tags_that_are_never_closed_are_read_in_one_pass():
    started = time.monotonic()
    for piece in ("<a ", "<a '", "<!--", "<script></script ", "&", "<a href='&a'>"):
        html = piece * (500_000 // len(piece))
        rendering.hrefs(html)
        rendering.framed(html, {})
    assert time.monotonic() - started < 20, "Python's own parser takes minutes for each"


def test_an_inline_part_that_is_no_image_is_not_inlined(post: Post):
    message = letter(html='<img src="cid:page">')
    message.get_payload()[1].add_related(b"<script>", "text", "html", cid="<page>")
    post.send(message)
    assert "cid:page" in post.get(f"/mailbox/messages/{post.messages()[0]['id']}/html").text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('<a href="/x">', '<a href="/x" target="_blank" rel="noopener noreferrer">'),
        (
            "<A HREF='/x?a&amp;b' TARGET=_top rel=opener>",
            '<a href="/x?a&amp;b" target="_blank" rel="noopener noreferrer">',
        ),
        ("<a\nhref=/x\n>", '<a href="/x" target="_blank" rel="noopener noreferrer">'),
        ('<area href="/x" nohref>', '<area href="/x" nohref target="_blank" rel="noopener noreferrer">'),
        ('<base href="https://evil.example/" target="_self">', ""),
        ('<link rel="preconnect" href="https://evil.example/">', ""),
        ('<meta http-equiv="refresh" content="0;url=https://evil.example/">', ""),
        ('<meta name="color-scheme" content="light dark">', '<meta name="color-scheme" content="light dark">'),
        (
            "<![if !mso]><a href='/x'><![endif]>",
            '<![if !mso]><a href="/x" target="_blank" rel="noopener noreferrer"><![endif]>',
        ),
        ("<![odd thing]><base><b>", "<![odd thing]><b>"),
        ("<script>'<base>'</script><base>", "<script>'<base>'</script>"),
        ("<style></styles><base></style ><base>", "<style></styles><base></style >"),
        ("<!--><base><!-- <base> --><base>", "<!--><!-- <base> -->"),
        (
            "<a href='/x?b&copy=1&amp;c=&#x41;'>",
            '<a href="/x?b&amp;copy=1&amp;c=A" target="_blank" rel="noopener noreferrer">',
        ),
        ("<a href=/1 href=/2>", '<a href="/1" target="_blank" rel="noopener noreferrer">'),
        ("<base><a href='never closed><base>", "<a href='never closed><base>"),
        ("<!doctype html><p>a &amp b &nbsp; <b", "<!doctype html><p>a &amp b &nbsp; <b"),
        ("<p title='<a href=x>'>Größe\n\n<base>x", "<p title='<a href=x>'>Größe\n\nx"),
    ],
)
def test_links_open_in_a_new_tab_and_the_rest_stays_as_it_was(post: Post, written: str, shown: str):
    assert framed(post, f"1\n{written}2\n") == f"1\n{shown}2\n"
