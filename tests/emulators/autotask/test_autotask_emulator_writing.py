"""What the Autotask emulator takes, refuses and quietly does with tickets, notes, contacts and insights."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulators.autotask.conftest import Autotask

VENDOR = {"ApiIntegrationCode": "DEMOVENDORTRACKING000000001"}
TICKET = {"companyID": 175, "title": "t", "status": 1, "priority": 2, "queueID": 29680055}
NOTE = {"title": "t", "description": "d", "noteType": 2, "publish": 2}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "/Contacts", 404),
        ("POST", "/Contacts", 404),
        ("POST", "/TicketNotes", 404),
        ("PATCH", "/TicketNotes", 404),
        ("GET", "/Tickets/148213/TimeEntries", 404),
        ("POST", "/Tickets/148213/TimeEntries", 404),
        ("GET", "/Nothing/query", 404),
        ("GET", "/Tickets/148213/Notes/query", 404),
        ("PUT", "/Contacts/30683077", 405),
        ("PATCH", "/Contacts/30683077", 405),
        ("PATCH", "/Tickets/148213", 405),
        ("DELETE", "/Tickets/148213", 405),
        ("DELETE", "/TicketNotes/30776001", 405),
        ("DELETE", "/Tickets/148213/Notes/30776001", 405),
        ("GET", "/Tickets", 405),
        ("POST", "/Resources", 405),
        ("POST", "/TicketCategories/3/FieldDefaults", 405),
        ("POST", "/Tickets/entityInformation", 405),
        ("POST", "/ThresholdInformation", 405),
    ],
)
def test_the_verb_matrix_is_that_of_the_public_schema(psa: Autotask, method: str, path: str, status: int) -> None:
    answer = psa.call(method, path, {"id": 30683077, "mobilePhone": "2025550199"})
    assert answer.status_code == status
    if status == 404:
        assert answer.text.startswith("<!DOCTYPE html>")
    else:
        assert answer.json() == {"Message": f"The requested resource does not support http method '{method}'."}
    assert psa.item("Contacts", 30683077)["mobilePhone"] == "2025550142"


def test_a_ticket_is_made_read_and_changed(psa: Autotask) -> None:
    made = psa.done("POST", "/Tickets", {**TICKET, "CONTACTID": "30683077", "source": -1, "id": 0})
    assert list(made) == ["itemId"]
    ticket = psa.item("Tickets", made["itemId"])
    assert ticket["ticketNumber"].startswith("T20") and ticket["ticketNumber"][9] == "."
    assert (ticket["contactID"], ticket["source"], ticket["ticketCategory"]) == (30683077, -1, 3)
    assert (ticket["creatorResourceID"], ticket["apiVendorID"]) == (29689999, None)
    assert psa.done("PATCH", "/Tickets", {"id": str(made["itemId"]), "status": 5}) == made
    assert psa.item("Tickets", made["itemId"])["completedDate"] is not None
    psa.done("PATCH", "/Tickets", {"id": made["itemId"], "status": 8, "contactID": None})
    changed = psa.item("Tickets", made["itemId"])
    assert (changed["completedDate"], changed["contactID"], changed["title"]) == (None, None, "t")
    by_vendor = psa.done("POST", "/Tickets", TICKET, VENDOR)["itemId"]
    assert psa.item("Tickets", by_vendor)["apiVendorID"] == 900


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"title": ""}, "Missing Required Field: title"),
        ({"queueID": None}, "Object reference not set"),
        ({"companyID": 99999}, "Reference value on field: companyID of type: Company does not exist or is invalid."),
        ({"status": 99}, "status"),
        ({"status": 16}, "status"),
        ({"status": "New"}, "Conversion failed when converting"),
        ({"title": "x" * 256}, "title"),
        ({"issueType": 10, "subIssueType": 138}, "Value does not exist for child picklist: subIssueType"),
        ({"assignedResourceID": 29680011}, "assignedResourceRoleID"),
        ({"assignedResourceID": 29680011, "assignedResourceRoleID": 29680501}, "not a role"),
        ({"contactID": 30683081}, "Value does not reference an existing entity for contactID ."),
        ({"dueDateTime": "tomorrow"}, "Conversion failed when converting date"),
    ],
)
def test_a_ticket_that_breaks_a_rule_is_not_made(psa: Autotask, changes: dict[str, Any], text: str) -> None:
    before = psa.control("records/Tickets")
    assert text in psa.errors("POST", "/Tickets", {**TICKET, **changes})
    assert psa.control("records/Tickets") == before


def test_all_that_is_missing_is_named_at_once_and_some_only_after_that(psa: Autotask) -> None:
    assert psa.errors("POST", "/Tickets", {"companyID": 0}) == " | ".join(
        f"Missing Required Field: {name}" for name in ("title", "status", "priority")
    )
    without = {name: value for name, value in TICKET.items() if name != "queueID"}
    assert "queue" in psa.errors("POST", "/Tickets", without)
    role = {"assignedResourceID": 29680012, "assignedResourceRoleID": 29680501}
    psa.done("POST", "/Tickets", {**without, **role})
    psa.faults(due_date_required=True)
    assert psa.errors("POST", "/Tickets", TICKET) == "Missing Required Field: dueDateTime"
    psa.done("POST", "/Tickets", {**TICKET, "dueDateTime": "2026-12-16T17:00:00.000"})


def test_a_contact_of_the_company_above_may_stand_on_a_ticket(psa: Autotask) -> None:
    psa.done("POST", "/Tickets", {**TICKET, "companyID": 179, "contactID": 30683077})


def test_a_company_is_changed_only_with_what_hangs_on_it(psa: Autotask) -> None:
    assert "contactID" in psa.errors("PATCH", "/Tickets", {"id": 148213, "companyID": 176})
    psa.done("PATCH", "/Tickets", {"id": 148213, "companyID": 176, "contactID": None})


def test_put_makes_null_what_it_does_not_name(psa: Autotask) -> None:
    assert "Missing Required Field: title" in psa.errors("PUT", "/Tickets", {"id": 148213, "status": 8})
    psa.done("PUT", "/Tickets", {"id": 148213, **TICKET})
    ticket = psa.item("Tickets", 148213)
    assert (ticket["contactID"], ticket["issueType"], ticket["ticketNumber"][-4:]) == (None, None, "8213")


@pytest.mark.parametrize("path", ["/Tickets", "/Companies/175/Contacts", "/Tickets/148213/Notes"])
def test_an_update_without_a_known_id_finds_nothing(psa: Autotask, path: str) -> None:
    assert "No matching records found" in psa.errors("PATCH", path, {"id": 1, "title": "x"})
    assert "No matching records found" in psa.errors("PATCH", path, {"title": "x"})


def test_a_note_is_made_below_its_ticket_and_cannot_be_moved(psa: Autotask) -> None:
    made = psa.done("POST", "/Tickets/148213/Notes", {**NOTE, "ticketID": 148213})["itemId"]
    note = psa.item("TicketNotes", made)
    assert (note["ticketID"], note["publish"], note["description"]) == (148213, 2, "d")
    assert made in psa.ids("TicketNotes", {"op": "eq", "field": "ticketID", "value": 148213})
    assert made in [row["id"] for row in psa.done("GET", "/Tickets/148213/Notes")["items"]]
    psa.done("PATCH", "/Tickets/148213/Notes", {"id": made, "description": "e"})
    assert psa.item("TicketNotes", made)["description"] == "e"
    assert "ticketID" in psa.errors("PATCH", "/Tickets/148213/Notes", {"id": made, "ticketID": 148219})
    assert "No matching" in psa.errors("PATCH", "/Tickets/148219/Notes", {"id": made, "description": "f"})
    assert psa.done("GET", f"/Tickets/148219/Notes/{made}") == {"item": None}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"publish": 3}, "publish"),
        ({"noteType": 13}, "noteType"),
        ({"description": ""}, "Missing Required Field: description"),
        ({"title": "x" * 251}, "title"),
        ({"createdByContactID": 30683077}, "contact"),
        ({"createdByContactID": 30683081, "publish": 1}, "contact"),
    ],
)
def test_a_note_that_breaks_a_rule_is_not_made(psa: Autotask, changes: dict[str, Any], text: str) -> None:
    assert text in psa.errors("POST", "/Tickets/148213/Notes", {**NOTE, **changes})


def test_a_contact_can_speak_in_a_note_for_all(psa: Autotask) -> None:
    spoken = {**NOTE, "publish": 1, "createdByContactID": 30683077}
    made = psa.done("POST", "/Tickets/148213/Notes", spoken)["itemId"]
    note = psa.item("TicketNotes", made)
    assert (note["createdByContactID"], note["creatorResourceID"]) == (30683077, None)
    psa.faults(missing_rights={"impersonate contact": "500"})
    assert "adequate permissions" in psa.errors("POST", "/Tickets/148213/Notes", spoken)


def test_titles_and_workflow_rules_are_the_tenants_choice(psa: Autotask) -> None:
    untitled = {name: value for name, value in NOTE.items() if name != "title"}
    psa.done("POST", "/Tickets/148213/Notes", untitled)
    psa.faults(note_title_required=True, workflow_notes=True)
    assert psa.errors("POST", "/Tickets/148213/Notes", untitled) == "Missing Required Field: title"
    psa.done("POST", "/Tickets/148213/Notes", NOTE)
    notes = psa.query("TicketNotes", {"op": "eq", "field": "ticketID", "value": 148213})["items"]
    assert [note["noteType"] for note in notes][-2:] == [2, 13]


def test_a_contacts_mobile_is_changed_below_its_own_company(psa: Autotask) -> None:
    body = {"id": 30683077, "mobilePhone": "+44 7700 900123"}
    assert "No matching" in psa.errors("PATCH", "/Companies/176/Contacts", body)
    assert psa.done("PATCH", "/Companies/175/Contacts", body) == {"itemId": 30683077}
    contact = psa.item("Contacts", 30683077)
    assert (contact["mobilePhone"], contact["phone"], contact["isActive"]) == ("+44 7700 900123", "2025550177", 1)
    assert "mobilePhone" in psa.errors("PATCH", "/Companies/175/Contacts", {**body, "mobilePhone": "1" * 26})
    assert "companyID" in psa.errors("PATCH", "/Companies/175/Contacts", {**body, "companyID": 176})
    psa.done("PATCH", "/Companies/175/Contacts", {**body, "companyID": 175, "mobilePhone": None})
    assert psa.item("Contacts", 30683077)["mobilePhone"] is None


def test_a_contact_is_made_and_deleted_unless_a_ticket_names_it(psa: Autotask) -> None:
    person = {"firstName": "New", "lastName": "Person", "isActive": 1}
    made = psa.done("POST", "/Companies/175/Contacts", person)["itemId"]
    assert psa.item("Contacts", made)["companyID"] == 175
    psa.done("DELETE", f"/Companies/175/Contacts/{made}")
    assert psa.done("GET", f"/Contacts/{made}") == {"item": None}
    assert "No matching records found" in psa.errors("DELETE", f"/Companies/175/Contacts/{made}")
    assert "tickets" in psa.errors("DELETE", "/Companies/175/Contacts/30683077")
    assert "Reference value" in psa.errors("POST", "/Companies/999/Contacts", person)


@pytest.mark.parametrize(
    "sent",
    ["", "[1]", "{", gzip.compress(json.dumps(TICKET).encode(), mtime=0)],
    ids=["empty", "list", "broken", "packed"],
)
def test_a_body_that_is_no_plain_object_is_a_500(psa: Autotask, sent: str | bytes) -> None:
    headers = {"Content-Encoding": "gzip"} if isinstance(sent, bytes) else {}
    assert psa.call("POST", "/Tickets", headers=headers, data=sent).status_code == 500


def test_only_the_vendor_may_make_an_insight_unless_told_otherwise(psa: Autotask) -> None:
    row = {
        "title": "Verify",
        "referenceUrl": "https://pod.example/x",
        "secret": "s",
        "insightKey": "K",
        "vendorSuppliedID": "v",
        "insightCategory": 1,
    }
    assert "adequate permissions" in psa.errors("POST", "/IntegrationVendorInsights", row)
    psa.faults(insights_by_custom_code=True)
    made = psa.done("POST", "/IntegrationVendorInsights", row)["itemId"]
    assert psa.item("IntegrationVendorInsights", made)["isActive"] is True
    psa.done("PATCH", "/IntegrationVendorInsights", {"id": made, "height": 420})
    assert psa.item("IntegrationVendorInsights", made)["height"] == 420
    psa.done("DELETE", f"/IntegrationVendorInsights/{made}")
    assert psa.ids("IntegrationVendorInsights", {"op": "exist", "field": "id"}) == []
    lacking = {name: value for name, value in row.items() if name not in ("secret", "insightKey")}
    complaints = psa.errors("POST", "/IntegrationVendorInsights", lacking)
    assert complaints == "Missing Required Field: secret | Missing Required Field: insightKey"


def test_records_can_be_changed_from_outside(psa: Autotask) -> None:
    psa.control("records/Tickets", {"id": 148213, "contactID": None})
    assert psa.item("Tickets", 148213)["contactID"] is None
    made = psa.control("records/Companies", {"companyName": "X", "companyType": 1, "ownerResourceID": 4, "phone": "1"})
    assert psa.item("Companies", made["id"])["companyName"] == "X"
    psa.control("records/Resources", {"id": 29680012, "_impersonable": False})
    assert "adequate" in psa.errors("POST", "/Tickets/148213/Notes", NOTE, {"ImpersonationResourceId": "29680012"})


def test_records_survive_a_restart(start_autotask: Callable[[Path], Autotask], tmp_path: Path) -> None:
    made = start_autotask(tmp_path).done("POST", "/Tickets", TICKET)["itemId"]
    again = start_autotask(tmp_path)
    assert again.item("Tickets", made)["title"] == "t"
    assert again.done("POST", "/Tickets", TICKET)["itemId"] == made + 1
