"""What an id_token says about a person, and how the faults bend it."""

from __future__ import annotations

import uuid
from typing import Any

from emulators.entra.account import STRANGER_TENANT
from emulators.entra.clock import now
from emulators.entra.discovery import issuer
from emulators.entra.emulator import EntraEmulator
from emulators.entra.grants import Grant
from emulators.entra.signing import LIFE_SECONDS

_WRONG_TENANT = str(uuid.uuid5(uuid.UUID(STRANGER_TENANT), "nobody's tenant"))


def id_token(emulator: EntraEmulator, grant: Grant) -> str:
    """The signed id_token (v2) for the person who signed in. `sub` differs from application to application."""
    faults, user = emulator.faults, grant.user
    tenant = _WRONG_TENANT if faults.on("wrong_tid") else user.tenant
    at = int(now().timestamp() - faults.seconds("id_token_age_seconds"))
    claims: dict[str, Any] = {
        "aud": str(uuid.uuid4()) if faults.on("wrong_audience") else grant.client_id,
        "iss": issuer(_WRONG_TENANT) if faults.on("wrong_issuer") else issuer(tenant),
        "iat": at,
        "nbf": at,
        "exp": at + LIFE_SECONDS,
        "name": user.name,
        "oid": user.id,
        "preferred_username": user.upn,
        "sub": str(uuid.uuid5(uuid.UUID(user.id), grant.client_id)),
        "tid": tenant,
        "uti": str(uuid.uuid4()),
        "ver": "2.0",
    }
    if user.mail:
        claims["email"] = user.mail
    if grant.nonce:
        claims["nonce"] = "another-nonce" if faults.on("wrong_nonce") else grant.nonce
    # Not in v2 tokens by default (fact sheet 4.4).
    amr = [name.strip() for name in faults.text("amr").split(",") if name.strip()]
    if amr:
        claims["amr"] = amr
    return emulator.signer.sign(claims, wrongly=faults.on("wrong_signature"))
