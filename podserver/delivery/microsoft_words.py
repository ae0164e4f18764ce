"""What Microsoft's answers mean, as data: to a technician, without a full stop and in 200 characters, and to an admin.

Results of the push: push-and-login fact sheet 3.7. Refusals of tokens: 3.4, and Microsoft's list of AADSTS codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Where the default sign-in method of somebody is changed; the path is Microsoft's, in its own words.
STEPS: Final = (
    "Entra admin center > Protection > Authentication methods > User registration details > the user > Manage MFA "
    "> Default sign-in method"
)
NOT_PREFERRED: Final = f"the preferred method is not the Authenticator app; change it in {STEPS}"
CHALLENGE: Final = f"no push, Microsoft wants a code, as the default is not the app: {STEPS}"
NO_APP: Final = "this user has no Microsoft Authenticator registered; use another way"

NOBODY: Final = "nobody in the client's directory has this e-mail address; use another way"
SEVERAL: Final = "several people in the client's directory have this e-mail address; use another way"
GUEST: Final = "this user is a guest in the client's directory, and guests cannot be asked; use another way"
DISABLED: Final = "this account is disabled in the client's directory; find out why before you go on"

OFF: Final = "Authenticator push is not switched on for this client"
SWITCHED_OFF: Final = "Authenticator push was switched off while this was under way"
NO_CREDENTIAL: Final = "this client's push credential is missing, an admin makes one under Microsoft"
RUN_OUT: Final = "this client's push credential has run out, an admin renews it under Microsoft"
REFUSED_BY_SERVICE: Final = (
    "Microsoft's push service refuses this client's credential, an admin tests it under Microsoft"
)
ODD_ADDRESS: Final = "this e-mail address cannot be a sign-in name at Microsoft; use another way"

SUCCESS: Final = "Success"
PENDING: Final = "AuthenticationPending"

_WAIT: Final = "Microsoft slows this user down after too many tries; wait some minutes, or use another way"
UNFIT: Final = "Microsoft's push service did not take the request; use another way and tell your admin"
_CALL: Final = "the user's default method is a phone call, and it failed; use another way"

# Result/Value: what the engine is told (see PushAnswerTopic), and the technician's sentence.
ENDS: Final[dict[str, tuple[str, str]]] = {
    "PhoneAppDenied": ("denied", "the user pressed Deny in Microsoft Authenticator"),
    "PhoneAppNoResponse": (
        "no_answer",
        "no answer in Microsoft Authenticator within a minute; check that the phone has signal, then try once more",
    ),
    "PhoneAppFraudReported": (
        "not_asked",
        "the user reported fraud in Microsoft Authenticator; the account may now be blocked in Entra",
    ),
    "FraudCodeEntered": ("not_asked", "the user reported fraud to Microsoft; the account may now be blocked in Entra"),
    "UserNotFound": ("refused", "Microsoft knows no such user here; check the sign-in name, not the e-mail address"),
    "BecAccessDenied": ("refused", "Microsoft knows no such user here; check the sign-in name, not the e-mail address"),
    "AccessDenied": ("refused", "the user belongs to another directory: a guest, or the wrong client; use another way"),
    "NoDefaultAuthenticationMethodIsConfigured": (
        "refused",
        "the user has no default sign-in method; they set one at mysignins.microsoft.com, Security info",
    ),
    "AuthenticationMethodNotConfigured": (
        "not_delivered",
        "Authenticator push is not registered for this user; use SMS or Duo",
    ),
    "ProofDataNotFound": ("not_delivered", "Authenticator push is not registered for this user; use SMS or Duo"),
    "AuthenticationMethodNotSupported": (
        "refused",
        "this user's kind of method cannot be used for a push, perhaps a passkey only; use another way",
    ),
    "PhoneAppNotificationFailed": (
        "not_delivered",
        "the push could not be delivered: the app was removed, has no data, or its notifications are off",
    ),
    "PhoneAppAllDevicesBlocked": (
        "not_delivered",
        "Microsoft has blocked the user's phone, as it stopped answering; the user registers it again",
    ),
    "PhoneAppInvalidResult": ("refused", "the app gave an answer that is none; the user updates it and tries again"),
    "UserAuthFailedDuplicateRequest": (
        "refused",
        "another prompt of Microsoft's is still open on this phone; wait a minute, then send again",
    ),
    "AuthenticationThrottled": ("refused", _WAIT),
    "AuthenticationMethodLocked": ("refused", _WAIT),
    "UserIsBlocked": ("refused", "an administrator has blocked this user in Entra; find out why before you go on"),
    "TenantIsBlocked": ("refused", "Microsoft has blocked multi-factor authentication for this client"),
    "InvalidSession": ("no_answer", "it took more than three minutes, and Microsoft has forgotten it; send again"),
    "OathCodeIncorrect": ("refused", "a code was typed, and it was wrong"),
    "OathCodeOld": ("refused", "a code was typed, and it was too old"),
    "OathCodeDuplicate": ("refused", "a code was typed, and it had been used before"),
    "SMSAuthFailedWrongCodeEntered": ("refused", "a texted code was typed, and it was wrong"),
    "SMSAuthFailedMaxAllowedCodeRetryReached": ("refused", "a texted code was typed wrong too often"),
    "UserVoiceAuthFailedCallWentToVoicemail": ("refused", _CALL),
    "UserVoiceAuthFailedPhoneHungUp": ("refused", _CALL),
    "UserVoiceAuthFailedPhoneUnreachable": ("refused", _CALL),
    "InvalidFormat": ("refused", UNFIT),
    "InvalidParameter": ("refused", UNFIT),
    "StrongAuthenticationServiceInvalidParameter": ("refused", UNFIT),
    "VersionNotSupported": ("refused", UNFIT),
    "InternalError": ("refused", "Microsoft's push service has a fault; use another way"),
}


def end(value: str) -> tuple[str, str]:
    """What a Result/Value means; one that nobody has described is not verified, and is named."""
    return ENDS.get(value, ("refused", f"not verified: Microsoft answered {value or 'nothing that is known'}"))


# AADSTS numbers, where the sentence depends on whose token was refused: the push credential's, or the MSP's own app's.
INACTIVE_YET: Final = frozenset({7000215, 700027})
PUSH_REFUSALS: Final[Mapping[int, str]] = {
    7000112: "Azure Multi-Factor Auth Client is switched off in this directory. Entra admin center > Enterprise "
    "applications > All applications > Azure Multi-Factor Auth Client > Properties > Enabled for users to sign in: "
    "Yes.",
    500014: "Azure Multi-Factor Auth Connector is switched off in this directory. Entra admin center > Enterprise "
    "applications > All applications > Azure Multi-Factor Auth Connector > Properties > Enabled for users to sign in: "
    "Yes.",
    500011: "Azure Multi-Factor Auth Connector is not in this directory. The script adds it; run it again.",
    7000215: "The secret is wrong, or Microsoft has not activated it yet, which takes up to a minute. Copy the "
    "secret's value, not its ID.",
    7000222: "The secret has run out. Make a new one, or better a key pair.",
    700016: "Azure Multi-Factor Auth Client is not in this directory. The script adds it; run it there once.",
    700027: "Microsoft does not know the certificate in this directory, or has not activated it yet, which takes up "
    "to a minute. Was the script run, and in this directory?",
    700024: "Microsoft finds the time of the request wrong; this server's clock is off, the operator has to set it.",
    90002: "Microsoft knows no such directory. Remove the client here and add it with its right domain.",
    53003: "A Conditional Access policy of this directory for applications blocks the push client.",
}
APP_REFUSALS: Final[Mapping[int, str]] = {
    7000112: "The app is switched off in this directory. Entra admin center > Enterprise applications > the app > "
    "Properties > Enabled for users to sign in: Yes.",
    7000215: "The client secret is wrong, or not active yet. Copy the secret's value, not its ID.",
    7000222: "The client secret has run out. Make a new one under Certificates & secrets, and enter it here.",
    700016: "The app is not in this directory: the client ID is wrong, it is registered for another account type, or "
    "the consent has not been given here.",
    700024: "Microsoft finds the time of the request wrong; this server's clock is off, the operator has to set it.",
    90002: "Microsoft knows no such directory. Check the domain, or the directory (tenant) ID.",
    500011: "Microsoft Graph is not in this directory, which should not be. Ask Microsoft.",
    65001: "The consent has not been given in this directory.",
    53003: "A Conditional Access policy of this directory for applications blocks the app.",
}


def refusal(number: int, known: Mapping[int, str]) -> str:
    """An admin's sentence for a token that was refused."""
    if number in known:
        return f"{known[number]} (AADSTS{number})"
    return f"Microsoft refuses, with AADSTS{number}." if number else "Microsoft refuses, and gives no reason."


