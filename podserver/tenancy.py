"""One mechanism keeps tenants apart: the session itself.

A table that belongs to a tenant inherits :class:`TenantOwned`. Every ORM statement that touches such a table gets
the criterion of the session's tenant added, every new row gets its id, and a session without a tenant is refused.
Work that must look across tenants (finding a pod key, sweeping the outbox) says so with :func:`across_tenants`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BindParameter,
    Connection,
    CursorResult,
    ForeignKey,
    Insert,
    Integer,
    Select,
    Table,
    Update,
    bindparam,
    event,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, UOWTransaction, mapped_column, with_loader_criteria
from sqlalchemy.sql import ClauseElement, visitors

from podserver.database import Base, upsert

# The name of the parameter that carries the session's tenant into statements.
BOUND_TENANT = "podserver_tenant"
_KEY = "tenant_id"
_ALL = 0


class NoTenant(RuntimeError):
    """A tenant's table was touched by a session that is bound to no tenant, or to another."""


class TenantOwned:
    """Mixin of every table whose rows belong to one tenant."""

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"))


def bind_tenant(session: Session, tenant_id: int) -> None:
    """Bind the session to one tenant until it is closed or bound anew."""
    if tenant_id <= _ALL:
        raise NoTenant(f"{tenant_id} is no tenant")
    if session.info.get(_KEY) not in (None, tenant_id):
        session.expunge_all()
    session.info[_KEY] = tenant_id


def bound_tenant(session: Session) -> int:
    """The tenant that the session is bound to. Raises NoTenant where there is none."""
    tenant_id = session.info.get(_KEY)
    if not tenant_id:
        raise NoTenant("the session is bound to no tenant")
    return int(tenant_id)


@contextmanager
def across_tenants(session: Session) -> Iterator[None]:
    """Let the session read rows of every tenant inside the block; nothing can be added in it."""
    before = session.info.get(_KEY)
    session.info[_KEY] = _ALL
    try:
        yield
    finally:
        session.info[_KEY] = before


