"""What is kept no longer than it is of use. The history is not among it: it only grows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from podserver.accounts.models import FailureBucket, PasswordLink, SignIn
from podserver.database import writing
from podserver.delivery.credentials import MicrosoftSignInFlow
from podserver.delivery.models import InboxRow, OutboxRow
from podserver.pod.models import PsaRecord
from podserver.pod.window_models import SignInWindow
from podserver.tenancy import across_tenants
from podserver.verification.models import Sighting, Verification

PSA_RECORDS = timedelta(days=1)
FAILURES = timedelta(days=1)
SIGN_INS = timedelta(days=30)
# Twilio's receipts have been seen days late; what they belong to must still be there.
MESSAGES = timedelta(days=30)
# A used link says so for a day; after that nobody can tell it from one that never was.
LINKS = timedelta(days=1)
SIGN_IN_FLOWS = timedelta(hours=1)
SIGN_IN_WINDOWS = timedelta(hours=1)
# Who has not been seen at a contact for so long is no news when they come back.
SIGHTINGS = timedelta(days=400)


def tidy(session: Session, at: datetime) -> None:
    """Delete what is older than the times above, of every tenant, in one short transaction."""
    with across_tenants(session), writing(session):
        old_messages = select(OutboxRow.id).where(OutboxRow.ended_at < at - MESSAGES)
        for statement in (
            delete(PsaRecord).where(PsaRecord.fetched_at < at - PSA_RECORDS),
            delete(FailureBucket).where(FailureBucket.window_start < at - FAILURES),
            delete(SignIn).where(SignIn.created_at < at - SIGN_INS),
            delete(PasswordLink).where(PasswordLink.expires_at < at - LINKS),
            delete(InboxRow).where(InboxRow.outbox_id.in_(old_messages)),
            delete(OutboxRow).where(OutboxRow.ended_at < at - MESSAGES),
            delete(MicrosoftSignInFlow).where(MicrosoftSignInFlow.begun_at < at - SIGN_IN_FLOWS),
            delete(SignInWindow).where(SignInWindow.begun_at < at - SIGN_IN_WINDOWS),
            delete(Sighting).where(Sighting.last_seen_at < at - SIGHTINGS),
            update(Verification)
            .where(Verification.link_hash.is_not(None), Verification.ended_at < at - LINKS)
            .values(link_hash=None, summary=None),
        ):
            session.execute(statement.execution_options(synchronize_session=False))
