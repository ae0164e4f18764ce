"""Pushes to Microsoft Authenticator: one channel asks, another hears what the user pressed.

Asking is not idempotent: a push whose answer was lost may ring a phone, so it is never sent again by itself. Hearing
is: it is done every second or two until the user has pressed something.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.delivery import microsoft_graph
from podserver.delivery import microsoft_words as words
from podserver.delivery.credentials import MicrosoftApp, MicrosoftDirectory
from podserver.delivery.microsoft import (
    PUSH_CLIENT,
    PUSH_SCOPE,
    Cloud,
    Credential,
    Denied,
    NotReached,
    Tokens,
    within,
)
from podserver.delivery.microsoft_graph import Graph, GraphRefused, Unsuitable
from podserver.delivery.microsoft_push import METHOD, PushRefused, PushService, sendable
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, TryLater, Unknown
from podserver.logs import logger
from podserver.tenancy import bind_tenant

log = logger(__name__)

CHANNEL: Final = "authenticator"
ANSWERS: Final = "authenticator_answer"
_LONGEST: Final = timedelta(seconds=20)
# Of the time that there is, for finding the user; the rest is kept for asking, so that no push is begun in a hurry.
_FOR_FINDING: Final = 0.6
_AGAIN: Final = timedelta(seconds=1)
_AFTER_TROUBLE: Final = timedelta(seconds=2)
_UNREACHED: Final = "Microsoft cannot be reached, trying again"
# What a look at somebody's methods may already say for good.
_FINAL: Final = frozenset({"UserNotFound", "BecAccessDenied", "AccessDenied", "UserIsBlocked", "TenantIsBlocked"})


class AuthenticatorChannel:
    """Payload: ``{email, contact, integration_id, company, life}``."""

    repeatable = False
    holds = False
    patient = False

    def __init__(self, cloud: Cloud, tokens: Tokens, lease: timedelta) -> None:
        self._cloud, self._tokens = cloud, tokens
        self._seconds = min(_LONGEST, lease * 0.8).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Find the account behind the e-mail address, see whether the app is its default, and ask."""
        client, app = set_up(session, job)
        if client is None or not client.push_enabled:
            return Refused(words.OFF)
        credential = credential_of(client)
        if credential is None:
            return Refused(words.NO_CREDENTIAL)
        if client.credential_ends_at is not None and client.credential_ends_at <= datetime.now(UTC):
            return Refused(words.RUN_OUT)
        begun = time.monotonic()
        try:
            with within(self._seconds * _FOR_FINDING):
                upn, looked = self._find(client, app, job.payload["email"])
                service = PushService(
                    self._cloud, self._tokens.get(client.directory, PUSH_CLIENT, credential, PUSH_SCOPE)
                )
                if not looked:
                    _look_at_methods(service, upn)
        except Unsuitable as error:
            return Refused(str(error))
        except Denied as error:
            return Refused(words.push_refused(error.number), str(error.number))
        except NotReached as error:
            return TryLater(_UNREACHED, error.wait or timedelta(seconds=3))
        with within(self._seconds - (time.monotonic() - begun)):
            return self._ask(service, client, credential, upn, job)

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Microsoft does not tell of a push whose session is not known."""
        return None

    def _find(self, client: MicrosoftDirectory, app: MicrosoftApp | None, email: str) -> tuple[str, bool]:
        """The account's sign-in name, and whether its methods were read. Raises Unsuitable and NotReached."""
        upn, looked = email, False
        if client.consented_at is not None and app is not None:
            try:
                token = self._tokens.get(client.directory, app.client_id, app.client_secret, self._cloud.graph_scope)
                graph = Graph(self._cloud, token)
                person = graph.find(email)
                upn, looked = person.upn, True
                _look_at_defaults(graph, person.id)
            except (Denied, GraphRefused) as error:
                # The consent was taken back, or never held this permission: then the address has to do.
                log.warning("authenticator.graph_refused", reason=str(error))
                looked = False
        if not sendable(upn):
            raise Unsuitable(words.ODD_ADDRESS)
        return upn, looked

    def _ask(
        self, service: PushService, client: MicrosoftDirectory, credential: Credential, upn: str, job: Job
    ) -> Outcome:
        try:
            said = service.begin(upn)
        except PushRefused as error:
            log.warning("authenticator.refused", status=error.status)
            if error.status in (401, 403):
                self._tokens.forget(client.directory, PUSH_CLIENT, credential)
                return Refused(words.REFUSED_BY_SERVICE, f"HTTP {error.status}")
            return Refused(words.UNFIT, f"HTTP {error.status}")
        except NotReached as error:
            if not error.sent:
                return TryLater(_UNREACHED, error.wait or timedelta(seconds=3))
            return Unknown("Microsoft did not answer, the push may have been sent")
        if said.wants_code:
            return Refused(words.CHALLENGE, "challenge")
        if said.value not in (words.SUCCESS, words.PENDING):
            log.info("authenticator.not_begun", value=said.value)
            return Refused(words.end(said.value)[1], said.value)
        if not said.session:
            return Unknown("Microsoft's answer was not understood, the push may have been sent")
        return Accepted(said.session, "pushed", also={"upn": upn, "company": job.payload["company"]})


