"""The consent of a client's administrator: a link that leads to Microsoft, and the proof that it was given.

What comes back in the browser proves nothing, as anybody can write such an address. It is believed only from the
portal session that made the link, and then proven at Microsoft (push-and-login fact sheet 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from podserver.delivery import microsoft_words as words
from podserver.delivery.credentials import MicrosoftApp, MicrosoftDirectory
from podserver.delivery.microsoft import Cloud, Denied, Discovery, Tokens, number_of, within
from podserver.delivery.microsoft_accounts import PATIENCE
from podserver.delivery.microsoft_graph import Graph, GraphRefused
from podserver.history.service import Kind
from podserver.microsoft import service
from podserver.security import sealing

LIFE: Final = timedelta(hours=1)
RETURN_PATH: Final = "/microsoft/consent"

FIND_PEOPLE: Final = "User.Read.All"
READ_METHODS: Final = "UserAuthenticationMethod.Read.All"
# Name, kind, and what for: the least that podserver can do with.
PERMISSIONS: Final = (
    ("openid, profile, email", "delegated", "Sign-in links: who has signed in."),
    (FIND_PEOPLE, "application", "Finds the account behind a contact's e-mail address, also where it is an alias."),
    (
        READ_METHODS,
        "application",
        "For the Authenticator push alone: tells that somebody's default is another method before anything is sent.",
    ),
)
_LATER: Final = "Microsoft needs some minutes to let a fresh consent take effect; check again then."
_DECLINED: Final = "The consent was declined at Microsoft."
_REFUSALS: Final[Mapping[int, str]] = {
    65004: _DECLINED,
    90094: "Whoever was signed in at Microsoft is no administrator of this directory.",
    650052: "The directory lacks a service that the app asks for, or the subscription for it.",
    700016: "Microsoft does not find the app; it has to be registered for accounts in any organizational directory.",
}


class NotGiven(Exception):
    """The consent is not there, or not proven; the message is a sentence for the admin."""


@dataclass(frozen=True, slots=True)
class Granted:
    """One permission and whether the directory has granted it; None where that could not be seen."""

    permission: str
    granted: bool | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What Microsoft shows of a directory that has let the app in. ``organisation`` is empty where it is not told."""

    organisation: str
    permissions: Sequence[Granted]

    @property
    def missing(self) -> list[str]:
        """The permissions that are not granted."""
        return [each.permission for each in self.permissions if each.granted is False]


def begin(session: Session, row: MicrosoftDirectory, portal_token: str, at: datetime) -> str:
    """A state for one consent of this client, which only this portal session can bring back."""
    state = sealing.random_key()
    row.consent_state, row.consent_begun_at = _bound(state, portal_token), at
    session.flush()
    return state


def link(discovery: Discovery, app: MicrosoftApp, base_url: str, scope: str, state: str) -> str:
    """Where the client's administrator gives the consent."""
    asked = {
        "client_id": app.client_id,
        "scope": scope,
        "redirect_uri": f"{base_url}{RETURN_PATH}",
        "state": state,
    }
    return f"{discovery.consent_page}?{urlencode(asked)}"


def take_back(session: Session, query: Mapping[str, str], portal_token: str, at: datetime) -> MicrosoftDirectory | None:
    """The client whose consent this portal session began with the state that has come back; the state is used up.

    None where there is no such consent, or it was begun more than an hour ago.
    """
    state = query.get("state", "")[:100]
    row = session.scalar(
        select(MicrosoftDirectory).where(MicrosoftDirectory.consent_state == _bound(state, portal_token))
    )
    if not state or row is None or row.consent_begun_at is None or row.consent_begun_at < at - LIFE:
        return None
    used = session.execute(
        update(MicrosoftDirectory)
        .where(MicrosoftDirectory.id == row.id, MicrosoftDirectory.consent_state == row.consent_state)
        .values(consent_state="", consent_begun_at=None)
        .execution_options(synchronize_session="fetch")
    )
    return row if used.rowcount == 1 else None  # type: ignore[attr-defined]


def look_at_answer(query: Mapping[str, str], row: MicrosoftDirectory) -> None:
    """What Microsoft says in the address. Raises NotGiven.

    An error comes first: ``admin_consent=True`` stands beside it all the same.
    """
    if query.get("error"):
        number = number_of({"error_description": query.get("error_description", "")})
        raise NotGiven(_REFUSALS.get(number) or words.refusal(number, _REFUSALS))
    if query.get("admin_consent", "").casefold() != "true":
        raise NotGiven("Microsoft did not say whether the consent was given.")
    if query.get("tenant", "").casefold() != row.directory:
        raise NotGiven(
            "The consent was given in another directory than this client's. Nothing was changed here; whoever gave it "
            "may remove the app there."
        )


def prove(cloud: Cloud, app: MicrosoftApp, directory: str) -> Proof:
    """Get a token for the directory and read in it. Raises NotGiven, NotReached. No transaction may be open."""
    with within(PATIENCE):
        try:
            token = Tokens(cloud).get(directory, app.client_id, app.client_secret, cloud.graph_scope)
        except Denied as error:
            raise NotGiven(words.refusal(error.number, words.APP_REFUSALS)) from None
        return _read(Graph(cloud, token), directory)


def _read(graph: Graph, directory: str) -> Proof:
    try:
        found, name = graph.organisation()
    except GraphRefused:
        # Not every set of permissions shows it; the token is this directory's, and what it reads proves it too.
        found, name = "", ""
    if found and found != directory:
        raise NotGiven("Microsoft answered for another directory than this client's.")
    try:
        somebody = graph.anybody()
    except GraphRefused:
        raise NotGiven(f"{FIND_PEOPLE} is not granted in this directory. {_LATER}") from None
    methods: bool | None = None
    if somebody:
        try:
            graph.has_app(somebody)
            methods = True
        except GraphRefused as error:
            methods = False if error.forbidden else None
    return Proof(name, (Granted(FIND_PEOPLE, True), Granted(READ_METHODS, methods)))


def keep(session: Session, row: MicrosoftDirectory, proof: Proof, *, actor: str, at: datetime) -> None:
    """Keep that the consent is proven."""
    first = row.consented_at is None
    row.consented_at, row.organisation = at, proof.organisation[:160] or row.organisation
    session.flush()
    if first:
        detail = {"directory": row.directory, "organisation": row.organisation, "missing": proof.missing}
        service.note(session, row, detail, actor=actor, at=at, kind=Kind.MICROSOFT_CONSENT)


def keep_refusal(
    session: Session, row: MicrosoftDirectory, reason: str, *, gone: bool, actor: str, at: datetime
) -> None:
    """Keep that it is not there. ``gone`` says that Microsoft itself showed so: one that was proven counts no more."""
    if gone:
        row.consented_at = None
        session.flush()
    service.note(session, row, {"reason": reason}, actor=actor, at=at, kind=Kind.MICROSOFT_CONSENT)


def _bound(state: str, portal_token: str) -> str:
    return sealing.fingerprint(f"{state}\n{portal_token}")
