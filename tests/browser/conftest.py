"""One world and one browser for all pod tests; a desk and a case of its own for each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from parts import CHROMIUM_SHELL
from plain_chromium import SHELL_FLAGS, plain_chromium
from playwright.sync_api import Browser, Error, Playwright, expect
from pod_rig import Case, Desk, Stage
from product import Product
from small_servers import ForeignSite, Road
from world import World

RUNNING = pytest.StashKey[contextlib.ExitStack]()
DESKS = pytest.StashKey[list[Desk]]()
expect.set_options(timeout=8_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure says what the frames showed, as Playwright's own report ends at the frame's border."""
    report = yield
    desks: list[Desk] = item.stash.get(DESKS, [])
    if report.failed:
        for frame in [frame for desk in desks for page in desk.context.pages for frame in page.frames]:
            with contextlib.suppress(Error):
                report.sections.append((f"Shown by {frame.url}", frame.inner_text("body", timeout=500)))
    return report


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The world ends with this folder's last test: its workers would take time from the tests of others."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        item.session.stash.get(RUNNING, contextlib.ExitStack()).close()


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The world, with a road to Twilio that can be closed. It asks for Chromium so as not to start in vain."""
    state = tmp_path_factory.mktemp("world")
    road = Road()
    world = World(
        state,
        {
            "PODSERVER_ENVIRONMENT": "development",
            "PODSERVER_SECRET_KEYS": Fernet.generate_key().decode(),
            "PODSERVER_STATE_DIR": str(state),
            "PODSERVER_DATABASE_URL": f"sqlite:///{state / 'podserver.db'}",
        },
    )
    road.target = world.emulator_port
    world.environment["PODSERVER_TWILIO_API_URL"] = road.url
    road.open()
    with contextlib.ExitStack() as afterwards:
        request.session.stash[RUNNING] = afterwards
        afterwards.callback(road.close)
        afterwards.callback(world.stop_all)
        world.start_all()
        made = Stage(world, road, Product(world))
        # More codes go out here in a minute than an MSP sends in an hour; a tenant's budgets are settings.
        made.sql("UPDATE tenants SET sends_per_hour=NULL, technician_sends_per_hour=NULL")
        # Folded rows have a test of their own.
        made.product.allow(show_on_load=True)
        yield made


@pytest.fixture(scope="session")
def whole_browser(chromium: str, driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with plain flags."""
    with plain_chromium(driver, chromium, tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="session")
def shell(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser | None]:
    """Chromium's shell, where there is one."""
    if CHROMIUM_SHELL is None:
        yield None
        return
    with plain_chromium(driver, CHROMIUM_SHELL, tmp_path_factory.mktemp("shell"), *SHELL_FLAGS) as started:
        yield started


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Browser:
    """The shell; the whole browser where the test is marked so, or there is no shell."""
    whole = request.node.get_closest_marker("whole_browser") is not None
    started: Browser | None = None if whole else request.getfixturevalue("shell")
    return started or request.getfixturevalue("whole_browser")


@pytest.fixture(autouse=True)
def all_is_well(stage: Stage) -> Iterator[None]:
    """No fault is left behind, and no count of refused sign-ins, which belong to members and not to tests."""
    yield
    stage.sql("DELETE FROM failure_buckets")
    stage.road.open()
    stage.world.mend("connectwise")
    answer = requests.post(f"{stage.world.emulators}/_emulator/twilio/reset", timeout=5)
    assert answer.ok


@pytest.fixture
def new_desk(request: pytest.FixtureRequest, browser: Browser, stage: Stage) -> Iterator[Callable[..., Desk]]:
    """Makes technicians' browsers. No page of theirs may ever break its own policy or throw."""
    desks = request.node.stash.setdefault(DESKS, [])

    def make(member: str = "sam", **options: Any) -> Desk:
        desks.append(Desk(browser, stage, member, **options))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()
    assert [error for desk in desks for error in desk.errors] == []
    assert [text for desk in desks for text in desk.policy_breaks() if not desk.policy_tested] == []


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    """Sam's browser."""
    return new_desk()


@pytest.fixture
def case(stage: Stage) -> Case:
    """A ticket of one contact with one mobile."""
    return stage.case()


@pytest.fixture
def foreign() -> Iterator[ForeignSite]:
    """A web site of somebody else."""
    site = ForeignSite()
    yield site
    site.close()
