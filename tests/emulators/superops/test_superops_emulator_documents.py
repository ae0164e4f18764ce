"""Which documents the emulator runs, and its words for those it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulators.superops.conftest import SuperOps

TICKET = "query($i: TicketIdentifierInput!) { getTicket(input: $i) { %s } }"
UPDATE = "mutation($i: UpdateTicketInput!) { updateTicket(input: $i) { ticketId } }"
LIST = "query($i: ListInfoInput!) { getTicketList(input: $i) { tickets { ticketId } listInfo { %s } } }"

# What clients written from imagination ask for, and what the service says: all refused whole.
REFUSED = {
    "a body of a JSON value": (
        TICKET % "client { name }",
        "SubSelectionNotAllowed: Sub selection not allowed on leaf type JSON of field client @ 'getTicket/client'",
    ),
    "a ticket's description": (
        TICKET % "description",
        "FieldUndefined: Field 'description' in type 'Ticket' is undefined @ 'getTicket/description'",
    ),
    "an assignee": (TICKET % "assignee", "FieldUndefined"),
    "a ticketNumber": (TICKET % "ticketNumber", "FieldUndefined"),
    "hasNextPage": (LIST % "hasNextPage", "FieldUndefined: Field 'hasNextPage' in type 'ListInfo' is undefined"),
    "tickets with a filter": ("{ tickets(filter: {status: OPEN}) { id } }", "FieldUndefined"),
    "addTicketNote": ('mutation { addTicketNote(ticketId: "1", note: "x") { id } }', "FieldUndefined"),
    "getTicketStatusList": ("{ getTicketStatusList { id } }", "FieldUndefined"),
    "createNote, which is published only": (
        'mutation { createNote(input: {workItem: {workId: "1", module: TICKET}, content: "x"}) { noteId } }',
        "FieldUndefined",
    ),
    "an object without fields": ("query($i: ListInfoInput!) { getTicketList(input: $i) }", "SubSelectionRequired"),
    "a users' list without its wrapper": (
        "query($i: ListInfoInput!) { getClientUserList(input: $i) { userList { userId } } }",
        "VariableTypeMismatch: Variable type 'ListInfoInput!' doesn't match expected type 'GetClientUserListInput!'",
    ),
    "no input at all": ("{ getTicket { ticketId } }", "MissingFieldArgument"),
    "an enum that is none": (
        'mutation { createTicket(input: {subject: "x", client: {accountId: "1"}, source: PORTAL}) { ticketId } }',
        "WrongType",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses_a_wrong_document_whole(psa: SuperOps, case: str) -> None:
    document, words = REFUSED[case]
    answer = psa.answer(document, i={"ticketId": "1"})
    assert "data" not in answer
    assert answer["errors"][0]["message"].startswith(f"Validation error of type {words}")
    assert answer["errors"][0]["extensions"] == {"classification": "ValidationError"}


def test_one_wrong_field_spoils_the_right_ones(psa: SuperOps) -> None:
    answer = psa.answer(
        "query($i: ListInfoInput!) { __typename getTicketList(input: $i) { tickets { requester { name } } } }"
    )
    assert "data" not in answer


def test_it_knows_aliases_fragments_and_typename(psa: SuperOps) -> None:
    assert psa.answer("{ __typename }") == {"data": {"__typename": "Query"}}
    users = psa.control("records/users")[:2]
    answer = psa.answer(
        "query($a: ClientUserIdentifierInput!, $b: ClientUserIdentifierInput!) "
        "{ u1: getClientUser(input: $a) { ...who } u2: getClientUser(input: $b) { ... on ClientUser { ...who } } } "
        "fragment who on ClientUser { userId name contactNumber }",
        a={"userId": users[0]["userId"]},
        b={"userId": users[1]["userId"]},
    )
    assert [answer["data"][name]["name"] for name in ("u1", "u2")] == ["Dana Whitfield", "Marcus Reyes"]


def test_broken_syntax_is_told_with_its_place(psa: SuperOps) -> None:
    problem = psa.answer("{ getTicket(input: ")["errors"][0]
    assert problem["message"].startswith("Invalid Syntax : ")
    assert problem["locations"] == [{"line": 1, "column": 20}]


def test_an_enum_in_a_variable_ends_in_the_opaque_error(psa: SuperOps) -> None:
    response = psa.send(UPDATE, {"i": {"ticketId": "1", "source": "PORTAL"}})
    assert (response.status_code, len(response.content)) == (200, 102)
    assert response.json()["data"] == {"updateTicket": None}
    psa.faults(enum_internal_error=False)
    assert psa.answer(UPDATE, i={"ticketId": "1", "source": "PORTAL"})["errors"][0]["extensions"] == {
        "classification": "ValidationError"
    }


def test_a_variable_without_a_required_field_is_invalid(psa: SuperOps) -> None:
    problem = psa.answer(UPDATE, i={"status": "New"})["errors"][0]
    assert "ticketId" in problem["message"]
    assert problem["extensions"] == {"classification": "ValidationError"}


@pytest.mark.parametrize(
    ("generation", "known", "unknown"),
    [
        ("classic", ["createTicketNote"], ["createNote", "getAllFields"]),
        ("current", ["createTicketNote", "getAllFields"], ["createNote"]),
        ("future", ["createNote", "getAllFields"], ["createTicketNote"]),
    ],
)
def test_the_schema_has_generations(psa: SuperOps, generation: str, known: list[str], unknown: list[str]) -> None:
    psa.faults(schema=generation)
    types = psa.answer("{ __schema { queryType { fields { name } } mutationType { fields { name } } } }")["data"]
    names = {entry["name"] for kind in types["__schema"].values() for entry in kind["fields"]}
    assert set(known) <= names
    assert not set(unknown) & names


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"variables": {}}'])
def test_a_body_that_is_no_request_is_a_bad_request(psa: SuperOps, body: bytes) -> None:
    answer: Any = psa.http.post(f"{psa.url}/msp", data=body, headers=psa.headers, timeout=10)
    assert answer.status_code == 400
