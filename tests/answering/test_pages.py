"""What a link's page shows, to whom, and that looking at it is nothing but looking."""

from __future__ import annotations

import hashlib
import logging
import re
from datetime import timedelta

import pytest
import requests
from flask import Flask
from link_rig import Link, Northgate, Person, fields, heading

from podserver.accounts.models import User
from podserver.database import db, writing
from podserver.tenancy import bind_tenant
from podserver.verification.models import State

UNKNOWN = Link("", "nothing-that-was-ever-sent-0123456789abcdefg", "")
DEAD = ("verified", "denied", "expired", "superseded", "locked", "cancelled", "failed")


def dead_link(northgate: Northgate, state: str) -> Link:
    """A link whose verification has ended."""
    if state == "expired":
        return northgate.link(ago=timedelta(minutes=6))
    link = northgate.link()
    northgate.change(link, state=State(state), summary=None)
    return link


def digest() -> str:
    """Everything that stands in the database."""
    rows = []
    with db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            rows.append(sorted(map(str, connection.execute(table.select()))))
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_the_page_says_who_asks_about_what_and_for_how_long(northgate: Northgate, dana: Person) -> None:
    northgate.brand()
    page = dana.open(northgate.link(digits=True)).text
    assert heading(page) == "Are you on the phone with us right now?"
    for said in ("Sam from Northgate IT", "Ticket 48213", "Cannot sign in to webmail", "4 minutes left.",
                 "Type the two digits that Sam tells you", "We never ask for your password here.",
                 '<a href="tel:+12025550100">+1 202-555-0100</a>'):  # fmt: skip
        assert said in page, said
    assert "Okafor" not in page, "the surname is nobody's business"
    assert "Dana" not in page and "Larkfield" not in page, "whoever holds the link may not be the contact"


def test_there_is_a_field_only_where_a_number_is_read_out(northgate: Northgate, dana: Person) -> None:
    with_number, without = dana.open(northgate.link(digits=True)).text, dana.open(northgate.link()).text
    assert "number" in fields(with_number)
    assert "number" not in fields(without)


def test_the_number_stands_nowhere_on_its_page(northgate: Northgate, dana: Person) -> None:
    for _ in range(5):
        link = northgate.link(digits=True)
        shown = re.sub(r'value="[^"]*"|\?v=\w+|\d minutes left|Ticket 48213|charset=utf-8', "", dana.open(link).text)
        assert link.number not in re.findall(r"\d+", shown)


@pytest.mark.parametrize(
    ("ago", "said"),
    [(10, "4 minutes left."), (200, "1 minute left."), (250, "Less than a minute left.")],
)
def test_the_time_left_is_said_in_words(northgate: Northgate, dana: Person, ago: int, said: str) -> None:
    assert said in dana.open(northgate.link(ago=timedelta(seconds=ago))).text


