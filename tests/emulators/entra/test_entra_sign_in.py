"""Technicians and callers who sign in: the code flow as msal runs it, and everything that must be refused."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest
import requests
from entra_rig import CALLBACK, DANA, query_of

from emulators.entra import CLIENT_ID, CLIENT_SECRET, LARKFIELD_TENANT, NORTHGATE_TENANT, STRANGER_TENANT

# msal would rather have form_post, which loses Lax cookies; the product keeps to query.
pytestmark = pytest.mark.filterwarnings("ignore:response_mode")

PRIYA = "priya@northgate.example"


def start(app: Any, **more: Any) -> dict[str, Any]:
    return dict(app.initiate_auth_code_flow([], redirect_uri=CALLBACK, response_mode="query", **more))


@pytest.fixture
def app(entra):
    return entra.app(NORTHGATE_TENANT)


def verified(entra, token: str, tenant: str = NORTHGATE_TENANT) -> dict[str, Any]:
    """The claims of an id_token, checked with the published keys."""
    document = entra.http.get(f"{entra.origin}/{tenant}/v2.0/.well-known/openid-configuration", timeout=5).json()
    keys = jwt.PyJWKSet.from_dict(entra.http.get(document["jwks_uri"], timeout=5).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return dict(jwt.decode(token, key, audience=CLIENT_ID, issuer=document["issuer"]))


def signed_in(entra, app, account: str = PRIYA, **more: Any) -> dict[str, Any]:
    flow = start(app, **more)
    back = entra.choose(flow["auth_uri"], account=entra.user_id(account))
    return dict(app.acquire_token_by_auth_code_flow(flow, back))


def exchange(entra, code: str, tenant: str = NORTHGATE_TENANT, **changes: Any) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "code": code,
        "redirect_uri": CALLBACK,
        **changes,
    }
    return entra.http.post(f"{entra.origin}/{tenant}/oauth2/v2.0/token", data=form, timeout=5)


def code_for(entra, app, account: str = PRIYA) -> tuple[str, str]:
    """A fresh code and its verifier."""
    flow = start(app)
    return entra.choose(flow["auth_uri"], account=entra.user_id(account))["code"], flow["code_verifier"]


def test_a_technician_signs_in_and_the_token_says_who(entra, app):
    answer = signed_in(entra, app)
    claims = verified(entra, answer["id_token"])
    assert claims["iss"] == f"{entra.origin}/{NORTHGATE_TENANT}/v2.0"
    assert (claims["aud"], claims["tid"], claims["oid"]) == (CLIENT_ID, NORTHGATE_TENANT, entra.user_id(PRIYA))
    assert (claims["preferred_username"], claims["email"], claims["name"]) == (PRIYA, PRIYA, "Priya Nair")
    assert claims["sub"] not in (claims["oid"], PRIYA)
    assert claims["iat"] <= time.time() < claims["exp"]
    assert "amr" not in claims
    assert "offline_access" not in answer["scope"]


def test_the_nonce_comes_back_as_it_was_sent(entra, app):
    flow = start(app)
    back = entra.choose(flow["auth_uri"], account=entra.user_id(PRIYA))
    answer = app.acquire_token_by_auth_code_flow(flow, back)
    sent = query_of(flow["auth_uri"])["nonce"]
    assert answer["id_token_claims"]["nonce"] == sent
    assert verified(entra, answer["id_token"])["nonce"] == sent


def test_a_caller_whose_mail_is_an_alias_has_both_names_in_the_token(entra):
    claims = signed_in(entra, entra.app(), "t.brandt@larkfield.example")["id_token_claims"]
    assert (claims["preferred_username"], claims["email"]) == ("t.brandt@larkfield.example", "theo@larkfield.example")


def test_the_page_lists_the_people_of_the_tenant_and_one_stranger(entra):
    page = entra.http.get(start(entra.app())["auth_uri"], timeout=5)
    shown = [
        name for name in (DANA, "marcus@larkfield.example", PRIYA, "visitor@elsewhere.example") if name in page.text
    ]
    assert shown == [DANA, "marcus@larkfield.example", "visitor@elsewhere.example"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert (
        f"form-action 'self' {urlsplit(CALLBACK).scheme}://{urlsplit(CALLBACK).netloc};"
        in (page.headers["Content-Security-Policy"])
    )


def test_a_login_hint_comes_first(entra):
    page = entra.http.get(start(entra.app(), login_hint="marcus@larkfield.example")["auth_uri"], timeout=5).text
    assert page.index("marcus@larkfield.example") < page.index(DANA)


def test_deny_leads_back_with_an_error_and_the_state(entra, app):
    flow = start(app)
    back = entra.choose(flow["auth_uri"], answer="deny")
    assert (back["error"], back["state"]) == ("access_denied", flow["state"])
    assert back["error_description"].startswith("AADSTS65004")
    assert "code" not in back
    assert app.acquire_token_by_auth_code_flow(flow, back)["error"] == "access_denied"


def test_a_silent_request_is_told_that_nobody_is_signed_in(entra, app):
    answer = entra.http.get(start(app, prompt="none")["auth_uri"], timeout=5, allow_redirects=False)
    assert query_of(answer.headers["Location"])["error"] == "login_required"


@pytest.mark.parametrize(
    ("account", "number"), [("visitor@elsewhere.example", "AADSTS50020"), ("lena@northgate.example", "AADSTS50057")]
)
def test_a_stranger_and_a_blocked_account_are_stopped_on_the_page(entra, app, account, number):
    answer = entra.http.post(
        start(app)["auth_uri"], data={"account": entra.user_id(account)}, timeout=5, allow_redirects=False
    )
    assert answer.status_code == 400
    assert number in answer.text


def test_any_tenant_may_sign_in_at_organizations_and_the_token_names_its_own(entra):
    app = entra.app("organizations")
    claims = signed_in(entra, app, "visitor@elsewhere.example")["id_token_claims"]
    assert claims["tid"] == STRANGER_TENANT
    assert claims["iss"] == f"{entra.origin}/{STRANGER_TENANT}/v2.0"


def test_a_code_works_once(entra, app):
    code, verifier = code_for(entra, app)
    assert exchange(entra, code, code_verifier=verifier).status_code == 200
    again = exchange(entra, code, code_verifier=verifier)
    assert (again.status_code, again.json()["error"], again.json()["error_codes"]) == (400, "invalid_grant", [54005])


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant", 501481),
        ({"code_verifier": ""}, "invalid_grant", 501481),
        ({"redirect_uri": CALLBACK + "/other"}, "invalid_grant", 500112),
        ({"code": "1.emu.guessed"}, "invalid_grant", 70000),
        ({"client_secret": "wrong"}, "invalid_client", 7000215),
        ({"client_secret": ""}, "invalid_client", 7000218),
        ({"client_id": STRANGER_TENANT}, "unauthorized_client", 700016),
        ({"code": ""}, "invalid_request", 900144),
        ({"redirect_uri": ""}, "invalid_request", 900144),
        ({"grant_type": "password"}, "unsupported_grant_type", 70003),
        ({"tenant": LARKFIELD_TENANT}, "invalid_grant", 700005),
        ({"tenant": "nowhere.example"}, "invalid_request", 90002),
    ],
)
def test_a_changed_exchange_is_refused_and_the_code_survives_it(entra, app, changes, error, number):
    code, verifier = code_for(entra, app)
    wrong = exchange(entra, **{"code": code, "code_verifier": verifier, **changes})
    assert (wrong.json()["error"], wrong.json()["error_codes"]) == (error, [number])
    assert wrong.status_code == (401 if error == "invalid_client" else 400)
    assert wrong.json()["error_description"].startswith(f"AADSTS{number}: ")
    assert "id_token" not in wrong.json()
    assert exchange(entra, code, code_verifier=verifier).status_code == 200


def test_a_client_may_prove_itself_by_basic_and_without_pkce(entra):
    query = {"client_id": CLIENT_ID, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid"}
    page = f"{entra.origin}/{NORTHGATE_TENANT}/oauth2/v2.0/authorize?{urlencode(query)}"
    code = entra.choose(page, account=entra.user_id(PRIYA))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    url = f"{entra.origin}/{NORTHGATE_TENANT}/oauth2/v2.0/token"
    stripped = entra.http.post(
        url, data={**form, "code_verifier": "x" * 43}, auth=(CLIENT_ID, CLIENT_SECRET), timeout=5
    )
    assert stripped.json()["error_codes"] == [501481]
    wrong = entra.http.post(url, data=form, auth=(CLIENT_ID, "wrong"), timeout=5)
    assert wrong.status_code == 401
    right = entra.http.post(url, data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=5)
    assert "nonce" not in verified(entra, right.json()["id_token"])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": ""}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_led_back_with_an_error(entra, app, change, error):
    flow = start(app)
    address, query = flow["auth_uri"].split("?")[0], {**query_of(flow["auth_uri"]), **change}
    answer = entra.http.get(f"{address}?{urlencode(query)}", timeout=5, allow_redirects=False)
    back = query_of(answer.headers["Location"])
    assert (back["error"], back["state"]) == (error, flow["state"])


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "AADSTS50011"),
        ({"redirect_uri": "javascript://localhost/x"}, "AADSTS50011"),
        ({"redirect_uri": CALLBACK + "#x"}, "AADSTS50011"),
        ({"redirect_uri": ""}, "AADSTS900144"),
        ({"client_id": STRANGER_TENANT}, "AADSTS700016"),
    ],
)
def test_a_request_with_a_wrong_address_is_never_led_anywhere(entra, app, change, number):
    flow = start(app)
    address, query = flow["auth_uri"].split("?")[0], {**query_of(flow["auth_uri"]), **change}
    for answer in (
        entra.http.get(f"{address}?{urlencode(query)}", timeout=5, allow_redirects=False),
        entra.http.post(f"{address}?{urlencode(query)}", data={"account": PRIYA}, timeout=5, allow_redirects=False),
    ):
        assert answer.status_code == 400
        assert number in answer.text


def test_registered_addresses_are_matched_exactly(entra, app):
    entra.control("application", redirect_uris=["https://pod.example/entra/callback"]).raise_for_status()
    refused = entra.http.get(start(app)["auth_uri"], timeout=5)
    assert "AADSTS50011" in refused.text
    entra.control("application", redirect_uris=[CALLBACK]).raise_for_status()
    assert signed_in(entra, app)["id_token_claims"]["preferred_username"] == PRIYA


@pytest.mark.parametrize(
    ("fault", "claims"),
    [
        ({"wrong_tid": True}, {"tid", "iss"}),
        ({"wrong_issuer": True}, {"iss"}),
        ({"wrong_audience": True}, {"aud"}),
        ({}, set()),
    ],
)
def test_a_fault_bends_its_own_claim_of_the_token_and_no_other(entra, app, fault, claims):
    tokens = []
    for faults in ({}, fault):
        entra.faults(**faults)
        code, verifier = code_for(entra, app)
        token = exchange(entra, code, code_verifier=verifier).json()["id_token"]
        tokens.append(jwt.decode(token, options={"verify_signature": False}))
    right, bent = tokens
    assert {name for name in right if bent[name] != right[name]} - {"iat", "nbf", "exp", "uti", "nonce"} == claims


def test_a_token_can_carry_another_nonce(entra, app):
    entra.faults(wrong_nonce=True)
    flow = start(app)
    code = entra.choose(flow["auth_uri"], account=entra.user_id(PRIYA))["code"]
    token = exchange(entra, code, code_verifier=flow["code_verifier"]).json()["id_token"]
    assert verified(entra, token)["nonce"] != query_of(flow["auth_uri"])["nonce"]


def test_a_token_can_be_signed_by_an_unknown_key_or_be_too_old(entra, app):
    entra.faults(wrong_signature=True)
    code, verifier = code_for(entra, app)
    with pytest.raises(jwt.InvalidSignatureError):
        verified(entra, exchange(entra, code, code_verifier=verifier).json()["id_token"])
    entra.faults(wrong_signature=False, id_token_age_seconds=7200)
    code, verifier = code_for(entra, app)
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(entra, exchange(entra, code, code_verifier=verifier).json()["id_token"])


def test_amr_stands_in_the_token_only_when_asked_for(entra, app):
    entra.faults(amr="pwd, mfa")
    assert signed_in(entra, app)["id_token_claims"]["amr"] == ["pwd", "mfa"]


def test_the_page_can_be_skipped_or_lead_back_with_an_error(entra, app):
    entra.faults(sign_in_as=PRIYA)
    flow = start(app)
    answer = entra.http.get(flow["auth_uri"], timeout=5, allow_redirects=False)
    signed = app.acquire_token_by_auth_code_flow(flow, query_of(answer.headers["Location"]))
    assert signed["id_token_claims"]["preferred_username"] == PRIYA
    entra.faults(authorize_error="temporarily_unavailable")
    answer = entra.http.get(start(app)["auth_uri"], timeout=5, allow_redirects=False)
    assert query_of(answer.headers["Location"])["error"] == "temporarily_unavailable"


def test_every_token_request_can_be_refused_with_one_number(entra, app):
    entra.faults(token_error=90002)
    code, verifier = code_for(entra, app)
    assert exchange(entra, code, code_verifier=verifier).json()["error_codes"] == [90002]
