"""Keys that the PSA refuses in the middle of the day.

Whoever asks the PSA next finds out: a pod, a search, a note. The integration is marked once, with one event in the
history, and the mark goes when the PSA confirms keys again (see ``service.save``). How often a PSA is asked meanwhile
is the gate's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from connectors.base import BadCredentials
from podserver.database import writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.models import KEYS_REFUSED, Integration
from podserver.tenancy import bound_tenant


@contextmanager
def noticed(session: Session, integration: Integration, at: datetime) -> Iterator[None]:
    """Ask the PSA of a stored integration inside the block; a refusal of the keys is noted, and raised on."""
    try:
        yield
    except BadCredentials as error:
        note(session, integration, str(error), at)
        raise


def note(session: Session, integration: Integration, words: str, at: datetime) -> None:
    """Mark the integration, in a transaction of its own; nothing where it is marked, or was confirmed meanwhile."""
    if integration.refused:
        return
    with writing(session):
        mark(session, integration, words, at)


def mark(session: Session, integration: Integration, words: str, at: datetime) -> None:
    """The same in the caller's writing transaction. ``words`` are the PSA's refusal."""
    problem = f"{KEYS_REFUSED} {words}"[:400]
    first = session.execute(
        update(Integration)
        .where(
            Integration.id == integration.id,
            Integration.tenant_id == bound_tenant(session),
            Integration.problem.not_like(f"{KEYS_REFUSED}%"),
            # An answer that comes late is about the keys of that time.
            Integration.checked_at.is_not_distinct_from(integration.checked_at),
        )
        .values(problem=problem)
        .execution_options(synchronize_session=False)
    )
    if first.rowcount != 1:  # type: ignore[attr-defined]
        return
    detail = {"integration": integration.name, "reason": words}
    record(session, at, Entry(Kind.KEYS_REFUSED, Subject(integration_id=integration.id), detail=detail))
    set_committed_value(integration, "problem", problem)
