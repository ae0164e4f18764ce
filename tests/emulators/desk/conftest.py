"""All stand-ins on one socket, and Chromium."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Playwright
from werkzeug.serving import make_server

from emulators.app import create_app

logging.getLogger("werkzeug").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def desk_server() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


@pytest.fixture
def desk(desk_server: str) -> str:
    """The origin of the stand-ins, as on their first day."""
    for part in ("connectwise", "twilio", "mail", "duo", "entra"):
        requests.post(f"{desk_server}/_emulator/{part}/reset", timeout=5).raise_for_status()
    return desk_server


@pytest.fixture(scope="session")
def chromium(chromium: str, driver: Playwright) -> Iterator[Browser]:
    browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    yield browser
    browser.close()
