"""When a contact's numbers and addresses were first seen in the PSA, and who else has them.

A PSA keeps no date of a change that connectors could read, so podserver remembers: what it sees at a contact later
than the contact's first sighting is a change. Callers who have just had a number changed are the ones to look at
twice (NIST SP 800-63B-4 4.1.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from podserver.database import writing
from podserver.tenancy import tenant_upsert
from podserver.verification.destinations import number_key
from podserver.verification.methods.base import Marks, Target
from podserver.verification.models import Sighting

LATELY: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of one destination: when it came, if it is a change, and how many others have it."""

    changed_at: datetime | None
    shared_with: int

    def marks(self, at: datetime) -> Marks:
        """The marks that a technician is shown now."""
        hours = -1
        if self.changed_at is not None and self.changed_at > at - LATELY:
            hours = max(0, int((at - self.changed_at).total_seconds() // 3600))
        return Marks(changed_hours=hours, shared_with=self.shared_with)


def take_note(
    session: Session, *, hash_key: str, integration_id: int, people: Mapping[str, Iterable[Target]], at: datetime
) -> None:
    """Remember what the PSA told of these contacts just now, in a transaction of its own.

    ``people`` are the targets of each contact, by the PSA's id.
    """
    known = set(
        session.scalars(
            select(Sighting.contact)
            .where(Sighting.integration_id == integration_id, Sighting.contact.in_(list(people)))
            .distinct()
        )
    )
    rows = [
        {
            "integration_id": integration_id,
            "contact": contact,
            "destination_key": target.key,
            "number_key": number_key(hash_key, target),
            "fresh": contact in known,
            "first_seen_at": at,
            "last_seen_at": at,
        }
        for contact, targets in people.items()
        for target in {target.key: target for target in targets if target.address}.values()
    ]
    if not rows:
        return
    with writing(session):
        for start in range(0, len(rows), 100):
            statement = tenant_upsert(session, Sighting, rows[start : start + 100])
            session.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "integration_id", "contact", "destination_key"],
                    set_={"last_seen_at": at},
                )
            )


def look_back(session: Session, *, integration_id: int, contact: str) -> dict[str, Seen]:
    """What is remembered of a contact's destinations, by the target's key."""
    other = aliased(Sighting)
    others = (
        select(func.count(func.distinct(other.contact)))
        .where(
            other.integration_id == integration_id,
            other.number_key == Sighting.number_key,
            other.contact != contact,
        )
        .correlate(Sighting)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Sighting.destination_key, Sighting.fresh, Sighting.first_seen_at, others.label("others")).where(
            Sighting.integration_id == integration_id, Sighting.contact == contact
        )
    )
    return {row.destination_key: Seen(row.first_seen_at if row.fresh else None, row.others or 0) for row in rows}
