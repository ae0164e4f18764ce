"""The sign-in behind a link: begun from the link's page, taken back once, and judged.

Nothing is held open while Microsoft is asked. What comes back must fit three things: the state that Microsoft was
given, the cookie of the browser that went there, and the row that waits for it.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from connectors.http import is_loopback
from podserver.accounts.models import Tenant
from podserver.database import release
from podserver.delivery import microsoft_words as words
from podserver.delivery.credentials import MicrosoftApp, MicrosoftDirectory, MicrosoftSignInFlow
from podserver.delivery.microsoft import (
    ANY_DIRECTORY,
    Cloud,
    Denied,
    NotReached,
    Tokens,
    application,
    broken,
    discover,
    not_reached,
    number_of,
    within,
)
from podserver.delivery.microsoft_graph import Graph, GraphRefused
from podserver.microsoft import claims
from podserver.microsoft.claims import Account, BadToken
from podserver.security import sealing
from podserver.tenancy import across_tenants, bind_tenant
from podserver.verification.destinations import email_target, mask_email
from podserver.verification.models import Verification

LIFE: Final = timedelta(minutes=10)
CALLBACK_PATH: Final = "/microsoft/callback"
# Somebody who presses, goes back and presses again has several; no link needs more.
MOST_FLOWS: Final = 5
# A person waits for the page meanwhile.
_BEGIN_SECONDS, _JUDGE_SECONDS = 8.0, 12.0


class How(enum.StrEnum):
    """How a sign-in came back."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a sign-in.

    ``reason`` is a technician's sentence where it was refused, and the user's where there was trouble, after which
    they may try again. ``second_factor`` says that Microsoft names one.
    """

    how: How
    reason: str = ""
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What is kept of a sign-in between leaving and coming back.

    ``directory`` is the client's GUID, empty where it is not known; ``client`` the id of its row, 0 where none is.
    ``msal`` is the package's own part. ``token`` is the link's.
    """

    token: str = field(repr=False)
    directory: str = ""
    client: int = 0
    msal: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def authority(self) -> str:
        """Where people sign in."""
        return self.directory or ANY_DIRECTORY


@dataclass(frozen=True, slots=True)
class Returned:
    """A sign-in that has come back. ``fresh`` is False where it had come back before, which then has no effect."""

    verification: str
    flow: Flow
    begun_at: datetime
    fresh: bool


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose sign-in it has to be. ``matches`` tells whether an address is the one that the link was sent to."""

    matches: Callable[[str], bool]
    flow: Flow
    consented: bool


def leave(cloud: Cloud, app: MicrosoftApp, flow: Flow, hint: str, base_url: str) -> Flow:
    """Begin at Microsoft: the flow with the package's part. Raises Denied, NotReached.

    The user has to sign in anew, as a browser that is signed in shows who owns the browser.
    """
    with within(_BEGIN_SECONDS):
        client = application(cloud, flow.authority, app.client_id, app.client_secret)
    msal = client.initiate_auth_code_flow(
        ["email"],
        redirect_uri=f"{base_url}{CALLBACK_PATH}",
        state=sealing.random_key(),
        prompt="login",
        login_hint=hint or None,
    )
    page = urlsplit(msal["auth_uri"])
    if page.scheme != "https" and not is_loopback(page.hostname or ""):
        raise NotReached
    return Flow(flow.token, flow.directory, flow.client, msal)


def keep(session: Session, verification: str, flow: Flow, at: datetime) -> str:
    """Wait for a sign-in to come back; returns what the browser's cookie has to say."""
    cookie = sealing.random_key()
    others = select(MicrosoftSignInFlow.state_hash).where(MicrosoftSignInFlow.verification == verification)
    stale = list(session.scalars(others.order_by(MicrosoftSignInFlow.begun_at.desc()).offset(MOST_FLOWS - 1)))
    session.execute(
        delete(MicrosoftSignInFlow)
        .where((MicrosoftSignInFlow.begun_at < at - LIFE) | MicrosoftSignInFlow.state_hash.in_(stale))
        .execution_options(synchronize_session=False)
    )
    session.add(
        MicrosoftSignInFlow(
            state_hash=sealing.fingerprint(flow.msal["state"]),
            browser_hash=sealing.fingerprint(cookie),
            verification=verification,
            flow=json.dumps(
                {"token": flow.token, "directory": flow.directory, "client": flow.client, "msal": flow.msal}
            ),
            begun_at=at,
        )
    )
    session.flush()
    return cookie


def find(session: Session, state: str, cookie: str, at: datetime) -> Returned | None:
    """The sign-in that a state and a cookie belong to, both or none; changes nothing.

    The session is bound to its tenant afterwards, and has no transaction open. ``fresh`` is what it was a moment ago:
    only :func:`use` decides.
    """
    if not state or not cookie:
        return None
    with across_tenants(session):
        row = session.scalar(
            select(MicrosoftSignInFlow).where(MicrosoftSignInFlow.state_hash == sealing.fingerprint(state))
        )
        if row is not None:
            session.expunge(row)
    release(session)
    if row is None or row.begun_at < at - LIFE or not sealing.same(row.browser_hash, sealing.fingerprint(cookie)):
        return None
    bind_tenant(session, row.tenant_id)
    return Returned(row.verification, Flow(**json.loads(row.flow)), row.begun_at, row.used_at is None)


