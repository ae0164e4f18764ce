"""The engine's ears at the outbox: how far a message is, and what the user pressed on a push."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.delivery import outbox
from podserver.delivery.models import Progress
from podserver.history.service import Entry, Kind, record
from podserver.policies import policy as policies
from podserver.verification import alarm
from podserver.verification.ending import End, finish, set_always, subject_of
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof
from podserver.verification.models import Delivery, State, Verification
from podserver.verification.snapshot import Snapshot, snapshot
from podserver.verification.strength import Strength

TOPIC: Final = "verification"
ANSWER_TOPIC: Final = "push_answer"
# A push is asked after this long even when its verification ended: a late approval is to be seen, and refused.
_ASKED_AFTER: Final = timedelta(minutes=3)

_DELIVERIES = {
    "accepted": Delivery.ACCEPTED,
    "scheduled": Delivery.ACCEPTED,
    "queued": Delivery.ACCEPTED,
    "sending": Delivery.ACCEPTED,
    "initiated": Delivery.ACCEPTED,
    "ringing": Delivery.SENT,
    "in-progress": Delivery.SENT,
    "pushed": Delivery.SENT,
    "sent": Delivery.SENT,
    "spoken": Delivery.DELIVERED,
    "delivered": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.UNDELIVERED,
    "canceled": Delivery.UNDELIVERED,
    "busy": Delivery.UNDELIVERED,
    "no-answer": Delivery.UNDELIVERED,
    "machine": Delivery.UNDELIVERED,
    "hung-up": Delivery.UNDELIVERED,
}
_EVENTS = {
    Delivery.ACCEPTED: Kind.SENT,
    Delivery.SENT: None,
    Delivery.DELIVERED: Kind.DELIVERED,
    Delivery.UNDELIVERED: Kind.UNDELIVERED,
    Delivery.UNKNOWN: Kind.DELIVERY_UNKNOWN,
}
# What a channel reports where the user says that they did not ask: a key pressed on the telephone, or a push.
NOT_ASKED: Final = "not_asked"


class DeliveryTopic:
    """How far a message is. A message that cannot arrive ends its verification."""

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """A message goes out only for a challenge that is still live."""
        found = session.execute(
            select(Verification.state, Verification.expires_at).where(Verification.id == subject)
        ).one_or_none()
        return found is not None and found.state == State.PENDING and found.expires_at > at

    def report(self, session: Session, report: outbox.Report) -> None:
        """Take note of how far the message is."""
        if report.status == NOT_ASKED and report.progress == Progress.DONE:
            _not_asked(session, report, "on the telephone")
            return
        verification = snapshot(session, report.subject, locked=True)
        if verification is None:
            return
        delivery = _delivery(report)
        if delivery is None or delivery == verification.delivery:
            return
        values: dict[str, Any] = {"delivery": delivery, "delivery_at": report.at}
        if report.also.get("read_out"):
            values["read_out"] = str(report.also["read_out"])[:12]
        verification = set_always(session, verification, **values)
        kind = _EVENTS.get(delivery)
        if kind is not None:
            detail = {"reason": report.reason, "code": report.code} if report.reason else None
            record(session, report.at, Entry(kind, subject_of(verification), "", detail))
        if delivery == Delivery.UNDELIVERED and verification.state == State.PENDING:
            finish(session, verification, End(State.FAILED, Kind.FAILED, report.reason[:200]), "", report.at)
        elif delivery in (Delivery.ACCEPTED, Delivery.SENT) and METHODS[verification.method].proof == Proof.PUSH:
            _ask_for_answer(session, verification, report)


def _not_asked(session: Session, report: outbox.Report, where: str) -> None:
    """The user says that they did not ask for it; where it has ended already, that is recorded and changes nothing."""
    # Not locked here: an alarm locks the contact's guard before it.
    verification = snapshot(session, report.subject)
    if verification is None:
        return
    raised = alarm.raise_alarm(session, verification, f"{verification.contact_name}, {where}", report.at)
    if not raised.changed and raised.verification is not None:
        _late(session, raised.verification, report)


def _late(session: Session, verification: Snapshot, report: outbox.Report) -> None:
    detail = {"state": verification.state, "answer": report.status or "none"}
    record(session, report.at, Entry(Kind.LATE_PROOF, subject_of(verification), "", detail))


def _delivery(report: outbox.Report) -> Delivery | None:
    if report.progress == Progress.FAILED:
        return Delivery.UNDELIVERED
    if report.progress == Progress.UNKNOWN:
        return Delivery.UNKNOWN
    # A call that was heard to its end says nothing new.
    if report.progress == Progress.DONE and report.status != "completed":
        return _DELIVERIES.get(report.status, Delivery.ACCEPTED)
    return None


def _ask_for_answer(session: Session, verification: Snapshot, report: outbox.Report) -> None:
    """Write the row that asks the provider what the user pressed, again and again until they have."""
    _, row = outbox.row_to_add(
        channel=f"{verification.method.removesuffix('_push')}_answer",
        topic=ANSWER_TOPIC,
        subject=verification.id,
        payload={
            "reference": report.reference,
            "integration_id": verification.integration_id,
            "contact": verification.contact,
            **{name: value for name, value in report.also.items() if name != "read_out"},
        },
        at=report.at,
    )
    outbox.add_row(session, row)


class PushAnswerTopic:
    """What the user pressed.

    ``status`` of a report that is done: approved, verified (approved, and a code that was read out came back),
    denied, not_asked, no_answer, not_delivered or refused; ``reason`` is the technician's sentence.
    """

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """An answer is asked for a little longer than it counts."""
        created = session.scalar(select(Verification.created_at).where(Verification.id == subject))
        return created is not None and created + _ASKED_AFTER > at

    def report(self, session: Session, report: outbox.Report) -> None:
        """Judge the answer."""
        if report.progress not in (Progress.DONE, Progress.FAILED):
            return
        not_asked = report.status == NOT_ASKED
        verification = snapshot(session, report.subject, locked=not not_asked)
        if verification is None:
            return
        if verification.state != State.PENDING or verification.expires_at <= report.at:
            _late(session, verification, report)
        elif not_asked:
            _not_asked(session, report, "on the push")
        else:
            self._judge(session, verification, report)

    @staticmethod
    def _judge(session: Session, verification: Snapshot, report: outbox.Report) -> None:
        who, reason = verification.contact_name, report.reason[:200]
        if report.progress == Progress.DONE and report.status in ("approved", "verified"):
            also: dict[str, Any] = {"green_until": report.at + policies.terms(verification.terms).green}
            if report.status == "verified" and not verification.marked:
                also |= {"strength": Strength.B, "worth": "the code that was read out came back through the app"}
            finish(
                session, verification, End(State.VERIFIED, Kind.VERIFIED), verification.technician, report.at, **also
            )
        elif report.status == "denied":
            end = End(State.DENIED, Kind.DENIED, reason or "the user pressed Deny")
            finish(session, verification, end, who, report.at)
        elif report.status == "no_answer":
            end = End(State.EXPIRED, Kind.EXPIRED, reason or "the push was not answered in time")
            finish(session, verification, end, "", report.at)
        else:
            finish(session, verification, End(State.FAILED, Kind.FAILED, reason or "the push failed"), "", report.at)
