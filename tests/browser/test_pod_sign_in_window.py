"""Signing in inside ConnectWise's frame where ConnectWise cannot confirm anybody: what is kept, and the new window.

The frame is cross-site, third-party cookies are blocked, storage is partitioned and the pop-up blocker is on.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pod_rig import Case, Desk, Pod, Stage, counted
from pod_states import widen
from small_servers import ForeignSite
from test_pod_access import AXE, CONTROLS, Keyboard
from werkzeug.serving import make_server
from world import SAM

from podserver.accounts import service as accounts
from podserver.accounts.models import Role
from podserver.application import create_app
from podserver.database import now, writing
from podserver.integrations.models import Integration
from podserver.pod.door import HOSTS, door_of
from podserver.pod.knock import Host
from podserver.security import sealing

pytestmark = pytest.mark.whole_browser

OLGA = ("olga@southgate.example", "nine copper bells in the rain")
LINK = "Sign in in a new window"


def door(stage: Stage, desk: Desk, case: Case) -> Pod:
    """A pod that asks to sign in, with the link to the window ready."""
    pod = desk.open(case.ticket, control="expired")
    expect(pod.root.get_by_role("link", name=LINK)).to_be_visible()
    return pod


def window_of(pod: Pod, *, by_keyboard: bool = False) -> Page:
    """Open the window as a technician does; the pop-up blocker must let it through."""
    link = pod.root.get_by_role("link", name=LINK)
    with pod.page.context.expect_page() as opened:
        if by_keyboard:
            Keyboard(pod).tab_to(LINK, most=40)
            pod.page.keyboard.press("Enter")
        else:
            link.click()
    return opened.value


def number_in(pod: Pod) -> str:
    number = pod.root.locator(".other-window .digits")
    expect(number).to_be_visible()
    return number.inner_text()


def sign_in_to_portal(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def type_number(page: Page, number: str) -> None:
    page.get_by_label("Type the two digits that the pod in your ticket shows").fill(number)
    page.get_by_role("button", name="Sign in to the ticket").click()


def violations(frame: Any) -> list[str]:
    """What axe finds, and controls that are too small."""
    frame.evaluate(AXE)
    said = frame.evaluate("axe.run(document, {preload: false})")
    assert "color-contrast" in {rule["id"] for rule in said["passes"]}, "the rules did not look at the page"
    small = [str(control) for control in frame.evaluate(CONTROLS) if control["height"] < 32]
    return [f"{v['id']}: {node['html'][:120]}" for v in said["violations"] for node in v["nodes"]] + small


@pytest.fixture
def olga(stage: Stage) -> tuple[str, str]:
    """A user of another MSP on the same server."""
    with stage.product.session() as session:
        if not stage.sql("SELECT id FROM users WHERE email=:e", e=OLGA[0]):
            with writing(session):
                accounts.create_tenant(session, name="Southgate IT", region="US", at=now())
                new = accounts.NewUser(OLGA[0], "Olga Brandt", Role.ADMIN, OLGA[1])
                accounts.create_user(session, new, actor="tests", at=now())
    return OLGA


def test_a_password_is_asked_for_once_until_somebody_signs_out_or_the_psa_names_another(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = desk.open(case.ticket, control="expired")
    pod.sign_in(*SAM)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(pod.text("Signed in as Sam")).to_be_visible()
    (kept,) = desk.context.cookies()
    assert kept["name"].startswith("__Host-pod-day-") and kept["sameSite"] == "None"
    assert kept["httpOnly"] and kept["secure"]
    with counted(pod.page, "/resume") as asked:
        pod.page.reload()
        expect(pod.row(case.caller)).to_contain_text("Unverified")
    assert len(asked) == 1
    expect(pod.field("Password")).to_be_hidden()
    alone = desk.context.new_page()
    alone.goto(stage.world.web)
    expect(alone.get_by_role("heading", name="Sign in to podserver")).to_be_visible()
    alone.close()
    hands = Keyboard(pod)
    hands.tab_to("Not you? Sign out", most=40)
    hands.press("Enter")
    expect(pod.field("E-mail")).to_be_focused()
    assert not [cookie for cookie in desk.context.cookies() if cookie["name"].startswith("__Host-")]
    pod.page.reload()
    expect(pod.field("Password")).to_be_visible()
    # On this computer Priya is the next one at ConnectWise, which confirms her.
    pod.sign_in(*SAM)
    expect(pod.text("Signed in as Sam")).to_be_visible()
    tickets = f"{stage.world.emulators}/connectwise/ticket/{case.ticket}"
    pod.page.goto(f"{tickets}?member=priya")
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(pod.text("Signed in as")).to_be_hidden()
    pod.page.goto(f"{tickets}?member=sam&control=expired")
    expect(pod.text("ConnectWise did not confirm who you are.")).to_be_visible()
    expect(pod.row(case.caller)).to_have_count(0)


def test_without_a_mouse_the_frame_goes_on_by_itself_when_the_number_is_typed_in_the_window(
    stage: Stage, desk: Desk, case: Case
) -> None:
    pod = door(stage, desk, case)
    assert violations(pod.frame) == []
    window = window_of(pod, by_keyboard=True)
    assert window.evaluate("window.opener") is None
    number = number_in(pod)
    assert violations(pod.frame) == []
    expect(window.get_by_label("E-mail")).to_be_focused()
    window.keyboard.type(SAM[0])
    window.keyboard.press("Tab")
    window.keyboard.type(SAM[1])
    window.keyboard.press("Enter")
    expect(window.get_by_role("heading", name=f"Sign in to ticket {case.ticket}")).to_be_visible()
    expect(window.get_by_text(number, exact=True)).to_have_count(0)
    assert violations(window) == []
    expect(window.get_by_label("Type the two digits that the pod in your ticket shows")).to_be_focused()
    window.keyboard.type(f"{10 + (int(number) - 9) % 90}")
    window.keyboard.press("Enter")
    expect(window.get_by_text("That is not the number in the ticket. You have 2 tries left.")).to_be_visible()
    assert violations(window) == []
    expect(pod.row(case.caller)).to_have_count(0)
    window.keyboard.type(number)
    window.keyboard.press("Enter")
    expect(window.get_by_role("heading", name="You can close this window.")).to_be_visible()
    assert violations(window) == []
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    expect(pod.text("Signed in as Sam")).to_be_visible()
    pod.page.reload()
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    pod.send(case.caller)
    pod.answer(stage.code(case.caller))
    expect(pod.row(case.caller)).to_contain_text("by Sam")


def test_another_companys_user_and_a_late_one_get_nobody_in(
    stage: Stage, new_desk: Callable[..., Desk], case: Case, olga: tuple[str, str]
) -> None:
    desk = new_desk()
    pod = door(stage, desk, case)
    window = window_of(pod)
    number = number_in(pod)
    sign_in_to_portal(window, *olga)
    expect(window.get_by_role("heading", name="This window is not known.")).to_be_visible()
    assert violations(window) == []
    window.get_by_role("button", name="Not you? Sign out").click()
    sign_in_to_portal(window, *SAM)
    expect(window.get_by_role("heading", name=f"Sign in to ticket {case.ticket}")).to_be_visible()
    over = (datetime.now(UTC) - timedelta(minutes=10)).replace(tzinfo=None).isoformat(" ", "microseconds")
    stage.sql("UPDATE sign_in_windows SET begun_at=:at", at=over)
    type_number(window, number)
    expect(window.get_by_role("heading", name="This window has run out.")).to_be_visible()
    expect(pod.text("its sign-in has run out. Open a new one.")).to_be_visible()
    assert violations(pod.frame) == []
    window.close()
    again = window_of(pod)
    number = number_in(pod)
    pod.button("Cancel").click()
    expect(pod.root.locator(".other-window .digits")).to_have_count(0)
    again.close()
    again = window_of(pod)
    type_number(again, number_in(pod))
    expect(pod.row(case.caller)).to_contain_text("Unverified")


@pytest.fixture
def quiet_desk(stage: Stage, foreign: ForeignSite) -> Iterator[str]:
    """The page of a PSA that vouches for nobody, one of two that may frame its pod: podserver with that PSA's door."""
    application = create_app(stage.product.settings, migrations=False)
    pods = door_of(Host("quietdesk", "Quiet Desk", "a Quiet Desk ticket", id_field="case"))
    application.extensions["csrf"].exempt(pods)
    application.register_blueprint(pods)
    with stage.product.session() as session, writing(session):
        key = sealing.random_id()
        origins = f"http://localhost:1 {foreign.url('')}"
        desk = Integration(psa="quietdesk", name="Quiet Desk", pod_key=key, site="", origin=origins, created_at=now())
        desk.values = desk.secrets = {}
        session.add(desk)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    pod = f"http://127.0.0.1:{server.server_port}/pod/quietdesk/{key}?case=48213"
    foreign.pages["/"] = f'<!doctype html><title>ticket</title><div class="pod"><iframe src="{pod}"></iframe></div>'
    yield foreign.url("/")
    server.shutdown()
    stage.sql("DELETE FROM sign_in_windows")
    stage.sql("DELETE FROM integrations WHERE psa='quietdesk'")
    del HOSTS["quietdesk"]


