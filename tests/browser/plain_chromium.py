"""The system's Chromium as a technician has it: plain flags, third-party cookies blocked, attached to over CDP.

A browser that Playwright starts by itself has storage partitioning and the pop-up blocker switched off, and would
prove less than it seems to. The shell is the same engine at a third of the price: without a pop-up blocker, and with
requests that say that nobody sits in front of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from world import wait_for

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
# It reads no preferences, and is told of third-party cookies so.
SHELL_FLAGS = ("--enable-features=ForceThirdPartyCookieBlocking", "--test-third-party-cookie-phaseout")


@contextlib.contextmanager
def plain_chromium(playwright: Playwright, binary: str, profile: Path, *more: str) -> Iterator[Browser]:
    """Start the browser on a fresh profile, attach, and stop it at the end."""
    (profile / "Default").mkdir(parents=True)
    preferences = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
    port_file = profile / "DevToolsActivePort"
    with (profile / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [binary, *FLAGS, *more, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "HOME": str(profile)},
        )
    try:
        port = wait_for("Chromium", lambda: port_file.exists() and port_file.read_text().split("\n")[0])
        browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        yield browser
        browser.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
