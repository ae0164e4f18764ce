"""Pushes to Microsoft Authenticator, from the start of a verification to what the user pressed, over TLS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from provider_rig import Providers, hand_over, kinds, stored
from seeds import Seeds
from sqlalchemy import select

from emulators.entra import CLIENT_ID, CLIENT_SECRET, HARBOR_TENANT, LARKFIELD_TENANT, NORTHGATE_TENANT, PUSH_CLIENT_ID
from emulators.entra.account import PUSH_CONNECTOR_ID
from podserver.configuration import Settings
from podserver.database import db, writing
from podserver.delivery import microsoft_accounts
from podserver.delivery import microsoft_words as words
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.delivery.microsoft import PUSH_CLIENT, PUSH_SCOPE, Cloud, Tokens
from podserver.delivery.microsoft_push import PushService
from podserver.delivery.models import OutboxRow
from podserver.history.models import HistoryEvent
from podserver.microsoft import key_pair, push, service
from podserver.microsoft.service import Company
from podserver.tenancy import bind_tenant
from podserver.verification.destinations import account_target
from podserver.verification.ending import Result
from podserver.verification.models import Delivery, State

PEOPLE = {
    "dana@larkfield.example": ("77", "250"),
    "marcus@larkfield.example": ("78", "250"),
    "ingrid@larkfield.example": ("79", "250"),
    "theo@larkfield.example": ("80", "250"),
    "amara@harborlegal.example": ("81", "251"),
    "felix@harborlegal.example": ("82", "251"),
    "wei@harborlegal.example": ("83", "251"),
}
TENANTS = {"250": ("Larkfield Dental", LARKFIELD_TENANT), "251": ("Harbor Legal", HARBOR_TENANT)}
STEPS = (
    "Entra admin center > Protection > Authentication methods > User registration details > the user > Manage MFA "
    "> Default sign-in method"
)
BASE = ["User.Read.All", "UserAuthenticationMethod.Read.All"]


@pytest.fixture
def settings(settings: Settings, providers: Providers) -> Settings:
    """Settings that lead to the stand-in of Microsoft, too."""
    microsoft = f"https://{providers.tls_host}"
    return replace(settings, microsoft_login_url=microsoft, microsoft_graph_url=microsoft, microsoft_push_url=microsoft)


@pytest.fixture(scope="session")
def pair() -> key_pair.KeyPair:
    return key_pair.make("podserver push, Northgate IT", datetime.now(UTC))


class Desk:
    """A technician whose clients have the push switched on, and the phones of everybody."""

    def __init__(self, app: Flask, providers: Providers, pair: key_pair.KeyPair) -> None:
        self.app, self.providers, self.pair = app, providers, pair
        self.seeds = Seeds(db.session(), at=datetime.now(UTC))
        self.seeds.allow(methods=["authenticator_push"])
        with writing(self.seeds.session) as session:
            app_of_msp = microsoft_accounts.TypedApp(CLIENT_ID, CLIENT_SECRET, NORTHGATE_TENANT)
            microsoft_accounts.save(session, app_of_msp, actor="tests", at=self.seeds.at)

    def set_up(self, company: str = "250", *, consented: bool = True) -> MicrosoftDirectory:
        name, tenant = TENANTS[company]
        self.control("credentials", tenant=tenant, certificate=self.pair.certificate)
        self.control("consent", tenant=tenant, permissions=BASE if consented else [])
        with writing(self.seeds.session) as session:
            client = Company(self.seeds.integration.id, company, name)
            row = service.add(session, client, tenant, actor="tests", at=self.seeds.at)
            push.keep_pair(session, row, self.pair, actor="tests", at=self.seeds.at)
            row.checked_at = self.seeds.at
            row.consented_at = self.seeds.at if consented else None
            push.switch_on(session, row, actor="tests", at=self.seeds.at)
        return row

    def change(self, **values: Any) -> None:
        with writing(self.seeds.session) as session:
            bind_tenant(session, self.seeds.tenant.id)
            for row in session.scalars(select(MicrosoftDirectory)):
                for name, value in values.items():
                    setattr(row, name, value)

    def push(self, email: str = "dana@larkfield.example") -> Result:
        contact, company = PEOPLE.get(email, ("90", "250"))
        self.seeds.caller = replace(self.seeds.caller, contact=contact, company=company)
        target = account_target(
            kind="microsoft",
            hash_key=self.seeds.tenant.hash_key,
            integration_id=self.seeds.integration.id,
            contact=contact,
            address=email,
        )
        result = self.seeds.start(method="authenticator_push", target=target, at=datetime.now(UTC))
        assert not result.refused, result.refused
        return result

    def until(self, result: Result, *states: State) -> Any:
        hand_over(self.app, self.seeds.session, until=lambda: stored(self.seeds, result).state in states)
        return stored(self.seeds, result)

    def until_pushed(self, result: Result) -> dict[str, Any]:
        hand_over(self.app, self.seeds.session, until=lambda: stored(self.seeds, result).delivery == Delivery.SENT)
        return dict(self.pushes()[0])

    def failed(self, email: str = "dana@larkfield.example") -> str:
        """Ask somebody who cannot be asked; why not."""
        row = self.until(self.push(email), State.FAILED, State.VERIFIED, State.DENIED, State.EXPIRED)
        assert row.state == State.FAILED
        return str(row.reason)

    def pushes(self) -> list[dict[str, Any]]:
        return list(self.providers.get("/_emulator/entra/pushes.json")["pushes"])

    def press(self, push_row: dict[str, Any], answer: str) -> None:
        self.providers.post(f"/_emulator/entra/pushes/{push_row['session']}", answer=answer)

    def control(self, name: str, **said: Any) -> Any:
        return self.providers.post(f"/_emulator/entra/{name}", **said)

    def faults(self, **said: Any) -> None:
        self.control("faults", **said)

    def asked(self, part: str) -> int:
        """How many requests came in whose path ends in this."""
        every = self.providers.get("/_emulator/entra/requests")["requests"]
        return sum(each["path"].endswith(part) for each in every)


# For tests whose outcome cannot depend on the database.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(app: Flask, providers: Providers, pair: key_pair.KeyPair) -> Desk:
    return Desk(app, providers, pair)


def test_an_approved_push_verifies_and_says_what_it_is_worth(desk: Desk) -> None:
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


@on_one_database
def test_a_secret_does_as_well_as_a_certificate(desk: Desk) -> None:
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
def test_a_denied_push_and_a_reported_one_are_told_apart(desk: Desk, answer: str, reason: str, alarm: bool) -> None:
    desk.set_up()
    result = desk.push()
    desk.press(desk.until_pushed(result), answer)
    row = desk.until(result, State.DENIED, State.VERIFIED)
    assert (row.state, row.reason, row.alarm) == (State.DENIED, reason, alarm)


def test_a_push_that_nobody_answers_ends_and_says_so(desk: Desk) -> None:
    desk.set_up()
    desk.faults(no_answer_seconds=0.4)
    row = desk.until(desk.push(), State.EXPIRED, State.FAILED)
    assert row.state == State.EXPIRED
    assert row.reason.startswith("no answer in Microsoft Authenticator")


@on_one_database
def test_an_alias_is_asked_by_the_sign_in_name_behind_it(desk: Desk) -> None:
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


@on_one_database
@pytest.mark.parametrize(("company", "email", "sentence"), TROUBLE)
def test_each_trouble_has_its_own_sentence_and_no_phone_rings(
    desk: Desk, company: str, email: str, sentence: str
) -> None:
    desk.set_up(company)
    reason = desk.failed(email)
    assert reason.startswith(sentence), reason
    assert not desk.pushes()


@on_one_database
@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("marcus@larkfield.example", f"the preferred method is not the Authenticator app; change it in {STEPS}"),
        ("ingrid@larkfield.example", words.NO_APP),
        # By the address alone an alias is nobody.
        ("theo@larkfield.example", "Microsoft knows no such user here; check the sign-in name"),
    ],
)
def test_without_consent_the_push_service_itself_is_looked_at_first(desk: Desk, email: str, sentence: str) -> None:
    desk.set_up(consented=False)
    assert desk.failed(email).startswith(sentence)
    assert not desk.asked("/users") and not desk.asked("/BeginTwoWayAuthentication")


@on_one_database
def test_without_consent_the_address_stands_in_for_the_sign_in_name(desk: Desk) -> None:
    desk.set_up(consented=False)
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED)


@on_one_database
def test_a_consent_that_was_taken_back_does_not_stop_the_push(desk: Desk) -> None:
    desk.set_up()
    desk.control("consent", tenant=LARKFIELD_TENANT, permissions=[])
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED)


@on_one_database
def test_a_permission_that_is_missing_is_done_without(desk: Desk) -> None:
    desk.set_up()
    desk.control("consent", tenant=LARKFIELD_TENANT, permissions=["User.Read.All"])
    result = desk.push("theo@larkfield.example")
    assert desk.until_pushed(result)["upn"] == "t.brandt@larkfield.example"
    assert desk.failed("marcus@larkfield.example").startswith("the preferred method is not")


@on_one_database
@pytest.mark.parametrize("preferred", ["sms", "oath", "voiceMobile", "voiceOffice"])
def test_any_other_default_is_named_before_anything_is_sent(desk: Desk, preferred: str) -> None:
    desk.set_up()
    desk.faults(preferred={"dana@larkfield.example": preferred})
    assert desk.failed() == f"the preferred method is not the Authenticator app; change it in {STEPS}"
    assert not desk.asked("/BeginTwoWayAuthentication")


@on_one_database
def test_nobody_without_a_default_is_promised_a_push(desk: Desk) -> None:
    desk.set_up()
    desk.faults(preferred={"dana@larkfield.example": "none"})
    assert desk.failed().startswith("the user has no default sign-in method")


# What the phone or the service may answer: result, the state that follows, the start of its reason.
ENDS = [
    ("PhoneAppDenied", State.DENIED, "the user pressed Deny"),
    ("PhoneAppNoResponse", State.EXPIRED, "no answer in Microsoft Authenticator"),
    ("PhoneAppFraudReported", State.DENIED, "the contact did not ask for this"),
    ("FraudCodeEntered", State.DENIED, "the contact did not ask for this"),
    ("Success/false", State.FAILED, "not verified: Microsoft answered Success"),
    ("Success/challenge", State.FAILED, "no push, Microsoft wants a code"),
    ("PhoneAppNotificationFailed", State.FAILED, "the push could not be delivered"),
    ("PhoneAppAllDevicesBlocked", State.FAILED, "Microsoft has blocked the user's phone"),
    ("PhoneAppInvalidResult", State.FAILED, "the app gave an answer that is none"),
    ("InvalidSession", State.EXPIRED, "it took more than three minutes"),
    ("OathCodeIncorrect", State.FAILED, "a code was typed, and it was wrong"),
    ("SMSAuthFailedMaxAllowedCodeRetryReached", State.FAILED, "a texted code was typed wrong too often"),
    ("UserVoiceAuthFailedPhoneHungUp", State.FAILED, "the user's default method is a phone call"),
    ("UserNotFound", State.FAILED, "Microsoft knows no such user here; check the sign-in name, not the e-mail"),
    ("BecAccessDenied", State.FAILED, "Microsoft knows no such user here"),
    ("AccessDenied", State.FAILED, "the user belongs to another directory"),
    ("NoDefaultAuthenticationMethodIsConfigured", State.FAILED, "the user has no default sign-in method"),
    ("AuthenticationMethodNotConfigured", State.FAILED, "Authenticator push is not registered"),
    ("ProofDataNotFound", State.FAILED, "Authenticator push is not registered"),
    ("AuthenticationMethodNotSupported", State.FAILED, "this user's kind of method cannot be used"),
    ("UserAuthFailedDuplicateRequest", State.FAILED, "another prompt of Microsoft's is still open"),
    ("AuthenticationThrottled", State.FAILED, "Microsoft slows this user down"),
    ("AuthenticationMethodLocked", State.FAILED, "Microsoft slows this user down"),
    ("UserIsBlocked", State.FAILED, "an administrator has blocked this user"),
    ("TenantIsBlocked", State.FAILED, "Microsoft has blocked multi-factor authentication"),
    ("StrongAuthenticationServiceInvalidParameter", State.FAILED, "Microsoft's push service did not take"),
    ("InternalError", State.FAILED, "Microsoft's push service has a fault"),
    ("SomethingQuiteNew", State.FAILED, "not verified: Microsoft answered SomethingQuiteNew"),
    ("PhoneAppSomethingNew", State.FAILED, "not verified: Microsoft answered PhoneAppSomethingNew"),
]


@on_one_database
@pytest.mark.parametrize(("result", "state", "reason"), ENDS, ids=[each[0] for each in ENDS])
def test_only_true_and_success_together_verify_and_each_other_answer_says_why(
    desk: Desk, result: str, state: State, reason: str
) -> None:
    desk.set_up()
    desk.faults(result=result)
    row = desk.until(desk.push(), State.VERIFIED, State.DENIED, State.EXPIRED, State.FAILED)
    assert row.state == state
    assert row.reason.startswith(reason), row.reason


def test_every_sentence_fits_the_row_and_ends_without_a_full_stop() -> None:
    known = {"denied", "not_asked", "no_answer", "not_delivered", "refused"}
    sentences = [sentence for _, sentence in words.ENDS.values()]
    sentences += [words.NOT_PREFERRED, words.CHALLENGE, words.NO_APP, words.NOBODY, words.SEVERAL, words.GUEST]
    sentences += [words.DISABLED, words.OFF, words.NO_CREDENTIAL, words.RUN_OUT, words.push_refused(7000222)]
    sentences += [words.OTHER_DIRECTORY, words.other_account("d" * 200), words.end("x" * 60)[1]]
    assert {result for result, _ in words.ENDS.values()} == known
    assert all(len(each) <= 200 and not each.endswith(".") for each in sentences)


@on_one_database
def test_success_without_a_result_is_waited_for_and_not_believed(desk: Desk) -> None:
    desk.set_up()
    desk.faults(result="Success/absent")
    result = desk.push()
    hand_over(desk.app, desk.seeds.session, until=lambda: desk.asked("/EndTwoWayAuthentication") >= 2)
    assert stored(desk.seeds, result).state == State.PENDING
    desk.faults(result="PhoneAppDenied")


def test_an_approval_that_comes_late_is_seen_and_refused(desk: Desk) -> None:
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


@on_one_database
def test_a_client_whose_push_is_off_is_not_asked(desk: Desk) -> None:
    desk.set_up()
    desk.change(push_enabled=False)
    assert desk.failed() == words.OFF
    assert not desk.asked("/token")


def test_the_switch_counts_for_a_push_that_is_out_already(desk: Desk) -> None:
    desk.set_up()
    result = desk.push()
    out = desk.until_pushed(result)
    with writing(desk.seeds.session) as session:
        assert push.switch_off_everywhere(session, actor="Alex Moreno", at=datetime.now(UTC)) == 1
    desk.press(out, "approve")
    row = desk.until(result, State.FAILED, State.VERIFIED)
    assert (row.state, row.reason) == (State.FAILED, words.SWITCHED_OFF)


@on_one_database
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"certificate": "", "private_key": ""}, words.NO_CREDENTIAL),
        ({"credential_ends_at": datetime(2026, 1, 1, tzinfo=UTC)}, words.RUN_OUT),
    ],
)
def test_a_credential_that_is_gone_or_has_run_out_says_so(desk: Desk, change: dict[str, Any], reason: str) -> None:
    desk.set_up()
    desk.change(**change)
    assert desk.failed() == reason


@on_one_database
@pytest.mark.parametrize("app_id", [PUSH_CLIENT_ID, PUSH_CONNECTOR_ID])
def test_a_push_credential_that_microsoft_refuses_is_named_with_its_number(desk: Desk, app_id: str) -> None:
    desk.set_up()
    desk.control("principals", tenant=LARKFIELD_TENANT, app_id=app_id, enabled=False)
    number = 7000112 if app_id == PUSH_CLIENT_ID else 500014
    assert desk.failed() == words.push_refused(number)


@on_one_database
def test_a_push_whose_answer_was_lost_is_unknown_and_never_sent_again(desk: Desk) -> None:
    desk.set_up()
    result = desk.push()
    # Both methods and default are read from Graph, so the first request to the push service is the push itself.
    desk.faults(push_lost_answers=1)
    hand_over(desk.app, desk.seeds.session, until=lambda: stored(desk.seeds, result).delivery == Delivery.UNKNOWN)
    hand_over(desk.app, desk.seeds.session, until=lambda: True)
    assert len(desk.pushes()) == 1
    assert stored(desk.seeds, result).state == State.PENDING


@on_one_database
def test_an_answer_that_is_lost_is_asked_for_again(desk: Desk) -> None:
    desk.set_up()
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    desk.faults(push_lost_answers=2)
    assert desk.until(result, State.VERIFIED)


@on_one_database
@pytest.mark.parametrize("fault", ["signin_down", "graph_down"])
def test_a_microsoft_that_is_down_for_a_moment_is_tried_again(desk: Desk, fault: str) -> None:
    desk.set_up()
    desk.faults(**{fault: 1})
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED)
    assert len(desk.pushes()) == 1


@on_one_database
def test_graph_that_asks_to_slow_down_is_left_alone_so_long(desk: Desk) -> None:
    desk.set_up()
    desk.faults(rate_limit=1, retry_after_seconds=1)
    result = desk.push()
    desk.until_pushed(result)
    assert len(desk.pushes()) == 1


@on_one_database
@pytest.mark.parametrize(("status", "delivery"), [(503, Delivery.UNKNOWN), (400, Delivery.UNDELIVERED),
                                                  (401, Delivery.UNDELIVERED)])  # fmt: skip
def test_a_fault_of_the_push_service_is_told_from_a_refusal(desk: Desk, status: int, delivery: Delivery) -> None:
    desk.set_up()
    desk.faults(push_status=status)
    result = desk.push()
    hand_over(desk.app, desk.seeds.session, until=lambda: stored(desk.seeds, result).delivery == delivery)
    reason = stored(desk.seeds, result).reason
    assert reason == {503: "", 400: words.UNFIT, 401: words.REFUSED_BY_SERVICE}[status]


@on_one_database
def test_a_quote_in_an_address_changes_no_question_to_graph(desk: Desk) -> None:
    desk.set_up()
    assert desk.failed("x'or'1'eq'1@larkfield.example") == words.NOBODY


@on_one_database
def test_an_address_cannot_add_an_element_to_the_request(desk: Desk, pair: key_pair.KeyPair) -> None:
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


def test_neither_address_nor_credential_nor_token_reaches_the_history(desk: Desk, pair: key_pair.KeyPair) -> None:
    desk.set_up()
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    desk.until(result, State.VERIFIED)
    bind_tenant(desk.seeds.session, desk.seeds.tenant.id)
    events = " ".join(f"{e.kind} {e.destination} {e.detail}" for e in desk.seeds.session.scalars(select(HistoryEvent)))
    assert "dana@" not in events and pair.private_key[40:80] not in events
    for row in desk.seeds.session.scalars(select(OutboxRow)):
        assert row.payload == "{}" or row.channel == "psa_note"
