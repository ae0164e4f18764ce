"""Creating and changing records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulators.connectwise.conftest import Psa

SETUP = {
    "screenId": 4,
    "description": "Caller check",
    "url": "https://pod.example.test/p?id=[cw_id]&screen=[cw_screen]",
    "origin": "https://pod.example.test",
    "type": "Pod",
    "podHeight": 600,
    "locationsEnabledFlag": False,
}


def test_a_patch_replaces_a_reference_as_a_whole(psa: Psa) -> None:
    answer = psa.patch("/service/tickets/48213", ("replace", "contact", {"id": 78}), ("replace", "summary", "Moved"))
    assert answer.status_code == 200
    ticket = psa.list("/service/tickets/48213")
    assert (ticket["contact"]["name"], ticket["contactName"], ticket["summary"]) == (
        "Marcus Reyes",
        "Marcus Reyes",
        "Moved",
    )
    assert ticket["contactPhoneNumber"] == "(202) 555-0118"
    assert ticket["_info"]["updatedBy"] == "podapi"


def test_a_nested_path_is_a_false_200_that_changes_nothing(psa: Psa) -> None:
    answer = psa.patch("/service/tickets/48213", ("replace", "company/identifier", "HARBORLEGAL"))
    assert answer.status_code == 200
    assert psa.list("/service/tickets/48213")["company"]["id"] == 250
    psa.faults(nested_patch_false_200=False)
    assert psa.patch("/service/tickets/48213", ("replace", "status/name", "New")).json()["code"] == "InvalidPatch"


@pytest.mark.parametrize(
    "body",
    [
        {"op": "replace", "path": "summary", "value": "x"},
        [],
        ["x"],
        [{"op": "test", "path": "summary", "value": "x"}],
        [{"op": "replace", "path": "Summary", "value": "x"}],
        [{"op": "replace", "path": "summary"}],
        [{"op": "replace", "path": "status", "value": "New"}],
        [{"op": "replace", "path": "nothing", "value": 1}],
        [{"op": "replace", "path": "initialDescription", "value": "x"}],
    ],
)
def test_a_faulty_patch_is_invalid_patch(psa: Psa, body: Any) -> None:
    answer = psa.request("PATCH", "/service/tickets/48213", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidPatch")


@pytest.mark.parametrize(
    "step",
    [
        ("replace", "summary", "x" * 101),
        ("replace", "summary", ""),
        ("remove", "summary", None),
        ("replace", "status", {"id": 1}),
        ("replace", "status", {"id": 521}),
        ("replace", "severity", "Huge"),
        ("replace", "allowAllClientsPortalView", "yes"),
        ("replace", "requiredDate", "soon"),
        ("replace", "budgetHours", "1"),
    ],
)
def test_a_value_that_breaks_a_rule_is_invalid_object(psa: Psa, step: tuple[str, str, Any]) -> None:
    answer = psa.patch("/service/tickets/48213", step)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidObject")
    assert answer.json()["errors"][0]["field"] == step[1]


def test_bodies_must_be_json(psa: Psa) -> None:
    path = "/service/tickets/48213/notes"
    assert psa.request("POST", path, data="text=x").status_code == 415
    assert psa.request("POST", path, data="{", headers={"Content-Type": "application/json"}).status_code == 400


def test_a_status_by_name_is_the_one_of_the_tickets_board(psa: Psa) -> None:
    psa.patch("/service/tickets/48196", ("replace", "status", {"name": "Closed"}))
    ticket = psa.list("/service/tickets/48196")
    assert (ticket["status"]["id"], ticket["closedFlag"]) == (524, True)
    psa.patch("/service/tickets/48196", ("replace", "status", {"id": 521}))
    assert psa.list("/service/tickets/48196")["closedFlag"] is False


def test_a_new_ticket_takes_board_status_caller_and_first_notes(psa: Psa) -> None:
    answer = psa.post(
        "/service/tickets",
        {
            "summary": "Identity check",
            "company": {"id": 250},
            "contact": {"id": 77},
            "initialDescription": "Caller asked.",
            "initialInternalAnalysis": "Pending.",
            "source": {"name": "Phone"},
        },
    )
    assert answer.status_code == 201
    ticket = answer.json()
    assert (ticket["board"]["id"], ticket["status"]["name"], ticket["contactName"]) == (1, "New", "Dana Whitfield")
    assert "initialDescription" not in ticket
    notes = psa.list(f"/service/tickets/{ticket['id']}/notes")
    assert [(note["text"], note["internalAnalysisFlag"]) for note in notes] == [
        ("Caller asked.", False),
        ("Pending.", True),
    ]


def test_a_ticket_needs_summary_and_company(psa: Psa) -> None:
    errors = psa.post("/service/tickets", {}).json()["errors"]
    assert {(error["code"], error["field"]) for error in errors} == {
        ("MissingRequiredItem", "summary"),
        ("MissingRequiredItem", "company"),
    }


def test_notes_are_posted_found_changed_and_deleted(psa: Psa) -> None:
    path = "/service/tickets/48213/notes"
    text = "Caller verified, ref 8F2C.\nSecond line “quoted” & more"
    posted = psa.post(path, {"text": text, "internalAnalysisFlag": True, "member": {"identifier": "sam"}})
    assert posted.status_code == 201
    note = posted.json()
    assert (note["createdBy"], note["internalFlag"], note["externalFlag"]) == ("sam", True, False)
    assert psa.list(path, conditions='text contains "ref 8F2C"')[0]["text"] == text
    assert psa.ids(path, conditions="detailDescriptionFlag=true") == [90001]
    changed = psa.patch(f"{path}/{note['id']}", ("replace", "resolutionFlag", True))
    assert changed.json()["externalFlag"] is True
    assert (
        psa.patch(
            f"{path}/{note['id']}", ("replace", "internalAnalysisFlag", False), ("replace", "resolutionFlag", False)
        ).status_code
        == 400
    )
    assert psa.request("DELETE", f"{path}/{note['id']}").status_code == 403
    psa.faults(role={"Service Tickets": {"delete": "All"}})
    assert psa.request("DELETE", f"{path}/{note['id']}").status_code == 204
    assert psa.get(f"{path}/{note['id']}").status_code == 404


def test_a_note_needs_a_tab_and_a_text(psa: Psa) -> None:
    path = "/service/tickets/48213/notes"
    assert psa.post(path, {"text": "x"}).status_code == 400
    assert psa.post(path, {"internalAnalysisFlag": True}).status_code == 400
    missing = psa.post("/service/tickets/1/notes", {"text": "x", "internalAnalysisFlag": True})
    assert missing.json() == {"code": "NotFound", "message": "Entity Ticket 1 not found.", "errors": None}


def test_all_notes_include_time_entries_and_cannot_be_written(psa: Psa) -> None:
    notes = psa.list("/service/tickets/48171/allnotes", orderBy="id asc")
    assert {note["noteType"] for note in notes} == {"TicketNote", "TimeEntryNote"}
    assert [note["id"] for note in notes] == [90007, 6501]
    assert psa.post("/service/tickets/48171/allNotes", {"text": "x"}).status_code == 405
    assert psa.post("/service/ticketNote/90001/markAs", {}).status_code == 404


def test_a_number_is_changed_through_its_communication_item(psa: Psa) -> None:
    path = "/company/contacts/77/communications"
    assert psa.patch(f"{path}/902", ("replace", "value", "2025550143")).status_code == 200
    item = psa.list(f"{path}/902")
    assert (item["contactId"], item["communicationType"], item["type"]["name"]) == (77, "Phone", "Cell")
    embedded = psa.list("/company/contacts/77")["communicationItems"]
    assert [entry["value"] for entry in embedded] == ["2025550177", "2025550143", "dana@larkfield.example"]
    assert "contactId" not in embedded[0]


def test_the_default_number_moves(psa: Psa) -> None:
    path = "/company/contacts/77/communications"
    added = psa.post(path, {"type": {"id": 4}, "value": "2025550144", "defaultFlag": True})
    assert added.status_code == 201
    contact = psa.list("/company/contacts/77")
    assert (contact["defaultPhoneType"], contact["defaultPhoneNbr"]) == ("Cell", "2025550144")
    defaults = [
        item["id"]
        for item in contact["communicationItems"]
        if item["defaultFlag"] and item["communicationType"] == "Phone"
    ]
    assert defaults == [added.json()["id"]]
    assert psa.post(path, {"type": {"id": 4}, "value": "x", "communicationType": "Email"}).status_code == 400
    assert psa.post(path, {"type": {"id": 1}, "value": "no-at-sign"}).status_code == 400


def test_communication_items_are_replaced_only_by_an_array(psa: Psa) -> None:
    refused = psa.patch("/company/contacts/77", ("replace", "communicationItems", "2025550144")).json()
    assert refused["message"].startswith("Could not cast or convert from System.String to")
    kept = psa.list("/company/contacts/77")["communicationItems"][1]
    assert psa.patch("/company/contacts/77", ("replace", "communicationItems", [kept])).status_code == 200
    assert [item["id"] for item in psa.list("/company/contacts/77/communications")] == [902]


def test_a_contact_is_created_with_its_numbers(psa: Psa) -> None:
    answer = psa.post(
        "/company/contacts",
        {
            "firstName": "Nia",
            "lastName": "Okoro",
            "company": {"identifier": "HARBORLEGAL"},
            "communicationItems": [{"type": {"id": 4}, "value": "2025550145", "defaultFlag": True}],
        },
    )
    assert answer.status_code == 201
    assert answer.json()["communicationItems"][0]["value"] == "2025550145"
    assert answer.json()["company"]["name"] == "Harbor Legal"


def test_contact_and_company_notes(psa: Psa) -> None:
    note = psa.post("/company/contacts/77/notes", {"text": "Verified", "flagged": True}).json()
    assert (note["contactId"], note["type"]["name"], note["enteredBy"]) == (77, "Comment", "podapi")
    note = psa.post("/company/companies/250/notes", {"text": "Seen"}).json()
    assert note["company"]["identifier"] == "LARKFIELD"
    assert len(psa.control("notes?company=250")) == 1


def test_hosted_setups_live_through_create_read_change_delete(psa: Psa) -> None:
    path = "/system/connectwisehostedsetups"
    assert psa.list(f"{path}/count") == {"count": 0}
    created = psa.post(path, SETUP)
    assert created.status_code == 201
    row = created.json()
    assert row["createdBy"] == "podapi"
    assert psa.ids("/system/ConnectWiseHostedSetups", conditions='url contains "pod.example.test"') == [row["id"]]
    assert psa.patch(f"{path}/{row['id']}", ("replace", "podHeight", 800)).json()["podHeight"] == 800
    replaced = psa.request("PUT", f"{path}/{row['id']}", json={**SETUP, "description": "Renamed"}).json()
    assert (replaced["description"], replaced["createdBy"]) == ("Renamed", "podapi")
    psa.faults(role={"Table Setup": {"delete": "All"}})
    assert psa.request("DELETE", f"{path}/{row['id']}").status_code == 204
    assert psa.list(path) == []


@pytest.mark.parametrize(
    "change",
    [
        {"screenId": 99},
        {"description": "x" * 51},
        {"url": None},
        {"origin": "x" * 101},
        {"type": "Window"},
        {"type": "ToolbarButton"},
        {"podHeight": "600"},
    ],
)
def test_a_faulty_setup_row_is_refused(psa: Psa, change: dict[str, Any]) -> None:
    answer = psa.post("/system/connectwisehostedsetups", {**SETUP, **change})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidObject")


def test_hosted_screens_come_as_list_and_as_report(psa: Psa) -> None:
    rows = psa.list("/system/connectWiseHostedScreens")
    screens = {row["screenId"]: row["id"] for row in rows}
    report = psa.list("/system/reports/ConnectWiseHostedApiScreen")
    assert {name: number for number, name in report["row_values"]} == screens
    assert {"ServiceTicket", "ContactDetail"} <= set(screens)


def test_a_taken_company_identifier_is_object_exists(psa: Psa) -> None:
    psa.faults(role={"Company Maintenance": {"add": "All"}})
    error = psa.post("/company/companies", {"identifier": "ferrer", "name": "Other"}).json()["errors"][0]
    assert (error["code"], error["field"]) == ("ObjectExists", "identifier")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/service/nothing", 404),
        ("GET", "/service/tickets/48213/notes/1/2", 404),
        ("DELETE", "/service/boards/1", 405),
        ("POST", "/service/boards", 405),
        ("GET", "/service/boards/99/statuses", 404),
        ("GET", "/system/members/Sam", 200),
        ("GET", "/system/members/186", 200),
        ("GET", "/system/members/nobody", 404),
        ("GET", "/service/tickets/abc", 404),
        ("POST", "/service/tickets/count", 405),
        ("GET", "/service/boards/1/types", 200),
        ("GET", "/service/sources/", 200),
        ("GET", "/service/boards/1/typeSubTypeItemAssociations", 200),
        ("GET", "/system/info/members", 200),
        ("GET", "/company/companies/250/sites", 200),
        ("GET", "/company/communicationTypes/count", 200),
    ],
)
def test_paths_and_methods(psa: Psa, method: str, path: str, status: int) -> None:
    answer = psa.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == status
    assert status < 400 or answer.json()["code"] in ("NotFound", "MethodNotAllowed")
