"""Filters, pages and metadata of the Autotask emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from tests.emulators.autotask.conftest import Autotask

LARKFIELD = {"op": "eq", "field": "companyID", "value": 175}
EVERY = {"op": "exist", "field": "id"}


def condition(op: str, field: str, *value: Any) -> dict[str, Any]:
    return {"op": op, "field": field, **({"value": value[0]} if value else {})}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (condition("eq", "LASTNAME", "whitfield"), [77]),
        (condition("eq", "id", "30683078"), [78]),
        (condition("noteq", "lastName", "Whitfield"), [78, 79, 80]),
        (condition("beginsWith", "firstName", "in"), [79]),
        (condition("endsWith", "emailAddress", "LARKFIELD.example"), [77, 78, 79, 80]),
        (condition("contains", "mobilePhone", "555-0118"), [78]),
        (condition("contains", "mobilePhone", "5550118"), []),
        (condition("exist", "phone"), [77, 79, 80]),
        (condition("notExist", "phone"), [78]),
        (condition("in", "id", [30683077, 30683080, 1]), [77, 80]),
        (condition("notIn", "id", [30683077, 30683080]), [78, 79]),
        (condition("gt", "id", 30683078), [79, 80]),
        (condition("lte", "id", 30683078), [77, 78]),
        (condition("eq", "isActive", True), [77, 78, 79, 80]),
        (condition("gte", "createDate", "2020-01-01"), [77, 78, 79, 80]),
        (condition("lt", "createDate", "2020-01-01T00:00:00.000Z"), []),
        ({"op": "or", "items": [condition("eq", "firstName", "Dana"), condition("eq", "firstName", "Theo")]}, [77, 80]),
        (
            {
                "op": "or",
                "items": [
                    {"op": "and", "items": [condition("exist", "phone"), condition("eq", "extension", "14")]},
                    condition("eq", "firstName", "Marcus"),
                ],
            },
            [78, 80],
        ),
        # Misspelt, so that it is no condition at all.
        (condition("noteExist", "phone"), [77, 78, 79, 80]),
    ],
)
def test_every_operator_finds_what_it_says(psa: Autotask, found: Any, wanted: list[int]) -> None:
    assert [key - 30683000 for key in psa.ids("Contacts", LARKFIELD, found)] == wanted


def test_a_misspelt_operator_can_be_refused(psa: Autotask) -> None:
    psa.faults(unknown_operator="refused")
    assert "noteExist" in psa.errors("POST", "/Contacts/query", {"filter": [condition("noteExist", "phone")]})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"filter": [condition("eq", "phoneNumber", "1")]}, "Unable to find phoneNumber in the Contact Entity."),
        ({"filter": [EVERY], "IncludeFields": ["id", "shoe"]}, "Unable to find shoe in the Contact Entity."),
        ({"filter": [EVERY], "IncludeFields": ["userDefinedFields"]}, "Unable to find userDefinedFields"),
        ({"filter": [condition("eq", "companyID", "Larkfield")]}, "Conversion failed when converting"),
        ({"filter": [condition("eq", "surveyOptOut", True)]}, "surveyOptOut"),
        ({"filter": []}, "Parameter name: filters"),
        ({"MaxRecords": 5}, "Parameter name: filters"),
        ({"filter": [{"op": "or", "items": [condition("eq", "id", n) for n in range(501)]}]}, "OR conditions"),
        (
            {"filter": [{**condition("eq", "Verified caller", "x"), "udf": True}]},
            "Unable to find Verified caller in the Contact Entity.",
        ),
    ],
)
def test_a_query_that_it_cannot_read_is_a_500_with_its_reason(psa: Autotask, body: Any, text: str) -> None:
    assert text in psa.errors("POST", "/Contacts/query", body)


def test_a_user_defined_field_can_be_queried_and_written(psa: Autotask) -> None:
    udf = {"op": "eq", "field": "Verified caller", "value": "today", "udf": True}
    assert psa.ids("Tickets", udf) == []
    psa.done("PATCH", "/Tickets", {"id": 148213, "userDefinedFields": [{"name": "Verified caller", "value": "today"}]})
    assert psa.ids("Tickets", udf) == [148213]
    assert "Only one" in psa.errors("POST", "/Tickets/query", {"filter": [udf, udf]})


def test_chosen_fields_come_alone_and_with_an_empty_list_of_user_defined_ones(psa: Autotask) -> None:
    found = psa.query("Contacts", LARKFIELD, includefields=["ID", "lastname"], maxRecords=1)
    assert found["items"] == [{"id": 30683077, "lastName": "Whitfield", "userDefinedFields": []}]
    assert found["pageDetails"]["requestCount"] == 1


def test_pages_of_a_post_query_want_the_same_body_again(psa: Autotask) -> None:
    body = {"MaxRecords": 900, "filter": [{"op": "eq", "field": "companyID", "value": 190}]}
    first = psa.done("POST", "/Contacts/query", body)
    following = first["pageDetails"]["nextPageUrl"]
    assert first["pageDetails"] == {"count": 500, "requestCount": 500, "prevPageUrl": None, "nextPageUrl": following}
    assert "190" not in urlsplit(following).query  # a position, no filter
    wrong = psa.call("GET", following)
    assert wrong.status_code == 405
    assert wrong.json() == {"Message": "The requested resource does not support http method 'GET'."}
    assert "Parameter name: filters" in psa.errors("POST", following)
    second = psa.done("POST", following, body)
    assert [second["pageDetails"]["count"], second["pageDetails"]["nextPageUrl"]] == [20, None]
    ids = [row["id"] for row in first["items"] + second["items"]]
    assert ids == sorted(set(ids)) and len(ids) == 520
    back = psa.done("POST", second["pageDetails"]["prevPageUrl"], body)
    assert [row["id"] for row in back["items"]] == [row["id"] for row in first["items"]]


def test_pages_of_a_get_query_carry_its_search(psa: Autotask) -> None:
    search = json.dumps({"MaxRecords": 3, "filter": [LARKFIELD]})
    first = psa.call("GET", "/Contacts/query", params={"search": search}).json()
    second = psa.done("GET", first["pageDetails"]["nextPageUrl"])
    assert [len(first["items"]), len(second["items"])] == [3, 1]
    assert psa.call("GET", "/Contacts/query/count", params={"search": search}).json() == {"queryCount": 4}


def test_an_address_that_is_too_long_is_a_page_of_html(psa: Autotask) -> None:
    search = json.dumps({"filter": [{"op": "in", "field": "id", "value": list(range(400))}]})
    answer = psa.call("GET", "/Contacts/query", params={"search": search})
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html")
    assert psa.call("POST", "/Contacts/query", json.loads(search)).status_code == 200


def test_rows_come_by_ascending_id_whatever_they_are(psa: Autotask) -> None:
    made = psa.done("POST", "/Tickets", {"companyID": 0, "title": "a", "status": 1, "priority": 2, "queueID": 5})
    ids = psa.ids("Tickets", EVERY)
    assert ids == sorted(ids) and ids[-1] == made["itemId"]
    assert psa.ids("Companies", {"op": "gte", "field": "id", "value": 0})[0] == 0


def test_a_record_that_is_not_there_is_a_null_item_or_404(psa: Autotask) -> None:
    assert psa.done("GET", "/Tickets/1") == {"item": None}
    psa.faults(missing_item="404")
    assert psa.call("GET", "/Tickets/1").status_code == 404


def test_metadata_has_strings_where_records_have_numbers(psa: Autotask) -> None:
    fields = {each["name"]: each for each in psa.done("GET", "/Tickets/entityinformation/fields")["fields"]}
    source = fields["source"]
    assert source["picklistValues"][0] == {
        "value": "-1",
        "label": "Client Portal",
        "isDefaultValue": False,
        "sortOrder": 1,
        "parentValue": "",
        "isActive": True,
        "isSystem": True,
    }
    assert psa.item("Tickets", 148150)["source"] == 4 and psa.item("Tickets", 148196)["source"] == -1
    assert fields["subIssueType"]["picklistParentValueField"] == "issueType"
    assert fields["subIssueType"]["picklistValues"][0]["parentValue"] == "10"
    assert (fields["companyID"]["referenceEntityType"], fields["companyID"]["isRequired"]) == ("Company", True)
    assert (fields["title"]["dataType"], fields["title"]["length"]) == ("string", 255)
    contact = {each["name"]: each for each in psa.done("GET", "/Contacts/entityInformation/fields")["fields"]}
    assert (contact["isActive"]["dataType"], contact["mobilePhone"]["length"]) == ("integer", 25)
    udfs = psa.done("GET", "/Tickets/entityInformation/userDefinedFields")["fields"]
    assert [each["label"] for each in udfs] == ["Verified caller"]


def test_category_defaults_and_roles_can_be_read(psa: Autotask) -> None:
    defaults = psa.done("GET", "/TicketCategories/3/FieldDefaults")["items"]
    assert [(each["queueID"], each["status"]) for each in defaults] == [(29680055, 1)]
    held = psa.ids("ResourceServiceDeskRoles", {"op": "eq", "field": "resourceID", "value": 29680012})
    assert held == [2, 3]
