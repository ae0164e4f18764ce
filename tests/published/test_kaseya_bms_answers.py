"""Every call that our emulator of BMS knows is published, is made here once, and is answered as Kaseya describes."""

from __future__ import annotations

from typing import Any, Final

import pytest
import requests
from bms_description import Description
from published_rig import RelayedWorld

from emulators.kaseya_bms.paths import _CALLS, find

TICKET, CONTACT, ACCOUNT = 1048213, 90211, 5521
NOTE: Final = {"details": "Seen.<br/>Twice", "isInternal": True, "noteDate": "2026-03-12T14:06:10Z", "typeId": 4}
NEW: Final = {
    "title": "From outside", "details": "Asked.", "accountId": ACCOUNT, "locationId": 7714, "contactId": CONTACT,
    "statusId": 35540, "priorityId": 31207, "typeId": 8, "sourceId": 1, "queueId": 28804,
    "openDate": "2026-03-12T14:05:00Z",
    "ccs": [{"id": CONTACT, "emailAddress": "dana@larkfield.example", "entityType": 1}],
}  # fmt: skip
SEARCH: Final = {"pageSize": 5, "pageNumber": 1, "filter": {"excludeCompleted": 1, "queueNames": "Help Desk"}}
PERSON: Final = {
    "firstName": "New", "lastName": "Person", "accountId": ACCOUNT, "locationId": 7714,
    "phones": [{"phoneNumber": "2025550199", "phoneTypeId": 3, "isDefault": True}],
    "emails": [{"emailAddress": "new@larkfield.example", "emailTypeId": 1, "isDefault": True}],
}  # fmt: skip
WHOLE: Final = {
    "accountId": ACCOUNT, "locationId": 7714, "firstName": "Dana", "lastName": "Whitfield", "poc": True,
    "isActive": True, "receiveInvoices": False, "billByContact": False,
}  # fmt: skip
PHONES: Final = [
    {"operation": 0, "phoneNumber": "+1 202 555 0198", "typeId": 3, "isDefault": False},
    {"operation": 1, "phoneNumber": "+1 202 555 0198", "newPhoneNumber": "+1 202 555 0197", "typeId": 3},
]
EMAILS: Final = [{"operation": 0, "emailAddress": "second@larkfield.example", "typeId": 1, "isDefault": False}]

