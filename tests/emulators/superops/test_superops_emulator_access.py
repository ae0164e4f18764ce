"""Who is let in, what a role allows, and what can be made to go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from emulators.superops.assumptions import RIGHTS

if TYPE_CHECKING:
    from tests.emulators.superops.conftest import SuperOps

PING = "{ __typename }"
STATUS = "mutation($i: UpdateTicketInput!) { updateTicket(input: $i) { ticketId } }"


def ticket(psa: SuperOps) -> Any:
    return next(row for row in psa.control("records/tickets") if "webmail" in row["subject"])


@pytest.mark.parametrize("subdomain", [None, "", "otherfirm", "northgateit.superops.ai"])
def test_a_wrong_subdomain_is_a_bad_request_without_a_body(psa: SuperOps, subdomain: str | None) -> None:
    response = psa.send(PING, CustomerSubDomain=subdomain, Authorization="Bearer wrong")
    assert (response.status_code, response.content) == (400, b"")


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer wrong", "Basic api-demoSuperOpsToken01"])
def test_a_wrong_token_is_unauthorized(psa: SuperOps, header: str | None) -> None:
    response = psa.send(PING, Authorization=header)
    assert (response.status_code, response.json()) == (401, {"message": "The API token is not valid."})


def test_only_posts_to_the_one_path_are_answered(psa: SuperOps) -> None:
    assert requests.get(f"{psa.url}/msp", headers=psa.headers, timeout=10).status_code == 405
    assert requests.post(f"{psa.url}/it", headers=psa.headers, json={}, timeout=10).status_code == 404


def test_a_token_generated_anew_kills_the_old_one(psa: SuperOps) -> None:
    fresh = psa.control("tokens/verify@northgate.example", {})["token"]
    assert psa.send(PING).status_code == 401
    assert psa.send(PING, Authorization=f"Bearer {fresh}").status_code == 200


@pytest.mark.parametrize("operation", RIGHTS)
def test_each_operation_is_forbidden_without_its_right(psa: SuperOps, operation: str) -> None:
    documents = {
        "getTechnicianGroupList": "{ getTechnicianGroupList { groupId } }",
        "getTechnicianRoleList": "{ getTechnicianRoleList { roleId } }",
        "createNote": "mutation($i: CreateNoteInput!) { createNote(input: $i) { noteId } }",
    }
    key = ticket(psa)
    inputs: dict[str, Any] = {
        "Ticket": {"ticketId": key["ticketId"]},
        "Client": {"accountId": key["clientId"]},
        "ClientSite": {"id": key["siteId"]},
        "ClientUser": {"userId": key["requesterId"]},
        "createTicket": {"subject": "x", "client": {"accountId": "1"}, "source": "PHONE"},
        "updateTicket": {"ticketId": key["ticketId"]},
        "createTicketNote": {"ticket": {"ticketId": key["ticketId"]}, "content": "x"},
        "createTicketConversation": {"ticket": {"ticketId": key["ticketId"]}},
        "updateClientUser": {"userId": key["requesterId"]},
        "createNote": {"workItem": {"workId": key["ticketId"], "module": "TICKET"}, "content": "x"},
    }
    psa.faults(schema="future" if operation == "createNote" else "current")
    fields = "{ __typename }"
    kinds = psa.data(
        "{ __schema { %s { fields { name args { name type { ofType { name } } } } } } }"
        % ("queryType" if operation.startswith("get") else "mutationType")
    )
    kind = next(entry for entry in next(iter(kinds.values()))["fields"] if entry["name"] == operation)
    if kind["args"]:
        type_name = kind["args"][0]["type"]["ofType"]["name"]
        word = "query" if operation.startswith("get") else "mutation"
        document = f"{word}($i: {type_name}!) {{ {operation}(input: $i) {fields} }}"
    else:
        document = documents[operation]
    given = inputs.get(operation) or inputs.get(operation.removeprefix("get"), {})
    if operation in ("getTicketConversationList", "getTicketNoteList"):
        given = inputs["Ticket"]
    feature, right = RIGHTS[operation]
    psa.faults(missing_rights=f"{feature}.{right}")
    assert psa.codes(document, i=given) == [("forbidden",)]
    others = [f"{name}.{act}" for name, act in {*RIGHTS.values()} - {(feature, right)}]
    psa.faults(missing_rights=", ".join(others))
    answer = psa.answer(document, i=given)
    assert "forbidden" not in str(answer)


def test_a_missing_right_spoils_only_its_operation_and_shows_on_paper(psa: SuperOps) -> None:
    psa.faults(missing_rights="client.View, requester.Edit")
    answer = psa.answer(
        "query($i: ListInfoInput!) { t: getTicketList(input: $i) { tickets { ticketId } } "
        "c: getClientList(input: $i) { clients { accountId } } }",
        i={"pageSize": 1},
    )
    assert list(answer["data"]) == ["t"]
    assert len(answer["errors"]) == 1
    roles = psa.data("{ getTechnicianRoleList { roleFeatureList { feature { key } operationList { name } } } }")
    rights = {
        row["feature"]["key"]: [entry["name"] for entry in row["operationList"]] for row in roles[1]["roleFeatureList"]
    }
    assert (rights["client"], rights["requester"]) == ([], ["View"])


@pytest.mark.parametrize(
    ("fault", "status", "holds"),
    [
        ({"bad_gateway": True}, 502, "<h1>502 Bad Gateway</h1>"),
        ({"too_many_requests": True}, 429, "Too many requests"),
        ({"token_revoked": True}, 401, "token"),
        ({"subdomain_unknown": True}, 400, ""),
        ({"rate_limit_exceeded": True}, 200, "rate_limit_exceeded"),
        ({"account": "subscription_paused"}, 200, "subscription_paused"),
    ],
)
def test_a_fault_answers_every_request(psa: SuperOps, fault: dict[str, Any], status: int, holds: str) -> None:
    psa.faults(**fault)
    response = psa.send(PING)
    assert response.status_code == status
    assert holds in response.text


def test_429_says_how_long_to_wait_or_does_not(psa: SuperOps) -> None:
    psa.faults(too_many_requests=2, retry_after=7)
    assert psa.send(PING).headers["Retry-After"] == "7"
    psa.faults(retry_after=0)
    assert "Retry-After" not in psa.send(PING).headers
    assert psa.send(PING).status_code == 200


def test_a_token_has_so_many_requests_a_minute(psa: SuperOps) -> None:
    psa.faults(requests_per_minute=2)
    assert [psa.send(PING).json().get("data") for _ in range(2)] == [{"__typename": "Query"}] * 2
    refused = psa.send(PING)
    assert refused.status_code == 200
    assert refused.json()["errors"][0]["extensions"]["clientError"] == [{"code": "rate_limit_exceeded"}]
    other = psa.control("account")["tokens"]["sam@northgate.example"]
    assert "data" in psa.send(PING, Authorization=f"Bearer {other}").json()


def test_a_write_may_be_done_although_the_answer_says_otherwise(psa: SuperOps) -> None:
    key = ticket(psa)["ticketId"]
    psa.faults(internal_error_before_write=1)
    response = psa.send(STATUS, {"i": {"ticketId": key, "status": "On Site"}})
    assert (len(response.content), ticket(psa)["status"]) == (102, "New")
    psa.faults(internal_error_after_write=1)
    response = psa.send(STATUS, {"i": {"ticketId": key, "status": "On Site"}})
    assert (len(response.content), ticket(psa)["status"]) == (102, "On Site")
    psa.faults(lose_answer_after_write=1)
    with pytest.raises(requests.ConnectionError):
        psa.send(STATUS, {"i": {"ticketId": key, "status": "Scheduled"}})
    assert ticket(psa)["status"] == "Scheduled"
    assert [entry["status"] for entry in psa.control("requests")] == [200, 200, None]


def test_faults_can_be_limited_to_operations(psa: SuperOps) -> None:
    psa.faults(internal_error_on_read=True, only="getPriorityList")
    assert psa.data("{ getStatusList { id } }")
    assert psa.answer("{ getPriorityList { id } }")["data"] == {"getPriorityList": None}


def test_it_can_be_slow_or_gone(psa: SuperOps) -> None:
    psa.faults(slow_seconds=0.1, slow_answer_seconds=0.1)
    started = time.monotonic()
    psa.send(PING)
    assert time.monotonic() - started >= 0.2
    psa.control("faults", {"reset": True, "down": True})
    with pytest.raises(requests.ConnectionError):
        psa.send(PING)


@pytest.mark.parametrize(("place", "path"), [("top", ["extensions"]), ("data", ["data", "extensions"])])
def test_client_errors_may_stand_elsewhere(psa: SuperOps, place: str, path: list[str]) -> None:
    psa.faults(error_place=place, missing_rights="ticket.Edit")
    found = psa.answer(STATUS, i={"ticketId": "1"})
    assert "errors" not in found
    for step in path:
        found = found[step]
    assert found == {"clientError": [{"code": "forbidden"}]}


@pytest.mark.parametrize(
    "wanted",
    [{"nothing": 1}, {"schema": "newest"}, {"missing_rights": "ticket.Fly"}, {"requests_per_minute": 0}, {"only": 3}],
)
def test_a_wrong_fault_is_refused_and_changes_nothing(psa: SuperOps, wanted: dict[str, Any]) -> None:
    answer = requests.post(f"{psa.url}/superops/_control/faults", json={"down": True, **wanted}, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert psa.send(PING).status_code == 200


def test_the_log_tells_operations_and_refusals(psa: SuperOps) -> None:
    psa.faults(missing_rights="client.View")
    psa.send("query($i: ListInfoInput!) { a: getTicketList(input: $i) { tickets { ticketId } } "
             "b: getClientList(input: $i) { clients { accountId } } }", {"i": {}})  # fmt: skip
    entry = psa.control("requests")[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/msp", 200)
    assert entry["operations"] == ["getTicketList", "getClientList"]
    assert (entry["signed_in"], entry["errors"]) == ("verify@northgate.example", ["forbidden"])


def test_records_can_be_changed_and_deleted_from_outside(psa: SuperOps) -> None:
    key = ticket(psa)
    psa.control(f"records/users/{key['requesterId']}", {"contactNumber": "+12025550188"})
    assert psa.control(f"records/users?userId={key['requesterId']}")[0]["contactNumber"] == "+12025550188"
    psa.http.delete(f"{psa.url}/superops/_control/records/tickets/{key['ticketId']}", timeout=10)
    document = "query($i: TicketIdentifierInput!) { getTicket(input: $i) { ticketId } }"
    assert psa.data(document, i={"ticketId": key["ticketId"]}) is None


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_controls_and_screens_are_for_this_machine(psa: SuperOps, headers: dict[str, str]) -> None:
    for path in (
        "/superops/_control/faults",
        "/superops/_control/account",
        f"/superops/ticket/{ticket(psa)['ticketId']}",
    ):
        assert requests.get(f"{psa.url}{path}", headers=headers, timeout=10).status_code == 403


def test_what_was_written_survives_a_restart(start: Callable[..., SuperOps], tmp_path: Path) -> None:
    first = start(tmp_path)
    first.data(STATUS, i={"ticketId": ticket(first)["ticketId"], "status": "On Site"})
    token = first.control("tokens/verify@northgate.example", {})["token"]
    second = start(tmp_path)
    assert ticket(second)["status"] == "On Site"
    assert second.send(PING, Authorization=f"Bearer {token}").status_code == 200
    second.control("reset", {})
    assert ticket(start(tmp_path))["status"] == "New"
