"""The emulator seen through pyconnectwise, a client that others wrote against the real thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyconnectwise import ConnectWiseManageAPIClient
from pyconnectwise.exceptions import (
    AuthenticationFailedException,
    MalformedRequestException,
    NotFoundException,
    PermissionsFailedException,
)

if TYPE_CHECKING:
    from tests.emulators.connectwise.conftest import Psa


class PlainHttpClient(ConnectWiseManageAPIClient):
    """The client insists on https in these two methods only."""

    def _get_url(self) -> str:
        return f"http://{self.manage_url}/{self.codebase.strip('/')}/apis/3.0"

    def _try_get_codebase_from_api(self, manage_url: str, company_name: str, headers: dict[str, str]) -> str:
        answer = self._make_request("GET", f"http://{manage_url}/login/companyinfo/{company_name}", headers=headers)
        return str(answer.json()["Codebase"])


def connect(psa: Psa, private_key: str = "demoPrivateKey01") -> ConnectWiseManageAPIClient:
    return PlainHttpClient("northgate", psa.url.removeprefix("http://"), psa.client_id, "demoPublicKey01", private_key)


@pytest.fixture
def client(psa: Psa) -> ConnectWiseManageAPIClient:
    return connect(psa)


def test_it_discovers_the_codebase(client: ConnectWiseManageAPIClient) -> None:
    assert client.codebase == "v2025_1/"
    assert client.system.info.get().version.startswith("v2025.1")
    assert client.system.my_members.info.get().identifier == "podapi"


def test_it_reads_companies_and_contacts(client: ConnectWiseManageAPIClient) -> None:
    companies = client.company.companies.get(params={"conditions": 'name="Larkfield Dental"'})
    assert [company.identifier for company in companies] == ["LARKFIELD"]
    contact = client.company.contacts.id(77).get()
    assert (contact.first_name, contact.company.name) == ("Dana", "Larkfield Dental")
    assert [item.value for item in contact.communication_items][1] == "2025550142"
    items = client.company.contacts.id(77).communications.get()
    assert {item.communication_type for item in items} == {"Phone", "Email"}
    assert client.company.companies.count.get().count == 4


def test_it_walks_all_pages_of_contacts(client: ConnectWiseManageAPIClient) -> None:
    pages = client.company.contacts.paginated(1, 5, params={"conditions": "id in (77,78,79,80,81,82,83)"})
    assert [contact.id for contact in pages.all()] == [77, 78, 79, 80, 81, 82, 83]


def test_it_reads_and_changes_tickets(client: ConnectWiseManageAPIClient) -> None:
    ticket = client.service.tickets.id(48213).get()
    assert (ticket.summary, ticket.priority.name) == ("Cannot sign in to webmail", "Priority 2 - High")
    client.service.tickets.id(48213).patch([{"op": "replace", "path": "status", "value": {"id": 502}}])
    assert client.service.tickets.id(48213).get().status.name == "In Progress"
    made = client.service.tickets.post({"summary": "From outside", "company": {"id": 251}, "contact": {"id": 81}})
    assert made.contact_name == "Amara Diallo"


def test_it_posts_and_finds_notes(client: ConnectWiseManageAPIClient) -> None:
    notes = client.service.tickets.id(48213).notes
    made = notes.post({"text": "Seen by a third party", "internalAnalysisFlag": True, "detailDescriptionFlag": False})
    assert (made.created_by, made.internal_flag) == ("podapi", True)
    found = notes.get(params={"conditions": 'text contains "third party"'})
    assert [note.id for note in found] == [made.id]
    assert {note.note_type for note in client.service.tickets.id(48171).all_notes.get()} == {
        "TicketNote",
        "TimeEntryNote",
    }


def test_it_reads_members_boards_and_lists(client: ConnectWiseManageAPIClient) -> None:
    members = client.system.members.get(params={"conditions": 'inactiveFlag=false and licenseClass="F"'})
    assert [member.identifier for member in members] == ["sam", "priya"]
    assert [board.name for board in client.service.boards.get()] == ["Help Desk", "Field Service"]
    assert client.service.boards.id(2).statuses.get()[0].id == 521
    assert {entry.description for entry in client.company.communication_types.get()} >= {"Cell", "Direct"}
    assert client.service.priorities.get()[0].color == "Red"


def test_it_reads_rights_and_set_up_rows(client: ConnectWiseManageAPIClient) -> None:
    made = client.system.connectwisehostedsetups.post(
        {"screenId": 4, "description": "Caller check", "url": "https://pod.example.test/", "type": "Pod"}
    )
    assert [row.id for row in client.system.connectwisehostedsetups.get()] == [made.id]
    rights = client.system.my_security.get()
    assert {row.module_name for row in rights} >= {"Companies", "Service Desk", "System"}


def test_it_understands_our_errors(client: ConnectWiseManageAPIClient, psa: Psa) -> None:
    with pytest.raises(NotFoundException):
        client.service.tickets.id(1).get()
    with pytest.raises(MalformedRequestException):
        client.service.tickets.get(params={"conditions": "nothing=1"})
    psa.faults(role={"Service Tickets": "None"})
    with pytest.raises(PermissionsFailedException):
        client.service.tickets.id(48213).get()
    with pytest.raises(AuthenticationFailedException):
        connect(psa, "wrong").system.members.get()
