"""The SuperOps emulator seen through rpmc-superops-mcp, whose documents and inputs were mended against a live tenant.

Its tools run as they are, down to the fetch that its client takes as an option.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Final

import parts
import pytest
from graphql import parse
from published_rig import fetched, node
from superops_world import SuperOpsWorld
from world import PROJECT

from emulators.superops import documents, seed
from emulators.superops.schema import schema

COMPILER: Final = PROJECT / "build" / "published" / "node_modules" / ".bin" / "esbuild"
DRIVER: Final = Path(__file__).with_name("rpmc_calls.ts")
TICKET, COMPANY, CALLER = seed.ticket_id(48171), seed.company_id(251), seed.user_id(84)

# What the emulator serves and this client does not ask: lists that it leaves to the Field API, and custom fields.
ITS_GAPS: Final = {
    "getStatusList", "getPriorityList", "getImpactList", "getUrgencyList", "getCategoryList", "getResolutionCodeList",
    "getTicketCustomFieldList", "getClientCustomFieldList",
}  # fmt: skip


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver and the client's own source, compiled into one file."""
    sources = fetched("rpmc-superops-mcp/src")
    if not COMPILER.exists():
        parts.missing("The compiler esbuild@0.28.2")
    target = tmp_path_factory.mktemp("rpmc") / "rpmc.mjs"
    done = subprocess.run(
        [str(COMPILER), str(DRIVER), "--bundle", "--platform=node", "--format=esm", "--log-level=warning",
         f"--alias:rpmc={sources}", f"--outfile={target}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target


def call(script: Path, superops: SuperOpsWorld, *calls: list[Any], token: str = seed.TOKENS[seed.SERVICE]) -> list[Any]:
    """What each tool brought."""
    done = node(script, url=f"{superops.url}/msp", token=token, subdomain="northgateit", calls=calls)
    assert done["addresses"] == ["https://api.superops.ai/msp"]
    results: list[Any] = done["results"]
    assert len(results) == len(calls)
    return results


def test_each_document_of_what_the_emulator_serves_is_right(script: Path) -> None:
    current = schema("current")
    assert current.query_type and current.mutation_type
    served = set(current.query_type.fields) | set(current.mutation_type.fields)
    asked: set[str] = set()
    for text in node(script, documents=True).values():
        roots = {field.name.value for field in documents.root_fields(parse(text), None)}
        if roots <= served:
            # Raises what is wrong with it, if anything is.
            documents.read(text, current)
            asked |= roots
    assert served - asked == ITS_GAPS


def test_it_reads_clients_tickets_and_people(script: Path, superops: SuperOpsWorld) -> None:
    connected, clients, one, tickets, ticket, said, sites, groups, people = call(
        script, superops,
        ["superops_test_connection", {}],
        ["superops_clients_list", {"pageSize": 5}],
        ["superops_clients_get", {"accountId": COMPANY}],
        ["superops_tickets_list", {"pageSize": 3}],
        ["superops_tickets_get", {"ticketId": TICKET}],
        ["superops_tickets_conversations", {"ticketId": TICKET}],
        ["superops_sites_list", {"clientId": COMPANY}],
        ["superops_technicians_groups", {}],
        ["superops_technicians_list", {}],
    )  # fmt: skip
    assert connected == {"ok": True, "region": "us"}
    assert "Harbor Legal" in [client["name"] for client in clients["getClientList"]["clients"]]
    assert one["getClient"]["emailDomains"] == ["harborlegal.example"]
    info = tickets["getTicketList"]["listInfo"]
    assert len(tickets["getTicketList"]["tickets"]) == 3 and info["hasMore"] is True and info["totalCount"] > 50
    assert (ticket["ticket"]["subject"], ticket["ticket"]["client"]["accountId"]) == ("VPN drops every hour", COMPANY)
    (opening,) = said["conversations"]
    assert opening["possibleOriginalBody"] and opening["redaction"]["htmlStripped"]
    # The id inside a site's client is a bare number, which this client reads without losing its last digits.
    assert {site["client"]["accountId"] for site in sites["getClientSiteList"]["sites"]} == {COMPANY}
    assert [group["name"] for group in groups["getTechnicianGroupList"]] == ["Service Desk", "Projects"]
    assert "Sam Okafor" in [person["name"] for person in people["getTechnicianList"]["userList"]]


def test_its_searches_find_what_they_should(script: Path, superops: SuperOpsWorld) -> None:
    number = superops.facts.number
    looked_into, by_client, by_number, none, requester, associations, fields = call(
        script, superops,
        ["investigate_ticket", {"ticket": number}],
        ["superops_tickets_search", {"clientName": "Harbor Legal", "status": ["New", "In Progress"],
                                     "technicianName": "Priya Nair", "created": "this_month", "sortBy": "updatedTime"}],
        ["superops_tickets_search", {"displayId": number}],
        ["superops_tickets_search", {"clientName": "Nobody"}],
        ["superops_client_users_get", {"userId": CALLER}],
        ["superops_client_users_associations", {"userId": CALLER}],
        ["superops_fields_all", {"module": "TICKET"}],
    )  # fmt: skip
    assert (looked_into["status"], looked_into["ticket"]["ticketId"]) == ("complete", TICKET)
    assert looked_into["provenance"]["resolution"] == "displayId_condition_is"
    assert by_client["provenance"]["resolution"] == "condition_and_sort"
    assert {row["client"]["name"] for row in by_client["items"]} == {"Harbor Legal"}
    assert [row["ticketId"] for row in by_number["items"]] == [TICKET]
    assert (none["status"], none["items"]) == ("complete", [])
    assert "Wei Lin" in str(requester) and "Harbor Legal" in str(associations)
    assert "requestType" in str(fields)


def test_its_writes_are_written_and_found_again_by_itself(script: Path, superops: SuperOpsWorld) -> None:
    new = {
        "accountId": COMPANY, "subject": "From outside", "status": "New", "requestType": "Incident",
        "requesterUserId": CALLER, "source": "PHONE",
    }  # fmt: skip
    results = call(
        script, superops,
        ["superops_tickets_create", new],
        ["superops_tickets_update", {"ticket": TICKET, "status": "Waiting on Client", "technicianId": seed.SAM}],
        ["superops_tickets_add_note", {"ticket": TICKET, "content": "Seen", "privacyType": "PRIVATE"}],
        ["superops_tickets_add_note", {"ticket": TICKET, "content": "Told", "privacyType": "PUBLIC"}],
        ["superops_tickets_add_conversation", {"ticket": TICKET, "content": "Hello", "sendMail": False}],
        ["superops_client_users_update", {"userId": CALLER, "contactNumber": "+12025550199"}],
    )  # fmt: skip
    assert [(each.get("mutation"), each["outcome"]) for each in results] == [
        ("createTicket", "complete"),
        ("updateTicket", "complete"),
        ("createTicketNote", "complete"),
        ("createTicketNote", "complete"),
        ("createTicketConversation", "complete"),
        ("updateClientUser", "complete"),
    ]
    assert "From outside" in superops.summaries()
    assert [(note.text, note.internal) for note in superops.notes()] == [("Seen", True), ("Told", False)]
    assert superops.connector().contact(CALLER).destinations[0].value == "+12025550199"


def test_what_is_refused_is_told_by_it(script: Path, superops: SuperOpsWorld) -> None:
    (refused,) = call(script, superops, ["superops_tickets_list", {}], token="api-nobody")
    assert refused == {"refused": "Error: SuperOps HTTP error"}, "its own words for a 401"
    without_type = {"accountId": COMPANY, "subject": "s", "status": "New"}
    (failed,) = call(script, superops, ["superops_tickets_create", without_type])
    assert "mandatory_validation_failed: requestType" in failed["refused"] and "s" not in superops.summaries()
