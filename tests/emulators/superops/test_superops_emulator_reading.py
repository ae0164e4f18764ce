"""Lists, conditions, pages, and the shapes of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulators.superops.conftest import SuperOps

LIST = (
    "query($i: ListInfoInput!) { getTicketList(input: $i) { tickets { ticketId displayId subject status createdTime } "
    "listInfo { page pageSize hasMore totalCount sort { attribute order } condition } } }"
)
USER = (
    "query($i: ClientUserIdentifierInput!) { getClientUser(input: $i) "
    "{ userId name email contactNumber site role client customFields } }"
)
USERS = (
    "query($i: GetClientUserListInput!) { getClientUserList(input: $i) { userList { userId name } "
    "listInfo { totalCount } } }"
)
ASSOCIATIONS = (
    "query($i: ListInfoInput!) { getClientUserAssociationList(input: $i) { associations "
    "{ id client { accountId name } site { id name } user { userId name email } } } }"
)


def leaf(attribute: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"attribute": attribute, "operator": operator, "value": value}


def group(join: str, *operands: Any) -> dict[str, Any]:
    return {"joinOperator": join, "operands": list(operands)}


def find(psa: SuperOps, condition: Any, **more: Any) -> list[str]:
    found = psa.data(LIST, i={"pageSize": 100, "condition": condition, **more})
    return [row["subject"] for row in found["tickets"]]


def user_of(psa: SuperOps, first: str) -> str:
    return next(row["userId"] for row in psa.control("records/users") if row["firstName"] == first)


# Condition -> subjects of some it finds, and of some it does not.
WEBMAIL, PRINTER, SCANNER = "Cannot sign in to webmail", "Printer offline in the workshop", "New scanner installed"
CONDITIONS: list[tuple[Any, str | None, str | None]] = [
    (leaf("status", "includes", ["New", "Scheduled"]), WEBMAIL, SCANNER),
    (leaf("status", "notIncludes", ["New", "Scheduled"]), SCANNER, WEBMAIL),
    (leaf("status", "isNot", "new"), SCANNER, WEBMAIL),
    (leaf("subject", "contains", "WEBMAIL"), WEBMAIL, PRINTER),
    (leaf("subject", "notContains", "webmail"), PRINTER, WEBMAIL),
    (leaf("subject", "startsWith", "printer"), PRINTER, WEBMAIL),
    (leaf("subject", "endsWith", "webmail"), WEBMAIL, PRINTER),
    (leaf("technician.name", "isEmpty"), "Laptop for a new archivist", WEBMAIL),
    (leaf("technician.name", "isNotEmpty"), WEBMAIL, "Laptop for a new archivist"),
    (leaf("client.name", "is", "Larkfield Dental"), WEBMAIL, PRINTER),
    (leaf("requester.email", "is", "dana@larkfield.example"), WEBMAIL, PRINTER),
    (leaf("technician.email", "is", "priya@northgate.example"), SCANNER, WEBMAIL),
    (leaf("createdTime", "inLast", {"unit": "DAY", "quantity": 1}), WEBMAIL, PRINTER),
    (leaf("createdTime", "after", "2020-01-01"), WEBMAIL, None),
    (leaf("createdTime", "before", "2020-01-01T00:00:00"), None, WEBMAIL),
    (leaf("createdTime", "between", ["2020-01-01", "2090-01-01T00:00:00"]), WEBMAIL, None),
    (leaf("createdTime", "inNext", {"unit": "DAY", "quantity": 1}), None, WEBMAIL),
    (leaf("createdTime", "on", "placeholder.last.month"), None, WEBMAIL),
    (leaf("resolutionViolated", "is", False), WEBMAIL, None),
    (group("OR", leaf("subject", "is", WEBMAIL), leaf("subject", "is", PRINTER)), PRINTER, SCANNER),
    (
        group(
            "AND",
            leaf("status", "is", "New"),
            group("OR", leaf("priority", "is", "High"), leaf("priority", "is", "Low")),
        ),
        WEBMAIL,
        "Backup warning on the file server",
    ),
]


@pytest.mark.parametrize("number", range(len(CONDITIONS)))
def test_a_condition_chooses(psa: SuperOps, number: int) -> None:
    condition, inside, outside = CONDITIONS[number]
    found = find(psa, condition)
    assert inside is None or inside in found
    assert outside is None or outside not in found


@pytest.mark.parametrize(
    "condition",
    [
        leaf("status", "is not", "New"),
        leaf("status", "eq", "New"),
        leaf("createdTime", "greater than", "2020-01-01"),
        leaf("ticketNumber", "is", "1"),
        leaf("status", "includes", "New"),
        leaf("createdTime", "on", "placeholder.tomorrow"),
        leaf("createdTime", "on", "soon"),
        {"operator": "AND", "value": [leaf("status", "is", "New")]},
        group("NOT", leaf("status", "is", "New")),
    ],
)
def test_what_it_does_not_know_ends_in_the_internal_error(psa: SuperOps, condition: Any) -> None:
    answer = psa.answer(LIST, i={"condition": condition})
    assert answer["errors"] == [{"message": "Internal Server Error(s) while executing query"}]
    assert answer["data"] == {"getTicketList": None}


def test_a_field_key_is_not_an_attribute(psa: SuperOps) -> None:
    assert "errors" in psa.answer(LIST, i={"condition": {"field": "status", "operator": "is", "value": "New"}})


def test_pages_end_with_null_and_are_no_larger_than_a_hundred(psa: SuperOps) -> None:
    first = psa.data(LIST, i={"page": 1, "pageSize": 40})["listInfo"]
    assert (first["hasMore"], first["totalCount"]) == (True, 57)
    last = psa.data(LIST, i={"page": 2, "pageSize": 40})
    assert last["listInfo"]["hasMore"] is None
    assert len(last["tickets"]) == 17
    assert psa.data(LIST, i={"pageSize": 500})["listInfo"]["pageSize"] == 100
    psa.faults(last_page_null=False, large_page="refuse", count_as_text=True)
    assert psa.codes(LIST, i={"pageSize": 500}) == [("value_length_exceeds_limit", "pageSize")]
    info = psa.data(LIST, i={"page": 2, "pageSize": 40})["listInfo"]
    assert (info["hasMore"], info["totalCount"]) == (False, "57")


def test_a_list_is_not_newest_first_unless_asked(psa: SuperOps) -> None:
    times = [row["createdTime"] for row in psa.data(LIST, i={"pageSize": 100})["tickets"]]
    assert times != sorted(times, reverse=True)
    order = [{"attribute": "createdTime", "order": "DESC"}]
    times = [row["createdTime"] for row in psa.data(LIST, i={"pageSize": 100, "sort": order})["tickets"]]
    assert times == sorted(times, reverse=True)


def test_a_list_without_ids_has_a_count_and_no_rows(psa: SuperOps) -> None:
    document = "query($i: ListInfoInput!) { getTicketList(input: $i) { tickets { subject } listInfo { totalCount } } }"
    assert psa.data(document, i={"page": 1}) == {"tickets": [], "listInfo": {"totalCount": 57}}
    psa.faults(rows_need_id=False)
    assert len(psa.data(document, i={"page": 1})["tickets"]) == 20


def test_ids_are_strings_of_nineteen_digits_that_javascript_would_spoil(psa: SuperOps) -> None:
    ids = [row["ticketId"] for row in psa.data(LIST, i={"pageSize": 100})["tickets"]]
    assert all(isinstance(key, str) and len(key) == 19 for key in ids)
    assert any(int(float(key)) != int(key) for key in ids)
    assert ids != sorted(ids)


def test_a_ticket_has_names_and_no_numbers(psa: SuperOps) -> None:
    key = next(row["ticketId"] for row in psa.control("records/tickets") if row["subject"] == WEBMAIL)
    document = (
        "query($i: TicketIdentifierInput!) { getTicket(input: $i) { displayId client site requester technician "
        "techGroup sla status requestType source followers customFields } }"
    )
    shown = psa.data(document, i={"ticketId": key})
    assert shown["requester"] == {"userId": user_of(psa, "Dana"), "name": "Dana Whitfield"}
    assert shown["client"]["name"] == "Larkfield Dental"
    assert (shown["technician"]["name"], shown["techGroup"]["name"]) == ("Sam Okafor", "Service Desk")
    assert (shown["status"], shown["requestType"], shown["source"]) == ("New", "Incident", "PHONE")
    talk = psa.data(
        "query($i: TicketIdentifierInput!) { getTicketConversationList(input: $i) { content type user } }",
        i={"ticketId": key},
    )
    assert [row["type"] for row in talk] == ["DESCRIPTION"]
    assert talk[0]["user"]["email"] == "dana@larkfield.example"
    assert "Webmail says" in talk[0]["content"]
    psa.faults(json_as_text=True)
    assert psa.data(document, i={"ticketId": key})["requester"].startswith('{"userId": "')


@pytest.mark.parametrize(
    "document",
    [
        "query($i: TicketIdentifierInput!) { getTicket(input: $i) { ticketId } }",
        "query($i: TicketIdentifierInput!) { getTicketNoteList(input: $i) { noteId } }",
    ],
)
def test_a_ticket_that_is_not_there_is_null_or_an_error(psa: SuperOps, document: str) -> None:
    assert psa.data(document, i={"ticketId": "1"}) is None
    psa.faults(unknown_id="entity_does_not_exist")
    assert psa.codes(document, i={"ticketId": "1"}) == [("entity_does_not_exist",)]


def test_a_requester_has_one_number_and_perhaps_a_custom_field(psa: SuperOps) -> None:
    wei = psa.data(USER, i={"userId": user_of(psa, "Wei")})
    assert (wei["contactNumber"], wei["customFields"]) == ("(202) 555-0134", {"udf1text": "202-555-0124"})
    assert wei["client"]["name"] == "Harbor Legal"
    assert wei["role"] == {"roleId": "4", "name": "Requester"}
    only = psa.data(USER, i={"userId": user_of(psa, "Owen")})
    assert (only["contactNumber"], only["customFields"]) == (None, {"udf1text": "2025550128"})
    assert psa.data(USER, i={"userId": user_of(psa, "Felix")})["contactNumber"] is None
    narrow = USER.replace("customFields", 'customFields(fields: ["udf2date"])')
    assert psa.data(narrow, i={"userId": user_of(psa, "Dana")})["customFields"] == {"udf2date": "2019-04-01"}


def test_a_requester_of_two_clients_shows_none(psa: SuperOps) -> None:
    noor = user_of(psa, "Noor")
    shown = psa.data(USER, i={"userId": noor})
    assert (shown["client"], shown["site"]) == (None, None)
    links = psa.data(ASSOCIATIONS, i={"condition": leaf("user.userId", "is", noor)})["associations"]
    assert [link["client"]["name"] for link in links] == ["Larkfield Dental", "Harbor Legal"]
    assert {link["user"]["email"] for link in links} == {"noor@larkfield.example"}
    psa.faults(association_nulls=False)
    assert psa.data(USER, i={"userId": noor})["client"]["name"] == "Larkfield Dental"


def test_users_are_found_by_address_name_and_client(psa: SuperOps) -> None:
    def names(condition: Any = None, client: str | None = None) -> list[str]:
        found = psa.data(USERS, i={"listInfo": {"condition": condition}, "clientId": client})
        return [row["name"] for row in found["userList"]]

    assert names(leaf("email", "is", "Dana@Larkfield.example")) == ["Dana Whitfield"]
    assert names(leaf("name", "contains", "ferrer")) == ["Lucia Ferrer", "Mateo Ferrer"]
    assert names(leaf("contactNumber", "contains", "0150")) == ["Ingrid Solberg", "Theo Brandt", "Noor Haddad"]
    client = psa.control("records/clients")[1]["accountId"]
    assert names(client=client) == ["Amara Diallo", "Felix Grant", "Joan Petrov", "Wei Lin", "Noor Haddad"]
    psa.faults(unfilterable="contactNumber")
    listed = {"listInfo": {"condition": leaf("contactNumber", "contains", "0150")}}
    assert "errors" in psa.answer(USERS, i=listed)


def test_a_group_hides_its_client_without_a_word(psa: SuperOps) -> None:
    clients = "query($i: ListInfoInput!) { getClientList(input: $i) { clients { name } listInfo { totalCount } } }"
    assert psa.data(clients, i={})["listInfo"]["totalCount"] == 4
    psa.headers["Authorization"] = f"Bearer {psa.control('account')['tokens']['sam@northgate.example']}"
    try:
        found = psa.data(clients, i={"condition": leaf("emailDomains", "includes", ["tidewater.example"])})
        assert [row["name"] for row in found["clients"]] == ["Tidewater Clinic"]
        assert psa.data(LIST, i={})["listInfo"]["totalCount"] == 60
    finally:
        psa.headers["Authorization"] = f"Bearer {psa.control('account')['tokens']['verify@northgate.example']}"
    hidden = next(row["userId"] for row in psa.control("records/users") if row["firstName"] == "Piet")
    assert psa.data(USER, i={"userId": hidden}) is None
    ticket = next(row["ticketId"] for row in psa.control("records/tickets") if row["requesterId"] == hidden)
    document = "query($i: TicketIdentifierInput!) { getTicket(input: $i) { ticketId } }"
    assert psa.data(document, i={"ticketId": ticket}) is None


def test_a_sites_client_has_a_bare_number_for_an_id(psa: SuperOps) -> None:
    sites = "query($i: GetClientSiteListInput!) { getClientSiteList(input: $i) { sites { id name hq client } } }"
    client = psa.control("records/clients")[2]["accountId"]
    found = psa.data(sites, i={"clientId": client})["sites"]
    assert [row["name"] for row in found] == ["Main", "Workshop"]
    assert found[0]["client"] == {"accountId": int(client), "name": "Ferrer & Sons"}
    psa.faults(bare_number_ids=False)
    assert psa.data(sites, i={"clientId": client})["sites"][0]["client"]["accountId"] == client


def test_set_up_lists_are_bare_arrays(psa: SuperOps) -> None:
    statuses = psa.data("{ getStatusList { id name description } }")
    assert [row["name"] for row in statuses] == [
        *("New", "In Progress", "Waiting on Client", "Scheduled", "On Site", "Closed")
    ]
    assert len(psa.data("{ getPriorityList { id name colorCode } }")) == 4
    assert psa.data("{ getCategoryList { id name subCategories { id name } } }")[0]["subCategories"]
    assert [row["name"] for row in psa.data("{ getTechnicianGroupList { groupId name } }")] == [
        "Service Desk",
        "Projects",
    ]
    assert [row["columnName"] for row in psa.data("{ getTicketCustomFieldList { columnName fieldType } }")] == [
        *("udf1text", "udf2select")
    ]
    for name in ("Impact", "Urgency", "SLA", "ResolutionCode", "ClientCustomField"):
        assert isinstance(psa.data(f"{{ get{name}List {{ id }} }}"), list)


def test_the_field_api_tells_choices_and_demands(psa: SuperOps) -> None:
    document = (
        "query($i: String!) { getAllFields(input: $i) { id module columnName label fieldType showToRequester "
        "fieldCategory mandatoryOnCreate mandatoryOnClosure options { id value order } parentField { id } } }"
    )
    psa.faults(mandatory_on_create="category", mandatory_on_closure="resolutionCode")
    rows = {row["columnName"]: row for row in psa.data(document, i="TICKET")}
    assert [option["value"] for option in rows["requestType"]["options"]] == ["Incident", "Service request", "Problem"]
    assert {name for name, row in rows.items() if row["mandatoryOnCreate"]} == {
        *("subject", "client", "source", "status", "requestType", "category")
    }
    assert [name for name, row in rows.items() if row["mandatoryOnClosure"]] == ["resolutionCode"]
    people = psa.data(document, i="COMPANY_USER")
    assert [row["label"] for row in people] == ["Mobile phone", "Works here since", "Care"]
    one = "query($i: [FieldIdentifierInput!]!) { getFields(input: $i) { label } }"
    assert psa.data(one, i=[{"module": "TICKET", "columnName": "status"}]) == [{"label": "Status"}]
    psa.faults(requester_fields=False)
    assert psa.data(document, i="COMPANY_USER") == []


def test_a_technicians_role_is_found_by_his_address(psa: SuperOps) -> None:
    technicians = (
        "query($i: ListInfoInput!) { getTechnicianList(input: $i) { userList { userId name email role groups } } }"
    )
    found = psa.data(technicians, i={"condition": leaf("email", "is", "verify@northgate.example")})["userList"]
    assert [row["name"] for row in found] == ["Caller Verify"]
    roles = psa.data(
        "{ getTechnicianRoleList { roleId name roleType { name } "
        "roleFeatureList { feature { key name } operationList { name } } } }"
    )
    role = next(role for role in roles if role["roleId"] == found[0]["role"]["roleId"])
    rights = {
        row["feature"]["key"]: [entry["name"] for entry in row["operationList"]] for row in role["roleFeatureList"]
    }
    assert rights["requester"] == ["View", "Edit"]
