"""Lists: envelopes and bare arrays, paging, filters, search, and what a list row lacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.emulators.halo.conftest import HaloTenant


def test_a_page_comes_in_an_envelope_with_the_total(halo: HaloTenant) -> None:
    answer = halo.read("/Tickets", pageinate=True, page_size=100, page_no=2)
    assert (answer["page_no"], answer["page_size"], len(answer["tickets"])) == (2, 100, 100)
    assert answer["record_count"] > 200
    assert not {row["id"] for row in halo.read("/Tickets", pageinate=True, page_size=100)["tickets"]} & {
        row["id"] for row in answer["tickets"]
    }


def test_without_pageinate_a_page_size_is_not_honoured(halo: HaloTenant) -> None:
    assert len(halo.read("/Tickets", page_size=100)["tickets"]) == 50
    assert len(halo.read("/Tickets", count=70)["tickets"]) == 70
    assert [row["id"] for row in halo.read("/Users", count=1, order="id")["users"]] == [201]


def test_the_lists_of_the_set_up_are_bare_arrays(halo: HaloTenant) -> None:
    for path in ("/Status", "/TicketType", "/Team", "/Priority", "/Outcome", "/Category", "/FieldInfo", "/Agent"):
        assert isinstance(halo.read(path, showall=True), list), path
    assert {row["name"] for row in halo.read("/lookup", lookupid=11)} >= {"Countries"}
    assert halo.read("/Lookup", lookupid=999) == []


def test_paths_and_parameters_are_read_in_any_letter_case(halo: HaloTenant) -> None:
    assert halo.read("/uSeRs/311")["name"] == "Dana Whitfield"
    assert len(halo.read("/tickets", Pageinate="True", PAGE_SIZE=3)["tickets"]) == 3


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"search": "whitfield"}, ["Dana Whitfield"]),
        ({"search": "dana@larkfield.example"}, ["Dana Whitfield"]),
        ({"search": "2025550142"}, []),
        ({"search": "2025550142", "search_phonenumbers": True}, ["Dana Whitfield"]),
        ({"search": "+12025550142", "search_phonenumbers": True}, []),
        ({"search": "Owen Pike"}, []),
        ({"search": "Owen Pike", "includeinactive": True}, ["Owen Pike"]),
        ({"search": "Tess & Co + Ltd"}, ["Tess & Co + Ltd"]),
        ({"client_id": 21, "includeinactive": True}, ["General User"]),
        ({"client_id": 21, "includeinactive": True, "exclude_generaluser": True}, []),
        ({"site_id": 28, "exclude_generaluser": True}, ["Amara Diallo", "Felix Grant", "Joan Petrov", "Wei Lin"]),
    ],
)
def test_users_are_found_by_what_is_stored_and_nothing_else(
    halo: HaloTenant, parameters: dict[str, object], names: list[str]
) -> None:
    assert [row["name"] for row in halo.read("/Users", **parameters)["users"]] == names


def test_a_user_is_found_by_its_directory_id_where_that_is_allowed(halo: HaloTenant) -> None:
    known = halo.read("/Users/311")["azureoid"]
    wanted = json.dumps([{"filter_name": "azureoid", "filter_type": 2, "filter_value": known}])
    assert [row["id"] for row in halo.read("/Users", advanced_search=wanted)["users"]] == [311]
    halo.faults(advanced_fields="emailaddress")
    refused = halo.get("/Users", advanced_search=wanted)
    assert refused.status_code == 400 and "Invalid advanced search parameter" in refused.text


def test_the_sites_id_of_a_user_is_a_double(halo: HaloTenant) -> None:
    text = halo.get("/Users/311", includedetails=True).text
    assert '"site_id": 27.0' in text and '"site_id_int": 27' in text
    assert '"client_id": 18.0' in halo.get("/Site/27").text
    refused = halo.post("/Users", [{"id": 311, "site_id": 27.0}])
    assert (refused.status_code, list(refused.json())) == (400, ["[0].site_id"])


def test_list_rows_lack_what_only_the_details_have(halo: HaloTenant) -> None:
    row = halo.read("/Tickets", search="webmail")["tickets"][0]
    assert (row["id"], row["user_name"], "status_name" in row, "agent_name" in row) == (
        4713,
        "Dana Whitfield",
        False,
        False,
    )
    named = halo.read("/Tickets", search="webmail", includestatus=True, includeagent=True)["tickets"][0]
    assert (named["status_name"], named["agent_name"]) == ("New", "Sam Okafor")
    assert "email2" not in halo.read("/Users", search="Hugo")["users"][0]
    assert halo.read("/Users/344", includedetails=True)["email2"] == "hugo@home.example"


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ({"search": "4713"}, [4713]),
        ({"search_id": 4713}, [4713]),
        ({"search_summary": "WEBMAIL"}, [4713]),
        ({"user_id": 311, "open_only": True}, [4735, 4713]),
        ({"user_id": 311, "closed_only": True}, [4737]),
        ({"client_id": 20, "status_id": 1}, [4719, 4688]),
        ({"ticketids": "4713, 4577"}, [4713, 4577]),
        ({"team": "field service", "open_only": True, "order": "id"}, [4602, 4696, 4704]),
        ({"requesttype_id": 3}, [4650]),
    ],
)
def test_tickets_are_filtered(halo: HaloTenant, parameters: dict[str, object], ids: list[int]) -> None:
    assert [row["id"] for row in halo.read("/Tickets", **parameters)["tickets"]] == ids


def test_tickets_are_filtered_by_date_and_change(halo: HaloTenant) -> None:
    assert halo.read("/Tickets", lastupdatefromdate="2999-01-01T00:00:00Z")["record_count"] == 0
    recent = halo.read("/Tickets", pageinate=True, page_size=1, lastupdatefromdate="2001-01-01T00:00:00.000Z")
    assert recent["record_count"] > 200
    none = halo.read("/Tickets", datesearch="dateoccurred", startdate="2999-01-01")
    assert none["record_count"] == 0
    assert halo.read("/Tickets", search_id=4713, idonly=True)["tickets"] == [{"id": 4713}]


def test_times_do_not_say_that_they_are_utc(halo: HaloTenant) -> None:
    ticket = halo.read("/Tickets/4713", includedetails=True)
    assert not ticket["dateoccurred"].endswith("Z")
    assert ticket["dateclosed"] == "1900-01-01T00:00:00"


def test_a_number_that_is_none_is_told_as_model_state(halo: HaloTenant) -> None:
    answer = halo.get("/Tickets", pageinate=True, page_size="many")
    assert (answer.status_code, answer.json()) == (400, {"page_size": ["The value 'many' is not valid."]})
    assert halo.get("/Tickets/abc").status_code == 400


def test_what_is_not_there_is_a_page(halo: HaloTenant) -> None:
    for path in ("/Tickets/999999", "/Users/999999", "/Nothing", "/Tickets/4713/Actions"):
        answer = halo.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8"), path


def test_agents_are_people_unless_others_are_asked_for(halo: HaloTenant) -> None:
    names = [row["name"] for row in halo.read("/Agent", includeenabled=True)]
    assert names == ["Noor Haddad", "Priya Nair", "Sam Okafor"]
    everybody = {row["name"] for row in halo.read("/Agent", showall=True)}
    assert everybody - set(names) == {"Lena Hartmann", "Pod Integration", "Unassigned"}
    assert halo.read("/Agent/63")["isdisabled"] is True


def test_the_same_priority_number_is_another_under_another_sla(halo: HaloTenant) -> None:
    rows = halo.read("/Priority")
    assert {(row["slaid"], row["name"]) for row in rows if row["priorityid"] == 1} == {(1, "Critical"), (2, "Low")}
    assert [row["name"] for row in halo.read("/Priority", slaid=2)] == ["Low", "Standard", "Urgent"]
    assert all(len(row["id"]) == 36 for row in rows)


def test_types_say_which_fields_are_mandatory(halo: HaloTenant) -> None:
    assert [row["id"] for row in halo.read("/TicketType", can_create_only=True)] == [1, 3, 21]
    detail = halo.read("/TicketType/21", includedetails=True)
    assert [field["name"] for field in detail["fields"]] == ["CFriskassessment"]
    assert [row["id"] for row in halo.read("/Status", tickettype_id=21)] == [1, 2, 23]
    assert {row["name"]: row["type"] for row in halo.read("/Status")}["Resolved"] == 2


def test_hidden_outcomes_are_shown_on_request(halo: HaloTenant) -> None:
    assert 9 not in [row["id"] for row in halo.read("/Outcome")]
    assert len(halo.read("/Outcome", showhidden=True)) == 8
    assert halo.read("/Outcome/7")["outcome"] == "Technician Note"
