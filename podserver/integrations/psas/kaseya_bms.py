"""Kaseya BMS: an API Employee, and no place for a frame; its tickets are worked on in the portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import Choice, Connector, MissingPermission, Rejected
from connectors.kaseya_bms import LIMITS, KaseyaBms, api_origin, totp_secret
from podserver.integrations.models import Psa
from podserver.integrations.psas.kind import BadInput, Field, PsaKind, Reach, Values

_SETTINGS = "My Settings"
_USER = "Admin > HR > Employees > New, User Type API Employee"


def _server(text: str) -> str:
    try:
        api_origin(text)
    except Rejected as error:
        raise ValueError(str(error)) from None
    return text


def _company(text: str) -> str:
    if len(text) > 200 or "/" in text:
        raise ValueError(f"The company name is the one under {_SETTINGS} in BMS, not an address.")
    return text


def _mfa_secret(text: str) -> str:
    try:
        return totp_secret(text)
    except Rejected as error:
        raise ValueError(str(error)) from None


def _make(values: Values, reach: Reach) -> KaseyaBms:
    return KaseyaBms(
        values["server"], values["company"], values["user"], values["password"],
        mfa_secret=values.get("mfa_secret", ""), note_type=values.get("note_type", ""),
        may_change_phones=values.get("change_phones") == "1",
        timeout=reach.timeout, observer=reach.observer, gate=reach.gate,
    )  # fmt: skip


def _note_types(connector: Connector) -> Sequence[Choice]:
    return connector.note_types() if isinstance(connector, KaseyaBms) else ()


def _suggest(_values: Values, connector: Connector) -> Mapping[str, str]:
    """BMS needs a note type and names no default: the only one, or the one that most notes have.

    A right that is missing is for the self-check to tell, and must not keep its list from being shown.
    """
    try:
        found = _note_types(connector)
    except MissingPermission:
        return {}
    likely = [each.ref for each in found if each.default] or [each.ref for each in found]
    return {"note_type": likely[0]} if len(likely) == 1 else {}


def _check(values: Values, connector: Connector) -> None:
    chosen = values.get("note_type", "")
    try:
        known = {each.ref for each in _note_types(connector)} if chosen else set()
    except MissingPermission:
        return
    if known and chosen not in known:
        raise BadInput("Kaseya BMS has no such note type. Choose one of the list.", "note_type")


KIND = PsaKind(
    psa=Psa.KASEYA_BMS,
    title="Kaseya BMS",
    fields=(
        Field(
            "server", "Server", f"The Gateway URL under {_SETTINGS}, such as bms.kaseya.com, or the API's own name.",
            clean=_server,
        ),
        Field("company", "Company Name", f"As it stands under {_SETTINGS}, with its spaces.", clean=_company),
        Field("user", "User Name", f"Of the integration's own user: {_USER}."),
        Field("password", "Password", "BMS mails it to the new user's address.", secret=True),
        Field(
            "mfa_secret", "MFA secret", "Only where the user is an Employee with MFA: the key behind the QR code.",
            secret=True, required=False, clean=_mfa_secret,
        ),
        Field(
            "note_type", "Note type", "The type that podserver's notes get. BMS takes none without one.",
            live=_note_types,
        ),
        Field(
            "change_phones", "May change phone numbers",
            "Lets technicians correct a mobile number after a passed verification. BMS does not publish how its call "
            "for this is numbered: try it on a test contact first. podserver stops at the first surprise.",
            required=False, switch=True,
        ),
    ),
    limits=LIMITS,
    place=lambda values: f"{api_origin(values['server'])} {values['company'].casefold()}",
    site=lambda values: f"{values['server']}, {values['company']}",
    hosts=lambda values: (api_origin(values["server"]),),
    make=_make,
    suggest=_suggest,
    check=_check,
)  # fmt: skip
