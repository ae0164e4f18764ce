"""Writes: tickets, actions and users, with the rules that integrators ran into."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulators.halo.conftest import HaloTenant

NOTE = {"ticket_id": 4713, "outcome_id": 7, "note_html": "<p>Checked.</p>", "hiddenfromuser": True, "sendemail": False}


def test_an_array_goes_in_and_one_object_comes_out(halo: HaloTenant) -> None:
    answer = halo.post("/Actions", [NOTE])
    assert (answer.status_code, answer.json()["note"]) == (201, "Checked.")
    assert halo.post("/Actions", NOTE).status_code == 201
    both = halo.post("/Actions", [NOTE, {**NOTE, "note_html": "two"}])
    assert both.json()["note"] == "two"
    assert [row["note"] for row in halo.post("/Actions", [NOTE, NOTE], returnall="true").json()] == ["Checked."] * 2
    halo.faults(strict_arrays=True)
    assert halo.post("/Actions", NOTE).status_code == 400


@pytest.mark.parametrize(
    ("switches", "status", "read"),
    [
        ({"post_answer": "array", "post_status": "200"}, 200, lambda body: body[0]["id"]),
        ({"post_answer": "envelope"}, 201, lambda body: body["actions"][0]["id"]),
        ({"odd_ids": "floats"}, 201, lambda body: body["id"]),
        ({"odd_ids": "texts"}, 201, lambda body: int(body["id"])),
    ],
)
def test_other_builds_answer_in_other_shapes(
    halo: HaloTenant, switches: dict[str, Any], status: int, read: Callable[[Any], int]
) -> None:
    halo.faults(**switches)
    answer = halo.post("/Actions", [NOTE])
    assert (answer.status_code, read(answer.json())) == (status, 3)


def test_action_ids_count_per_ticket(halo: HaloTenant) -> None:
    assert (halo.write("/Actions", **NOTE)["id"], halo.write("/Actions", **{**NOTE, "ticket_id": 4719})["id"]) == (3, 2)
    assert halo.read("/Actions/3", ticket_id=4713)["note_html"] == "<p>Checked.</p>"
    assert halo.get("/Actions/3").status_code == 400
    assert halo.get("/Actions/99", ticket_id=4713).status_code == 404


def test_an_action_says_who_wrote_it_and_through_what(halo: HaloTenant) -> None:
    made = halo.write("/Actions", **NOTE)
    assert {name: made[name] for name in ("who", "who_type", "who_agentid", "actionby_application_id", "outcome")} == {
        "who": "Pod Integration",
        "who_type": 1,
        "who_agentid": 57,
        "actionby_application_id": "podserver",
        "outcome": "Technician Note",
    }
    assert made["hiddenfromuser"] is True and not made["datetime"].endswith("Z")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"outcome_id": None}, "An Outcome must be entered for this Action"),
        ({"outcome_id": 999}, "The Outcome does not exist"),
        ({"outcome_id": 41}, "You do not have access to this Action"),
        ({"ticket_id": None}, "A Ticket ID must be entered for this Action"),
        ({"ticket_id": 999999}, "The Ticket does not exist"),
        ({"note_html": ""}, "A Note must be entered for this Action"),
    ],
)
def test_it_refuses_an_action_that_breaks_a_rule(halo: HaloTenant, change: dict[str, Any], sentence: str) -> None:
    assert halo.refusal("/Actions", **{**NOTE, **change}) == sentence


def test_an_outcome_may_be_a_free_text(halo: HaloTenant) -> None:
    free = {"ticket_id": 4713, "outcome": "Note", "note": "Plain & <b>bold</b>", "hiddenfromuser": True}
    assert halo.write("/Actions", **free)["outcome"] == "Note"
    halo.faults(free_outcomes=False)
    assert halo.refusal("/Actions", **free) == "The Outcome does not exist"


def test_who_does_not_say_so_lets_the_outcome_mail_and_show_the_note(halo: HaloTenant) -> None:
    careless = halo.write("/Actions", ticket_id=4713, outcome_id=16, note_html="for staff")
    assert careless["hiddenfromuser"] is False
    assert [(mail["to"], mail["text"]) for mail in halo.control("mails")] == [("dana@larkfield.example", "for staff")]
    careful = halo.write("/Actions", ticket_id=4713, outcome_id=16, note_html="x", hiddenfromuser=True, sendemail=False)
    assert careful["hiddenfromuser"] is True and len(halo.control("mails")) == 1


def test_a_status_in_an_action_moves_the_ticket_only_where_that_is_set_up(halo: HaloTenant) -> None:
    halo.write("/Actions", **NOTE, new_status=5)
    assert halo.read("/Tickets/4713")["status_id"] == 1
    halo.faults(actions_move_status=True)
    halo.write("/Actions", **NOTE, new_status=5)
    assert halo.read("/Tickets/4713")["status_name"] == "With User"
    halo.write("/Actions", **{**NOTE, "outcome_id": 23})
    assert halo.read("/Tickets/4713")["hasbeenclosed"] is True


def test_a_note_loses_its_scripts(halo: HaloTenant) -> None:
    html = '<p onclick="x()">Hello<script>alert(1)</script> <a href="javascript:x()">there</a></p>'
    made = halo.write("/Actions", **{**NOTE, "note_html": html})
    assert (made["note_html"], made["note"]) == ("<p>Hello <a>there</a></p>", "Hello there")


def test_a_note_is_changed_by_its_id(halo: HaloTenant) -> None:
    halo.write("/Actions", ticket_id=4713, id=2, outcome_id=7, note="Corrected")
    assert halo.read("/Actions/2", ticket_id=4713)["note"] == "Corrected"
    assert len(halo.read("/Actions", ticket_id=4713)["actions"]) == 2


def test_a_tickets_actions_are_listed_newest_first(halo: HaloTenant) -> None:
    halo.write("/Actions", **NOTE)
    rows = halo.read("/Actions", ticket_id=4713, includehtmlnote=True)["actions"]
    assert [row["id"] for row in rows] == [3, 2, 1] and "note_html" in rows[0]
    assert "note_html" not in halo.read("/Actions", ticket_id=4713)["actions"][0]
    assert [row["id"] for row in halo.read("/Actions", ticket_id=4713, excludeprivate=True)["actions"]] == [1]
    assert halo.read("/Actions")["actions"] == []
    day = {"startdate": "2026-01-01T00:00:00", "enddate": "2026-01-03T00:00:00"}
    assert halo.get("/Actions", **day).status_code == 400


def test_closed_tickets_and_forbidden_actions_refuse_notes(halo: HaloTenant) -> None:
    halo.faults(closed_editable=False)
    assert "closed Tickets" in halo.refusal("/Actions", **{**NOTE, "ticket_id": 4737})
    halo.faults(agent_may_act=False)
    assert halo.refusal("/Actions", **NOTE) == "You do not have access to this Action"


def test_a_ticket_is_created_with_its_first_action(halo: HaloTenant) -> None:
    made = halo.write(
        "/Tickets",
        summary="Locked out",
        details_html="<p>Since <b>nine</b></p>",
        tickettype_id=1,
        user_id=311,
        site_id=27,
        priority_id=2,
        category_1="Accounts>Password",
        team="2nd line support",
        third_party_id_string="ref-1",
    )
    assert made["id"] > 4738
    told = {name: made[name] for name in ("client_name", "user_name", "team", "status_name", "details", "priority_id")}
    assert told == {
        "client_name": "Larkfield Dental",
        "user_name": "Dana Whitfield",
        "team": "2nd Line Support",
        "status_name": "New",
        "details": "Since nine",
        "priority_id": 2,
    }
    actions = halo.read("/Actions", ticket_id=made["id"])["actions"]
    assert [(row["id"], row["note"], row["ticket_id"]) for row in actions] == [(1, "Since nine", made["id"])]


def test_a_ticket_without_a_person_belongs_to_the_general_user(halo: HaloTenant) -> None:
    assert halo.write("/Tickets", summary="Who?", client_id=18)["user_name"] == "General User"
    assert halo.write("/Tickets", summary="Where?")["client_name"] == "Unknown"
    lookup = {"id": -1, "lookupdisplay": "Enter Details Manually"}
    assert halo.write("/Tickets", summary="x", client_id=19, userlookup=lookup, usertype=1)["user_id"] == 219


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"summary": " "}, "Please enter a Summary"),
        ({"user_id": 311}, "Please select a Site"),
        ({"user_id": 999, "site_id": 27}, "The User selected does not exist"),
        ({"site_id": 999}, "The Site selected does not exist"),
        ({"client_id": 999}, "The Client selected does not exist"),
        ({"tickettype_id": 24}, "You do not have access to log this Ticket Type"),
        ({"tickettype_id": 999}, "The Ticket Type selected does not exist"),
        ({"tickettype_id": 21}, "Please complete all mandatory fields: Risk assessment"),
        ({"tickettype_id": 1, "priority_id": 9}, "The Priority selected is not valid for the SLA"),
        ({"status_id": 999}, "The Status selected does not exist"),
        ({"id": 4735, "status_id": 5}, "The Status selected is not allowed for this Ticket Type"),
        ({"id": 4713, "agent_id": 999}, "The Agent selected does not exist"),
    ],
)
def test_it_refuses_a_ticket_that_breaks_a_rule(halo: HaloTenant, change: dict[str, Any], sentence: str) -> None:
    assert halo.refusal("/Tickets", **{"summary": "New", **change}) == sentence


def test_mandatory_fields_are_filled_or_waived(halo: HaloTenant) -> None:
    change = {"summary": "Swap the switch", "tickettype_id": 21}
    filled = halo.write("/Tickets", **change, customfields=[{"name": "cfRiskAssessment", "value": "low"}])
    assert halo.read(f"/Tickets/{filled['id']}", includedetails=True)["customfields"][0]["value"] == "low"
    assert halo.write("/Tickets", **change, _novalidate=True)["priority_id"] == 1


def test_a_status_is_set_and_closes(halo: HaloTenant) -> None:
    halo.write("/Tickets", id=4713, status_id=23)
    closed = halo.read("/Tickets/4713")
    assert (closed["hasbeenclosed"], closed["summary"]) == (True, "Cannot sign in to webmail")
    assert closed["dateclosed"] > "2020"
    halo.write("/Tickets", id=4713, status_id=5)
    assert halo.read("/Tickets/4713")["onhold"] is True
    halo.faults(closing_needs_fields=True)
    assert "closure fields" in halo.refusal("/Tickets", id=4713, status_id=23)
    assert halo.write("/Tickets", id=4713, status_id=23, _novalidate=True)["hasbeenclosed"] is True


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/Tickets", [{"id": "abc"}], "[0].id"),
        ("/Tickets", [{"summary": "x", "site_id": 27.0}], "[0].site_id"),
        ("/Tickets", [{"summary": 5}], "[0].summary"),
        ("/Actions", [{**NOTE, "hiddenfromuser": "yes"}], "[0].hiddenfromuser"),
        ("/Tickets", "text", "$"),
        ("/Tickets", ["text"], "[0]"),
        ("/Tickets", [], "$"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_by_where_it_stands(
    halo: HaloTenant, path: str, body: Any, key: str
) -> None:
    answer = halo.post(path, body)
    assert (answer.status_code, list(answer.json())) == (400, [key])


def test_what_is_no_json_is_refused(halo: HaloTenant) -> None:
    token = halo.sign_in()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert halo.http.post(f"{halo.url}/api/Tickets", data="{", headers=headers, timeout=10).status_code == 400
    headers["Content-Type"] = "text/plain"
    assert halo.http.post(f"{halo.url}/api/Tickets", data="[]", headers=headers, timeout=10).status_code == 415
    assert halo.request("PUT", "/Tickets", json=[]).status_code == 405


def test_a_single_object_has_a_path_of_its_own(halo: HaloTenant) -> None:
    assert halo.post("/Tickets/Object", {"summary": "One"}).json()["summary"] == "One"


def test_only_the_members_sent_of_a_user_change(halo: HaloTenant) -> None:
    before = halo.read("/Users/311", includedetails=True)
    halo.write("/Users", id=311, mobilenumber="+1 (202) 555-0199")
    after = halo.read("/Users/311", includedetails=True)
    assert after["mobilenumber"] == after["phonenumber_preferred"] == "+1 (202) 555-0199"
    assert {name for name in after if after[name] != before[name]} == {"mobilenumber", "phonenumber_preferred"}
    assert halo.post("/Users", [{"id": 999, "mobilenumber": "1"}]).status_code == 404


def test_a_new_user_needs_a_site(halo: HaloTenant) -> None:
    assert halo.refusal("/Users", name="New Person") == "Please select a Site"
    made = halo.write("/Users", name="New Person", site_id=28, emailaddress="new@harborlegal.example")
    assert (made["client_name"], made["use"], made["mobilenumber"]) == ("Harbor Legal", "user", "")


def test_a_directory_puts_its_number_back(halo: HaloTenant) -> None:
    halo.faults(directory_sync_seconds=0.1)
    halo.write("/Users", id=311, mobilenumber="+15550100")
    halo.write("/Users", id=312, mobilenumber="+15550101")
    assert halo.read("/Users/311")["mobilenumber"] == "+15550100"
    time.sleep(0.15)
    assert halo.read("/Users/311")["mobilenumber"] == "2025550142"
    assert halo.read("/Users/312")["mobilenumber"] == "+15550101"


def test_a_merged_user_is_no_more_and_its_tickets_moved(halo: HaloTenant) -> None:
    halo.control("merge", {"user": 311, "into": 312})
    assert halo.get("/Users/311").status_code == 404
    assert halo.read("/Tickets/4713")["user_name"] == "Marcus Reyes"


def test_what_was_written_survives_a_restart(start_halo: Callable[[Path], HaloTenant], tmp_path: Path) -> None:
    first = start_halo(tmp_path)
    made = first.write("/Tickets", summary="Remember me")
    token = first.held
    second = start_halo(tmp_path)
    second.held = token
    assert second.read(f"/Tickets/{made['id']}")["summary"] == "Remember me"
    assert second.write("/Tickets", summary="Next")["id"] == made["id"] + 1
