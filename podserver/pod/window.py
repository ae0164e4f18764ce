"""Rules of the sign-in window: a sign-in that begins in a frame, is finished in a window, and comes back by polling.

A ticket is like a device code, and somebody could be lured into finishing a stranger's (push-and-login fact sheet 5.6).
So the window asks for two digits that only the frame shows, is refused from another network address than the frame's,
and the frame alone, by its secret, collects what came of it, once. No HTTP here.
"""

from __future__ import annotations

import enum
import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from podserver.accounts.models import Tenant, User
from podserver.database import writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.models import Integration
from podserver.pod.service import ticket_of
from podserver.pod.window_models import SignInWindow
from podserver.security import failures, sealing
from podserver.tenancy import across_tenants, bind_tenant

LIFE: Final = timedelta(minutes=10)
TRIES: Final = 3
_DIGITS: Final = 2
_LEAST: Final = 10 ** (_DIGITS - 1)
# The first two are no failures but windows that are asked for.
_FROM_ADDRESS: Final = failures.Bucket("sign-in windows from address", 120, LIFE)
_OF_INTEGRATION: Final = failures.Bucket("sign-in windows of integration", 600, LIFE)
_NUMBERS: Final = failures.Bucket("numbers of user in sign-in windows", 10, timedelta(minutes=15))
_STRANGERS: Final = failures.Bucket("strangers at sign-in window", TRIES, LIFE)
_SECRETS: Final = failures.Bucket("secrets of sign-in windows from address", 60, timedelta(minutes=15))


class Stage(enum.StrEnum):
    """How far a window is."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    USED = "used"
    ENDED = "ended"
    EXPIRED = "expired"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class WrongNumber(ValueError):
    """Not the number that the frame shows; the message is a sentence for who typed it."""


class TooMany(Exception):
    """Too much was asked for or tried; ``seconds`` is how long the door stays closed."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {-(-seconds // 60)} min, or sign in with your password.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Opened:
    """What a frame gets: the handle for the window's address, its own secret, and the number to show."""

    handle: str
    secret: str
    number: str


@dataclass(frozen=True, slots=True)
class Window:
    """A window as somebody sees it. ``integration`` and ``row`` are None where it is unknown to their tenant."""

    stage: Stage
    row: SignInWindow | None = None
    integration: Integration | None = None

    @property
    def ticket(self) -> str:
        """The ticket's number; empty on a contact's screen."""
        return ticket_of(self.row.record) if self.row else ""


def open_one(session: Session, integration: Integration, *, record_key: str, address: str, at: datetime) -> Opened:
    """A window's ticket for a frame on a record, bound to the frame's network address. Raises TooMany.

    It has a transaction of its own; the session is bound to the integration's tenant.
    """
    handle, secret = sealing.random_key(), sealing.random_key()
    claims = [(_FROM_ADDRESS, address), (_OF_INTEGRATION, str(integration.id))]
    closed = failures.closed_for(session, claims, at)
    if closed:
        raise TooMany(closed)
    with writing(session):
        failures.count(session, claims, at)
        row = SignInWindow(
            integration_id=integration.id,
            handle_hash=sealing.fingerprint(handle),
            secret_hash=sealing.fingerprint(secret),
            record=record_key,
            address_hash=_address_hash(integration.tenant, address),
            begun_at=at,
        )
        session.add(row)
        session.flush()
    return Opened(handle, secret, number_of(integration.tenant, row))


def look(session: Session, handle: str, user: User, *, address: str, at: datetime) -> Window:
    """The window of a handle for a user of the bound tenant, read only. Another tenant's is as unknown as none."""
    row = session.scalar(select(SignInWindow).where(SignInWindow.handle_hash == sealing.fingerprint(handle)))
    return _as_seen(session, row, user, address, at)


def confirm(session: Session, handle: str, user: User, number: str, *, address: str, at: datetime) -> Window:
    """Let a user be who signs in, where the number is the frame's. Raises WrongNumber, TooMany.

    It has a transaction of its own; the session is bound to the user's tenant.
    """
    typed, bucket = _read_number(number), [(_NUMBERS, str(user.id))]
    closed = failures.closed_for(session, bucket, at)
    if closed:
        raise TooMany(closed)
    left = TRIES
    with writing(session):
        row = session.scalar(
            select(SignInWindow).where(SignInWindow.handle_hash == sealing.fingerprint(handle)).with_for_update()
        )
        seen = _as_seen(session, row, user, address, at)
        if row is None or seen.stage not in (Stage.WAITING, Stage.ELSEWHERE):
            return seen
        if seen.stage == Stage.ELSEWHERE:
            # Whoever forwarded the address learns nothing more from it.
            row.ended_at = at
            _refuse(session, row, user.name, "came from another network address", at)
            return seen
        if sealing.same(number_of(user.tenant, row), typed):
            row.user_id, row.confirmed_at = user.id, at
            failures.forget(session, _NUMBERS, str(user.id))
            return Window(Stage.CONFIRMED, row, seen.integration)
        row.wrong_numbers += 1
        left = TRIES - row.wrong_numbers
        failures.count(session, bucket, at)
        _refuse(session, row, user.name, "wrong number", at)
        if left <= 0:
            row.ended_at = at
            return Window(Stage.ENDED, row, seen.integration)
    tries = "1 try" if left == 1 else f"{left} tries"
    raise WrongNumber(f"That is not the number in the ticket. You have {tries} left.")


