"""The outbox's channel to PSA notes: posted once and only once.

A note carries a reference. Any attempt but the first looks for it before it posts, and posts only while enough of
the lease is left that no second worker can be at it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from connectors.base import BadCredentials, Connector, MissingPermission, PsaError, RateLimited
from connectors.discipline import Lane
from podserver.delivery.models import Progress
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, Report, TryLater
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import refusals
from podserver.integrations.models import Integration
from podserver.tenancy import bind_tenant

# A call that timed out at our side may still be at work at the PSA's; it is looked for only after that.
_AFTER_SILENCE = timedelta(seconds=20)
_UNTIL_REPAIRED = timedelta(minutes=5)


class NoteChannel:
    """Payload: ``{integration_id, ticket, text, reference, internal}``."""

    repeatable = True
    holds = False
    patient = False

    def __init__(self, connect: Callable[..., Connector], lease: timedelta) -> None:
        self._connect = connect
        # A post that began with this much of the lease left has ended before anybody else may begin one.
        self._longest_post = lease * 0.4
        self._timeout = (lease * 0.2).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Post the note, or find it."""
        bind_tenant(session, job.tenant_id)
        integration = session.get(Integration, job.payload["integration_id"])
        if integration is not None:
            session.expunge(integration)
        session.rollback()
        if integration is None:
            return Refused("the integration was removed")
        ticket, reference = job.payload["ticket"], job.payload["reference"]
        # Rows from before there was a choice have none.
        internal = bool(job.payload.get("internal", True))
        try:
            connector = self._connect(integration, timeout=self._timeout, lane=Lane.BACKGROUND)
            if job.attempt > 1:
                found = connector.find_note(ticket, reference)
                if found is not None:
                    return Accepted(found.ref, "posted")
            if datetime.now(UTC) > job.deadline - self._longest_post:
                return TryLater("the PSA was too slow, trying again")
            return Accepted(connector.post_note(ticket, job.payload["text"], internal=internal).ref, "posted")
        except RateLimited as error:
            return TryLater("the PSA asks to wait", timedelta(seconds=min(error.retry_after, 300)))
        except (BadCredentials, MissingPermission) as error:
            # An admin can repair this, and the note must not be lost meanwhile.
            if isinstance(error, BadCredentials):
                refusals.note(session, integration, str(error), datetime.now(UTC))
            return TryLater(str(error), _UNTIL_REPAIRED)
        except PsaError as error:
            if error.permanent:
                return Refused(str(error))
            return TryLater(str(error), _AFTER_SILENCE if error.ambiguous else None)

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Notes are repeated, never unknown."""
        return None


class NoteTopic:
    """Records in the history that a note was posted, or that it never will be."""

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """A note about what happened is always wanted."""
        return True

    def report(self, session: Session, report: Report) -> None:
        """Only ends are worth an event."""
        kind = {Progress.DONE: Kind.NOTE_POSTED, Progress.FAILED: Kind.NOTE_FAILED}.get(report.progress)
        if kind is not None:
            detail = {"reason": report.reason} if report.reason else None
            record(session, report.at, Entry(kind, Subject(verification=report.subject), detail=detail))
