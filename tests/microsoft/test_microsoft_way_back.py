"""Trouble on the way of a sign-in link: what Microsoft refuses, who comes back twice, late, or in another browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from microsoft_rig import (
    CAME_BACK,
    DANA,
    PRESSED,
    Msp,
    Person,
    Providers,
    on_one_database,
    query_of,
    words,
)
from sqlalchemy import select

from podserver.application import create_app
from podserver.configuration import Settings
from podserver.database import now, writing
from podserver.delivery import microsoft_accounts
from podserver.delivery.credentials import MicrosoftSignInFlow
from podserver.microsoft import sign_in
from podserver.tenancy import bind_tenant
from podserver.verification.models import State

pytestmark = pytest.mark.filterwarnings("ignore:response_mode")


def flows(msp: Msp) -> list[MicrosoftSignInFlow]:
    msp.session.rollback()
    bind_tenant(msp.session, msp.seeds.tenant.id)
    statement = select(MicrosoftSignInFlow).execution_options(populate_existing=True)
    found = list(msp.session.scalars(statement))
    msp.session.rollback()
    return found


# --- Trouble, after which the link still asks -------------------------------------------------------------------------


def test_who_cancels_at_microsoft_is_back_at_the_question(northgate: Msp, dana: Person, providers: Providers) -> None:
    link = northgate.link()
    answer = dana.come_back(providers.choose(dana.leave(link), answer="deny"))
    assert (answer.status_code, answer.location) == (303, link.path)
    assert "Are you on the phone with us" in dana.client.get(link.path, headers=PRESSED).text
    assert northgate.row(link).state == State.PENDING
    dana.sign_in(link, DANA)
    assert northgate.row(link).state == State.VERIFIED


@on_one_database
@pytest.mark.parametrize(
    ("error", "description", "sentence"),
    [
        ("server_error", "", "Microsoft did not let you sign in."),
        ("access_denied", "AADSTS90094: admin", "Your organization's administrator has not allowed this sign-in yet."),
        ("access_denied", "AADSTS53003: CA", "A rule of your organization does not let you sign in from here."),
        ("interaction_required", "AADSTS54321: <b>x</b>", "Microsoft did not let you sign in (AADSTS54321)."),
    ],
)
def test_an_error_from_microsoft_is_said_and_ends_nothing(
    northgate: Msp, dana: Person, error: str, description: str, sentence: str
) -> None:
    link = northgate.link()
    state = query_of(dana.leave(link))["state"]
    query = urlencode({"error": error, "error_description": description, "state": state})
    answer = dana.come_back(f"http://127.0.0.1:8000/microsoft/callback?{query}")
    assert answer.status_code == 200 and sentence in words(answer.text) and "<b>x" not in answer.text
    assert f'href="{link.path}"' in answer.text
    assert northgate.row(link).state == State.PENDING


@on_one_database
@pytest.mark.parametrize(
    "fault", [{"token_error": 7000222}, {"token_error": 54005}, {"signin_down": True}, {"http_503": True}]
)
def test_a_sign_in_that_microsoft_does_not_complete_ends_nothing(
    northgate: Msp, dana: Person, providers: Providers, fault: dict[str, Any]
) -> None:
    link = northgate.link()
    address = providers.choose(dana.leave(link), account=providers.user_id(DANA))
    providers.faults(**fault)
    answer = dana.come_back(address)
    assert "You are not signed in." in answer.text and "Back to the question" in answer.text
    assert northgate.row(link).state == State.PENDING
    providers.control("reset")
    dana.sign_in(link, DANA)
    assert northgate.row(link).state == State.VERIFIED


@on_one_database
def test_a_graph_that_is_down_decides_nothing_that_the_token_does_not(
    northgate: Msp, dana: Person, providers: Providers
) -> None:
    northgate.add_client(consented_at=now())
    providers.faults(graph_down=True)
    alias = northgate.link("theo.brandt@larkfield.example", contact="80")
    assert "Microsoft did not answer." in words(dana.sign_in(alias, "t.brandt@larkfield.example").text)
    assert northgate.row(alias).state == State.PENDING
    link = northgate.link()
    dana.sign_in(link, DANA)
    assert northgate.row(link).state == State.VERIFIED


@on_one_database
@pytest.mark.parametrize("fault", [{"signin_down": True}, {"http_503": True}])
def test_a_microsoft_that_is_down_keeps_people_on_the_link_s_page(
    northgate: Msp, dana: Person, providers: Providers, fault: dict[str, bool]
) -> None:
    providers.faults(**fault)
    link = northgate.link()
    page = dana.press(link)
    assert "Microsoft did not answer, so nothing was done." in page.text and "Sign in with Microsoft" in page.text
    assert not flows(northgate) and northgate.row(link).state == State.PENDING


@on_one_database
def test_an_app_that_was_removed_is_said_on_the_link_s_page(northgate: Msp, dana: Person) -> None:
    link = northgate.link()
    with writing(northgate.session) as session:
        bind_tenant(session, northgate.seeds.tenant.id)
        microsoft_accounts.remove(session, actor="tests", at=now())
    assert "Signing in with Microsoft is not set up any more." in dana.press(link).text


# --- State, cookie and row --------------------------------------------------------------------------------------------


def test_a_sign_in_comes_back_once(northgate: Msp, dana: Person, providers: Providers) -> None:
    link = northgate.link()
    address = providers.choose(dana.leave(link), account=providers.user_id(DANA))
    dana.come_back(address)
    exchanges = providers.asked("/token")
    for _ in range(2):
        again = dana.come_back(address)
        assert (again.status_code, again.location) == (303, link.path)
    assert providers.asked("/token") == exchanges
    assert [e.kind for e in northgate.events() if e.verification == link.id] == ["requested", "verified"]
    (flow,) = flows(northgate)
    assert flow.used_at is not None and "code_verifier" not in flow.flow and "msal" not in flow.flow


def test_of_two_who_come_back_at_once_one_counts(northgate: Msp, dana: Person) -> None:
    address = dana.leave(northgate.link())
    state, cookie = query_of(address)["state"], dana.client.get_cookie("podserver-microsoft")
    assert cookie is not None
    both = [sign_in.find(northgate.session, state, cookie.value, now()) for _ in range(2)]
    used = []
    for each in both:
        assert each is not None and each.fresh
        with writing(northgate.session) as session:
            used.append(sign_in.use(session, each, state, now()))
    assert used == [True, False]


@on_one_database
def test_a_stranger_who_is_lured_to_the_way_back_finishes_nothing(
    northgate: Msp, dana: Person, app: Flask, providers: Providers
) -> None:
    link = northgate.link()
    address = providers.choose(dana.leave(link), account=providers.user_id(DANA))
    stranger = Person(app, providers)
    assert "Open the link again." in stranger.come_back(address).text
    other = northgate.link("marcus@larkfield.example", contact="78")
    stranger.leave(other)
    # With a cookie of a sign-in of their own, too.
    assert "Open the link again." in stranger.come_back(address).text
    assert northgate.row(link).state == State.PENDING and northgate.row(other).state == State.PENDING
    dana.come_back(address)
    assert northgate.row(link).state == State.VERIFIED


@on_one_database
@pytest.mark.parametrize("state", ["", "x" * 43, "x" * 5000, "\x01", "💥"])
def test_a_state_that_is_not_ours_changes_nothing(northgate: Msp, dana: Person, state: str) -> None:
    link = northgate.link()
    dana.leave(link)
    answer = dana.come_back(f"http://127.0.0.1:8000/microsoft/callback?{urlencode({'code': '1', 'state': state})}")
    assert answer.status_code == 200 and "Open the link again." in answer.text
    assert northgate.row(link).state == State.PENDING and flows(northgate)[0].used_at is None


@on_one_database
def test_a_sign_in_may_take_ten_minutes(northgate: Msp, dana: Person, providers: Providers) -> None:
    link = northgate.link()
    address = providers.choose(dana.leave(link), account=providers.user_id(DANA))
    with writing(northgate.session) as session:
        for flow in flows(northgate):
            flow.begun_at = now() - timedelta(minutes=10, seconds=1)
            session.add(flow)
    assert "Open the link again." in dana.come_back(address).text
    assert northgate.row(link).state == State.PENDING


@on_one_database
def test_a_look_without_a_press_uses_nothing_up(northgate: Msp, dana: Person, providers: Providers) -> None:
    link = northgate.link()
    address = providers.choose(dana.leave(link), account=providers.user_id(DANA))
    parts = urlsplit(address)
    answer = dana.client.head(f"{parts.path}?{parts.query}", headers=CAME_BACK)
    assert answer.status_code == 303 and flows(northgate)[0].used_at is None
    assert dana.client.post(f"{parts.path}?{parts.query}").status_code == 405
    dana.come_back(address)
    assert northgate.row(link).state == State.VERIFIED


def test_what_waits_is_sealed_and_the_cookie_is_of_no_use_to_scripts(
    northgate: Msp, dana: Person, providers: Providers
) -> None:
    link = northgate.link()
    page = dana.press(link)
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("podserver-microsoft=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert "Path=/" in cookie and "Max-Age=600" in cookie and "Domain" not in cookie
    northgate.session.rollback()
    rows = northgate.session.connection().exec_driver_sql("SELECT * FROM microsoft_sign_in_flows").mappings().all()
    northgate.session.rollback()
    stored = str([dict(row) for row in rows])
    value = cookie.split("=", 1)[1].split(";")[0]
    assert value not in stored and link.token not in stored and "code_verifier" not in stored


@on_one_database
def test_over_https_the_cookie_is_this_host_s_alone(northgate: Msp, settings: Settings) -> None:
    over_https = create_app(replace(settings, base_url="https://pod.example.com"), migrations=False)
    answer = over_https.test_client().post("/v/microsoft", data=northgate.link().form(), headers=PRESSED)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-podserver-microsoft=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"):
        assert part in cookie
    assert "Domain" not in cookie and "redirect_uri=https%3A%2F%2Fpod.example.com%2Fmicrosoft%2Fcallback" in answer.text


@on_one_database
def test_a_directory_that_is_gone_is_said_on_the_link_s_page(northgate: Msp, dana: Person) -> None:
    northgate.add_client("e90a7b53-36f4-4c8e-a1d5-4b0f8c299999")
    assert "is not set up rightly for your organization" in dana.press(northgate.link()).text


@on_one_database
def test_a_late_sign_in_is_refused_and_written_down(northgate: Msp, dana: Person, providers: Providers) -> None:
    link = northgate.link()
    address = providers.choose(dana.leave(link), account=providers.user_id(DANA))
    dana.client.post("/v/answer", data=link.form("deny"), headers=PRESSED)
    assert northgate.row(link).state == State.DENIED
    answer = dana.come_back(address)
    assert (answer.status_code, answer.location) == (303, link.path)
    assert northgate.row(link).state == State.DENIED
    assert "late proof refused" in [e.kind for e in northgate.events() if e.verification == link.id]


@on_one_database
def test_a_link_keeps_no_more_than_a_handful_of_sign_ins(northgate: Msp, dana: Person) -> None:
    link = northgate.link()
    for _ in range(7):
        dana.leave(link)
    assert len(flows(northgate)) == 5


# --- The way out is an answer on the link's page ----------------------------------------------------------------------


@on_one_database
@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"page": "1.2." + "0" * 64}, {}),
        ({"token": "another-token"}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"User-Agent": "curl/8.5"}),
        ({"choice": ""}, {}),
        ({"choice": "validate"}, {}),
        ({"leave_empty": "0"}, {}),
    ],
)
def test_what_is_no_press_on_the_page_leaves_for_nowhere(
    northgate: Msp, dana: Person, providers: Providers, form: dict[str, str], headers: dict[str, str]
) -> None:
    link = northgate.link()
    answer = dana.client.post("/v/microsoft", data={**link.form(), **form}, headers={**PRESSED, **headers})
    assert "http-equiv" not in answer.text and not flows(northgate)
    assert "Set-Cookie" not in answer.headers
    assert dana.client.get("/v/microsoft").status_code in (200, 405)


@on_one_database
def test_a_link_that_is_to_be_validated_cannot_be_signed_in_to(northgate: Msp, dana: Person) -> None:
    northgate.seeds.allow(methods=["sms_link"], typed_number="never")
    started = northgate.seeds.start(method="sms_link", at=now())
    assert started.verification is not None
    answer = dana.press(northgate.sent(started))
    assert "http-equiv" not in answer.text and "Validate" in answer.text and not flows(northgate)


@on_one_database
def test_an_ended_link_leads_to_its_own_page(northgate: Msp, dana: Person) -> None:
    link = northgate.link()
    dana.client.post("/v/answer", data=link.form("deny"), headers=PRESSED)
    answer = dana.press(link)
    assert "has been told" in answer.text and "http-equiv" not in answer.text
