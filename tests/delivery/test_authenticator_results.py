"""Every answer that Microsoft's push service is known to give, and some that it is not: only one of them verifies."""

from __future__ import annotations

import pytest
from authenticator_rig import PushDesk

from podserver.delivery import microsoft_words as words
from podserver.verification.models import State


@pytest.fixture
def desk(push_desk: PushDesk) -> PushDesk:
    return push_desk


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


@pytest.mark.parametrize(("result", "state", "reason"), ENDS, ids=[each[0] for each in ENDS])
def test_only_true_and_success_together_verify_and_each_other_answer_says_why(
    desk: PushDesk, result: str, state: State, reason: str
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
