"""Service principals, as Graph writes and changes them."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import secrets
from typing import Any

from emulators.entra.account import APPLICATION_NAMES
from emulators.entra.clock import moment, now, stamp
from emulators.entra.credentials import Certificate, Secret
from emulators.entra.directory import Principal, Tenant
from emulators.entra.errors import GraphError, bad_request, not_found
from emulators.entra.faults import Faults

PRINCIPAL_DEFAULT = (
    "id",
    "accountEnabled",
    "appDisplayName",
    "appId",
    "displayName",
    "keyCredentials",
    "passwordCredentials",
    "servicePrincipalType",
)


def principal_row(principal: Principal, *, with_keys: bool = False) -> dict[str, Any]:
    """A service principal. `key` of a certificate is null, unless one object is read with $select=keyCredentials."""
    credentials = principal.credentials
    return {
        "id": principal.id,
        "appId": principal.app_id,
        "appDisplayName": principal.name,
        "displayName": principal.name,
        "accountEnabled": principal.enabled,
        "servicePrincipalType": "Application",
        "passwordCredentials": [_secret_row(secret) for secret in credentials.secrets],
        "keyCredentials": [_key_row(each, with_key=with_keys) for each in credentials.certificates],
    }


def find(tenant: Tenant, key: str) -> Principal:
    """The principal whose object id is `key`. Raises GraphError 404."""
    found = next((each for each in tenant.principals.values() if each.id == key.lower()), None)
    if found is None:
        raise not_found(key)
    return found


def create(tenant: Tenant, wanted: dict[str, Any]) -> Principal:
    """The principal of an application that the tenant does not know yet. Raises GraphError."""
    app_id = str(wanted.get("appId") or "").lower()
    if app_id not in APPLICATION_NAMES:
        raise bad_request(f"The appId '{app_id}' of the service principal does not reference a valid application.")
    if app_id in tenant.principals:
        sentence = f"The service principal cannot be created because the service principal name {app_id} is in use."
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", sentence)
    return tenant.add_principal(app_id)


def change(principal: Principal, wanted: dict[str, Any]) -> None:
    """PATCH: accountEnabled, and keyCredentials, whose list replaces the one that was there. Raises GraphError."""
    for name in wanted:
        if name not in ("accountEnabled", "keyCredentials"):
            raise bad_request(f"This emulator changes accountEnabled and keyCredentials only, not '{name}'.")
    keys = wanted.get("keyCredentials")
    if keys is not None:
        if not isinstance(keys, list) or not all(isinstance(each, dict) for each in keys):
            raise bad_request("keyCredentials must be a list of objects.")
        principal.credentials.certificates = [_certificate(principal, each) for each in keys]
    if "accountEnabled" in wanted:
        if not isinstance(wanted["accountEnabled"], bool):
            raise bad_request("accountEnabled must be true or false.")
        principal.enabled = wanted["accountEnabled"]


def add_secret(principal: Principal, wanted: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """addPassword: the answer holds the secret's text, this once. Raises GraphError where a policy is against it."""
    asked = wanted.get("passwordCredential") or {}
    if not isinstance(asked, dict):
        raise bad_request("passwordCredential must be an object.")
    begins = _date(asked.get("startDateTime")) or now()
    ends = _date(asked.get("endDateTime"))
    text = "emu8Q~" + secrets.token_urlsafe(25)
    secret = Secret.of(
        text,
        name=str(asked.get("displayName") or ""),
        begins=begins,
        ends=ends,
        delay=faults.seconds("activation_seconds"),
    )
    _check_policy(secret, faults)
    principal.credentials.secrets.append(secret)
    return {**_secret_row(secret), "secretText": text}


def remove_secret(principal: Principal, wanted: dict[str, Any]) -> None:
    """removePassword. Raises GraphError for a keyId that is not there."""
    if not principal.credentials.forget(str(wanted.get("keyId") or "")):
        raise bad_request("No password credential found with keyId.")


def _check_policy(secret: Secret, faults: Faults) -> None:
    if secret.ends <= secret.begins:
        raise bad_request("The credential must end after it begins.")
    if faults.on("secrets_forbidden"):
        raise bad_request("Credential type not allowed as per assigned policy.")
    days = faults.number("secret_max_days")
    if days and secret.ends - secret.begins > dt.timedelta(days=days):
        raise bad_request("Credential lifetime exceeds the max value allowed as per assigned policy.")


def _certificate(principal: Principal, wanted: dict[str, Any]) -> Certificate:
    """One element of a keyCredentials list: a new certificate, or by its keyId one that is kept."""
    known = next((each for each in principal.credentials.certificates if each.key_id == wanted.get("keyId")), None)
    if wanted.get("key") is None and known:
        return known
    if wanted.get("type") != "AsymmetricX509Cert" or wanted.get("usage") != "Verify":
        raise bad_request("A key credential must have type AsymmetricX509Cert and usage Verify.")
    try:
        der = base64.b64decode(str(wanted.get("key") or ""), validate=True)
        name, key_id = str(wanted.get("displayName") or ""), str(wanted.get("keyId") or "")
        return Certificate.of(der, name=name, key_id=key_id, ends=_date(wanted.get("endDateTime")))
    except (binascii.Error, ValueError) as reason:
        raise bad_request(f"Key credential value is invalid: {reason}") from None


def _date(value: object) -> dt.datetime | None:
    if not value:
        return None
    try:
        return moment(str(value))
    except ValueError:
        raise bad_request(f"'{value}' is not a time.") from None


def _secret_row(secret: Secret) -> dict[str, Any]:
    return {
        "keyId": secret.key_id,
        "displayName": secret.name or None,
        "hint": secret.hint,
        "startDateTime": stamp(secret.begins),
        "endDateTime": stamp(secret.ends),
        "secretText": None,
        "customKeyIdentifier": None,
    }


def _key_row(certificate: Certificate, *, with_key: bool) -> dict[str, Any]:
    return {
        "keyId": certificate.key_id,
        "displayName": certificate.name,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "startDateTime": stamp(certificate.begins),
        "endDateTime": stamp(certificate.ends),
        "customKeyIdentifier": base64.b64encode(certificate.thumbprint).decode(),
        "key": base64.b64encode(certificate.der).decode() if with_key else None,
    }
