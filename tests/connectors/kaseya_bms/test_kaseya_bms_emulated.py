"""The connector against the Kaseya BMS emulator, which was written from the wire facts and not from the connector."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors import kaseya_bms
from connectors.base import (
    Capability,
    Connector,
    ContactSearch,
    NewTicket,
    NotFound,
    Rejected,
    TicketSearch,
    Unavailable,
)
from connectors.kaseya_bms import KaseyaBms

NOTES = "/servicedesk/tickets/1048213/notes"
PLAN = NewTicket("Identity check", "Caller <Dana> asked.\nSecond line & more.", "8F2C-7", "5521", "90211", "28804")


def test_the_example_of_the_package_runs(bms: Any) -> None:
    lines = inspect.getdoc(kaseya_bms).splitlines()  # type: ignore[union-attr]
    start = next(number for number, line in enumerate(lines) if line.endswith("::")) + 1
    end = next(number for number, line in enumerate(lines) if line.startswith("Every failure"))
    example = textwrap.dedent("\n".join(lines[start:end]))
    assert len(example.strip().splitlines()) <= 11
    names: dict[str, Any] = {}
    exec(example.replace("bms.kaseya.com", bms.url), names)
    assert names["mobile"].value == "2025550142"
    assert bms.control("notes")[-1]["details"] == names["note"].text


def test_the_connector_is_one_and_says_what_it_cannot_do(northgate: KaseyaBms, reach: Callable[..., KaseyaBms]) -> None:
    connector: Connector = northgate
    me = connector.whoami()
    assert (me.identifier, me.name, me.api_only) == ("caller.verify", "Caller Verify", True)
    absent = set(Capability) - northgate.capabilities
    assert absent == {
        Capability.CONFIRM_MEMBER,
        Capability.HOSTED_POD,
        Capability.INSTALL_POD,
        Capability.READ_RIGHTS,
        Capability.CLOSED_STATUSES,
    }
    assert northgate.install_pod([]) == ()
    with pytest.raises(Rejected):
        northgate.confirm_member("sam", "x", "y")
    assert Capability.UPDATE_MOBILE not in reach(may_change_phones=False).capabilities
    assert "demo-Bms" not in repr(northgate)


def test_a_cold_pod_costs_three_calls(bms: Any, northgate: KaseyaBms) -> None:
    northgate.contact(northgate.ticket("1048213").contact_ref)
    assert bms.asked() == [
        ("POST", "/security/authenticate"),
        ("GET", "/servicedesk/tickets/1048213"),
        ("GET", "/crm/contacts/summary/90211"),
    ]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_ticket_leads_to_its_contact_and_its_numbers(bms: Any, northgate: KaseyaBms, wrapped: bool) -> None:
    bms.faults(summaries_wrapped=wrapped)
    ticket = northgate.ticket("1048213")
    assert re.fullmatch(r"48213-\d{8}", ticket.number) and ticket.summary == "Cannot sign in to webmail"
    assert ticket.company is not None
    assert (ticket.company.name, ticket.company.identifier) == ("Larkfield Dental", "LARKFIELD")
    assert (ticket.board, ticket.status, ticket.closed) == ("Help Desk", "New", False)
    contact = northgate.contact(ticket.contact_ref)
    assert (contact.name, contact.first_name, contact.title) == ("Dana Whitfield", "Dana", "Practice manager")
    assert [(d.label, d.value, d.mobile, d.default) for d in contact.destinations] == [
        ("Work", "2025550177", False, True),
        ("Mobile", "2025550142", True, False),
        ("Work", "dana@larkfield.example", False, True),
    ]
    assert len({d.ref for d in contact.destinations}) == 3


def test_odd_people_are_read_as_they_are(northgate: KaseyaBms) -> None:
    assert northgate.contact("90217").destinations == ()
    assert northgate.contact("90303").name == "Yard"
    assert northgate.contact("90304").inactive and northgate.contact("90304").name == "Ina O'Dell <temp>"
    assert next(d.value for d in northgate.contact("90213").destinations) == "2025550150 ext. 12"
    assert northgate.ticket("1048221").contact_ref == ""
    assert northgate.ticket("1047990").closed


def test_contacts_of_a_company_come_by_name_without_inactive_ones(northgate: KaseyaBms) -> None:
    assert [c.name for c in northgate.contacts("5523")] == ["Carla Nunez", "Lucia Ferrer", "Mateo Ferrer"]
    assert northgate.contacts("5523")[1].destinations


def test_a_company_of_many_contacts_is_read_to_the_last(bms: Any, northgate: KaseyaBms) -> None:
    template = bms.control("records/contacts/90302")
    for number in range(100):
        bms.control(
            "records/contacts/0", {**template, "id": 0, "firstName": f"P{number:03}", "phones": [], "emails": []}
        )
    assert len(northgate.contacts("5525")) == 103
    assert len(bms.asked("/crm/contacts/summary")) == 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Ferrer & Sons", "Harbor Legal", "Larkfield Dental", "Tern & Sons"]),
        ("ferrer & s", ["Ferrer & Sons"]),
        ("LEGAL", ["Harbor Legal"]),
        ("' or '1'='1", []),
        ("&Filter.IsActive=false", []),
        ("nobody", []),
    ],
)
def test_companies_are_searched_by_a_part_of_the_name(northgate: KaseyaBms, text: str, names: list[str]) -> None:
    assert [company.name for company in northgate.companies(text)] == names


def test_lists_for_a_ticketing_profile(northgate: KaseyaBms) -> None:
    queues = northgate.boards()
    assert [queue.name for queue in queues] == ["Escalations", "Field Service", "Help Desk"]
    assert [status.name for status in northgate.statuses(queues[2].ref)][:2] == ["New", "In Progress"]
    assert [kind.name for kind in northgate.types(queues[0].ref)] == ["Change Request", "Incident", "Service Request"]
    assert [priority.name for priority in northgate.priorities() if priority.default] == ["Medium"]
    assert [kind.name for kind in northgate.subtypes("28804", "8")][:2] == ["Access request", "Hardware"]
    assert [kind.name for kind in northgate.items("28804", "8", "4101")] == ["Password", "Second factor"]
    with pytest.raises(NotFound):
        northgate.statuses("999")


def test_types_and_note_types_are_learned_where_they_cannot_be_listed(bms: Any, northgate: KaseyaBms) -> None:
    bms.faults(lookup_tables="ContactType")
    assert [kind.name for kind in northgate.types("28804")] == ["Incident", "Service Request"]
    assert [(kind.ref, kind.name, kind.default) for kind in northgate.note_types()] == [("4", "Task Notes", True)]
    bms.faults(lookup_tables="NoteType")
    assert len(northgate.note_types()) == 5


def test_members_are_active_people_and_one_is_found_by_id(northgate: KaseyaBms) -> None:
    assert [(m.identifier, m.name) for m in northgate.members()] == [
        ("mfa.service", "Mira Vogt"),
        ("priya", "Priya Nair"),
        ("sam", "Sam Okafor"),
    ]
    assert northgate.member("3312").inactive
    with pytest.raises(NotFound):
        northgate.member("4000")


@pytest.mark.parametrize("internal", [True, False])
def test_a_note_is_posted_as_html_and_found_as_words(bms: Any, northgate: KaseyaBms, internal: bool) -> None:
    text = "Caller <verified> & well.\n\nReference 8F2C-11"
    posted = northgate.post_note("1048213", text, internal=internal)
    assert (posted.internal, posted.text) == (internal, text) and posted.created is not None
    assert northgate.find_note("1048213", "8F2C-11") == posted
    assert northgate.find_note("1048213", "<verified> &") == posted
    assert northgate.find_note("1048219", "8F2C-11") is None
    stored = bms.control("notes")[-1]
    assert stored["details"] == "Caller &lt;verified&gt; &amp; well.<br/><br/>Reference 8F2C-11"
    assert (stored["isInternal"], stored["typeId"]) == (internal, 41)


def test_a_note_is_found_behind_hundreds_of_others(bms: Any, northgate: KaseyaBms) -> None:
    newest = [northgate.post_note("1048213", f"{word}, ref 8F2C") for word in ("early", "later")][-1]
    note = bms.control("records/notes/88001")
    for number in range(110):
        bms.control("records/notes/0", {**note, "id": 0, "ticketId": 1048213, "details": f"note {number}"})
    assert northgate.find_note("1048213", "ref 8F2C") == newest
    assert len(bms.asked(NOTES, "GET")) == 2


def test_without_a_note_type_nothing_is_posted(bms: Any, reach: Callable[..., KaseyaBms]) -> None:
    with pytest.raises(Rejected, match="note type"):
        reach(note_type="").post_note("1048213", "Text")
    assert bms.asked() == []


@pytest.mark.parametrize("fault", ["answer_lost", "slow_after_write_seconds"])
def test_a_note_whose_answer_does_not_come_is_ambiguous_and_can_be_found(
    bms: Any, reach: Callable[..., KaseyaBms], fault: str
) -> None:
    connector = reach(timeout=1.0)
    connector.whoami()
    bms.faults(**{fault: 1 if fault == "answer_lost" else 5})
    with pytest.raises(Unavailable) as caught:
        connector.post_note("1048213", "ref LOST-1")
    assert caught.value.ambiguous and len(bms.asked(NOTES, "POST")) == 1
    bms.control("faults", {"reset": True})
    found = connector.find_note("1048213", "LOST-1")
    assert found is not None and found.internal


def test_a_ticket_is_made_where_the_contact_is_and_found_by_its_reference(bms: Any, northgate: KaseyaBms) -> None:
    made = northgate.create_ticket(PLAN)
    assert made.summary == "Identity check [8F2C-7]" and made.contact_ref == "90211" and made.board == "Help Desk"
    stored = bms.control(f"records/tickets/{made.ref}")
    assert (stored["locationId"], stored["sourceId"], stored["typeId"]) == (7714, 1, 8)
    assert (stored["statusId"], stored["priorityId"]) == (35540, 31207)
    assert stored["details"] == "Caller &lt;Dana&gt; asked.<br/>Second line &amp; more."
    assert northgate.find_ticket("5521", "8F2C-7") == made
    assert northgate.find_ticket("5522", "8F2C-7") is None and northgate.find_ticket("5521", "8F2C-8") is None


def test_a_contact_without_a_location_gets_the_main_one(bms: Any, northgate: KaseyaBms) -> None:
    made = northgate.create_ticket(NewTicket("A", "b", "R-1", "5525", "90302", "28804"))
    assert bms.control(f"records/tickets/{made.ref}")["locationId"] == 7718
    made = northgate.create_ticket(
        NewTicket("A", "b", "R-2", "5522", "", "28804", "9", "4101", "5201", "31201", "35543")
    )
    stored = bms.control(f"records/tickets/{made.ref}")
    assert (stored["locationId"], stored["issueTypeId"], stored["subIssueTypeId"]) == (7715, 4101, 5201)
    assert (stored["typeId"], stored["priorityId"], stored["statusId"]) == (9, 31201, 35543)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (NewTicket("A", "b", "R-1", "5522", "90211", "28804"), "another company"),
        (NewTicket("A", "b", "R-1", "5521", "90211"), "without a queue"),
        (NewTicket("A", "b", "R-1", "5521", "90211", "28804", status_ref="77"), "statusId"),
    ],
)
def test_a_ticket_that_bms_would_refuse_is_refused_in_words(northgate: KaseyaBms, new: NewTicket, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        northgate.create_ticket(new)


def test_a_ticket_without_an_id_in_the_answer_may_be_there(bms: Any, northgate: KaseyaBms) -> None:
    bms.faults(created_without_id=1)
    with pytest.raises(Unavailable) as caught:
        northgate.create_ticket(PLAN)
    assert caught.value.ambiguous and northgate.find_ticket("5521", "8F2C-7") is not None


def test_a_status_is_set_once_and_read_back(bms: Any, northgate: KaseyaBms) -> None:
    assert northgate.set_status("1048213", "35562").closed
    assert northgate.set_status("1048213", "35562").status == "Completed"
    assert len(bms.asked("/servicedesk/tickets/1048213", "PATCH")) == 1
    bms.faults(answer_lost=1)
    assert not northgate.set_status("1048213", "35543").closed
    with pytest.raises(Rejected, match="statusId"):
        northgate.set_status("1048213", "1")
    bms.control("records/tickets/1048219", {"isReadOnly": True})
    with pytest.raises(Rejected, match="read-only"):
        northgate.set_status("1048219", "35562")


TICKETS = [
    (TicketSearch(number="1048213"), [1048213]),
    (TicketSearch(number="#48213-{day}"), [1048213]),
    (TicketSearch(number="48213"), []),
    (TicketSearch(number="9" * 30), []),
    (TicketSearch(contact="ferrer"), [1048188, 1048102, 1047990]),
    (TicketSearch(company="legal", summary="court"), [1048230]),
    (TicketSearch(summary="workstation", limit=3), [1046028, 1046027, 1046026]),
    (TicketSearch(summary="%' or 1=1 --"), []),
    (TicketSearch(contact="dana", company="legal"), []),
]


@pytest.mark.parametrize(("wanted", "refs"), TICKETS)
def test_tickets_are_searched_by_each_part(northgate: KaseyaBms, wanted: TicketSearch, refs: list[int]) -> None:
    day = northgate.ticket("1048213").number.partition("-")[2]
    wanted = TicketSearch(wanted.number.format(day=day), wanted.contact, wanted.company, wanted.summary, wanted.limit)
    assert [ticket.ref for ticket in northgate.search_tickets(wanted)] == [str(ref) for ref in refs]


CONTACTS = [
    (ContactSearch(name="dana"), ["Dana Whitfield"]),
    (ContactSearch(name="Whitfield Dana"), ["Dana Whitfield"]),
    (ContactSearch(name="ferrer"), ["Lucia Ferrer", "Mateo Ferrer"]),
    (ContactSearch(name="e", company="legal"), ["Felix Grant", "Joan Petrov", "Wei Lin"]),
    (ContactSearch(company="ferrer &"), ["Carla Nunez", "Lucia Ferrer", "Mateo Ferrer"]),
    (ContactSearch(email="WEI@harborlegal.example"), ["Wei Lin"]),
    (ContactSearch(email="wei@harborlegal"), []),
    (ContactSearch(phone="+1 (202) 555-0118"), ["Marcus Reyes"]),
    (ContactSearch(phone="2025550150"), ["Ingrid Solberg", "Theo Brandt"]),
    (ContactSearch(phone="555-0125"), ["Lucia Ferrer"]),
    (ContactSearch(phone="2025550128"), []),
    (ContactSearch(phone="2025550162", name="bram"), ["Bram Tern"]),
    (ContactSearch(name="O'Dell"), []),
    (ContactSearch(name="x&Filter.Phone=1"), []),
]


@pytest.mark.parametrize("phone_filter", ["contains", "digits", "exact"])
@pytest.mark.parametrize(("wanted", "names"), CONTACTS)
def test_contacts_are_searched_by_each_part(
    bms: Any, northgate: KaseyaBms, wanted: ContactSearch, names: list[str], phone_filter: str
) -> None:
    bms.faults(phone_filter=phone_filter)
    # A filter for whole texts cannot find what is written in no usual way, such as with an extension behind it.
    if phone_filter == "exact" and wanted.phone in ("2025550150", "555-0125"):
        names = []
    assert [contact.name for contact in northgate.search_contacts(wanted)] == names


def test_an_empty_search_and_too_short_a_number_are_refused(northgate: KaseyaBms) -> None:
    for contacts in (ContactSearch(phone="0142"), ContactSearch(name=" ")):
        with pytest.raises(Rejected):
            northgate.search_contacts(contacts)
    with pytest.raises(Rejected):
        northgate.search_tickets(TicketSearch())


@pytest.mark.parametrize("ref", ["", "0", "-1", "abc", "1/2", "../1", "1?x=1", "١", "9" * 12, " 1"])
def test_a_ref_that_no_id_can_be_is_refused_before_anything_is_sent(bms: Any, northgate: KaseyaBms, ref: str) -> None:
    for ask in (northgate.ticket, northgate.contact, northgate.contacts, northgate.member, northgate.statuses):
        with pytest.raises(NotFound):
            ask(ref)
    with pytest.raises(NotFound):
        northgate.post_note(ref, "text")
    assert bms.asked() == []


def test_many_threads_share_one_connector_and_one_login(bms: Any, northgate: KaseyaBms) -> None:
    with ThreadPoolExecutor(4) as pool:
        refs = list(pool.map(lambda _: northgate.ticket("1048213").contact_ref, range(24)))
    assert refs == ["90211"] * 24 and len(bms.asked("/security/authenticate")) == 1
