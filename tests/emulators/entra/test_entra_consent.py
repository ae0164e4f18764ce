"""An administrator lets the MSP's application in, or does not."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from entra_rig import CALLBACK, GRAPH_SCOPE

from emulators.entra import CLIENT_ID, HARBOR_TENANT, LARKFIELD_TENANT


def page(entra, tenant: str = "organizations", path: str = "v2.0/adminconsent", **changes: Any) -> str:
    query = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "state": "s-1", "scope": GRAPH_SCOPE, **changes}
    kept = {name: value for name, value in query.items() if value}
    return f"{entra.origin}/{tenant}/{path}?{urlencode(kept)}"


def test_accepting_leads_back_with_the_tenant_and_opens_graph(entra):
    back = entra.choose(page(entra), answer="accept", tenant=HARBOR_TENANT)
    assert back == {"admin_consent": "True", "tenant": HARBOR_TENANT, "scope": GRAPH_SCOPE, "state": "s-1"}
    token = entra.app_token(HARBOR_TENANT, GRAPH_SCOPE)
    answer = entra.http.get(
        f"{entra.origin}/v1.0/organization", headers={"Authorization": f"Bearer {token}"}, timeout=5
    ).json()
    assert answer["value"][0]["id"] == HARBOR_TENANT
    assert entra.tenant(HARBOR_TENANT)["granted"] == ["User.Read.All", "UserAuthenticationMethod.Read.All"]


def test_version_1_needs_no_scope_and_gives_none_back(entra):
    back = entra.choose(page(entra, HARBOR_TENANT, "adminconsent", scope=""), answer="accept")
    assert back == {"admin_consent": "True", "tenant": HARBOR_TENANT, "state": "s-1"}


@pytest.mark.parametrize("path", ["v2.0/adminconsent", "adminconsent"])
@pytest.mark.parametrize(
    ("answer", "error", "number"),
    [("cancel", "consent_required", "AADSTS65004"), ("no_administrator", "access_denied", "AADSTS90094")],
)
def test_an_error_carries_admin_consent_true_all_the_same(entra, path, answer, error, number):
    back = entra.choose(page(entra, HARBOR_TENANT, path), answer=answer)
    assert (back["admin_consent"], back["error"], back["state"]) == ("True", error, "s-1")
    assert back["error_description"].startswith(number)
    assert "tenant" not in back
    assert entra.tenant(HARBOR_TENANT)["granted"] == []


def test_accepting_can_be_made_to_fail(entra):
    entra.faults(consent_error="server_error")
    back = entra.choose(page(entra, HARBOR_TENANT), answer="accept")
    assert (back["admin_consent"], back["error"]) == ("True", "server_error")
    assert entra.tenant(HARBOR_TENANT)["granted"] == []


def test_a_page_for_one_tenant_consents_for_no_other(entra):
    back = entra.choose(page(entra, "harborlegal.example"), answer="accept", tenant=LARKFIELD_TENANT)
    assert back["tenant"] == HARBOR_TENANT


def test_a_further_step_adds_permissions(entra):
    entra.control("application", permissions=["User.Read.All", "Application.ReadWrite.All"]).raise_for_status()
    shown = entra.http.get(page(entra, HARBOR_TENANT), timeout=5).text
    assert "Application.ReadWrite.All" in shown
    assert "Larkfield" not in shown
    entra.choose(page(entra, HARBOR_TENANT), answer="accept")
    assert entra.tenant(HARBOR_TENANT)["granted"] == ["Application.ReadWrite.All", "User.Read.All"]


@pytest.mark.parametrize(
    ("tenant", "changes", "number"),
    [
        ("common", {}, "AADSTS90023"),
        ("organizations", {"scope": ""}, "AADSTS900144"),
        ("organizations", {"scope": "openid"}, "AADSTS1002012"),
        ("organizations", {"client_id": HARBOR_TENANT}, "AADSTS700016"),
        ("organizations", {"redirect_uri": "https://evil.example/"}, "AADSTS50011"),
        ("organizations", {"redirect_uri": ""}, "AADSTS50011"),
        ("nowhere.example", {}, "AADSTS90002"),
    ],
)
def test_a_wrong_request_is_shown_and_never_led_anywhere(entra, tenant, changes, number):
    for method in ("GET", "POST"):
        answer = entra.http.request(
            method, page(entra, tenant, **changes), data={"answer": "accept"}, timeout=5, allow_redirects=False
        )
        assert answer.status_code == 400
        assert number in answer.text


def test_consent_can_be_taken_back(entra):
    entra.control("consent", tenant="larkfield.example", permissions=[]).raise_for_status()
    answer = entra.app(LARKFIELD_TENANT).acquire_token_for_client([GRAPH_SCOPE])
    assert answer["error_codes"] == [700016]
    entra.control("consent", tenant="larkfield.example", permissions=["User.Read.All"]).raise_for_status()
    assert entra.tenant("larkfield.example")["granted"] == ["User.Read.All"]
