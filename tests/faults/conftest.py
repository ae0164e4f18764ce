"""Two worlds on trial for all tests of this folder: SQLite with its queue, and PostgreSQL with Redis."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from trial import Trial

DATABASES = ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.redis])]


@pytest.fixture(scope="session")
def house(pytestconfig: pytest.Config) -> ModuleType:
    """The conftest of all tests: every folder's module is called conftest, so it is found by its path."""
    found: Any = pytestconfig.pluginmanager.get_plugin(str(Path(__file__).resolve().parent.parent / "conftest.py"))
    assert isinstance(found, ModuleType)
    return found


@pytest.fixture(scope="session")
def trials(house: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Trial]]:
    """A world for each database that this machine has, started together and kept for all tests."""
    worlds: dict[str, Trial] = {}
    state = tmp_path_factory.mktemp("sqlite")
    worlds["sqlite"] = Trial(state, house.environment_of(state, f"sqlite:///{state / 'podserver.db'}"))
    name = f"podserver_test_{uuid.uuid4().hex[:12]}"
    if house._postgres_answers() and house._redis_answers():
        with psycopg.connect(house.POSTGRES, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        state = tmp_path_factory.mktemp("postgresql")
        url = house.POSTGRES.rpartition("/")[0] + f"/{name}"
        worlds["postgresql"] = Trial(state, house.environment_of(state, url, PODSERVER_REDIS_URL=house.REDIS))
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Trial.begin, worlds.values()))
        yield worlds
    finally:
        for world in worlds.values():
            world.end()
        if "postgresql" in worlds:
            with psycopg.connect(house.POSTGRES, autocommit=True) as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(params=DATABASES)
def trial(request: pytest.FixtureRequest, house: ModuleType, trials: dict[str, Trial]) -> Iterator[Trial]:
    """A world that runs without faults; what a test broke in it is mended before the next."""
    if request.param not in trials:
        house.missing("PostgreSQL or Redis")
    world = trials[request.param]
    world.ready()
    yield world
    world.ready()
