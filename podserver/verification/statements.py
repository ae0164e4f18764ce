"""The engine's statements on its hot paths, made once at import.

To build a statement and to find its compiled form costs more than to run it, so these take their values as parameters.
They make no objects, and run by the means of tenancy, which add the tenant.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Integer,
    Select,
    String,
    Table,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from podserver.accounts.models import Tenant
from podserver.database import UtcDateTime
from podserver.tenancy import BOUND_TENANT, tenant_insert, tenant_update
from podserver.verification.models import Guard, State, Verification
from podserver.verification.snapshot import COLUMNS, ContactGuard, DestinationGuard

BEGIN: Final = tenant_insert(Verification)

_of_contact, _of_destination = aliased(Guard), aliased(Guard)

# The columns of Snapshot, ContactGuard and DestinationGuard, locked. Parameters: verification, integration, contact.
WITH_GUARDS: Final = (
    select(
        *COLUMNS,
        *(getattr(_of_contact, name) for name in ContactGuard._fields),
        *(getattr(_of_destination, name) for name in DestinationGuard._fields),
    )
    .select_from(Verification)
    .join(
        _of_contact,
        and_(
            _of_contact.integration_id == Verification.integration_id,
            _of_contact.contact == Verification.contact,
            _of_contact.destination_key == "",
        ),
    )
    .join(
        _of_destination,
        and_(
            _of_destination.integration_id == Verification.integration_id,
            _of_destination.contact == Verification.contact,
            _of_destination.destination_key == Verification.destination_key,
        ),
    )
    .where(
        Verification.id == bindparam("verification"),
        Verification.integration_id == bindparam("integration"),
        Verification.contact == bindparam("contact"),
    )
    # The contact's guard first, as at every start. The verification too: who waited here for the guards must judge it
    # as it stands now, not as it was.
    .with_for_update(of=(_of_contact, _of_destination, Verification))
)


def _sends(counted: bool, most: str, *criteria: Any) -> Any:
    if not counted:
        return literal_column("0")
    recent = select(Verification.id).where(_OURS, Verification.created_at > bindparam("since"), *criteria)
    limited = recent.limit(bindparam(most, type_=Integer)).subquery()
    return select(func.count()).select_from(limited).scalar_subquery()


_OURS: Final = Verification.tenant_id == bindparam("tenant")
_REQUESTED: Final = Verification.request_id == bindparam("request")
_LIVE_HERE: Final = and_(
    _OURS,
    Verification.integration_id == bindparam("integration"),
    Verification.contact == bindparam("contact"),
    Verification.destination_key == bindparam("destination"),
    Verification.state == State.PENDING,
)
_LIVE: Final = or_(and_(_OURS, _REQUESTED), _LIVE_HERE)


def _live_and_sends(of_tenant: bool, of_technician: bool) -> tuple[Any, ...]:
    return (
        Verification.id,
        Verification.request_id,
        Verification.method,
        Verification.ticket,
        Verification.created_at,
        Verification.expires_at,
        _sends(of_tenant, "most_of_tenant"),
        _sends(of_technician, "most_of_technician", Verification.user_id == bindparam("technician")),
    )


@cache
def live_and_counts(*, of_tenant: bool, of_technician: bool) -> Select[Any]:
    """The live verification's id, request_id, method, ticket, created_at and expires_at, and the sends of tenant and
    technician where they are counted, else 0.

    Most starts meet none that is live, and to fetch thirty empty columns takes longer than to find that out.

    Parameters: tenant, integration, contact, destination, request; since and most_of_tenant, most_of_technician and
    technician, as far as it counts.
    """
    return (
        select(*_live_and_sends(of_tenant, of_technician))
        .select_from(Tenant)
        .outerjoin(Verification, _LIVE)
        .where(Tenant.id == bindparam("tenant"))
        # A repeated request finds its own verification first, whatever else is live.
        .order_by(_REQUESTED.desc())
        .limit(1)
    )


@cache
def count_and_look(*, of_tenant: bool, of_technician: bool) -> Select[Any]:
    """On PostgreSQL: :func:`count_send`, and for each of its rows what :func:`live_and_counts` finds, in one statement.

    What it finds is as old as the statement, while the counters are those after waiting for whoever was before: the
    first two columns are ``sends`` and ``send_start`` as they were when it began, by which the caller tells.
    """
    counted = count_send("postgresql").cte("counted")
    before = aliased(Guard)
    return (
        select(before.sends, before.send_start, *counted.c, *_live_and_sends(of_tenant, of_technician))
        .select_from(counted)
        .outerjoin(
            before,
            and_(
                before.integration_id == bindparam("integration"),
                before.contact == bindparam("contact"),
                before.destination_key == counted.c.destination_key,
            ),
        )
        .outerjoin(Verification, _LIVE)
        .order_by(_REQUESTED.desc())
    )


@cache
def change(names: frozenset[str], *, only_pending: bool) -> Update:
    """Change a verification, or only while it is pending. Parameters: which, and ``new_`` before each name."""
    column = Verification.__table__.c
    values = {name: bindparam(f"new_{name}", type_=column[name].type) for name in sorted(names)}
    one = tenant_update(Verification).where(column.id == bindparam("which"))
    return (one.where(column.state == State.PENDING) if only_pending else one).values(values)


@cache
def count_send(dialect: str) -> Any:
    """Count a send on the guards of contact and destination, made where there are none, and say how they stand.

    Parameters: integration, contact, destination, now, window_over, day_over.
    """
    now = bindparam("now", type_=UtcDateTime)
    key = union_all(
        select(literal("").label("of")), select(bindparam("destination", type_=String).label("of"))
    ).subquery()
    fresh: dict[str, Any] = {
        "tenant_id": bindparam(BOUND_TENANT, type_=Integer),
        "integration_id": bindparam("integration", type_=Integer),
        "contact": bindparam("contact", type_=String),
        "destination_key": key.c.of,
        "failures": literal_column("0"),
        "lock_reason": literal_column("''"),
        "day_start": now,
        "day_failures": literal_column("0"),
        "month_start": now,
        "month_failures": literal_column("0"),
        "send_start": now,
        "sends": literal_column("1"),
        "send_day_start": now,
        "day_sends": literal_column("1"),
    }
    # The contact's row first, so that no two starts wait for each other. SQLite needs the WHERE to tell the ON of the
    # conflict from that of a join. (A VALUES of two rows would be compiled anew each time.)
    rows = select(*fresh.values()).where(true()).order_by(key.c.of)
    table = Guard.__table__
    assert isinstance(table, Table)
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    window_over = Guard.send_start <= bindparam("window_over", type_=UtcDateTime)
    day_over = Guard.send_day_start <= bindparam("day_over", type_=UtcDateTime)
    return (
        insert.from_select(list(fresh), rows)
        .on_conflict_do_update(
            index_elements=["tenant_id", "integration_id", "contact", "destination_key"],
            set_={
                "sends": case((window_over, 1), else_=Guard.sends + 1),
                "send_start": case((window_over, now), else_=Guard.send_start),
                "day_sends": case((day_over, 1), else_=Guard.day_sends + 1),
                "send_day_start": case((day_over, now), else_=Guard.send_day_start),
            },
        )
        .returning(
            Guard.destination_key,
            Guard.sends,
            Guard.send_start,
            Guard.day_sends,
            Guard.send_day_start,
            Guard.locked_until,
            Guard.lock_reason,
        )
    )


_guard: Final = Guard.__table__.c

# Parameters: of_integration, of_contact, of_destination.
CLEAR_WRONG: Final = (
    tenant_update(Guard)
    .where(
        _guard.integration_id == bindparam("of_integration"),
        _guard.contact == bindparam("of_contact"),
        _guard.destination_key == bindparam("of_destination"),
    )
    .values(failures=0, next_guess_at=None, locked_until=None, lock_reason="")
)

_SIDES: Final = (
    ("contact", ContactGuard._fields, _guard.destination_key == ""),
    ("destination", DestinationGuard._fields, _guard.destination_key != ""),
)


def _of_either(name: str) -> Any:
    # Typed, as inside a CASE PostgreSQL cannot tell what a NULL is.
    said = [
        (here, bindparam(f"{side}_{name}", type_=_guard[name].type)) for side, fields, here in _SIDES if name in fields
    ]
    return case(*said, else_=_guard[name])


# Both guards as a wrong code leaves them. Parameters: of_integration, of_contact, of_destination, and each field of
# ContactGuard after ``contact_`` and of DestinationGuard after ``destination_``.
COUNT_WRONG: Final = (
    tenant_update(Guard)
    .where(
        _guard.integration_id == bindparam("of_integration"),
        _guard.contact == bindparam("of_contact"),
        or_(_guard.destination_key == "", _guard.destination_key == bindparam("of_destination")),
    )
    .values({name: _of_either(name) for name in dict.fromkeys(ContactGuard._fields + DestinationGuard._fields)})
)
