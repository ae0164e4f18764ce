"""The controls, the handset's JSON, and the faults that hit every service."""

from __future__ import annotations

import time

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from entra_rig import CALLBACK, DANA, GRAPH_SCOPE, SECRET, KeyPair, begin_body, wait_for

from emulators.entra import CLIENT_ID, CLIENT_SECRET, LARKFIELD_TENANT, PUSH_CLIENT_ID
from emulators.entra.faults import FAULTS


def test_every_fault_is_listed_with_a_sentence_and_its_value(entra):
    entra.faults(no_answer_seconds=3)
    listed = entra.look("faults")
    assert listed.keys() == FAULTS.keys()
    assert all(each["about"].endswith(".") for each in listed.values())
    assert (listed["no_answer_seconds"]["value"], listed["no_answer_seconds"]["default"]) == (3, 56)


@pytest.mark.parametrize(
    "wanted",
    [
        {"lightning": True},
        {"slow_seconds": -1},
        {"down": "yes"},
        {"push_status": 200},
        {"result": "no good"},
        {"result": "Success/maybe"},
        {"script": "approve"},
        {"script": {DANA: "shrug"}},
        {"script": {DANA: "approve:soon"}},
        {"preferred": {DANA: "telegraph"}},
        {"token_error": 1},
        {"authorize_error": "nonsense"},
        {"fraud_blocks": 1},
        {"amr": 1},
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence_and_changes_nothing(entra, wanted):
    answer = entra.control("faults", secrets_forbidden=True, **wanted)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert entra.look("faults")["secrets_forbidden"]["value"] is False


def test_reset_takes_everything_back(entra, token, pair):
    entra.begin(DANA, token)
    entra.faults(result="InternalError", result_for={DANA: "AccessDenied"}, preferred={DANA: "sms"})
    entra.control("consent", tenant=LARKFIELD_TENANT, permissions=[])
    entra.control("application", redirect_uris=[CALLBACK])
    entra.control("reset")
    assert all(each["value"] == each["default"] for each in entra.look("faults").values())
    assert entra.look("pushes.json") == {"upn": None, "pushes": []}
    assert entra.look("requests") == {"requests": []}
    assert entra.look("application")["redirect_uris"] == []
    assert len(entra.tenant(LARKFIELD_TENANT)["granted"]) == 3
    push_client = next(
        each for each in entra.tenant(LARKFIELD_TENANT)["principals"] if each["app_id"] == PUSH_CLIENT_ID
    )
    assert (push_client["secrets"], len(push_client["certificates"])) == ([], 1)


def test_received_requests_are_listed_without_queries_bodies_and_secrets(entra, token):
    entra.begin(DANA, token)
    listed = entra.look("requests")["requests"]
    assert [(entry["service"], entry["method"], entry["status"]) for entry in listed] == [
        ("signin", "GET", 200),
        ("signin", "POST", 200),
        ("push", "POST", 200),
    ]
    assert all(entry.keys() == {"at", "service", "method", "path", "status"} for entry in listed)
    text = str(listed)
    assert not [word for word in (SECRET, CLIENT_SECRET, token, "?", DANA) if word in text]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "tenant"),
        ({"tenant": "nowhere.example", "secret": "x"}, "tenant"),
        ({"tenant": LARKFIELD_TENANT}, "certificate"),
        ({"tenant": LARKFIELD_TENANT, "secret": "x", "certificate": "y"}, "certificate"),
        ({"tenant": LARKFIELD_TENANT, "secret": ""}, "certificate"),
        ({"tenant": LARKFIELD_TENANT, "certificate": "not pem"}, "PEM"),
        ({"tenant": LARKFIELD_TENANT, "secret": "x", "app_id": "y"}, "app_id"),
        ({"tenant": LARKFIELD_TENANT, "secret": "x", "ends_in_seconds": "soon"}, "ends_in_seconds"),
    ],
)
def test_a_wrong_credential_is_refused_with_a_sentence(entra, body, word):
    answer = entra.control("credentials", **body)
    assert (answer.status_code, word in answer.json()["error"]) == (400, True)


def test_a_certificate_must_hold_an_rsa_key(entra):
    pem = KeyPair.make(key=ec.generate_private_key(ec.SECP256R1())).pem
    answer = entra.control("credentials", tenant=LARKFIELD_TENANT, certificate=pem)
    assert (answer.status_code, "RSA" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("consent", {"tenant": LARKFIELD_TENANT, "permissions": ["Everything.All"]}),
        ("consent", {"tenant": LARKFIELD_TENANT, "permissions": "User.Read.All"}),
        ("principals", {"tenant": LARKFIELD_TENANT, "app_id": "x"}),
        ("principals", {"tenant": LARKFIELD_TENANT, "app_id": PUSH_CLIENT_ID, "enabled": "no"}),
        ("application", {"redirect_uris": "x"}),
        ("application", {"permissions": ["Everything.All"], "redirect_uris": [CALLBACK]}),
    ],
)
def test_a_wrong_control_is_refused_and_changes_nothing(entra, name, body):
    before = entra.look("tenants"), entra.look("application")
    answer = entra.control(name, **body)
    assert (answer.status_code, answer.json()["error"].endswith(".")) == (400, True)
    assert (entra.look("tenants"), entra.look("application")) == before


