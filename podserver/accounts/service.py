"""Rules of tenants, users and sign-in. No HTTP here; every function works in the caller's transaction."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from podserver.accounts.models import PsaMember, Role, SignIn, Tenant, User
from podserver.database import release, writing
from podserver.history import chain
from podserver.history.service import Entry, Kind, record
from podserver.security import failures, sealing
from podserver.tenancy import NoTenant, across_tenants, bind_tenant, bound_tenant

SHORTEST_PASSWORD = 15
LONGEST_PASSWORD = 256
IDLE = timedelta(minutes=30)
LONGEST_SIGN_IN = timedelta(hours=12)
TOUCH_AFTER = timedelta(minutes=1)

_hasher = PasswordHasher()
# Verified when the account does not exist, so that both cases take the same time. Its costs are the hasher's, as a test
# proves; to make it anew in each process would cost every start as much as a sign-in.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$KJ1fBASA1NvSX5ZCff4g/g$ItgHDFon0l5punYyYznzsroZAizsHTEgU0otabs0FlI"
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,180}\.[^@\s,;<>\".]{2,}")


class BadInput(ValueError):
    """A field is wrong; the message is a sentence for the person who filled it in, ``field`` the field's name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class SignInRefused(Exception):
    """E-mail or password is wrong, or the door is closed for ``seconds``."""

    def __init__(self, seconds: int = 0) -> None:
        minutes = -(-seconds // 60)
        super().__init__(
            f"Too many failed sign-ins. Try again in {minutes} min." if seconds else "E-mail or password is wrong."
        )
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class NewUser:
    """What makes a user; an empty password makes one who comes in through the PSA only."""

    email: str
    name: str
    role: Role
    password: str = ""


def check_password(password: str, *, email: str = "", name: str = "") -> None:
    """Raise BadInput where a password is too short, too long or made of what everybody knows of its user."""
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"A password has {SHORTEST_PASSWORD} characters or more; a sentence is a good one.", "password")
    if len(password) > LONGEST_PASSWORD:
        raise BadInput(f"A password has {LONGEST_PASSWORD} characters at most.", "password")
    if len(set(password)) < 6:
        raise BadInput("This password repeats itself too much to be one.", "password")
    for known in (email, name, email.partition("@")[0], "podserver"):
        if len(known) >= 4 and known.casefold() in password.casefold():
            raise BadInput("A password must not hold the user's name, address or the product's name.", "password")


def clean_email(email: str) -> str:
    """An e-mail address as it is stored. Raises BadInput."""
    email = email.strip().casefold()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise BadInput("That is not an e-mail address.", "email")
    return email