def use(session: Session, returned: Returned, state: str, at: datetime) -> bool:
    """Use a sign-in up, so that it counts once; False where somebody else was faster. Its secrets are forgotten."""
    used = session.execute(
        update(MicrosoftSignInFlow)
        .where(MicrosoftSignInFlow.state_hash == sealing.fingerprint(state), MicrosoftSignInFlow.used_at.is_(None))
        .values(used_at=at, flow=json.dumps({"token": returned.flow.token}))
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def whom(tenant: Tenant, verification: Verification, flow: Flow, client: MicrosoftDirectory | None) -> Whom:
    """Whose sign-in a verification waits for. The address itself is not stored; what it hashes to is."""

    def matches(address: str) -> bool:
        target = email_target(
            hash_key=tenant.hash_key,
            integration_id=verification.integration_id,
            contact=verification.contact,
            value=address,
        )
        return bool(target.address) and sealing.same(target.key, verification.destination_key)

    consented = client is not None and client.consented_at is not None and client.directory == flow.directory
    return Whom(matches, flow, consented)


def judge(
    cloud: Cloud, app: MicrosoftApp, returned: Returned, query: Mapping[str, str], whom: Whom, at: datetime
) -> Outcome:
    """What a sign-in proves. ``query`` is what Microsoft sent the browser back with. No transaction may be open."""
    if query.get("error"):
        return _not_signed_in(query)
    with within(_JUDGE_SECONDS):
        try:
            said = _exchange(cloud, app, returned.flow, query)
            if "id_token_claims" not in said:
                raise Denied(number_of(said))
            account = claims.read(said["id_token_claims"], cloud, app.client_id, returned.begun_at, at)
            return _judge_account(cloud, app, account, whom)
        except BadToken as error:
            return Outcome(How.REFUSED, f"Microsoft's answer does not fit this request ({error}); use another way")
        except Denied as error:
            return Outcome(How.TROUBLE, words.not_completed(error.number))
        except NotReached:
            return Outcome(How.TROUBLE, "Microsoft did not answer.")


def _not_signed_in(query: Mapping[str, str]) -> Outcome:
    number = number_of({"error_description": query.get("error_description", "")})
    cancelled = query.get("error") == "access_denied" and number in (0, 65004)
    if cancelled or query.get("error_subcode") == "cancel":
        return Outcome(How.CANCELLED)
    return Outcome(How.TROUBLE, words.not_signed_in(number))


def _exchange(cloud: Cloud, app: MicrosoftApp, flow: Flow, query: Mapping[str, str]) -> Mapping[str, Any]:
    """The package's answer to the code. Raises BadToken, Denied, NotReached."""
    client = application(cloud, flow.authority, app.client_id, app.client_secret)
    try:
        said = client.acquire_token_by_auth_code_flow(dict(flow.msal), dict(query))
    except requests.exceptions.RequestException as error:
        raise not_reached(error) from None
    except RuntimeError:
        # How the package says that the nonce is another; its words hold the nonce.
        raise BadToken("nonce") from None
    except broken():
        raise NotReached from None
    if not isinstance(said, dict):
        raise NotReached
    return said


def _judge_account(cloud: Cloud, app: MicrosoftApp, account: Account, whom: Whom) -> Outcome:
    """Whether an account is the contact's. Raises NotReached where that cannot be told now."""
    known = whom.flow.directory
    if known and account.directory != known:
        return Outcome(How.REFUSED, words.OTHER_DIRECTORY)
    if account.guest:
        return Outcome(How.REFUSED, words.SIGNED_IN_AS_GUEST)
    yes = Outcome(How.ACCEPTED, second_factor=account.second_factor)
    other = Outcome(How.REFUSED, words.other_account(mask_email(account.upn) if account.upn else "another account"))
    unclear = False
    if known and whom.consented:
        try:
            return _judge_by_graph(cloud, app, account, whom, yes, other)
        except (Denied, GraphRefused):
            # Taken back, or never granted; the token itself has to do.
            pass
        except NotReached:
            unclear = True
    if account.upn and whom.matches(account.upn):
        # A name can be trusted where the directory owns its domain; an e-mail claim only in the client's own.
        if known or _owns(cloud, account.directory, account.upn.rpartition("@")[2]):
            return yes
        return Outcome(How.REFUSED, words.OTHER_DIRECTORY)
    if known and account.email and whom.matches(account.email):
        return yes
    if unclear:
        raise NotReached
    return other


def _judge_by_graph(
    cloud: Cloud, app: MicrosoftApp, account: Account, whom: Whom, yes: Outcome, other: Outcome
) -> Outcome:
    """The same by what the directory itself says of the account. Raises Denied, GraphRefused, NotReached."""
    token = Tokens(cloud).get(account.directory, app.client_id, app.client_secret, cloud.graph_scope)
    try:
        person = Graph(cloud, token).person(account.object_id)
    except GraphRefused as error:
        if error.status == 404:
            return other
        raise
    if not person.member:
        return Outcome(How.REFUSED, words.SIGNED_IN_AS_GUEST)
    if not person.enabled:
        return Outcome(How.REFUSED, words.DISABLED)
    return yes if any(whom.matches(each) for each in person.addresses) else other


def _owns(cloud: Cloud, directory: str, domain: str) -> bool:
    """Whether a domain is one that the directory has verified. Raises NotReached."""
    try:
        return discover(cloud, domain).directory == directory
    except Denied:
        return False