# Method, path below /v2/ with the values of its parameters, body.
CALLS: Final[list[tuple[str, str, Any]]] = [
    ("GET", "security/userinfo", None),
    ("GET", "servicedesk/tickets?Filter.ExcludeCompleted=1&PageSize=3&PageNumber=1", None),
    ("POST", "servicedesk/tickets", NEW),
    ("POST", "servicedesk/tickets/search", SEARCH),
    ("POST", "servicedesk/mytickets/search", {"pageSize": 5}),
    ("POST", "servicedesk/queuetickets/search", {"pageSize": 5}),
    ("GET", "servicedesk/tickets/searchselect?Filter.ExcludeCompleted=true&PageSize=3", None),
    ("GET", "servicedesk/tickets/count?ExcludeCompleted=1", None),
    ("GET", f"servicedesk/tickets/{TICKET}", None),
    ("PATCH", f"servicedesk/tickets/{TICKET}", [{"op": "replace", "path": "/StatusId", "value": 35543}]),
    ("POST", f"servicedesk/tickets/{TICKET}/assignticket", {**NOTE, "statusId": 35543, "assigneeId": 3310}),
    ("POST", f"servicedesk/tickets/{TICKET}/resolve", {"comment": "Done", "isInternal": True}),
    ("GET", f"servicedesk/tickets/{TICKET - 42}/activities?Filter.OnlyInternal=false", None),
    ("POST", f"servicedesk/tickets/{TICKET}/notes", NOTE),
    ("GET", f"servicedesk/tickets/{TICKET}/notes", None),
    ("GET", f"servicedesk/tickets/{TICKET}/notes/{{note}}", None),
    ("PUT", f"servicedesk/tickets/{TICKET}/notes/{{note}}", {**NOTE, "isInternal": False}),
    ("DELETE", f"servicedesk/tickets/{TICKET}/notes/{{note}}", None),
    ("GET", "servicedesk/templates/tickets/lookup", None),
    ("GET", "servicedesk/templates/tickets/1501", None),
    ("GET", f"crm/contacts/summary?Filter.AccountId={ACCOUNT}&Filter.IsActive=true&PageSize=100", None),
    ("POST", "crm/contacts/summary", PERSON),
    ("GET", f"crm/contacts/summary/{CONTACT}", None),
    ("GET", f"crm/contacts/search?Filter.AccountIds={ACCOUNT}&Filter.AccountIds=5522&Filter.IsActive=true", None),
    ("PUT", f"crm/contacts/{CONTACT}", WHOLE),
    ("PATCH", f"crm/contacts/{CONTACT}", [{"op": "replace", "path": "/JobTitle", "value": "Controller"}]),
    ("PATCH", f"crm/contacts/{CONTACT}/phones", PHONES),
    ("PATCH", f"crm/contacts/{CONTACT}/emails", EMAILS),
    ("GET", "crm/accounts/summary?Filter.IsActive=true&PageSize=3", None),
    ("GET", f"crm/accounts/summary/{ACCOUNT}", None),
    ("GET", "crm/accounts/lookup?Filter.Name=dental", None),
    ("GET", f"crm/accounts/{ACCOUNT}/locations/lookup", None),
    ("GET", f"crm/accounts/{ACCOUNT}/contacts/lookup?Filter.Name=dana", None),
    ("GET", f"crm/accounts/{ACCOUNT}/contacts/{CONTACT}/summaryinfo", None),
    ("DELETE", f"crm/contacts/{CONTACT}", None),
    ("GET", "system/statuses/lookup", None),
    ("GET", "system/priorities/lookup", None),
    ("GET", "system/queues/lookup", None),
    ("GET", "system/issuetypes/lookup?Filter.Name=net", None),
    ("GET", "system/issuetypes/4101/issuesubtypes/lookup", None),
    ("GET", "system/slas/lookup", None),
    ("GET", "system/worktypes/lookup", None),
    ("GET", "system/roles/lookup", None),
    ("GET", "system/lookup/ContactType", None),
    ("GET", "system/tenantlookup/ContactType", None),
    ("GET", "hr/assignees/lookup?Filter.Name=sam", None),
    ("GET", "hr/employees/lookup?PageSize=2", None),
    ("GET", "hr/employees/searchselect?Filter.Filter_Text=a&Filter.IsActive=true", None),
]


def call(bms: RelayedWorld, headers: dict[str, str], method: str, path: str, body: Any) -> requests.Response:
    return requests.request(method, f"{bms.relay.url}/v2/{path}", json=body, headers=headers, timeout=10)


def test_each_call_that_the_emulator_knows_is_published(description: Description) -> None:
    for method, path, _ in _CALLS:
        assert description.operation(method, "/v2/" + path.replace("{name}", "X").replace("{}", "1")), path


def test_each_call_is_answered_as_it_is_published(bms: RelayedWorld) -> None:
    bms.allow_everything()
    headers, note, made = bms.sign_in(), 0, set()
    for method, path, body in CALLS:
        path = path.replace("{note}", str(note))
        answer = call(bms, headers, method, path, body)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        if path.endswith("/notes") and method == "POST":
            note = answer.json()["result"]["id"]
        known = find(method, path.partition("?")[0])
        assert isinstance(known, tuple)
        made.add(known[0])
    assert made == {f"{method} {path}" for method, path, _ in _CALLS}, "each call of the emulator has its line above"


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({**NEW, "mood": "fine"}, "'mood' was unexpected"),
        ({**NEW, "statusId": "New"}, "'New' is not of type 'integer'"),
        ({name: value for name, value in NEW.items() if name != "locationId"}, "'locationId' is a required property"),
    ],
)
def test_the_judge_hears_what_is_wrong_in_a_call(
    bms: RelayedWorld, description: Description, sent: Any, complaint: str
) -> None:
    call(bms, bms.sign_in(), "POST", "servicedesk/tickets", sent)
    said = [each for exchange in bms.relay.exchanges for each in description.complaints(exchange)]
    bms.relay.exchanges.clear()
    assert len(said) == 1 and complaint in said[0]
