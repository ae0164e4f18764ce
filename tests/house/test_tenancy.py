"""Tenants are kept apart by the session itself, whatever shape a statement has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from seeds import Seeds
from sqlalchemy import bindparam, delete, func, insert, inspect, literal_column, select, update
from sqlalchemy.orm import Session, aliased

from podserver.accounts.models import Tenant, User
from podserver.database import Base, begin_write, db, now, release
from podserver.delivery.outbox import row_to_add
from podserver.history.models import HistoryEvent
from podserver.history.service import Entry, Kind, events_to_add
from podserver.tenancy import (
    Batch,
    Change,
    NoTenant,
    TenantOwned,
    across_tenants,
    bind_tenant,
    bound_tenant,
    change_and_add,
    look,
    tenant_update,
)
from podserver.verification.models import Verification

OWNED = sorted(
    (m.class_ for m in Base.registry.mappers if issubclass(m.class_, TenantOwned)), key=lambda model: model.__name__
)
SHARED = {"Tenant", "FailureBucket", "WorkerPulse"}


@pytest.fixture
def two(app: Flask) -> tuple[Session, int, int]:
    """A session, and two tenants that each have at least one row in every table."""
    session = db.session()
    ids = [Seeds(session, name).everything() for name in ("Northgate IT", "Southgate IT")]
    session.expunge_all()
    return session, ids[0], ids[1]


def test_every_table_either_belongs_to_a_tenant_or_is_known_to_be_shared() -> None:
    for mapper in Base.registry.mappers:
        owned = issubclass(mapper.class_, TenantOwned)
        assert owned != (mapper.class_.__name__ in SHARED), f"{mapper.class_.__name__}: decide whose rows these are"
        if owned:
            assert not inspect(mapper.class_).columns.tenant_id.nullable


def test_the_seed_has_rows_of_both_tenants_in_every_table(two: tuple[Session, int, int]) -> None:
    session, one, other = two
    with across_tenants(session):
        for model in OWNED:
            found = set(session.scalars(select(model.tenant_id).distinct()))  # type: ignore[attr-defined]
            assert {one, other} <= found, f"{model.__name__} has no rows to prove anything with"


def _shapes(model: Any) -> dict[str, Any]:
    other = aliased(model)
    key = inspect(model).primary_key[0]
    inner = select(key.label("key"), model.tenant_id.label("tenant")).subquery()
    return {
        "rows": select(model.tenant_id).select_from(model),
        "entity": select(model),
        "alias": select(other.tenant_id),
        "distinct": select(model.tenant_id).distinct(),
        "maximum": select(func.max(model.tenant_id)),
        "minimum": select(func.min(model.tenant_id)),
        "subquery": select(inner.c.tenant),
        "join from the tenant": select(model.tenant_id).select_from(Tenant).join(model, literal_column("1") == 1),
        "outer join": select(model.tenant_id).select_from(Tenant).outerjoin(model, literal_column("1") == 1),
        "scalar subquery": select(select(func.max(model.tenant_id)).scalar_subquery()).select_from(Tenant),
    }


def test_no_statement_of_any_shape_returns_another_tenants_row(two: tuple[Session, int, int]) -> None:
    session, one, other = two
    for model in OWNED:
        for mine in (one, other):
            bind_tenant(session, mine)
            for shape, statement in _shapes(model).items():
                found = {
                    row.tenant_id if isinstance(row, model) else row
                    for row in session.scalars(statement)
                    if row is not None
                }
                assert found <= {mine}, f"{model.__name__}, {shape}: {found}"
                plain = look(session, statement, {})
                seen = set(plain.scalars() if shape != "entity" else (row.tenant_id for row in plain)) - {None}
                assert seen == found, f"{model.__name__}, {shape} as plain rows: {seen}"
            total = session.scalar(select(func.count()).select_from(model))
            assert total == len(session.scalars(select(model)).all())
            release(session)


def test_an_id_of_another_tenant_finds_nothing(two: tuple[Session, int, int]) -> None:
    session, one, other = two
    for model in OWNED:
        with across_tenants(session):
            theirs = session.scalars(select(model).where(model.tenant_id == other)).first()
        identity = inspect(theirs).identity
        release(session)
        bind_tenant(session, one)
        session.expunge_all()
        assert session.get(model, identity) is None, model.__name__
        found = session.scalar(select(func.count()).select_from(model).where(*_is(model, identity)))
        assert found == 0, model.__name__


def _is(model: Any, identity: Any) -> list[Any]:
    keys = [getattr(model, column.key) for column in inspect(model).primary_key]
    return [key == value for key, value in zip(keys, identity, strict=True)]


def test_update_and_delete_touch_nothing_of_another_tenant(two: tuple[Session, int, int]) -> None:
    session, one, other = two
    for model in [m for m in OWNED if "History" not in m.__name__]:
        bind_tenant(session, one)
        quiet = {"synchronize_session": False}
        changed = session.execute(
            update(model).where(model.tenant_id == other).values(tenant_id=one).execution_options(**quiet)
        )
        gone = session.execute(delete(model).where(model.tenant_id == other).execution_options(**quiet))
        assert (changed.rowcount, gone.rowcount) == (0, 0), model.__name__
        session.rollback()


def test_a_session_without_a_tenant_is_refused(two: tuple[Session, int, int]) -> None:
    session, _one, _other = two
    for model in OWNED:
        session.info.clear()
        for statement in (select(model), select(func.count()).select_from(model), select(model.__table__)):
            with pytest.raises(NoTenant):
                session.execute(statement)
            with pytest.raises(NoTenant):
                look(session, statement, {})
            session.rollback()


def test_a_bare_table_is_refused_even_with_a_tenant(two: tuple[Session, int, int]) -> None:
    session, one, _other = two
    for model in OWNED:
        bind_tenant(session, one)
        table = model.__table__
        for statement in (select(table), select(func.count()).select_from(table), table.delete(), insert(table)):
            with pytest.raises(NoTenant):
                session.execute(statement)
            session.rollback()
        for bare in (select(table), select(func.count()).select_from(table)):
            with pytest.raises(NoTenant):
                look(session, bare, {})


def test_a_row_of_another_tenant_cannot_be_added_or_changed(two: tuple[Session, int, int]) -> None:
    session, one, other = two
    with across_tenants(session):
        theirs = session.scalars(select(User).where(User.tenant_id == other)).first()
    assert theirs is not None
    session.info["tenant_id"] = one
    theirs.name = "Somebody else"
    with pytest.raises(NoTenant):
        session.flush()
    session.rollback()
    bind_tenant(session, one)
    session.add(User(tenant_id=other, name="Planted", role="admin", created_at=theirs.created_at))
    with pytest.raises(NoTenant):
        session.flush()
    session.rollback()


def test_nothing_can_be_added_across_tenants(two: tuple[Session, int, int]) -> None:
    session, _one, _other = two
    with across_tenants(session):
        with pytest.raises(NoTenant):
            bound_tenant(session)
        with pytest.raises(NoTenant):
            session.execute(insert(Verification), [{"id": "x"}])
        with pytest.raises(NoTenant):
            look(session, select(Verification.id), {})
    session.rollback()


def _change_of(tenants_row: str) -> Change:
    column = Verification.__table__.c
    change = tenant_update(Verification).where(column.id == bindparam("which"), column.reason == "")
    return change.values(reason="changed"), {"which": tenants_row}


def _events(session: Session, tenant: int) -> int:
    bind_tenant(session, tenant)
    return session.scalar(select(func.count()).select_from(HistoryEvent)) or 0


def _one_row_each(at: datetime) -> list[Batch]:
    _, message = row_to_add(channel="sms", topic="verification", subject="x", payload={}, at=at)
    return [events_to_add(at, Entry(Kind.SENT)), message]


def _several_rows(at: datetime) -> list[Batch]:
    return [events_to_add(at, Entry(Kind.SENT), Entry(Kind.DELIVERED))]


def _no_rows(_at: datetime) -> list[Batch]:
    return []


@pytest.mark.parametrize(("rows", "added"), [(_one_row_each, 1), (_several_rows, 2), (_no_rows, 0)])
def test_a_change_with_rows_hits_its_own_tenant_alone_and_adds_where_it_hit(
    two: tuple[Session, int, int], rows: Callable[[datetime], list[Batch]], added: int
) -> None:
    session, one, other = two
    with across_tenants(session):
        ids = {row.tenant_id: row.id for row in session.execute(select(Verification.tenant_id, Verification.id))}
    release(session)
    before = {tenant: _events(session, tenant) for tenant in (one, other)}
    for mine, which, hits in ((one, ids[other], False), (one, ids[one], True), (one, ids[one], False)):
        bind_tenant(session, mine)
        session.rollback()
        besides = tenant_update(User).values(name=f"{which} {hits}"), {}
        begin_write(session)
        assert change_and_add(session, _change_of(which), *rows(now()), besides=besides) == hits
        session.commit()
        # Either way, and for nobody else.
        assert set(session.scalars(select(User.name))) == {f"{which} {hits}"}
    assert _events(session, one) == before[one] + added
    assert _events(session, other) == before[other]
    with across_tenants(session):
        changed = select(Verification.tenant_id).where(Verification.reason == "changed")
        assert session.scalars(changed).all() == [one]
        assert not session.scalars(select(User.id).where(User.tenant_id == other, User.name.contains("True"))).all()
