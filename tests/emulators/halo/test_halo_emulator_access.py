"""Tokens, scopes, rights one by one, and what a missing one looks like."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from emulators.halo import CLIENT_ID, CLIENT_SECRET, SIGN_IN_CLIENT_ID, SIGN_IN_SECRET

if TYPE_CHECKING:
    from tests.emulators.halo.conftest import HaloTenant

AREAS = {
    "tickets": ["/Tickets", "/Status", "/TicketType", "/Team", "/Priority", "/Category", "/Outcome", "/Agent"],
    "customers": ["/Users", "/Client", "/Site"],
}


def test_it_says_where_the_authorisation_server_is(halo: HaloTenant) -> None:
    told = requests.get(f"{halo.url}/api/AuthInfo", timeout=10).json()
    assert told == {"auth_url": f"{halo.url}/auth", "tenant_id": "northgate"}
    assert (
        requests.get(f"{halo.url}/auth/.well-known/openid-configuration", timeout=10)
        .json()["token_endpoint"]
        .endswith("/auth/token")
    )
    assert halo.read("/InstanceInfo")["agent_url"] == f"{halo.url}/"


def test_a_token_lasts_an_hour_and_says_what_it_is_good_for(halo: HaloTenant) -> None:
    answer = halo.ask_token()
    assert answer.status_code == 200
    assert {**answer.json(), "access_token": ""} == {
        "scope": "edit:tickets edit:customers",
        "token_type": "Bearer",
        "access_token": "",
        "expires_in": 3600,
    }
    assert halo.read("/agent/me")["name"] == "Pod Integration"


def test_the_secret_may_come_as_basic(halo: HaloTenant) -> None:
    form = {"grant_type": "client_credentials", "scope": "all"}
    answer = requests.post(f"{halo.url}/auth/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=10)
    assert "edit:customers" in answer.json()["scope"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"scope": "edit:actions"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unauthorized_client"),
    ],
)
def test_it_refuses_a_bad_token_request(halo: HaloTenant, form: dict[str, str], status: int, error: str) -> None:
    answer = halo.ask_token(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_wrong_tenant_is_a_page_and_500(halo: HaloTenant) -> None:
    answer = halo.ask_token(tenant="elsewhere")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert halo.ask_token(tenant="Northgate").status_code == 200
    halo.faults(tenant_enforced=True)
    assert halo.ask_token().status_code == 500


def test_a_token_without_scope_is_good_for_nothing(halo: HaloTenant) -> None:
    halo.sign_in(scope=None)
    answer = halo.get("/Tickets")
    assert (answer.status_code, answer.text) == (403, "")


@pytest.mark.parametrize("token", ["", "nonsense", "e30.e30.e30"])
def test_without_a_good_token_it_answers_401_and_nothing(halo: HaloTenant, token: str) -> None:
    answer = requests.get(f"{halo.url}/api/Tickets", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert (answer.status_code, answer.text) == (401, "")


@pytest.mark.parametrize("area", ["tickets", "customers"])
def test_each_area_needs_its_own_right(halo: HaloTenant, area: str) -> None:
    halo.faults(withheld=f"edit:{area},read:{area}")
    assert f"edit:{area}" not in halo.ask_token().json()["scope"]
    halo.sign_in()
    for name, paths in AREAS.items():
        for path in paths:
            assert halo.get(path).status_code == (403 if name == area else 200), path
    halo.faults(missing_right_status="401")
    assert halo.get(AREAS[area][0]).status_code == 401
    halo.faults(refuse_ungranted=True)
    assert halo.ask_token().json()["error"] == "invalid_scope"


def test_reading_does_not_let_write(halo: HaloTenant) -> None:
    halo.sign_in("read:tickets read:customers")
    assert halo.get("/Users/311").status_code == 200
    assert halo.post("/Users", [{"id": 311, "mobilenumber": "1"}]).status_code == 403
    assert halo.post("/Actions", [{"ticket_id": 4713}]).status_code == 403


def test_a_token_keeps_the_rights_it_was_issued_with(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(withheld="edit:tickets,read:tickets")
    assert halo.get("/Tickets").status_code == 200
    halo.sign_in()
    assert halo.get("/Tickets").status_code == 403


def test_a_revoked_secret_ends_its_tokens(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(revoked=True, revoked_status="400")
    assert halo.get("/Tickets").status_code == 401
    assert (halo.ask_token().status_code, halo.ask_token().json()["error"]) == (400, "invalid_client")


def test_a_token_may_end_early(halo: HaloTenant) -> None:
    halo.sign_in()
    halo.faults(token_ended=1)
    assert [halo.get("/Status").status_code for _ in range(2)] == [401, 200]
    halo.faults(token_seconds=0)
    halo.sign_in()
    assert halo.get("/Status").status_code == 401


def test_what_the_agent_may_not_see_is_missing_without_a_word(halo: HaloTenant) -> None:
    halo.faults(empty_to_agent="tickets")
    assert halo.read("/Tickets")["record_count"] == 0
    assert halo.get("/Tickets/4713").status_code == 404
    halo.faults(empty_to_agent="", agent_clients="18")
    assert {row["client_id"] for row in halo.read("/Users")["users"]} == {18}
    assert [row["id"] for row in halo.read("/Client")["clients"]] == [18]
    assert halo.get("/Users/315").status_code == 404


def test_tabs_are_for_administrators(halo: HaloTenant) -> None:
    assert halo.get("/Tabs").status_code == 403
    halo.faults(granted_too="admin")
    halo.sign_in("admin")
    assert halo.read("/Tabs") == []


def test_an_agent_signs_in_in_a_window_of_its_own(halo: HaloTenant) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = "http://localhost:9/back"
    asked = {
        "response_type": "code",
        "client_id": SIGN_IN_CLIENT_ID,
        "redirect_uri": back,
        "scope": "read:tickets offline_access",
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = requests.get(f"{halo.url}/auth/authorize", params=asked, timeout=10)
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Sam Okafor" in page.text and "Lena Hartmann" not in page.text
    leads = requests.post(
        f"{halo.url}/auth/authorize", data={**asked, "agent": "42"}, allow_redirects=False, timeout=10
    ).headers["Location"]
    answer = parse_qs(urlsplit(leads).query)
    assert leads.startswith(back) and answer["state"] == ["s1"]
    form = {"client_id": SIGN_IN_CLIENT_ID, "client_secret": SIGN_IN_SECRET}
    code = {**form, "grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": back}
    first = requests.post(f"{halo.url}/auth/token", data={**code, "code_verifier": verifier}, timeout=10).json()
    halo.held = first["access_token"]
    assert halo.read("/Agent/me")["id"] == 42
    again = {**form, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = requests.post(f"{halo.url}/auth/token", data=again, timeout=10)
    assert second.json()["refresh_token"] != first["refresh_token"]
    for spent in (again, {**code, "code_verifier": verifier}):
        assert requests.post(f"{halo.url}/auth/token", data=spent, timeout=10).json()["error"] == "invalid_grant"


def test_a_code_needs_its_verifier(halo: HaloTenant) -> None:
    asked = {
        "response_type": "code",
        "client_id": SIGN_IN_CLIENT_ID,
        "redirect_uri": "http://localhost:9/",
        "code_challenge": "x",
        "agent": "42",
    }
    leads = requests.post(f"{halo.url}/auth/authorize", data=asked, allow_redirects=False, timeout=10)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(leads.headers["Location"]).query)["code"][0],
        "redirect_uri": "http://localhost:9/",
        "code_verifier": "x",
    }
    answer = requests.post(f"{halo.url}/auth/token", data=form, auth=(SIGN_IN_CLIENT_ID, SIGN_IN_SECRET), timeout=10)
    assert answer.json()["error"] == "invalid_grant"
