"""Failure buckets: how often a subject failed in a window. In the database, so that no restart frees guesses.

Two independent buckets guard each sign-in, one on the account and one on the address, as a bucket on the pair
stops neither one source with many accounts nor many sources with one account.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.orm import Session

from podserver.accounts.models import FailureBucket
from podserver.database import upsert
from podserver.security.sealing import fingerprint


@dataclass(frozen=True, slots=True)
class Bucket:
    """``most`` failures of one subject in ``window`` close the door until the window ends."""

    purpose: str
    most: int
    window: timedelta

    def key(self, subject: str) -> str:
        """The row's key; the table names nobody."""
        return fingerprint(f"{self.purpose}\x00{subject.casefold()}")


ACCOUNT = Bucket("password of account", 10, timedelta(minutes=15))
ADDRESS = Bucket("passwords from address", 30, timedelta(minutes=15))
MEMBER = Bucket("proof of member", 10, timedelta(minutes=15))
INTEGRATION = Bucket("proofs of integration", 60, timedelta(minutes=1))


def closed_for(session: Session, checks: list[tuple[Bucket, str]], at: datetime) -> int:
    """For how many seconds any of the buckets is closed; 0 when all are open."""
    keys = {bucket.key(subject): bucket for bucket, subject in checks}
    seconds = 0
    for row in session.scalars(select(FailureBucket).where(FailureBucket.key.in_(keys))):
        bucket = keys[row.key]
        left = (row.window_start + bucket.window - at).total_seconds()
        if row.failures >= bucket.most and left > 0:
            seconds = max(seconds, math.ceil(left))
    return seconds


def count(session: Session, checks: list[tuple[Bucket, str]], at: datetime) -> None:
    """Count one failure in each bucket, in the caller's transaction."""
    for bucket, subject in checks:
        over = FailureBucket.window_start <= at - bucket.window
        statement = upsert(session, FailureBucket).values(key=bucket.key(subject), window_start=at, failures=1)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "failures": case((over, 1), else_=FailureBucket.failures + 1),
                    "window_start": case((over, at), else_=FailureBucket.window_start),
                },
            )
        )


def forget(session: Session, bucket: Bucket, subject: str) -> None:
    """A success empties the account's bucket, never the address's."""
    session.execute(
        delete(FailureBucket)
        .where(FailureBucket.key == bucket.key(subject))
        .execution_options(synchronize_session=False)
    )
