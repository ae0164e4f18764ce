"""What a press on the page does, once, and what the page says next."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from cryptography.fernet import Fernet
from flask import Flask
from link_rig import Northgate, Person, fields, heading, read_page
from sqlalchemy import select

from podserver.database import now, writing
from podserver.delivery.models import OutboxRow
from podserver.history.models import HistoryEvent
from podserver.security import sealing
from podserver.verification.models import Guard, State, Verification

QUESTION = "Are you on the phone with us right now?"
VALIDATED = "Validated. You can close this page."
DENIED = "Thank you. Northgate IT has been told."
ENDED = "This request has ended."
EXPIRED = "This link has expired."
SUPERSEDED = "A newer message was sent."


def test_validate_verifies_once_and_the_ticket_is_told(app: Flask, northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    answer = dana.press(link, "validate")
    assert (answer.status_code, heading(answer.text)) == (200, VALIDATED)
    row = northgate.row(link)
    assert row.state == State.VERIFIED and row.green_until is not None and row.green_until > now()
    assert row.summary is None
    assert northgate.kinds(link) == ["requested", "verified"]
    (note,) = northgate.notes(link)
    assert note.startswith("Caller verified.") and "Dana Whitfield" in note
    assert len(app.extensions["queue"]) == 1, "a worker was nudged for the note"


def test_the_number_that_was_read_out_verifies(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    page = dana.open(link)
    assert fields(page.text).keys() == {"token", "page", "number", "leave_empty"}
    assert heading(dana.press(link, "validate", f" {link.number[0]} {link.number[1]} ").text) == VALIDATED
    assert northgate.state(link) == State.VERIFIED


def test_digits_of_any_script_are_digits(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in link.number)
    assert heading(dana.press(link, "validate", arabic).text) == VALIDATED


def test_a_wrong_number_leaves_one_try_and_the_second_ends_the_link(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    once = dana.press(link, "validate", link.wrong)
    assert (once.status_code, heading(once.text)) == (200, QUESTION)
    assert "That is not the number. You have one try left." in once.text and 'aria-invalid="true"' in once.text
    assert fields(once.text)["number"] == ""
    assert northgate.state(link) == State.PENDING
    assert "One try is left." in dana.open(link).text, "it is still so when the page is loaded again"
    twice = dana.press(link, "validate", "98" if link.number != "98" else "97")
    assert heading(twice.text) == ENDED
    assert northgate.state(link) == State.LOCKED
    assert northgate.kinds(link) == ["requested", "wrong number", "wrong number", "locked"]
    assert heading(dana.press(link, "validate", link.number).text) == ENDED, "not even the right one revives it"
    assert northgate.state(link) == State.LOCKED
    assert len(northgate.notes(link)) == 1


def test_the_right_number_counts_after_a_wrong_one(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    dana.press(link, "validate", link.wrong)
    assert heading(dana.press(link, "validate", link.number).text) == VALIDATED
    assert northgate.kinds(link) == ["requested", "wrong number", "verified"]


def test_what_cannot_be_the_number_is_no_try(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    for typed in ("", "0", "4", "123", "ab", "4a", "4-7", "१२३", "9" * 500):
        answer = dana.press(link, "validate", typed)
        assert heading(answer.text) == QUESTION
        assert "Type the two digits that you are told on the phone." in answer.text
        assert northgate.untouched(link), typed


def test_i_did_not_ask_for_this_denies_locks_and_tells(app: Flask, northgate: Northgate, dana: Person) -> None:
    other, link = northgate.link(), northgate.link(digits=True)
    answer = dana.press(link, "deny")
    assert (answer.status_code, heading(answer.text)) == (200, DENIED)
    assert "hang up" in answer.text and "on the number that you know" in answer.text
    row = northgate.row(link)
    assert row.state == State.DENIED and row.alarm
    assert northgate.kinds(link) == ["requested", "denied"]
    assert "did not ask for this. Stop" in northgate.notes(link)[0]
    until = northgate.locked_until()
    assert until is not None and timedelta(minutes=59) < until - now() <= timedelta(minutes=60)
    assert northgate.state(other) == State.CANCELLED, "whatever else was under way for the contact has ended"
    assert "the contact did not ask for this" in northgate.seeds.start(at=now()).refused.lower()
    assert len(app.extensions["queue"]) == 2


def test_the_help_desks_number_is_given_to_call_back(northgate: Northgate, dana: Person) -> None:
    northgate.brand(phone="(202) 555-0100")
    assert '<a class="choice" href="tel:2025550100">Call Northgate IT</a>' in dana.press(northgate.link(), "deny").text


@pytest.mark.parametrize(("first", "said"), [("validate", VALIDATED), ("deny", DENIED)])
def test_a_double_press_two_tabs_and_a_retry_get_the_same_answer(
    northgate: Northgate, dana: Person, first: str, said: str
) -> None:
    link = northgate.link()
    one_tab, other_tab = read_page(link), read_page(link, ago=timedelta(seconds=9))
    answers = [dana.press(link, first, page=page) for page in (one_tab, one_tab, other_tab, one_tab)]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert heading(answers[0].text) == said
    assert len(northgate.kinds(link)) == 2 and len(northgate.notes(link)) == 1


def test_a_double_press_with_a_wrong_number_is_one_try(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    page = read_page(link)
    for _ in range(3):
        answer = dana.press(link, "validate", link.wrong, page=page)
        assert "You have one try left." in answer.text
    assert northgate.kinds(link) == ["requested", "wrong number"]
    assert heading(dana.press(link, "validate", link.number, page=page).text) == VALIDATED


def test_wrong_numbers_in_two_tabs_are_two_tries(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    for ago in (3, 9):
        dana.press(link, "validate", link.wrong, page=read_page(link, ago=timedelta(seconds=ago)))
    assert northgate.state(link) == State.LOCKED


def test_a_press_after_the_end_says_which_end_and_is_recorded_once(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(ago=timedelta(seconds=40))
    northgate.seeds.start(
        method="sms_link", number="2025550110", at=now(), again=True, target=northgate.seeds.target("2025550110")
    )
    assert northgate.state(link) == State.SUPERSEDED
    for _ in range(5):
        for choice in ("validate", "deny"):
            assert heading(dana.press(link, choice).text) == SUPERSEDED
    assert northgate.kinds(link) == ["requested", "superseded", "late proof refused", "late proof refused"]
    assert northgate.state(link) == State.SUPERSEDED and northgate.locked_until() is None


def test_who_denies_after_somebody_validated_is_heard_and_changes_no_end(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    dana.press(link, "validate")
    for _ in range(3):
        answer = dana.press(link, "deny")
        assert heading(answer.text) == VALIDATED and "Was it not you? Tell Northgate IT now." in answer.text
    assert northgate.kinds(link) == ["requested", "verified", "late proof refused"]
    last = northgate.session.scalars(select(HistoryEvent).order_by(HistoryEvent.id.desc())).first()
    assert last is not None and last.detail == {"state": "verified", "answer": "did not ask"}
    northgate.session.rollback()


@pytest.mark.parametrize("choice", ["validate", "deny"])
def test_a_press_after_the_time_is_late(northgate: Northgate, dana: Person, choice: str) -> None:
    link = northgate.link(ago=timedelta(minutes=5, seconds=1))
    assert heading(dana.press(link, choice).text) == EXPIRED
    assert northgate.state(link) == State.EXPIRED and northgate.locked_until() is None
    said = {"validate": ["requested", "expired"], "deny": ["requested", "late proof refused", "expired"]}
    assert northgate.kinds(link) == said[choice]
    assert heading(dana.press(link, choice).text) == EXPIRED


def test_a_locked_contact_cannot_validate_and_can_still_deny(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    with writing(northgate.session) as session:
        for guard in session.scalars(select(Guard).where(Guard.destination_key == "")):
            guard.locked_until, guard.lock_reason = now() + timedelta(hours=1), "too many wrong codes"
    answer = dana.press(link, "validate")
    assert heading(answer.text) == QUESTION and "This contact is locked. Talk to your help desk." in answer.text
    assert northgate.state(link) == State.PENDING
    assert heading(dana.press(link, "deny").text) == DENIED


# --- Presses without an effect -----------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_press_within_two_seconds_is_asked_for_once_more(northgate: Northgate, dana: Person) -> None:
    link = northgate.link(digits=True)
    for choice in ("validate", "deny"):
        quick = fields(dana.open(link).text)["page"]
        answer = dana.press(link, choice, link.number, page=quick)
        assert (answer.status_code, heading(answer.text)) == (200, QUESTION)
        assert "That press did not count. Read the question, then press once more." in answer.text
        assert fields(answer.text)["number"] == link.number, "what was typed need not be typed again"
        assert northgate.untouched(link)
    time.sleep(2)
    assert heading(dana.press(link, "validate", link.number, page=fields(answer.text)["page"]).text) == VALIDATED


AUTOMATIC: list[dict[str, str | None]] = [
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"X-Purpose": "preview"},
    {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/139.0.0.0 Safari/537.36"},
    {"User-Agent": "python-requests/2.32.5"},
    {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
    {"User-Agent": ""},
    {"Sec-CH-UA": '"HeadlessChrome";v="139", "Chromium";v="139"'},
    {"Sec-Fetch-User": None},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-User": None},
    {"Sec-Fetch-Dest": "iframe"},
]


@pytest.mark.parametrize("choice", ["validate", "deny"])
def test_what_a_persons_browser_never_sends_has_no_effect(northgate: Northgate, dana: Person, choice: str) -> None:
    link = northgate.link()
    for headers in AUTOMATIC:
        answer = dana.press(link, choice, headers=headers)
        assert (answer.status_code, heading(answer.text)) == (200, QUESTION), headers
        assert "Press once more." in answer.text
        assert northgate.untouched(link), headers


# Safari sends no Sec-Fetch-User, and before 16.4 nothing of the kind; Firefox sends no Sec-CH-UA.
PEOPLE: list[dict[str, str | None]] = [
    {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/18.6 Mobile/15E148 Safari/604.1", "Sec-CH-UA": None, "Sec-Fetch-User": None},
    {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 15_8 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
     "Sec-CH-UA": None, "Sec-Fetch-Site": None, "Sec-Fetch-Mode": None, "Sec-Fetch-User": None,
     "Sec-Fetch-Dest": None},
    {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0",
     "Sec-CH-UA": None},
    # In-app browsers of Android, with and without an origin.
    {"User-Agent": "Mozilla/5.0 (Linux; Android 14; CUBOT KINGKONG 9 Build/UP1A) AppleWebKit/537.36 Version/4.0 "
     "Chrome/139.0.0.0 Mobile Safari/537.36", "Sec-CH-UA": None, "Origin": None},
    {"Origin": None, "Sec-Fetch-Site": None, "Sec-CH-UA": None},
    # Loaded again by hand.
    {"Sec-Fetch-Site": "none"},
]  # fmt: skip


def test_the_browsers_of_people_get_through(northgate: Northgate, dana: Person) -> None:
    for headers in PEOPLE:
        assert heading(dana.press(northgate.link(), "validate", headers=headers).text) == VALIDATED, headers


def test_a_form_that_no_person_fills_has_no_effect(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    for more in (
        {"leave_empty": "0"},
        {"choice": ""},
        {"choice": "sign_in"},
        {"choice": "Validate"},
        {"choice": "x" * 999},
    ):
        form = {"token": link.token, "page": read_page(link), "choice": "validate", **more}
        answer = dana.http.post(f"{dana.address}/v/answer", data=form, timeout=10)
        assert heading(answer.text) == QUESTION and northgate.untouched(link), more


def test_a_page_of_another_site_cannot_press(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    sites: list[dict[str, str | None]] = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
    ]
    for headers in sites:
        answer = dana.press(link, "validate", headers=headers)
        assert (answer.status_code, heading(answer.text)) == (403, "Open the link again."), headers
        assert northgate.untouched(link), headers


def test_an_answer_that_comes_from_no_page_of_the_link_is_refused(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    right = read_page(link)
    made, ends, mac = right.split(".")
    forged = {
        "none": "",
        "nonsense": "1.2.x",
        "zeros": f"1.2.{'0' * 64}",
        "another link's": read_page(northgate.link()),
        "made earlier": f"{int(made) - 9000}.{ends}.{mac}",
        "lasting longer": f"{made}.{int(ends) + 1}.{mac}",
        "upper case": right.upper(),
        "a blank": f"{right} ",
    }
    for what, page in forged.items():
        form = {"token": link.token, "page": page, "choice": "deny"}
        answer = dana.http.post(f"{dana.address}/v/answer", data=form, timeout=10)
        assert (answer.status_code, heading(answer.text)) == (403, "Open the link again."), what
        assert "Northgate" not in answer.text and northgate.untouched(link), what


def test_the_refusal_is_the_same_whatever_the_link_is(northgate: Northgate, dana: Person) -> None:
    live, dead = northgate.link(), northgate.link()
    northgate.change(dead, state=State.VERIFIED)
    tokens = (live.token, dead.token, "never-sent", "")
    form = {"page": f"1.2.{'0' * 64}", "choice": "validate"}
    answers = [dana.http.post(f"{dana.address}/v/answer", data={"token": t, **form}, timeout=10) for t in tokens]
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, answers[0].content)}


def test_a_page_that_was_left_open_too_long_asks_again(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    answer = dana.press(link, "validate", page=read_page(link, ago=timedelta(minutes=15, seconds=1)))
    assert heading(answer.text) == QUESTION and northgate.untouched(link)


def test_a_page_outlives_a_change_of_keys(app: Flask, northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    page = read_page(link)
    sealing.install((Fernet.generate_key().decode(), *app.extensions["settings"].secret_keys))
    assert heading(dana.press(link, "validate", page=page).text) == VALIDATED


def test_a_wild_form_is_refused_with_a_sentence(northgate: Northgate, dana: Person) -> None:
    for data in ({}, {"token": "\0"}, {"token": "x" * 100_000}, {"token": ["a", "b"], "page": ["1", "2"]}):
        answer = dana.http.post(f"{dana.address}/v/answer", data=data, timeout=10)
        assert 400 <= answer.status_code < 500 and "<h1" in answer.text


# --- At once, and with the lights going out ----------------------------------------------------------------------


def test_fifty_at_once_give_one_success_one_event_and_one_note(northgate: Northgate, address: str) -> None:
    link = northgate.link(digits=True)
    pages = [read_page(link, ago=timedelta(seconds=3, milliseconds=n)) for n in range(50)]
    gate = threading.Barrier(50)

    def press(page: str) -> requests.Response:
        person = Person(address)
        gate.wait()
        return person.press(link, "validate", link.number, page=page)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(press, pages))
    assert Counter(heading(answer.text) for answer in answers if answer.status_code == 200)[VALIDATED] == 50
    assert northgate.kinds(link) == ["requested", "verified"]
    assert len(northgate.notes(link)) == 1


def test_right_wrong_and_deny_at_once_reach_one_end(northgate: Northgate, address: str) -> None:
    link = northgate.link(digits=True)
    presses = [("validate", link.number), ("validate", link.wrong), ("deny", "")] * 8
    pages = [read_page(link, ago=timedelta(seconds=3, milliseconds=n)) for n in range(len(presses))]
    gate = threading.Barrier(len(presses))

    def press(n: int) -> requests.Response:
        person = Person(address)
        gate.wait()
        return person.press(link, *presses[n], page=pages[n])

    with ThreadPoolExecutor(len(presses)) as pool:
        answers = list(pool.map(press, range(len(presses))))
    assert {answer.status_code for answer in answers} == {200}
    kinds = Counter(northgate.kinds(link))
    ends = [kind for kind in kinds.elements() if kind in ("verified", "denied", "locked")]
    assert ends == [northgate.row(link).state]
    assert kinds["wrong number"] == northgate.row(link).wrong_guesses <= 2
    assert len(northgate.notes(link)) == 1


def test_a_press_whose_answer_nobody_got_counts_and_the_repeat_tells_the_truth(
    northgate: Northgate, dana: Person
) -> None:
    link = northgate.link(digits=True)
    page = read_page(link)
    parts = urlsplit(dana.address)
    body = urlencode({"token": link.token, "page": page, "choice": "validate", "number": link.number})
    said = "\r\n".join(
        f"{name}: {value}" for name, value in dana.http.headers.items() if name.startswith(("Sec", "Us"))
    )
    head = (
        f"POST /v/answer HTTP/1.1\r\nHost: {parts.netloc}\r\n{said}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5) as wire:
        wire.sendall((head + body).encode())
    for _ in range(100):
        if northgate.state(link) == State.VERIFIED:
            break
        time.sleep(0.05)
    assert heading(dana.press(link, "validate", link.number, page=page).text) == VALIDATED
    assert northgate.kinds(link) == ["requested", "verified"] and len(northgate.notes(link)) == 1


@pytest.mark.parametrize(("choice", "said"), [("validate", VALIDATED), ("deny", DENIED)])
def test_death_between_the_commit_and_the_answer_loses_nothing(
    app: Flask, northgate: Northgate, dana: Person, choice: str, said: str
) -> None:
    link = northgate.link()
    page = read_page(link)

    def dies(_row_id: str) -> None:
        raise OSError("the queue is gone")

    nudge, app.extensions["exchange"].nudge = app.extensions["exchange"].nudge, dies
    assert dana.press(link, choice, page=page).status_code == 500
    app.extensions["exchange"].nudge = nudge
    assert heading(dana.press(link, choice, page=page).text) == said
    assert len(northgate.kinds(link)) == 2
    (row,) = northgate.session.scalars(
        select(OutboxRow).where(OutboxRow.channel == "psa_note", OutboxRow.subject == link.id)
    )
    assert row.progress == "ready", "the sweeper finds it, though nobody was nudged"
    northgate.session.rollback()


def test_a_press_cannot_stand_in_for_a_sign_in(northgate: Northgate, dana: Person) -> None:
    link = northgate.link()
    northgate.change(link, method="microsoft_sign_in")
    page = dana.open(link).text
    button = re.search(r"<button[^>]*value=\"sign_in\"[^>]*>([^<]*)<", page)
    assert button is not None and button[1] == "Sign in with Microsoft" and 'formaction="/v/microsoft"' in button[0]
    assert ">Validate<" not in page and "You type it on Microsoft's own page only." in page.replace("&#39;", "'")
    for choice in ("validate", "sign_in"):
        assert heading(dana.press(link, choice).text) == QUESTION
        assert northgate.untouched(link)
    assert heading(dana.press(link, "deny").text) == DENIED
    assert northgate.row(link).alarm


def test_a_code_by_sms_has_no_page(northgate: Northgate, dana: Person) -> None:
    started = northgate.seeds.start(at=now())
    assert started.verification is not None
    row = northgate.session.get_one(Verification, started.verification.id)
    assert (
        row.link_hash is None
        and "/v/" not in json.loads(northgate.session.get_one(OutboxRow, started.outbox[0]).payload)["body"]
    )
    northgate.session.rollback()
