"""The traps that integrators of BMS fell into, and trouble of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.base import (
    Capability,
    DestinationKind,
    MissingPermission,
    NotFound,
    RateLimited,
    Rejected,
    TicketSearch,
    Unavailable,
)
from connectors.kaseya_bms import KaseyaBms
from connectors.kaseya_bms.contacts import spellings
from connectors.kaseya_bms.markup import to_html, to_text

GATED: list[tuple[str, Callable[[KaseyaBms], object], str]] = [
    ("no_tickets_view", lambda psa: psa.ticket("1048213"), "Service Desk > Tickets: View"),
    ("no_tickets_view", lambda psa: psa.search_tickets(TicketSearch(summary="vpn")), "Service Desk > Tickets: View"),
    ("no_tickets_view", lambda psa: psa.find_note("1048213", "x"), "Service Desk > Tickets: View"),
    ("no_tickets_modify", lambda psa: psa.post_note("1048213", "x"), "Service Desk > Tickets: Modify"),
    ("no_tickets_modify", lambda psa: psa.set_status("1048213", "35562"), "Service Desk > Tickets: Modify"),
    ("no_contacts_view", lambda psa: psa.contact("90211"), "CRM > Contacts: View"),
    (
        "no_contacts_modify",
        lambda psa: psa.update_mobile("90211", "phone-902111", "2025550199"),
        "CRM > Contacts: Modify",
    ),
    ("no_accounts_view", lambda psa: psa.companies(), "CRM > Accounts: View"),
    ("no_service_desk_admin_view", lambda psa: psa.boards(), "Admin > Service Desk: View"),
    ("no_employees_view", lambda psa: psa.members(), "HR > Employees: View"),
]


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize(("fault", "ask", "right"), GATED)
def test_a_missing_right_is_named_in_bmss_words_whatever_the_status(
    bms: Any, northgate: KaseyaBms, fault: str, ask: Callable[[KaseyaBms], object], right: str, status: int
) -> None:
    bms.faults(**{fault: True, "right_status": status})
    with pytest.raises(MissingPermission, match=right) as caught:
        ask(northgate)
    assert caught.value.right == right and "Admin > Security > Roles" in str(caught.value)


def test_the_self_check_tells_each_right_apart(bms: Any, northgate: KaseyaBms) -> None:
    assert {right.name: right.granted for right in northgate.rights()} == {
        "Admin > Special Features > Has API Access": True,
        "Service Desk > Tickets: View": True,
        "Service Desk > Tickets: Modify": None,
        "CRM > Contacts: View": True,
        "CRM > Contacts: Modify": None,
        "CRM > Accounts: View": True,
        "Admin > Service Desk: View": True,
        "HR > Employees: View": True,
    }
    bms.faults(no_contacts_view=True, no_employees_view=True, right_status=200)
    missing = [right for right in northgate.rights() if right.granted is False]
    assert [right.name for right in missing] == ["CRM > Contacts: View", "HR > Employees: View"]
    assert all(right.where.startswith("Admin > Security > Roles") for right in missing)


@pytest.mark.parametrize("status", [200, 400])
def test_a_failure_is_a_failure_also_with_status_200(bms: Any, northgate: KaseyaBms, status: int) -> None:
    bms.faults(rule_status=status)
    with pytest.raises(Rejected, match="statusId is not valid"):
        northgate.set_status("1048213", "1")


@pytest.mark.parametrize("status", [200, 404])
def test_what_is_not_there_is_not_found_also_with_status_200(bms: Any, northgate: KaseyaBms, status: int) -> None:
    bms.faults(missing_status=status)
    for ask in (northgate.ticket, northgate.contact, northgate.member, northgate.statuses):
        with pytest.raises(NotFound):
            ask("99999")


@pytest.mark.parametrize("binding", ["problem", "envelope"])
def test_what_the_model_does_not_take_is_told_in_bmss_words(bms: Any, northgate: KaseyaBms, binding: str) -> None:
    bms.faults(binding=binding)
    bms.control("records/tickets/1048213", {"openDate": "never"})
    with pytest.raises(Rejected, match="never"):
        northgate.set_status("1048213", "35562")


def test_a_limit_is_told_with_its_wait(bms: Any, northgate: KaseyaBms) -> None:
    northgate.whoami()
    bms.faults(throttled=1, retry_after=7)
    with pytest.raises(RateLimited) as caught:
        northgate.post_note("1048213", "Text")
    assert caught.value.retry_after == 7
    bms.faults(hourly_limit=1, retry_after=-1)
    northgate.ticket("1048213")
    with pytest.raises(RateLimited):
        northgate.ticket("1048219")
    assert len(bms.notes()) == 2


@pytest.mark.parametrize("fault", ["down", "html_502", "server_error", "drop"])
def test_a_write_that_gets_no_usable_answer_is_ambiguous(bms: Any, northgate: KaseyaBms, fault: str) -> None:
    northgate.whoami()
    bms.faults(**{fault: 1})
    with pytest.raises(Unavailable) as caught:
        northgate.post_note("1048213", "Text")
    assert caught.value.ambiguous and len(bms.asked("/notes", "POST")) == 1


@pytest.mark.parametrize("fault", ["down", "html_502", "drop"])
def test_a_search_is_asked_once_more_though_it_is_a_post(bms: Any, northgate: KaseyaBms, fault: str) -> None:
    northgate.whoami()
    bms.faults(**{fault: 1})
    assert len(northgate.search_tickets(TicketSearch(summary="vpn"))) == 1


def test_the_newest_tickets_are_found_though_bms_sends_the_oldest_first(
    bms: Any, northgate: KaseyaBms, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[dict[str, Any]] = []
    total = 230

    def oldest_first(method: str, template: str, *_: object, body: dict[str, Any], **__: object) -> dict[str, Any]:
        pages.append(body)
        start = (body["pageNumber"] - 1) * body["pageSize"]
        rows = [{"id": number + 1, "title": "vpn"} for number in range(start, min(start + body["pageSize"], total))]
        return {"success": True, "result": rows, "totalrecords": total}

    monkeypatch.setattr(northgate._api, "call", oldest_first)
    found = northgate.search_tickets(TicketSearch(summary="vpn", limit=3))
    assert [ticket.ref for ticket in found] == ["230", "229", "228"] and [p["pageNumber"] for p in pages] == [1, 3]


def test_a_contact_that_moved_or_went_is_read_as_it_is(bms: Any, northgate: KaseyaBms) -> None:
    bms.control("records/contacts/90211", {"accountId": 5522, "locationId": 7715, "isActive": False})
    contact = northgate.contact("90211")
    assert contact.inactive and contact.company is not None and contact.company.ref == "5522"
    assert "90211" not in [c.ref for c in northgate.contacts("5522")]
    bms.control("records/contacts/90211", method="DELETE")
    with pytest.raises(NotFound):
        northgate.contact("90211")


NUMBER = "+1 (202) 555-0199"


def mobile(psa: KaseyaBms, contact: str) -> str:
    return next(d.ref for d in psa.contact(contact).destinations if d.mobile)


@pytest.mark.parametrize("contact", ["90211", "90215", "90221", "90302"])
def test_a_number_is_changed_by_its_text_letter_for_letter(bms: Any, northgate: KaseyaBms, contact: str) -> None:
    before = northgate.contact(contact)
    changed = northgate.update_mobile(contact, mobile(northgate, contact), f" {NUMBER} ")
    assert (changed.value, changed.mobile) == (NUMBER, True)
    after = northgate.contact(contact)
    assert changed in after.destinations and len(after.destinations) == len(before.destinations)
    assert [d.default for d in after.destinations] == [d.default for d in before.destinations]


def test_numbers_are_not_changed_unless_it_is_allowed(bms: Any, reach: Callable[..., KaseyaBms]) -> None:
    connector = reach(may_change_phones=False)
    with pytest.raises(Rejected, match="switched off"):
        connector.update_mobile("90211", "phone-902111", NUMBER)
    assert Capability.UPDATE_MOBILE not in connector.capabilities and bms.asked() == []


@pytest.mark.parametrize("order", ["add,delete,update", "update,add,delete"])
def test_another_meaning_of_the_operations_stops_all_changes(bms: Any, northgate: KaseyaBms, order: str) -> None:
    bms.faults(phone_operations=order)
    ref = mobile(northgate, "90211")
    with pytest.raises(Rejected, match="had 2 numbers and has"):
        northgate.update_mobile("90211", ref, NUMBER)
    asked = len(bms.asked("/phones", "PATCH"))
    with pytest.raises(Rejected, match="switched off"):
        northgate.update_mobile("90215", "phone-902150", NUMBER)
    assert len(bms.asked("/phones", "PATCH")) == asked == 1


def test_a_number_that_cannot_be_named_is_left_alone(bms: Any, northgate: KaseyaBms) -> None:
    twice = [{"phoneNumber": "2025550142", "phoneTypeId": kind, "isDefault": False} for kind in (1, 3)]
    bms.control("records/contacts/90211", {"phones": twice})
    with pytest.raises(Rejected, match="twice"):
        northgate.update_mobile("90211", mobile(northgate, "90211"), NUMBER)
    mail = next(d.ref for d in northgate.contact("90211").destinations if d.kind is DestinationKind.EMAIL)
    for ref in (mail, "phone-1", "902111", ""):
        with pytest.raises(Rejected, match="not a phone number"):
            northgate.update_mobile("90211", ref, NUMBER)
    with pytest.raises(Rejected, match="already"):
        northgate.update_mobile("90301", mobile(northgate, "90301"), "+1 202 555 0161")
    assert bms.asked("/phones", "PATCH") == []


@pytest.mark.parametrize("fault", ["answer_lost", "down"])
def test_a_change_without_an_answer_is_looked_up(bms: Any, northgate: KaseyaBms, fault: str) -> None:
    ref = mobile(northgate, "90211")
    bms.faults(**{fault: 1, "only": "PATCH /v2/crm"})
    if fault == "answer_lost":
        assert northgate.update_mobile("90211", ref, NUMBER).value == NUMBER
    else:
        with pytest.raises(Unavailable) as caught:
            northgate.update_mobile("90211", ref, NUMBER)
        assert caught.value.ambiguous
        assert northgate.update_mobile("90211", ref, NUMBER).value == NUMBER


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("plain text", "plain text"),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("<div>One<style>x{}</style><script>alert(1)</script></div>", "One"),
        ("<ul><li>1</li><li>2</li></ul>", "1\n2"),
        ("ref <b>8F2C</b>-1", "ref 8F2C-1"),
        ("2 < 3 & 4", "2 < 3 & 4"),
    ],
)
def test_the_words_of_a_note_are_read_out_of_its_markup(markup: str, words: str) -> None:
    assert to_text(markup) == words


@pytest.mark.parametrize(
    "text", ["a\nb\n\nc", "<script>alert(1)</script>", "Tom & Ann &amp; 1 < 2", "\"quoted\" 'too'"]
)
def test_a_text_survives_the_way_there_and_back(text: str) -> None:
    assert to_text(to_html(text)) == text and "<script" not in to_html(text)


def test_a_number_is_looked_for_in_its_usual_spellings() -> None:
    assert spellings("+12025550142")[:3] == ["0142", "+12025550142", "12025550142"]
    assert {"2025550142", "(202) 555-0142", "202-555-0142", "+1 202 555 0142"} <= set(spellings("2025550142"))
    assert spellings("5550142") == ["0142", "5550142"]
