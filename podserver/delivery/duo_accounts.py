"""The tenant's Duo keys: what may be saved, and one look at Duo whether they are right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver import tools
from podserver.delivery import duo, duo_words
from podserver.delivery.accounts import BadInput, Verdict
from podserver.delivery.credentials import DuoKeys
from podserver.history.service import Entry, Kind, record
from podserver.security.trust import bundle

_HOST = re.compile(r"api-[a-z0-9]{4,12}\.duo(security|federal)\.com")
_KEY = re.compile(r"[A-Z0-9]{20}")
_SECRET = re.compile(r"[!-~]{40}")
KINDS: Final = {
    duo.AUTH: "Auth API",
    duo.ADMIN: "Admin API",
    duo.WEB: "Web SDK",
}
_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class TypedKeys:
    """What the page asks for, in Duo's words. An empty secret keeps the stored one."""

    host: str
    key: str
    secret: str = field(repr=False)


def stored(session: Session) -> dict[str, DuoKeys]:
    """The bound tenant's keys by kind."""
    return {row.kind: row for row in session.scalars(select(DuoKeys))}


def clean(typed: TypedKeys, known: DuoKeys | None, local_hosts: frozenset[str]) -> TypedKeys:
    """The keys as they are stored, with an empty secret taken from the stored ones. Raises BadInput."""
    host = typed.host.strip().lower().removeprefix("https://").rstrip("/")
    key, secret = typed.key.strip().upper(), typed.secret.strip()
    if not _HOST.fullmatch(host) and host not in local_hosts:
        raise BadInput("An API hostname looks like api-1a2b3c4d.duosecurity.com.", "host")
    if not _KEY.fullmatch(key):
        raise BadInput("This has 20 capital letters and digits, such as DIXXXXXXXXXXXXXXXXXX.", "key")
    if not secret and known is not None and known.key == key:
        secret = known.secret
    if not secret:
        raise BadInput("The secret is needed; it stands below the key.", "secret")
    if not _SECRET.fullmatch(secret):
        raise BadInput("A secret has 40 characters.", "secret")
    return TypedKeys(host, key, secret)


def check(kind: str, keys: TypedKeys, ca_file: Path | None) -> Verdict:
    """Ask Duo whether it accepts the keys; asks nobody anything and changes nothing."""
    if kind == duo.WEB:
        return _check_web(keys, ca_file)
    row = DuoKeys(kind=kind, host=keys.host, key=keys.key, secret=keys.secret)
    try:
        if kind == duo.AUTH:
            duo.auth_client(row, ca_file, _TIMEOUT).check()
        else:
            # The one thing that podserver needs of it: to look people up.
            duo.admin_client(row, ca_file, _TIMEOUT).get_users_by_name("podserver-check")
    except RuntimeError as error:
        if duo_words.error_code(error):
            reason = duo_words.explain(error)
            return Verdict(False, f"{reason[:1].upper()}{reason[1:]}.")
        return Verdict(None, f"Duo has a fault (HTTP {duo_words.http_status(error)}) and could not be asked.")
    except OSError as error:
        return Verdict(None, _not_reached(error))
    return Verdict(True, f"Duo accepts the keys of the {KINDS[kind]}.")


def _check_web(keys: TypedKeys, ca_file: Path | None) -> Verdict:
    from duo_universal import Client, DuoException
    from duo_universal.client import DEFAULT_CA_CERT_PATH

    _with_timeout()
    trusted = bundle(ca_file, DEFAULT_CA_CERT_PATH)
    # Where Duo would send a browser back to does not matter here; nobody is sent.
    client = Client(keys.key, keys.secret, keys.host, "https://podserver.invalid/", duo_certs=trusted)
    try:
        client.health_check()
    except DuoException as error:
        if _refused(error):
            return Verdict(False, "Duo does not accept this client ID with this client secret.")
        return Verdict(None, "Duo did not answer and could not be asked.")
    return Verdict(True, "Duo accepts the keys of the Web SDK.")


def _refused(error: BaseException) -> bool:
    """Whether Duo itself said no: the package wraps its answer once or twice."""
    said = error.args[0] if error.args else None
    if isinstance(said, BaseException):
        return _refused(said)
    return isinstance(said, Mapping) and said.get("stat") == "FAIL" and bool(said.get("code"))


def _with_timeout() -> None:
    """Give duo-universal's calls an end: the package waits for ever (push-and-login fact sheet 1.7)."""
    from duo_universal import client as package

    def post(*args: Any, **kwargs: Any) -> requests.Response:
        return requests.post(*args, timeout=(3, _TIMEOUT), **kwargs)

    package.requests = SimpleNamespace(post=post, exceptions=requests.exceptions)


def _not_reached(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "Duo did not answer in time and could not be asked."
    return (
        "Duo cannot be reached, or its certificate is not trusted. "
        "Behind a proxy that inspects TLS, PODSERVER_CA_FILE is needed."
    )


def save(session: Session, kind: str, keys: TypedKeys, *, checked: bool, actor: str, at: datetime) -> DuoKeys:
    """Save keys that :func:`clean` returned."""
    row = stored(session).get(kind) or DuoKeys(kind=kind)
    changed = row.host != keys.host or row.key != keys.key
    row.host, row.key, row.changed_at = keys.host, keys.key, at
    if row.secret != keys.secret:
        row.secret, changed = keys.secret, True
    row.checked_at = at if checked else row.checked_at if not changed else None
    session.add(row)
    session.flush()
    if kind == duo.AUTH:
        tools.set_tool(session, tools.DUO, True)
    if changed:
        detail = {"keys": KINDS[kind], "key": keys.key[-4:], "host": keys.host}
        record(session, at, Entry(Kind.DUO_CHANGED, actor=actor, detail=detail))
    return row


def remove(session: Session, kind: str, *, actor: str, at: datetime) -> None:
    """Forget keys; without those of the Auth API the pod offers no push."""
    row = stored(session).get(kind)
    if row is None:
        return
    session.delete(row)
    session.flush()
    if kind == duo.AUTH:
        tools.set_tool(session, tools.DUO, False)
    record(session, at, Entry(Kind.DUO_CHANGED, actor=actor, detail={"keys": KINDS[kind], "removed": True}))
