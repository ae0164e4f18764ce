"""The pod in each of its states, one after the other, for whoever wants to look at all of them."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect
from pod_rig import Desk, Pod, Stage, wrong
from world import SAM


def states(stage: Stage, desk: Desk) -> Iterator[tuple[str, Pod]]:
    """The pod in each of its states, one after the other."""
    case = stage.case("Ruth Calder", "Omar Haddad", direct=True)
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    yield "unverified", pod
    pod.send(case.caller)
    expect(pod.row(case.caller)).to_contain_text("delivered to the phone")
    yield "pending", pod
    code = stage.code(case.caller)
    pod.answer(wrong(code))
    expect(pod.row(case.caller)).to_contain_text("4 tries left")
    yield "wrong code", pod
    pod.answer(code)
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    yield "verified", pod
    stage.world.faults("twilio", refuse_code=21614)
    pod.row(case.caller.direct).get_by_role("button", name="Send Code").click()
    expect(pod.row(case.caller.direct)).to_contain_text("Failed · not a mobile number, call it instead")
    stage.world.mend("twilio")
    yield "failed", pod
    pod.history()
    yield "history open", pod
    pod.button("Other contact").click()
    expect(pod.field("Note")).to_be_visible()
    yield "picker open", pod
    pod.field("Contact").select_option(label="Omar Haddad")
    pod.field("Note").fill("Manager approval by e-mail")
    pod.button("Use this contact").click()
    expect(pod.heading("Omar Haddad")).to_be_visible()
    yield "another contact", pod
    pod.page.close()
    pod = desk.open(case.ticket, control="expired")
    expect(pod.field("Password")).to_be_visible()
    yield "sign-in form", pod
    stage.age_details(minutes=5)
    stage.world.faults("connectwise", down="503")
    pod.sign_in(*SAM)
    expect(pod.text("Details are from 5 min ago.")).to_be_visible()
    yield "kept details", pod
    stage.age_details(minutes=16)
    pod.button("Retry").click()
    expect(pod.text("Nothing was sent.")).to_be_visible()
    yield "PSA down", pod
    stage.world.mend("connectwise")


def widen(page: Page, width: int, height: int = 600) -> None:
    """Give the pod's frame a size, whatever room the PSA's screen has for it."""
    page.locator(".pod iframe").evaluate(
        """(frame, [width, height]) => Object.assign(frame.style, {
          position: "fixed", inset: "0 auto auto 0", zIndex: 9, width: `${width}px`, height: `${height}px`,
        })""",
        [width, height],
    )
