"""What the pod takes and what it leaves behind: bytes, requests, storage, complaints."""

from __future__ import annotations

import re

from playwright.sync_api import Request, expect
from pod_rig import Case, Desk, Pod, Stage

MOST_BYTES = 30 * 1024
MOST_REQUESTS = 4
STORED = """async () => ({
  local: localStorage.length, session: sessionStorage.length, cookie: document.cookie,
  databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""


def test_the_first_load_takes_at_most_30_kb_in_at_most_4_requests(stage: Stage, desk: Desk, case: Case) -> None:
    asked: list[Request] = []
    page = desk.context.new_page()
    page.on("requestfinished", lambda request: asked.append(request) if request.url.startswith(stage.world.web) else 0)
    page.goto(f"{stage.world.emulators}/connectwise/ticket/{case.ticket}?member=sam")
    pod = Pod(page, stage)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    loads = [request for request in asked if request.resource_type in ("document", "stylesheet", "script", "image")]
    calls = [request for request in asked if request not in loads]
    assert len(loads) <= MOST_REQUESTS, [request.url for request in loads]
    assert sum(over_the_wire(request) for request in loads) <= MOST_BYTES
    assert sorted(request.url.rpartition("/")[2] for request in calls) == ["caller", "session"]


def over_the_wire(request: Request) -> int:
    """Bytes of the answer's body as they came, compressed or not."""
    return request.sizes()["responseBodySize"]


def test_nothing_is_left_in_the_browser_and_nothing_was_complained_of(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text(re.compile(r"Verified \d\d min"))
    pod.history()
    assert pod.frame.evaluate(STORED) == {
        "local": 0, "session": 0, "cookie": "", "databases": 0, "caches": 0, "workers": 0,
    }  # fmt: skip
    assert desk.context.cookies() == []
    assert desk.complaints() == []
    assert desk.policy_breaks() == []


def test_a_pod_that_nobody_touches_asks_little(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    asked: list[str] = []
    pod.page.on("request", lambda request: asked.append(request.url) if request.url.startswith(stage.world.web) else 0)
    pod.page.wait_for_timeout(4_000)
    assert asked == []
