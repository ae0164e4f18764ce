"""The outbox's channel to PSA tickets: each is made once and only once.

A ticket carries a reference at the end of its summary. Any attempt but the first looks for it before it makes one,
and makes one only while enough of the lease is left that no second worker can be at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from connectors.base import BadCredentials, Connector, MissingPermission, NewTicket, PsaError, RateLimited, Ticket
from connectors.discipline import Lane
from podserver.delivery import outbox
from podserver.delivery.models import Progress
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, Report, TryLater
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import refusals
from podserver.integrations.models import Integration
from podserver.tenancy import bind_tenant

CHANNEL: Final = "psa_ticket"
TOPIC: Final = "ticket"

# A call that timed out at our side may still be at work at the PSA's; it is looked for only after that.
_AFTER_SILENCE = timedelta(seconds=20)
_UNTIL_REPAIRED = timedelta(minutes=5)


def reference_of(subject: str) -> str:
    """The reference of the ticket that is opened for an outbox subject: ``PV-`` and 26 letters and digits."""
    return f"PV-{subject.upper()}"


def open_ticket(session: Session, *, integration_id: int, subject: str, new: NewTicket, at: datetime) -> str:
    """Decide in the caller's transaction that a ticket is opened; the outbox row's id, to be nudged after the commit.

    ``subject`` is a new ``sealing.random_id()``, and ``new`` carries its :func:`reference_of`, which the ticket's
    event in the history names. Raises ValueError where they do not belong together.
    """
    if new.reference != reference_of(subject):
        raise ValueError("the ticket's reference is not its subject's")
    payload = {"integration_id": integration_id, "new": asdict(new)}
    return outbox.add(session, channel=CHANNEL, topic=TOPIC, subject=subject, payload=payload, at=at)


class TicketChannel:
    """Payload: ``{integration_id, new}``, where ``new`` holds the fields of a :class:`~connectors.base.NewTicket`."""

    repeatable = True
    holds = False
    patient = False

    def __init__(self, connect: Callable[..., Connector], lease: timedelta) -> None:
        self._connect = connect
        # A connector may ask its PSA something before it sends the ticket, for three time-outs and one more at most.
        # What began with this much of the lease left is sent before anybody else may look for it.
        self._longest_making = lease * 0.7
        self._timeout = (lease * 0.15).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Make the ticket, or find it."""
        bind_tenant(session, job.tenant_id)
        integration = session.get(Integration, job.payload["integration_id"])
        if integration is not None:
            session.expunge(integration)
        session.rollback()
        if integration is None:
            return Refused("the integration was removed")
        new = NewTicket(**job.payload["new"])
        try:
            connector = self._connect(integration, timeout=self._timeout, lane=Lane.BACKGROUND)
            if job.attempt > 1:
                found = connector.find_ticket(new.company_ref, new.reference)
                if found is not None:
                    return _accepted(found, integration.id)
            if datetime.now(UTC) > job.deadline - self._longest_making:
                return TryLater("the PSA was too slow, trying again")
            return _accepted(connector.create_ticket(new), integration.id)
        except RateLimited as error:
            return TryLater("the PSA asks to wait", timedelta(seconds=min(error.retry_after, 300)))
        except (BadCredentials, MissingPermission) as error:
            # An admin can repair this, and the ticket must not be lost meanwhile.
            if isinstance(error, BadCredentials):
                refusals.note(session, integration, str(error), datetime.now(UTC))
            return TryLater(str(error), _UNTIL_REPAIRED)
        except PsaError as error:
            if error.permanent:
                return Refused(str(error))
            return TryLater(str(error), _AFTER_SILENCE if error.ambiguous else None)

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """Tickets are repeated, never unknown."""
        return None


def _accepted(ticket: Ticket, integration_id: int) -> Accepted:
    company = ticket.company.name if ticket.company is not None else ""
    called = {"number": ticket.number} if ticket.number not in ("", ticket.ref) else {}
    also = {"integration": integration_id, "company": company, "called": called}
    return Accepted(ticket.ref, "opened", also=also)


class TicketTopic:
    """Records in the history that a ticket was opened, or that it never will be."""

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """What was decided is opened."""
        return True

    def report(self, session: Session, report: Report) -> None:
        """Only ends are worth an event."""
        if report.progress == Progress.DONE:
            of = Subject(
                integration_id=report.also.get("integration"),
                ticket=report.reference[:40],
                company_name=str(report.also.get("company", "")),
            )
            detail = {"reference": reference_of(report.subject), **report.also.get("called", {})}
            record(session, report.at, Entry(Kind.TICKET_OPENED, of, detail=detail))
        elif report.progress == Progress.FAILED:
            detail = {"reason": report.reason, "reference": reference_of(report.subject)}
            record(session, report.at, Entry(Kind.TICKET_FAILED, detail=detail))
