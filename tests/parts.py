"""Which parts this machine has, and an environment like an operator's. Folders' conftests and rigs import it."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from cryptography.fernet import Fernet

ALL = os.environ.get("PODSERVER_TEST_ALL") == "1"
# More rounds and more examples than a change has to wait for (`make test-long`).
LONG = os.environ.get("PODSERVER_TEST_LONG") == "1"
POSTGRES = os.environ.get("PODSERVER_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("PODSERVER_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
# The same engine without the browser around it: what a page looks like and does, but no cookie settings.
CHROMIUM_SHELL = next((p for p in map(shutil.which, ("chromium-headless-shell", "chrome-headless-shell")) if p), None)
# How a context of it speaks as a browser does that a person holds; by itself it says that nobody does.
AS_A_PERSON: dict[str, Any] = {
    "user_agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 "
    "Mobile Safari/537.36",
    "extra_http_headers": {"Sec-CH-UA": '"Not;A=Brand";v="99", "Chromium";v="139"'},
}


def missing(part: str) -> None:
    """Skip with a sentence that names the part; where everything must run, fail with it."""
    if ALL:
        pytest.fail(f"{part} is missing, and here nothing may be skipped")
    pytest.skip(f"{part} is missing on this machine")


def postgres_answers() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def redis_answers() -> bool:
    try:
        return bool(redis.Redis.from_url(REDIS, socket_connect_timeout=2).ping())
    except redis.RedisError:
        return False


def environment_of(state: Path, database_url: str, **more: str) -> dict[str, str]:
    """An environment as an operator would set it; ``more`` adds or overrides."""
    return {
        "PODSERVER_ENVIRONMENT": "development",
        "PODSERVER_BASE_URL": "http://127.0.0.1:8000",
        "PODSERVER_SECRET_KEYS": Fernet.generate_key().decode(),
        "PODSERVER_STATE_DIR": str(state),
        "PODSERVER_DATABASE_URL": database_url,
        "PODSERVER_LOG_LEVEL": "debug",
        **more,
    }


@contextlib.contextmanager
def a_postgres() -> Iterator[str]:
    """A PostgreSQL database of its own, dropped afterwards."""
    name = f"podserver_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template1')
    try:
        yield POSTGRES.rpartition("/")[0] + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def emptied(url: str) -> str:
    """The same PostgreSQL database without connections, rows and used numbers; its schema and version stay.

    The role must be a superuser: the history's own triggers refuse a DELETE.
    """
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            """DO $$ DECLARE each record; BEGIN
              FOR each IN SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'alembic_version'
              LOOP EXECUTE format('DELETE FROM %I', each.tablename); END LOOP;
              PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
            END $$"""
        )
    return url
