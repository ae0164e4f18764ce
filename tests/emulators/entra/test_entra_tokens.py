"""Application tokens: secrets, certificates, both versions of the endpoint, and what an administrator gets to read."""

from __future__ import annotations

import base64
import time
from typing import Any

import jwt
import pytest
import requests
from entra_rig import GRAPH_SCOPE, PUSH_RESOURCE, PUSH_SCOPE, SECRET, KeyPair, wait_for

from emulators.entra import (
    CLIENT_ID,
    CLIENT_SECRET,
    HARBOR_TENANT,
    LARKFIELD_TENANT,
    NORTHGATE_TENANT,
    PUSH_CLIENT_ID,
)
from emulators.entra.account import PUSH_CONNECTOR_ID


def ask(entra, tenant: str = LARKFIELD_TENANT, path: str = "oauth2/v2.0/token", **changes: Any) -> requests.Response:
    """A token request of the push client with its secret, with changes."""
    form = {
        "grant_type": "client_credentials",
        "client_id": PUSH_CLIENT_ID,
        "client_secret": SECRET,
        "scope": PUSH_SCOPE,
        **changes,
    }
    return entra.http.post(f"{entra.origin}/{tenant}/{path}", data=form, timeout=5)


def number_of(answer: requests.Response) -> int:
    body = answer.json()
    assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
    assert "access_token" not in body
    return int(body["error_codes"][0])


@pytest.fixture
def secret(entra) -> str:
    answer = entra.control("credentials", tenant="larkfield.example", secret=SECRET)
    assert (answer.status_code, answer.json()["created"]) == (201, [])
    return SECRET


def test_msal_gets_a_token_with_a_secret(entra, secret):
    token = entra.app_token(LARKFIELD_TENANT, PUSH_SCOPE, PUSH_CLIENT_ID, secret)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["aud"], claims["tid"], claims["appid"]) == (PUSH_RESOURCE, LARKFIELD_TENANT, PUSH_CLIENT_ID)
    assert "roles" not in claims


def test_version_1_takes_a_resource_and_answers_texts(entra, secret):
    answer = ask(entra, path="oauth2/token", scope="", resource=PUSH_RESOURCE).json()
    assert (answer["resource"], answer["expires_in"]) == (PUSH_RESOURCE, "3599")
    assert 3590 < int(answer["expires_on"]) - time.time() < 3600
    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["aud"] == PUSH_RESOURCE
    assert number_of(ask(entra, path="oauth2/token")) == 900144


@pytest.mark.parametrize("kind", ["credential", "old_credential"])
def test_msal_gets_a_token_with_a_certificate_by_either_thumbprint(entra, pair, kind):
    entra.control("credentials", tenant=LARKFIELD_TENANT, certificate=pair.pem).raise_for_status()
    assert entra.app_token(LARKFIELD_TENANT, PUSH_SCOPE, PUSH_CLIENT_ID, getattr(pair, kind)())


@pytest.mark.parametrize("tenant", [LARKFIELD_TENANT, "larkfield.example"])
def test_an_assertion_may_name_the_endpoint_by_id_or_domain(entra, pair, tenant):
    entra.control("credentials", tenant=LARKFIELD_TENANT, certificate=pair.pem)
    for name in (LARKFIELD_TENANT, tenant):
        audience = f"{entra.origin}/{name}/oauth2/v2.0/token"
        assert with_assertion(entra, pair.assertion(audience), tenant).status_code == 200


def with_assertion(entra, assertion: str, tenant: str = LARKFIELD_TENANT, **changes: Any) -> requests.Response:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"client_secret": "", "client_assertion": assertion, "client_assertion_type": kind, **changes}
    return ask(entra, tenant, **form)


def test_a_wrong_assertion_is_refused_with_its_own_number(entra, pair):
    entra.control("credentials", tenant=LARKFIELD_TENANT, certificate=pair.pem)
    audience, at = f"{entra.origin}/{LARKFIELD_TENANT}/oauth2/v2.0/token", int(time.time())
    forger = KeyPair(KeyPair.make().key, pair.certificate)
    unsigned = jwt.encode(jwt.decode(pair.assertion(audience), options={"verify_signature": False}), "", "none")
    wrong = {
        700023: pair.assertion(audience.replace(LARKFIELD_TENANT, HARBOR_TENANT)),
        700021: pair.assertion(audience, sub=CLIENT_ID),
        700024: pair.assertion(audience, exp=at - 400),
    }
    for number, assertion in wrong.items():
        assert number_of(with_assertion(entra, assertion)) == number
    for assertion in (KeyPair.make().assertion(audience), forger.assertion(audience), unsigned, "nonsense"):
        answer = with_assertion(entra, assertion)
        assert (answer.status_code, number_of(answer)) == (401, 700027)
    assert number_of(with_assertion(entra, pair.assertion(audience), client_assertion_type="jwt")) == 7000216
    assert with_assertion(entra, pair.assertion(audience)).status_code == 200


def test_an_assertion_that_is_not_valid_yet_is_refused(entra, pair):
    entra.control("credentials", tenant=LARKFIELD_TENANT, certificate=pair.pem)
    later = int(time.time()) + 3600
    audience = f"{entra.origin}/{LARKFIELD_TENANT}/oauth2/v2.0/token"
    assert number_of(with_assertion(entra, pair.assertion(audience, nbf=later, exp=later + 60))) == 700024


