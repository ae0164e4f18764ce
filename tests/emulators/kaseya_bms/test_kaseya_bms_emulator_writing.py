"""Creating and changing tickets, notes, contacts and their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulators.kaseya_bms.conftest import Bms

TICKET = {
    "title": "Identity check requested",
    "details": "Caller asked for a password reset.",
    "accountId": 5521,
    "locationId": 7714,
    "contactId": 90211,
    "statusId": 35540,
    "priorityId": 31207,
    "typeId": 8,
    "sourceId": 0,
    "queueId": 28804,
    "openDate": "2026-03-12T16:05:00+02:00",
}
NOTE = {"details": "Verified.<br/>Ref 1", "isInternal": True, "noteDate": "2026-03-12T14:06:10Z", "typeId": 4}
NOTES = "/servicedesk/tickets/1048213/notes"


def refusal(answer: Any) -> str:
    body = answer.json()
    assert body.get("success") is not True, body
    return str(body["error"]["message"] if "error" in body else body["errors"])


def test_a_created_ticket_has_an_id_and_a_number_and_is_found(bms: Bms) -> None:
    made = bms.request("POST", "/servicedesk/tickets", json=TICKET).json()["result"]
    assert made["ticketNumber"].startswith(f"{made['id'] % 1_000_000}-") and made["openDate"] == "2026-03-12T14:05:00"
    assert (made["contactPhone"], made["createdByName"], made["sourceName"]) == (
        "2025550177",
        "Caller Verify",
        "Client Portal",
    )
    assert bms.search(ticketNumber=made["ticketNumber"])["result"][0]["id"] == made["id"]


@pytest.mark.parametrize(
    "name",
    ["title", "details", "accountId", "locationId", "statusId", "priorityId", "typeId", "sourceId", "openDate"],
)
def test_a_ticket_without_one_of_the_nine_fields_is_refused(bms: Bms, name: str) -> None:
    body = {field: value for field, value in TICKET.items() if field != name}
    answer = bms.request("POST", "/servicedesk/tickets", json=body)
    assert answer.status_code == 400 and list(answer.json()["errors"]) == [name]
    assert bms.search()["totalRecords"] == 40


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"queueId": None}, "queue or an assignee"),
        ({"locationId": 7715}, "location does not belong"),
        ({"contactId": 90215}, "contact does not belong"),
        ({"statusId": 1}, "statusId"),
        ({"title": ""}, "title"),
        ({"typeId": 0}, "typeId"),
        ({"openDate": "yesterday"}, "openDate"),
        ({"priorityId": "high"}, "priorityId"),
    ],
)
def test_a_ticket_that_breaks_a_rule_is_refused_even_with_status_200(
    bms: Bms, change: dict[str, Any], words: str
) -> None:
    answer = bms.request("POST", "/servicedesk/tickets", json={**TICKET, **change})
    assert words in refusal(answer) and answer.status_code in (200, 400)
    assert bms.search()["totalRecords"] == 40
    assert bms.request("POST", "/servicedesk/tickets", json={**TICKET, "queueId": None, "assigneeId": 3307}).ok


@pytest.mark.parametrize("path", ["/StatusId", "statusId", "/STATUSID"])
def test_a_json_patch_moves_the_ticket_and_completes_it(bms: Bms, path: str) -> None:
    steps = [{"op": "replace", "path": path, "value": 35562}]
    done = bms.request("PATCH", "/servicedesk/tickets/1048213", json=steps).json()["result"]
    assert done["statusName"] == "Completed" and done["completedDate"] == done["lastStatusUpdate"]
    back = bms.request("PATCH", "/servicedesk/tickets/1048213", json=[{**steps[0], "value": 35540}]).json()["result"]
    assert back["completedDate"] is None and back["reOpenedDate"]


def test_a_patch_applies_whole_or_not_at_all(bms: Bms) -> None:
    steps = [
        {"op": "replace", "path": "/title", "value": "New title"},
        {"op": "replace", "path": "/locationId", "value": 7715},
    ]
    assert "location" in refusal(bms.request("PATCH", "/servicedesk/tickets/1048213", json=steps))
    assert bms.result("/servicedesk/tickets/1048213")["title"] == "Cannot sign in to webmail"
    read_only = next(row["id"] for row in bms.search()["result"] if row["title"].endswith("workstation 01"))
    assert bms.result(f"/servicedesk/tickets/{read_only}")["isReadOnly"] is True
    assert "read-only" in refusal(bms.request("PATCH", f"/servicedesk/tickets/{read_only}", json=steps[:1]))


def test_a_note_is_kept_as_html_and_its_status_moves_the_ticket(bms: Bms) -> None:
    made = bms.request("POST", NOTES, json={**NOTE, "statusId": 35543}).json()["result"]
    assert (made["details"], made["isInternal"], made["typeName"]) == ("Verified.<br/>Ref 1", True, "Task Notes")
    assert (made["createdByName"], made["createdByEmail"]) == ("Caller Verify", "caller.verify@northgate.example")
    ticket = bms.result("/servicedesk/tickets/1048213")
    assert ticket["statusName"] == "In Progress" and ticket["lastStatusUpdate"] == ticket["lastActivityUpdate"]
    assert bms.result(f"{NOTES}/{made['id']}") == made
    changed = bms.request("PUT", f"{NOTES}/{made['id']}", json={**NOTE, "isInternal": False}).json()["result"]
    assert changed["isInternal"] is False and changed["modifiedByName"] == "Caller Verify"


@pytest.mark.parametrize(
    "change",
    [
        {"details": None},
        {"details": ""},
        {"isInternal": None},
        {"isInternal": "true"},
        {"noteDate": None},
        {"typeId": None},
        {"typeId": 5},
    ],
)
def test_a_note_without_one_of_its_four_fields_is_refused(bms: Bms, change: dict[str, Any]) -> None:
    assert refusal(bms.request("POST", NOTES, json={**NOTE, **change}))
    assert len(bms.control("notes?ticket=1048213")) == 2


def test_assign_and_resolve_write_a_note_too(bms: Bms) -> None:
    ticket = "/servicedesk/tickets/1048221"
    answer = bms.request("POST", f"{ticket}/assignticket", json={**NOTE, "statusId": 35543, "assigneeId": 3310})
    assert (answer.status_code, answer.content) == (200, b"")
    assert bms.result(ticket)["assigneeName"] == "Priya Nair"
    assert "comment" in refusal(bms.request("POST", f"{ticket}/resolve", json={}))
    assert bms.request("POST", f"{ticket}/resolve", json={"comment": "Done"}).json()["result"]["completedDate"]
    assert [note["details"] for note in bms.result(f"{ticket}/notes")][1:] == ["Verified.<br/>Ref 1", "Done"]


def patch_phones(bms: Bms, *operations: dict[str, Any]) -> Any:
    return bms.request("PATCH", "/crm/contacts/90215/phones", json=list(operations))


def test_a_phone_is_changed_by_its_exact_old_text(bms: Bms) -> None:
    one = {"operation": 1, "phoneNumber": "202.555.0123", "newPhoneNumber": "+1 202 555 0171", "typeId": 3}
    result = patch_phones(bms, one).json()["result"]
    assert [result[name] for name in ("added", "updated", "deleted")] == [0, 1, 0]
    (phone,) = bms.get("/crm/contacts/summary/90215").json()["phones"]
    assert phone["phone"] == "+1 202 555 0171" and phone["isDefault"] is True
    assert phone["modifiedBy"] == 3399 and phone["modifiedOn"] > phone["createdOn"]


def test_another_spelling_of_the_old_number_is_not_found(bms: Bms) -> None:
    answer = patch_phones(bms, {"operation": 1, "phoneNumber": "2025550123", "newPhoneNumber": "1", "typeId": 3})
    assert answer.status_code == 200 and "was not found" in refusal(answer)
    assert bms.get("/crm/contacts/summary/90215").json()["phones"][0]["phone"] == "202.555.0123"


def test_operations_apply_all_or_none_and_keep_one_default(bms: Bms) -> None:
    add = {"operation": 0, "phoneNumber": "202-555-0172", "typeId": 1, "isDefault": True}
    assert "was not found" in refusal(patch_phones(bms, add, {"operation": 2, "phoneNumber": "nobody"}))
    assert len(bms.get("/crm/contacts/summary/90215").json()["phones"]) == 1
    assert patch_phones(bms, add).json()["result"]["added"] == 1
    assert [item["isDefault"] for item in bms.get("/crm/contacts/summary/90215").json()["phones"]] == [False, True]
    patch_phones(bms, {"operation": 2, "phoneNumber": "202-555-0172"})
    assert [item["isDefault"] for item in bms.get("/crm/contacts/summary/90215").json()["phones"]] == [True]
    assert patch_phones(bms, {"operation": 3, "phoneNumber": "1"}).status_code == 400


def test_what_the_numbers_of_the_operations_mean_is_a_switch(bms: Bms) -> None:
    bms.faults(phone_operations="add,delete,update")
    one = {"operation": 1, "phoneNumber": "202.555.0123", "newPhoneNumber": "+1 202 555 0171", "typeId": 3}
    result = patch_phones(bms, one).json()["result"]
    assert [result[name] for name in ("added", "updated", "deleted")] == [0, 0, 1] and result["phones"] == []


def test_a_put_of_a_contact_empties_what_it_leaves_out(bms: Bms) -> None:
    body = {"accountId": 5522, "locationId": 7715, "firstName": "Amara", "lastName": "Diallo"}
    result = bms.request("PUT", "/crm/contacts/90215", json=body).json()["result"]
    assert (result["isActive"], result["jobTitle"]) == (False, None) and len(result["phones"]) == 1
    patched = bms.request("PATCH", "/crm/contacts/90215", json=[{"op": "replace", "path": "/IsActive", "value": True}])
    assert patched.json()["result"]["isActive"] is True


def test_a_contact_is_created_with_other_names_for_its_numbers(bms: Bms) -> None:
    body = {
        "firstName": "Pia",
        "lastName": "Lund",
        "accountId": 5521,
        "locationId": 7714,
        "phones": [{"phoneNumber": "202-555-0173", "phoneTypeId": 3, "isDefault": True}],
    }
    made = bms.request("POST", "/crm/contacts/summary", json=body).json()["result"]
    assert made["phoneNumber"] == "202-555-0173" and made["accountName"] == "Larkfield Dental"
    assert bms.get(f"/crm/contacts/summary/{made['id']}").json()["phones"][0]["phoneType"] == "Mobile"


def test_a_body_must_be_json(bms: Bms) -> None:
    assert bms.request("POST", NOTES, data=NOTE).status_code == 415
    broken = bms.request("POST", NOTES, data="{", headers={"Content-Type": "application/json-patch+json"})
    assert broken.status_code == 400 and "errors" in broken.json()
