"""Setting up the push client in a customer's tenant through Graph."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
import requests
from entra_rig import GRAPH_SCOPE, PUSH_SCOPE, KeyPair, wait_for

from emulators.entra import HARBOR_TENANT, LARKFIELD_TENANT, PUSH_CLIENT_ID
from emulators.entra.account import PUSH_CONNECTOR_ID

ROOT = "v1.0/servicePrincipals"


class Principals:
    """Graph's servicePrincipals with an app token that may write."""

    def __init__(self, entra: Any, tenant: str) -> None:
        self.entra, self.tenant = entra, tenant
        entra.control("consent", tenant=tenant, permissions=["Application.ReadWrite.All"]).raise_for_status()
        self.token = entra.app_token(tenant, GRAPH_SCOPE)

    def call(self, method: str, path: str = ROOT, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.entra.http.request(method, f"{self.entra.origin}/{path}", headers=headers, timeout=5, **more)

    def find(self, app_id: str = PUSH_CLIENT_ID) -> dict[str, Any] | None:
        params = {
            "$filter": f"appId eq '{app_id}'",
            "$select": "id,accountEnabled,passwordCredentials,keyCredentials",
        }
        rows = self.call("GET", params=params).json()["value"]
        return rows[0] if rows else None

    def path(self, app_id: str = PUSH_CLIENT_ID) -> str:
        found = self.find(app_id)
        assert found
        return f"{ROOT}/{found['id']}"

    def new_secret(self, **values: Any) -> requests.Response:
        body = {"passwordCredential": {"displayName": "Pod push", **values}}
        return self.call("POST", f"{self.path()}/addPassword", json=body)

    def token_error(self, credential: Any) -> list[int]:
        answer = self.entra.app(self.tenant, PUSH_CLIENT_ID, credential).acquire_token_for_client([PUSH_SCOPE])
        return [] if "access_token" in answer else list(answer["error_codes"])


@pytest.fixture
def larkfield(entra):
    return Principals(entra, LARKFIELD_TENANT)


def key(pair: KeyPair, **more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(pair.der).decode()
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": encoded, "displayName": "CN=Pod push", **more}


def test_missing_principals_are_created_and_then_work(entra):
    harbor = Principals(entra, HARBOR_TENANT)
    assert harbor.find() is None
    for app_id in (PUSH_CLIENT_ID, PUSH_CONNECTOR_ID):
        answer = harbor.call("POST", json={"appId": app_id})
        assert (answer.status_code, answer.json()["appId"]) == (201, app_id)
        assert harbor.find(app_id) is not None
    entra.faults(activation_seconds=0)
    assert harbor.token_error(harbor.new_secret().json()["secretText"]) == []


def test_a_principal_exists_once_and_only_for_a_known_application(larkfield):
    again = larkfield.call("POST", json={"appId": PUSH_CLIENT_ID})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert larkfield.call("POST", json={"appId": LARKFIELD_TENANT}).status_code == 400
    assert larkfield.call("POST", data="no json").status_code == 400


def test_a_new_secret_works_only_after_its_activation(larkfield, entra):
    entra.faults(activation_seconds=0.5)
    made = larkfield.new_secret().json()
    assert made["hint"] == made["secretText"][:3]
    assert larkfield.token_error(made["secretText"]) == [7000215]
    started = time.monotonic()
    wait_for(lambda: larkfield.token_error(made["secretText"]) == [])
    assert time.monotonic() - started < 3


def test_the_activation_takes_two_seconds_unless_told_otherwise(entra):
    assert entra.look("faults")["activation_seconds"]["value"] == 2


def test_the_text_of_a_secret_is_shown_once(larkfield):
    made = larkfield.new_secret().json()
    (listed,) = larkfield.find()["passwordCredentials"]
    assert (listed["keyId"], listed["displayName"], listed["secretText"]) == (made["keyId"], "Pod push", None)


def test_a_removed_secret_opens_nothing(larkfield, entra):
    entra.faults(activation_seconds=0)
    made = larkfield.new_secret().json()
    assert larkfield.token_error(made["secretText"]) == []
    path = f"{larkfield.path()}/removePassword"
    assert larkfield.call("POST", path, json={"keyId": made["keyId"]}).status_code == 204
    assert larkfield.token_error(made["secretText"]) == [7000215]
    assert larkfield.call("POST", path, json={"keyId": made["keyId"]}).status_code == 400


def test_a_secret_that_has_ended_is_expired(larkfield, entra):
    entra.faults(activation_seconds=0)
    dates = {"startDateTime": "2024-01-01T00:00:00Z", "endDateTime": "2024-06-01T00:00:00.1234567Z"}
    made = larkfield.new_secret(**dates).json()
    assert made["endDateTime"] == "2024-06-01T00:00:00Z"
    assert larkfield.token_error(made["secretText"]) == [7000222]
    assert larkfield.new_secret(endDateTime="soon").status_code == 400


def test_a_policy_can_forbid_secrets_or_cap_their_life(larkfield, entra):
    entra.faults(secret_max_days=180)
    refused = larkfield.new_secret(startDateTime="2026-01-01T00:00:00Z", endDateTime="2026-12-31T00:00:00Z")
    assert "lifetime exceeds" in refused.json()["error"]["message"]
    assert larkfield.new_secret(startDateTime="2026-01-01T00:00:00Z", endDateTime="2026-06-01T00:00:00Z").ok
    entra.faults(secrets_forbidden=True)
    assert "not allowed" in larkfield.new_secret().json()["error"]["message"]


def test_a_patch_replaces_the_whole_list_of_certificates(larkfield, entra, pair):
    before = larkfield.find()["keyCredentials"]
    assert [each["displayName"] for each in before] == ["CN=Larkfield Dental NPS server"]
    assert larkfield.call("PATCH", larkfield.path(), json={"keyCredentials": [key(pair)]}).status_code == 204
    after = larkfield.find()["keyCredentials"]
    assert [each["displayName"] for each in after] == ["CN=Pod push"]
    assert larkfield.token_error(pair.credential()) == []
    assert larkfield.call("PATCH", larkfield.path(), json={"keyCredentials": []}).status_code == 204
    assert larkfield.token_error(pair.credential()) == [700027]


def test_what_was_read_can_be_sent_back_with_one_more(larkfield, pair):
    kept = larkfield.find()["keyCredentials"]
    assert [each["key"] for each in kept] == [None]
    answer = larkfield.call("PATCH", larkfield.path(), json={"keyCredentials": [*kept, key(pair)]})
    assert answer.status_code == 204
    names = [each["displayName"] for each in larkfield.find()["keyCredentials"]]
    assert names == ["CN=Larkfield Dental NPS server", "CN=Pod push"]
    assert larkfield.token_error(pair.credential()) == []


def test_the_certificate_itself_is_read_only_from_one_object(larkfield, pair):
    larkfield.call("PATCH", larkfield.path(), json={"keyCredentials": [key(pair)]})
    (one,) = larkfield.call("GET", larkfield.path(), params={"$select": "keyCredentials"}).json()["keyCredentials"]
    assert base64.b64decode(one["key"]) == pair.der


@pytest.mark.parametrize(
    "change", [{"key": "AAAA"}, {"key": None}, {"key": "not base64!"}, {"type": "Symmetric"}, {"usage": "Sign"}]
)
def test_a_wrong_certificate_is_refused_and_changes_nothing(larkfield, pair, change):
    answer = larkfield.call("PATCH", larkfield.path(), json={"keyCredentials": [key(pair, **change)]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_BadRequest")
    assert [each["displayName"] for each in larkfield.find()["keyCredentials"]] == ["CN=Larkfield Dental NPS server"]


def test_a_principal_can_be_disabled_and_enabled(larkfield, entra):
    entra.faults(activation_seconds=0)
    secret = larkfield.new_secret().json()["secretText"]
    larkfield.call("PATCH", larkfield.path(), json={"accountEnabled": False})
    assert larkfield.token_error(secret) == [7000112]
    larkfield.call("PATCH", larkfield.path(), json={"accountEnabled": True})
    larkfield.call("PATCH", larkfield.path(PUSH_CONNECTOR_ID), json={"accountEnabled": False})
    assert larkfield.token_error(secret) == [500014]


def test_reading_is_not_enough_to_write(larkfield, entra):
    path = larkfield.path()
    entra.control("consent", tenant=LARKFIELD_TENANT, permissions=["Application.Read.All"]).raise_for_status()
    larkfield.token = entra.app_token(LARKFIELD_TENANT, GRAPH_SCOPE)
    assert larkfield.call("GET", path).status_code == 200
    for method, where in (
        ("POST", ROOT),
        ("PATCH", path),
        ("POST", f"{path}/addPassword"),
        ("POST", f"{path}/removePassword"),
    ):
        answer = larkfield.call(method, where, json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


def test_a_principal_of_another_tenant_is_not_there(larkfield, entra):
    entra.control("credentials", tenant=HARBOR_TENANT, secret="x")
    foreign = Principals(entra, HARBOR_TENANT).path()
    assert larkfield.call("PATCH", foreign, json={"accountEnabled": False}).status_code == 404
