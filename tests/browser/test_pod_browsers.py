"""What the other tests of this folder take for granted of the browsers that they use."""

from __future__ import annotations

import pytest
from pod_rig import Desk
from small_servers import ForeignSite
from test_pod_doors import frame_of


@pytest.mark.parametrize("whole", [pytest.param(True, marks=pytest.mark.whole_browser), False])
def test_this_browser_blocks_third_party_cookies_and_parts_storage_by_site(
    desk: Desk, foreign: ForeignSite, whole: bool
) -> None:
    foreign.cookies["/sets"] = ["plain=1; SameSite=None; Secure", "parted=1; SameSite=None; Secure; Partitioned"]
    foreign.pages["/sets"] = "<!doctype html><title>sets</title>"
    foreign.pages["/reads"] = "<!doctype html><title>reads</title>"
    pops_up = "<script>window.popUp = window.open('about:blank')</script>" if whole else ""
    frame_of_another_site = f"""<iframe src="{foreign.url("/sets", "127.0.0.1")}"></iframe>"""
    foreign.pages["/top"] = f"<!doctype html><title>top</title>{frame_of_another_site}{pops_up}"

    alone = desk.context.new_page()
    alone.goto(foreign.url("/sets", "127.0.0.1"))
    alone.goto(foreign.url("/reads", "127.0.0.1"))
    assert "plain=1" in foreign.seen["/reads"][-1], "as a first party the cookie is taken"
    alone.evaluate("localStorage.setItem('mine', '1')")

    page = desk.context.new_page()
    page.goto(foreign.url("/top"))
    frame = frame_of(page, "/sets")
    frame.goto(foreign.url("/reads", "127.0.0.1"))
    assert foreign.seen["/reads"][-1] == "parted=1", "as a third party only the partitioned one is"
    assert frame.evaluate("localStorage.getItem('mine')") is None
    if whole:
        assert page.evaluate("window.popUp") is None, "pop-ups without a click are blocked"
