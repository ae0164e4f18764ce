"""The emulator seen through py-superops, a client that others wrote: what it does right, and what it only believes.

Its settings, sign-in, transport, answers and errors are its own. Its documents are not SuperOps': the ready-made ones
are invented and must be refused as the published schema refuses them, so the right ones go through its raw queries. Two
things it cannot do by itself. It has no setting for the header CustomerSubDomain, which its handler of keys, a
parameter of the client, adds here. And it puts `/graphql` behind any address; a `#` at the address's end keeps that
from being sent, as a fragment never is.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import parts
import pytest
from world import PROJECT

from emulators.superops import seed

if TYPE_CHECKING:
    from tests.emulators.superops.conftest import SuperOps

pytestmark = pytest.mark.standin

CLIENT: Final = PROJECT / "build" / "stand-ins" / "py-superops"
DRIVER: Final = Path(__file__).with_name("py_superops_calls.py")
TICKET: Final = seed.ticket_id(48171)
CALLER: Final = seed.user_id(84)
LARKFIELD: Final = seed.company_id(250)

TICKETS: Final = """query getTicketList($input: ListInfoInput!) { getTicketList(input: $input) {
  tickets { ticketId displayId subject status priority requestType client site requester technician techGroup
            createdTime updatedTime }
  listInfo { page pageSize hasMore totalCount } } }"""
CLIENTS: Final = """query getClientList($input: ListInfoInput!) { getClientList(input: $input) {
  clients { accountId name stage status emailDomains hqSite } listInfo { page pageSize hasMore totalCount } } }"""
REQUESTER: Final = """query getClientUser($input: ClientUserIdentifierInput!) { getClientUser(input: $input) {
  userId firstName lastName name email contactNumber site role client reportingManager customFields } }"""
CONVERSATIONS: Final = """query getTicketConversationList($input: TicketIdentifierInput!) {
  getTicketConversationList(input: $input) { conversationId content time user toUsers { user } ccUsers { user }
  attachments { fileName originalFileName fileSize } type } }"""
NOTES: Final = """query getTicketNoteList($input: TicketIdentifierInput!) { getTicketNoteList(input: $input) {
  noteId addedBy addedOn content privacyType } }"""
NOTE: Final = """mutation createTicketNote($input: CreateTicketNoteInput!) { createTicketNote(input: $input) {
  noteId addedBy addedOn content privacyType } }"""
CREATE: Final = """mutation createTicket($input: CreateTicketInput!) { createTicket(input: $input) {
  ticketId displayId subject status createdTime } }"""
NUMBER: Final = """mutation updateClientUser($input: UpdateClientUserInput!) { updateClientUser(input: $input) {
  userId name contactNumber } }"""
STATUSES: Final = "query getStatusList { getStatusList { id name description } }"

# What it offers ready-made, and what of it the published schema does not know.
INVENTED: Final = [
    (["tickets.list"], "Field 'tickets' in type 'Query'"),
    (["tickets.get_by_assignee", seed.SAM], "Field 'tickets' in type 'Query'"),
    (["tickets.get", TICKET], "Field 'ticket' in type 'Query'"),
    (["tickets.search", "vpn"], "Field 'searchTickets' in type 'Query'"),
    (["tickets.create", {"title": "t", "client_id": LARKFIELD}], "Field 'assignedTo' in type 'Ticket'"),
    (["tickets.update", TICKET, {"title": "t"}], "Field 'assignedTo' in type 'Ticket'"),
    (["tickets.add_comment", TICKET, "Seen"], "Field 'addTicketComment' in type 'Mutation'"),
    (["tickets.delete", TICKET], "Field 'deleteTicket' in type 'Mutation'"),
    (["clients.list"], "Field 'clients' in type 'Query'"),
    (["clients.create", {"name": "c"}], "Field 'createClient' in type 'Mutation'"),
    (["contacts.list"], "Field 'contacts' in type 'Query'"),
    (["sites.list"], "Field 'sites' in type 'Query'"),
    (["users.list"], "Field 'users' in type 'Query'"),
    (["comments.list"], "Field 'comments' in type 'Query'"),
]

Results = list[dict[str, Any]]


class Library:
    """Calls of the library to one emulator, made by a process with a Python of its own."""

    def __init__(self, psa: SuperOps, process: subprocess.Popen[str]) -> None:
        self.psa, self.process = psa, process
        self._sign_ins: list[dict[str, Any]] = []

    def sign_in(
        self, *calls: list[Any], token: str = seed.TOKENS[seed.SERVICE], subdomain: str = "northgateit",
        path: str = "/msp#",
    ) -> None:  # fmt: skip
        """Have these calls made next, with keys and an address of their own."""
        settings = {"SUPEROPS_API_KEY": token, "SUPEROPS_BASE_URL": self.psa.url + path, "SUPEROPS_MAX_RETRIES": "0"}
        self._sign_ins.append({"settings": settings, "subdomain": subdomain, "calls": calls})

    def run(self, *calls: list[Any]) -> Results:
        """What each call brought: `value`, or `raised` with what the exception knows. Earlier sign-ins come first."""
        if calls:
            self.sign_in(*calls)
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(self._sign_ins), file=self.process.stdin, flush=True)
        self._sign_ins = []
        results: Results = json.loads(self.process.stdout.readline())
        return results


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """The library's process, in a folder without settings of anybody else."""
    if not list(CLIENT.glob("lib/python*/site-packages/py_superops")):
        parts.missing("The client py-superops==0.2.9")
    with subprocess.Popen(
        [str(CLIENT / "bin" / "python"), str(DRIVER)],
        cwd=tmp_path_factory.mktemp("py-superops"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


@pytest.fixture
def library(psa: SuperOps, process: subprocess.Popen[str]) -> Library:
    """The library in front of the emulator."""
    return Library(psa, process)


def asked(document: str, **given: Any) -> list[Any]:
    return ["execute_query", document, {"input": given}]


def written(document: str, **given: Any) -> list[Any]:
    return ["execute_mutation", document, {"input": given}]


def answers(results: Results) -> list[Any]:
    """What the operation of each call answered; none of them raised anything."""
    assert [each for each in results if "raised" in each] == []
    return [next(iter(each["value"]["data"].values())) for each in results]


def test_it_signs_in_with_its_own_headers_and_finds_the_schema(library: Library, psa: SuperOps) -> None:
    signed_in, connected, schema = [
        each["value"] for each in library.run(["auth_handler.authenticate"], ["test_connection"], ["get_schema"])
    ]
    assert signed_in == seed.TOKENS[seed.SERVICE]
    assert (connected["connected"], connected["schema_info"]["queryType"]["name"]) == (True, "Query")
    ticket = next(each for each in schema["types"] if each["name"] == "Ticket")
    assert "requestType" in [field["name"] for field in ticket["fields"]]
    log = psa.control("requests")
    assert {(entry["path"], entry["status"]) for entry in log} == {("/msp", 200)}
    assert {entry["signed_in"] for entry in log} == {"verify@northgate.example"}


def test_it_reads_with_the_published_documents(library: Library) -> None:
    only = {"attribute": "subject", "operator": "contains", "value": "VPN"}
    tickets, clients, requester, said, statuses = answers(
        library.run(
            asked(TICKETS, page=1, pageSize=5, condition=only, sort=[{"attribute": "updatedTime", "order": "DESC"}]),
            asked(CLIENTS, page=1, pageSize=50, sort=[{"attribute": "name", "order": "ASC"}]),
            asked(REQUESTER, userId=CALLER),
            asked(CONVERSATIONS, ticketId=TICKET),
            ["execute_query", STATUSES],
        )
    )
    (ticket,) = tickets["tickets"]
    assert (ticket["ticketId"], ticket["subject"]) == (TICKET, "VPN drops every hour")
    assert ticket["client"] == {"accountId": seed.company_id(251), "name": "Harbor Legal"}
    assert ticket["requester"] == {"userId": CALLER, "name": "Wei Lin"}
    assert tickets["listInfo"] == {"page": 1, "pageSize": 5, "hasMore": None, "totalCount": 1}
    names = [client["name"] for client in clients["clients"]]
    assert names == sorted(names) and "Larkfield Dental" in names
    assert (requester["name"], requester["email"]) == ("Wei Lin", "wei@harborlegal.example")
    assert (requester["contactNumber"], requester["customFields"]["udf1text"]) == ("(202) 555-0134", "202-555-0124")
    assert said[0]["type"] == "DESCRIPTION" and said[0]["conversationId"]
    assert {"New", "Closed"} <= {status["name"] for status in statuses}


def test_it_writes_with_the_published_documents(library: Library, psa: SuperOps) -> None:
    made, noted, notes, moved, requester = answers(
        library.run(
            written(
                CREATE, subject="From outside", client={"accountId": seed.company_id(251)}, source="PHONE",
                requester={"userId": CALLER}, status="New", requestType="Incident", description="Asked.<br>Twice.",
            ),
            written(NOTE, ticket={"ticketId": TICKET}, content="Seen by a third party", privacyType="PRIVATE"),
            asked(NOTES, ticketId=TICKET),
            written(NUMBER, userId=CALLER, contactNumber="+12025550199"),
            asked(REQUESTER, userId=CALLER),
        )
    )  # fmt: skip
    assert (made["subject"], made["status"]) == ("From outside", "New")
    (stored,) = psa.control(f"records/tickets?ticketId={made['ticketId']}")
    assert (stored["requesterId"], stored["source"]) == (CALLER, "PHONE")
    assert (noted["privacyType"], noted["addedBy"]["userId"]) == ("PRIVATE", seed.SERVICE)
    assert [note for note in notes if note["noteId"] == noted["noteId"]] == [noted]
    assert (moved["contactNumber"], requester["contactNumber"]) == ("+12025550199", "+12025550199")


def test_it_understands_our_errors(library: Library, psa: SuperOps) -> None:
    hello = ["execute_query", "{ __typename }"]
    library.sign_in(["auth_handler.authenticate"], hello, token="api-nobody-has-this")
    library.sign_in(hello, subdomain="")
    library.sign_in(hello, subdomain="somebodyelse")
    *unknown, nowhere, elsewhere = library.run()
    for refused in unknown:
        assert (refused["raised"], refused["status_code"]) == ("SuperOpsAuthenticationError", 401)
        assert refused["response_data"] == {"message": "The API token is not valid."}
    for refused in (nowhere, elsewhere):
        assert (refused["raised"], refused["status_code"], refused["response_data"]) == ("SuperOpsAPIError", 400, {})
    psa.faults(too_many_requests=True, retry_after=7)
    (limited,) = library.run(hello)
    assert (limited["raised"], limited["status_code"], limited["retry_after"]) == ("SuperOpsRateLimitError", 429, 7)


def test_it_tells_the_codes_of_client_errors_unless_their_message_is_null(library: Library, psa: SuperOps) -> None:
    calls = [
        asked(TICKETS, page=1, pageSize=1),
        written(CREATE, subject="s", client={"accountId": LARKFIELD}, source="PHONE", status="New"),
    ]
    psa.faults(missing_rights="ticket.View")
    assert [tripped["raised"] for tripped in library.run(*calls)] == ["AttributeError"] * 2
    psa.faults(null_messages=False)
    forbidden, without_type = library.run(*calls)
    assert (forbidden["raised"], forbidden["status_code"]) == ("SuperOpsAPIError", 200)
    assert _code(forbidden) == {"code": "forbidden"}
    assert _code(without_type) == {"code": "mandatory_validation_failed", "param": {"attributes": ["requestType"]}}


def _code(refused: dict[str, Any]) -> Any:
    (problem,) = refused["response_data"]["errors"]
    (entry,) = problem["extensions"]["clientError"]
    return entry


def test_its_invented_documents_are_refused_by_the_schema_and_change_nothing(library: Library, psa: SuperOps) -> None:
    before = {table: psa.control(f"records/{table}") for table in ("tickets", "notes", "conversations", "clients")}
    results = library.run(*[call for call, _ in INVENTED])
    for (call, unknown), refused in zip(INVENTED, results, strict=True):
        assert (refused["raised"], refused["status_code"]) == ("SuperOpsAPIError", 200), call
        body = refused["response_data"]
        assert "data" not in body, call
        told = [problem["message"] for problem in body["errors"]]
        assert any(f"Validation error of type FieldUndefined: {unknown} is undefined" in line for line in told), told
        assert {problem["extensions"]["classification"] for problem in body["errors"]} == {"ValidationError"}
        assert not [line for line in told if "Did you mean" in line], "that is another engine's habit"
    assert before == {table: psa.control(f"records/{table}") for table in before}


def test_a_name_that_the_schema_lacks_is_refused_within_a_right_document_too(library: Library) -> None:
    fields = ["assignee", "ticketNumber", "lastUpdatedTime", "description"]
    right = "query ($input: ListInfoInput!) {{ getTicketList(input: $input) {{ tickets {{ ticketId {} }} {} }} }}"
    documents = [right.format(field, "") for field in fields] + [right.format("", "listInfo { hasNextPage }")]
    *refused, filtered, split = library.run(
        *[asked(document, page=1, pageSize=1) for document in documents],
        ["execute_query", "{ getTicketList(filter: {}) { tickets { ticketId } } }"],
        asked(right.format("requester { name }", ""), page=1, pageSize=1),
    )
    for field, each in zip([*fields, "hasNextPage"], refused, strict=True):
        assert f"FieldUndefined: Field '{field}' in type" in each["message"]
    assert "Unknown argument 'filter'" in filtered["message"]
    assert "SubSelectionNotAllowed" in split["message"] and "leaf type JSON of field requester" in split["message"]


def test_the_addresses_it_believes_in_are_not_there(library: Library) -> None:
    for path in ("/msp", "", "/v1"):
        library.sign_in(["execute_query", "{ __typename }"], path=path)
    assert [lost["raised"] for lost in library.run()] == ["JSONDecodeError"] * 3, "a page that says 404"
