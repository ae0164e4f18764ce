"""All stand-ins on one socket, and Chromium."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from emulators.app import create_app

logging.getLogger("werkzeug").setLevel(logging.WARNING)
PRODUCT = "http://127.0.0.1:9"
CONTROLS = (
    *(f"/_emulator/{part}" for part in ("connectwise", "twilio", "mail", "duo", "entra")),
    *(f"/{psa}/_control" for psa in ("halo", "autotask", "kaseya_bms", "superops")),
)


@pytest.fixture(scope="session")
def desk_server() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(product=PRODUCT), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


@pytest.fixture
def desk(desk_server: str) -> str:
    """The origin of the stand-ins, as on their first day."""
    with requests.Session() as calls:
        for control in CONTROLS:
            calls.post(f"{desk_server}{control}/reset", timeout=5).raise_for_status()
    return desk_server


@pytest.fixture
def changed(desk: str) -> Callable[[], list[str]]:
    """What is not as on the first day: faults of any stand-in by name, and STOP."""

    def look() -> list[str]:
        found = []
        with requests.Session() as calls:
            for control in CONTROLS:
                faults = calls.get(f"{desk}{control}/faults", timeout=5).json()
                found += [name for name, fault in faults.items() if fault["value"] != fault["default"]]
            stopped = calls.get(f"{desk}/phone/messages.json", timeout=5).json()["opted_out"]
        return found + ["body"] * stopped

    return look


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    """A window at which somebody sits."""
    context = headless.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    problems: list[str] = []
    # The pod's own server does not run here; everything else must be silent.
    page.on("console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []
