"""Pictures of the pod to look at: `PODSERVER_SCREENSHOTS=1 python -m pytest tests/browser/pod_pictures.py`.

They go to var/screenshots, and the README's picture of the demo desk to docs/pictures.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Playwright, expect
from pod_rig import Desk, Pod, Stage
from pod_states import states, widen
from world import DANA_MOBILE, PROJECT

pytestmark = pytest.mark.skipif(
    os.environ.get("PODSERVER_SCREENSHOTS") != "1", reason="pictures are taken with PODSERVER_SCREENSHOTS=1"
)
WIDTHS = (300, 600, 900)
DANA_MAIL = "dana@larkfield.example"
SCHEMES = ("light", "dark")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_state_is_pictured(stage: Stage, new_desk: Callable[..., Desk], scheme: str) -> None:
    folder = PROJECT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    desk = new_desk(color_scheme=scheme)
    # The style that hides the caret in a picture is not the pod's own.
    desk.policy_tested = True
    for number, (name, pod) in enumerate(states(stage, desk)):
        for width in WIDTHS:
            widen(pod.page, width)
            pod.page.wait_for_timeout(150)
            picture = folder / f"{scheme}-{width}-{number:02d}-{name.replace(' ', '-')}.png"
            pod.page.locator(".pod iframe").screenshot(path=picture)


def test_the_desk_is_pictured(stage: Stage, chromium: str, driver: Playwright) -> None:
    """A number and Duo are green, a letter waits for the number that the caller types, and lies open on the phone."""
    folder = PROJECT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    # Playwright's own way to start the browser leaves out the scroll bars.
    browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    for scheme in SCHEMES:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
        page.goto(f"{stage.world.emulators}/")
        pod = Pod(page, stage, framed=False)
        pod.root = page.frame_locator("#psa").frame_locator(".pod iframe")
        phone = page.frame_locator("#phone")
        mailbox = phone.frame_locator("#mail-frame")
        expect(pod.row(DANA_MOBILE)).to_be_visible()
        if scheme == SCHEMES[0]:
            pod.send(DANA_MOBILE)
            pod.answer(stage.world.code(DANA_MOBILE))
            pod.row("Duo Mobile").get_by_role("button", name="Duo Push").click()
            phone.get_by_role("button", name="Approve").click()
            expect(pod.row("Duo Mobile")).to_contain_text("Verified")
            pod.row(DANA_MAIL).get_by_role("button", name="Send Link").click()
        else:
            phone.get_by_role("tab", name="Mail").click()
            mailbox.get_by_role("link").first.click()
        expect(pod.row(DANA_MAIL)).to_contain_text("the mail server has it")
        expect(mailbox.frame_locator("iframe").get_by_role("heading", name="Are you on the phone")).to_be_visible()
        pod.row(DANA_MOBILE).evaluate("row => row.ownerDocument.defaultView.scrollTo(0, 0)")
        page.wait_for_timeout(600)
        page.screenshot(path=folder / f"desk{'' if scheme == 'light' else '-dark'}.png")
    browser.close()
