"""What a client reads first, and which paths the stand-in takes for itself."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from werkzeug.serving import make_server

from emulators.entra import LARKFIELD_TENANT, is_client_path, register


def document(entra, tenant):
    return entra.http.get(f"{entra.origin}/{tenant}/v2.0/.well-known/openid-configuration", timeout=5)


@pytest.mark.parametrize("tenant", [LARKFIELD_TENANT, LARKFIELD_TENANT.upper(), "larkfield.example"])
def test_the_document_names_the_tenant_by_its_id(entra, tenant):
    found = document(entra, tenant).json()
    base = f"{entra.origin}/{LARKFIELD_TENANT}"
    assert found["issuer"] == f"{base}/v2.0"
    assert found["token_endpoint"] == f"{base}/oauth2/v2.0/token"
    assert found["authorization_endpoint"] == f"{base}/oauth2/v2.0/authorize"
    assert found["jwks_uri"] == f"{base}/discovery/v2.0/keys"


def test_the_document_of_organizations_has_a_template_for_an_issuer(entra):
    found = document(entra, "organizations").json()
    assert found["issuer"] == f"{entra.origin}/{{tenantid}}/v2.0"
    assert found["token_endpoint"] == f"{entra.origin}/organizations/oauth2/v2.0/token"


def test_an_unknown_tenant_is_refused(entra):
    answer = document(entra, "nowhere.example")
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (
        400,
        "invalid_tenant",
        [90002],
    )


def test_the_keys_hold_no_private_half(entra):
    keys = entra.http.get(document(entra, LARKFIELD_TENANT).json()["jwks_uri"], timeout=5).json()["keys"]
    assert [key.keys() & {"d", "p", "q", "dp", "dq", "qi"} for key in keys] == [set()]
    assert keys[0]["kty"] == "RSA"


@pytest.fixture(scope="module")
def shared():
    """The stand-in beside routes of others, on plain HTTP, with another origin for browsers."""
    app = Flask("shared", static_folder=None)
    register(app, None, browser_origin="http://localhost:8100/")
    for path in ("/phone/<number>", "/2010-04-01/<path:rest>", "/login/<path:rest>", "/v4_6_release/<path:rest>"):
        app.add_url_rule(path, path, lambda **_: "theirs")
    server = make_server("localhost", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://localhost:{server.port}"
    server.shutdown()


def test_a_browser_is_sent_to_its_own_origin_and_clients_are_not(entra, shared):
    found = entra.http.get(f"{shared}/{LARKFIELD_TENANT}/v2.0/.well-known/openid-configuration", timeout=5).json()
    assert found["authorization_endpoint"] == f"http://localhost:8100/{LARKFIELD_TENANT}/oauth2/v2.0/authorize"
    assert found["issuer"] == f"{shared}/{LARKFIELD_TENANT}/v2.0"
    assert found["token_endpoint"].startswith(shared)
    assert found["jwks_uri"].startswith(shared)


@pytest.mark.parametrize(
    "path", ["/phone/adminconsent", "/2010-04-01/adminconsent", "/login/adminconsent", "/v4_6_release/adminconsent"]
)
def test_paths_of_other_stand_ins_stay_theirs(entra, shared, path):
    assert entra.http.get(shared + path, timeout=5).text == "theirs"


@pytest.mark.parametrize("tenant", ["tenants", "v4_6", "desk", "v1.0", "consumers", "a.b_c", "12345678"])
def test_only_an_id_a_domain_or_a_word_for_any_tenant_is_a_tenant(entra, shared, tenant):
    assert entra.http.get(f"{shared}/{tenant}/v2.0/.well-known/openid-configuration", timeout=5).status_code >= 400
    assert entra.http.get(f"{shared}/{tenant}/adminconsent", timeout=5).status_code in (401, 404)


@pytest.mark.parametrize(
    ("path", "is_client"),
    [
        (f"/{LARKFIELD_TENANT}/v2.0/.well-known/openid-configuration", True),
        ("/organizations/v2.0/.well-known/openid-configuration", True),
        ("/larkfield.example/oauth2/v2.0/token", True),
        (f"/{LARKFIELD_TENANT}/oauth2/token", True),
        (f"/{LARKFIELD_TENANT}/discovery/v2.0/keys", True),
        ("/v1.0/users", True),
        ("/beta/users", True),
        ("/StrongAuthenticationService.svc/Connector//BeginTwoWayAuthentication", True),
        (f"/{LARKFIELD_TENANT}/oauth2/v2.0/authorize", False),
        (f"/{LARKFIELD_TENANT}/v2.0/adminconsent", False),
        ("/_emulator/entra/faults", False),
        ("/phone/oauth2/token", False),
        ("/", False),
    ],
)
def test_the_paths_of_clients_are_told_from_the_paths_of_people(path, is_client):
    assert is_client_path(path) is is_client
