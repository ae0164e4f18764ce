"""What the connector writes to the SuperOps emulator, and what it does when nobody knows whether it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.base import NewTicket, NotFound, PsaError, Rejected, Unavailable
from connectors.superops import SuperOps


def new(account: Any, **more: Any) -> NewTicket:
    dana = account.user("Dana")["userId"]
    client = account.rows("clients", name="Larkfield Dental")[0]["accountId"]
    return NewTicket(**{
        "summary": "Caller asks for a new password",
        "text": "Dana <dana@larkfield.example> called.\nVerify & call back.",
        "reference": "PV-1",
        "company_ref": client,
        "contact_ref": dana,
        **more,
    })  # fmt: skip


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("schema", ["classic", "current", "future"])
def test_a_note_is_private_or_public_and_keeps_its_lines(
    account: Any, superops: SuperOps, schema: str, internal: bool
) -> None:
    account.faults(schema=schema)
    ticket = account.ticket("webmail")
    text = "Verified by SMS <b>code</b> & more.\nName <mail@x.example> (ref 7F)"
    note = superops.post_note(ticket, text, internal=internal)
    stored = account.rows("notes", ticketId=ticket)[-1]
    assert stored["privacyType"] == ("PRIVATE" if internal else "PUBLIC")
    assert stored["content"] == (
        "Verified by SMS &lt;b&gt;code&lt;/b&gt; &amp; more.<br>Name &lt;mail@x.example&gt; (ref 7F)"
    )
    assert (note.text, note.internal, note.ref) == (text, internal, stored["noteId"])
    found = superops.find_note(ticket, "ref 7F")
    assert found is not None
    assert (found.ref, found.internal) == (note.ref, internal)


def test_a_note_is_found_in_what_people_wrote_as_html(account: Any, superops: SuperOps) -> None:
    ticket = account.ticket("webmail")
    key = account.rows("notes", ticketId=ticket)[0]["noteId"]
    account.control(f"records/notes/{key}", {"content": "<div>One</div><p>Two&nbsp;<b>ref&nbsp;9</b></p><br>end"})
    found = superops.find_note(ticket, "ref 9")
    assert found is not None
    assert found.text == "One\nTwo ref 9\nend"


@pytest.mark.parametrize("fault", ["internal_error_after_write", "lose_answer_after_write"])
def test_a_note_that_may_be_written_is_looked_for_and_never_sent_twice(
    account: Any, superops: SuperOps, fault: str
) -> None:
    ticket = account.ticket("webmail")
    account.faults(**{fault: 1})
    with pytest.raises(Unavailable) as problem:
        superops.post_note(ticket, "Verified (ref 8F)")
    assert problem.value.ambiguous
    assert superops.find_note(ticket, "ref 8F") is not None
    assert account.operations().count("createTicketNote") == 1


def test_a_note_that_is_not_written_is_ambiguous_too_and_not_found(account: Any, superops: SuperOps) -> None:
    ticket = account.ticket("webmail")
    account.faults(internal_error_before_write=1)
    with pytest.raises(Unavailable) as problem:
        superops.post_note(ticket, "Verified (ref 8F)")
    assert problem.value.ambiguous
    assert superops.find_note(ticket, "ref 8F") is None


def test_a_note_that_cannot_be_read_back_is_there_all_the_same(account: Any, superops: SuperOps) -> None:
    account.faults(internal_error_on_read=True, only="getTicketNoteList")
    assert superops.post_note(account.ticket("webmail"), "Verified").ref == account.rows("notes")[-1]["noteId"]


def test_a_ticket_is_made_with_its_reference_and_its_text_as_html(account: Any, superops: SuperOps) -> None:
    made = superops.create_ticket(new(account, priority_ref="High", subtype_ref="Access request", item_ref="Mailbox"))
    row = account.rows("tickets", ticketId=made.ref)[0]
    assert made.summary == row["subject"] == "Caller asks for a new password [PV-1]"
    assert (row["status"], row["requestType"], row["source"]) == ("New", "Incident", "PHONE")
    assert (row["priority"], row["category"], row["subcategory"]) == ("High", "Access request", "Mailbox")
    assert row["sourceReferenceId"] == "PV-1"
    opening = account.rows("conversations", ticketId=made.ref)[0]["content"]
    assert opening == "Dana &lt;dana@larkfield.example&gt; called.<br>Verify &amp; call back."
    assert made.contact_name == "Dana Whitfield"
    found = superops.find_ticket(new(account).company_ref, "PV-1")
    assert found is not None
    assert found.ref == made.ref


@pytest.mark.parametrize("unfilterable", ["", "subject"])
def test_a_ticket_that_may_be_made_is_found_by_its_reference(
    account: Any, superops: SuperOps, unfilterable: str
) -> None:
    account.faults(internal_error_after_write=1, unfilterable=unfilterable)
    with pytest.raises(Unavailable) as problem:
        superops.create_ticket(new(account))
    assert problem.value.ambiguous
    assert superops.find_ticket(new(account).company_ref, "PV-1") is not None
    other = account.rows("clients", name="Harbor Legal")[0]["accountId"]
    assert superops.find_ticket(other, "PV-1") is None
    assert account.operations().count("createTicket") == 1


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"mandatory_on_create": "category, impact"}, {}, "asks for more than was sent: category, impact"),
    ({}, {"status_ref": "Done"}, "does not know a value that was chosen: status"),
    ({}, {"type_ref": "Wish"}, "does not know a value that was chosen: requestType"),
    ({}, {"board_ref": "1"}, "does not know a value that was chosen: techGroup"),
    ({}, {"subtype_ref": "Hardware", "item_ref": "Mailbox"}, "does not belong to another one in SuperOps: subcategory"),
]


@pytest.mark.parametrize("number", range(len(REFUSALS)))
def test_what_superops_refuses_is_named_by_field(account: Any, superops: SuperOps, number: int) -> None:
    faults, more, words = REFUSALS[number]
    account.faults(**faults)
    with pytest.raises(Rejected, match=words):
        superops.create_ticket(new(account, **more))


@pytest.mark.parametrize("fault", ["", "internal_error_after_write", "lose_answer_after_write"])
def test_a_status_is_set_once_and_read_back(account: Any, superops: SuperOps, fault: str) -> None:
    ticket = account.ticket("webmail")
    if fault:
        account.faults(**{fault: 1})
    assert superops.set_status(ticket, "Scheduled").status == "Scheduled"
    assert superops.set_status(ticket, "scheduled").status == "Scheduled"
    assert account.operations().count("updateTicket") == 1


def test_a_status_that_was_not_set_is_told(account: Any, superops: SuperOps) -> None:
    account.faults(internal_error_before_write=1)
    with pytest.raises(Unavailable) as problem:
        superops.set_status(account.ticket("webmail"), "Scheduled")
    assert problem.value.ambiguous
    with pytest.raises(Rejected, match="status"):
        superops.set_status(account.ticket("webmail"), "Done")
    account.faults(mandatory_on_closure="resolutionCode")
    with pytest.raises(Rejected, match="resolutionCode"):
        superops.set_status(account.ticket("webmail"), "Closed")


@pytest.mark.parametrize("habit", ["replace", "merge"])
@pytest.mark.parametrize("fault", ["", "internal_error_after_write", "lose_answer_after_write"])
def test_a_mobile_number_is_changed_and_every_other_field_kept(
    account: Any, superops: SuperOps, habit: str, fault: str
) -> None:
    account.faults(custom_fields=habit, **({fault: 1} if fault else {}))
    dana = account.user("Dana")
    changed = superops.update_mobile(dana["userId"], "udf1text", " +1 (202) 555-0190 ")
    assert (changed.value, changed.mobile) == ("+1 (202) 555-0190", True)
    after = account.user("Dana")
    assert after["customFields"] == {**dana["customFields"], "udf1text": "+1 (202) 555-0190"}
    assert {name: after[name] for name in ("email", "contactNumber", "firstName", "lastName")} == {
        name: dana[name] for name in ("email", "contactNumber", "firstName", "lastName")
    }
    assert account.operations().count("updateClientUser") == 1


def test_the_contact_number_is_changed_alone(account: Any, superops: SuperOps) -> None:
    dana = account.user("Dana")
    assert superops.update_mobile(dana["userId"], "contactNumber", "+12025550191").value == "+12025550191"
    assert account.user("Dana") == {**dana, "contactNumber": "+12025550191"}


@pytest.mark.parametrize(
    ("ref", "value"),
    [
        ("email", "+12025550191"),
        ("udf2date", "+12025550191"),
        ("udf9text", "+12025550191"),
        ("contactNumber", "call me"),
        ("contactNumber", ""),
        ("contactNumber", "1" * 40),
    ],
)
def test_only_a_number_goes_only_into_a_number(account: Any, superops: SuperOps, ref: str, value: str) -> None:
    before = account.user("Dana")
    with pytest.raises(Rejected):
        superops.update_mobile(before["userId"], ref, value)
    assert account.user("Dana") == before
    assert "updateClientUser" not in account.operations()


def test_a_number_that_was_not_changed_is_told(account: Any, superops: SuperOps) -> None:
    account.faults(internal_error_before_write=1)
    with pytest.raises(Unavailable) as problem:
        superops.update_mobile(account.user("Dana")["userId"], "udf1text", "+12025550190")
    assert problem.value.ambiguous


def test_a_write_without_its_right_is_named(account: Any, superops: SuperOps) -> None:
    account.faults(missing_rights="requester.Edit")
    with pytest.raises(PsaError, match="Requesters: Edit"):
        superops.update_mobile(account.user("Dana")["userId"], "udf1text", "+12025550190")


@pytest.mark.parametrize("ref", ["", "1 or 1", "12x", "../1", "9" * 26])
def test_what_can_be_no_id_is_never_sent(
    account: Any, superops: SuperOps, connected: Callable[..., SuperOps], ref: str
) -> None:
    for ask in (
        lambda: superops.update_mobile(ref, "contactNumber", "+12025550190"),
        lambda: superops.set_status(ref, "New"),
        lambda: superops.contacts(ref),
        lambda: superops.member(ref),
        lambda: superops.find_ticket(ref, "PV-1"),
        lambda: superops.create_ticket(new(account, company_ref=ref)),
    ):
        with pytest.raises(NotFound):
            ask()
    assert not set(account.operations()) & {"updateClientUser", "updateTicket", "createTicket", "getClient"}
