"""Who gets into a pod and who does not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Response, expect
from pod_rig import Case, Desk, Pod, Stage, counted
from small_servers import ForeignSite
from world import wait_for

from podserver.demo import MSP

pytestmark = pytest.mark.whole_browser

# What Chromium shows in a frame that it may not fill.
NO_PAGE = "chrome-error://chromewebdata/"


def frame_of(page: Page, path: str) -> Any:
    return until(page, "the frame", lambda: next((f for f in page.frames if path in f.url), None))


def until(page: Page, what: str, found: Callable[[], Any]) -> Any:
    """Wait as ``wait_for`` does, but let the page's own events come in."""
    return wait_for(what, lambda: found() or page.wait_for_timeout(50))


# --- Frames ----------------------------------------------------------------------------------------------------------


def test_a_foreign_origin_cannot_frame_the_pod(
    stage: Stage, new_desk: Callable[..., Desk], foreign: ForeignSite, case: Case
) -> None:
    desk = new_desk()
    desk.policy_tested = True
    foreign.pages["/"] = f'<!doctype html><title>trap</title><iframe src="{stage.pod_url(case.ticket)}"></iframe>'
    for host in ("localhost", "127.0.0.1"):
        page = desk.context.new_page()
        page.goto(foreign.url("/", host))
        until(page, "the refusal", lambda: [text for text in desk.policy_breaks() if "frame-ancestors" in text])
        until(page, "the empty frame", lambda page=page: [frame.url for frame in page.frames[1:]] == [NO_PAGE])
        desk.console.clear()


def test_a_pod_of_an_unknown_key_is_no_pod(stage: Stage, desk: Desk, case: Case) -> None:
    page = desk.context.new_page()
    answer = page.goto(re.sub(r"/connectwise/[^?]+", "/connectwise/nosuchkey", stage.pod_url(case.ticket)))
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="No such pod")).to_be_visible()


# --- Members ---------------------------------------------------------------------------------------------------------


def test_forged_and_ended_member_data_get_no_session(stage: Stage, desk: Desk, case: Case) -> None:
    for control in ("forge", "expired"):
        answers: list[Response] = []
        desk.context.on("response", lambda response, into=answers: into.append(response))
        pod = desk.open(case.ticket, control=control)
        expect(pod.text("ConnectWise did not confirm who you are.")).to_be_visible()
        expect(pod.field("Password")).to_be_visible()
        expect(pod.row(case.caller)).to_have_count(0)
        sessions = [answer for answer in answers if answer.url.endswith("/session")]
        assert [answer.status for answer in sessions] == [403]
        assert "token" not in sessions[0].json()
        assert not [answer for answer in answers if "/pod/caller" in answer.url]
        pod.page.close()


def test_a_member_whom_connectwise_answers_for_another_gets_no_session(stage: Stage, desk: Desk, case: Case) -> None:
    stage.world.faults("connectwise", member_session="other_member")
    pod = desk.open(case.ticket)
    expect(pod.text("ConnectWise did not confirm who you are.")).to_be_visible()
    expect(pod.row(case.caller)).to_have_count(0)


def test_a_host_that_sends_to_another_origin_reaches_nobody(desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket, control="wrong-origin")
    with counted(pod.page, "/session") as asked:
        expect(pod.text("ConnectWise did not answer the pod.")).to_be_visible()
    assert asked == []


def test_a_frame_id_sent_twice_signs_in_once(desk: Desk, case: Case) -> None:
    page = desk.context.new_page()
    with counted(page, "/session") as asked:
        page.goto(f"{desk.stage.world.emulators}/connectwise/ticket/{case.ticket}?member=sam&control=duplicate")
        pod = Pod(page, desk.stage)
        expect(pod.row(case.caller)).to_contain_text("Unverified")
        page.wait_for_timeout(500)
    assert len(asked) == 1


# --- Messages of strangers -------------------------------------------------------------------------------------------


def hostile_messages(stage: Stage, case: Case, other: Case) -> str:
    """What a stranger could say, with a member's true proof: a frame id, that member, another record."""
    priya = requests.post(
        f"{stage.world.emulators}/_emulator/connectwise/sessions", json={"member": "priya"}, timeout=5
    ).json()
    said = [
        {"MessageFrameID": "frame-stranger"},
        {"response": "getmemberauthentication", "data": priya},
        {"event": "onLoad", "_id": "s1", "data": {"screenObject": {"screen": "ticket", "id": other.ticket}}},
    ]
    return json.dumps([json.dumps(each) for each in said])


