"""The screens in Chromium: the Hosted API's handshake with a pod from another site."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Frame, Page

if TYPE_CHECKING:
    from tests.emulators.connectwise.conftest import Psa

pytestmark = pytest.mark.browser

POD = """<!doctype html><title>pod</title><script>
window.seen = []; window.frame = undefined; window.answer = "success"; window.loads = 0;
const post = (message) => parent.postMessage(JSON.stringify({...message, frameID: window.frame}), "*");
addEventListener("message", (event) => {
  const message = JSON.parse(event.data);
  seen.push({origin: event.origin, ...message});
  if (message.MessageFrameID) window.frame = message.MessageFrameID;
  if (message.event && window.answer)
    post({event: message.event, _id: message._id, result: window.answer,
          ...(window.answer === "failure" && {errors: ["Verify the caller first"]})});
});
parent.postMessage(JSON.stringify({message: "ready"}), "*");
</script>"""


class PodPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(POD.encode())

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="module")
def pod_origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), PodPage)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    context = headless.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.set_default_timeout(8000)
    tab.on("pageerror", lambda problem: pytest.fail(f"script error: {problem}"))
    yield tab
    context.close()


def install(psa: Psa, pod: str, screen: str = "ServiceTicket", **changes: Any) -> int:
    screens = {row["screenId"]: row["id"] for row in psa.list("/system/connectWiseHostedScreens")}
    answer = psa.post(
        "/system/connectwisehostedsetups",
        {
            "screenId": screens[screen],
            "description": "Caller check",
            "url": f"{pod}/pod?id=[cw_id]&screen=[cw_screen]",
            "origin": pod,
            "type": "Pod",
            "podHeight": 600,
            **changes,
        },
    )
    assert answer.status_code == 201
    return int(answer.json()["id"])


def pod_frame(page: Page) -> Frame:
    handle = page.wait_for_selector(".pod iframe")
    frame = handle.content_frame() if handle else None
    assert frame is not None
    frame.wait_for_url("**/pod?*")
    frame.wait_for_function("() => document.title === 'pod' && Array.isArray(window.seen)")
    return frame


def seen(frame: Frame, at_least: int) -> list[dict[str, Any]]:
    frame.wait_for_function("count => window.seen.length >= count", arg=at_least)
    return list(frame.evaluate("window.seen"))


def ask(frame: Frame, name: str, key: str = "hosted_request", **args: Any) -> None:
    frame.evaluate("([key, name, args]) => post({[key]: name, args})", [key, name, args])


def test_a_screen_without_a_row_says_so_and_shows_the_pod_once_it_is_there(
    psa: Psa, page: Page, pod_origin: str
) -> None:
    page.goto(f"{psa.url}/connectwise/ticket/48213?member=sam")
    page.get_by_text("No pod on this screen").wait_for()
    install(psa, pod_origin)
    frame = pod_frame(page)
    assert frame.url == f"{pod_origin}/pod?id=48213&screen=ticket"
    assert not page.get_by_text("No pod on this screen").is_visible()
    box = page.locator(".pod iframe").bounding_box()
    assert box is not None
    assert box["height"] == 600


def test_the_handshake_ends_with_member_data_that_the_api_confirms(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin)
    page.goto(f"{psa.url}/connectwise/ticket/48213?member=priya")
    frame = pod_frame(page)
    first, second = seen(frame, 2)[:2]
    assert set(first) == {"origin", "MessageFrameID"}
    assert first["origin"] == psa.url
    assert second["event"] == "onLoad"
    assert second["data"] == {"screenObject": {"screen": "ticket", "id": 48213, "hostedAs": "pod"}}
    ask(frame, "getMemberAuthentication")
    reply = seen(frame, 3)[2]
    assert reply["response"] == "getmemberauthentication"
    data = reply["data"]
    assert (data["companyid"], data["memberid"], data["memberContext"]) == ("northgate", "priya", "web")
    assert (data["site"], data["codeBase"]) == (f"{psa.url}/", "v2025_1/")
    cookies = f"companyName=northgate; memberId=priya; memberHash={data['memberHash']}; memberContext=web"
    answer = psa.bare("/system/myMembers/info", {"clientId": psa.client_id, "Cookie": cookies})
    assert answer.json()["identifier"] == "priya"


@pytest.mark.parametrize(
    "script",
    [
        "parent.postMessage({hosted_request: 'getMemberAuthentication', frameID: window.frame}, '*')",
        "post({request: 'getMemberAuthentication'})",
        "parent.postMessage(JSON.stringify({hosted_request: 'getMemberAuthentication'}), '*')",
        "parent.postMessage(JSON.stringify({hosted_request: 'getMemberAuthentication', frameID: 'other'}), '*')",
        "parent.postMessage('not json', '*'); parent.postMessage('null', '*'); post({result: 'success'})",
        "post({hosted_request: 'getmemberauthentication'})",
        "post({hosted_request: 'getScreenObject'})",
    ],
)
def test_wrong_messages_are_dropped_in_silence(psa: Psa, page: Page, pod_origin: str, script: str) -> None:
    install(psa, pod_origin)
    page.goto(f"{psa.url}/connectwise/ticket/48213")
    frame = pod_frame(page)
    seen(frame, 2)
    frame.evaluate(script)
    ask(frame, "getMemberAuthentication")
    assert [entry.get("response") for entry in seen(frame, 3)] == [None, None, "getmemberauthentication"]
    page.wait_for_timeout(150)
    assert len(seen(frame, 3)) == 3


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "https://wrong.example", "nonsense"])
def test_a_row_with_another_origin_leaves_the_pod_without_any_message(
    psa: Psa, page: Page, pod_origin: str, origin: str
) -> None:
    install(psa, pod_origin, origin=origin)
    page.goto(f"{psa.url}/connectwise/ticket/48213")
    frame = pod_frame(page)
    page.wait_for_timeout(400)
    assert frame.evaluate("window.seen") == []


def test_controls_forge_expire_double_and_silence(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin)
    address = f"{psa.url}/connectwise/ticket/48213?member=sam&control="

    def member_data(control: str) -> tuple[dict[str, str], int]:
        page.goto(address + control)
        frame = pod_frame(page)
        seen(frame, 2)
        ask(frame, "getMemberAuthentication")
        frame.wait_for_function("() => window.seen.some((entry) => entry.response)")
        entries = frame.evaluate("window.seen")
        data = next(entry["data"] for entry in entries if "response" in entry)
        return data, sum("MessageFrameID" in entry for entry in entries)

    def owner(data: dict[str, str]) -> str:
        answer = psa.bare(
            "/system/myMembers/info",
            {"clientId": psa.client_id},
            auth=(f"northgate+{data['memberid']}", data["memberHash"]),
        )
        return str(answer.json()["identifier"]) if answer.status_code == 200 else str(answer.status_code)

    forged, _ = member_data("forge")
    assert (forged["memberid"], owner(forged)) == ("priya", "sam")
    ended, _ = member_data("expired")
    assert (ended["memberid"], owner(ended)) == ("sam", "401")
    assert member_data("duplicate")[1] == 2
    page.goto(address + "silent")
    frame = pod_frame(page)
    seen(frame, 2)
    ask(frame, "getMemberAuthentication")
    page.wait_for_timeout(300)
    assert len(seen(frame, 2)) == 2
    page.goto(address + "wrong-origin")
    frame = pod_frame(page)
    page.wait_for_timeout(300)
    assert frame.evaluate("window.seen") == []


def test_the_next_ticket_loads_in_place_and_tells_the_pod(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin)
    page.goto(f"{psa.url}/connectwise/ticket/48213")
    frame = pod_frame(page)
    seen(frame, 2)
    page.get_by_role("button", name="Next ticket").click()
    told = seen(frame, 3)[2]
    assert told["data"]["screenObject"]["id"] == 48219
    assert frame.url.endswith("id=48213&screen=ticket")
    page.get_by_text("Carla Nunez").first.wait_for()
    assert page.url.endswith("/connectwise/ticket/48219")
    page.get_by_role("button", name="Refresh").click()
    assert seen(frame, 4)[3]["event"] == "onLoad"


def test_saving_asks_the_pod_and_shows_its_refusal(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin)
    page.goto(f"{psa.url}/connectwise/ticket/48213?member=sam")
    frame = pod_frame(page)
    seen(frame, 2)
    page.get_by_label("Status").select_option(label="In Progress")
    page.get_by_text("Unsaved").wait_for()
    frame.evaluate("window.answer = 'failure'")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Verify the caller first").wait_for()
    assert psa.list("/service/tickets/48213")["status"]["name"] == "New"
    frame.evaluate("window.answer = 'success'")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Saved ").wait_for()
    ticket = psa.list("/service/tickets/48213")
    assert (ticket["status"]["name"], ticket["_info"]["updatedBy"]) == ("In Progress", "sam")
    frame.evaluate("window.answer = ''")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("did not answer, so nothing was saved").wait_for()


def test_a_pod_marks_dirty_refreshes_and_opens_screens(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin)
    page.goto(f"{psa.url}/connectwise/ticket/48213")
    frame = pod_frame(page)
    seen(frame, 2)
    ask(frame, "setDirty", dirty=True)
    page.get_by_text("Unsaved").wait_for()
    ask(frame, "refreshScreen")
    page.get_by_role("button", name="Discard changes").click()
    assert seen(frame, 3)[2]["event"] == "onLoad"
    assert not page.get_by_text("Unsaved").is_visible()
    ask(frame, "openScreen", key="request", newTab=False, screen="company", id=250)
    ask(frame, "openScreen", newTab=False, screen="ticket", id=48219)
    page.wait_for_url("**/connectwise/ticket/48219")


def test_a_new_note_appears_by_itself(psa: Psa, page: Page) -> None:
    page.goto(f"{psa.url}/connectwise/ticket/48213?embed=1")
    page.get_by_text("Caller asks for a reset").wait_for()
    psa.post("/service/tickets/48213/notes", {"text": "<b>Verified</b> by SMS", "internalAnalysisFlag": True})
    page.get_by_text("<b>Verified</b> by SMS").wait_for(timeout=4000)
    page.get_by_role("tab", name="Discussion").click()
    assert page.locator("#notes > li").count() == 1


def test_the_embedded_ticket_shows_the_whole_pod_without_scrolling(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin)
    page.set_viewport_size({"width": 860, "height": 700})
    page.goto(f"{psa.url}/connectwise/ticket/48213?member=sam&embed=1")
    pod_frame(page)
    box = page.locator(".pod iframe").bounding_box()
    assert box is not None
    assert 420 <= box["width"] <= 460
    assert box["y"] + box["height"] <= 700
    assert page.evaluate("document.documentElement.scrollHeight") <= 700


def test_a_contact_screen_hosts_its_own_pod(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin, "ContactDetail")
    page.goto(f"{psa.url}/connectwise/contact/77")
    frame = pod_frame(page)
    assert frame.url.endswith("id=77&screen=contact")
    assert seen(frame, 2)[1]["data"]["screenObject"]["screen"] == "contact"
    assert page.get_by_text("2025550142").is_visible()
    page.get_by_role("link", name="Larkfield Dental").click()
    page.get_by_text("No pod on this screen").wait_for()


def test_a_row_with_a_script_address_is_not_framed(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin, url="javascript:alert(1)")
    page.goto(f"{psa.url}/connectwise/ticket/48213")
    page.get_by_text("not a web address").wait_for()


def test_the_page_keeps_the_hash_out_of_sight(psa: Psa, page: Page, pod_origin: str) -> None:
    install(psa, pod_origin)
    page.goto(f"{psa.url}/connectwise/ticket/48213")
    frame = pod_frame(page)
    seen(frame, 2)
    ask(frame, "getMemberAuthentication")
    member_hash = seen(frame, 3)[2]["data"]["memberHash"]
    assert member_hash not in page.content()
    assert json.dumps("getmemberauthentication")[1:-1] in page.content()
