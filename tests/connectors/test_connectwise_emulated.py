"""The connector against the ConnectWise emulator, which was written from the wire facts and not from the connector."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors import connectwise
from connectors.base import (
    BadCredentials,
    Connector,
    NotFound,
    PodSetup,
    Rejected,
    Unavailable,
)
from connectors.connectwise import CONTACT_SCREEN, SERVICE_SCREEN, ConnectWise
from connectors.discipline import Gate, Limits
from connectors.ledger import SqliteLedger

NOTES = "/service/tickets/48213/notes"
SETUPS = "/system/connectwisehostedsetups"
POD = "https://pod.example/pod/connectwise/k1?id=[cw_id]&screen=[cw_screen]"


def test_the_example_of_the_package_runs(emulator: Any) -> None:
    lines = inspect.getdoc(connectwise).splitlines()  # type: ignore[union-attr]
    start = next(number for number, line in enumerate(lines) if line.endswith("::")) + 1
    end = next(number for number, line in enumerate(lines) if line.startswith("Every failure"))
    example = textwrap.dedent("\n".join(lines[start:end]))
    assert len(example.strip().splitlines()) <= 11
    names: dict[str, Any] = {}
    exec(example.replace("na.myconnectwise.net", emulator.url), names)
    assert names["mobile"].value == "2025550142"
    assert emulator.control("notes")[-1]["text"] == names["note"].text


def test_the_connector_is_one(northgate: ConnectWise) -> None:
    connector: Connector = northgate
    assert connector.whoami().identifier == "podapi"
    assert connector.whoami().api_only


def test_a_ticket_leads_to_its_contact_and_its_numbers(northgate: ConnectWise) -> None:
    ticket = northgate.ticket("48213")
    assert ticket.summary == "Cannot sign in to webmail"
    assert ticket.company is not None
    assert (ticket.company.name, ticket.company.identifier) == ("Larkfield Dental", "LARKFIELD")
    assert (ticket.board, ticket.status, ticket.closed) == ("Help Desk", "New", False)
    contact = northgate.contact(ticket.contact_ref)
    assert (contact.name, contact.first_name) == ("Dana Whitfield", "Dana")
    assert contact.company == ticket.company
    assert [(d.label, d.value, d.mobile, d.default) for d in contact.destinations] == [
        ("Direct", "2025550177", False, True),
        ("Cell", "2025550142", True, False),
        ("Email", "dana@larkfield.example", False, True),
    ]


def test_contacts_of_a_company_come_by_name_without_inactive_ones(northgate: ConnectWise) -> None:
    assert [c.name for c in northgate.contacts("252")] == ["Carla Nunez", "Lucia Ferrer", "Mateo Ferrer"]
    assert northgate.contacts("252")[1].destinations
    assert northgate.contacts("251")[2].destinations == ()


@pytest.mark.parametrize("omit_nulls", [True, False])
def test_empty_properties_may_be_missing_or_null(emulator: Any, northgate: ConnectWise, omit_nulls: bool) -> None:
    emulator.faults(omit_nulls=omit_nulls)
    assert northgate.ticket("48221").contact_ref == ""
    assert northgate.contact("83").destinations == ()
    assert northgate.find_note("48221", "warnings") is not None


def test_a_company_of_many_contacts_is_read_to_the_last(emulator: Any, northgate: ConnectWise) -> None:
    for number in range(520):
        emulator.control("contacts", {"firstName": f"P{number:03d}", "company": {"id": 253}})
    assert len(northgate.contacts("253")) == 520
    assert emulator.count("GET", "/company/contacts") == 3


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Ferrer & Sons", "Harbor Legal", "Larkfield Dental", "Quayside Print"]),
        ("ferrer & s", ["Ferrer & Sons"]),
        ("LEGAL", ["Harbor Legal"]),
        ("' or '1'='1", None),
        ("a' or deletedFlag=false or name contains 'a", None),
        ("x) or (id>0", None),
        ("nobody", []),
        ("x' and id!'", []),
    ],
)
def test_companies_are_searched_by_a_part_of_the_name(
    northgate: ConnectWise, text: str, names: list[str] | None
) -> None:
    if names is None:
        with pytest.raises(Rejected, match="cannot be searched for"):
            northgate.companies(text)
    else:
        assert [c.name for c in northgate.companies(text)] == names


def test_lists_for_a_ticketing_profile(northgate: ConnectWise) -> None:
    boards = northgate.boards()
    assert [b.name for b in boards] == ["Field Service", "Help Desk"]
    statuses = northgate.statuses(boards[1].ref)
    assert [(s.name, s.closed) for s in statuses][-1] == ("Closed", True)
    assert [s.name for s in statuses if s.default] == ["New"]
    assert [t.name for t in northgate.types(boards[0].ref)] == ["Hardware"]
    assert [p.ref for p in northgate.priorities()] == ["1", "2", "3", "4"]
    with pytest.raises(NotFound):
        northgate.statuses("999")


def test_members_are_active_people(northgate: ConnectWise) -> None:
    assert [(m.identifier, m.name) for m in northgate.members()] == [("priya", "Priya Nair"), ("sam", "Sam Okafor")]


@pytest.mark.parametrize("internal", [True, False])
def test_a_note_is_posted_and_found(emulator: Any, northgate: ConnectWise, internal: bool) -> None:
    posted = northgate.post_note("48213", "Caller verified.\nReference 8F2C-11", internal=internal)
    assert posted.internal is internal
    assert posted.created is not None
    assert northgate.find_note("48213", "8F2C-11") == posted
    assert northgate.find_note("48219", "8F2C-11") is None
    stored = emulator.control("notes")[-1]
    assert stored["internalAnalysisFlag"] is internal
    assert stored["detailDescriptionFlag"] is not internal
    assert (stored["processNotifications"], stored["customerUpdatedFlag"]) == (False, False)


def test_a_note_is_found_behind_hundreds_of_others(emulator: Any, northgate: ConnectWise) -> None:
    northgate.post_note("48213", "early, ref 8F2C")
    newest = northgate.post_note("48213", "later, ref 8F2C")
    for number in range(300):
        northgate.post_note("48213", f"note {number}")
    assert northgate.find_note("48213", "ref 8F2C") == newest


def test_a_note_whose_answer_is_lost_is_ambiguous_and_can_be_found(emulator: Any, northgate: ConnectWise) -> None:
    northgate.whoami()
    emulator.faults(lose_answer_after_write=1)
    with pytest.raises(Unavailable) as caught:
        northgate.post_note("48213", "ref LOST-1")
    assert caught.value.ambiguous
    assert emulator.count("POST", NOTES) == 1
    found = northgate.find_note("48213", "LOST-1")
    assert found is not None
    assert found.internal


def test_a_note_whose_answer_is_late_is_ambiguous_and_can_be_found(
    emulator: Any, connect: Callable[..., ConnectWise]
) -> None:
    connector = connect(emulator.url, timeout=0.5)
    connector.whoami()
    emulator.faults(hang_after_write_seconds=5)
    with pytest.raises(Unavailable) as caught:
        connector.post_note("48213", "ref LATE-1")
    assert caught.value.ambiguous
    assert connector.find_note("48213", "LATE-1") is not None


def test_a_mobile_number_is_changed(northgate: ConnectWise) -> None:
    mobile = next(d for d in northgate.contact("77").destinations if d.mobile)
    changed = northgate.update_mobile("77", mobile.ref, "+1 (202) 555-0199")
    assert changed.value == "+1 (202) 555-0199"
    assert changed in northgate.contact("77").destinations
    with pytest.raises(NotFound):
        northgate.update_mobile("78", mobile.ref, "2025550198")
    mail = next(d for d in northgate.contact("77").destinations if "@" in d.value)
    with pytest.raises(Rejected):
        northgate.update_mobile("77", mail.ref, "2025550198")


def _claim(emulator: Any, member: str, **options: bool) -> tuple[str, str, str]:
    data = emulator.control("sessions", {"member": member, **options})
    return data["memberid"], data["memberHash"], data["memberContext"]


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_a_signed_in_member_is_confirmed(emulator: Any, northgate: ConnectWise, spelling: Callable[[str], str]) -> None:
    identifier, proof, context = _claim(emulator, "sam")
    member = northgate.confirm_member(spelling(identifier), proof, context)
    assert (member.identifier, member.name, member.email) == ("sam", "Sam Okafor", "sam@northgate.example")


def test_without_the_right_context_the_basic_form_still_proves_the_member(
    emulator: Any, northgate: ConnectWise
) -> None:
    identifier, proof, _ = _claim(emulator, "sam")
    assert northgate.confirm_member(identifier, proof, "x1").identifier == "sam"
    assert [r["status"] for r in emulator.control("requests")][-2:] == [401, 200]


@pytest.mark.parametrize("cloud", [False, True])
def test_a_wrong_or_ended_or_borrowed_hash_is_refused(emulator: Any, northgate: ConnectWise, cloud: bool) -> None:
    emulator.faults(cloud_mode=cloud)
    _, sams, context = _claim(emulator, "sam")
    _, ended, _ = _claim(emulator, "priya", expired=True)
    for identifier, proof in (("priya", sams), ("priya", ended), ("sam", "00000000-0000-4000-8000-000000000000")):
        with pytest.raises(BadCredentials):
            northgate.confirm_member(identifier, proof, context)
    _claim(emulator, "sam", rotate=True)
    with pytest.raises(BadCredentials):
        northgate.confirm_member("sam", sams, context)


def test_a_foreign_company_confirms_nobody(emulator: Any, connect: Callable[..., ConnectWise]) -> None:
    identifier, proof, context = _claim(emulator, "sam")
    with pytest.raises(BadCredentials):
        connect(emulator.url, company="someone").confirm_member(identifier, proof, context)


def test_an_inactive_member_is_refused(emulator: Any, northgate: ConnectWise) -> None:
    with pytest.raises(BadCredentials, match="inactive"):
        northgate.confirm_member(*_claim(emulator, "lena"))


def test_an_api_member_is_refused_even_with_its_own_keys(emulator: Any, northgate: ConnectWise) -> None:
    with pytest.raises(BadCredentials):
        northgate.confirm_member(*_claim(emulator, "podapi"))
    with pytest.raises(BadCredentials):
        northgate.confirm_member("demoPublicKey01", "demoPrivateKey01", "web")


@pytest.mark.parametrize("session", ["expired", "other_member"])
def test_a_session_that_is_not_theirs_any_more_is_refused(emulator: Any, northgate: ConnectWise, session: str) -> None:
    claim = _claim(emulator, "sam")
    emulator.faults(member_session=session)
    with pytest.raises(BadCredentials):
        northgate.confirm_member(*claim)


@pytest.mark.parametrize("down", ["503", "drop"])
def test_a_psa_that_is_down_confirms_and_refuses_nobody(emulator: Any, northgate: ConnectWise, down: str) -> None:
    claim = _claim(emulator, "sam")
    for discovered in (False, True):
        emulator.faults(down=down)
        with pytest.raises(Unavailable):
            northgate.confirm_member(*claim)
        emulator.faults(down=False)
        if not discovered:
            northgate.whoami()


def _pods() -> Sequence[PodSetup]:
    return [
        PodSetup(screen, "Caller check", POD, "https://pod.example", 600) for screen in (SERVICE_SCREEN, CONTACT_SCREEN)
    ]


def test_installing_twice_gives_two_rows_and_not_four(emulator: Any, northgate: ConnectWise) -> None:
    first = northgate.install_pod(_pods())
    assert [(p.screen, p.url, p.origin, p.height) for p in first] == [
        (p.screen, p.url, p.origin, p.height) for p in _pods()
    ]
    assert len({p.ref for p in first} - {""}) == 2
    assert northgate.install_pod(_pods()) == first
    assert emulator.count("POST", SETUPS) == 2


def test_a_row_whose_answer_was_lost_is_found_again(emulator: Any, northgate: ConnectWise) -> None:
    northgate.whoami()
    emulator.faults(lose_answer_after_write=2)
    installed = northgate.install_pod(_pods())
    assert all(pod.ref for pod in installed)
    assert emulator.count("POST", SETUPS) == 2
    assert northgate.install_pod(_pods()) == installed


def test_a_pod_for_an_unknown_screen_is_rejected(northgate: ConnectWise) -> None:
    with pytest.raises(Rejected, match="no screen named Kitchen"):
        northgate.install_pod([PodSetup("Kitchen", "Caller check", POD, "https://pod.example", 600)])


def test_many_threads_share_one_connector(emulator: Any, connect: Callable[..., ConnectWise]) -> None:
    shared = connect(emulator.url, gate=Gate(SqliteLedger(), "k", "ConnectWise", Limits(at_once=8)))
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda _: shared.ticket("48213").contact_ref, range(40)))
    assert refs == ["77"] * 40
