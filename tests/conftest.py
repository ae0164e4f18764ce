"""What tests of every room share: databases, settings, applications, and where the parts are.

Every test of the database runs on SQLite, and on PostgreSQL where a server answers. Nothing is mocked: a test that
needs the outside world starts the emulators on a real socket (see ``world.py``).
"""

from __future__ import annotations

import contextlib
import contextvars
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
from flask import Flask
from flask.testing import FlaskClient

from podserver.application import create_app
from podserver.configuration import Settings, read_settings
from podserver.database import db

ALL = os.environ.get("PODSERVER_TEST_ALL") == "1"
POSTGRES = os.environ.get("PODSERVER_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("PODSERVER_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests share a world and so stay on one of the two processes: whole folders, else files."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder in ("browser", "faults") else item.path.stem))


def missing(part: str) -> None:
    """Skip with a sentence that names the part; where everything must run, fail with it."""
    if ALL:
        pytest.fail(f"{part} is missing, and here nothing may be skipped")
    pytest.skip(f"{part} is missing on this machine")


def _postgres_answers() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(redis.Redis.from_url(REDIS, socket_connect_timeout=2).ping())
    except redis.RedisError:
        return False


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    if CHROMIUM is None:
        missing("Chromium")
    assert CHROMIUM is not None
    return CHROMIUM


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The URL of a Redis that tests may fill."""
    if not _redis_answers():
        missing("Redis")
    return REDIS


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, so that each test need not migrate."""
    state = tmp_path_factory.mktemp("template")
    _migrate(state, f"sqlite:///{state / 'template.db'}")
    return state / "template.db"


@pytest.fixture(scope="session")
def migrated_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy."""
    if not _postgres_answers():
        missing("PostgreSQL")
    with _a_postgres() as url:
        _migrate(tmp_path_factory.mktemp("template"), url)
        yield url.rpartition("/")[2]


def _migrate(state: Path, url: str) -> None:
    from flask_migrate import upgrade

    application = create_app(read_settings(environment_of(state, url)))
    with application.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


@contextlib.contextmanager
def _a_postgres(template: str = "template1") -> Iterator[str]:
    name = f"podserver_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield POSTGRES.rpartition("/")[0] + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database of its own, dropped afterwards."""
    if not _postgres_answers():
        missing("PostgreSQL")
    with _a_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "podserver.db")
        yield f"sqlite:///{tmp_path / 'podserver.db'}"
        return
    with _a_postgres(request.getfixturevalue("migrated_postgres")) as url:
        yield url


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


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings for an application of its own."""
    return read_settings(environment_of(tmp_path, database_url))


class Stranger(FlaskClient):
    """A client whose requests get an application context of their own, as in a server, not the test's."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request."""
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application on a migrated database, inside its context."""
    application = create_app(settings)
    application.test_client_class = Stranger
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()
