"""Two worlds on trial for all tests of this folder: SQLite with its queue, and PostgreSQL with Redis."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import parts
import pytest
from trial import DATABASES, Trial

RUNNING = pytest.StashKey[contextlib.ExitStack]()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The worlds end with this folder's last test: their workers would take time from the tests of others."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        item.session.stash.get(RUNNING, contextlib.ExitStack()).close()


@pytest.fixture(scope="session")
def trials(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Trial]]:
    """A world for each database that this machine has, started together and kept for all tests."""
    worlds: dict[str, Trial] = {}
    with contextlib.ExitStack() as afterwards:
        request.session.stash[RUNNING] = afterwards
        state = tmp_path_factory.mktemp("sqlite")
        worlds["sqlite"] = Trial(state, parts.environment_of(state, f"sqlite:///{state / 'podserver.db'}"))
        if parts.postgres_answers() and parts.redis_answers():
            url = afterwards.enter_context(parts.a_postgres())
            state = tmp_path_factory.mktemp("postgresql")
            worlds["postgresql"] = Trial(state, parts.environment_of(state, url, PODSERVER_REDIS_URL=parts.REDIS))
        for world in worlds.values():
            afterwards.callback(world.end)
        with ThreadPoolExecutor() as pool:
            list(pool.map(Trial.begin, worlds.values()))
        yield worlds


@pytest.fixture(params=DATABASES)
def trial(request: pytest.FixtureRequest, trials: dict[str, Trial]) -> Iterator[Trial]:
    """A world that runs without faults; what a test broke in it is mended before the next."""
    if request.param not in trials:
        parts.missing("PostgreSQL or Redis")
    world = trials[request.param]
    with world.busy:
        world.ready()
        yield world
        world.ready()
