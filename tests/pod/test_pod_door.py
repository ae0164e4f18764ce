"""Signing in inside the frame: the password, what the browser keeps of it, and all that takes it away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from flask import Flask, Response
from frame_rig import Frame, history
from seeds import PASSWORD, Seeds

from podserver.accounts import service as accounts
from podserver.accounts.models import Role, User
from podserver.application import create_app
from podserver.configuration import Settings
from podserver.database import writing
from podserver.pod.door import HOSTS, door_of
from podserver.pod.knock import Host
from podserver.security import day_cookie, pod_token
from podserver.security.day_cookie import Day
from podserver.tenancy import bind_tenant

one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_password_is_kept_in_a_partitioned_cookie_for_the_working_day(frame: Frame, northgate: Seeds) -> None:
    answer = frame.sign_in()
    assert answer.status_code == 200 and answer.json is not None and answer.json["kept"] is True
    name, *marks = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith(f"__Host-pod-day-{frame.key}=")
    assert {mark for mark in marks if not mark.startswith("Expires")} == {
        "Secure", "HttpOnly", "Path=/", "SameSite=None", "Partitioned", "Max-Age=28800",
    }  # fmt: skip
    again = frame.post("resume")
    assert again.status_code == 200 and again.json is not None
    assert (again.json["name"], again.json["kept"]) == ("Sam Okafor", True)
    at = datetime.now(UTC)
    first, second = (pod_token.read(each.json["token"], at)[0] for each in (answer, again))
    assert first == second, "the 8 hours are counted from the sign-in"
    assert history(northgate, "pod opened") == [
        ("pod opened", "Sam Okafor", {"signed in by": "password"}),
        ("pod opened", "Sam Okafor", {"signed in by": "kept sign-in"}),
    ]


@one_database
def test_the_cookie_holds_nothing_that_opens_anything_by_itself(frame: Frame, app: Flask) -> None:
    frame.sign_in()
    claims = jwt.decode(frame.cookie, options={"verify_signature": False})
    assert PASSWORD not in str(claims) and "sam@" not in str(claims)
    for headers in ({pod_token.HEADER: frame.cookie}, {}):
        assert frame.client.get("/pod/rows", headers=headers).status_code == 401
    assert frame.client.get("/").status_code == 302
    stranger = app.test_client()
    stranger.set_cookie("podserver", claims["token"])
    assert stranger.get("/").status_code == 302


@one_database
def test_only_our_own_page_is_answered(frame: Frame) -> None:
    frame.sign_in()
    for path in ("resume", "window", "window/poll", "sign-out"):
        for headers in ({}, *({"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none"))):
            answer = frame.post(path, headers=headers)
            assert answer.status_code == 404 and "Set-Cookie" not in answer.headers, (path, headers)
    assert frame.post("resume").status_code == 200, "and it took nothing away"


def test_a_cookie_that_is_not_this_integrations_live_one_lets_nobody_in(
    frame: Frame, northgate: Seeds, app: Flask
) -> None:
    southgate = Seeds(northgate.session, "Southgate IT")
    at = datetime.now(UTC)
    frame.sign_in()
    good, day = frame.cookie, day_cookie.read(frame.cookie, at)
    wrong = {
        "another tenant": replace(day, tenant=southgate.tenant.id, integration=southgate.integration.id),
        "another integration": replace(day, integration=southgate.integration.id),
        "another user": replace(day, user=day.user + 1),
        "another row": replace(day, token="not-the-token-of-a-row"),
        "8 hours old": replace(day, since=day.since - 8 * 3600),
        "of tomorrow": replace(day, since=day.since + 86_400),
    }
    cookies = {what: signed(each, at) for what, each in wrong.items()}
    cookies |= {"nonsense": "nonsense", "unsigned": jwt.encode({"user": 1}, "", algorithm="none"), "cut": good[:-4]}
    for what, cookie in cookies.items():
        frame.cookie = cookie
        answer = frame.post("resume")
        assert (answer.status_code, answer.get_json()["problem"]) == (401, ""), what
        assert "token" not in answer.get_json() and "Max-Age=0" in answer.headers["Set-Cookie"], what
    frame.cookie = good
    assert frame.post("resume").status_code == 200
    elsewhere = Frame(app, southgate)
    elsewhere.client.set_cookie(day_cookie.name(elsewhere.key), good)
    assert elsewhere.post("resume").status_code == 401


def signed(day: Day, at: datetime) -> str:
    response = Response()
    day_cookie.keep(response, "k", day, at)
    return response.headers["Set-Cookie"].partition("=")[2].partition(";")[0]


def _change(seeds: Seeds, **changes: object) -> None:
    session = seeds.session
    bind_tenant(session, seeds.tenant.id)
    with writing(session):
        sam, alex = session.get_one(User, seeds.user.id), User(id=0, name="Alex", role=Role.ADMIN)
        accounts.change_user(session, sam, role=Role(changes.get("role", sam.role)),
                             active=bool(changes.get("active", True)), actor=alex, at=datetime.now(UTC))  # fmt: skip


def _off_and_on(seeds: Seeds) -> None:
    _change(seeds, active=False)
    _change(seeds, active=True)


@one_database
@pytest.mark.parametrize(
    "what",
    [lambda seeds: _change(seeds, active=False), _off_and_on, lambda seeds: _change(seeds, role="auditor")],
    ids=["switched off", "switched off and on", "another role"],
)
def test_what_ends_a_users_sign_ins_ends_this_one(
    frame: Frame, northgate: Seeds, what: Callable[[Seeds], None]
) -> None:
    frame.sign_in()
    what(northgate)
    answer = frame.post("resume")
    assert answer.status_code == 401 and "Max-Age=0" in answer.headers["Set-Cookie"]


def test_signing_out_ends_it_here_and_for_whoever_has_a_copy(frame: Frame, northgate: Seeds, app: Flask) -> None:
    frame.sign_in()
    thief = Frame(app, northgate)
    thief.cookie = frame.cookie
    assert thief.post("resume").status_code == 200
    out = frame.post("sign-out")
    assert out.status_code == 200 and "Max-Age=0" in out.headers["Set-Cookie"]
    assert frame.cookie == ""
    assert frame.post("resume").status_code == thief.post("resume").status_code == 401
    assert history(northgate, "signed out") == [("signed out", "Sam Okafor", {"of": "the pod"})]
    assert frame.post("sign-out").status_code == 200, "twice does no harm"


SHARED = [
    ("sam", "SAM", True),
    ("sam", "", True),
    ("", "", True),
    ("", "sam.o", True),
    ("sam", "sam.o", True),
    ("sam", "priya", False),
    ("", "priya", False),
]


def test_on_a_shared_computer_a_member_whom_the_psa_names_is_never_somebody_else(app: Flask, northgate: Seeds) -> None:
    with writing(northgate.session) as session:
        accounts.link_member(session, northgate.user, integration_id=northgate.integration.id, member="Sam.O")
    ended = 0
    for then, now, kept in SHARED:
        frame = Frame(app, northgate)
        frame.sign_in(memberid=then)
        answer = frame.post("resume", memberid=now)
        assert answer.status_code == (200 if kept else 401), (then, now)
        assert ("Max-Age=0" in answer.headers.get("Set-Cookie", "")) != kept
        ended += not kept
        assert len(history(northgate, "signed out")) == ended


@one_database
def test_a_sign_in_lasts_no_longer_than_the_working_day(frame: Frame) -> None:
    frame.sign_in()
    day = day_cookie.read(frame.cookie, datetime.now(UTC))
    almost = datetime.fromtimestamp(day.since, UTC) + timedelta(hours=7, minutes=59)
    assert day_cookie.read(frame.cookie, almost) == day
    with pytest.raises(day_cookie.BadDay):
        day_cookie.read(frame.cookie, almost + timedelta(minutes=1))


# --- A PSA that vouches for nobody --------------------------------------------------------------------------------


@pytest.fixture
def quiet(settings: Settings) -> Flask:
    """The application with the door of a PSA that is invented here."""
    application = create_app(settings)
    door = door_of(Host("quietdesk", "Quiet Desk", "a Quiet Desk ticket", id_field="case"))
    application.extensions["csrf"].exempt(door)
    application.register_blueprint(door)
    yield application
    del HOSTS["quietdesk"]


@one_database
def test_a_psas_door_is_its_names_and_where_its_record_stands(quiet: Flask, app: Flask, northgate: Seeds) -> None:
    with writing(northgate.session) as session:
        northgate.integration.psa = "quietdesk"  # type: ignore[assignment]
        northgate.integration.origin = "https://one.example https://two.example"
        session.add(northgate.integration)
    frame = Frame(quiet, northgate, "quietdesk")
    shell = frame.client.get(f"{frame.door}?case=48213&screen=contact")
    assert 'data-record="48213" data-screen="ticket"' in shell.text
    assert 'data-psa="https://one.example https://two.example"' in shell.text
    assert shell.headers["Content-Security-Policy"].endswith("frame-ancestors https://one.example https://two.example")
    assert "data-vouches" not in shell.text and "Opening the pod…" in shell.text and "ask-psa" not in shell.text
    assert frame.sign_in().status_code == 200
    assert frame.post("resume").status_code == 200
    assert frame.post("window").status_code == 200
    assert frame.post("session").status_code == 404, "nobody is confirmed there"


@one_database
def test_a_key_opens_the_door_of_its_own_psa_alone(quiet: Flask, app: Flask, northgate: Seeds) -> None:
    frame = Frame(quiet, northgate, "quietdesk")
    assert frame.client.get(frame.door).status_code == 404
    for path in ("password", "resume", "window", "window/poll", "sign-out"):
        assert frame.post(path, email="sam@northgate.example", password=PASSWORD).status_code == 404, path


@one_database
def test_a_frame_on_no_record_gets_nothing(frame: Frame) -> None:
    for path in ("password", "resume", "window", "window/poll", "sign-out"):
        answer = frame.post(path, record="[cw_id]", email="sam@northgate.example", password=PASSWORD)
        assert answer.status_code == 422 and "did not say which record" in answer.get_json()["problem"], path
