"""Graph: people, methods, the report and the organisation, with and without the permission."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from entra_rig import DANA, GRAPH_SCOPE, PUSH_SCOPE, wait_for

from emulators.entra import HARBOR_TENANT, LARKFIELD_TENANT

REPORT = "v1.0/reports/authenticationMethods/userRegistrationDetails"


class Graph:
    """Graph with the MSP's app token of one tenant."""

    def __init__(self, entra: Any, tenant: str = LARKFIELD_TENANT) -> None:
        self.entra = entra
        self.token = entra.app_token(tenant, GRAPH_SCOPE)

    def get(self, path: str, **params: Any) -> requests.Response:
        url = path if path.startswith("https:") else f"{self.entra.origin}/{path}"
        return self.entra.http.get(url, params=params, headers={"Authorization": f"Bearer {self.token}"}, timeout=5)

    def found(self, text: str, select: str = "userPrincipalName") -> list[Any]:
        answer = self.get("v1.0/users", **{"$filter": text, "$select": select})
        assert answer.status_code == 200, answer.text
        return [row["userPrincipalName"] for row in answer.json()["value"]]


@pytest.fixture
def graph(entra):
    return Graph(entra)


@pytest.fixture
def harbor(entra):
    everything = ["User.Read.All", "UserAuthenticationMethod.Read.All", "AuditLog.Read.All"]
    entra.control("consent", tenant=HARBOR_TENANT, permissions=everything).raise_for_status()
    return Graph(entra, HARBOR_TENANT)


def refused(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("text", "upn"),
    [
        (f"mail eq '{DANA}' or userPrincipalName eq '{DANA}'", DANA),
        ("mail eq 'DANA@Larkfield.Example'", DANA),
        (
            "mail eq 'theo@larkfield.example' or userPrincipalName eq 'theo@larkfield.example'",
            "t.brandt@larkfield.example",
        ),
        ("proxyAddresses/any(p:p eq 'smtp:theo.brandt@larkfield.example')", "t.brandt@larkfield.example"),
        ("proxyAddresses/any(x:x eq 'SMTP:theo@larkfield.example')", "t.brandt@larkfield.example"),
        ("(mail eq 'nobody' or displayName eq 'Dana Whitfield') and accountEnabled eq true", DANA),
    ],
)
def test_a_person_is_found_by_address_sign_in_name_and_alias(graph, text, upn):
    assert graph.found(text) == [upn]


@pytest.mark.parametrize(
    "text",
    [
        "mail eq 'amara@harborlegal.example'",
        "mail eq 'theo.brandt@larkfield.example'",
        "mail eq 'o''brien@larkfield.example'",
        "mail eq 'x'' or userPrincipalName eq ''dana@larkfield.example'",
        "accountEnabled eq false",
    ],
)
def test_nobody_of_another_tenant_and_nobody_by_a_quoted_trick_is_found(graph, text):
    assert graph.found(text) == []


@pytest.mark.parametrize(
    "text", ["mail eq dana", "mail eq 'x' or", "mail like 'x'", "shoeSize eq '9'", "mail eq 'x", "p/any(p:q eq 'x')"]
)
def test_a_filter_that_is_not_understood_is_an_error(graph, text):
    assert refused(graph.get("v1.0/users", **{"$filter": text})) == (400, "Request_BadRequest")


def test_user_type_and_account_state_are_given_only_when_asked_for(graph, harbor):
    row = graph.get(f"v1.0/users/{DANA}").json()
    assert (row["displayName"], row["mail"]) == ("Dana Whitfield", DANA)
    assert not row.keys() & {"accountEnabled", "userType", "proxyAddresses"}
    asked = {"$select": "userPrincipalName,accountEnabled,userType", "$filter": "mail eq 'felix@harborlegal.example'"}
    (felix,) = harbor.get("v1.0/users", **asked).json()["value"]
    assert felix == {
        "userPrincipalName": "felix_harborlegal.example#EXT#@harborlegal.example",
        "accountEnabled": True,
        "userType": "Guest",
    }
    (amara,) = harbor.get("v1.0/users", **{**asked, "$filter": "mail eq 'amara@harborlegal.example'"}).json()["value"]
    assert amara["accountEnabled"] is False
    assert refused(graph.get("v1.0/users", **{"$select": "shoeSize"})) == (400, "Request_BadRequest")


def test_people_come_in_pages(graph):
    seen, answer = [], graph.get("v1.0/users", **{"$top": 3, "$select": "id,userPrincipalName"}).json()
    seen += answer["value"]
    answer = graph.get(answer["@odata.nextLink"]).json()
    seen += answer["value"]
    assert len({row["id"] for row in seen}) == 4
    assert "@odata.nextLink" not in answer
    assert refused(graph.get("v1.0/users", **{"$top": 1000}))[0] == 400


def test_a_user_is_read_by_id_or_sign_in_name_and_no_other_is(graph, entra):
    assert graph.get(f"v1.0/users/{entra.user_id(DANA)}").json()["userPrincipalName"] == DANA
    for key in ("theo@larkfield.example", "amara@harborlegal.example", entra.user_id("wei@harborlegal.example")):
        assert refused(graph.get(f"v1.0/users/{key}")) == (404, "Request_ResourceNotFound")


def kinds(answer: requests.Response) -> list[str]:
    return [row["@odata.type"].removeprefix("#microsoft.graph.") for row in answer.json()["value"]]