def test_the_handset_refuses_what_makes_no_sense(entra, token):
    session = entra.begin(DANA, token).session
    assert entra.press(session, "shrug").status_code == 400
    assert entra.press("nothing", "approve").status_code == 404
    assert entra.press(session, "approve").status_code == 200
    assert entra.press(session, "deny").status_code == 409
    assert entra.pushes()[0]["state"] == "approved"


def test_the_handset_shows_one_person_or_everybody_newest_first(entra, token):
    first = entra.begin(DANA, token).session
    second = entra.begin("t.brandt@larkfield.example", token).session
    assert [push["session"] for push in entra.look("pushes.json")["pushes"]] == [second, first]
    found = entra.look(f"pushes.json?upn={DANA.upper()}")
    assert [push["session"] for push in found["pushes"]] == [first]
    assert found["pushes"][0].keys() == {"session", "upn", "tenant", "tenant_name", "sent_at", "state"}
    assert found["pushes"][0]["tenant_name"] == "Larkfield Dental"


PEOPLES_PATHS = [
    "/_emulator/entra/faults",
    "/_emulator/entra/requests",
    "/_emulator/entra/tenants",
    "/_emulator/entra/pushes.json",
    "/_emulator/entra/codes.json",
    f"/{LARKFIELD_TENANT}/oauth2/v2.0/authorize?client_id={CLIENT_ID}&response_type=code&scope=openid&redirect_uri={CALLBACK}",
    f"/{LARKFIELD_TENANT}/adminconsent?client_id={CLIENT_ID}&redirect_uri={CALLBACK}",
]


@pytest.mark.parametrize("path", PEOPLES_PATHS)
def test_pages_handset_and_controls_answer_loopback_names_only(entra, path):
    for host, status in (("evil.example", 403), ("localhost:1", 200), ("127.0.0.1", 200), ("[::1]:1", 200)):
        assert entra.http.get(entra.origin + path, headers={"Host": host}, timeout=5).status_code == status


@pytest.mark.parametrize("name", ["reset", "faults", "credentials", "consent", "pushes/x"])
def test_a_foreign_page_cannot_press_the_switches(entra, name):
    url, headers = f"{entra.origin}/_emulator/entra/{name}", {"Origin": "https://evil.example"}
    assert entra.http.post(url, json={}, headers=headers, timeout=5).status_code == 403


def services(entra, token):
    """One call of each service."""
    headers = {"Authorization": f"Bearer {entra.app_token(LARKFIELD_TENANT, GRAPH_SCOPE)}"}
    return {
        "signin": lambda: entra.http.get(
            f"{entra.origin}/{LARKFIELD_TENANT}/v2.0/.well-known/openid-configuration", timeout=5
        ),
        "graph": lambda: entra.http.get(f"{entra.origin}/v1.0/users", headers=headers, timeout=5),
        "push": lambda: entra.push("BeginTwoWayAuthentication", begin_body("nobody@larkfield.example"), token),
    }


def test_each_service_can_be_down_by_itself_or_with_the_others(entra, token):
    calls = services(entra, token)
    for fault in ("signin_down", "graph_down", "push_down", "down"):
        entra.faults(**{fault: True})
        for service, call in calls.items():
            if fault in ("down", f"{service}_down"):
                with pytest.raises(requests.exceptions.ConnectionError):
                    call()
                assert entra.look("requests")["requests"][-1]["status"] is None
            else:
                assert call().status_code == 200
        entra.faults(**{fault: False})


def test_every_service_can_be_slow_or_unavailable(entra, token):
    calls = services(entra, token)
    entra.faults(slow_seconds=0.2)
    for call in calls.values():
        started = time.monotonic()
        assert call().status_code == 200
        assert time.monotonic() - started >= 0.2
    entra.faults(slow_seconds=0, http_503=3)
    assert [call().status_code for call in calls.values()] == [503, 503, 503]
    assert [call().status_code for call in calls.values()] == [200, 200, 200]


def test_reset_lets_go_what_hangs(entra, token):
    call = services(entra, token)["push"]
    entra.faults(slow_seconds=60)
    with pytest.raises(requests.exceptions.ReadTimeout):
        entra.push("BeginTwoWayAuthentication", begin_body(DANA), token, timeout=0.2)
    entra.control("reset")
    wait_for(lambda: entra.look("requests")["requests"])
    assert call().status_code == 200