def test_messages_of_another_frame_in_the_psas_page_are_ignored(
    stage: Stage, desk: Desk, foreign: ForeignSite, case: Case
) -> None:
    other = stage.case("Omar Haddad")
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    foreign.pages["/stranger"] = f"""<!doctype html><title>stranger</title><script>
        for (const text of {hostile_messages(stage, case, other)})
          for (let i = 0; i < parent.frames.length; i++) parent.frames[i].postMessage(text, "*");
        document.title = "said";</script>"""
    with counted(pod.page, "/session") as asked:
        pod.page.evaluate(
            "url => { const f = document.createElement('iframe'); f.src = url; document.body.append(f); }",
            foreign.url("/stranger", "127.0.0.1"),
        )
        stranger = frame_of(pod.page, "/stranger")
        stranger.wait_for_function("document.title === 'said'")
        pod.page.wait_for_timeout(500)
    assert asked == []
    expect(pod.heading("Ruth Calder")).to_be_visible()
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("by Sam")


def test_messages_of_a_page_that_opened_the_pod_in_a_window_are_ignored(
    stage: Stage, desk: Desk, foreign: ForeignSite, case: Case
) -> None:
    other = stage.case("Omar Haddad")
    foreign.pages["/opener"] = f"""<!doctype html><title>opener</title><button>Open</button><script>
        const messages = {hostile_messages(stage, case, other)};
        document.querySelector("button").onclick = () => {{
          window.pod = window.open({json.dumps(stage.pod_url(case.ticket))});
          setInterval(() => messages.forEach((text) => window.pod.postMessage(text, "*")), 50);
        }};</script>"""
    page = desk.context.new_page()
    page.goto(foreign.url("/opener"))
    with desk.context.expect_page() as opened:
        page.get_by_role("button", name="Open").click()
    with counted(opened.value, "/session") as asked:
        pod = Pod(opened.value, stage, framed=False)
        expect(pod.text("This page belongs into a ConnectWise ticket.")).to_be_visible()
        opened.value.wait_for_timeout(700)
    assert asked == []
    expect(pod.field("Password")).to_be_visible()


# --- The end of a session --------------------------------------------------------------------------------------------


def test_a_user_who_is_switched_off_is_out_at_once_and_is_told(stage: Stage, desk: Desk, case: Case) -> None:
    email, password = "temp@northgate.example", "eleven paper boats in a row"
    stage.world.environment["PODSERVER_USER_PASSWORD"] = password
    try:
        stage.world.run("user", "add", "--tenant", MSP, "--email", email, "--name", "Temp Worker")
    finally:
        del stage.world.environment["PODSERVER_USER_PASSWORD"]
    pod = desk.open(case.ticket, control="expired")
    pod.sign_in(email, password)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    stage.world.run("user", "disable", "--tenant", MSP, email)
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.text("Your sign-in has ended. Sign in again.")).to_be_visible(timeout=1_000)
    expect(pod.row(case.caller)).to_have_count(0)
    pod.sign_in(email, password)
    expect(pod.text("E-mail or password is wrong.")).to_be_visible()
    assert stage.texts(case.caller.mobile) == []


def test_a_member_who_is_switched_off_is_out_within_a_second_of_a_pending_pod(
    stage: Stage, new_desk: Callable[..., Desk], case: Case
) -> None:
    pod = new_desk("priya").open(case.ticket)
    pod.send(case.caller)
    stage.sql("UPDATE users SET active=0 WHERE email='priya@northgate.example'")
    try:
        off = time.monotonic()
        pod.field().fill(stage.code(case.caller))
        pod.button("Verify").click()
        expect(pod.text(re.compile("Your sign-in has ended|You have no access to podserver"))).to_be_visible()
        assert time.monotonic() - off < 1.5
        expect(pod.row(case.caller)).to_have_count(0)
        assert stage.state(case.caller) == "pending"
        pod.page.reload()
        expect(pod.text("You have no access to podserver. An admin can give it under Users.")).to_be_visible()
        expect(pod.field("Password")).to_be_hidden()
    finally:
        stage.sql("UPDATE users SET active=1 WHERE email='priya@northgate.example'")


def test_the_answer_of_a_proxy_in_between_is_not_put_into_the_page(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.page.route("**/pod/verifications", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    pod.row(case.caller).get_by_role("button", name="Send Code").click()
    expect(pod.text("podserver did not answer.")).to_be_visible()
    expect(pod.text("Bad gateway")).to_have_count(0)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.page.unroute("**/pod/verifications")
    pod.send(case.caller)
    expect(pod.text("podserver did not answer.")).to_be_hidden()