def test_where_the_psa_vouches_for_nobody_what_the_browser_keeps_comes_first(
    stage: Stage, desk: Desk, quiet_desk: str
) -> None:
    page = desk.context.new_page()
    with counted(page, "/quietdesk/") as asked:
        page.goto(quiet_desk)
        pod = Pod(page, stage)
        expect(pod.root.get_by_role("link", name=LINK)).to_be_visible()
    assert [url.rpartition("/")[2] for url in asked[1:]] == ["resume", "window"]
    expect(pod.text("Ask Quiet Desk again")).to_have_count(0)
    expect(pod.root.get_by_role("alert").filter(has_text=re.compile(r"\S"))).to_have_count(0)
    window = window_of(pod)
    number = number_in(pod)
    sign_in_to_portal(window, *SAM)
    expect(window.get_by_text("The pod in Quiet Desk at Northgate IT")).to_be_visible()
    type_number(window, number)
    expect(pod.text("Signed in as Sam")).to_be_visible()
    page.reload()
    expect(pod.text("Signed in as Sam")).to_be_visible()
    pod.button("Not you? Sign out").click()
    expect(pod.field("E-mail")).to_be_focused()
    pod.sign_in(*SAM)
    expect(pod.text("Signed in as Sam")).to_be_visible()
    # The cookie is taken from under the page; nothing depends on it.
    desk.context.clear_cookies()
    page.reload()
    expect(pod.field("Password")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_and_the_window_fit_300_px(
    stage: Stage, new_desk: Callable[..., Desk], case: Case, scheme: str
) -> None:
    desk = new_desk(color_scheme=scheme, reduced_motion="reduce")
    pod = door(stage, desk, case)
    window = window_of(pod)
    number_in(pod)
    widen(pod.page, 300, 700)
    assert violations(pod.frame) == []
    sign_in_to_portal(window, *SAM)
    expect(window.get_by_role("heading", name=f"Sign in to ticket {case.ticket}")).to_be_visible()
    window.set_viewport_size({"width": 300, "height": 600})
    assert violations(window) == []
    for page in (pod.frame, window):
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
