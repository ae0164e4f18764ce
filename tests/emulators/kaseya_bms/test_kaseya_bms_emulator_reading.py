"""Lists, filters, pages and single records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulators.kaseya_bms.conftest import Bms


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer["result"]]


def test_forty_tickets_come_in_pages_with_a_total_and_end_in_an_empty_one(bms: Bms) -> None:
    pages = [bms.search(page_size=25, page_number=number) for number in (0, 1, 2, 3)]
    assert [len(page["result"]) for page in pages] == [25, 25, 15, 0]
    assert {page["totalRecords"] for page in pages} == {40}
    assert ids(pages[0]) == ids(pages[1]) and not set(ids(pages[1])) & set(ids(pages[2]))
    assert len(ids(bms.search(page_size=0))) == 40


def test_a_list_row_names_the_contact_but_has_no_phone_and_no_address(bms: Bms) -> None:
    row = next(row for row in bms.search()["result"] if row["id"] == 1048213)
    assert (row["contactId"], row["contactName"]) == (90211, "Dana Whitfield")
    assert not [name for name in row if "phone" in name.lower() or "email" in name.lower()]
    whole = bms.result("/servicedesk/tickets/1048213")
    assert (whole["contactPhone"], whole["contactEmail"]) == ("2025550177", "dana@larkfield.example")


FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({"ticketNumber": "48213"}, {1048213}),
    ({"title": "VPN"}, {1048171}),
    ({"contactName": "ferrer", "excludeCompleted": 1}, {1048102, 1048188}),
    ({"statusNames": "Waiting Customer, In Progress"}, {1048077, 1048150, 1048171}),
    ({"accountIds": "5521,5522", "queueNames": "Field Service"}, {1048196, 1048204}),
    ({"contactId": 90221}, {1048219}),
    ({"priorityNames": "high", "ownerIds": "3310"}, {1048077, 1048171}),
    ({"nonsense": "x", "title": "court"}, {1048230}),
]


@pytest.mark.parametrize(("wanted", "found"), FILTERS)
def test_a_search_filters_in_its_body_and_the_list_in_its_address(
    bms: Bms, wanted: dict[str, Any], found: set[int]
) -> None:
    assert set(ids(bms.search(**wanted))) == found
    upper = {"Filter": {name[0].upper() + name[1:]: value for name, value in wanted.items()}, "PageSize": 50}
    assert set(ids(bms.request("POST", "/servicedesk/tickets/search", json=upper).json())) == found
    in_address = {f"Filter__{name}": value for name, value in wanted.items()}
    assert {row["id"] for row in bms.result("/servicedesk/tickets", **in_address)} == found
    assert bms.result("/servicedesk/tickets/count", **wanted) == {"count": len(found)}


def test_a_mistyped_filter_is_ignored_so_everything_comes(bms: Bms) -> None:
    assert len(bms.result("/servicedesk/tickets", Titel="VPN")) == 40
    assert len(bms.result("/servicedesk/tickets", top=3)) == 40


def test_exclude_completed_is_a_number_here_and_true_or_false_there(bms: Bms) -> None:
    open_ones = bms.search(excludeCompleted=1)["totalRecords"]
    assert 0 < open_ones < 40
    assert len(bms.result("/servicedesk/tickets/searchselect", Filter__ExcludeCompleted="true")) == open_ones
    refused = bms.get("/servicedesk/tickets/searchselect", Filter__ExcludeCompleted=1)
    assert refused.status_code == 400 and "success" not in refused.json()


def test_dates_filter_with_and_without_an_offset(bms: Bms) -> None:
    opened = bms.result("/servicedesk/tickets/1048213")["openDate"]
    assert not opened.endswith("Z")
    for text in (opened, f"{opened}Z"):
        assert set(ids(bms.search(openDateFrom=text))) >= {1048213, 1048230}
        assert 1048230 not in ids(bms.search(openDateTo=text))


def test_the_contact_summary_has_every_phone_and_is_bare_by_id(bms: Bms) -> None:
    bare = bms.get("/crm/contacts/summary/90211").json()
    assert "success" not in bare and [item["phone"] for item in bare["phones"]] == ["2025550177", "2025550142"]
    assert [item["phoneType"] for item in bare["phones"]] == ["Work", "Mobile"]
    bms.faults(summaries_wrapped=True)
    assert bms.get("/crm/contacts/summary/90211").json()["result"] == bare
    listed = bms.get("/crm/contacts/summary", Filter__AccountId=5525).json()
    assert listed["totalRecords"] == 4 and len(listed["result"][0]["phones"]) == 3


def test_the_phone_filter_matches_as_the_tenant_is_set(bms: Bms) -> None:
    def found(text: str) -> set[str]:
        return {row["firstName"] for row in bms.result("/crm/contacts/summary", Filter__Phone=text)}

    assert found("2025550150") == {"Ingrid", "Theo"} and found("(202) 555-0150") == set()
    bms.faults(phone_filter="digits")
    assert found("(202) 555-0150") == {"Ingrid", "Theo"}
    bms.faults(phone_filter="exact")
    assert found("2025550142") == {"Dana"} and found("5550142") == set()


def test_the_contact_search_repeats_its_ids_and_has_no_phones(bms: Bms) -> None:
    answer = bms.request(
        "GET", "/crm/contacts/search?Filter.AccountIds=5521&filter.accountids=5525&Filter.IsActive=true"
    )
    rows = answer.json()["result"]
    assert {row["accountId"] for row in rows} == {5521, 5525} and "totalRecords" not in answer.json()
    assert "phones" not in rows[0]
    assert [row["id"] for row in bms.result("/crm/contacts/search", Filter__EmailAddress="wei@")] == [90218]


def test_accounts_and_locations_belong_together(bms: Bms) -> None:
    assert "success" not in bms.get("/crm/accounts/summary/5521").json()
    assert {row["name"] for row in bms.result("/crm/accounts/lookup")} >= {"Larkfield Dental", "Tern & Sons"}
    assert len(bms.result("/crm/accounts/lookup", Filter__WithInactiveAccounts="true")) == 5
    places = bms.result("/crm/accounts/5521/locations/lookup")
    assert [(row["name"], row["isMain"]) for row in places] == [("Main", True), ("Annex", False)]


def test_the_odd_people_are_there(bms: Bms) -> None:
    people = {row["id"]: row for row in bms.result("/crm/contacts/summary")}
    assert people[90217]["phones"] == [] and people[90217]["emails"] == []
    assert people[90302]["locationId"] is None and people[90303]["lastName"] is None
    assert [row["id"] for row in people.values() if not row["isActive"]] == [90222, 90304]
    assert sum(row["contactId"] is None for row in bms.search()["result"]) == 2


def test_what_lists_may_be_asked_for_is_a_switch(bms: Bms) -> None:
    assert [row["name"] for row in bms.result("/system/lookup/phonetype")] == ["Work", "Home", "Mobile", "Fax"]
    assert bms.get("/system/lookup/NoteType").status_code == 404
    bms.faults(lookup_tables="ContactType,NoteType")
    assert len(bms.result("/system/tenantlookup/NoteType")) == 5
    assert bms.get("/system/lookup/PhoneType").status_code == 404


def test_pickers_show_people_and_no_api_employees(bms: Bms) -> None:
    assert [row["name"] for row in bms.result("/hr/assignees/lookup")] == ["Sam Okafor", "Priya Nair", "Mira Vogt"]
    everybody = bms.get("/hr/employees/searchselect").json()
    assert everybody["totalRecords"] == 4 and {row["isActive"] for row in everybody["result"]} == {True, False}
    bms.faults(api_employee_in_pickers=True)
    assert "Caller Verify" in {row["name"] for row in bms.result("/hr/employees/lookup")}


def test_notes_do_not_say_who_wrote_them_but_activities_do(bms: Bms) -> None:
    notes = bms.result("/servicedesk/tickets/1048213/notes")
    assert [(note["isInternal"], note["createdByName"]) for note in notes] == [
        (False, "Dana Whitfield"),
        (True, "Priya Nair"),
    ]
    activities = bms.get("/servicedesk/tickets/1048213/activities").json()
    assert activities["totalRecords"] == 2 and [row["isUser"] for row in activities["result"]] == [1, 0]
    kinds = [row["activityType"] for row in bms.get("/servicedesk/tickets/1048171/activities").json()["result"]]
    assert kinds == ["Time", "Note"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/servicedesk/tickets/999", 404),
        ("/crm/contacts/summary/1", 404),
        ("/crm/contacts", 404),
        ("/servicedesk/lookups/statuses", 404),
        ("/servicedesk/tickets/lookup", 404),
        ("/crm/contacts/90211", 405),
        ("/ServiceDesk/Tickets/1048213", 200),
    ],
)
def test_paths_that_others_invented_are_not_there(bms: Bms, path: str, status: int) -> None:
    assert bms.get(path).status_code == status


def test_a_value_of_a_wrong_type_gets_problem_details_or_the_envelope(bms: Bms) -> None:
    answer = bms.get("/crm/contacts/summary", Filter__AccountId="abc")
    assert answer.status_code == 400 and list(answer.json()["errors"]) == ["filter.accountId"]
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    bms.faults(binding="envelope")
    assert bms.get("/crm/contacts/summary", Filter__AccountId="abc").json()["error"]["subErrors"]
