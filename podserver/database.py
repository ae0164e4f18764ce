"""The database: one engine, typed columns, and transactions that say whether they write.

On SQLite a transaction that will write takes the write lock at its first statement (BEGIN IMMEDIATE), because a
reader that turns writer half-way is refused when another writer came first. On PostgreSQL both kinds are plain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from podserver.configuration import Settings

WRITES = "podserver_writes"


class Base(DeclarativeBase):
    """The base of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False})


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; a naive one is refused, so that no zone is ever guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """The server's time, aware, in UTC. Rules take it as an argument; only doors call this."""
    return datetime.now(UTC)


def engine_options(settings: Settings) -> dict[str, Any]:
    """Pool and driver settings: one connection for each thread of a process, and none left waiting."""
    # A statement that fails is logged without its values: they are people's.
    hidden = {"hide_parameters": True}
    if settings.sqlite:
        return {**hidden, "connect_args": {"timeout": 15, "check_same_thread": False}}
    threads = max(settings.threads, settings.worker_threads) + 4
    return {
        **hidden,
        "pool_size": threads,
        "max_overflow": 4,
        "pool_timeout": 5,
        "pool_pre_ping": False,
        "pool_recycle": 1800,
    }


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # The driver must not open transactions of its own: the "begin" listener below decides which kind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    writes = connection.get_execution_options().get(WRITES, False)
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def begin_write(session: Session) -> None:
    """Open the session's transaction as one that writes. It must be the first thing the session does."""
    if session.in_transaction():
        raise RuntimeError("a transaction is open already; a writing one is opened before its first statement")
    session.connection(execution_options={WRITES: True})


def begin_read(session: Session) -> None:
    """Let the session read without a transaction where that is cheaper; a writing one can still be opened after.

    It must be the first thing the session does. On PostgreSQL each statement sees its own moment anyway (READ
    COMMITTED), so BEGIN and ROLLBACK around a poll's two SELECTs would only double its round trips.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def release(session: Session) -> None:
    """End a transaction that only read and give its connection back; what was read stays usable."""
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a transaction that has something to write cannot be released")
    session.commit()


def discard(session: Session) -> None:
    """Undo the transaction; what was read stays usable, but is the session's no more."""
    session.expunge_all()
    session.rollback()


@contextmanager
def writing(session: Session) -> Iterator[Session]:
    """A writing transaction that commits at the end and rolls back on any exception."""
    if session.in_transaction():
        release(session)
    begin_write(session)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def upsert(session: Session, table: Table | type[Base]) -> Any:
    """An INSERT that can say ON CONFLICT, in the dialect of the session's database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