class AuthenticatorAnswers:
    """Payload: ``{reference: the session, upn, company, integration_id, contact}``."""

    repeatable = True
    holds = False
    patient = True

    def __init__(self, cloud: Cloud, tokens: Tokens, lease: timedelta) -> None:
        self._cloud, self._tokens = cloud, tokens
        self._seconds = min(_LONGEST, lease * 0.8).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Ask once what the user pressed."""
        client, _ = set_up(session, job)
        credential = credential_of(client) if client is not None else None
        if client is None or not client.push_enabled or credential is None:
            return Refused(words.SWITCHED_OFF)
        try:
            with within(self._seconds):
                token = self._tokens.get(client.directory, PUSH_CLIENT, credential, PUSH_SCOPE)
                said = PushService(self._cloud, token).end(job.payload["reference"], job.payload["upn"])
        except Denied as error:
            return Refused(words.push_refused(error.number), str(error.number))
        except PushRefused as error:
            log.warning("authenticator.answer_refused", status=error.status)
            if error.status == 401:
                self._tokens.forget(client.directory, PUSH_CLIENT, credential)
                return TryLater("a new token is needed", _AFTER_TROUBLE)
            return Refused(words.UNFIT, f"HTTP {error.status}")
        except NotReached as error:
            return TryLater("Microsoft cannot be reached, asking again", error.wait or _AFTER_TROUBLE)
        if said.approved:
            return Accepted(job.payload["reference"], "approved")
        if said.wants_code:
            return Accepted(job.payload["reference"], "refused", words.CHALLENGE)
        if said.value in ("", words.PENDING) or (said.value == words.SUCCESS and not said.authenticated):
            return TryLater("still waiting", _AGAIN)
        result, reason = words.end(said.value)
        if said.value not in words.ENDS:
            log.warning("authenticator.unknown_result", value=said.value)
        return Accepted(job.payload["reference"], result, reason)

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Hearing is repeated, never unknown."""
        return None


def set_up(session: Session, job: Job) -> tuple[MicrosoftDirectory | None, MicrosoftApp | None]:
    """The client's directory and the MSP's app, as they stand; no transaction is left open."""
    bind_tenant(session, job.tenant_id)
    client = session.scalar(
        select(MicrosoftDirectory)
        .where(
            MicrosoftDirectory.integration_id == job.payload["integration_id"],
            MicrosoftDirectory.company == job.payload["company"],
        )
        .execution_options(populate_existing=True)
    )
    app = session.scalar(select(MicrosoftApp).execution_options(populate_existing=True))
    found: tuple[Any, ...] = (client, app)
    for row in found:
        if row is not None:
            session.expunge(row)
    session.rollback()
    return client, app


def credential_of(client: MicrosoftDirectory) -> Credential | None:
    """What proves us to the client's push principal; a key pair goes before a secret."""
    if client.certificate and client.private_key:
        return {"private_key": client.private_key, "public_certificate": client.certificate}
    return client.secret or None


def _look_at_defaults(graph: Graph, person: str) -> None:
    """Whether a push would reach the app. Raises Unsuitable, GraphRefused, NotReached."""
    if not graph.has_app(person):
        raise Unsuitable(words.NO_APP)
    preferred = graph.preferred(person)
    if preferred and preferred != microsoft_graph.PUSH:
        raise Unsuitable(words.NOT_PREFERRED)


def _look_at_methods(service: PushService, upn: str) -> None:
    """The same by the push service itself, where Graph may not be read. A look that fails decides nothing."""
    try:
        said, methods = service.methods(upn)
    except (PushRefused, NotReached):
        return
    if said.value in _FINAL:
        raise Unsuitable(words.end(said.value)[1])
    if said.value != words.SUCCESS or not methods:
        return
    if all(each.method != METHOD for each in methods):
        raise Unsuitable(words.NO_APP)
    if any(each.default and each.method != METHOD for each in methods):
        raise Unsuitable(words.NOT_PREFERRED)
