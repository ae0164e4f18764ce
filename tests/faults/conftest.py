"""Two worlds on trial for all tests of this folder: SQLite with its queue, and PostgreSQL with Redis."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from trial import DATABASES, Trial


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
    with contextlib.ExitStack() as afterwards:
        state = tmp_path_factory.mktemp("sqlite")
        worlds["sqlite"] = Trial(state, house.environment_of(state, f"sqlite:///{state / 'podserver.db'}"))
        if house._postgres_answers() and house._redis_answers():
            url = afterwards.enter_context(house._a_postgres())
            state = tmp_path_factory.mktemp("postgresql")
            worlds["postgresql"] = Trial(state, house.environment_of(state, url, PODSERVER_REDIS_URL=house.REDIS))
        for world in worlds.values():
            afterwards.callback(world.end)
        with ThreadPoolExecutor() as pool:
            list(pool.map(Trial.begin, worlds.values()))
        yield worlds


@pytest.fixture(params=DATABASES)
def trial(request: pytest.FixtureRequest, house: ModuleType, trials: dict[str, Trial]) -> Iterator[Trial]:
    """A world that runs without faults; what a test broke in it is mended before the next."""
    if request.param not in trials:
        house.missing("PostgreSQL or Redis")
    world = trials[request.param]
    with world.busy:
        world.ready()
        yield world
        world.ready()
