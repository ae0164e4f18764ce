"""What tests of every room share: databases, settings, applications, and where the parts are.

Every test of the database runs on SQLite, and on PostgreSQL where a server answers. Nothing is mocked: a test that
needs the outside world starts the emulators on a real socket (see ``world.py``).

What every application of a process would work out anew is worked out once: how its templates and its addresses are
put together. A password's hash, slow on purpose, costs little; in real processes, and in the test of its cost, it has
its full one.
"""

from __future__ import annotations

import contextvars
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as effort
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from parts import (
    CHROMIUM,
    CHROMIUM_SHELL,
    LONG,
    REDIS,
    a_postgres,
    emptied,
    environment_of,
    missing,
    postgres_answers,
    redis_answers,
)
from playwright.sync_api import Browser, Playwright, sync_playwright
from werkzeug.routing import Rule
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from podserver.accounts import service as accounts
from podserver.application import create_app
from podserver.configuration import Settings, read_settings
from podserver.database import db

FULL_COST = accounts._hasher
NOBODY = accounts._NOBODY
accounts._hasher = PasswordHasher.from_parameters(CHEAPEST)
accounts._NOBODY = accounts._hasher.hash("nobody has this password")


class Compiled(BytecodeCache):
    """Templates of all applications of this process, compiled once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand out what was compiled from the same words under the same name."""
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._known[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": Compiled()}


def _compiled_once(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """werkzeug writes and compiles two functions for each rule, which is most of what an application costs."""
    known: dict[tuple[Any, ...], Any] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        converters = tuple((name, type(each)) for name, each in rule._converters.items())
        key = (append_unknown, rule.rule, tuple(rule._trace), repr(rule.defaults), converters)
        if key not in known:
            known[key] = compiled(rule, append_unknown)
        return known[key]

    return builder


Rule._compile_builder = _compiled_once(Rule._compile_builder)  # type: ignore[method-assign]


# What shares a world stays in one process, and is begun first, as it takes longest.
WORLDS = ("pods", "faults", "browser")
# Long ones of the others, which must not be left for the end, when one process is at work and the rest look on.
_LONG = ("test_looks.py", "test_visitors.py", "test_psa_trouble.py", "test_timing.py", "test_handset_page.py")
# How long an example takes says more about the machine than about the product.
effort.register_profile("short", deadline=None)
effort.register_profile("long", max_examples=2_000, deadline=None)
effort.load_profile("long" if LONG else "short")


def _group(nodeid: str) -> str:
    """The tests that a test stays together with in a process: those that share a world, else its file."""
    file = Path(nodeid.partition("::")[0])
    if file.parent.name == "browser" and file.stem.startswith("test_pod_"):
        return "pods"
    return file.parent.name if file.parent.name in WORLDS else str(file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those with a world first, then the long ones."""

    def place(item: pytest.Item) -> int:
        group = _group(item.nodeid)
        return WORLDS.index(group) if group in WORLDS else len(WORLDS) + (item.path.name not in _LONG)

    items.sort(key=place)


class ByWorld(LoadScopeScheduling):
    """Hands out groups. xdist's own way, a marker, is lost on pytest 9.2, whose tests keep their names elsewhere."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByWorld:
    """The scheduler of `--dist loadscope`, which the Makefile says."""
    return ByWorld(config, log)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    if CHROMIUM is None:
        missing("Chromium")
    assert CHROMIUM is not None
    return CHROMIUM


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """Playwright, started once: two in one process get in each other's way."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def headless(chromium: str, driver: Playwright) -> Iterator[Browser]:
    """Chromium without what surrounds a page, started once; a test opens contexts of its own in it, and closes them.

    A page costs it a third of what it costs the whole one, which stands in where there is no such.
    """
    browser = driver.chromium.launch(executable_path=CHROMIUM_SHELL or chromium, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The URL of a Redis that tests may fill."""
    if not redis_answers():
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
    """A migrated PostgreSQL database, which is emptied before each test, as that is faster than a new one."""
    if not postgres_answers():
        missing("PostgreSQL")
    with a_postgres() as url:
        _migrate(tmp_path_factory.mktemp("template"), url)
        yield url


def _migrate(state: Path, url: str) -> None:
    from flask_migrate import upgrade

    application = create_app(read_settings(environment_of(state, url)))
    with application.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def nobody() -> str:
    """The product's own hash for whom there is not."""
    return NOBODY


@pytest.fixture(scope="session")
def full_cost() -> PasswordHasher:
    """The product's own way to hash passwords."""
    return FULL_COST


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated SQLite database without rows, for folders whose tests are about something else than the database."""
    shutil.copy(migrated_sqlite, tmp_path / "podserver.db")
    return f"sqlite:///{tmp_path / 'podserver.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "podserver.db")
        yield f"sqlite:///{tmp_path / 'podserver.db'}"
        return
    yield emptied(request.getfixturevalue("migrated_postgres"))


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
