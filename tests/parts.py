"""Which parts this machine has, and an environment like an operator's. Folders' conftests and rigs import it."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from cryptography.fernet import Fernet

ALL = os.environ.get("PODSERVER_TEST_ALL") == "1"
POSTGRES = os.environ.get("PODSERVER_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("PODSERVER_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)


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
def a_postgres(template: str = "template1") -> Iterator[str]:
    """A PostgreSQL database of its own, a copy of ``template``, dropped afterwards."""
    name = f"podserver_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield POSTGRES.rpartition("/")[0] + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
