"""*I did not ask for this*: the one answer that stops everything for a contact."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm import Session

from podserver.history.service import Kind
from podserver.policies import policy as policies
from podserver.tenancy import look
from podserver.verification import guards
from podserver.verification.ending import End, Result, finish, finish_every
from podserver.verification.models import Guard, State
from podserver.verification.snapshot import Snapshot

REASON: Final = "the contact did not ask for this"
_GUARD: Final = (
    select(Guard.locked_until)
    .where(
        Guard.integration_id == bindparam("integration"),
        Guard.contact == bindparam("contact"),
        Guard.destination_key == "",
    )
    .with_for_update()
)
_OTHERS: Final = End(State.CANCELLED, Kind.CANCELLED, "the contact said elsewhere that they did not ask for this")


def raise_alarm(session: Session, verification: Snapshot, how: str, at: datetime) -> Result:
    """Deny a verification, lock its contact and end whatever else is pending for them.

    ``how`` says where the contact said so, in a few words. The lock lasts as long as the policy of the request says,
    or until an admin lifts it. The ticket and the history are told. Whoever has locked the verification has locked its
    contact's guard before.
    """
    # The guard first, as an answer does, so that the two never wait for each other.
    look(session, _GUARD, {"integration": verification.integration_id, "contact": verification.contact})
    ended = finish(session, verification, End(State.DENIED, Kind.DENIED, REASON), how, at, alarm=True)
    if not ended.changed or ended.verification is None or ended.verification.state != State.DENIED:
        return ended
    rows = list(ended.outbox)
    _lock(session, ended.verification, at)
    which = ended.verification
    others = finish_every(
        session, _OTHERS, how, at, integration_id=which.integration_id, contact=which.contact, but=which.id
    )
    rows += [row for other in others for row in other.outbox]
    return Result(ended.verification, outbox=tuple(rows))


def _lock(session: Session, verification: Snapshot, at: datetime) -> None:
    minutes = policies.terms(verification.terms).cooldown_minutes
    until = at + timedelta(minutes=minutes) if minutes else guards.FOR_GOOD
    session.execute(
        update(Guard)
        .where(
            Guard.integration_id == verification.integration_id,
            Guard.contact == verification.contact,
            Guard.destination_key == "",
        )
        # Whoever was locked for longer stays so; why they are is now this.
        .values(locked_until=case((Guard.locked_until > until, Guard.locked_until), else_=until), lock_reason=REASON)
        .execution_options(synchronize_session=False)
    )