def test_methods_tell_who_has_the_authenticator(graph):
    dana = graph.get(f"v1.0/users/{DANA}/authentication/methods")
    assert kinds(dana) == [
        "passwordAuthenticationMethod",
        "microsoftAuthenticatorAuthenticationMethod",
        "softwareOathAuthenticationMethod",
        "phoneAuthenticationMethod",
        "phoneAuthenticationMethod",
    ]
    assert dana.json()["value"][1]["displayName"] == "iPhone 15"
    ingrid = graph.get("v1.0/users/ingrid@larkfield.example/authentication/methods")
    assert kinds(ingrid) == ["passwordAuthenticationMethod", "phoneAuthenticationMethod"]


def preferred(graph, upn: str) -> str:
    row = graph.get(f"beta/users/{upn}/authentication/signInPreferences").json()
    return str(row["userPreferredMethodForSecondaryAuthentication"])


def test_preferences_tell_the_default_method_and_can_be_changed(graph, entra):
    assert [preferred(graph, upn) for upn in (DANA, "marcus@larkfield.example", "ingrid@larkfield.example")] == [
        "push",
        "sms",
        "none",
    ]
    entra.faults(preferred={DANA: "oath"})
    assert preferred(graph, DANA) == "oath"
    entra.faults(preferred={DANA: None})
    assert preferred(graph, DANA) == "push"


def test_preferences_are_in_beta_only(graph):
    assert refused(graph.get(f"v1.0/users/{DANA}/authentication/signInPreferences"))[0] == 400


def test_the_report_lists_people_and_one_person(graph, entra):
    rows = {row["userPrincipalName"]: row for row in graph.get(REPORT).json()["value"]}
    assert rows[DANA]["methodsRegistered"] == [
        "microsoftAuthenticatorPush",
        "softwareOneTimePasscode",
        "mobilePhone",
        "officePhone",
    ]
    assert rows["marcus@larkfield.example"]["userPreferredMethodForSecondaryAuthentication"] == "sms"
    assert graph.get(f"{REPORT}/{entra.user_id(DANA)}").json()["userPrincipalName"] == DANA


def test_the_report_is_a_matter_of_the_licence_and_of_the_permission(graph, harbor, entra):
    for path in (REPORT, f"{REPORT}/{entra.user_id('wei@harborlegal.example')}"):
        assert refused(harbor.get(path)) == (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
    entra.control("consent", tenant=LARKFIELD_TENANT, permissions=["User.Read.All"]).raise_for_status()
    assert refused(Graph(entra).get(REPORT)) == (403, "Authorization_RequestDenied")


PATHS = {
    "v1.0/users": "User.Read.All",
    f"v1.0/users/{DANA}": "User.Read.All",
    f"v1.0/users/{DANA}/authentication/methods": "UserAuthenticationMethod.Read.All",
    f"beta/users/{DANA}/authentication/signInPreferences": "UserAuthenticationMethod.Read.All",
    REPORT: "AuditLog.Read.All",
    "v1.0/servicePrincipals": "Application.Read.All",
    "v1.0/organization": "Organization.Read.All",
}


def test_every_path_needs_its_permission(entra):
    for wanted in set(PATHS.values()):
        entra.control("consent", tenant=LARKFIELD_TENANT, permissions=[wanted]).raise_for_status()
        graph = Graph(entra)
        for path, permission in PATHS.items():
            answer = graph.get(path)
            if permission == wanted or (path.endswith("organization") and wanted == "User.Read.All"):
                assert answer.status_code == 200, (path, wanted)
            else:
                assert refused(answer) == (403, "Authorization_RequestDenied"), (path, wanted)


def test_a_token_keeps_the_roles_it_was_given(entra):
    graph = Graph(entra)
    entra.control("consent", tenant=LARKFIELD_TENANT, permissions=["AuditLog.Read.All"]).raise_for_status()
    assert graph.get("v1.0/users").status_code == 200
    assert Graph(entra).get("v1.0/users").status_code == 403


def test_the_organisation_is_the_tenants_own(graph, harbor):
    for each, tenant, domain in (
        (graph, LARKFIELD_TENANT, "larkfield.example"),
        (harbor, HARBOR_TENANT, "harborlegal.example"),
    ):
        (row,) = each.get("v1.0/organization").json()["value"]
        assert (row["id"], row["verifiedDomains"][0]["name"]) == (tenant, domain)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic eDp5"])
def test_without_a_token_graph_answers_401(entra, header):
    answer = entra.http.get(f"{entra.origin}/v1.0/users", headers={"Authorization": header}, timeout=5)
    assert refused(answer) == (401, "InvalidAuthenticationToken")


def test_the_push_clients_token_is_no_good_here(entra, token, graph):
    graph.token = token
    assert refused(graph.get("v1.0/users")) == (401, "InvalidAuthenticationToken")
    graph.token = entra.app_token(LARKFIELD_TENANT, GRAPH_SCOPE)
    assert PUSH_SCOPE != GRAPH_SCOPE
    assert graph.get("v1.0/users").status_code == 200


def test_a_rate_limit_says_when_to_come_back(entra, graph):
    entra.faults(rate_limit=2, retry_after_seconds=7)
    answers = [graph.get("v1.0/users") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert refused(answers[0]) == (429, "TooManyRequests")


def test_an_unknown_path_is_an_error_in_graphs_form(graph):
    assert refused(graph.get("v1.0/me/drive")) == (400, "Request_BadRequest")


def test_graph_can_be_down_while_sign_in_works(entra, graph):
    entra.faults(graph_down=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        graph.get("v1.0/users")
    wait_for(lambda: graph.get("v1.0/users").status_code == 200)
