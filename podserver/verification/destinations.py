"""Turning a PSA's phone numbers and addresses into targets: E.164, a key, and a mask."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from podserver.security import sealing
from podserver.verification.methods.base import Target

_DOTS = "•••"


# Poll after poll asks the same of the same few numbers, and reading one takes as long as a small query.
_KEPT = 2048


@lru_cache(maxsize=_KEPT)
def e164(text: str, region: str) -> str:
    """The number in E.164, or empty where it is no valid number in the tenant's region."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@lru_cache(maxsize=_KEPT)
def international(address: str) -> str:
    """An E.164 number spaced for people."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(address), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return address


@lru_cache(maxsize=_KEPT)
def mask_phone(address: str) -> str:
    """Country code, dots and the last four digits: ``+1 ••• 0142``."""
    try:
        number = phonenumbers.parse(address)
    except NumberParseException:
        return _DOTS
    return f"+{number.country_code} {_DOTS} {address[-4:]}"


def mask_email(address: str) -> str:
    """First letter and domain: ``d•••@larkfield.example``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}{_DOTS}@{domain}"


def phone_target(*, hash_key: str, integration_id: int, contact: str, value: str, region: str, mobile: bool) -> Target:
    """The target of a phone number as the PSA holds it. ``address`` is empty where it is no valid number."""
    address = e164(value, region)
    return Target(
        key=sealing.keyed_hash(hash_key, "phone", str(integration_id), contact, address or value),
        kind="phone",
        address=address,
        masked=mask_phone(address) if address else _DOTS,
        mobile=mobile,
    )


def email_target(*, hash_key: str, integration_id: int, contact: str, value: str) -> Target:
    """The target of an e-mail address as the PSA holds it."""
    address = value.strip()
    return Target(
        key=sealing.keyed_hash(hash_key, "email", str(integration_id), contact, address.casefold()),
        kind="email",
        address=address,
        masked=mask_email(address),
        mobile=False,
    )
