"""What the connector reads from the SuperOps emulator, which was written from the wire facts and not from it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from connectors import superops as package
from connectors.base import Connector, ContactSearch, MissingPermission, NotFound, Rejected, TicketSearch
from connectors.http import Call
from connectors.superops import SuperOps

WEBMAIL = "Cannot sign in to webmail"


def test_the_example_of_the_package_runs(account: Any) -> None:
    lines = inspect.getdoc(package).splitlines()  # type: ignore[union-attr]
    start = next(number for number, line in enumerate(lines) if line.endswith("::")) + 1
    end = next(number for number, line in enumerate(lines) if line.startswith("Every failure"))
    example = textwrap.dedent("\n".join(lines[start:end]))
    assert len(example.strip().splitlines()) <= 11
    names: dict[str, Any] = {}
    exec(example.replace('"us"', f'"{account.url}"'), names)
    assert names["mobile"].value == "202-555-0124"
    assert "ref 8F2C" in account.rows("notes")[-1]["content"]


def test_a_ticket_leads_to_its_requester_in_two_requests(account: Any, superops: SuperOps, seen: list[Call]) -> None:
    connector: Connector = superops
    ticket = connector.ticket(account.ticket("webmail"))
    assert (ticket.summary, ticket.status, ticket.closed, ticket.board) == (WEBMAIL, "New", False, "Service Desk")
    assert ticket.company is not None
    assert ticket.company.name == "Larkfield Dental"
    assert ticket.number == account.rows("tickets", ticketId=ticket.ref)[0]["displayId"]
    assert ticket.contact_name == "Dana Whitfield"
    contact = connector.contact(ticket.contact_ref)
    assert [(d.ref, d.label, d.value, d.mobile) for d in contact.destinations] == [
        ("contactNumber", "Contact number", "2025550177", False),
        ("udf1text", "Mobile phone", "2025550142", True),
        ("email", "Email", "dana@larkfield.example", False),
    ]
    assert contact.company == ticket.company
    assert [call.path_template for call in seen] == ["/msp getTicket", "/msp getClientUser"]


@pytest.mark.parametrize(
    "habits",
    [
        {"schema": "classic"},
        {"requester_fields": False},
        {"internal_error_on_read": True, "only": "getAllFields"},
    ],
)
def test_an_account_that_tells_no_fields_still_tells_the_contact_number(
    account: Any, superops: SuperOps, connected: Callable[..., SuperOps], habits: dict[str, Any]
) -> None:
    account.faults(**habits)
    lucia = account.user("Lucia")["userId"]
    superops.ticket(account.ticket("workshop"))
    assert [d.value for d in superops.contact(lucia).destinations] == ["1 (202) 555 0125", "lucia@ferrer.example"]
    assert account.requests() <= 3
    superops.contact(lucia)
    assert account.requests() <= 4
    chosen = connected(mobile_field="UDF1TEXT")
    dana = chosen.contact(account.user("Dana")["userId"])
    assert [(d.label, d.mobile) for d in dana.destinations][:2] == [("Contact number", False), ("Mobile", True)]


def test_values_may_come_as_text_of_json(account: Any, superops: SuperOps) -> None:
    account.faults(json_as_text=True, count_as_text=True)
    ticket = superops.ticket(account.ticket("webmail"))
    assert ticket.company is not None
    assert (ticket.contact_name, ticket.company.name) == ("Dana Whitfield", "Larkfield Dental")
    assert superops.contact(ticket.contact_ref).destinations[1].value == "2025550142"
    assert all(right.granted for right in superops.rights())


def test_a_requester_of_two_clients_has_no_company(account: Any, superops: SuperOps) -> None:
    noor = superops.contact(account.user("Noor")["userId"])
    assert (noor.name, noor.company) == ("Noor Haddad", None)
    larkfield = account.rows("clients", name="Larkfield Dental")[0]["accountId"]
    colleagues = superops.contacts(larkfield)
    assert [c.name for c in colleagues] == [
        "Dana Whitfield",
        "Ingrid Solberg",
        "Marcus Reyes",
        "Noor Haddad",
        "Theo Brandt",
    ]
    assert {c.company.ref for c in colleagues if c.company} == {larkfield}


def test_a_single_client_is_found_by_the_association_where_the_requester_names_none(
    account: Any, superops: SuperOps
) -> None:
    noor = account.user("Noor")["userId"]
    gone = account.rows("associations", userId=noor)[0]["id"]
    shown = superops.contact(noor)
    assert shown.company is None
    account.control(f"records/associations/{gone}", method="DELETE")
    account.faults(association_nulls=True)
    found = superops.contact(noor)
    assert found.company is not None
    assert found.company.name == "Harbor Legal"


def test_a_ticket_without_a_requester_has_no_contact(account: Any, superops: SuperOps) -> None:
    assert superops.ticket(account.ticket("Backup warning")).contact_ref == ""


@pytest.mark.parametrize("answer", ["null", "entity_does_not_exist"])
def test_what_a_group_hides_is_not_found(account: Any, superops: SuperOps, answer: str) -> None:
    account.faults(unknown_id=answer)
    piet = account.user("Piet")["userId"]
    hidden = account.rows("tickets", requesterId=piet)[0]
    for ask in (
        lambda: superops.contact(piet),
        lambda: superops.ticket(hidden["ticketId"]),
        lambda: superops.contacts(hidden["clientId"]),
        lambda: superops.find_note(hidden["ticketId"], "x"),
    ):
        with pytest.raises(NotFound):
            ask()
    assert "Tidewater Clinic" not in [company.name for company in superops.companies()]


def test_lists_are_walked_to_the_last_page(account: Any, superops: SuperOps) -> None:
    larkfield = account.rows("clients", name="Larkfield Dental")[0]["accountId"]
    account.control("bulk", {"users": 230, "clientId": larkfield})
    found = superops.contacts(larkfield)
    assert len(found) == 235
    assert account.operations().count("getClientUserList") == 3
    assert len({c.ref for c in found}) == 235


@pytest.mark.parametrize("schema", ["classic", "current"])
def test_the_lists_of_a_profile_are_names(account: Any, connected: Callable[..., SuperOps], schema: str) -> None:
    account.faults(schema=schema)
    psa = connected(closed_statuses=("closed", " On Site "), request_type="Problem")
    assert [group.name for group in psa.boards()] == ["Projects", "Service Desk"]
    statuses = psa.statuses("")
    assert [(s.ref, s.closed) for s in statuses][-3:] == [("Scheduled", False), ("On Site", True), ("Closed", True)]
    assert [p.ref for p in psa.priorities()] == ["Critical", "High", "Medium", "Low"]
    types = psa.types("")
    assert [t.name for t in types if t.default] == ["Problem"]
    assert len(types) == (1 if schema == "classic" else 3)
    assert [s.name for s in psa.subtypes("", "")] == ["Sign-in and password", "Access request", "Hardware"]
    assert [i.name for i in psa.items("", "", "Access request")] == ["Mailbox", "Folder"]
    assert list(psa.items("", "", "Hardware")) == []


def test_technicians_sign_in_with_their_address(superops: SuperOps) -> None:
    assert superops.whoami().identifier == "verify@northgate.example"
    assert [member.name for member in superops.members()] == ["Caller Verify", "Priya Nair", "Sam Okafor"]
    sam = next(member for member in superops.members() if member.first_name == "Sam")
    assert superops.member(sam.ref).email == "sam@northgate.example"


def test_an_address_that_no_technician_has_is_said(connected: Callable[..., SuperOps]) -> None:
    with pytest.raises(Rejected, match="no technician with the address nobody@northgate"):
        connected(technician="nobody@northgate.example").whoami()


def test_the_own_technician_is_found_where_the_filter_fails(account: Any, superops: SuperOps) -> None:
    account.faults(unfilterable="email")
    assert superops.whoami().name == "Caller Verify"


def test_rights_to_write_are_unknown_where_the_role_is_not_told(account: Any, superops: SuperOps) -> None:
    account.faults(internal_error_on_read=True, only="getTechnicianRoleList")
    rights = {right.name: right.granted for right in superops.rights()}
    assert rights == {
        "Tickets: View": True,
        "Tickets: Add": None,
        "Tickets: Edit": None,
        "Tickets: Notes": None,
        "Clients: View": True,
        "Requesters: View": True,
        "Requesters: Edit": None,
        "Technicians: View": True,
    }


@pytest.mark.parametrize(
    ("right", "ask"),
    [
        ("requester.View", lambda psa, account: psa.contact(account.user("Dana")["userId"])),
        ("ticket.View", lambda psa, account: psa.ticket(account.ticket("webmail"))),
        ("note.Add", lambda psa, account: psa.post_note(account.ticket("webmail"), "x")),
        ("client.View", lambda psa, account: psa.companies()),
        ("technician.View", lambda psa, account: psa.members()),
    ],
)
@pytest.mark.parametrize("place", ["errors", "top", "data"])
def test_a_missing_right_is_named_with_its_place(
    account: Any, superops: SuperOps, right: str, ask: Callable[[SuperOps, Any], object], place: str
) -> None:
    account.faults(missing_rights=right, error_place=place)
    with pytest.raises(MissingPermission) as problem:
        ask(superops, account)
    assert "Settings > Roles and Groups > Technician Roles" in str(problem.value)
    assert problem.value.right.split(":")[0].casefold().removesuffix("s") in (right.split(".")[0], "ticket")


SEARCHES = [
    (TicketSearch(summary="WEBMAIL"), [WEBMAIL]),
    (TicketSearch(contact="dana", summary="webmail"), [WEBMAIL]),
    (TicketSearch(company="ferrer", summary="printer"), ["Printer offline in the workshop"]),
    (TicketSearch(summary="no such words"), []),
    (TicketSearch(number="000000-0000"), []),
    (TicketSearch(number="not a number"), []),
    (TicketSearch(number="6104459021107354401"), []),
]


@pytest.mark.parametrize("number", range(len(SEARCHES)))
@pytest.mark.parametrize("unfilterable", ["", "subject, requester.name, client.name, displayId"])
def test_tickets_are_found_also_where_filters_fail(
    account: Any, superops: SuperOps, number: int, unfilterable: str
) -> None:
    account.faults(unfilterable=unfilterable)
    search, expected = SEARCHES[number]
    assert [ticket.summary for ticket in superops.search_tickets(search)] == expected


def test_a_ticket_is_found_by_either_number_and_newest_come_first(account: Any, superops: SuperOps) -> None:
    row = account.rows("tickets", subject=WEBMAIL)[0]
    for number in (row["displayId"], f"#{row['displayId']}", row["ticketId"]):
        assert [t.ref for t in superops.search_tickets(TicketSearch(number=number))] == [row["ticketId"]]
    assert superops.search_tickets(TicketSearch(number=row["ticketId"], contact="Marcus")) == []
    found = superops.search_tickets(TicketSearch(company="larkfield", limit=3))
    assert found[0].summary == "Backup warning on the file server"
    assert len(found) == 3


PEOPLE = [
    (ContactSearch(phone="+1 202 555 0142"), ["Dana Whitfield"]),
    (ContactSearch(phone="2025550127"), ["Carla Nunez"]),
    (ContactSearch(phone="555-0134"), ["Wei Lin"]),
    (ContactSearch(phone="(202) 555-0150"), ["Ingrid Solberg", "Noor Haddad", "Theo Brandt"]),
    (ContactSearch(phone="2025550150", company="harbor"), ["Noor Haddad"]),
    (ContactSearch(phone="2025559999"), []),
    (ContactSearch(email="LUCIA@ferrer.example"), ["Lucia Ferrer"]),
    (ContactSearch(email="lucia@ferrer"), []),
    (ContactSearch(name="ferrer"), ["Lucia Ferrer", "Mateo Ferrer"]),
    (ContactSearch(name="Ferrer mateo"), ["Mateo Ferrer"]),
    (ContactSearch(name="dana", company="no such client"), []),
]


@pytest.mark.parametrize("number", range(len(PEOPLE)))
@pytest.mark.parametrize("unfilterable", ["", "contactNumber, email, name"])
def test_requesters_are_found_by_all_that_they_have(
    account: Any, superops: SuperOps, number: int, unfilterable: str
) -> None:
    account.faults(unfilterable=unfilterable)
    search, expected = PEOPLE[number]
    assert [contact.name for contact in superops.search_contacts(search)] == expected


def test_a_mobile_field_is_offered_by_label_or_by_what_stands_in_it(account: Any, superops: SuperOps) -> None:
    assert [(choice.ref, choice.name, choice.default) for choice in superops.mobile_fields()] == [
        ("udf1text", "Mobile phone (udf1text)", True)
    ]


def test_a_mobile_field_without_labels_is_offered_by_the_end_of_a_number(
    account: Any, connected: Callable[..., SuperOps]
) -> None:
    account.faults(schema="classic")
    offered = connected().mobile_fields()
    assert [choice.ref for choice in offered] == ["udf1text"]
    assert offered[0].name == "udf1text, with a number that ends in 0123"


def test_no_pod_and_no_proof_of_a_technician_are_promised(superops: SuperOps) -> None:
    assert {c.name for c in superops.capabilities} & {"HOSTED_POD", "INSTALL_POD", "CONFIRM_MEMBER"} == set()
    assert superops.install_pod([]) == ()
    with pytest.raises(Rejected, match="Sign in to podserver"):
        superops.confirm_member("sam", "x", "")
