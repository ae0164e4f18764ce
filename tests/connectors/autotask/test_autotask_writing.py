"""What the Autotask connector writes: never for more eyes than meant, by the right route, and always looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.autotask import TICKET_SCREEN, Autotask, NoteValues
from connectors.base import MissingPermission, NewTicket, PodSetup, Rejected, Unavailable

NEW = NewTicket("Caller asks for a new password", "On the phone.", "PV-1", "175")
SETUP = PodSetup(
    TICKET_SCREEN, "Caller verification", "https://pod.example/pod/autotask/k1", "https://pod.example", 400
)


@pytest.mark.parametrize(("internal", "publish"), [(True, 4), (False, 1)])
def test_a_note_is_published_as_the_admin_chose(
    autotask: Any, dial: Callable[..., Autotask], internal: bool, publish: int
) -> None:
    connector = dial(note_values=NoteValues("4", "1", "2"))
    note = connector.post_note("148213", "Verified.\nRef 8F2C", internal=internal)
    stored = autotask.record("TicketNotes", int(note.ref))
    assert (stored["publish"], stored["noteType"], stored["title"]) == (publish, 2, "Verified.")
    assert note.internal is internal and note.text == "Verified.\nRef 8F2C"


@pytest.mark.parametrize(
    ("values", "internal"),
    [(NoteValues(), True), (NoteValues("2", "", "3"), False), (NoteValues("2", "1", ""), True)],
)
def test_without_a_choice_no_note_is_written_at_all(
    autotask: Any, dial: Callable[..., Autotask], values: NoteValues, internal: bool
) -> None:
    with pytest.raises(Rejected, match="Nobody has chosen"):
        dial(note_values=values).post_note("148213", "Verified.", internal=internal)
    assert autotask.asked() == []


def test_a_note_stands_even_where_a_rule_wants_titles_and_adds_its_own(autotask: Any, northgate_at: Autotask) -> None:
    autotask.faults(note_title_required=True, workflow_notes=True)
    posted = northgate_at.post_note("148213", "Verified (ref 8F2C).")
    found = northgate_at.find_note("148213", "8F2C")
    assert found is not None and found.ref == posted.ref


def test_a_note_that_is_made_but_cannot_be_read_is_ambiguous(autotask: Any, northgate_at: Autotask) -> None:
    autotask.faults(scope="GET TicketNotes", html_500=True)
    with pytest.raises(Unavailable) as problem:
        northgate_at.post_note("148213", "Verified (ref 8F2C).")
    assert problem.value.ambiguous
    autotask.faults(reset=True)
    assert northgate_at.find_note("148213", "8F2C") is not None


def test_a_value_that_the_tenant_lost_is_refused_in_autotasks_words(dial: Callable[..., Autotask]) -> None:
    with pytest.raises(Rejected, match="publish"):
        dial(note_values=NoteValues("9", "1", "3")).post_note("148213", "Verified.")


def test_what_is_not_chosen_comes_from_the_tenants_category(autotask: Any, northgate_at: Autotask) -> None:
    made = northgate_at.create_ticket(NEW)
    stored = autotask.record("Tickets", int(made.ref))
    assert (stored["queueID"], stored["status"], stored["priority"], stored["ticketCategory"]) == (29680055, 1, 2, 3)
    assert (made.summary, made.number) == ("Caller asks for a new password [PV-1]", stored["ticketNumber"])
    assert (stored["description"], stored.get("contactID")) == ("On the phone.", None)


def test_what_is_chosen_is_sent_as_numbers_and_the_rest_not_at_all(autotask: Any, northgate_at: Autotask) -> None:
    made = northgate_at.create_ticket(
        NewTicket("a", "b", "PV-2", "175", "30683077", "29680056", "10", "137", "", "4", "8")
    )  # fmt: skip
    stored = autotask.record("Tickets", int(made.ref))
    assert [stored[name] for name in ("contactID", "queueID", "issueType", "subIssueType", "priority", "status")] == [
        30683077, 29680056, 10, 137, 4, 8
    ]  # fmt: skip
    assert made.contact_name == "Dana Whitfield" and (made.board, made.status) == ("Field Service", "In Progress")


def test_a_category_that_wants_a_due_date_gets_one(autotask: Any, northgate_at: Autotask) -> None:
    autotask.faults(due_date_required=True)
    made = northgate_at.create_ticket(NEW)
    assert autotask.record("Tickets", int(made.ref))["dueDateTime"]


def test_a_tenant_without_defaults_asks_for_a_choice(dial: Callable[..., Autotask], autotask: Any) -> None:
    german = dial(user="podapi@nordtor.example")
    with pytest.raises(Rejected, match="Choose a queue"):
        german.create_ticket(NewTicket("a", "b", "PV-3", "61"))
    made = german.create_ticket(NewTicket("a", "b", "PV-3", "61", board_ref="29683211", priority_ref="13"))
    found = german.find_ticket("61", "PV-3")
    assert found is not None and found.ref == made.ref and found.status == "Neu"


@pytest.mark.parametrize(
    "changes",
    [{"board_ref": "1 or 1"}, {"priority_ref": "high"}, {"contact_ref": "30683081"}, {"text": "x" * 8001}],
)
def test_a_ticket_that_cannot_be_is_refused_in_words(
    autotask: Any, northgate_at: Autotask, changes: dict[str, str]
) -> None:
    before = len(autotask.control("records/Tickets"))
    with pytest.raises(Rejected):
        northgate_at.create_ticket(NewTicket(**{**{name: getattr(NEW, name) for name in NEW.__slots__}, **changes}))
    assert len(autotask.control("records/Tickets")) == before


def test_a_change_that_is_answered_and_not_made_is_noticed(autotask: Any, northgate_at: Autotask) -> None:
    autotask.faults(ignored_write=1)
    with pytest.raises(Rejected, match="another status"):
        northgate_at.set_status("148213", "8")
    autotask.faults(ignored_write=1)
    with pytest.raises(Rejected, match="former number"):
        northgate_at.update_mobile("30683077", "mobilePhone", "+1 202 555 0190")


def test_a_change_whose_answer_is_lost_is_looked_for(autotask: Any, northgate_at: Autotask) -> None:
    autotask.faults(lose_answer_after_write=1)
    assert northgate_at.set_status("148213", "8").status == "In Progress"
    autotask.faults(lose_answer_after_write=1)
    changed = northgate_at.update_mobile("30683077", "mobilePhone", "+1 202 555 0190")
    assert changed.value == "+1 202 555 0190" and changed.mobile


def test_a_number_is_written_below_the_contacts_own_company(autotask: Any, northgate_at: Autotask) -> None:
    northgate_at.update_mobile("30683081", "mobilePhone", "+44 7700 900123")
    assert "PATCH /Companies/176/Contacts 200" in autotask.asked()
    stored = autotask.record("Contacts", 30683081)
    assert (stored["mobilePhone"], stored["companyID"], stored["isActive"]) == ("+44 7700 900123", 176, 1)


def test_a_contact_without_a_mobile_can_get_one(northgate_at: Autotask) -> None:
    assert northgate_at.contact("30683082").destinations[0].ref == "emailAddress"
    assert northgate_at.update_mobile("30683082", "mobilePhone", "2025550191").mobile


@pytest.mark.parametrize(
    ("field", "number"),
    [("mobilePhone", "+1 (202) 555-0190 x 1234567890"), ("emailAddress", "2025550190"), ("id", "2025550190")],
)
def test_what_is_no_number_or_too_long_for_autotask_is_refused(
    autotask: Any, northgate_at: Autotask, field: str, number: str
) -> None:
    with pytest.raises(Rejected):
        northgate_at.update_mobile("30683077", field, number)
    assert not [each for each in autotask.asked() if each.startswith("PATCH")]


def test_the_pods_row_is_made_once_by_a_vendor_and_by_nobody_else(autotask: Any, dial: Callable[..., Autotask]) -> None:
    with pytest.raises(Rejected, match="insight secret"):
        dial().install_pod([SETUP])
    with pytest.raises(MissingPermission, match="LiveLink"):
        dial(insight_secret="s3").install_pod([SETUP])
    vendor = dial(insight_secret="s3", tracking_id="DEMOVENDORTRACKING000000001")
    (made,) = vendor.install_pod([SETUP])
    assert made.done == "created" and "Integration Center" in made.left and not made.signed
    assert [(row.ref, row.done, row.left) for row in vendor.install_pod([SETUP])] == [(made.ref, "found", "")]
    (row,) = autotask.control("records/IntegrationVendorInsights")
    assert (row["referenceUrl"], row["insightCategory"], row["height"], row["secret"]) == (SETUP.url, 1, 400, "s3")
    (shown,) = autotask.control("insights/148213")
    assert shown["title"] == "Caller verification" and shown["url"].startswith(f"{SETUP.url}?isdarktheme=")
    # A secret of the address that is made up here goes into the row that is there, as into a new one.
    (changed,) = dial(tracking_id="DEMOVENDORTRACKING000000001").install_pod([replace(SETUP, secret="s4")])
    assert (changed.ref, changed.done, changed.signed, changed.secret) == (made.ref, "changed", True, "")
    assert [row["secret"] for row in autotask.control("records/IntegrationVendorInsights")] == ["s4"]