def push_refused(number: int) -> str:
    """A technician's sentence for a push credential that was refused."""
    named = f" (AADSTS{number})" if number else ""
    return f"Microsoft refuses this client's push credential{named}, an admin tests it under Microsoft"


# The sign-in link: why an account that signed in is not the contact's, to a technician.
OTHER_DIRECTORY: Final = "somebody signed in at Microsoft with an account of another organization, not the client's"
SIGNED_IN_AS_GUEST: Final = "somebody signed in at Microsoft as a guest of the client's directory, which proves nothing"


def other_account(masked: str) -> str:
    """A technician's sentence for an account that has not the contact's address; ``masked`` is its name, masked."""
    return f"somebody signed in at Microsoft as {masked[:100]}, which is not the address on file"


# Why Microsoft did not let somebody sign in, to them.
_SIGN_IN: Final[Mapping[int, str]] = {
    65001: "Your organization's administrator has not allowed this sign-in yet.",
    90094: "Your organization's administrator has not allowed this sign-in yet.",
    50105: "Your organization's administrator has not given you this sign-in.",
    50020: "This account does not belong to your organization.",
    50057: "This account is disabled.",
    50058: "Nobody was signed in.",
    53000: "Your organization lets you sign in from a device that it manages only.",
    53001: "Your organization lets you sign in from a device that it manages only.",
    53003: "A rule of your organization does not let you sign in from here.",
    530003: "Your organization lets you sign in from a device that it manages only.",
}


def not_signed_in(number: int) -> str:
    """The user's sentence for an error that Microsoft sent them back with."""
    if number in _SIGN_IN:
        return f"{_SIGN_IN[number]} (AADSTS{number})"
    return f"Microsoft did not let you sign in (AADSTS{number})." if number else "Microsoft did not let you sign in."


def not_completed(number: int) -> str:
    """The user's sentence for a sign-in that Microsoft did not let us finish."""
    return f"Microsoft did not complete the sign-in (AADSTS{number})." if number else "Microsoft did not complete it."