def tenant_upsert(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> Any:
    """An upsert into a tenant's table; every row gets the session's tenant."""
    tenant_id = bound_tenant(session)
    statement = upsert(session, model).values([{**row, "tenant_id": tenant_id} for row in rows])
    return statement.execution_options(podserver_tenant_rows=True)


def tenant_insert(model: type[Base]) -> Insert:
    """An INSERT for :func:`add_rows`, to be made once at import."""
    table = model.__table__
    assert issubclass(model, TenantOwned)
    assert isinstance(table, Table)
    return insert(table)


# An INSERT of tenant_insert, and rows for it that all name the same columns, without the tenant.
Batch = tuple[Insert, Sequence[Mapping[str, Any]]]


def add_rows(session: Session, *batches: Batch) -> None:
    """Write rows of the session's tenant, and forget them.

    For the hot paths' rows, which nobody reads again in the same request: as objects they take twice as long. On
    PostgreSQL one row for each of several tables is one statement, which halves the time once more.
    """
    tenant_id = bound_tenant(session)
    session.flush()
    connection = session.connection()
    if len(batches) > 1 and _fit_together(connection, batches):
        known: dict[str, Any] = {}
        connection.execute(_together(_parts(known, tenant_id, batches)), known)
        return
    for statement, rows in batches:
        connection.execute(statement, [{**row, "tenant_id": tenant_id} for row in rows])


# An UPDATE of tenant_update, and its parameters.
Change = tuple[Update, Mapping[str, Any]]


def change_and_add(session: Session, change: Change, *batches: Batch, besides: Change | None = None) -> bool:
    """Change one row, add the rows only where that hit one, and tell whether it did. ``besides`` is done either way.

    What a compare-and-set decides and the rows that tell of it are one statement on PostgreSQL, as in add_rows.
    """
    tenant_id = bound_tenant(session)
    session.flush()
    connection = session.connection()
    statement, values = change
    if batches and _fit_together(connection, batches):
        known = {**values, **(besides[1] if besides else {}), BOUND_TENANT: tenant_id}
        whole = _if_changed(statement, besides[0] if besides else None, _parts(known, tenant_id, batches))
        return connection.execute(whole, known).rowcount == 1
    if besides is not None:
        run(session, *besides)
    if run(session, statement, values).rowcount != 1:
        return False
    add_rows(session, *batches)
    return True


def _fit_together(connection: Connection, batches: Sequence[Batch]) -> bool:
    # Rows of one table keep their order, which the parts of one statement do not promise.
    return connection.dialect.name == "postgresql" and all(len(rows) == 1 for _, rows in batches)


# An INSERT, and each of its columns with the name of its parameter.
_Part = tuple[Insert, tuple[tuple[str, str], ...]]


def _parts(known: dict[str, Any], tenant_id: int, batches: Sequence[Batch]) -> tuple[_Part, ...]:
    """The batches, of one row each, as parts of one statement; their values go to ``known``."""
    return tuple(
        (
            statement,
            tuple(
                (key, _named(known, number, key, value)) for key, value in {**rows[0], "tenant_id": tenant_id}.items()
            ),
        )
        for number, (statement, rows) in enumerate(batches)
    )


def _named(known: dict[str, Any], number: int, key: str, value: Any) -> str:
    """The parameter of a column. Columns that say the same share one: psycopg reads a statement of more than 50
    parameters anew each time, which costs as much as another statement."""
    # A parameter must not be called as a column is.
    name = "a_moment" if isinstance(value, datetime) else f"the_{key}"
    if known.setdefault(name, value) == value and type(known[name]) is type(value):
        return name
    name = f"{number}_{key}"
    known[name] = value
    return name


@lru_cache(maxsize=64)
def _together(parts: tuple[_Part, ...]) -> Insert:
    """WITH an INSERT, and another, INSERT."""
    *first, last = (statement.values(_parameters(statement, names)) for statement, names in parts)
    return last.add_cte(*(each.cte(f"with_{n}") for n, each in enumerate(first)))


@lru_cache(maxsize=64)
def _if_changed(change: Update, besides: Update | None, parts: tuple[_Part, ...]) -> Insert:
    """WITH the UPDATE, and an INSERT where it changed a row, INSERT where it changed a row."""
    changed = change.returning(literal_column("1").label("hit")).cte("changed")
    *first, last = (
        statement.from_select(
            list(values := _parameters(statement, names)), select(*values.values()).select_from(changed)
        )
        for statement, names in parts
    )
    with_them = [each.cte(f"with_{n}") for n, each in enumerate(first)]
    whole = last.add_cte(*with_them, *([besides.cte("besides")] if besides is not None else []))
    # Of an INSERT SQLAlchemy does not keep it by itself.
    return whole.execution_options(preserve_rowcount=True)


def _parameters(statement: Insert, names: tuple[tuple[str, str], ...]) -> dict[str, BindParameter[Any]]:
    return {key: bindparam(name, type_=statement.table.c[key].type) for key, name in names}


def tenant_update(model: type[Base]) -> Update:
    """An UPDATE of the rows of one tenant, for :func:`run`, to be made once at import; name columns by its table."""
    table = model.__table__
    assert issubclass(model, TenantOwned)
    assert isinstance(table, Table)
    return update(table).where(table.c.tenant_id == bindparam(BOUND_TENANT, type_=Integer))


def run(session: Session, statement: Insert | Update, known: Mapping[str, Any]) -> CursorResult[Any]:
    """Run an UPDATE of tenant_update, or an INSERT that takes its rows' tenant from the parameter BOUND_TENANT.

    It spares the hot paths the ORM's own way, which changes no object here and costs as much as the statement.
    """
    tenant_id = bound_tenant(session)
    session.flush()
    return session.connection().execute(statement, {**known, BOUND_TENANT: tenant_id})


def look(session: Session, statement: Select[Any], known: Mapping[str, Any]) -> CursorResult[Any]:
    """Run a SELECT of columns, made once at import, and get plain rows; the session's tenant is added as to any other.

    It spares the hot paths the making of objects, which costs as much as the statement. A statement that names tables
    instead of models is refused, as the criterion does not reach it.
    """
    tenant_id = bound_tenant(session)
    if statement._propagate_attrs.get("compile_state_plugin") != "orm":
        raise NoTenant("a tenant's table is read through its model, never as a bare table")
    session.flush()
    return session.connection().execute(_filtered(statement), {**known, BOUND_TENANT: tenant_id})


# The tenant comes as a parameter of each execution, so that the criterion is made once; and a statement that is made
# once, at import, is given it once, which spares the hot paths a third of their time.
_TENANT = bindparam(BOUND_TENANT, type_=Integer())
_OURS = with_loader_criteria(
    TenantOwned,
    lambda cls: cls.tenant_id == _TENANT,
    include_aliases=True,
    # What an object loads later runs through the session too, and gets the criterion of that time.
    propagate_to_loaders=False,
)
_known: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


@event.listens_for(Session, "do_orm_execute")
def _filter_by_tenant(state: ORMExecuteState) -> None:
    tenant_id = state.session.info.get(_KEY)
    if tenant_id == _ALL and not state.is_insert:
        return
    if tenant_id is None or state.is_insert or not state.is_orm_statement:
        _judge(state, tenant_id)
        return
    known = state.parameters or {}
    if not isinstance(known, Mapping):
        raise NoTenant("rows are changed by a criterion, not by a list of keys, which the filter does not reach")
    state.statement = _filtered(state.statement)
    state.parameters = {**known, BOUND_TENANT: tenant_id}


def _filtered(statement: Any) -> Any:
    filtered = _known.get(statement)
    if filtered is None:
        # Added to every ORM statement, so that a bare count or a subquery is filtered as rows are.
        filtered = _known[statement] = statement.options(_OURS)
    return filtered


def _judge(state: ORMExecuteState, tenant_id: int | None) -> None:
    """Refuse what the criterion cannot reach: no tenant, plain inserts, and statements on bare tables."""
    if state.is_insert and state.execution_options.get("podserver_tenant_rows") and tenant_id:
        return
    if not _touches_tenants(state):
        return
    if tenant_id is None:
        raise NoTenant("a tenant's table was touched by a session that is bound to no tenant")
    if state.is_insert:
        raise NoTenant("rows of a tenant are added through the session or through tenant_upsert")
    raise NoTenant("a tenant's table is read through its model, never as a bare table")


def _touches_tenants(state: ORMExecuteState) -> bool:
    if any(issubclass(mapper.class_, TenantOwned) for mapper in state.all_mappers):
        return True
    owned = {str(mapper.local_table) for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantOwned)}
    statement = state.statement
    assert isinstance(statement, ClauseElement)
    return any(isinstance(part, Table) and part.name in owned for part in visitors.iterate(statement))


@event.listens_for(Session, "before_flush")
def _stamp_tenant(session: Session, _context: UOWTransaction, _instances: object) -> None:
    for row in session.new:
        if not isinstance(row, TenantOwned):
            continue
        tenant_id = bound_tenant(session)
        if row.tenant_id is None:
            row.tenant_id = tenant_id
        elif row.tenant_id != tenant_id:
            raise NoTenant("a row of another tenant cannot be added")
    for row in (*session.dirty, *session.deleted):
        if isinstance(row, TenantOwned) and row.tenant_id != bound_tenant(session):
            raise NoTenant("a row of another tenant cannot be changed")