def note_stranger(session: Session, handle: str, at: datetime) -> None:
    """Write down, for the window's own tenant, that somebody of another one tried to finish its sign-in.

    Leaves the session bound to that tenant.
    """
    with across_tenants(session):
        row = session.scalar(select(SignInWindow).where(SignInWindow.handle_hash == sealing.fingerprint(handle)))
        told = row is not None and failures.closed_for(session, [(_STRANGERS, str(row.id))], at)
    if row is None or row.begun_at <= at - LIFE or told:
        return
    bind_tenant(session, row.tenant_id)
    with writing(session):
        failures.count(session, [(_STRANGERS, str(row.id))], at)
        _refuse(session, row, "", "a user of another company", at)


def poll(
    session: Session, integration: Integration, secret: str, *, record_key: str, address: str, at: datetime
) -> Window:
    """How far the window of a frame is, read only while nothing has come of it. Raises TooMany.

    The session is bound to the integration's tenant. A frame on another record than it began on has no window.
    """
    row = session.scalar(
        select(SignInWindow).where(
            SignInWindow.secret_hash == sealing.fingerprint(secret), SignInWindow.integration_id == integration.id
        )
    )
    if row is not None and row.record == record_key:
        return Window(_stage(row, at), row, integration)
    bucket = [(_SECRETS, address)]
    closed = failures.closed_for(session, bucket, at)
    if closed:
        raise TooMany(closed)
    with writing(session):
        failures.count(session, bucket, at)
    return Window(Stage.UNKNOWN)


def collect(session: Session, window: Window, at: datetime) -> User | None:
    """Use a confirmed window up, in the caller's writing transaction: the user who signed in.

    None where they have been switched off meanwhile. Raises LookupError where another poll was first.
    """
    row = window.row
    assert row is not None
    taken = session.execute(
        update(SignInWindow)
        .where(SignInWindow.id == row.id, SignInWindow.used_at.is_(None), SignInWindow.confirmed_at.is_not(None))
        .values(used_at=at)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        raise LookupError("used already")
    user = session.scalar(select(User).options(joinedload(User.tenant)).where(User.id == row.user_id))
    if user is None or not user.active:
        _refuse(session, row, user.name if user else "", "has no access any more", at)
        return None
    return user


def number_of(tenant: Tenant, row: SignInWindow) -> str:
    """The two digits that the frame shows, derived and not stored. None begins with 0: "oh seven" is not typed as 7."""
    known = sealing.keyed_hash(tenant.hash_key, "sign-in window", row.handle_hash)
    return str(_LEAST + int(known[:16], 16) % (9 * _LEAST))


def _read_number(typed: str) -> str:
    digits = [unicodedata.decimal(c, -1) for c in typed if not c.isspace()]
    if len(digits) != _DIGITS or -1 in digits:
        raise WrongNumber("Type the two digits that the ticket shows.")
    return "".join(map(str, digits))


def _as_seen(session: Session, row: SignInWindow | None, user: User, address: str, at: datetime) -> Window:
    integration = session.get(Integration, row.integration_id) if row is not None else None
    if row is None or integration is None or not integration.active:
        return Window(Stage.UNKNOWN)
    stage = _stage(row, at)
    if stage == Stage.CONFIRMED and row.user_id != user.id:
        stage = Stage.USED
    if stage == Stage.WAITING and not sealing.same(row.address_hash, _address_hash(user.tenant, address)):
        stage = Stage.ELSEWHERE
    return Window(stage, row, integration)


def _stage(row: SignInWindow, at: datetime) -> Stage:
    if row.used_at is not None:
        return Stage.USED
    if row.ended_at is not None:
        return Stage.ENDED
    if row.begun_at <= at - LIFE:
        return Stage.EXPIRED
    return Stage.CONFIRMED if row.confirmed_at is not None else Stage.WAITING


def _refuse(session: Session, row: SignInWindow, actor: str, why: str, at: datetime) -> None:
    subject = Subject(integration_id=row.integration_id, ticket=ticket_of(row.record))
    record(session, at, Entry(Kind.POD_REFUSED, subject, actor, {"sign-in window": why}))


def _address_hash(tenant: Tenant, address: str) -> str:
    """A browser changes the lower half of its IPv6 address by itself (RFC 8981), so the network alone counts there."""
    place = address
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        known = None
    if isinstance(known, ipaddress.IPv6Address):
        place = str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
    return sealing.keyed_hash(tenant.hash_key, "sign-in window's address", place)