def test_a_ticket_without_a_number_or_a_summary_leaves_no_gap(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    northgate.change(link, ticket="", summary="")
    page = dana.open(link).text
    assert "Ticket" not in page and "None" not in page and "·" not in page.split("<main>")[1]


def test_looking_changes_nothing_sets_nothing_and_is_logged_without_the_token(
    app: Flask, northgate: Northgate, dana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    links = [northgate.link(digits=True), *(dead_link(northgate, state) for state in DEAD), UNKNOWN]
    before = digest()
    for link in links:
        for method in ("HEAD", "GET", "GET"):
            answer = dana.http.request(method, dana.address + link.path, timeout=10)
            assert answer.status_code == 200
            assert "Set-Cookie" not in answer.headers
    assert digest() == before
    assert len(app.extensions["queue"]) == 0, "nobody was nudged"
    assert "/v/<token>" in caplog.text, "the visits are in the log, by their rule"
    assert not [link for link in links if link.token in caplog.text]


def test_every_page_keeps_to_itself(northgate: Northgate, dana: Person) -> None:
    key = northgate.brand(logo=b"\x89PNG")
    refused = dana.press(northgate.link(), "validate", page="made up")
    for answer in (dana.open(northgate.link(digits=True)), dana.open(dead_link(northgate, "verified")),
                   dana.open(UNKNOWN), refused):  # fmt: skip
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
        assert answer.headers["X-Frame-Options"] == "DENY"
        addresses = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
        assert all(re.match(r"/(static|v|brand)/|tel:\+|data:,$", each) for each in addresses), addresses
        assert "style=" not in answer.text and "<style" not in answer.text
    assert f"/brand/{key}/logo.png" in dana.open(northgate.link()).text


def test_logo_and_colours_are_asked_for_only_where_there_are_any(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    assert "/brand/" not in dana.open(link).text
    key = northgate.brand()
    page = dana.open(link).text
    assert f"/brand/{key}/style.css" in page and "logo.png" not in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("verified", "Validated. You can close this page."),
        ("denied", "Thank you. Northgate IT has been told."),
        ("expired", "This link has expired."),
        ("superseded", "A newer message was sent."),
        ("locked", "This request has ended."),
        ("cancelled", "This request has ended."),
        ("failed", "This request has ended."),
    ],
)
def test_a_dead_link_says_plainly_that_it_is_dead(northgate: Northgate, dana: Person, state: str, said: str) -> None:
    northgate.brand()
    answer = dana.open(dead_link(northgate, state))
    assert answer.status_code == 200
    assert heading(answer.text) == said
    assert "<form" not in answer.text and "<button" not in answer.text
    assert not [each for each in ("Sam", "48213", "webmail", "Dana", "Larkfield") if each in answer.text]


@pytest.mark.parametrize("state", DEAD)
def test_a_dead_link_does_not_tell_who_opened_it_or_when(
    northgate: Northgate, address: str, dana: Person, state: str
) -> None:
    link = dead_link(northgate, state)
    stranger = Person(address, {"User-Agent": "another telephone", "X-Forwarded-For": "203.0.113.9"})
    first, second, third = dana.open(link), stranger.open(link), dana.open(link)
    assert first.content == second.content == third.content
    assert not re.search(r"\b\d\d?:\d\d\b|UTC|20\d\d", re.sub(r'[?]v=\w+"', "", first.text))


def test_an_unknown_link_names_nobody(northgate: Northgate, dana: Person) -> None:
    northgate.brand()
    for token in (UNKNOWN.token, "x", "z" * 400, "answer", "microsoft", "%F0%9F%98%80", "..%2f..%2fetc", ""):
        answer = dana.http.get(f"{dana.address}/v/{token}", timeout=10)
        if answer.status_code == 404:
            assert token == "..%2f..%2fetc", "a path of several parts is no link at all"
            continue
        assert (answer.status_code, heading(answer.text)) == (200, "This link does not work.")
        assert "Northgate" not in answer.text and "202" not in re.sub(r"[?]v=\w+", "", answer.text)


def test_every_link_answers_with_one_status(northgate: Northgate, dana: Person) -> None:
    links = [northgate.link(), *(dead_link(northgate, state) for state in DEAD), UNKNOWN]
    assert {dana.open(link).status_code for link in links} == {200}
    assert {dana.http.head(dana.address + link.path, timeout=10).status_code for link in links} == {200}


def test_what_others_wrote_is_never_markup(app: Flask, northgate: Northgate, dana: Person) -> None:
    link, attack = northgate.link(), '"><script>alert(1)</script>{{ 7*7 }}'
    northgate.change(link, technician=attack, ticket='"><b>', summary=attack)
    with writing(northgate.session) as session:
        northgate.seeds.tenant.name = attack
        session.add(northgate.seeds.tenant)
    page = dana.open(link).text
    assert "<script>alert" not in page and "<b>" not in page.split("<form")[0] and "49" not in page.split("<form")[0]
    again = dana.press(link, "validate", headers={"Sec-Purpose": "prefetch"}, number=attack).text
    assert "<script>alert" not in again


def test_a_technician_without_a_name_is_a_technician(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    northgate.change(link, technician="")
    assert "a technician from Northgate IT" in dana.open(link).text


def test_a_link_of_another_msp_shows_that_msp_and_nothing_of_ours(northgate: Northgate, dana: Person) -> None:
    from seeds import Seeds

    from podserver.database import now

    northgate.brand()
    southgate = Northgate.__new__(Northgate)
    southgate.session, southgate.seeds = northgate.session, Seeds(northgate.session, "Southgate IT", at=now())
    southgate._numbers = iter(["2025550142"])
    link = southgate.link()
    page = dana.open(link).text
    assert "Sam from Southgate IT" in page and "Northgate" not in page and "/brand/" not in page
    bind_tenant(northgate.session, northgate.seeds.tenant.id)


def test_what_was_switched_off_since_does_not_break_the_page(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    with writing(northgate.session) as session:
        session.get_one(User, northgate.seeds.user.id).active = False
    assert heading(dana.open(link).text) == "Are you on the phone with us right now?"


def test_the_link_is_not_posted_to(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    assert dana.http.post(dana.address + link.path, data={"choice": "validate"}, timeout=10).status_code == 405
    assert northgate.untouched(link)


def test_the_database_gone_says_so_without_naming_the_link(
    app: Flask, northgate: Northgate, dana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    link = northgate.link()
    caplog.set_level(logging.DEBUG)
    with writing(northgate.session) as session:
        session.connection().exec_driver_sql("ALTER TABLE verifications RENAME TO verifications_gone")
    try:
        answer: requests.Response = dana.open(link)
    finally:
        with writing(northgate.session) as session:
            session.connection().exec_driver_sql("ALTER TABLE verifications_gone RENAME TO verifications")
    assert answer.status_code in (500, 503)
    assert link.token not in answer.text and link.token not in caplog.text
