"""Letters: what they say and in which order, and what they never hold."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import UndefinedError

from podserver.branding.letters import Letter, Letterhead, compose

NORTHGATE = Letterhead(
    "Northgate IT", "#0b6e3a", "Your help desk\nNorthgate IT", "12 Harbour Road\nSpringfield", "+1 202 555 0100",
    logo=True,
)  # fmt: skip
LINK = "https://pod.northgate.example/v/" + "Ab3_" * 10 + "xyz"
FACTS: dict[str, dict[str, Any]] = {
    "verification_code": {"technician": "Sam", "ticket": "48213", "minutes": 5, "code": "482913"},
    "verification_link": {"technician": "Sam", "ticket": "48213", "minutes": 5, "link": LINK, "digits": True},
    "microsoft_sign_in": {"technician": "Sam", "ticket": "48213", "minutes": 5, "link": LINK},
    "test": {"name": "Alex Moreno"},
}
ASKING = ["verification_code", "verification_link", "microsoft_sign_in"]
KINDS = [*ASKING, "test"]


def letter(kind: str, letterhead: Letterhead = NORTHGATE, **changed: Any) -> Letter:
    return compose(kind, letterhead, **{**FACTS[kind], **changed})


def words(html: str) -> str:
    body = html.partition("<body")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def both(kind: str, letterhead: Letterhead = NORTHGATE, **changed: Any) -> list[str]:
    """The text, and what a reader sees of the HTML."""
    written = letter(kind, letterhead, **changed)
    return [" ".join(written.text.split()), words(written.html)]


@pytest.mark.parametrize("kind", ASKING)
def test_both_halves_say_who_asks_for_which_ticket_and_how_to_object(kind: str) -> None:
    for said in both(kind):
        for part in ("Sam", "Northgate IT", "48213", "never ask", "You are not on the phone with us?",
                     "+1 202 555 0100", "It works once, within 5 minutes."):  # fmt: skip
            assert part in said, (part, said)


@pytest.mark.parametrize(("kind", "secret"), [("verification_code", "482913"), ("verification_link", LINK),
                                               ("microsoft_sign_in", LINK)])  # fmt: skip
def test_the_warning_stands_before_the_code_and_the_link_and_neither_is_in_the_subject(kind: str, secret: str) -> None:
    for said in both(kind):
        assert said.index("only") < said.index("never") < said.index(secret)
    assert secret not in letter(kind).subject


@pytest.mark.parametrize("kind", ASKING)
def test_the_link_or_code_stands_once_in_the_text_and_unbroken(kind: str) -> None:
    text = letter(kind).text
    secret = "482913" if kind == "verification_code" else LINK
    assert text.count(secret) == 1
    assert any(line.endswith(secret) for line in text.splitlines())


def test_the_number_is_asked_for_only_where_it_is_wanted() -> None:
    for said in both("verification_link"):
        assert "only while you are on the phone with us" in said
        assert "type the number that Sam says" in said
    for said in both("verification_link", digits=False):
        assert "type the number" not in said


@pytest.mark.parametrize("kind", ASKING)
def test_without_a_ticket_none_is_spoken_of(kind: str) -> None:
    for said in [*both(kind, ticket=""), letter(kind, ticket="").subject]:
        assert "ticket" not in said.lower()
    for said in both(kind, minutes=1):
        assert "within 1 minute." in said


@pytest.mark.parametrize("kind", KINDS)
def test_signature_and_footer_are_at_the_end_of_both_halves_line_by_line(kind: str) -> None:
    written = letter(kind)
    assert "\n-- \nYour help desk\nNorthgate IT\n" in written.text
    assert written.text.endswith("12 Harbour Road\nSpringfield\n")
    assert "Your help desk<br>Northgate IT" in written.html
    assert "<br>12 Harbour Road<br>Springfield" in written.html


@pytest.mark.parametrize("kind", KINDS)
def test_a_tenant_that_has_saved_nothing_has_letters_all_the_same(kind: str) -> None:
    written = letter(kind, Letterhead("Northgate IT"))
    assert "cid:logo" not in written.html and not written.logo
    assert "Northgate IT" in written.text and "None" not in written.text + written.html
    assert written.text.endswith("-- \nNorthgate IT\n")


class Elements(HTMLParser):
    """A letter's elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember one."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_a_letter_loads_runs_or_watches(kind: str) -> None:
    html = letter(kind).html
    elements = Elements(html).found
    assert {tag for tag, _ in elements} <= {
        "html", "head", "meta", "title", "style", "body", "table", "tr", "td", "h1", "p", "br", "strong", "a", "img",
    }  # fmt: skip
    assert [each["src"] for tag, each in elements if tag == "img"] == ["cid:logo"]
    assert {each["href"] for tag, each in elements if tag == "a"} <= {LINK}
    assert not re.search(r"url\(|@import|http-equiv|javascript:|\bon\w+=", html)
    assert html.count("http") == html.count(LINK)


@pytest.mark.parametrize("kind", KINDS)
def test_every_visible_element_has_its_styles_on_it_and_the_tables_say_that_they_are_none(kind: str) -> None:
    for tag, each in Elements(letter(kind).html).found:
        if tag in ("p", "h1", "img", "a", "body"):
            assert "style" in each, tag
        if tag in ("p", "h1"):
            assert "font-family" in each["style"] and "color: #" in each["style"]
        if tag == "table":
            assert each["role"] == "presentation"
        if tag == "img":
            assert each["alt"] == "Northgate IT"


@pytest.mark.parametrize("kind", KINDS)
def test_dark_mode_is_declared_and_uses_a_shade_of_the_tenants_colour(kind: str) -> None:
    html = letter(kind).html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "#0b6e3a" in html and "#109d53" in html


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 'ab' * 4 }}", "{% raw %}", "&lt;b&gt;"]
)
def test_what_others_wrote_is_text(kind: str, evil: str) -> None:
    facts = {name: evil for name, value in FACTS[kind].items() if isinstance(value, str) and name != "link"}
    written = letter(kind, Letterhead(evil, "#0b6e3a", evil, evil, evil, logo=True), **facts)
    usual = [tag for tag, _ in Elements(letter(kind).html).found if tag != "br"]
    assert [tag for tag, _ in Elements(written.html).found if tag != "br"] == usual
    assert evil in written.text
    assert "abababab" not in written.text + written.html + written.subject


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_is_one_line_whatever_is_in_it(kind: str) -> None:
    subject = letter(kind, Letterhead("North\r\ngate\nIT")).subject
    assert "\n" not in subject and "\r" not in subject
    assert "North gate IT" in subject


@pytest.mark.parametrize("kind", ASKING)
def test_a_fact_that_nobody_gave_is_an_error_and_not_a_gap(kind: str) -> None:
    for name in FACTS[kind]:
        rest = {each: value for each, value in FACTS[kind].items() if each != name}
        with pytest.raises(UndefinedError):
            compose(kind, NORTHGATE, **rest)


@pytest.mark.parametrize("kind", KINDS)
def test_no_letter_brags(kind: str) -> None:
    for said in both(kind):
        assert not re.search(r"secur|safe|protect|guarantee|trusted", said, re.IGNORECASE)


def test_the_payload_holds_what_the_channel_takes() -> None:
    written = letter("test")
    assert written.payload("dana@larkfield.example", "Dana Whitfield", 300) == {
        "to": "dana@larkfield.example",
        "name": "Dana Whitfield",
        "subject": written.subject,
        "text": written.text,
        "html": written.html,
        "logo": True,
        "life": 300,
    }