def test_a_certificate_of_one_customer_opens_no_other(entra, pair):
    entra.control("credentials", tenant=LARKFIELD_TENANT, certificate=pair.pem)
    entra.control("credentials", tenant=HARBOR_TENANT, secret="another")
    answer = entra.app(HARBOR_TENANT, PUSH_CLIENT_ID, pair.credential()).acquire_token_for_client([PUSH_SCOPE])
    assert answer["error_codes"] == [700027]


def test_an_expired_certificate_is_refused(entra, pair):
    entra.control("credentials", tenant=LARKFIELD_TENANT, certificate=pair.pem, ends_in_seconds=-1)
    answer = entra.app(LARKFIELD_TENANT, PUSH_CLIENT_ID, pair.credential()).acquire_token_for_client([PUSH_SCOPE])
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [700027])


def test_the_msps_own_application_may_have_a_certificate_too(entra, pair):
    entra.control("credentials", tenant=NORTHGATE_TENANT, app_id=CLIENT_ID, certificate=pair.pem).raise_for_status()
    assert entra.app_token(LARKFIELD_TENANT, GRAPH_SCOPE, CLIENT_ID, pair.credential())


@pytest.mark.parametrize(
    ("changes", "number", "error"),
    [
        ({"client_secret": "wrong"}, 7000215, "invalid_client"),
        ({"client_secret": ""}, 7000218, "invalid_client"),
        ({"client_id": PUSH_CONNECTOR_ID}, 700016, "unauthorized_client"),
        ({"client_id": ""}, 900144, "invalid_request"),
        ({"scope": ""}, 900144, "invalid_request"),
        ({"scope": PUSH_RESOURCE}, 1002012, "invalid_scope"),
        ({"scope": f"{PUSH_SCOPE} openid"}, 1002012, "invalid_scope"),
        ({"scope": "https://elsewhere.example/.default"}, 500011, "invalid_resource"),
        ({"grant_type": "refresh_token"}, 70003, "unsupported_grant_type"),
        ({"grant_type": ""}, 900144, "invalid_request"),
        ({"tenant": "organizations"}, 50059, "invalid_request"),
        ({"tenant": "common"}, 50059, "invalid_request"),
        ({"tenant": "00000000-0000-4000-8000-00000000dead"}, 90002, "invalid_request"),
    ],
)
def test_a_wrong_token_request_is_refused_with_its_number(entra, secret, changes, number, error):
    answer = ask(entra, **changes)
    assert (number_of(answer), answer.json()["error"]) == (number, error)
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert SECRET not in answer.text


def test_an_expired_secret_says_so(entra):
    entra.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET, ends_in_seconds=-60)
    assert number_of(ask(entra)) == 7000222


def test_a_new_secret_can_take_its_time(entra):
    entra.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET, activation_seconds=0.4)
    assert number_of(ask(entra)) == 7000215
    wait_for(lambda: ask(entra).status_code == 200)


def test_disabled_and_missing_principals_each_have_their_number(entra, secret):
    for app_id, number in ((PUSH_CLIENT_ID, 7000112), (PUSH_CONNECTOR_ID, 500014)):
        entra.control("principals", tenant=LARKFIELD_TENANT, app_id=app_id, enabled=False).raise_for_status()
        assert number_of(ask(entra)) == number
        entra.control("principals", tenant=LARKFIELD_TENANT, app_id=app_id, enabled=True).raise_for_status()
        assert ask(entra).status_code == 200
    for app_id, number in ((PUSH_CONNECTOR_ID, 500011), (PUSH_CLIENT_ID, 700016)):
        entra.control("principals", tenant=LARKFIELD_TENANT, app_id=app_id, present=False).raise_for_status()
        assert number_of(ask(entra)) == number


def test_a_tenant_that_has_not_consented_does_not_know_the_msps_application(entra):
    answer = entra.app(HARBOR_TENANT).acquire_token_for_client([GRAPH_SCOPE])
    assert (answer["error"], answer["error_codes"]) == ("unauthorized_client", [700016])


def test_the_harbor_tenant_has_no_principals_until_the_script_has_run(entra):
    assert number_of(ask(entra, HARBOR_TENANT)) == 700016
    made = entra.control("credentials", tenant="harborlegal.example", secret=SECRET).json()
    assert made["created"] == [PUSH_CLIENT_ID, PUSH_CONNECTOR_ID]
    assert ask(entra, HARBOR_TENANT).status_code == 200


def test_basic_login_is_read_with_its_escapes(entra):
    entra.control("credentials", tenant=LARKFIELD_TENANT, secret="a:b%c d")
    form = {"grant_type": "client_credentials", "scope": PUSH_SCOPE}
    login = base64.b64encode(f"{PUSH_CLIENT_ID}:a%3Ab%25c+d".encode()).decode()
    url = f"{entra.origin}/{LARKFIELD_TENANT}/oauth2/v2.0/token"
    answer = entra.http.post(url, data=form, headers={"Authorization": f"Basic {login}"}, timeout=5)
    assert answer.status_code == 200


def test_the_msps_secret_opens_graph_with_the_roles_that_were_granted(entra):
    claims = jwt.decode(entra.app_token(LARKFIELD_TENANT, GRAPH_SCOPE), options={"verify_signature": False})
    assert claims["roles"] == ["AuditLog.Read.All", "User.Read.All", "UserAuthenticationMethod.Read.All"]
    answer = ask(entra, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, scope=GRAPH_SCOPE)
    assert answer.headers["Cache-Control"] == "no-store"
