"""Conditions, order, fields and pages."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.connectwise.conditions import compile_conditions, table_resolver
from emulators.connectwise.errors import ApiError
from emulators.connectwise.tables import TABLES

if TYPE_CHECKING:
    from tests.emulators.connectwise.conftest import Psa

LARKFIELD = [48150, 48196, 48213, 48221]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ("company/id=250", LARKFIELD),
        ("Company/Identifier='larkfield'", LARKFIELD),
        ('company/name="Larkfield Dental" AND ClosedFlag = False', LARKFIELD),
        ('company/id=250 and (status/name="In Progress" or contact=null)', [48150, 48221]),
        ("company/id=250 and contact!=null", [48150, 48196, 48213]),
        ("id in (48213, 48219,1)", [48213, 48219]),
        ("company/id=250 and id not in (48213)", [48150, 48196, 48221]),
        ('summary contains "SIGN IN"', [48213]),
        ('summary like "%webmail"', [48213]),
        ('summary like "*sign*" and summary not like "Cannot%"', []),
        ('summary not contains "e" ', []),
        ("id>=48219 and id<48230", [48219, 48221]),
        ("closedFlag=true", [47990]),
        ('owner/identifier="PRIYA" and board/id=2', [47990]),
        ("lastUpdated>[2000-01-01] and id=48213", [48213]),
        ("_info/lastUpdated<[2000-01-01T00:00:00Z]", []),
        ('dateEntered>=[2020-01-01T00:00:00+02:00] and enteredBy="sam" and id=48213', [48213]),
        ("priority/sort=2 and board/id=1 and status/id=503", [48171]),
    ],
)
def test_conditions_select(psa: Psa, conditions: str, expected: list[int]) -> None:
    assert psa.ids("/service/tickets", conditions=conditions) == expected
    assert psa.list("/service/tickets/count", conditions=conditions) == {"count": len(expected)}


@pytest.mark.parametrize(
    "conditions",
    [
        "noteType=1",
        "summary=VPN",
        'summary="open',
        "summary",
        "id=",
        "id in ()",
        "id in (1",
        "(id=1",
        "id=1)",
        "id==1",
        "id=1 and",
        "closedFlag=1",
        "id='5'",
        "summary=5",
        "lastUpdated>[yesterday]",
        "board/unknown=1",
        "summary > null",
        "customFields=1",
        "not id=1",
        "summary like 5",
        "id=1 xor id=2",
        "company/id/name=1",
        "(" * 50 + "id=1" + ")" * 50,
    ],
)
def test_faulty_conditions_are_400(psa: Psa, conditions: str) -> None:
    answer = psa.get("/service/tickets", conditions=conditions)
    assert answer.status_code == 400
    assert answer.json()["code"] == "ApiFindCondition"


def test_an_escaped_quote_stays_inside_its_string(psa: Psa) -> None:
    ticket = psa.post("/service/tickets", {"summary": 'Screen says "no" \\ maybe', "company": {"id": 250}}).json()
    assert psa.ids("/service/tickets", conditions=r'summary="Screen says \"no\" \\ maybe"') == [ticket["id"]]


def test_brackets_in_a_pattern_are_taken_literally_when_escaped(psa: Psa) -> None:
    ticket = psa.post("/service/tickets", {"summary": "50% off [x] *now*", "company": {"id": 250}}).json()
    assert psa.ids("/service/tickets", conditions='summary like "%[[]x]%"') == [ticket["id"]]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=list("id=<>!()[]\"'\\,/ andornotlikecontains%*0123456789-"), max_size=40))
def test_any_string_is_parsed_or_refused(source: str) -> None:
    with contextlib.suppress(ApiError):
        assert compile_conditions(source, table_resolver(TABLES["tickets"]))({"id": 1}) in (True, False)


def test_child_conditions_need_one_item_that_fits_whole(psa: Psa) -> None:
    by_mail = 'communicationItems/value="DANA@larkfield.example" and communicationItems/communicationType="Email"'
    assert psa.ids("/company/contacts", childConditions=by_mail) == [77]
    mixed = 'communicationItems/value="dana@larkfield.example" and communicationItems/communicationType="Phone"'
    assert psa.ids("/company/contacts", childConditions=mixed) == []
    assert psa.ids("/company/contacts", childConditions='communicationItems/value like "%5550150"') == [79, 80]
    assert psa.ids(
        "/company/contacts", childConditions='communicationItems/type/name="Cell"', conditions="company/id=250"
    ) == [77, 78, 80]
    assert psa.get("/company/contacts", childConditions="values/id=1").status_code == 400


def test_custom_field_conditions_look_into_custom_fields(psa: Psa) -> None:
    field = [{"id": 5, "caption": "Opt-in", "type": "Checkbox", "value": True}]
    psa.patch("/company/contacts/81", ("replace", "customFields", field))
    assert psa.ids("/company/contacts", customFieldConditions='caption="Opt-in" AND value=true') == [81]


def test_order_by_several_keys(psa: Psa) -> None:
    names = [
        (row["lastName"], row["firstName"])
        for row in psa.list("/company/contacts", orderBy="lastName asc, firstName desc")
    ]
    assert names.index(("Ferrer", "Mateo")) + 1 == names.index(("Ferrer", "Lucia"))
    assert psa.ids("/service/tickets", orderBy="id desc")[0] == 48230
    assert psa.get("/service/tickets", orderBy="nothing asc").status_code == 400


def test_fields_choose_properties_and_drop_info(psa: Psa) -> None:
    record = psa.list("/service/tickets/48213", fields="id,Summary,company/id")
    assert record == {"id": 48213, "summary": "Cannot sign in to webmail", "company": {"id": 250}}
    assert "_info" in psa.list("/service/tickets/48213", fields="id,_info")
    assert psa.get("/service/tickets/48213", fields="id,dateEntered").status_code == 400
    assert psa.list("/company/contacts/77", fields="id,nonsense") == {"id": 77}


def links(answer: requests.Response) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("Link", ""))
    return {relation: address for address, relation in found}


def test_pages_follow_link_headers_with_page_last(psa: Psa) -> None:
    seen: list[int] = []
    first = psa.get("/company/contacts", pageSize=5, conditions="id in (77,78,79,80,81,82,83)", orderBy="id asc")
    assert set(links(first)) == {"next", "last"}
    assert "," not in links(first)["next"]
    assert re.search(r"[?&]page=2$", links(first)["next"])
    answer = first
    while True:
        seen += [record["id"] for record in answer.json()]
        if "next" not in links(answer):
            break
        answer = psa.http.get(links(answer)["next"], timeout=5)
    assert seen == [77, 78, 79, 80, 81, 82, 83]
    assert set(links(answer)) == {"first", "prev"}


def test_a_page_past_the_end_is_empty(psa: Psa) -> None:
    assert psa.list("/company/contacts", page=9) == []


def test_the_default_page_holds_25_and_the_largest_1000(psa: Psa) -> None:
    for number in range(30):
        psa.control("contacts", {"firstName": f"Extra {number}", "company": {"id": 253}})
    assert len(psa.ids("/company/contacts")) == 25
    assert len(psa.ids("/company/contacts", pageSize=5000)) == 42
    psa.faults(page_over_max="400")
    refused = psa.get("/company/contacts", pageSize=1001)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "OutOfRange"
    assert psa.get("/company/contacts", page=0).status_code == 400


def test_query_names_have_no_letter_case(psa: Psa) -> None:
    assert psa.ids("/company/contacts", PAGESIZE=2, Conditions="id>80") == [81, 82]


def test_forward_only_pages_go_by_id_and_end_with_an_empty_link(psa: Psa) -> None:
    headers = {"pagination-type": "forward-only"}
    answer = psa.request("GET", "/company/contacts", params={"pageSize": 5}, headers=headers)
    seen = []
    while True:
        seen += [record["id"] for record in answer.json()]
        if not answer.headers["Link"]:
            break
        answer = psa.http.get(links(answer)["next"], headers=headers, timeout=5)
    assert seen == list(range(77, 89))
    assert psa.request("GET", "/company/contacts", params={"orderBy": "id"}, headers=headers).status_code == 400


def test_nulls_are_left_out_or_shown(psa: Psa) -> None:
    assert "contact" not in psa.list("/service/tickets/48221")
    psa.faults(omit_nulls=False)
    assert psa.list("/service/tickets/48221")["contact"] is None


def test_ticket_search_takes_its_conditions_from_the_body(psa: Psa) -> None:
    body = {"conditions": "company/id=250", "orderBy": "id desc"}
    answer = psa.request("POST", "/service/tickets/search", json=body, params={"pageSize": 2, "fields": "id"})
    assert answer.json() == [{"id": 48221}, {"id": 48213}]
    assert psa.get("/service/tickets/search").status_code == 405
