"""How a user comes by a password: they change their own, or set one by a link that works once.

An admin can begin that, but neither choose nor learn the password (ASVS 6.4.6). Whatever sets a password ends what was
signed in with the old one: portal sessions, working days in frames, and pods that were opened before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from podserver.accounts import service
from podserver.accounts.models import PasswordLink, SignIn, User
from podserver.accounts.service import BadInput, SignInRefused
from podserver.database import release, writing
from podserver.history.service import Entry, Kind, record
from podserver.security import failures, sealing
from podserver.tenancy import across_tenants, bind_tenant

LINK_LIFE: Final = timedelta(hours=24)


class LinkOver(Exception):
    """The link was used, has run out, was replaced, or never was one."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a user types to change their password, and from which address."""

    current: str
    new: str
    address: str


def change(session: Session, user: User, wanted: Change, at: datetime) -> None:
    """Change a signed-in user's own password; a wrong current one counts as a failed sign-in.

    All that was signed in ends, the caller's own session too. Raises BadInput with the field. It has transactions of
    its own.
    """
    if user.email is None or user.password_hash is None:
        raise BadInput("You come in through the PSA and have no password here.")
    _check(user, wanted.new)
    if wanted.new == wanted.current:
        raise BadInput("This is the password that you have.", "new")
    release(session)
    try:
        service.password_is_right(session, email=user.email, password=wanted.current, address=wanted.address, at=at)
    except SignInRefused as refused:
        raise BadInput(str(refused) if refused.seconds else "That is not your password.", "current") from None
    hashed = service.hash_password(wanted.new)
    with writing(session):
        _set(session, user, hashed, actor=user.name, how="changed", at=at)


def begin_link(session: Session, user: User, *, actor: str, at: datetime) -> str:
    """Make a link's token for a user, in the caller's transaction; those made before are over. Raises BadInput.

    Only the caller ever has it: the row holds its fingerprint.
    """
    if user.email is None:
        raise BadInput("This user comes in through the PSA, and has no e-mail address to sign in with.")
    if not user.active:
        raise BadInput("This user is switched off. Switch them on first.")
    _end_links(session, user, at)
    token = sealing.random_key()
    session.add(
        PasswordLink(user_id=user.id, token_hash=sealing.fingerprint(token), created_at=at, expires_at=at + LINK_LIFE)
    )
    record(session, at, Entry(Kind.USER_CHANGED, actor=actor, detail={"user": user.name, "password": "link made"}))
    return token


def user_of_link(session: Session, token: str, at: datetime) -> User:
    """Whose link this is; binds the session to their tenant. Raises LinkOver. Nothing is written or counted."""
    with across_tenants(session):
        link = session.scalar(
            select(PasswordLink)
            .options(joinedload(PasswordLink.user).joinedload(User.tenant))
            .where(PasswordLink.token_hash == sealing.fingerprint(token))
        )
    if link is None or link.ended_at is not None or link.expires_at <= at or not link.user.active:
        raise LinkOver
    bind_tenant(session, link.tenant_id)
    return link.user


def set_by_link(session: Session, token: str, new: str, at: datetime) -> User:
    """Set the password of a link's user, and end the link. Raises LinkOver, or BadInput with the field.

    It has transactions of its own; of two who send the form at once, one sets the password.
    """
    user = user_of_link(session, token, at)
    _check(user, new)
    release(session)
    # Slow on purpose, so no transaction waits for it.
    hashed = service.hash_password(new)
    with writing(session):
        spent = session.execute(
            update(PasswordLink)
            .where(
                PasswordLink.token_hash == sealing.fingerprint(token),
                PasswordLink.ended_at.is_(None),
                PasswordLink.expires_at > at,
            )
            .values(ended_at=at)
            .execution_options(synchronize_session=False)
        )
        still = session.scalar(
            select(User).where(User.id == user.id, User.active).execution_options(populate_existing=True)
        )
        if still is None or spent.rowcount != 1:  # type: ignore[attr-defined]
            raise LinkOver
        _set(session, user, hashed, actor=user.name, how="set by a link", at=at)
        # Whoever was locked out for guessing an old password may come in with the new one.
        failures.forget(session, failures.ACCOUNT, user.email or "")
    return user


def _check(user: User, new: str) -> None:
    try:
        service.check_password(new, email=user.email or "", name=user.name)
    except BadInput as error:
        raise BadInput(str(error), "new") from None


def _set(session: Session, user: User, hashed: str, *, actor: str, how: str, at: datetime) -> None:
    user.password_hash, user.password_set_at = hashed, at
    _end_links(session, user, at)
    session.execute(
        update(SignIn)
        .where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    record(session, at, Entry(Kind.USER_CHANGED, actor=actor, detail={"user": user.name, "password": how}))


def _end_links(session: Session, user: User, at: datetime) -> None:
    session.execute(
        update(PasswordLink)
        .where(PasswordLink.user_id == user.id, PasswordLink.ended_at.is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
