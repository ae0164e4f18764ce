"""Who gets a token, how long it is good, and what a role may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.kaseya_bms.conftest import Bms

FORM = {"grantType": "password", "USERNAME": "Caller.Verify", "password": "demo-Bms-1!", "tenant": "northgate it"}


def failure(answer: requests.Response) -> tuple[int, bool, str]:
    body = answer.json()
    assert body["result"] is None and "stackStrace" in body["error"]
    return answer.status_code, body["success"], body["error"]["message"]


@pytest.mark.parametrize("form", [{"data": FORM}, {"files": {name: (None, value) for name, value in FORM.items()}}])
def test_the_login_is_a_form_of_either_kind_with_names_in_any_case(bms: Bms, form: dict[str, Any]) -> None:
    answer = requests.post(f"{bms.url}/v2/security/authenticate", timeout=10, **form)
    result = answer.json()["result"]
    assert answer.status_code == 200 and result["accessToken"].count(".") == 2
    assert (
        result["accessTokenExpireOn"].endswith("Z") and result["refreshTokenExpireOn"] > result["accessTokenExpireOn"]
    )


@pytest.mark.parametrize(
    "wrong",
    [{"user": "nobody"}, {"password": "x"}, {"tenant": "northgate"}, {"tenant": "NorthgateIT"}, {"user": "lena"}],
)
def test_a_wrong_login_is_refused_without_saying_what_is_wrong(bms: Bms, wrong: dict[str, str]) -> None:
    assert failure(bms.sign_in(**wrong)) == (401, False, "Invalid user name, password or company name.")


def test_a_login_in_json_looks_like_a_wrong_one(bms: Bms) -> None:
    answer = requests.post(f"{bms.url}/v2/security/authenticate", json=FORM, timeout=10)
    assert failure(answer)[:2] == (401, False)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_the_status_of_a_refused_login_is_a_switch(bms: Bms, status: int) -> None:
    bms.faults(login_status=status)
    assert failure(bms.sign_in(password="wrong"))[:2] == (status, False)


def test_a_second_factor_is_needed_once_and_for_one_login(bms: Bms) -> None:
    assert "MFA" in failure(bms.sign_in("mfa.service"))[2]
    users = {row["userName"]: row for row in bms.control("login")["users"]}
    code = users["mfa.service"]["mfaCode"]
    assert bms.sign_in("mfa.service", MFACode=code).status_code == 200
    assert "MFA" in failure(bms.sign_in("mfa.service", MFACode=code))[2]


def test_the_refresh_rotates_both_tokens_and_ends_the_old_pair(bms: Bms) -> None:
    old = bms.sign_in().json()["result"]
    form = {"AccessToken": old["accessToken"], "RefreshToken": old["refreshToken"]}
    bms.control("expire-tokens", {})
    assert bms.get("/security/userinfo").status_code == 401
    new = requests.post(f"{bms.url}/v2/security/refreshtoken", data=form, timeout=10).json()["result"]
    assert new["accessToken"] != old["accessToken"] and new["refreshToken"] != old["refreshToken"]
    again = requests.post(f"{bms.url}/v2/security/refreshtoken", data=form, timeout=10)
    assert failure(again)[:2] == (401, False)
    bms.token = new["accessToken"]
    assert bms.result("/security/userinfo")["businessName"] == "Northgate IT"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic eDp5"])
def test_without_a_good_token_every_call_gets_401(bms: Bms, header: str) -> None:
    answer = requests.get(f"{bms.url}/v2/crm/accounts/lookup", headers={"Authorization": header}, timeout=10)
    assert failure(answer)[:2] == (401, False) and answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_is_over_after_its_time(bms: Bms) -> None:
    bms.faults(token_seconds=1)
    assert bms.get("/security/userinfo").status_code == 200
    bms.control("expire-tokens", {})
    assert bms.get("/security/userinfo").status_code == 401


def test_a_user_without_api_access_logs_in_and_may_call_nothing(bms: Bms) -> None:
    assert bms.sign_in("no.access").status_code == 200
    assert failure(bms.get("/security/userinfo")) == (401, False, "The user has no access to the API.")


def test_a_read_only_user_reads_and_may_not_write(bms: Bms) -> None:
    bms.sign_in("read.only")
    assert bms.result("/servicedesk/tickets/1048213")["title"] == "Cannot sign in to webmail"
    refused = bms.request("PATCH", "/crm/contacts/90211/phones", json=[])
    assert failure(refused) == (403, False, "You do not have permission to modify CRM > Contacts.")


RIGHTS = [
    ("tickets_view", "POST", "/servicedesk/tickets/search", "Service Desk > Tickets"),
    ("tickets_modify", "POST", "/servicedesk/tickets", "Service Desk > Tickets"),
    ("tickets_modify", "POST", "/servicedesk/tickets/1048213/notes", "Service Desk > Tickets"),
    ("service_desk_admin_view", "GET", "/system/statuses/lookup", "Admin > Service Desk"),
    ("accounts_view", "GET", "/crm/accounts/lookup", "CRM > Accounts"),
    ("contacts_view", "GET", "/crm/contacts/summary", "CRM > Contacts"),
    ("contacts_modify", "PATCH", "/crm/contacts/90211/phones", "CRM > Contacts"),
    ("employees_view", "GET", "/hr/assignees/lookup", "HR > Employees"),
]


@pytest.mark.parametrize(("right", "method", "path", "module"), RIGHTS)
def test_each_right_is_taken_alone_and_named(bms: Bms, right: str, method: str, path: str, module: str) -> None:
    bms.faults(**{f"no_{right}": True})
    status, success, message = failure(bms.request(method, path, json={}))
    assert (status, success) == (403, False) and module in message and right.rsplit("_", 1)[1] in message
    taken = {row["listingIDEnum"] for row in bms.result("/security/userinfo")["userAccessRights"] if not row["canView"]}
    assert len(taken) == (1 if right.endswith("view") else 0)
    bms.faults(right_status=200)
    assert failure(bms.request(method, path, json={}))[:2] == (200, False)


def test_the_sso_status_needs_no_token(bms: Bms) -> None:
    address = f"{bms.url}/v2/security/ssostatus?Tenant=Northgate%20IT&UserName=caller.verify"
    assert requests.get(address, timeout=10).json()["result"] == {"enabled": False, "loginEndpointUrl": None}
    bms.faults(sso_only=True)
    assert requests.get(address, timeout=10).json()["result"]["enabled"] is True
    assert bms.sign_in().status_code == 401
