"""The sign-in window: from a frame to a window of its own, and back by polling."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from frame_rig import HOME, Frame, Tab, history
from seeds import Seeds
from sqlalchemy import event, select, update

from podserver import retention
from podserver.accounts.models import FailureBucket, Role, User
from podserver.database import db, writing
from podserver.pod import window
from podserver.pod.window_models import SignInWindow
from podserver.security import pod_token
from podserver.tenancy import across_tenants, bind_tenant

one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def opened(frame: Frame) -> dict[str, Any]:
    """What the frame got: ``url, secret, number, seconds``."""
    answer = frame.post("window")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.get_json()
    return said


def poll(frame: Frame, opened: dict[str, Any], **form: str) -> tuple[int, dict[str, Any]]:
    answer = frame.post("window/poll", secret=opened["secret"], **form)
    return answer.status_code, answer.get_json()


def wrong(number: str) -> str:
    return str(10 + (int(number) - 9) % 90)


def change(seeds: Seeds, **values: Any) -> None:
    bind_tenant(seeds.session, seeds.tenant.id)
    with writing(seeds.session) as session:
        session.execute(update(SignInWindow).values(**values).execution_options(synchronize_session=False))


def test_the_frame_goes_on_as_who_signed_in_in_the_window_and_only_once(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    assert opened["seconds"] == 600 and re.fullmatch(r"[1-9]\d", opened["number"])
    assert poll(frame, opened) == (200, {"waiting": True})
    door = tab.get(opened["url"]).location
    assert door == f"/sign-in?next={opened['url']}"
    assert tab.sign_in(path=door).location == opened["url"]
    page = tab.get(opened["url"], Sec_Fetch_Site="same-origin")
    for words in ("Sign in to ticket 48213", "ConnectWise", "Northgate IT", "Sam Okafor", "sam@northgate.example"):
        assert words in page.text
    shown = re.sub(r"<[^>]*>", " ", page.text)
    assert not re.search(rf"\b{opened['number']}\b", shown), "the window does not tell the number"
    assert poll(frame, opened) == (200, {"waiting": True})
    done = tab.post(opened["url"], number=f" {opened['number'][0]} {opened['number'][1]}")
    assert done.status_code == 200 and "You can close this window." in done.text
    assert "Ticket 48213 goes on by itself." in tab.get(opened["url"]).text
    status, said = poll(frame, opened)
    assert (status, said["name"], said["kept"]) == (200, "Sam Okafor", True)
    pod, _ = pod_token.read(said["token"], datetime.now(UTC))
    assert (pod.user, pod.record, pod.integration) == (northgate.user.id, "ticket:48213", northgate.integration.id)
    assert frame.post("resume").status_code == 200, "it is kept as a password's is"
    status, said = poll(frame, opened)
    assert (status, said["problem"]) == (410, "This window's sign-in is used already. Open a new window.")
    assert "token" not in said
    used = tab.get(opened["url"])
    assert used.status_code == 410 and "This window is used already." in used.text
    assert history(northgate, "pod opened", "pod refused")[0] == (
        "pod opened", "Sam Okafor", {"signed in by": "window"},
    )  # fmt: skip


def test_looking_changes_nothing(frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any]) -> None:
    tab.sign_in()

    def digest() -> str:
        with db.engine.connect() as connection:
            rows = [sorted(map(str, connection.execute(t.select()))) for t in db.metadata.sorted_tables]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    before = digest()
    for path in (opened["url"], "/pod/window/unknown"):
        tab.get(path)
        tab.client.head(path)
        Tab(tab.client.application).get(path)
        tab.get(path, Sec_Fetch_Site="cross-site")
    poll(frame, opened)
    assert digest() == before


@one_database
def test_waiting_costs_two_selects_and_writes_nothing(frame: Frame, opened: dict[str, Any]) -> None:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement.split()[0])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert poll(frame, opened) == (200, {"waiting": True})
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert said == ["SELECT", "SELECT"]


@one_database
def test_the_database_holds_neither_handle_nor_secret_nor_number_nor_address(
    northgate: Seeds, opened: dict[str, Any]
) -> None:
    with db.engine.connect() as connection:
        (row,) = connection.execute(SignInWindow.__table__.select())
    for secret in (opened["secret"], opened["url"].rpartition("/")[2], HOME):
        assert secret not in str(row)
    assert opened["number"] not in [str(value) for value in row]


def test_three_wrong_numbers_end_it_and_what_is_no_number_costs_nothing(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    tab.sign_in()
    for typed in ("", "7", "abc", "123", "4" * 200):
        answer = tab.post(opened["url"], number=typed)
        assert answer.status_code == 422 and "two digits" in answer.text
    for left in ("2 tries", "1 try"):
        answer = tab.post(opened["url"], number=wrong(opened["number"]))
        assert answer.status_code == 422
        assert f"That is not the number in the ticket. You have {left} left." in answer.text.replace("&#39;", "'")
    answer = tab.post(opened["url"], number=wrong(opened["number"]))
    assert answer.status_code == 403 and "This window was refused." in answer.text
    late = tab.post(opened["url"], number=opened["number"])
    assert late.status_code == 403 and "You can close this window." not in late.text
    status, said = poll(frame, opened)
    assert status == 410 and "was refused" in said["problem"] and "token" not in said
    assert history(northgate, "pod refused") == [("pod refused", "Sam Okafor", {"sign-in window": "wrong number"})] * 3


def test_a_user_of_another_company_is_told_what_anybody_is_of_an_unknown_window(
    frame: Frame, northgate: Seeds, opened: dict[str, Any], app: Flask
) -> None:
    southgate = Seeds(northgate.session, "Southgate IT")
    olga = Tab(app)
    olga.sign_in("sam@southgate.example")

    def told(path: str, answer: Any) -> tuple[int, str]:
        return answer.status_code, re.sub(r'value="[^"]*"', "", answer.text).replace(path, "")

    nowhere = "/pod/window/" + "z" * len(opened["url"].rpartition("/")[2])
    assert told(opened["url"], olga.get(opened["url"])) == told(nowhere, olga.get(nowhere))
    for _ in range(5):
        theirs = told(opened["url"], olga.post(opened["url"], number=opened["number"]))
        assert theirs == told(nowhere, olga.post(nowhere, number=opened["number"]))
    assert theirs[0] == 404 and "Northgate" not in theirs[1] and "48213" not in theirs[1]
    assert poll(frame, opened) == (200, {"waiting": True})
    assert (
        history(northgate, "pod refused") == [("pod refused", "", {"sign-in window": "a user of another company"})] * 3
    )
    assert history(southgate, "pod refused") == []


@one_database
@pytest.mark.parametrize(
    ("frames", "windows", "same"),
    [
        ("198.51.100.7", "203.0.113.9", False),
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
    ],
)
def test_a_window_elsewhere_than_the_frame_is_refused(
    frame: Frame, tab: Tab, northgate: Seeds, frames: str, windows: str, same: bool
) -> None:
    frame.address, tab.address = frames, windows
    opened = frame.post("window").get_json()
    tab.sign_in()
    answer = tab.get(opened["url"])
    assert ("another network address" in answer.text) != same and answer.status_code == (200 if same else 403)
    answer = tab.post(opened["url"], number=opened["number"])
    assert answer.status_code == (200 if same else 403)
    assert ("token" in poll(frame, opened)[1]) == same
    if not same:
        why = {"sign-in window": "came from another network address"}
        assert history(northgate, "pod refused") == [("pod refused", "Sam Okafor", why)]


@one_database
def test_ten_minutes_end_it_before_and_after_the_number(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    tab.sign_in()
    change(northgate, begun_at=datetime.now(UTC) - window.LIFE)
    for answer in (tab.get(opened["url"]), tab.post(opened["url"], number=opened["number"])):
        assert answer.status_code == 410 and "This window has run out." in answer.text
    assert "has run out" in poll(frame, opened)[1]["problem"]
    change(northgate, begun_at=datetime.now(UTC))
    assert tab.post(opened["url"], number=opened["number"]).status_code == 200
    change(northgate, begun_at=datetime.now(UTC) - window.LIFE)
    status, said = poll(frame, opened)
    assert (status, "token" in said) == (410, False)


@one_database
def test_a_user_who_is_switched_off_meanwhile_is_refused(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    tab.sign_in()
    assert tab.post(opened["url"], number=opened["number"]).status_code == 200
    with writing(northgate.session) as session:
        session.get_one(User, northgate.user.id).active = False
    status, said = poll(frame, opened)
    assert status == 403 and "has no access to podserver" in said["problem"] and "token" not in said
    assert tab.get(opened["url"]).location.startswith("/sign-in"), "and is out of the window too"
    why = {"sign-in window": "has no access any more"}
    assert history(northgate, "pod refused", "pod opened") == [("pod refused", "Sam Okafor", why)]
    assert poll(frame, opened)[0] == 410


@one_database
def test_another_user_of_the_company_cannot_take_over_what_one_has_confirmed(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any], app: Flask
) -> None:
    northgate.add_user("Priya Nair", Role.TECHNICIAN)
    tab.sign_in()
    tab.post(opened["url"], number=opened["number"])
    priya = Tab(app)
    priya.sign_in("priya@northgate.example")
    answer = priya.post(opened["url"], number=opened["number"])
    assert answer.status_code == 410 and "This window is used already." in answer.text
    assert poll(frame, opened)[1]["name"] == "Sam Okafor"


@one_database
def test_who_is_not_who_the_portal_thinks_signs_out_and_comes_back(
    tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    northgate.add_user("Priya Nair", Role.TECHNICIAN)
    tab.sign_in()
    token = re.search(r'name="csrf_token" value="([^"]+)"', tab.get(opened["url"]).text)
    assert token and 'name="next"' in tab.get(opened["url"]).text
    out = tab.client.post("/sign-out", data={"csrf_token": token[1], "next": opened["url"]})
    assert out.location == f"/sign-in?next={opened['url']}"
    assert tab.sign_in("priya@northgate.example", out.location).location == opened["url"]
    assert "Priya Nair" in tab.get(opened["url"]).text


@one_database
def test_signing_out_never_leads_elsewhere(tab: Tab, northgate: Seeds) -> None:
    tab.sign_in()
    token = re.search(r'name="csrf_token" value="([^"]+)"', tab.get("/").text)
    assert token
    out = tab.client.post("/sign-out", data={"csrf_token": token[1], "next": "//evil.example"})
    assert out.location.startswith("/sign-in")
    assert tab.sign_in(path=out.location).location == "/"


@one_database
def test_a_link_on_another_page_leads_nowhere(tab: Tab, northgate: Seeds, opened: dict[str, Any]) -> None:
    for site in ("cross-site", "same-site", "cross-site"):
        if site == "same-site":
            tab.sign_in()
        answer = tab.get(opened["url"], Sec_Fetch_Site=site)
        assert answer.status_code == 403 and "Open this window from the ticket." in answer.text
        assert "48213" not in answer.text and "csrf_token" not in answer.text


@one_database
def test_the_window_is_never_framed_and_its_form_needs_its_token(
    tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    tab.sign_in()
    page = tab.get(opened["url"])
    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert page.headers["X-Frame-Options"] == "DENY" and page.headers["Referrer-Policy"] == "no-referrer"
    answer = tab.client.post(opened["url"], data={"number": opened["number"]}, environ_base={"REMOTE_ADDR": HOME})
    assert answer.status_code == 400 and "out of date" in answer.text


@one_database
def test_no_page_on_the_way_through_the_window_has_a_policy_that_a_sandbox_forbids(
    tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    header, door = "Cross-Origin-Opener-Policy", f"/sign-in?next={opened['url']}"
    way = [tab.get(opened["url"]), tab.get(door), tab.sign_in(path=door), tab.get(opened["url"])]
    way += [tab.post(opened["url"], number="x"), tab.post("/sign-out", next=opened["url"])]
    assert [answer.status_code for answer in way] == [302, 200, 302, 200, 422, 302]
    assert [header in answer.headers for answer in way] == [False] * 6
    assert all(answer.headers["X-Frame-Options"] == "DENY" for answer in way)
    for path in ("/sign-in", "/sign-in?next=/users", "/sign-in?next=//pod/window/x", "/", "/nowhere"):
        assert tab.get(path).headers[header] == "same-origin", path


@one_database
def test_the_frames_secret_record_and_integration_must_all_be_its_own(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any], app: Flask
) -> None:
    southgate = Seeds(northgate.session, "Southgate IT")
    tab.sign_in()
    tab.post(opened["url"], number=opened["number"])
    handle = opened["url"].rpartition("/")[2]
    for answer in (
        frame.post("window/poll", secret=handle),
        frame.post("window/poll", secret=""),
        frame.post("window/poll"),
        frame.post("window/poll", record="48214", secret=opened["secret"]),
        Frame(app, southgate).post("window/poll", secret=opened["secret"]),
    ):
        assert answer.status_code == 410 and "not known any more" in answer.get_json()["problem"]
        assert "token" not in answer.get_json()
    assert "token" in poll(frame, opened)[1]


@one_database
def test_who_asks_or_guesses_too_much_waits(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any], app: Flask
) -> None:
    def use_up(most: int) -> None:
        with writing(northgate.session) as session:
            session.execute(update(FailureBucket).values(failures=most).execution_options(synchronize_session=False))

    frame.post("window/poll", secret="guessed")
    use_up(60)
    assert frame.post("window/poll", secret="guessed").status_code == 429
    assert poll(frame, opened)[0] == 200, "the right secret is heard all the same"
    use_up(600)
    full = frame.post("window")
    assert full.status_code == 429 and "Wait" in full.get_json()["problem"]
    tab.sign_in()
    tab.post(opened["url"], number=wrong(opened["number"]))
    use_up(10)
    answer = tab.post(opened["url"], number=opened["number"])
    assert answer.status_code == 429 and "Too many tries." in answer.text
    assert poll(frame, opened) == (200, {"waiting": True})


@one_database
def test_an_integration_that_is_switched_off_has_no_windows(
    frame: Frame, tab: Tab, northgate: Seeds, opened: dict[str, Any]
) -> None:
    tab.sign_in()
    tab.post(opened["url"], number=opened["number"])
    with writing(northgate.session) as session:
        northgate.integration.active = False
        session.add(northgate.integration)
    assert tab.get(opened["url"]).status_code == 404
    assert poll(frame, opened)[0] == 404


@one_database
def test_windows_are_forgotten_after_an_hour(northgate: Seeds, opened: dict[str, Any]) -> None:
    session, at = northgate.session, datetime.now(UTC)
    for later, left in ((59, 1), (61, 0)):
        retention.tidy(session, at + timedelta(minutes=later))
        with across_tenants(session):
            assert len(session.scalars(select(SignInWindow)).all()) == left
        session.rollback()
