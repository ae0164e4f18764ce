"""What every connector does alike, whatever its PSA: run against each PSA's stand-in, over real sockets."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from psa_world import PsaWorld
from psa_worlds import WORLDS

from connectors.base import (
    BadCredentials,
    Capability,
    Connector,
    ContactSearch,
    DestinationKind,
    NewTicket,
    NotFound,
    PsaError,
    RateLimited,
    Rejected,
    TicketSearch,
    Unavailable,
)
from connectors.discipline import Gate, Lane, Limits
from connectors.ledger import SqliteLedger

ODD = ("' OR 1=1 --", '"', "%", "_", "<b>", "\\", "*", "(", "名前", "a\x00b", "{}", "${x}", "x" * 400)


@pytest.fixture(scope="session", params=list(WORLDS))
def _stand(request: pytest.FixtureRequest) -> PsaWorld:
    return WORLDS[request.param]()


@pytest.fixture
def world(_stand: PsaWorld) -> PsaWorld:
    """One PSA in its first state."""
    _stand.reset()
    return _stand


@pytest.fixture
def psa(world: PsaWorld) -> Connector:
    """A connector to it."""
    return world.connector()


@pytest.fixture(autouse=True)
def _nothing_secret_is_logged(world: PsaWorld, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    said = [r.getMessage() for when in ("setup", "call") for r in caplog.get_records(when)
            if r.name.startswith(("connectors", "urllib3", "requests"))]  # fmt: skip
    for secret in (*world.secrets, world.facts.mobile, world.facts.email):
        assert [line for line in said if secret in line] == [], "a secret or a person is in a log line"


def test_the_keys_name_their_owner_and_have_every_right(psa: Connector) -> None:
    assert psa.whoami().ref
    assert [right.name for right in psa.rights() if right.granted is False] == []
    assert all(right.where and right.purpose for right in psa.rights())


def test_each_right_that_is_missing_is_named(world: PsaWorld) -> None:
    assert world.rights
    for name in world.rights:
        world.reset()
        world.take_right(name)
        missing = [right.name for right in world.connector().rights() if right.granted is False]
        assert name in missing


def test_a_ticket_names_its_contact_and_company(world: PsaWorld, psa: Connector) -> None:
    facts, ticket = world.facts, psa.ticket(world.facts.ticket)
    assert (ticket.ref, ticket.summary, ticket.contact_ref) == (facts.ticket, facts.summary, facts.contact)
    assert ticket.company is not None and (ticket.company.ref, ticket.company.name) == (
        facts.company,
        facts.company_name,
    )
    assert not ticket.closed and ticket.status


def test_a_contact_comes_with_every_number_and_address(world: PsaWorld, psa: Connector) -> None:
    facts, contact = world.facts, psa.contact(world.facts.contact)
    assert (contact.ref, contact.name) == (facts.contact, facts.contact_name)
    assert contact.company is not None and contact.company.ref == facts.company
    phones = {d.value: d for d in contact.destinations if d.kind is DestinationKind.PHONE}
    assert phones[facts.mobile].mobile and phones[facts.mobile].label
    assert facts.email in [d.value for d in contact.destinations if d.kind is DestinationKind.EMAIL]
    assert len({d.ref for d in contact.destinations}) == len(contact.destinations)


def test_a_pod_costs_at_most_three_calls_when_it_is_cold_and_two_when_it_is_warm(world: PsaWorld) -> None:
    psa = world.connector()
    psa.contact(psa.ticket(world.facts.ticket).contact_ref)
    assert world.calls() <= 3
    world.forget_calls()
    psa.contact(psa.ticket(world.facts.ticket).contact_ref)
    assert world.calls() <= 2


def test_the_colleagues_are_the_companys_active_contacts(world: PsaWorld, psa: Connector) -> None:
    found = psa.contacts(world.facts.company)
    assert world.facts.contact in [c.ref for c in found]
    assert [c.name.casefold() for c in found] == sorted(c.name.casefold() for c in found)
    assert not any(c.inactive for c in found)
    assert all(c.company is not None and c.company.ref == world.facts.company for c in found)


def test_companies_are_found_by_a_part_of_their_name(world: PsaWorld, psa: Connector) -> None:
    assert world.facts.company in [c.ref for c in psa.companies()]
    part = world.facts.company_name[1:6].upper()
    assert world.facts.company in [c.ref for c in psa.companies(part)]
    assert psa.companies("no company has this name") == [] or not psa.companies("no company has this name")


def test_the_lists_of_a_ticketing_profile_are_there(psa: Connector) -> None:
    known = psa.capabilities
    boards = psa.boards()
    assert bool(boards) == (Capability.BOARDS in known)
    board = boards[0].ref if boards else ""
    statuses = psa.statuses(board)
    assert statuses and all(s.ref and s.name for s in statuses)
    if Capability.CLOSED_STATUSES in known:
        assert any(s.closed for s in statuses) and not all(s.closed for s in statuses)
    types = psa.types(board)
    assert bool(types) == (Capability.TYPES in known)
    assert psa.priorities()
    subtypes = [(t.ref, s.ref) for t in types for s in psa.subtypes(board, t.ref)]
    assert bool(subtypes) == (Capability.SUBTYPES in known)
    if Capability.ITEMS in known:
        assert any(psa.items(board, kind, sub) for kind, sub in subtypes)


def test_members_are_people_and_one_is_found_by_id(psa: Connector) -> None:
    members = psa.members()
    assert members and all(m.name and not m.inactive and not m.api_only for m in members)
    assert psa.member(members[0].ref).name == members[0].name


@pytest.mark.parametrize("by", ["number", "contact", "company", "summary", "all"])
def test_tickets_are_found(world: PsaWorld, psa: Connector, by: str) -> None:
    facts = world.facts
    parts = {
        "number": facts.number,
        "contact": facts.contact_name.split()[-1].lower(),
        "company": facts.company_name[:6].upper(),
        "summary": facts.summary[3:12].upper(),
    }
    chosen = parts if by == "all" else {by: parts[by]}
    found = psa.search_tickets(TicketSearch(**chosen))
    assert facts.ticket in [ticket.ref for ticket in found]
    if by == "number":
        assert len(found) == 1
    if by == "summary":
        assert all(parts["summary"].lower() in ticket.summary.lower() for ticket in found)
    if by == "company":
        assert all(t.company and facts.company_name[:6].lower() in t.company.name.lower() for t in found)


def test_a_search_that_matches_nothing_finds_nothing(psa: Connector) -> None:
    assert not psa.search_tickets(TicketSearch(summary="zzz qqq no such words"))
    assert not psa.search_tickets(TicketSearch(number="no number"))
    assert not psa.search_contacts(ContactSearch(name="Nobody Nowhere"))
    assert not psa.search_contacts(ContactSearch(email="nobody@nowhere.example"))


def test_an_empty_search_is_refused(psa: Connector) -> None:
    for ask in (lambda: psa.search_tickets(TicketSearch(summary="  ")), lambda: psa.search_contacts(ContactSearch())):
        with pytest.raises(Rejected):
            ask()


def test_a_search_is_never_longer_than_it_was_asked_for(psa: Connector, world: PsaWorld) -> None:
    assert len(psa.search_tickets(TicketSearch(company=world.facts.company_name, limit=2))) <= 2
    assert len(psa.search_contacts(ContactSearch(company=world.facts.company_name, limit=2))) <= 2


@pytest.mark.parametrize("odd", ODD)
def test_what_people_type_never_becomes_syntax(psa: Connector, world: PsaWorld, odd: str) -> None:
    plain = odd.replace("\x00", "").casefold()
    for field in ("summary", "contact", "company", "number"):
        try:
            found = psa.search_tickets(TicketSearch(**{field: odd}))
        except Rejected:
            continue
        if field == "summary":
            assert all(plain in ticket.summary.casefold() for ticket in found)
    try:
        people = psa.search_contacts(ContactSearch(name=odd))
    except Rejected:
        return
    assert all(plain in person.name.casefold() for person in people)


def test_contacts_are_found_by_name_company_address_and_number(world: PsaWorld, psa: Connector) -> None:
    facts = world.facts
    searches = [
        ContactSearch(name=facts.contact_name.split()[-1].upper()),
        ContactSearch(name=facts.contact_name, company=facts.company_name),
        ContactSearch(email=facts.email.upper()),
    ]
    if Capability.SEARCH_BY_PHONE in psa.capabilities:
        searches += [ContactSearch(phone=number) for number in (facts.mobile, *facts.spellings)]
    for search in searches:
        found = psa.search_contacts(search)
        assert facts.contact in [contact.ref for contact in found], search
        mine = next(contact for contact in found if contact.ref == facts.contact)
        assert facts.mobile in [d.value for d in mine.destinations]


def test_a_number_that_is_too_short_or_cannot_be_searched_for_is_refused(psa: Connector) -> None:
    with pytest.raises(Rejected):
        psa.search_contacts(ContactSearch(phone="0142"))
    if Capability.SEARCH_BY_PHONE not in psa.capabilities:
        with pytest.raises(Rejected):
            psa.search_contacts(ContactSearch(phone="+1 202 555 0142"))


@pytest.mark.parametrize("internal", [True, False])
def test_a_note_is_internal_or_public_as_it_was_asked_for(world: PsaWorld, psa: Connector, internal: bool) -> None:
    text = "Caller verified by SMS code.\n<b>bold</b> & co, ref 8F2C77"
    before = len(world.notes())
    posted = psa.post_note(world.facts.ticket, text, internal=internal)
    assert posted.internal is internal and posted.ref
    stored = [note for note in world.notes() if "8F2C77" in note.text]
    assert len(stored) == 1 and len(world.notes()) == before + 1
    assert stored[0].internal is internal and "<b>bold</b> & co" in stored[0].text


def test_a_note_is_found_by_its_reference_and_its_time_is_in_utc(world: PsaWorld, psa: Connector) -> None:
    assert psa.find_note(world.facts.ticket, "8F2C77") is None
    posted = psa.post_note(world.facts.ticket, "Verified (ref 8F2C77)")
    psa.post_note(world.facts.ticket, "Another one (ref 8F2C78)")
    found = psa.find_note(world.facts.ticket, "8F2C77")
    assert found is not None and found.ref == posted.ref
    assert found.created is not None and abs(datetime.now(UTC) - found.created) < timedelta(minutes=2)


def test_an_empty_note_is_refused(world: PsaWorld, psa: Connector) -> None:
    with pytest.raises(Rejected):
        psa.post_note(world.facts.ticket, "  \n ")


def _new(world: PsaWorld, psa: Connector, reference: str) -> NewTicket:
    boards = psa.boards()
    board = boards[0].ref if boards else ""
    types = psa.types(board)
    return NewTicket(
        summary="Caller asks for a new password",
        text="Asked for on the phone.",
        reference=reference,
        company_ref=world.facts.company,
        contact_ref=world.facts.contact,
        board_ref=board,
        type_ref=types[0].ref if types else "",
        priority_ref=psa.priorities()[0].ref,
        status_ref=psa.statuses(board)[0].ref,
    )


def test_a_ticket_is_made_and_found_again(world: PsaWorld, psa: Connector) -> None:
    assert psa.find_ticket(world.facts.company, "PV-4711") is None
    made = psa.create_ticket(_new(world, psa, "PV-4711"))
    assert made.ref and "PV-4711" in made.summary
    found = psa.find_ticket(world.facts.company, "PV-4711")
    assert found is not None and found.ref == made.ref
    assert psa.ticket(made.ref).contact_ref == world.facts.contact
    assert len([s for s in world.summaries() if "PV-4711" in s]) == 1


def test_a_status_is_set_and_read_back(world: PsaWorld, psa: Connector) -> None:
    made = psa.create_ticket(_new(world, psa, "PV-4712"))
    boards = psa.boards()
    statuses = psa.statuses(boards[0].ref if boards else "")
    other = next(status for status in statuses if status.name != psa.ticket(made.ref).status and not status.closed)
    assert psa.set_status(made.ref, other.ref).status == other.name
    assert psa.set_status(made.ref, other.ref).status == other.name
    assert psa.ticket(made.ref).status == other.name


def test_a_mobile_number_is_changed_and_read_back(world: PsaWorld, psa: Connector) -> None:
    number = next(d for d in psa.contact(world.facts.contact).destinations if d.value == world.facts.mobile)
    if Capability.UPDATE_MOBILE not in psa.capabilities:
        with pytest.raises(Rejected):
            psa.update_mobile(world.facts.contact, number.ref, "+12025550190")
        return
    changed = psa.update_mobile(world.facts.contact, number.ref, "+12025550190")
    assert "2025550190" in re.sub(r"\D", "", changed.value)
    assert any(d.value == changed.value for d in psa.contact(world.facts.contact).destinations)
    for bad in ("not a number", "<script>", ""):
        with pytest.raises(Rejected):
            psa.update_mobile(world.facts.contact, number.ref, bad)


def _asks(world: PsaWorld, psa: Connector) -> list[Callable[[str], object]]:
    return [psa.ticket, psa.contact, lambda ref: psa.post_note(ref, "x"), lambda ref: psa.find_note(ref, "x")]


def test_what_does_not_exist_is_not_found(world: PsaWorld, psa: Connector) -> None:
    for ask in _asks(world, psa):
        with pytest.raises(NotFound):
            ask(world.facts.unknown)


@pytest.mark.parametrize("ref", ["", "-1", "../1", "1/../2", "1 or 1=1", "1?x=1", "9" * 60, "x\x00y", "1\n2"])
def test_what_cannot_be_an_id_is_not_found_and_not_sent(world: PsaWorld, psa: Connector, ref: str) -> None:
    for ask in _asks(world, psa):
        with pytest.raises(NotFound):
            ask(ref)
    assert world.calls() == 0


def test_a_contact_that_was_merged_is_never_somebody_else(world: PsaWorld, psa: Connector) -> None:
    psa.contact(world.facts.contact)
    world.merge_contact()
    with pytest.raises(NotFound):
        psa.contact(world.facts.contact)


def test_wrong_keys_are_bad_credentials_and_are_not_tried_again(world: PsaWorld) -> None:
    psa = world.connector(wrong_keys=True)
    with pytest.raises(BadCredentials) as first:
        psa.whoami()
    world.forget_calls()
    for ask in (lambda: psa.ticket(world.facts.ticket), psa.whoami):
        with pytest.raises(BadCredentials) as later:
            ask()
        assert str(later.value) == str(first.value)
    assert world.calls() == 0


def test_keys_that_are_revoked_are_noticed_and_left_alone(world: PsaWorld, psa: Connector) -> None:
    psa.ticket(world.facts.ticket)
    world.revoke_keys()
    with pytest.raises(BadCredentials):
        psa.ticket(world.facts.ticket)
    world.forget_calls()
    for _ in range(5):
        with pytest.raises(BadCredentials):
            psa.contact(world.facts.contact)
    assert world.calls() == 0


def test_a_slow_psa_is_unavailable_in_time(world: PsaWorld) -> None:
    psa = world.connector(timeout=0.2)
    psa.ticket(world.facts.ticket)
    world.slow(1.5)
    begun = time.monotonic()
    with pytest.raises(Unavailable) as problem:
        psa.ticket(world.facts.ticket)
    assert time.monotonic() - begun < 1.2 and not problem.value.ambiguous


@pytest.mark.parametrize("how", ["down", "dropped"])
def test_a_psa_that_is_down_is_unavailable(world: PsaWorld, psa: Connector, how: str) -> None:
    psa.ticket(world.facts.ticket)
    getattr(world, how)()
    for ask in (lambda: psa.ticket(world.facts.ticket), psa.whoami, psa.members):
        with pytest.raises(Unavailable) as problem:
            ask()
        assert not problem.value.ambiguous and "<" not in str(problem.value)


def test_a_psa_where_nobody_listens_is_unavailable(world: PsaWorld, closed_port: int) -> None:
    with pytest.raises(PsaError) as problem:
        world.connector(url=f"http://127.0.0.1:{closed_port}").post_note(world.facts.ticket, "x")
    assert isinstance(problem.value, Unavailable) and not problem.value.ambiguous


def test_after_five_failures_the_psa_is_left_in_peace_and_then_tried_by_one(world: PsaWorld) -> None:
    gate = Gate(SqliteLedger(), "k", world.name, Limits(failures=5, rest=0.4))
    psa = world.connector(gate=gate)
    psa.ticket(world.facts.ticket)
    world.down()
    for _ in range(5):
        with pytest.raises(Unavailable):
            psa.ticket(world.facts.ticket)
    world.forget_calls()
    with pytest.raises(Unavailable, match="asked again in"):
        psa.ticket(world.facts.ticket)
    assert world.calls() == 0
    world.reset()
    time.sleep(0.45)
    assert psa.ticket(world.facts.ticket).ref == world.facts.ticket
    assert psa.ticket(world.facts.ticket).ref == world.facts.ticket


@pytest.mark.parametrize("retry_after", [7, None])
def test_a_limit_is_told_with_its_wait_and_background_work_pauses(world: PsaWorld, retry_after: int | None) -> None:
    ledger = SqliteLedger()
    person, work = (
        world.connector(gate=Gate(ledger, "k", world.name, Limits(), lane)) for lane in (Lane.PERSON, Lane.BACKGROUND)
    )
    person.ticket(world.facts.ticket)
    work.ticket(world.facts.ticket)
    world.limited(retry_after)
    with pytest.raises(RateLimited) as problem:
        person.ticket(world.facts.ticket)
    assert problem.value.retry_after == (retry_after or 30)
    world.reset()
    with pytest.raises(RateLimited):
        work.find_note(world.facts.ticket, "x")
    assert world.calls() == 0
    assert person.ticket(world.facts.ticket).ref == world.facts.ticket


def test_a_note_whose_answer_is_lost_is_found_and_not_doubled(world: PsaWorld, psa: Connector) -> None:
    psa.ticket(world.facts.ticket)
    world.lose_answer()
    with pytest.raises(PsaError) as problem:
        psa.post_note(world.facts.ticket, "Verified (ref 8F2C79)")
    assert problem.value.ambiguous and not problem.value.permanent
    found = psa.find_note(world.facts.ticket, "8F2C79")
    assert found is not None and "8F2C79" in found.text
    assert len([note for note in world.notes() if "8F2C79" in note.text]) == 1


def test_a_note_that_is_answered_too_late_is_ambiguous(world: PsaWorld) -> None:
    psa = world.connector(timeout=0.25)
    psa.ticket(world.facts.ticket)
    world.slow_after_write(0.8)
    with pytest.raises(PsaError) as problem:
        psa.post_note(world.facts.ticket, "Verified (ref 8F2C80)")
    assert problem.value.ambiguous
    assert len([note for note in world.notes() if "8F2C80" in note.text]) == 1


def test_a_ticket_whose_answer_is_lost_is_found_and_not_doubled(world: PsaWorld, psa: Connector) -> None:
    new = _new(world, psa, "PV-4713")
    world.lose_answer()
    with pytest.raises(PsaError) as problem:
        psa.create_ticket(new)
    assert problem.value.ambiguous
    found = psa.find_ticket(world.facts.company, "PV-4713")
    assert found is not None
    assert len([s for s in world.summaries() if "PV-4713" in s]) == 1


def test_threads_share_a_connector(world: PsaWorld) -> None:
    psa = world.connector(timeout=3.0, gate=Gate(SqliteLedger(), "k", world.name, Limits(at_once=8)))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: psa.ticket(world.facts.ticket).ref, range(16)))
    assert found == [world.facts.ticket] * 16
    # Each asked once, and whatever goes before, a token or a zone, was asked for once and not by every thread.
    assert world.calls() <= 16 + 3


def test_a_connector_shows_no_secret_of_its_own(world: PsaWorld, psa: Connector) -> None:
    for secret in world.secrets:
        assert secret not in repr(psa) and secret not in str(vars(psa))
