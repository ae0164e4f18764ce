"""Turning a PSA's phone numbers and addresses into targets: E.164, a key, and a mask."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from podserver.security import sealing
from podserver.verification.methods.base import NO_MARKS, Marks, Target

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


@lru_cache(maxsize=_KEPT)
def is_landline(address: str) -> bool:
    """Whether the numbering plan says that an E.164 number is no mobile. In North America it never says so."""
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(address))
    except NumberParseException:
        return False
    return kind in _NO_MOBILES


_NO_MOBILES = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
_ADDRESS = re.compile(r"[^@\s\"(),:;<>\[\\\]]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.I)


def email_address(text: str) -> str:
    """The address, or empty where it has not the form of one. Only ASCII: few servers take anything else."""
    address = text.strip()
    fits = len(address) <= 254 and address.isascii() and _ADDRESS.fullmatch(address)
    return address if fits else ""


def phone_target(
    *, hash_key: str, integration_id: int, contact: str, value: str, region: str, mobile: bool, extension: str = "",
    marks: Marks = NO_MARKS,
) -> Target:  # fmt: skip
    """The target of a phone number as the PSA holds it. ``address`` is empty where it is no valid number."""
    address = e164(value, region)
    return Target(
        key=sealing.keyed_hash(hash_key, "phone", str(integration_id), contact, address or value),
        kind="phone",
        address=address,
        masked=mask_phone(address) if address else _DOTS,
        mobile=mobile,
        landline=bool(address) and not mobile and is_landline(address),
        extension="".join(c for c in extension if c.isascii() and c.isdigit())[:8],
        marks=marks,
    )


def email_target(*, hash_key: str, integration_id: int, contact: str, value: str, marks: Marks = NO_MARKS) -> Target:
    """The target of an e-mail address as the PSA holds it. ``address`` is empty where it has not the form of one."""
    address = email_address(value)
    return Target(
        key=sealing.keyed_hash(hash_key, "email", str(integration_id), contact, (address or value).casefold()),
        kind="email",
        address=address,
        masked=mask_email(address) if address else _DOTS,
        marks=marks,
    )


def account_target(*, kind: str, hash_key: str, integration_id: int, contact: str, address: str) -> Target:
    """The contact's account at a provider of pushes (duo, microsoft), which is found by the e-mail address."""
    address = email_address(address)
    return Target(
        key=sealing.keyed_hash(hash_key, kind, str(integration_id), contact),
        kind=kind,
        address=address,
        masked=mask_email(address) if address else _DOTS,
    )


def number_key(hash_key: str, target: Target) -> str:
    """Names a number or address alone, whoever's it is, so that the same one at two contacts is found."""
    return sealing.keyed_hash(hash_key, "number", target.kind, target.address.casefold())
