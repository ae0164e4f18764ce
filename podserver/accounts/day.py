"""The working day's sign-in of a frame, as a row among the sign-ins: whatever ends a user's sign-ins ends it too.

The row is no portal session: its fingerprint is made of more than the token, so that no portal cookie finds it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from podserver.accounts.models import PsaMember, SignIn, User
from podserver.history.service import Entry, Kind, record
from podserver.security import sealing


def begin(session: Session, user: User, at: datetime) -> str:
    """Note a sign-in of the bound tenant's user in a frame; its token is for the frame's cookie alone."""
    token = sealing.random_key()
    session.add(SignIn(user_id=user.id, token_hash=_fingerprint(token), created_at=at, seen_at=at))
    return token


def user_of(session: Session, token: str) -> User | None:
    """The active user of the bound tenant whose sign-in this is; None where it has ended. How old it may get is the
    caller's to judge."""
    row = session.scalar(
        select(SignIn)
        .options(joinedload(SignIn.user).joinedload(User.tenant))
        .where(SignIn.token_hash == _fingerprint(token), SignIn.ended_at.is_(None))
    )
    return row.user if row is not None and row.user.active else None


def end(session: Session, token: str, at: datetime) -> None:
    """End it for good, and write that down; nothing where it has ended before."""
    row = session.scalar(
        select(SignIn)
        .options(joinedload(SignIn.user))
        .where(SignIn.token_hash == _fingerprint(token), SignIn.ended_at.is_(None))
    )
    if row is None:
        return
    session.execute(
        update(SignIn).where(SignIn.id == row.id).values(ended_at=at).execution_options(synchronize_session=False)
    )
    record(session, at, Entry(Kind.SIGNED_OUT, actor=row.user.name, detail={"of": "the pod"}))


def is_linked(session: Session, user: User, *, integration_id: int, member: str) -> bool:
    """Whether a PSA's member is known to be this user."""
    found = select(PsaMember.id).where(
        PsaMember.integration_id == integration_id,
        PsaMember.member == member.casefold(),
        PsaMember.user_id == user.id,
    )
    return session.scalar(found) is not None


def _fingerprint(token: str) -> str:
    return sealing.fingerprint(f"frame\x00{token}")
