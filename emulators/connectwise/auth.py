"""Who is asking: API keys, or a member's web session by cookies or by Basic with the hash."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from urllib.parse import unquote

from werkzeug.datastructures import Headers

from emulators.connectwise.errors import ApiError, no_such_path, unauthorized
from emulators.connectwise.faults import Faults
from emulators.connectwise.rights import Action, Role, full_role, merged
from emulators.connectwise.store import API_MEMBER, COMPANY, MEMBER_CONTEXT, PRIVATE_KEY, PUBLIC_KEY, Store

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Principal:
    """A recognised caller: the member record's id and login name, how it signed in (`keys` or `session`), its role."""

    member_id: int
    identifier: str
    kind: str
    role: Role

    def level(self, function: str, action: Action) -> str:
        """`None`, `My` or `All`."""
        return self.role[function][action]


def authenticate(headers: Headers, path: str, store: Store, faults: Faults, in_scope: bool) -> Principal:
    """The caller of a REST request.

    Raises 401 (or 404 for wrong keys in cloud mode, or what `clientid_missing_status` says).
    """
    if faults["ssl_required"]:
        raise ApiError(403, {"code": "Security", "message": "SSL is required.", "errors": None})
    if not _GUID.fullmatch(headers.get("clientId", "").strip()):
        code = {401: "Unauthorized", 403: "Security"}[faults["clientid_missing_status"]]
        raise ApiError(faults["clientid_missing_status"], {"code": code, "message": "A valid clientId is required."})
    company, name, password = _basic(headers.get("Authorization", ""))
    keys_work = company.lower() == COMPANY and name == PUBLIC_KEY and not (in_scope and faults["wrong_keys"])
    if keys_work and hmac.compare_digest(password.encode(), PRIVATE_KEY.encode()):
        return _principal(store, API_MEMBER, "keys", merged(faults["role"]))
    owner = _session_owner(headers, company, password, store, faults)
    if owner is not None:
        return _principal(store, owner, "session", full_role())
    if path.strip("/").lower() == "system/info":
        raise ApiError(401, {"code": "ConnectWiseApi", "message": "UserNotAuthenticated"})
    by_keys = bool(name) and not _GUID.fullmatch(password)
    raise no_such_path() if faults["cloud_mode"] and by_keys else unauthorized()


def _principal(store: Store, identifier: str, kind: str, role: Role) -> Principal:
    member = store.member(identifier)
    if member is None:
        raise unauthorized()
    return Principal(member["id"], member["identifier"], kind, role)


def _session_owner(headers: Headers, company: str, password: str, store: Store, faults: Faults) -> str | None:
    """The login name behind a hash. The hash alone decides: the member id that comes with it is not compared."""
    member_hash = password if company.lower() == COMPANY else ""
    cookies = _cookies(headers.get("Cookie", ""))
    if not member_hash and cookies.get("companyname", "").lower() == COMPANY and cookies.get("memberid"):
        if faults["member_context_required"] and cookies.get("membercontext") != MEMBER_CONTEXT:
            return None
        member_hash = cookies.get("memberhash", "")
    owner = store.session_member(member_hash)
    if owner is None or faults["member_session"] == "expired":
        return None
    if faults["member_session"] == "other_member":
        return "sam" if owner != "sam" else "priya"
    return owner


def _basic(header: str) -> tuple[str, str, str]:
    """Company, name and password out of `Basic base64(company+name:password)`; empty strings when it is not that."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", "", ""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", "", ""
    user, _, password = decoded.partition(":")
    company, _, name = user.partition("+")
    return company, name, password


def _cookies(header: str) -> dict[str, str]:
    """Cookies by lower-case name, as clients differ in the letter case; percent-encoded values are decoded."""
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
