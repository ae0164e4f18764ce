"""The MSP's own app at Microsoft: what may be saved, and one look whether Microsoft gives it a token."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver import tools
from podserver.delivery import microsoft_words as words
from podserver.delivery.accounts import BadInput, Verdict
from podserver.delivery.credentials import MicrosoftApp
from podserver.delivery.microsoft import GUID, Cloud, Denied, NotReached, Tokens, discover, within
from podserver.history.service import Entry, Kind, record

_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_SECRET: Final = re.compile(r"[!-~]{8,200}")
# A person waits for the page meanwhile.
PATIENCE: Final = 8.0
UNREACHED: Final = (
    "Microsoft cannot be reached, or its certificate is not trusted. "
    "Behind a proxy that inspects TLS, PODSERVER_CA_FILE is needed."
)


@dataclass(frozen=True, slots=True)
class TypedApp:
    """What the page asks for, in Microsoft's words. An empty secret keeps the stored one.

    ``directory`` is a domain of the MSP's own, or the directory's GUID.
    """

    client_id: str
    client_secret: str = field(repr=False)
    directory: str


def stored(session: Session) -> MicrosoftApp | None:
    """The bound tenant's app, if it has one."""
    return session.scalar(select(MicrosoftApp))


def clean(typed: TypedApp, known: MicrosoftApp | None) -> TypedApp:
    """The app as it is stored, but for a domain in the place of the directory's GUID. Raises BadInput."""
    client_id, secret = typed.client_id.strip().lower(), typed.client_secret.strip()
    if not GUID.fullmatch(client_id):
        raise BadInput("A client ID is a GUID, such as 1b2c3d4e-5f60-4a7b-8c9d-0e1f2a3b4c5d.", "client_id")
    if GUID.fullmatch(secret.lower()):
        raise BadInput("This is the secret's ID. Copy its value, which Microsoft shows once.", "client_secret")
    if not secret and known is not None and known.client_id == client_id:
        secret = known.client_secret
    if not secret:
        raise BadInput("The client secret is needed.", "client_secret")
    if not _SECRET.fullmatch(secret):
        raise BadInput("That is not a client secret.", "client_secret")
    return TypedApp(client_id, secret, clean_directory(typed.directory))


def clean_directory(typed: str) -> str:
    """A domain or a GUID in one spelling. Raises BadInput, which names the field ``directory``."""
    name = typed.strip().lower().removeprefix("@").rstrip(".")
    if not GUID.fullmatch(name) and (len(name) > 200 or not _DOMAIN.fullmatch(name)):
        raise BadInput("A domain such as larkfield.example, or a directory (tenant) ID, which is a GUID.", "directory")
    return name


def directory_of(cloud: Cloud, name: str) -> str:
    """The GUID of the directory of a cleaned name. Raises BadInput, NotReached."""
    try:
        with within(PATIENCE):
            return discover(cloud, name).directory
    except Denied:
        raise BadInput("Microsoft knows no directory of this name.", "directory") from None


def check(cloud: Cloud, app: TypedApp) -> Verdict:
    """Ask Microsoft for a token of the app in its own directory, whose GUID is known."""
    try:
        with within(PATIENCE):
            Tokens(cloud).get(app.directory, app.client_id, app.client_secret, cloud.graph_scope)
    except Denied as error:
        return Verdict(False, words.refusal(error.number, words.APP_REFUSALS))
    except NotReached:
        return Verdict(None, UNREACHED)
    return Verdict(True, "Microsoft gives the app a token.")


def save(session: Session, app: TypedApp, *, actor: str, at: datetime) -> MicrosoftApp:
    """Save an app that :func:`clean` returned and whose directory is a GUID."""
    row = stored(session) or MicrosoftApp()
    changed = (row.client_id, row.directory) != (app.client_id, app.directory)
    row.client_id, row.directory, row.changed_at = app.client_id, app.directory, at
    if row.client_secret != app.client_secret:
        row.client_secret, changed = app.client_secret, True
    session.add(row)
    session.flush()
    tools.set_tool(session, tools.MICROSOFT, True)
    if changed:
        record(session, at, Entry(Kind.MICROSOFT_CHANGED, actor=actor, detail={"app": app.client_id[-4:]}))
    return row


def remove(session: Session, *, actor: str, at: datetime) -> None:
    """Forget the app; the clients' directories stay, and the pod offers no sign-in link."""
    row = stored(session)
    if row is None:
        return
    session.delete(row)
    session.flush()
    tools.set_tool(session, tools.MICROSOFT, False)
    record(session, at, Entry(Kind.MICROSOFT_CHANGED, actor=actor, detail={"app": "removed"}))
