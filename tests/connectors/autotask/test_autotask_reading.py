"""What the Autotask connector reads, and how it finds tickets and people where nothing is sorted or normalised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.autotask import Autotask
from connectors.base import ContactSearch, NotFound, Rejected, TicketSearch


def test_a_pod_costs_a_ticket_a_company_and_a_contact(autotask: Any, dial: Callable[..., Autotask]) -> None:
    connector = dial()
    ticket = connector.ticket("148213")
    contact = connector.contact(ticket.contact_ref)
    assert autotask.asked() == [
        "GET /Tickets/148213 200",
        "GET /Companies/175 200",
        "GET /Contacts/30683077 200",
    ]
    assert contact.company is not None and contact.company.name == "Larkfield Dental"
    assert ticket.number.endswith(".8213") and ticket.number.startswith("T")
    # Without a zone there is one question more, once.
    autotask.control("reset", {})
    assert ticket.status == "1" and connector.statuses("") and connector.ticket("148213").status == "New"


def test_every_number_and_address_is_known_by_its_field(northgate_at: Autotask) -> None:
    found = northgate_at.contact("30683080").destinations
    assert [(each.ref, each.label, each.value, each.mobile, each.extension) for each in found] == [
        ("phone", "Phone", "2025550150", False, "14"),
        ("mobilePhone", "Mobile Phone", "+1 202 555 0119", True, ""),
        ("emailAddress", "Email", "theo@larkfield.example", False, ""),
    ]
    assert northgate_at.contact("30683083").destinations == ()
    assert northgate_at.contact("30683088").inactive


def test_the_own_organization_has_id_0_and_is_one(autotask: Any, northgate_at: Autotask) -> None:
    made = autotask.control(
        "records/Tickets", {"companyID": 0, "title": "Ours", "status": 1, "priority": 2, "queueID": 5}
    )
    ticket = northgate_at.ticket(str(made["id"]))
    assert ticket.company is not None and (ticket.company.ref, ticket.company.name) == ("0", "Northgate IT")
    assert "0" in [each.ref for each in northgate_at.companies()]
    assert northgate_at.contacts("0") == []


def test_all_pages_are_read_and_no_address_of_a_next_page_is_used(autotask: Any, northgate_at: Autotask) -> None:
    assert len(northgate_at.contacts("190")) == 520
    assert [each for each in autotask.asked() if "Contacts" in each] == ["POST /Contacts/query 200"] * 2


def test_another_record_than_the_asked_one_is_not_found(autotask: Any, northgate_at: Autotask) -> None:
    autotask.control("records/Contacts/30683077", method="DELETE")
    with pytest.raises(NotFound):
        northgate_at.contact("30683077")


def test_people_are_told_from_programs_by_the_tenants_own_labels(northgate_at: Autotask) -> None:
    assert [(each.name, each.email) for each in northgate_at.members()] == [
        ("Autotask Administrator", "administrator@northgate.example"),
        ("Priya Nair", "priya@northgate.example"),
        ("Sam Okafor", "sam@northgate.example"),
    ]
    assert northgate_at.member("29689999").api_only
    assert northgate_at.member("29680013").inactive


def test_lists_are_those_of_the_tenant_without_what_is_out_of_use(
    autotask: Any, northgate_at: Autotask, dial: Callable[..., Autotask]
) -> None:
    assert ("-1", "Client Portal") not in [(each.ref, each.name) for each in northgate_at.boards()]
    statuses = {each.name: each for each in northgate_at.statuses("29680055")}
    assert statuses["Complete"].closed and not statuses["New"].closed
    assert "Escalated (old)" not in statuses
    assert [each.name for each in northgate_at.priorities()] == ["Critical", "High", "Medium", "Low"]
    assert [each.name for each in northgate_at.subtypes("", "10")] == ["Password", "Second factor"]
    assert len([each for each in autotask.asked() if "fields" in each]) == 1
    german = dial(user="podapi@nordtor.example")
    assert [each.name for each in german.statuses("")][:2] == ["Neu", "Abgeschlossen"]
    assert [each.name for each in german.publish_values()] == [
        "Alle Autotask-Benutzer", "Interne Benutzer", "Intern und mitverwaltet"
    ]  # fmt: skip
    assert [each.ref for each in german.note_types()] == ["31", "32"]
    assert german.ticket("501").status == "Neu"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (TicketSearch(number="148077"), [148077]),
        (TicketSearch(number="#148077"), [148077]),
        (TicketSearch(number="t20990101.0001"), []),
        (TicketSearch(summary="WEBMAIL"), [148213]),
        (TicketSearch(summary="%"), []),
        (TicketSearch(company="ferrer"), [148219, 148188, 148102, 147990]),
        (TicketSearch(company="ferrer", limit=2), [148219, 148188]),
        (TicketSearch(contact="mateo ferrer"), [148188, 147990]),
        (TicketSearch(contact="nobody"), []),
        (TicketSearch(company="harbor", summary="vpn"), [148171]),
    ],
)
def test_tickets_are_found_newest_first(northgate_at: Autotask, search: TicketSearch, found: list[int]) -> None:
    assert [int(each.ref) for each in northgate_at.search_tickets(search)] == found


def test_a_found_ticket_has_all_its_names_in_four_questions(autotask: Any, northgate_at: Autotask) -> None:
    (found,) = northgate_at.search_tickets(TicketSearch(summary="webmail"))
    assert found.company is not None
    assert (found.company.name, found.contact_name, found.board, found.status) == (
        "Larkfield Dental", "Dana Whitfield", "Help Desk", "New"
    )  # fmt: skip
    assert len(autotask.asked()) <= 5


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (ContactSearch(phone="+1 202 555 0142"), [77]),
        (ContactSearch(phone="2025550118"), [78]),
        (ContactSearch(phone="(202) 555-0127"), [87]),
        (ContactSearch(phone="+12025550123"), [81]),
        (ContactSearch(phone="5550125"), [85]),
        (ContactSearch(phone="2025550150"), [79, 80]),
        (ContactSearch(phone="2025550150", name="theo"), [80]),
        (ContactSearch(phone="2025550128"), []),  # of somebody who is inactive
        (ContactSearch(phone="3015550142"), []),  # another number with the same end
        (ContactSearch(email="WEI@harborlegal.example"), [84]),
        (ContactSearch(email="%@harborlegal.example"), []),
        (ContactSearch(name="ferrer", company="ferrer"), [85, 86]),
        (ContactSearch(name="dan whit"), [77]),
        (ContactSearch(company="no such"), []),
    ],
)
def test_people_are_found_however_their_number_is_written(
    northgate_at: Autotask, search: ContactSearch, found: list[int]
) -> None:
    people = northgate_at.search_contacts(search)
    assert sorted(int(each.ref) - 30683000 for each in people) == found
    assert all(each.company and each.company.name for each in people)


def test_a_name_of_too_many_is_refused_in_words(autotask: Any, northgate_at: Autotask) -> None:
    with pytest.raises(Rejected, match="Narrow the search"):
        northgate_at.search_tickets(TicketSearch(contact="tenant"))
