"""The emulator seen through haloitsm-python, a client that others wrote against the real thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from halo import HaloClient
from halo.exceptions import HaloAuthenticationError, HaloRateLimitError, HaloResourceNotFound, HaloValidationError

from emulators.halo import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from tests.emulators.halo.conftest import HaloTenant


@pytest.fixture
def client(halo: HaloTenant) -> HaloClient:
    return HaloClient(halo.url, CLIENT_ID, CLIENT_SECRET, timeout=10, max_retries=0)


def test_it_reads_clients_users_and_types(client: HaloClient) -> None:
    assert client.clients.get(18).name == "Larkfield Dental"
    assert [user.emailaddress for user in client.users.list(search="Whitfield")] == ["dana@larkfield.example"]
    assert client.users.get(311, includedetails=True).mobilenumber == "2025550142"
    assert [kind.name for kind in client.ticket_types.list(can_create_only=True)] == [
        "Incident",
        "Access Request",
        "Change Request",
    ]
    assert client.ticket_types.get(21, include_details=True).hasmandatorytechfields is True


def test_it_walks_pages_and_searches_tickets(client: HaloClient) -> None:
    pages = [client.tickets.list(page_size=60, page_no=number) for number in (1, 2, 3, 4, 5)]
    ids = [ticket.id for page in pages for ticket in page]
    assert len(ids) == len(set(ids)) > 200 and pages[4] == []
    assert [ticket.id for ticket in client.tickets.search("webmail")] == [4713]


def test_it_creates_a_ticket_and_writes_on_it(client: HaloClient) -> None:
    made = client.tickets.create({"summary": "From outside", "tickettype_id": 1, "user_id": 311, "site_id": 27})
    assert (made.user_name, made.status_id) == ("Dana Whitfield", 1)
    note = made.add_action({"outcome_id": 7, "note_html": "<p>Seen</p>", "hiddenfromuser": True, "sendemail": False})
    assert (note["id"], note["who"]) == (1, "Pod Integration")
    assert [action.note for action in client.actions.list(ticket_id=made.id)] == ["Seen"]


def test_it_understands_our_errors(client: HaloClient, halo: HaloTenant) -> None:
    with pytest.raises(HaloResourceNotFound):
        client.tickets.get(1)
    with pytest.raises(HaloValidationError):
        client.actions.create({"ticket_id": 4713, "note": "no outcome"})
    halo.faults(too_many=1)
    with pytest.raises(HaloRateLimitError):
        client.tickets.get(4713)
    halo.faults(withheld="edit:tickets,read:tickets")
    with pytest.raises(HaloAuthenticationError):
        HaloClient(halo.url, CLIENT_ID, CLIENT_SECRET).tickets.get(4713)
    with pytest.raises(HaloAuthenticationError, match="credentials"):
        HaloClient(halo.url, CLIENT_ID, "wrong").tickets.get(4713)


def test_it_asks_for_a_new_token_when_one_has_ended(client: HaloClient, halo: HaloTenant) -> None:
    assert client.tickets.get(4713).id == 4713
    halo.faults(token_ended=1)
    assert client.tickets.get(4713).id == 4713
    assert [row["path"] for row in halo.control("requests")].count("/auth/token") == 2
