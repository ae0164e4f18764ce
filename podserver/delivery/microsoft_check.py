"""Trying a fresh push credential until Microsoft has activated it: a channel of the outbox, so that no page waits.

It asks for a token and nothing else; nobody's phone rings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.delivery import microsoft_words as words
from podserver.delivery.authenticator import credential_of
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.delivery.microsoft import PUSH_CLIENT, PUSH_SCOPE, Cloud, Denied, NotReached, Tokens, within
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, TryLater
from podserver.tenancy import bind_tenant

CHANNEL: Final = "microsoft_check"
# Waits of up to a minute have been seen (push-and-login fact sheet 3.3).
PATIENCE: Final = timedelta(seconds=60)
_AGAIN: Final = timedelta(seconds=4)
UNREACHED: Final = "Microsoft did not answer and could not be asked."


class CredentialCheck:
    """Payload: ``{client: the id of a MicrosoftDirectory}``."""

    repeatable = True
    holds = False
    patient = False

    def __init__(self, cloud: Cloud, lease: timedelta) -> None:
        self._cloud = cloud
        self._seconds = (lease * 0.8).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Ask once for a token."""
        bind_tenant(session, job.tenant_id)
        client = session.scalar(
            select(MicrosoftDirectory)
            .where(MicrosoftDirectory.id == job.payload["client"])
            .execution_options(populate_existing=True)
        )
        if client is not None:
            session.expunge(client)
        session.rollback()
        if client is None:
            return Refused("This client was removed.")
        hopeful = datetime.now(UTC) < job.created_at + PATIENCE
        try:
            with within(self._seconds):
                try_credential(self._cloud, client)
        except Denied as error:
            if hopeful and error.number in words.INACTIVE_YET:
                return TryLater("not active yet", _AGAIN)
            return Refused(words.refusal(error.number, words.PUSH_REFUSALS), str(error.number))
        except NotReached as error:
            return TryLater("not reached", error.wait or _AGAIN) if hopeful else Refused(UNREACHED)
        return Accepted("", "accepted")

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Asking again does no harm."""
        return None


def try_credential(cloud: Cloud, client: MicrosoftDirectory) -> None:
    """Ask for a token with the client's credential, which no kept one answers for. Raises Denied, NotReached."""
    credential = credential_of(client)
    if credential is None:
        raise Denied(0)
    Tokens(cloud).get(client.directory, PUSH_CLIENT, credential, PUSH_SCOPE)
