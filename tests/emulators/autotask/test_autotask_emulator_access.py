"""Discovery, keys, zones, rights and impersonation of the Autotask emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.autotask.conftest import Autotask

EVERY = {"op": "exist", "field": "id"}
TICKET, CONTACT = 148213, 30683077
NOTE = {"title": "t", "description": "d", "noteType": 2, "publish": 2}


def test_it_tells_its_zone_to_anybody_who_names_a_user(psa: Autotask) -> None:
    versions = requests.get(f"{psa.url}/atservicesrest/versioninformation", timeout=5).json()
    assert versions == {"apiVersions": ["1.0"]}
    root = f"{psa.url}/atservicesrest/v1.0/zoneInformation"
    zone = requests.get(root, params={"user": "PODAPI@northgate.example"}, timeout=5).json()
    assert zone == {
        "zoneName": "AE02",
        "url": f"{psa.url}/ATServicesRest/",
        "webUrl": f"{psa.url}/autotask/",
        "ci": 500123,
    }
    for user in ("nobody@northgate.example", ""):
        unknown = requests.get(root, params={"user": user}, timeout=5)
        assert unknown.status_code == 500
        assert unknown.json() == {"errors": ["Zone information could not be determined"]}


@pytest.mark.parametrize(
    "path",
    [
        "/ATServicesRest/V1.0/Tickets/148213",
        "/atservicesrest/v1.0//tickets/148213/",
        "/ATSERVICESREST/V1.0/TICKETS/148213",
    ],
)
def test_it_takes_paths_in_any_letter_case_and_with_too_many_slashes(psa: Autotask, path: str) -> None:
    answer = psa.call("GET", f"{psa.url}{path}")
    assert answer.json()["item"]["id"] == TICKET


def test_bad_keys_look_alike_and_only_a_bad_tracking_identifier_speaks(psa: Autotask) -> None:
    for headers in ({"UserName": "who@where.example"}, {"UserName": ""}, {"Secret": "wrong"}):
        answer = psa.call("GET", "/Tickets/148213", headers=headers)
        assert (answer.status_code, answer.text) == (401, "")
    assert psa.errors("GET", "/Tickets/148213", headers={"ApiIntegrationCode": "X"}) == "IntegrationCode is invalid"
    psa.faults(unknown_user_status="500")
    assert psa.call("GET", "/Tickets/148213", headers={"UserName": "who"}).status_code == 500
    psa.faults(wrong_keys=True)
    assert psa.call("GET", "/Tickets/148213").status_code == 401


def test_wrong_secrets_in_a_row_lock_the_user_until_an_administrator_comes(psa: Autotask) -> None:
    psa.faults(lock_after=3)
    statuses = [psa.call("GET", "/Tickets/148213", headers={"Secret": secret}).status_code for secret in "ab"]
    assert psa.call("GET", "/Tickets/148213").status_code == 200  # in time: the count begins anew
    statuses += [psa.call("GET", "/Tickets/148213", headers={"Secret": secret}).status_code for secret in "abc"]
    assert set(statuses) == {401}
    assert psa.call("GET", "/Tickets/148213").status_code == 401
    psa.control("unlock", {})
    assert psa.call("GET", "/Tickets/148213").status_code == 200


def test_a_tenant_that_moved_answers_at_its_new_base_alone(psa: Autotask) -> None:
    psa.faults(zone_moved=True)
    old = psa.call("GET", "/Tickets/148213")
    assert (old.status_code, old.text) == (401, "")
    zone = psa.done("GET", f"{psa.url}/atservicesrest/v1.0/zoneInformation?user=podapi@northgate.example")
    assert zone["url"] == f"{psa.url}/zone2/ATServicesRest/"
    assert psa.done("GET", f"{zone['url']}V1.0/Tickets/148213")["item"]["id"] == TICKET
    page = psa.done("POST", f"{zone['url']}V1.0/Tickets/query", {"MaxRecords": 1, "filter": [EVERY]})
    assert page["pageDetails"]["nextPageUrl"].startswith(f"{zone['url']}V1.0/Tickets/query/next?")


@pytest.mark.parametrize("way", ["403", "500"])
@pytest.mark.parametrize(
    ("right", "method", "path", "body"),
    [
        ("read Companies", "POST", "/Companies/query", {"filter": [EVERY]}),
        ("read Tickets", "GET", "/Tickets/148213", None),
        ("read TicketNotes", "GET", "/Tickets/148213/Notes", None),
        ("read Resources", "GET", "/Resources/29680011", None),
        ("create Tickets", "POST", "/Tickets", {}),
        ("update Tickets", "PATCH", "/Tickets", {"id": TICKET, "status": 8}),
        ("create TicketNotes", "POST", "/Tickets/148213/Notes", NOTE),
        ("update Contacts", "PATCH", "/Companies/175/Contacts", {"id": CONTACT, "mobilePhone": "1"}),
    ],
)
def test_each_missing_right_is_refused_in_both_ways(
    psa: Autotask, right: str, method: str, path: str, body: Any, way: str
) -> None:
    psa.faults(missing_rights={right: way})
    answer = psa.call(method, path, body)
    assert answer.status_code == int(way)
    if way == "500":
        assert "The logged in Resource does not have the adequate permissions" in answer.json()["errors"][0]
    # Nothing else is touched by it.
    assert psa.call("GET", "/TicketCategories/3").status_code == 200


def test_missing_rights_also_hide_without_a_word(psa: Autotask) -> None:
    psa.faults(missing_rights={"read Companies": "fewer", "read Contacts": "empty", "read Tickets": "not found"})
    assert psa.ids("Companies", EVERY) == [0]
    assert psa.done("POST", "/Contacts/query/count", {"filter": [EVERY]}) == {"queryCount": 0}
    assert psa.done("GET", f"/Contacts/{CONTACT}") == {"item": None}
    assert "could not be found" in psa.errors("GET", "/Tickets/148213")
    assert psa.item("Resources", 29680011)["internalCost"] == 41.5
    psa.faults(missing_rights={"read Resources": "null"})
    assert psa.item("Resources", 29680011)["internalCost"] is None


def test_entity_information_tells_the_rights(psa: Autotask) -> None:
    info = psa.done("GET", "/Tickets/entityInformation")["info"]
    assert (info["name"], info["canCreate"], info["canDelete"]) == ("Ticket", True, False)
    assert (info["userAccessForCreate"], info["userAccessForDelete"]) == ("All", "None")
    psa.faults(missing_rights={"create Tickets": "500", "read Tickets": "fewer"})
    info = psa.done("GET", "/tickets/ENTITYINFORMATION")["info"]
    assert (info["userAccessForCreate"], info["userAccessForQuery"]) == ("None", "Restricted")


def test_a_write_can_be_made_in_a_technicians_name(psa: Autotask) -> None:
    as_priya = {"ImpersonationResourceId": "29680012"}
    made = psa.done("POST", "/Tickets/148213/Notes", NOTE, as_priya)["itemId"]
    note = psa.item("TicketNotes", made)
    assert (note["creatorResourceID"], note["impersonatorCreatorResourceID"]) == (29680012, 29689999)
    psa.done("GET", "/Tickets/148213", headers=as_priya)
    plain = psa.item("TicketNotes", psa.done("POST", "/Tickets/148213/Notes", NOTE)["itemId"])
    assert (plain["creatorResourceID"], plain["impersonatorCreatorResourceID"]) == (29689999, None)


@pytest.mark.parametrize("resource", ["29680013", "29689999", "4", "77"])
def test_nobody_acts_as_who_is_inactive_or_not_to_be_impersonated(psa: Autotask, resource: str) -> None:
    headers = {"ImpersonationResourceId": resource}
    assert "adequate permissions" in psa.errors("POST", "/Tickets/148213/Notes", NOTE, headers)


def test_impersonation_is_a_right_of_its_own(psa: Autotask) -> None:
    psa.faults(missing_rights={"impersonate TicketNotes": "500"})
    headers = {"ImpersonationResourceId": "29680012"}
    assert "adequate permissions" in psa.errors("POST", "/Tickets/148213/Notes", NOTE, headers)
    psa.done("POST", "/Tickets/148213/Notes", NOTE)


def test_the_second_tenant_has_its_own_records_and_labels(psa: Autotask) -> None:
    psa.headers = {**psa.headers, "UserName": "podapi@nordtor.example"}
    try:
        assert psa.ids("Companies", EVERY) == [0, 61]
        fields = psa.done("GET", "/TicketNotes/entityInformation/fields")["fields"]
        publish = next(each for each in fields if each["name"] == "publish")
        assert publish["picklistValues"][1]["label"] == "Interne Benutzer"
        assert psa.item("Contacts", 30690001)["lastName"] == "Müller"
    finally:
        psa.headers = {**psa.headers, "UserName": "podapi@northgate.example"}


def test_no_secret_is_kept_in_the_list_of_requests(psa: Autotask) -> None:
    psa.call("GET", "/Tickets/148213", headers={"Secret": "a-wrong-secret"})
    entry = psa.control("requests")[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/V1.0/Tickets/148213", 401)
    assert "a-wrong-secret" not in str(entry) and "TRACKING" not in str(entry)


def test_pages_and_controls_are_for_this_machine_only(psa: Autotask) -> None:
    for path in ("/autotask/ticket/148213", "/autotask/_control/faults"):
        answer = requests.get(psa.url + path, headers={"Host": "desk.example"}, timeout=5)
        assert answer.status_code == 403
