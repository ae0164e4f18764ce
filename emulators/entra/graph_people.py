"""People, their sign-in methods and their organisation, as Graph writes them."""

from __future__ import annotations

import uuid
from typing import Any

from emulators.entra.clock import now, stamp
from emulators.entra.directory import Tenant
from emulators.entra.people import User

# Fixed for every tenant of the world.
_PASSWORD_ID = "28c10230-6103-485e-b985-444c60001490"
_MOBILE_ID = "3179e48a-750b-4051-897c-87b9720928f7"
_OFFICE_ID = "e37fc753-ff3b-4958-9484-eaa9425c82bc"

# What Graph gives without $select: neither accountEnabled nor userType nor proxyAddresses.
USER_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)


def user_row(user: User) -> dict[str, Any]:
    """Every property of a user that this emulator knows."""
    return {
        "id": user.id,
        "userPrincipalName": user.upn,
        "displayName": user.name,
        "givenName": user.first,
        "surname": user.last or None,
        "mail": user.mail,
        "mailNickname": user.upn.partition("@")[0],
        "otherMails": [],
        "proxyAddresses": user.proxy_addresses,
        "accountEnabled": user.enabled,
        "userType": "Guest" if user.guest else "Member",
        "jobTitle": user.title or None,
        "mobilePhone": user.mobile,
        "businessPhones": [user.office] if user.office else [],
        "officeLocation": None,
        "preferredLanguage": None,
    }


def organization_row(tenant: Tenant, *, whole: bool) -> dict[str, Any]:
    """The organisation; `whole` is false where the caller may see only name and domains."""
    domain = {"name": tenant.domain, "isDefault": True, "isInitial": True, "type": "Managed", "capabilities": "Email"}
    row: dict[str, Any] = {"id": tenant.id, "displayName": tenant.name, "verifiedDomains": [domain]}
    if whole:
        plans = ["AAD_PREMIUM"] if tenant.premium else []
        row["tenantType"] = "AAD"
        row["assignedPlans"] = [{"service": plan, "capabilityStatus": "Enabled"} for plan in plans]
    return row


def method_rows(user: User) -> list[dict[str, Any]]:
    """The registered authentication methods, as `/users/{id}/authentication/methods` lists them."""
    rows: list[dict[str, Any]] = [_method("password", _PASSWORD_ID)]
    if user.authenticator:
        rows.append(
            _method(
                "microsoftAuthenticator",
                _own_id(user, "authenticator"),
                displayName=user.authenticator,
                deviceTag="SoftwareTokenActivated",
                phoneAppVersion="6.8.40",
            )
        )
        rows.append(_method("softwareOath", _own_id(user, "oath")))
    if user.mobile:
        rows.append(_method("phone", _MOBILE_ID, phoneNumber=user.mobile, phoneType="mobile"))
    if user.office:
        rows.append(_method("phone", _OFFICE_ID, phoneNumber=user.office, phoneType="office"))
    return rows


def preference_row(preferred: str) -> dict[str, Any]:
    """`/beta/users/{id}/authentication/signInPreferences`."""
    return {
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "userPreferredMethodForSecondaryAuthentication": preferred,
    }


def report_row(user: User, preferred: str) -> dict[str, Any]:
    """One row of the userRegistrationDetails report."""
    names = user.report_names
    return {
        "id": user.id,
        "userPrincipalName": user.upn,
        "userDisplayName": user.name,
        "userType": "guest" if user.guest else "member",
        "isAdmin": False,
        "isMfaRegistered": bool(names),
        "isMfaCapable": bool(names),
        "methodsRegistered": names,
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": ["push"] if user.authenticator else [],
        "userPreferredMethodForSecondaryAuthentication": preferred,
        "lastUpdatedDateTime": stamp(now()),
    }


def _method(kind: str, key: str, **more: str) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": key, **more}


def _own_id(user: User, kind: str) -> str:
    return str(uuid.uuid5(uuid.UUID(user.id), kind))
