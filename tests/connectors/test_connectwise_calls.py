"""How the connector talks: headers, codebase, pages, records; against a PSA that answers by script."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Capability, DestinationKind, NotFound, PodSetup, Rejected, Unavailable
from connectors.connectwise import SERVICE_SCREEN, ConnectWise
from connectors.http import Call

API = "/v2025_1/apis/3.0"
INFO = "/login/companyinfo/northgate"
TICKET = "/service/tickets/48213"
CONTACTS = "/company/contacts"
COMMUNICATION = CONTACTS + "/77/communications/902"
CELL = {"id": 902, "type": {"id": 4, "name": "Cell"}, "value": "2025550142", "communicationType": "Phone"}


def test_every_call_carries_keys_client_id_and_version(psa: Any, cw: ConnectWise) -> None:
    assert cw.whoami().api_only
    headers = psa.received[-1].headers
    scheme, token = headers["authorization"].split()
    assert (scheme, base64.b64decode(token)) == ("Basic", b"northgate+demoPublicKey01:demoPrivateKey01")
    assert headers["clientid"] == "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
    assert headers["accept"] == "application/vnd.connectwise.com+json; version=2025.1"


def test_discovery_carries_no_keys_and_happens_once(psa: Any, cw: ConnectWise) -> None:
    cw.whoami()
    cw.whoami()
    asked = psa.calls("GET", INFO)
    assert len(asked) == 1
    assert not {"authorization", "clientid", "cookie"} & set(asked[0].headers)


def test_making_a_connector_sends_nothing(psa: Any, connect: Callable[..., ConnectWise]) -> None:
    assert connect(psa.url).capabilities == frozenset(Capability)
    assert psa.received == []


@pytest.mark.parametrize("codebase", ["v2025_1", "v2025_1/"])
def test_a_codebase_is_read_with_and_without_its_slash(psa: Any, cw: ConnectWise, codebase: str) -> None:
    psa.on("GET", INFO, data={"Codebase": codebase})
    assert cw.whoami().identifier == "capi"


@pytest.mark.parametrize("codebase", ["", "/", "../", "a/b/", "//evil.example/", "v1?x=", "v1#", "@evil/", 7, None])
def test_a_codebase_that_is_no_path_segment_is_not_used(psa: Any, cw: ConnectWise, codebase: object) -> None:
    psa.on("GET", INFO, data={"Codebase": codebase})
    with pytest.raises(Unavailable):
        cw.whoami()
    assert [r.path for r in psa.received] == [INFO]


def test_a_moved_codebase_is_found_again_even_for_a_note(psa: Any, cw: ConnectWise) -> None:
    cw.whoami()
    psa.on("GET", INFO, data={"Codebase": "v2025_2/", "IsCloud": True})
    psa.on("POST", "/v2025_2/apis/3.0" + TICKET + "/notes", status=201, data={"id": 5, "text": "x"})
    assert cw.post_note("48213", "x").ref == "5"
    assert [r.path for r in psa.received if r.method == "POST"] == [
        API + TICKET + "/notes",
        "/v2025_2/apis/3.0" + TICKET + "/notes",
    ]


def test_a_404_asks_for_the_codebase_once_and_not_more(psa: Any, cw: ConnectWise) -> None:
    cw.whoami()
    with pytest.raises(NotFound):
        cw.ticket("48213")
    assert len(psa.calls("GET", INFO)) == 2
    assert len(psa.calls("GET", TICKET)) == 1


def test_bad_references_are_not_found_without_a_call(psa: Any, cw: ConnectWise) -> None:
    for ask in (cw.ticket, cw.contact, cw.contacts, cw.statuses, cw.types):
        with pytest.raises(NotFound):
            ask("1 or id>0")
    assert psa.received == []


def _people(first: int, last: int) -> list[dict[str, Any]]:
    return [{"id": n, "firstName": f"P{n:04d}", "communicationItems": []} for n in range(first, last + 1)]


def test_all_pages_are_read_by_the_link_header(psa: Any, cw: ConnectWise, reply: Any) -> None:
    def link(page: int) -> dict[str, str]:
        return {"Link": f'<http://evil.example/x?conditions=1%2C2&pageSize=9&page={page}>; rel="next"'}

    psa.on(
        "GET",
        CONTACTS,
        reply(data=_people(1, 9), headers=link(2)),
        reply(data=_people(9, 17), headers=link(3)),
        reply(data=_people(18, 20), headers={"Link": ""}),
    )
    assert [c.ref for c in cw.contacts("250")] == [str(n) for n in range(1, 21)]
    asked = psa.calls("GET", CONTACTS)
    assert [r.query["page"] for r in asked] == [["1"], ["2"], ["3"]]
    assert {r.query["conditions"][0] for r in asked} == {"company/id=250 and inactiveFlag=false"}


def test_pages_without_a_link_header_are_walked_to_the_end(psa: Any, cw: ConnectWise, reply: Any) -> None:
    psa.on("GET", CONTACTS, reply(data=_people(1, 100)), reply(data=_people(101, 200)), reply(data=[]))
    assert len(cw.contacts("250")) == 200


def test_a_server_that_repeats_its_first_page_is_not_walked_for_ever(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", CONTACTS, data=_people(1, 50))
    assert len(cw.contacts("250")) == 50
    assert len(psa.calls("GET", CONTACTS)) == 2


def test_a_link_header_that_does_not_move_on_ends_the_list(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", CONTACTS, data=_people(1, 3), headers={"Link": '<http://x/?page=1>; rel="next", nonsense'})
    assert len(cw.contacts("250")) == 3


def test_a_failing_second_page_fails_the_list(psa: Any, cw: ConnectWise, reply: Any) -> None:
    psa.on("GET", CONTACTS, reply(data=_people(1, 30)), reply(500, raw=b"<html>"))
    with pytest.raises(Unavailable):
        cw.contacts("250")


def test_searching_companies_quotes_the_text(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", "/company/companies", data=[{"id": 252, "name": "Ferrer & Sons", "identifier": "FERRER"}])
    assert [c.name for c in cw.companies(" Ferrer & Sons ")] == ["Ferrer & Sons"]
    asked = psa.received[-1].query["conditions"]
    assert asked == ['deletedFlag=false and name contains "Ferrer & Sons"']


@pytest.mark.parametrize("text", ['x" or deletedFlag=true or name="', "100%", "a\\", "a*", "[a]"])
def test_text_that_could_widen_a_search_is_never_sent(psa: Any, cw: ConnectWise, text: str) -> None:
    with pytest.raises(Rejected, match="cannot be searched for"):
        cw.companies(text)
    assert psa.received == []


def test_mobile_numbers_are_known_by_their_label(psa: Any, connect: Callable[..., ConnectWise]) -> None:
    items = [
        {"id": 1, "type": {"id": 2, "name": "Direct"}, "value": "2025550177", "extension": "12", "defaultFlag": True},
        {"id": 2, "type": {"id": 4, "name": "mobile phone"}, "value": "\u200e2025550142\u202c "},
        {"id": 3, "type": {"id": 9, "name": "Handy"}, "value": "202\u00a0555 0119"},
        {"id": 4, "type": {"id": 3, "name": "Fax"}, "value": "2025550159", "communicationType": "Fax"},
        {"id": 5, "type": {"id": 1, "name": "Mobile"}, "value": "dana@larkfield.example", "communicationType": "Email"},
        {"id": 6, "type": {"id": 4, "name": "Cell"}, "value": ""},
    ]
    psa.on(
        "GET",
        CONTACTS + "/77",
        data={"id": 77, "communicationItems": [{"communicationType": "Phone"} | i for i in items]},
    )
    found = connect(psa.url).contact("77").destinations
    assert [(d.ref, d.value, d.mobile) for d in found] == [
        ("1", "2025550177", False),
        ("2", "2025550142", True),
        ("3", "202 555 0119", False),
        ("5", "dana@larkfield.example", False),
    ]
    assert (found[0].extension, found[0].default, found[3].kind) == ("12", True, DestinationKind.EMAIL)
    german = connect(psa.url, mobile_labels=["HANDY"]).contact("77").destinations
    assert [d.ref for d in german if d.mobile] == ["3"]


def test_a_contact_without_inline_items_is_asked_for_them(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", CONTACTS + "/77", data={"id": 77, "firstName": "Dana"})
    psa.on("GET", CONTACTS + "/77/communications", data=[CELL])
    assert [d.value for d in cw.contact("77").destinations] == ["2025550142"]


def test_records_are_read_with_as_little_as_an_id(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", TICKET, data={"id": 48213, "contact": None, "company": {"id": None}})
    ticket = cw.ticket("48213")
    assert (ticket.company, ticket.contact_ref, ticket.closed) == (None, "", False)


def test_lists_leave_out_what_is_switched_off(psa: Any, cw: ConnectWise) -> None:
    psa.on(
        "GET",
        "/service/boards",
        data=[{"id": 3, "name": "b"}, {"id": 1, "name": "A"}, {"id": 2, "name": "P", "projectFlag": True}],
    )
    rows = [
        {"id": 2, "name": "Closed", "sortOrder": 2, "closedStatus": True},
        {"id": 1, "name": "New", "sortOrder": 1, "defaultFlag": True},
        {"id": 3, "name": "Old", "inactive": True},
        {"id": 4, "name": "Older", "inactiveFlag": "True"},
    ]
    psa.on("GET", "/service/boards/1/statuses", data=rows)
    assert [board.name for board in cw.boards()] == ["A", "b"]
    assert [(s.name, s.default, s.closed) for s in cw.statuses("1")] == [("New", True, False), ("Closed", False, True)]


def test_members_are_active_people(psa: Any, cw: ConnectWise) -> None:
    rows = [
        {
            "id": 3,
            "identifier": "priya",
            "firstName": "Priya",
            "lastName": "Nair",
            "primaryEmail": "p@northgate.example",
        },
        {"id": 1, "identifier": "capi", "licenseClass": "A"},
        {"id": 2, "identifier": "lena", "inactiveFlag": True},
    ]
    psa.on("GET", "/system/members", data=rows)
    assert [(m.identifier, m.name, m.email) for m in cw.members()] == [("priya", "Priya Nair", "p@northgate.example")]


@pytest.mark.parametrize("internal", [True, False])
def test_a_note_says_every_flag(psa: Any, cw: ConnectWise, internal: bool) -> None:
    psa.on("POST", TICKET + "/notes", status=201, data={"id": 7, "text": "x", "dateCreated": "2026-01-05T08:00:00Z"})
    note = cw.post_note("48213", "line one\nline two", internal=internal)
    assert note.created == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert psa.received[-1].body == {
        "text": "line one\nline two",
        "detailDescriptionFlag": not internal,
        "internalAnalysisFlag": internal,
        "resolutionFlag": False,
        "issueFlag": False,
        "processNotifications": False,
        "customerUpdatedFlag": False,
    }


def test_a_note_that_clients_can_see_is_not_called_internal(psa: Any, cw: ConnectWise) -> None:
    psa.on("POST", TICKET + "/notes", status=201, data={"id": 7, "internalAnalysisFlag": True, "resolutionFlag": True})
    assert not cw.post_note("48213", "x").internal


def test_empty_notes_and_references_are_rejected_without_a_call(psa: Any, cw: ConnectWise) -> None:
    for ask in (cw.post_note, cw.find_note):
        with pytest.raises(Rejected):
            ask("48213", " \n")
    assert psa.received == []


def test_a_note_is_found_by_reference_on_any_page_and_the_newest_wins(psa: Any, cw: ConnectWise, reply: Any) -> None:
    first = [{"id": n, "text": f"note {n}"} for n in range(1, 31)]
    second = [
        {"id": 31, "text": "Verified\u200b (ref 8F2C)."},
        {"id": 40, "text": "A second ref\u00a08F2C"},
        {"id": 35},
    ]
    psa.on("GET", TICKET + "/notes", reply(data=first), reply(data=second))
    found = cw.find_note("48213", "ref 8F2C")
    assert found is not None
    assert (found.ref, found.text) == ("40", "A second ref 8F2C")
    psa.on("GET", TICKET + "/notes", data=first)
    assert cw.find_note("48213", "ref 8F2C") is None


def test_a_number_is_changed_by_a_bare_path_and_read_back(psa: Any, cw: ConnectWise, reply: Any) -> None:
    psa.on("GET", COMMUNICATION, reply(data=CELL), reply(data=CELL | {"value": "(202) 555-0199"}))
    psa.on("PATCH", COMMUNICATION, data=CELL)
    changed = cw.update_mobile("77", "902", "202 555 0199")
    assert (changed.ref, changed.value, changed.mobile) == ("902", "(202) 555-0199", True)
    assert psa.calls("PATCH", "/902")[0].body == [{"op": "replace", "path": "value", "value": "202 555 0199"}]


def test_a_success_that_changed_nothing_is_rejected(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", COMMUNICATION, data=CELL)
    psa.on("PATCH", COMMUNICATION, data=CELL)
    with pytest.raises(Rejected, match="still holds the former number"):
        cw.update_mobile("77", "902", "2025550199")


def test_a_change_whose_answer_was_lost_is_looked_up(psa: Any, cw: ConnectWise, reply: Any) -> None:
    psa.on("PATCH", COMMUNICATION, cut=-1)
    psa.on("GET", COMMUNICATION, reply(data=CELL), reply(data=CELL | {"value": "2025550199"}))
    assert cw.update_mobile("77", "902", "2025550199").value == "2025550199"
    psa.on("GET", COMMUNICATION, data=CELL)
    with pytest.raises(Unavailable) as caught:
        cw.update_mobile("77", "902", "2025550199")
    assert caught.value.ambiguous


@pytest.mark.parametrize("value", ["", "12", "hello", "2025550142; x", "+", "<b>2025550142</b>", "1" * 60, "٠١٢٣٤٥"])
def test_only_phone_numbers_become_phone_numbers(psa: Any, cw: ConnectWise, value: str) -> None:
    with pytest.raises(Rejected, match="phone number"):
        cw.update_mobile("77", "902", value)
    assert psa.received == []


def test_an_address_entry_is_not_overwritten_by_a_number(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", COMMUNICATION, data=CELL | {"communicationType": "Email", "value": "dana@larkfield.example"})
    with pytest.raises(Rejected, match="not a phone number"):
        cw.update_mobile("77", "902", "2025550199")
    assert psa.calls("PATCH", "/902") == []


@pytest.mark.parametrize(
    "change",
    [{"description": "x" * 51}, {"description": ""}, {"url": "u" * 1025}, {"origin": "o" * 101}, {"height": 5}],
)
def test_a_pod_that_connectwise_could_not_store_is_rejected_before_a_call(
    psa: Any, cw: ConnectWise, change: dict[str, Any]
) -> None:
    fields = {
        "description": "Caller check",
        "url": "https://pod.example/p",
        "origin": "https://pod.example",
        "height": 600,
    }
    with pytest.raises(Rejected):
        cw.install_pod([PodSetup(screen=SERVICE_SCREEN, **(fields | change))])
    assert psa.received == []


def test_metrics_see_templates_only(psa: Any, connect: Callable[..., ConnectWise]) -> None:
    calls: list[Call] = []
    psa.on("GET", TICKET, data={"id": 48213})
    connect(psa.url, observer=calls.append).ticket("48213")
    assert [(c.method, c.path_template, c.status) for c in calls] == [
        ("GET", "/login/companyinfo/{company}", 200),
        ("GET", "/service/tickets/{id}", 200),
    ]
