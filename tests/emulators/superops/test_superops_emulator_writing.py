"""What mutations check, write and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulators.superops.conftest import SuperOps

CREATE = (
    "mutation($i: CreateTicketInput!) { createTicket(input: $i) "
    "{ ticketId displayId subject status requester site techGroup createdTime } }"
)
UPDATE = "mutation($i: UpdateTicketInput!) { updateTicket(input: $i) { ticketId status technician updatedTime } }"
NOTE = (
    "mutation($i: CreateTicketNoteInput!) { createTicketNote(input: $i) "
    "{ noteId addedBy addedOn content privacyType } }"
)
NOTES = "query($i: TicketIdentifierInput!) { getTicketNoteList(input: $i) { noteId addedBy content privacyType } }"
USER = "mutation($i: UpdateClientUserInput!) { updateClientUser(input: $i) { userId name contactNumber } }"
READ = "query($i: ClientUserIdentifierInput!) { getClientUser(input: $i) { contactNumber customFields lastName } }"


def user(psa: SuperOps, first: str) -> Any:
    return next(row for row in psa.control("records/users") if row["firstName"] == first)


def ticket(psa: SuperOps, words: str = "webmail") -> Any:
    return next(row for row in psa.control("records/tickets") if words in row["subject"])


def wanted(psa: SuperOps, **more: Any) -> dict[str, Any]:
    webmail = ticket(psa)
    return {
        "subject": "Identity check requested",
        "client": {"accountId": webmail["clientId"]},
        "requester": {"userId": webmail["requesterId"]},
        "site": {"id": webmail["siteId"]},
        "source": "PHONE",
        "status": "New",
        "requestType": "Incident",
        "priority": "Medium",
        **more,
    }


def test_it_makes_a_ticket_with_its_description(psa: SuperOps) -> None:
    group = psa.control("records/groups")[0]["groupId"]
    made = psa.data(CREATE, i=wanted(psa, description="Caller asked.<br>Ref 7", techGroup={"groupId": group}))
    assert made["requester"]["name"] == "Dana Whitfield"
    assert made["techGroup"]["name"] == "Service Desk"
    talk = psa.data(
        "query($i: TicketIdentifierInput!) { getTicketConversationList(input: $i) { content type } }",
        i={"ticketId": made["ticketId"]},
    )
    assert talk == [{"content": "Caller asked.<br>Ref 7", "type": "DESCRIPTION"}]
    again = psa.data(CREATE, i=wanted(psa))
    assert again["ticketId"] != made["ticketId"]
    day, _, number = made["displayId"].rpartition("-")
    assert again["displayId"] == f"{day}-{int(number) + 1:04d}"


CREATIONS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no request type": ({"requestType": None}, ("mandatory_validation_failed", "requestType")),
    "no status": ({"status": None}, ("mandatory_validation_failed", "status")),
    "an empty subject": ({"subject": " "}, ("mandatory_validation_failed", "subject")),
    "a long subject": ({"subject": "x" * 256}, ("value_length_exceeds_limit", "subject")),
    "an id for a status": ({"status": "31"}, ("referred_value_does_not_exist", "status")),
    "an unknown priority": ({"priority": "Urgent"}, ("referred_value_does_not_exist", "priority")),
    "an unknown client": ({"client": {"accountId": "1"}}, ("referred_value_does_not_exist", "client")),
    "an unknown requester": ({"requester": {"userId": "1"}}, ("referred_value_does_not_exist", "requester")),
    "an unknown group": ({"techGroup": {"groupId": "1"}}, ("referred_value_does_not_exist", "techGroup")),
    "an unknown SLA": ({"sla": {"id": "1"}}, ("referred_value_does_not_exist", "sla")),
    "a subcategory of another category": (
        {"category": "Hardware", "subcategory": "Mailbox"},
        ("dependent_validation_failed", "subcategory"),
    ),
    "a custom field that is none": ({"customFields": {"mobile": "1"}}, ("type_validation_failed", "mobile")),
}


@pytest.mark.parametrize("case", CREATIONS)
def test_it_refuses_a_ticket_with_a_code_and_the_field(psa: SuperOps, case: str) -> None:
    more, refusal = CREATIONS[case]
    before = len(psa.control("records/tickets"))
    answer = psa.answer(CREATE, i=wanted(psa, **more))
    assert answer["data"] == {}
    assert answer["errors"][0]["message"] is None
    assert psa.codes(CREATE, i=wanted(psa, **more)) == [refusal]
    assert len(psa.control("records/tickets")) == before


def test_a_site_or_requester_of_another_client_does_not_fit(psa: SuperOps) -> None:
    other = ticket(psa, "workshop")
    assert psa.codes(CREATE, i=wanted(psa, site={"id": other["siteId"]})) == [("dependent_validation_failed", "site")]
    assert psa.codes(CREATE, i=wanted(psa, requester={"userId": other["requesterId"]})) == [
        ("dependent_validation_failed", "requester")
    ]


def test_the_form_may_demand_more(psa: SuperOps) -> None:
    psa.faults(mandatory_on_create="category, impact")
    assert psa.codes(CREATE, i=wanted(psa)) == [("mandatory_validation_failed", "category", "impact")]
    psa.faults(request_type_mandatory=False, mandatory_on_create="", drops_requester=True)
    assert psa.data(CREATE, i=wanted(psa, requestType=None, source="INTEGRATION"))["requester"] is None


def test_it_changes_a_status_by_name(psa: SuperOps) -> None:
    key = ticket(psa)["ticketId"]
    assert psa.data(UPDATE, i={"ticketId": key, "status": "In Progress"})["status"] == "In Progress"
    assert psa.data(UPDATE, i={"ticketId": key, "technician": None})["technician"] is None
    assert psa.codes(UPDATE, i={"ticketId": key, "status": "Done"}) == [("referred_value_does_not_exist", "status")]
    assert psa.codes(UPDATE, i={"ticketId": "1", "status": "New"}) == [("entity_does_not_exist", "ticketId")]
    psa.faults(mandatory_on_closure="resolutionCode")
    assert psa.codes(UPDATE, i={"ticketId": key, "status": "Closed"}) == [
        ("mandatory_validation_failed", "resolutionCode")
    ]
    psa.data(UPDATE, i={"ticketId": key, "status": "Closed", "resolutionCode": "Fixed"})


def test_a_note_is_private_unless_said_and_by_the_tokens_user(psa: SuperOps) -> None:
    key = {"ticketId": ticket(psa)["ticketId"]}
    made = psa.data(NOTE, i={"ticket": key, "content": "Caller verified.<br>Ref 7"})
    assert (made["privacyType"], made["addedBy"]["name"]) == ("PRIVATE", "Caller Verify")
    assert psa.data(NOTE, i={"ticket": key, "content": "Seen", "privacyType": "PUBLIC"})["privacyType"] == "PUBLIC"
    assert [note["content"] for note in psa.data(NOTES, i=key)][-2:] == ["Caller verified.<br>Ref 7", "Seen"]
    assert psa.codes(NOTE, i={"ticket": key, "content": " "}) == [("mandatory_validation_failed", "content")]
    assert psa.codes(NOTE, i={"ticket": {"ticketId": "1"}, "content": "x"}) == [("entity_does_not_exist", "ticket")]


def test_the_future_has_another_mutation_for_notes(psa: SuperOps) -> None:
    psa.faults(schema="future")
    key = ticket(psa)["ticketId"]
    document = "mutation($i: CreateNoteInput!) { createNote(input: $i) { noteId content } }"
    made = psa.data(document, i={"workItem": {"workId": key, "module": "TICKET"}, "content": "x"})
    assert made["noteId"] == psa.control(f"records/notes?ticketId={key}")[-1]["noteId"]


def test_a_reply_is_a_conversation(psa: SuperOps) -> None:
    document = (
        "mutation($i: CreateTicketConversationInput!) { createTicketConversation(input: $i) { conversationId type } }"
    )
    key = {"ticketId": ticket(psa)["ticketId"]}
    assert psa.data(document, i={"ticket": key, "content": "Hello", "sendMail": False})["type"] == "TECH_REPLY"


@pytest.mark.parametrize(
    ("document", "name", "field"),
    [
        (NOTE, "createTicketNote", "attachments { fileName }"),
        (USER, "updateClientUser", "client"),
        (USER, "updateClientUser", "site"),
        (USER, "updateClientUser", "role"),
        (USER, "updateClientUser", "reportingManager"),
    ],
)
def test_some_fields_of_a_result_fail_although_it_is_written(
    psa: SuperOps, document: str, name: str, field: str
) -> None:
    dana = user(psa, "Dana")["userId"]
    key = ticket(psa)["ticketId"]
    given = {"ticket": {"ticketId": key}, "content": "x"} if document is NOTE else {"userId": dana, "lastName": "W"}
    answer = psa.answer(f"{document[: document.rindex('}') - 2]}{field} }} }}", i=given)
    assert answer["data"] == {name: None}
    assert user(psa, "Dana")["lastName"] == "W" or psa.control(f"records/notes?ticketId={key}")[-1]["content"] == "x"
    psa.faults(small_results=False)
    assert "errors" not in psa.answer(f"{document[: document.rindex('}') - 2]}{field} }} }}", i=given)


def test_it_changes_and_clears_a_number(psa: SuperOps) -> None:
    dana = user(psa, "Dana")["userId"]
    assert psa.data(USER, i={"userId": dana, "contactNumber": "+12025550177"})["contactNumber"] == "+12025550177"
    assert psa.data(USER, i={"userId": dana, "contactNumber": None})["contactNumber"] is None
    shown = psa.data(READ, i={"userId": dana})
    assert (shown["contactNumber"], shown["lastName"]) == (None, "Whitfield")
    assert psa.codes(USER, i={"userId": dana, "contactNumber": "1" * 33}) == [
        ("value_length_exceeds_limit", "contactNumber")
    ]
    assert psa.codes(USER, i={"userId": dana, "email": "theo@larkfield.example"}) == [
        ("unique_validation_failed", "email")
    ]
    assert psa.codes(USER, i={"userId": "1", "lastName": "x"}) == [("entity_does_not_exist", "userId")]


def test_custom_fields_replace_all_that_were_there_or_are_merged(psa: SuperOps) -> None:
    dana = user(psa, "Dana")["userId"]
    psa.faults(custom_fields="merge")
    psa.data(USER, i={"userId": dana, "customFields": {"udf1text": "+12025550190"}})
    assert psa.data(READ, i={"userId": dana})["customFields"] == {
        "udf1text": "+12025550190",
        "udf2date": "2019-04-01",
        "udf6mselect": ["VIP"],
    }
    assert psa.data(READ, i={"userId": dana})["customFields"]["udf6mselect"] == ["VIP"]
    psa.faults(custom_fields="replace")
    psa.data(USER, i={"userId": dana, "customFields": {"udf1text": "+12025550191"}})
    assert psa.data(READ, i={"userId": dana})["customFields"] == {"udf1text": "+12025550191"}
    assert psa.codes(USER, i={"userId": dana, "customFields": {"udf6mselect": "VIP"}}) == [
        ("type_validation_failed", "udf6mselect")
    ]


def test_a_site_is_changed_only_within_the_requesters_clients(psa: SuperOps) -> None:
    lucia = user(psa, "Lucia")["userId"]
    workshop = next(row["id"] for row in psa.control("records/sites") if row["name"] == "Workshop")
    psa.data(USER, i={"userId": lucia, "site": {"id": workshop}, "role": {"roleId": "5"}})
    assert psa.control(f"records/associations?userId={lucia}")[0]["siteId"] == workshop
    dana = user(psa, "Dana")["userId"]
    assert psa.codes(USER, i={"userId": dana, "site": {"id": workshop}}) == [("dependent_validation_failed", "site")]
    assert psa.codes(USER, i={"userId": dana, "role": {"roleId": "9"}}) == [("referred_value_does_not_exist", "role")]
