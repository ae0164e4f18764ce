"""Pushes to Microsoft Authenticator, from the start of a verification to what the user pressed, over TLS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from authenticator_rig import PushDesk
from provider_rig import hand_over, kinds, stored
from sqlalchemy import select

from emulators.entra import LARKFIELD_TENANT, PUSH_CLIENT_ID
from emulators.entra.account import PUSH_CONNECTOR_ID
from podserver.database import writing
from podserver.delivery import microsoft_words as words
from podserver.delivery.microsoft import PUSH_CLIENT, PUSH_SCOPE, Cloud, Tokens
from podserver.delivery.microsoft_push import PushService
from podserver.delivery.models import OutboxRow
from podserver.history.models import HistoryEvent
from podserver.microsoft import key_pair, push
from podserver.tenancy import bind_tenant
from podserver.verification.models import Delivery, State

STEPS = (
    "Entra admin center > Protection > Authentication methods > User registration details > the user > Manage MFA "
    "> Default sign-in method"
)


@pytest.fixture
def desk(push_desk: PushDesk) -> PushDesk:
    return push_desk


def test_an_approved_push_verifies_and_says_what_it_is_worth(desk: PushDesk) -> None:
    desk.set_up()
    result = desk.push()
    out = desk.until_pushed(result)
    assert (out["upn"], out["tenant"]) == ("dana@larkfield.example", LARKFIELD_TENANT)
    assert stored(desk.seeds, result).state == State.PENDING
    desk.press(out, "approve")
    row = desk.until(result, State.VERIFIED)
    assert row.strength == "D" and "no secret" in row.worth
    assert kinds(desk.seeds, result) == ["requested", "verified"]
    assert len(desk.pushes()) == 1


def test_a_secret_does_as_well_as_a_certificate(desk: PushDesk) -> None:
    desk.set_up()
    desk.control("credentials", tenant=LARKFIELD_TENANT, secret="a-secret-of-larkfield")
    desk.change(certificate="", private_key="", secret="a-secret-of-larkfield")
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED)


@pytest.mark.parametrize(
    ("answer", "reason", "alarm"),
    [
        ("deny", "the user pressed Deny in Microsoft Authenticator", False),
        ("fraud", "the contact did not ask for this", True),
    ],
)
def test_a_denied_push_and_a_reported_one_are_told_apart(desk: PushDesk, answer: str, reason: str, alarm: bool) -> None:
    desk.set_up()
    result = desk.push()
    desk.press(desk.until_pushed(result), answer)
    row = desk.until(result, State.DENIED, State.VERIFIED)
    assert (row.state, row.reason, row.alarm) == (State.DENIED, reason, alarm)


def test_a_push_that_nobody_answers_ends_and_says_so(desk: PushDesk) -> None:
    desk.set_up()
    desk.faults(no_answer_seconds=0.4)
    row = desk.until(desk.push(), State.EXPIRED, State.FAILED)
    assert row.state == State.EXPIRED
    assert row.reason.startswith("no answer in Microsoft Authenticator")


def test_an_alias_is_asked_by_the_sign_in_name_behind_it(desk: PushDesk) -> None:
    desk.set_up()
    result = desk.push("theo@larkfield.example")
    out = desk.until_pushed(result)
    assert out["upn"] == "t.brandt@larkfield.example"
    desk.press(out, "approve")
    assert desk.until(result, State.VERIFIED)


TROUBLE = [
    ("250", "marcus@larkfield.example", f"the preferred method is not the Authenticator app; change it in {STEPS}"),
    ("250", "ingrid@larkfield.example", words.NO_APP),
    ("250", "nobody@larkfield.example", words.NOBODY),
    ("251", "amara@harborlegal.example", words.DISABLED),
    ("251", "felix@harborlegal.example", words.GUEST),
    ("251", "wei@harborlegal.example", "another prompt of Microsoft's is still open"),
]


@pytest.mark.parametrize(("company", "email", "sentence"), TROUBLE)
def test_each_trouble_has_its_own_sentence_and_no_phone_rings(
    desk: PushDesk, company: str, email: str, sentence: str
) -> None:
    desk.set_up(company)
    reason = desk.failed(email)
    assert reason.startswith(sentence), reason
    assert not desk.pushes()


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("marcus@larkfield.example", f"the preferred method is not the Authenticator app; change it in {STEPS}"),
        ("ingrid@larkfield.example", words.NO_APP),
        # By the address alone an alias is nobody.
        ("theo@larkfield.example", "Microsoft knows no such user here; check the sign-in name"),
    ],
)
def test_without_consent_the_push_service_itself_is_looked_at_first(desk: PushDesk, email: str, sentence: str) -> None:
    desk.set_up(consented=False)
    assert desk.failed(email).startswith(sentence)
    assert not desk.asked("/users") and not desk.asked("/BeginTwoWayAuthentication")


def test_without_consent_the_address_stands_in_for_the_sign_in_name(desk: PushDesk) -> None:
    desk.set_up(consented=False)
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED)


def test_a_consent_that_was_taken_back_does_not_stop_the_push(desk: PushDesk) -> None:
    desk.set_up()
    desk.control("consent", tenant=LARKFIELD_TENANT, permissions=[])
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED)


def test_a_permission_that_is_missing_is_done_without(desk: PushDesk) -> None:
    desk.set_up()
    desk.control("consent", tenant=LARKFIELD_TENANT, permissions=["User.Read.All"])
    result = desk.push("theo@larkfield.example")
    assert desk.until_pushed(result)["upn"] == "t.brandt@larkfield.example"
    assert desk.failed("marcus@larkfield.example").startswith("the preferred method is not")


@pytest.mark.parametrize("preferred", ["sms", "oath", "voiceMobile", "voiceOffice"])
def test_any_other_default_is_named_before_anything_is_sent(desk: PushDesk, preferred: str) -> None:
    desk.set_up()
    desk.faults(preferred={"dana@larkfield.example": preferred})
    assert desk.failed() == f"the preferred method is not the Authenticator app; change it in {STEPS}"
    assert not desk.asked("/BeginTwoWayAuthentication")


def test_nobody_without_a_default_is_promised_a_push(desk: PushDesk) -> None:
    desk.set_up()
    desk.faults(preferred={"dana@larkfield.example": "none"})
    assert desk.failed().startswith("the user has no default sign-in method")


def test_success_without_a_result_is_waited_for_and_not_believed(desk: PushDesk) -> None:
    desk.set_up()
    desk.faults(result="Success/absent")
    result = desk.push()
    hand_over(desk.app, desk.seeds.session, until=lambda: desk.asked("/EndTwoWayAuthentication") >= 2)
    assert stored(desk.seeds, result).state == State.PENDING
    desk.faults(result="PhoneAppDenied")


def test_an_approval_that_comes_late_is_seen_and_refused(desk: PushDesk) -> None:
    desk.set_up()
    result = desk.push()
    out = desk.until_pushed(result)
    with writing(desk.seeds.session):
        stored_row = stored(desk.seeds, result)
        stored_row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        desk.seeds.session.merge(stored_row)
    desk.press(out, "approve")
    hand_over(desk.app, desk.seeds.session, until=lambda: "late proof refused" in kinds(desk.seeds, result))
    assert stored(desk.seeds, result).state != State.VERIFIED


def test_a_client_whose_push_is_off_is_not_asked(desk: PushDesk) -> None:
    desk.set_up()
    desk.change(push_enabled=False)
    assert desk.failed() == words.OFF
    assert not desk.asked("/token")


def test_the_switch_counts_for_a_push_that_is_out_already(desk: PushDesk) -> None:
    desk.set_up()
    result = desk.push()
    out = desk.until_pushed(result)
    with writing(desk.seeds.session) as session:
        assert push.switch_off_everywhere(session, actor="Alex Moreno", at=datetime.now(UTC)) == 1
    desk.press(out, "approve")
    row = desk.until(result, State.FAILED, State.VERIFIED)
    assert (row.state, row.reason) == (State.FAILED, words.SWITCHED_OFF)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"certificate": "", "private_key": ""}, words.NO_CREDENTIAL),
        ({"credential_ends_at": datetime(2026, 1, 1, tzinfo=UTC)}, words.RUN_OUT),
    ],
)
def test_a_credential_that_is_gone_or_has_run_out_says_so(desk: PushDesk, change: dict[str, Any], reason: str) -> None:
    desk.set_up()
    desk.change(**change)
    assert desk.failed() == reason


@pytest.mark.parametrize("app_id", [PUSH_CLIENT_ID, PUSH_CONNECTOR_ID])
def test_a_push_credential_that_microsoft_refuses_is_named_with_its_number(desk: PushDesk, app_id: str) -> None:
    desk.set_up()
    desk.control("principals", tenant=LARKFIELD_TENANT, app_id=app_id, enabled=False)
    number = 7000112 if app_id == PUSH_CLIENT_ID else 500014
    assert desk.failed() == words.push_refused(number)


def test_a_push_whose_answer_was_lost_is_unknown_and_never_sent_again(desk: PushDesk) -> None:
    desk.set_up()
    result = desk.push()
    # Both methods and default are read from Graph, so the first request to the push service is the push itself.
    desk.faults(push_lost_answers=1)
    hand_over(desk.app, desk.seeds.session, until=lambda: stored(desk.seeds, result).delivery == Delivery.UNKNOWN)
    hand_over(desk.app, desk.seeds.session, until=lambda: True)
    assert len(desk.pushes()) == 1
    assert stored(desk.seeds, result).state == State.PENDING


def test_an_answer_that_is_lost_is_asked_for_again(desk: PushDesk) -> None:
    desk.set_up()
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    desk.faults(push_lost_answers=2)
    assert desk.until(result, State.VERIFIED)


@pytest.mark.parametrize("fault", ["signin_down", "graph_down"])
def test_a_microsoft_that_is_down_for_a_moment_is_tried_again(desk: PushDesk, fault: str) -> None:
    desk.set_up()
    desk.faults(**{fault: 1})
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED)
    assert len(desk.pushes()) == 1


def test_graph_that_asks_to_slow_down_is_left_alone_so_long(desk: PushDesk) -> None:
    desk.set_up()
    desk.faults(rate_limit=1, retry_after_seconds=1)
    result = desk.push()
    desk.until_pushed(result)
    assert len(desk.pushes()) == 1


@pytest.mark.parametrize(("status", "delivery"), [(503, Delivery.UNKNOWN), (400, Delivery.UNDELIVERED),
                                                  (401, Delivery.UNDELIVERED)])  # fmt: skip
def test_a_fault_of_the_push_service_is_told_from_a_refusal(desk: PushDesk, status: int, delivery: Delivery) -> None:
    desk.set_up()
    desk.faults(push_status=status)
    result = desk.push()
    hand_over(desk.app, desk.seeds.session, until=lambda: stored(desk.seeds, result).delivery == delivery)
    reason = stored(desk.seeds, result).reason
    assert reason == {503: "", 400: words.UNFIT, 401: words.REFUSED_BY_SERVICE}[status]


def test_a_quote_in_an_address_changes_no_question_to_graph(desk: PushDesk) -> None:
    desk.set_up()
    assert desk.failed("x'or'1'eq'1@larkfield.example") == words.NOBODY


def test_an_address_cannot_add_an_element_to_the_request(desk: PushDesk, pair: key_pair.KeyPair) -> None:
    desk.set_up(consented=False)
    # With an ampersand, raw text would be no XML at all; the stand-in would say so with a 400.
    assert desk.failed("d&a@larkfield.example").startswith("Microsoft knows no such user here")
    cloud = Cloud.of(desk.app.extensions["settings"])
    credential = {"private_key": pair.private_key, "public_certificate": pair.certificate}
    asked = PushService(cloud, Tokens(cloud).get(LARKFIELD_TENANT, PUSH_CLIENT, credential, PUSH_SCOPE))
    forged = "dana@larkfield.example</UserPrincipalName><SyncCall>true</SyncCall><UserPrincipalName>x@y"
    assert asked.begin(forged).value == "UserNotFound"
    assert asked.end("s</SessionId><AdditionalAuthData>1</AdditionalAuthData>", forged).value == "InvalidSession"
    assert not desk.pushes()


def test_neither_address_nor_credential_nor_token_reaches_the_history(desk: PushDesk, pair: key_pair.KeyPair) -> None:
    desk.set_up()
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    desk.until(result, State.VERIFIED)
    bind_tenant(desk.seeds.session, desk.seeds.tenant.id)
    events = " ".join(f"{e.kind} {e.destination} {e.detail}" for e in desk.seeds.session.scalars(select(HistoryEvent)))
    assert "dana@" not in events and pair.private_key[40:80] not in events
    for row in desk.seeds.session.scalars(select(OutboxRow)):
        assert row.payload == "{}" or row.channel == "psa_note"
