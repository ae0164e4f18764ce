"""The stand-ins, as on their first day, and a phone in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from handset_rig import DANA, StandIns, serve
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with serve(tmp_path_factory.mktemp("handset")) as made:
        yield made


@pytest.fixture
def world(running: StandIns) -> StandIns:
    """Everything that reaches a phone, and nothing has yet."""
    running.reset()
    return running


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    """As large as the phone is on the desk; no page may break its own policy, or throw."""
    context = headless.new_context(viewport={"width": 300, "height": 640}, reduced_motion="reduce")
    problems: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda line: problems.append(line.text) if "Security Policy" in line.text else None)
        page.on("pageerror", lambda error: problems.append(str(error)))

    context.on("page", listen)
    yield context.new_page()
    context.close()
    assert problems == []


@pytest.fixture
def pick_up(world: StandIns, page: Page) -> Callable[..., Page]:
    """Opens somebody's phone, and waits until it has seen what is there."""

    def open_phone(contact: int = DANA, **query: str) -> Page:
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        page.goto(f"{world.origin}/handset?contact={contact}&embed=1{asked}")
        expect(page.locator("#clock")).not_to_be_empty()
        return page

    return open_phone
