"""Who gets in: discovery, keys, client id, member sessions, rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.connectwise.conftest import Psa


def me(psa: Psa, headers: dict[str, str], **options: Any) -> requests.Response:
    return psa.bare("/system/myMembers/info", {"clientId": psa.client_id, **headers}, **options)


def cookie(data: dict[str, str], **changes: str) -> dict[str, str]:
    values = {
        "companyName": "northgate",
        "memberId": data["memberid"],
        "memberHash": data["memberHash"],
        "memberContext": data["memberContext"],
        **changes,
    }
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in values.items() if value)}


def test_company_info_names_the_codebase(psa: Psa) -> None:
    info = requests.get(f"{psa.url}/login/companyinfo/NorthGate", timeout=5).json()
    assert info["Codebase"] == "v2025_1/"
    assert info["CompanyID"] == "northgate"


def test_an_unknown_company_is_null_or_404(psa: Psa) -> None:
    address = f"{psa.url}/login/companyinfo/nobody"
    assert requests.get(address, timeout=5).text == "null"
    psa.faults(companyinfo_unknown="404")
    assert requests.get(address, timeout=5).status_code == 404


@pytest.mark.parametrize("root", ["/v2025_1/apis/3.0", "/v4_6_release/apis/3.0", "/V4_6_Release/APIs/3.0"])
def test_both_codebases_answer_in_any_letter_case(psa: Psa, root: str) -> None:
    answer = psa.http.get(f"{psa.url}{root}/System/MyMembers/Info/", timeout=5, allow_redirects=False)
    assert answer.json()["identifier"] == "podapi"
    assert answer.json()["licenseClass"] == "A"
    assert answer.headers["api-current-version"] == "2025.1"
    assert answer.headers["Content-Type"] == "application/vnd.connectwise.com+json; version=2025.1"


def test_a_foreign_codebase_is_404(psa: Psa) -> None:
    assert psa.http.get(f"{psa.url}/v2019_1/apis/3.0/system/info", timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("northgate+demoPublicKey01", "wrong"),
        ("northgate+other", "demoPrivateKey01"),
        ("other+demoPublicKey01", "demoPrivateKey01"),
        ("demoPublicKey01", "demoPrivateKey01"),
    ],
)
def test_wrong_credentials_are_401_and_404_in_the_cloud(psa: Psa, user: str, password: str) -> None:
    assert psa.bare("/system/myMembers/info", {"clientId": psa.client_id}, auth=(user, password)).status_code == 401
    psa.faults(cloud_mode=True)
    expected = 404 if "+" in user else 401
    assert (
        psa.bare("/system/myMembers/info", {"clientId": psa.client_id}, auth=(user, password)).status_code == expected
    )


def test_system_info_says_user_not_authenticated(psa: Psa) -> None:
    answer = psa.bare("/system/info", {"clientId": psa.client_id}, auth=("northgate+demoPublicKey01", "wrong"))
    assert (answer.status_code, answer.json()) == (401, {"code": "ConnectWiseApi", "message": "UserNotAuthenticated"})
    assert psa.list("/system/info")["version"].startswith("v2025.1.")


def test_a_missing_client_id_is_refused_with_the_chosen_status(psa: Psa) -> None:
    auth = ("northgate+demoPublicKey01", "demoPrivateKey01")
    assert psa.bare("/system/info", {}, auth=auth).status_code == 401
    psa.faults(clientid_missing_status=403)
    assert psa.bare("/system/info", {}, auth=auth).status_code == 403


def test_a_member_hash_proves_the_member_by_cookies_and_by_basic(psa: Psa) -> None:
    data = psa.control("sessions", {"member": "sam"})
    assert me(psa, cookie(data)).json()["identifier"] == "sam"
    lower = {"Cookie": cookie(data)["Cookie"].lower()}
    assert me(psa, lower).json()["identifier"] == "sam"
    assert me(psa, {}, auth=("northgate+sam", data["memberHash"])).json()["identifier"] == "sam"


def test_a_hash_under_another_members_name_answers_with_its_owner(psa: Psa) -> None:
    data = psa.control("sessions", {"member": "sam"})
    assert me(psa, cookie(data, memberId="priya")).json()["identifier"] == "sam"
    psa.faults(member_session="other_member")
    assert me(psa, cookie(data)).json()["identifier"] == "priya"


def test_bad_sessions_are_refused(psa: Psa) -> None:
    data = psa.control("sessions", {"member": "sam"})
    assert me(psa, cookie(data, memberContext="")).status_code == 401
    assert me(psa, cookie(data, companyName="other")).status_code == 401
    assert me(psa, cookie(data, memberHash="00000000-0000-4000-8000-000000000000")).status_code == 401
    ended = psa.control("sessions", {"member": "sam", "expired": True})
    assert me(psa, cookie(ended)).status_code == 401
    fresh = psa.control("sessions", {"member": "sam", "rotate": True})
    assert me(psa, cookie(data)).status_code == 401
    assert me(psa, cookie(fresh)).status_code == 200
    psa.faults(member_session="expired")
    assert me(psa, cookie(fresh)).status_code == 401


def test_an_inactive_member_is_shown_as_inactive(psa: Psa) -> None:
    assert me(psa, cookie(psa.control("sessions", {"member": "lena"}))).json()["inactiveFlag"] is True


@pytest.mark.parametrize(
    ("function", "action", "method", "path", "body"),
    [
        ("Service Tickets", "inquire", "GET", "/service/tickets/48213", None),
        ("Service Tickets", "inquire", "GET", "/service/tickets/48213/notes", None),
        ("Service Tickets", "inquire", "POST", "/service/tickets/search", {"conditions": "id=48213"}),
        ("ServiceTickets", "add", "POST", "/service/tickets/48213/notes", {"text": "x", "resolutionFlag": True}),
        (
            "ServiceTickets",
            "edit",
            "PATCH",
            "/service/tickets/48213",
            [{"op": "replace", "path": "summary", "value": "x"}],
        ),
        ("Contacts", "inquire", "GET", "/company/contacts", None),
        (
            "Contacts",
            "edit",
            "PATCH",
            "/company/contacts/77/communications/902",
            [{"op": "replace", "path": "value", "value": "2025550143"}],
        ),
        ("Company Maintenance", "inquire", "GET", "/company/companies/count", None),
        ("Notes", "add", "POST", "/company/contacts/77/notes", {"text": "x"}),
        ("Member Maintenance", "inquire", "GET", "/system/members", None),
        ("My Company", "inquire", "GET", "/system/departments", None),
        ("API Reports", "inquire", "GET", "/system/reports/ConnectWiseHostedApiScreen", None),
        (
            "Table Setup",
            "add",
            "POST",
            "/system/connectwisehostedsetups",
            {"screenId": 4, "description": "x", "url": "https://x.example", "type": "Pod"},
        ),
    ],
)
def test_a_missing_right_is_403_security(
    psa: Psa, function: str, action: str, method: str, path: str, body: Any
) -> None:
    assert psa.request(method, path, json=body).status_code in (200, 201)
    psa.faults(role={function: {action: "None"}})
    refused = psa.request(method, path, json=body)
    assert refused.status_code == 403
    assert refused.json() == {
        "code": "Security",
        "message": "You do not have security permission to perform this action.",
    }


def test_closing_a_ticket_needs_its_own_right(psa: Psa) -> None:
    psa.faults(role={"Close Service Tickets": {"edit": "None"}})
    assert psa.patch("/service/tickets/48213", ("replace", "status", {"id": 502})).status_code == 200
    assert psa.patch("/service/tickets/48213", ("replace", "status", {"id": 504})).status_code == 403
    assert psa.list("/service/tickets/48213")["status"]["name"] == "In Progress"


def test_my_security_lists_the_role(psa: Psa) -> None:
    psa.faults(role={"Contacts": {"edit": "My"}})
    rows = {row["moduleFunctionName"]: row for row in psa.list("/system/mySecurity", pageSize=1000)}
    assert rows["Contacts"]["editLevel"] == "My"
    assert rows["Service Tickets"]["addLevel"] == "All"
    assert rows["Contacts"]["member"]["identifier"] == "podapi"
    psa.faults(mysecurity_for_api_member=False)
    assert psa.get("/system/mySecurity").status_code == 403


def test_setup_lists_are_readable_without_table_rights_unless_switched(psa: Psa) -> None:
    psa.faults(role={"Table Setup": "None"})
    assert psa.get("/service/boards").status_code == 200
    psa.faults(table_setup_inquire_needed=True)
    assert psa.get("/service/boards").status_code == 403


def test_level_my_shows_an_empty_list_in_place_of_403(psa: Psa) -> None:
    psa.faults(role={"Service Tickets": {"inquire": "My"}})
    assert psa.list("/service/tickets") == []
    assert psa.get("/service/tickets/48213").status_code == 404


def test_controls_and_screens_answer_only_to_loopback_names(psa: Psa) -> None:
    for path in (
        "/_emulator/connectwise/faults",
        "/connectwise/ticket/48213",
        "/connectwise/ticket/48213.json",
        "/connectwise/member-authentication.json?member=sam",
    ):
        assert requests.get(psa.url + path, headers={"Host": "evil.example"}, timeout=5).status_code == 403
        assert requests.get(psa.url + path, headers={"Host": "[::1]:80"}, timeout=5).status_code == 200


def test_a_page_of_another_site_cannot_work_the_controls(psa: Psa) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert requests.post(f"{psa.url}/_emulator/connectwise/reset", headers=headers, timeout=5).status_code == 403


def test_ssl_required_is_a_security_error(psa: Psa) -> None:
    psa.faults(ssl_required=True)
    assert psa.get("/system/info").json()["message"] == "SSL is required."
