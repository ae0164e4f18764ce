"""Tickets, users, notes and numbers, and the traps that integrators of HaloPSA fell into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from connectors.base import ContactSearch, MissingPermission, NewTicket, NotFound, Rejected, TicketSearch, Unavailable
from connectors.halo import Halo
from connectors.halo.contacts import spellings
from connectors.halo.records import plain

if TYPE_CHECKING:
    from tests.connectors.halo.conftest import HaloStand


def new(**changes: str) -> NewTicket:
    values = {"summary": "SMS", "text": "Please <call> me & soon", "reference": "R-1", "company_ref": "18"}
    return NewTicket(**(values | changes))


def actions(stand: HaloStand, ticket: int = 4713) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stand.control(f"records/tickets/{ticket}")["_actions"]
    return found


def test_the_general_user_is_nobody(halo: Halo) -> None:
    ticket = halo.ticket("4736")
    assert (ticket.contact_ref, ticket.contact_name) == ("", "")
    with pytest.raises(NotFound, match="General User"):
        halo.contact("218")
    assert "General User" not in [each.name for each in halo.contacts("18")]


@pytest.mark.parametrize(
    ("user", "numbers"),
    [
        ("311", [("Mobile", "2025550142", "", True), ("Phone", "2025550177", "", False)]),
        ("313", [("Phone", "2025550150", "12", False)]),
        ("340", [("Mobile 2", "07700 900123", "", True)]),
        ("342", [("WhatsApp", "+447700900125", "", False)]),
        ("317", []),
    ],
)
def test_a_users_own_numbers_are_its_destinations(halo: Halo, user: str, numbers: list[tuple[Any, ...]]) -> None:
    phones = [d for d in halo.contact(user).destinations if d.kind.value == "phone"]
    assert [(d.label, d.value, d.extension, d.mobile) for d in phones] == numbers
    assert all(d.ref.endswith("number") or d.ref == "mobilenumber2" for d in phones)


def test_second_addresses_come_with_the_details(halo: Halo) -> None:
    assert [d.value for d in halo.contact("344").destinations if d.kind.value == "email"] == ["hugo@home.example"]
    assert [d.value for d in halo.contact("341").destinations][-1] == "nuala@bell.example"
    assert halo.contact("341").name == "Nuala <Admin> O'Brien"


def test_an_inactive_user_is_read_and_not_listed(halo: Halo) -> None:
    assert halo.contact("322").inactive
    assert [each.name for each in halo.contacts("20")] == ["Carla Nunez", "Lucia Ferrer", "Mateo Ferrer"]
    assert "Reception Scanner" not in [each.name for each in halo.contacts("18")]


@pytest.mark.parametrize(
    "switches",
    [{"odd_ids": "floats"}, {"odd_ids": "texts"}, {"extra_members": True}, {"missing_members": True},
     {"post_answer": "array", "post_status": "200"}, {"post_answer": "envelope"}, {"closed_listed": False},
     {"token_seconds": 1}],
)  # fmt: skip
def test_odd_builds_are_understood(halo: Halo, halo_stand: HaloStand, switches: dict[str, Any]) -> None:
    halo_stand.faults(**switches)
    ticket = halo.ticket("4713")
    assert (ticket.contact_ref, ticket.board, ticket.status, ticket.closed) == ("311", "1st Line Support", "New", False)
    assert halo.contact(ticket.contact_ref).company == ticket.company
    posted = halo.post_note("4713", "Verified (ref 8F2C)")
    assert (posted.ref, posted.internal) == ("3", True)
    assert halo.find_note("4713", "ref 8F2C") == posted
    made = halo.create_ticket(new(contact_ref="311"))
    assert halo.find_ticket("18", "R-1") == made
    assert halo.set_status(made.ref, "24").closed
    assert halo.find_ticket("18", "R-1").closed  # type: ignore[union-attr]
    assert halo.update_mobile("311", "mobilenumber", "+12025550190").value == "+12025550190"
    assert [each.ref for each in halo.members()] == ["71", "7", "42"]


def test_lists_are_read_to_the_last_page(halo: Halo, halo_stand: HaloStand) -> None:
    notes = [{**actions(halo_stand)[0], "id": key, "note": f"note {key}"} for key in range(1, 251)]
    halo_stand.control("records/tickets/4713", {"_actions": notes})
    for key in (1, 101, 250):
        found = halo.find_note("4713", f"note {key}")
        assert found is not None and found.text.startswith(f"note {key}")
    assert len([row for row in halo_stand.asked("/Actions") if row["query"]["page_no"] == "3"]) == 3


def test_a_note_says_whether_it_is_hidden_and_that_nobody_is_mailed(
    connect_halo: Callable[..., Halo], halo_stand: HaloStand
) -> None:
    careless = connect_halo(internal_outcome="16", public_outcome="17")
    assert careless.post_note("4713", "for staff").internal
    assert not careless.post_note("4713", "for all", internal=False).internal
    assert [row["hiddenfromuser"] for row in actions(halo_stand)[-2:]] == [True, False]
    assert halo_stand.control("mails") == []


def test_without_a_chosen_outcome_a_free_one_is_named(connect_halo: Callable[..., Halo], halo_stand: HaloStand) -> None:
    connect_halo(internal_outcome="", public_outcome="").post_note("4713", "x")
    assert (actions(halo_stand)[-1]["outcome"], actions(halo_stand)[-1]["outcome_id"]) == ("Note", 0)
    halo_stand.faults(free_outcomes=False)
    with pytest.raises(Rejected, match="The Outcome does not exist"):
        connect_halo(internal_outcome="").post_note("4713", "x")


def test_what_people_wrote_is_no_markup(halo: Halo, halo_stand: HaloStand) -> None:
    posted = halo.post_note("4713", "<script>alert(1)</script> & <b>co</b>\nsecond line")
    assert posted.text == "<script>alert(1)</script> & <b>co</b>\nsecond line"
    assert "<script>" not in actions(halo_stand)[-1]["note_html"]
    assert halo.find_note("4713", "& <b>co</b> second") == posted


def test_an_internal_note_that_halo_shows_is_an_alarm(halo: Halo, halo_stand: HaloStand) -> None:
    halo_stand.faults(notes_are_shown=True)
    with pytest.raises(Rejected, match="shows it to the end user"):
        halo.post_note("4713", "for staff")
    assert not halo.post_note("4713", "for all", internal=False).internal


def test_an_agent_without_access_is_told_from_a_bad_note(halo: Halo, halo_stand: HaloStand) -> None:
    halo_stand.faults(agent_may_act=False)
    with pytest.raises(MissingPermission, match="You do not have access to this Action"):
        halo.post_note("4713", "x")
    halo_stand.faults(agent_may_act=True, closed_editable=False)
    with pytest.raises(MissingPermission, match="closed Tickets"):
        halo.post_note("4737", "x")


@pytest.mark.parametrize("shape", ["class", "result", "message", "error"])
def test_halos_own_words_are_passed_on_from_every_shape(halo: Halo, halo_stand: HaloStand, shape: str) -> None:
    halo_stand.faults(error_shape=shape)
    with pytest.raises(Rejected, match="mandatory fields: Risk assessment"):
        halo.create_ticket(new(type_ref="21"))
    halo_stand.faults(html_errors=True)
    with pytest.raises(Rejected) as caught:
        halo.create_ticket(new(type_ref="21"))
    assert "<" not in str(caught.value)


def test_a_ticket_is_made_with_everything_that_was_chosen(halo: Halo, halo_stand: HaloStand) -> None:
    chosen = {"board_ref": "2", "type_ref": "1", "subtype_ref": "103", "item_ref": "201", "status_ref": "2"}
    made = halo.create_ticket(new(contact_ref="311", priority_ref="1-2", **chosen))
    stored = halo_stand.control(f"records/tickets/{made.ref}")
    wanted = {
        **{"summary": "SMS [R-1]", "details": "Please <call> me & soon", "team": "2nd Line Support"},
        **{"user_id": 311, "site_id": 27, "client_id": 18, "tickettype_id": 1, "priority_id": 2, "status_id": 2},
        **{"category_1": "Communication>SMS", "category_2": "Reset"},
    }
    assert {name: stored[name] for name in wanted} == wanted
    assert (made.contact_ref, made.status) == ("311", "In Progress")


def test_a_ticket_of_nobody_belongs_to_the_general_user(halo: Halo) -> None:
    made = halo.create_ticket(new())
    assert (made.contact_ref, made.company.name if made.company else "") == ("", "Larkfield Dental")


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"contact_ref": "315"}, Rejected, "another client"),
        ({"type_ref": "1", "priority_ref": "2-1"}, Rejected, "another SLA"),
        ({"board_ref": "99"}, NotFound, "no such team"),
        ({"subtype_ref": "201"}, NotFound, "no such category"),
        ({"contact_ref": "218"}, NotFound, "General User"),
        ({"type_ref": "24"}, MissingPermission, "do not have access"),
        ({"company_ref": "18; drop"}, NotFound, "no such client"),
        ({"status_ref": "999"}, Rejected, "Status selected does not exist"),
    ],
)
def test_a_ticket_that_cannot_be_is_refused(
    halo: Halo, halo_stand: HaloStand, changes: dict[str, str], error: type[Exception], words: str
) -> None:
    before = len(halo_stand.control("records/tickets"))
    with pytest.raises(error, match=words):
        halo.create_ticket(new(**changes))
    assert len(halo_stand.control("records/tickets")) == before


def test_a_status_that_the_type_forbids_is_refused_and_a_lost_answer_is_looked_up(
    halo: Halo, halo_stand: HaloStand
) -> None:
    with pytest.raises(Rejected, match="not allowed for this Ticket Type"):
        halo.set_status("4735", "5")
    halo.whoami()
    halo_stand.faults(lose_answer=1, only="POST /Tickets")
    assert halo.set_status("4713", "5").status == "With User"
    posts = [row for row in halo_stand.asked("/Tickets") if row["method"] == "POST"]
    assert halo.set_status("4713", "5").status == "With User"
    assert len([row for row in halo_stand.asked("/Tickets") if row["method"] == "POST"]) == len(posts)
    halo_stand.faults(closing_needs_fields=True)
    with pytest.raises(Rejected, match="closure fields"):
        halo.set_status("4713", "23")


def test_rows_of_lists_get_their_status_from_a_list_that_is_kept(halo: Halo, halo_stand: HaloStand) -> None:
    for summary in ("webmail", "locked out"):
        assert [each.status for each in halo.search_tickets(TicketSearch(summary=summary))] == ["New"]
    assert len(halo_stand.asked("/Status")) == 1


def test_closed_tickets_are_found_too(halo: Halo, halo_stand: HaloStand) -> None:
    halo_stand.faults(closed_listed=False)
    assert [each.closed for each in halo.search_tickets(TicketSearch(summary="scanner installed"))] == [True]
    assert [each.ref for each in halo.search_tickets(TicketSearch(number="0004490"))] == ["4490"]
    assert halo.search_tickets(TicketSearch(number="4490", summary="something else")) == []


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("+12025550118", ["Marcus Reyes"]),
        ("202-555-0123", ["Amara Diallo"]),
        ("+1 202 555 0124", ["Wei Lin"]),
        ("2025550125", ["Lucia Ferrer"]),
        ("+12025550127", ["Carla Nunez"]),
        ("2025550150", ["Ingrid Solberg", "Theo Brandt"]),
        ("+44 7700 900123", ["Tess & Co + Ltd"]),
        ("07700900125", ["王 小明"]),
        ("447700900126", ["Hugo Bell"]),
        ("+12025550199", []),
        ("2025550128", []),
    ],
)
def test_a_caller_is_found_whatever_way_the_number_was_typed_in(halo: Halo, typed: str, names: list[str]) -> None:
    found = [each.name for each in halo.search_contacts(ContactSearch(phone=typed))]
    assert found == names


def test_a_number_is_asked_for_in_few_spellings_and_long_ones_first() -> None:
    parts = spellings("+1 (202) 555-0142")
    assert parts[:3] == ["+1 (202) 555-0142", "2025550142", "5550142"]
    assert {"0142", "01 42", "550 142"} <= set(parts) and len(parts) <= 12


@pytest.mark.parametrize(
    ("search", "names"),
    [
        (ContactSearch(name="whitfield DANA"), ["Dana Whitfield"]),
        (ContactSearch(name="<Admin>"), ["Nuala <Admin> O'Brien"]),
        (ContactSearch(name="小明"), ["王 小明"]),
        (ContactSearch(company="Bell & Sons + Co", name="tess"), ["Tess & Co + Ltd"]),
        (ContactSearch(email="TESS+help@bell.example"), ["Tess & Co + Ltd"]),
        (ContactSearch(email="bell.example"), []),
        (ContactSearch(company="Quayside"), []),
        (ContactSearch(company="no such client"), []),
        (ContactSearch(name="General"), []),
    ],
)
def test_people_are_found_by_what_is_theirs(halo: Halo, search: ContactSearch, names: list[str]) -> None:
    assert [each.name for each in halo.search_contacts(search)] == names


def test_clients_of_every_name_are_found(halo: Halo) -> None:
    assert [each.name for each in halo.companies("& sons + CO")] == ["Bell & Sons + Co"]
    assert "Quayside Print" not in [each.name for each in halo.companies()]


def test_a_number_is_changed_whatever_the_build_wants_sent(halo: Halo, halo_stand: HaloStand) -> None:
    halo_stand.faults(users_need_whole=True)
    changed = halo.update_mobile("311", "mobilenumber", "+1 202 555 0190")
    assert (changed.label, changed.value, changed.mobile) == ("Mobile", "+1 202 555 0190", True)
    stored = halo_stand.control("records/users/311")
    assert (stored["name"], stored["site_id"], stored["phonenumber"]) == ("Dana Whitfield", 27, "2025550177")


def test_a_number_whose_answer_is_lost_is_read_back(halo: Halo, halo_stand: HaloStand) -> None:
    halo.whoami()
    halo_stand.faults(lose_answer=1)
    assert halo.update_mobile("311", "mobilenumber", "+12025550190").value == "+12025550190"
    halo_stand.faults(server_error=1, only="POST /Users")
    with pytest.raises(Unavailable):
        halo.update_mobile("311", "mobilenumber", "+12025550191")
    assert halo.update_mobile("316", "mobilenumber", "+12025550192").value == "+12025550192"


@pytest.mark.parametrize("member", ["", "name", "azureoid", "sitephonenumber", "emailaddress", "site_id"])
def test_nothing_but_a_persons_number_is_changed(halo: Halo, halo_stand: HaloStand, member: str) -> None:
    with pytest.raises(Rejected, match="not a phone number"):
        halo.update_mobile("311", member, "+12025550190")
    assert halo_stand.asked("/Users") == []


def test_the_lists_of_a_profile(halo: Halo) -> None:
    assert [each.name for each in halo.boards()] == ["1st Line Support", "2nd Line Support", "Field Service"]
    assert [(s.name, s.closed) for s in halo.statuses("1")][-2:] == [("Closed", True), ("Merged", True)]
    assert ("With CAB", False) in [(s.name, s.closed) for s in halo.statuses("1")]
    assert [each.name for each in halo.types("1")] == ["Access Request", "Change Request", "Incident"]
    assert [(p.ref, p.name) for p in halo.priorities()][3:5] == [("1-4", "Low (SLA 1)"), ("2-1", "Low (SLA 2)")]
    assert [each.name for each in halo.items("1", "1", "101")] == ["Replace", "Reset", "Unlock"]


def test_outcomes_say_what_they_do_by_themselves(halo: Halo) -> None:
    named = {each.ref: each.name for each in halo.outcomes()}
    assert "9" not in named
    assert named["16"].endswith("mails the user, which podserver forbids each time")
    assert named["30"].endswith("hides the note from the user – moves the ticket to another status")
    assert (halo.likely_outcome(internal=True), halo.likely_outcome(internal=False)) == ("7", "8")


def test_the_words_of_a_note_are_read_without_its_markup() -> None:
    assert plain("<div>One<br>two &amp; three</div><p>four</p>") == "One\ntwo & three\nfour"