def create_tenant(session: Session, *, name: str, region: str, at: datetime) -> Tenant:
    """Create a tenant with its keys, and bind the session to it. Raises BadInput."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= 120:
        raise BadInput("A company name has 2 to 120 characters.")
    if not re.fullmatch(r"[A-Z]{2}", region):
        raise BadInput("A region is two capital letters, such as US or GB.")
    tenant = Tenant(name=name, region=region, hash_key=sealing.random_key(), created_at=at)
    session.add(tenant)
    session.flush()
    bind_tenant(session, tenant.id)
    chain.create_key(session, at)
    record(session, at, Entry(Kind.CREATED, detail={"name": name}))
    return tenant


def create_user(session: Session, new: NewUser, *, actor: str, at: datetime) -> User:
    """Create a user of the bound tenant. Raises BadInput."""
    email = clean_email(new.email) if new.email else None
    if email is not None:
        with across_tenants(session):
            if session.scalar(select(User.id).where(User.email == email)) is not None:
                raise BadInput("Somebody has this e-mail address already.", "email")
    name = " ".join(new.name.split())
    if not 1 <= len(name) <= 120:
        raise BadInput("A name has 1 to 120 characters.", "name")
    if new.password:
        check_password(new.password, email=email or "", name=name)
    user = User(
        email=email,
        name=name,
        role=new.role,
        password_hash=hash_password(new.password) if new.password else None,
        created_at=at,
        active=True,
    )
    session.add(user)
    session.flush()
    record(session, at, Entry(Kind.USER_CHANGED, actor=actor, detail={"user": name, "role": new.role, "active": True}))
    return user


def password_is_right(session: Session, *, email: str, password: str, address: str, at: datetime) -> User:
    """The active user with this password; failures are counted on account and address. Raises SignInRefused.

    It has transactions of its own, and none is open while the password is hashed: that takes long on purpose. The
    session ends up bound to the user's tenant.
    """
    email = email.strip().casefold()[:254]
    buckets = [(failures.ACCOUNT, email), (failures.ADDRESS, address)]
    with across_tenants(session):
        seconds = failures.closed_for(session, buckets, at)
        user = session.scalar(select(User).options(joinedload(User.tenant)).where(User.email == email))
        release(session)
    if seconds:
        raise SignInRefused(seconds)
    known = user is not None and user.active and user.password_hash is not None
    right = _matches(user.password_hash if user is not None and user.password_hash else _NOBODY, password)
    if user is not None:
        bind_tenant(session, user.tenant_id)
    with writing(session):
        if user is not None and known and right:
            failures.forget(session, failures.ACCOUNT, email)
            return user
        failures.count(session, buckets, at)
        if user is not None:
            record(session, at, Entry(Kind.SIGN_IN_FAILED, actor=user.name))
    raise SignInRefused


def hash_password(password: str) -> str:
    """The hash that a password is stored as; slow on purpose."""
    return _hasher.hash(password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False


def begin_sign_in(session: Session, user: User, at: datetime) -> str:
    """Open a portal session and return its token, which only the cookie keeps."""
    token = sealing.random_key()
    session.add(SignIn(user_id=user.id, token_hash=sealing.fingerprint(token), created_at=at, seen_at=at))
    record(session, at, Entry(Kind.SIGNED_IN, actor=user.name))
    return token


def signed_in(session: Session, token: str, at: datetime) -> SignIn | None:
    """The live portal session of an active user, with user and tenant; bind the session to the tenant. Else None."""
    with across_tenants(session):
        row = session.scalar(
            select(SignIn)
            .options(joinedload(SignIn.user).joinedload(User.tenant))
            .where(SignIn.token_hash == sealing.fingerprint(token), SignIn.ended_at.is_(None))
        )
    if row is None or not row.user.active or row.created_at <= at - LONGEST_SIGN_IN or row.seen_at <= at - IDLE:
        return None
    bind_tenant(session, row.tenant_id)
    return row


def used(session: Session, sign_in_id: int, user_id: int, at: datetime, *, touches: bool) -> bool:
    """Whether a portal session of the bound tenant still lives, by its row; ``touches`` notes that it is in use."""
    row = session.scalar(
        select(SignIn).where(SignIn.id == sign_in_id, SignIn.user_id == user_id, SignIn.ended_at.is_(None))
    )
    if row is None or row.created_at <= at - LONGEST_SIGN_IN or row.seen_at <= at - IDLE:
        return False
    if touches and wants_touch(row, at):
        row.seen_at = at
    return True


def wants_touch(sign_in: SignIn, at: datetime) -> bool:
    """Whether the last note that this session is in use is a minute old."""
    return sign_in.seen_at < at - TOUCH_AFTER


def touch(session: Session, token: str, at: datetime) -> None:
    """Note that a portal session is in use, at most once a minute."""
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == sealing.fingerprint(token), SignIn.seen_at < at - TOUCH_AFTER)
        .values(seen_at=at)
        .execution_options(synchronize_session=False)
    )


def end_sign_in(session: Session, token: str, user: User, at: datetime) -> None:
    """Close a portal session for good."""
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == sealing.fingerprint(token))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    record(session, at, Entry(Kind.SIGNED_OUT, actor=user.name))


def change_user(session: Session, user: User, *, role: Role, active: bool, actor: User, at: datetime) -> None:
    """Change a user's role or switch them off; their sessions end with it. Raises BadInput."""
    if user.id == actor.id and (not active or role != Role.ADMIN):
        raise BadInput("You cannot switch off or demote yourself; another admin can.")
    before = {"role": str(user.role), "active": user.active}
    user.role, user.active = role, active
    after = {"role": str(role), "active": active}
    if before == after:
        return
    session.execute(
        update(SignIn)
        .where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    record(
        session,
        at,
        Entry(Kind.USER_CHANGED, actor=actor.name, detail={"user": user.name, "before": before, "after": after}),
    )


def users(session: Session) -> list[User]:
    """The tenant's users by name."""
    return list(session.scalars(select(User).order_by(User.name, User.id)))


def user(session: Session, user_id: int) -> User:
    """One of the tenant's users. Raises LookupError."""
    found = session.scalar(select(User).where(User.id == user_id))
    if found is None:
        raise LookupError("no such user")
    return found


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What an admin decides for the whole tenant. Minutes are whole; a budget of None is no limit."""

    members_may_join: bool
    sends_per_hour: int | None
    technician_sends_per_hour: int | None


# The least and the most of each number among the settings.
SETTING_RANGES: Final = {
    "sends_per_hour": (1, 10_000),
    "technician_sends_per_hour": (1, 10_000),
}


def change_settings(session: Session, tenant: Tenant, wanted: TenantSettings, *, actor: str, at: datetime) -> None:
    """Change the bound tenant's settings; what changed goes into the history, before and after. Raises BadInput."""
    if tenant.id != bound_tenant(session):
        raise NoTenant("the settings of another tenant cannot be changed")
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, value in asdict(wanted).items():
        low, high = SETTING_RANGES.get(name, (0, 1))
        if value is not None and not low <= value <= high:
            raise BadInput(f"This is a whole number from {low} to {high}.", name)
        if getattr(tenant, name) != value:
            before[name], after[name] = getattr(tenant, name), value
            setattr(tenant, name, value)
    if after:
        record(session, at, Entry(Kind.SETTINGS_CHANGED, actor=actor, detail={"before": before, "after": after}))


def user_of_member(
    session: Session, *, tenant: Tenant, integration_id: int, member: str, name: str, at: datetime
) -> User | None:
    """The user that a confirmed PSA member is, made on first sight as a technician if the tenant allows it.

    A member is never matched to an existing user by e-mail: what the PSA lets a member type into their profile
    must not make them an admin here.
    """
    key = member.casefold()
    found = session.scalar(
        select(PsaMember)
        .options(joinedload(PsaMember.user))
        .where(PsaMember.integration_id == integration_id, PsaMember.member == key)
    )
    if found is not None:
        return found.user
    if not tenant.members_may_join:
        return None
    user = create_user(session, NewUser(email="", name=name or member, role=Role.TECHNICIAN), actor=member, at=at)
    link_member(session, user, integration_id=integration_id, member=member)
    return user


def link_member(session: Session, user: User, *, integration_id: int, member: str) -> None:
    """Say which member of a PSA a user is."""
    session.add(PsaMember(integration_id=integration_id, member=member.casefold(), user_id=user.id))
    session.flush()
