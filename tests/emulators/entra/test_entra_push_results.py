"""Every Result/Value of the push service can be made to happen, even one that its AuthenticationResult contradicts."""

from __future__ import annotations

import pytest
from entra_rig import DANA

LATE = [
    "PhoneAppDenied",
    "PhoneAppNoResponse",
    "PhoneAppFraudReported",
    "FraudCodeEntered",
    "PhoneAppNotificationFailed",
    "PhoneAppAllDevicesBlocked",
    "PhoneAppInvalidResult",
    "InvalidSession",
]
AT_ONCE = [
    "UserNotFound",
    "BecAccessDenied",
    "AccessDenied",
    "NoDefaultAuthenticationMethodIsConfigured",
    "AuthenticationMethodNotConfigured",
    "ProofDataNotFound",
    "AuthenticationMethodNotSupported",
    "UserAuthFailedDuplicateRequest",
    "AuthenticationThrottled",
    "AuthenticationMethodLocked",
    "UserIsBlocked",
    "TenantIsBlocked",
    "InvalidFormat",
    "StrongAuthenticationServiceInvalidParameter",
    "InvalidParameter",
    "VersionNotSupported",
    "InternalError",
    "SomethingBrandNew",
]


@pytest.mark.parametrize("value", LATE + AT_ONCE)
def test_every_result_value_can_be_made_to_happen_in_both_forms(entra, token, value):
    entra.faults(result=value)
    blocking = entra.begin(DANA, token, sync=True)
    assert (blocking.value, blocking.authenticated) == (value, "false")
    begun = entra.begin(DANA, token)
    if value in AT_ONCE:
        assert (begun.value, begun.session) == (value, None)
    else:
        assert (begun.value, begun.authenticated) == ("Success", None)
        ended = entra.end(begun.session, DANA, token)
        assert (ended.value, ended.authenticated) == (value, "false")
    assert entra.pushes() == []


@pytest.mark.parametrize(
    ("result", "value", "authenticated"),
    [
        ("Success", "Success", "true"),
        ("Success/false", "Success", "false"),
        ("Success/absent", "Success", None),
        ("Success/challenge", "Success", "challenge"),
        ("PhoneAppDenied/true", "PhoneAppDenied", "true"),
    ],
)
def test_value_and_result_can_be_made_to_disagree(entra, token, result, value, authenticated):
    entra.faults(result=result)
    blocking = entra.begin(DANA, token, sync=True)
    assert (blocking.value, blocking.authenticated) == (value, authenticated)
    ended = entra.end(entra.begin(DANA, token).session, DANA, token)
    assert (ended.value, ended.authenticated) == (value, authenticated)


def test_a_result_can_be_set_for_one_person(entra, token):
    entra.faults(result_for={"DANA@larkfield.example": "AuthenticationThrottled"})
    assert entra.begin(DANA, token).value == "AuthenticationThrottled"
    assert entra.begin("t.brandt@larkfield.example", token).value == "Success"
