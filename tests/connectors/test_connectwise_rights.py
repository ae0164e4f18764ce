"""The self-check of the keys' rights, from their own list or by asking around."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import BadCredentials, RateLimited, Unavailable
from connectors.connectwise import ConnectWise
from connectors.connectwise.rights import NEEDS, gate

OWN = "/system/mySecurity"
PROBES = ("/company/companies", "/company/contacts", "/service/tickets", "/system/members", "/service/boards")


def _row(module: str, function: str, **levels: str) -> dict[str, Any]:
    all_levels = {"addLevel": "All", "editLevel": "All", "deleteLevel": "None", "inquireLevel": "All"}
    return (
        {"id": abs(hash((module, function))) % 10**6, "moduleName": module, "moduleFunctionName": function}
        | all_levels
        | levels
    )


def _full() -> list[dict[str, Any]]:
    pairs = dict.fromkeys((need.module, need.function) for need in NEEDS)
    return [_row(*pair) for pair in pairs] + [_row("Project", "Contacts", inquireLevel="None")]


def test_every_right_is_named_with_its_purpose_and_menu_path(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", OWN, data=_full())
    rights = cw.rights()
    assert [right.granted for right in rights] == [True] * len(NEEDS)
    assert len({right.name for right in rights}) == len(NEEDS)
    for right in rights:
        assert right.where.startswith("System > Security Roles > ")
        assert right.where.count(" > ") >= 4
        assert right.purpose
        assert (right.needed, right.given) == ("All", "All")
    assert any("Manage Hosted API" in right.where for right in rights)


def test_a_level_below_all_is_missing_and_shown(psa: Any, cw: ConnectWise) -> None:
    rows = _full()
    rows[1] |= {"inquireLevel": "My", "editLevel": "none"}
    psa.on("GET", OWN, data=rows)
    missing = {right.name: right.given for right in cw.rights() if right.granted is False}
    assert missing == {"Companies / Contacts: Inquire": "My", "Companies / Contacts: Edit": "None"}


def test_names_are_compared_loosely(psa: Any, cw: ConnectWise) -> None:
    row = {
        "id": 1,
        "moduleIdentifier": "SERVICE_DESK",
        "moduleFunctionIdentifier": "ServiceTicket",
        "inquireLevel": "all",
    }
    psa.on("GET", OWN, data=[row])
    granted = {right.name: right.granted for right in cw.rights()}
    assert granted["Service Desk / Service Tickets: Inquire"] is True
    assert granted["Service Desk / Service Tickets: Add"] is False


@pytest.mark.parametrize(
    "closed", [{"status": 403, "data": {"code": "Security"}}, {"status": 404}, {"data": []}, {"data": {}}]
)
def test_without_the_own_list_each_list_is_asked_for_one_row(psa: Any, cw: ConnectWise, closed: dict[str, Any]) -> None:
    psa.on("GET", OWN, **closed)
    for path in PROBES:
        psa.on("GET", path, data=[])
    psa.on("GET", "/system/members", status=403, data={"code": "Security"})
    psa.on("GET", "/service/boards", status=500, raw=b"<html>")
    granted = {right.name: right.granted for right in cw.rights()}
    assert granted == {
        "Companies / Company Maintenance: Inquire": True,
        "Companies / Contacts: Inquire": True,
        "Companies / Contacts: Edit": None,
        "Service Desk / Service Tickets: Inquire": True,
        "Service Desk / Service Tickets: Add": None,
        "Service Desk / Service Tickets: Edit": None,
        "System / Member Maintenance: Inquire": False,
        "System / Table Setup: Inquire": None,
        "System / Table Setup: Add (Manage Hosted API)": None,
    }
    assert {r.query["pageSize"][0] for r in psa.received if r.path.endswith(PROBES)} == {"1"}
    assert {r.method for r in psa.received} == {"GET"}


def test_wrong_keys_are_no_list_of_missing_rights(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", OWN, status=401, data={"code": "Unauthorized"})
    with pytest.raises(BadCredentials):
        cw.rights()


def test_a_psa_that_is_down_is_no_row_of_unknowns(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", "/system/myMembers/info", status=500, raw=b"<html>")
    with pytest.raises(Unavailable):
        cw.rights()


def test_throttling_ends_the_check(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", OWN, status=403, data={"code": "Security"})
    psa.on("GET", "/company/companies", status=429)
    with pytest.raises(RateLimited):
        cw.rights()


def test_every_need_that_can_be_probed_gates_its_probe() -> None:
    assert all(gate("GET", need.probe) is need for need in NEEDS if need.probe)
    assert gate("GET", "/system/myMembers/info") is None
