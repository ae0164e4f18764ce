"""The pod by keyboard alone, and without accessibility violations in any of its states."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import expect
from pod_rig import Case, Desk, Pod, Stage, spaced, wrong
from pod_states import states, widen
from world import SAM

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Where the keyboard is: the control's own words, and whether its focus can be seen.
FOCUS = """() => {
  const at = document.activeElement;
  const ring = getComputedStyle(at);
  const label = at.labels && at.labels.length ? at.labels[0].textContent : at.textContent;
  return {
    inside: document.hasFocus() && at !== document.body,
    words: label.trim().replace(/\\s+/g, " "),
    ring: ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2,
  };
}"""


class Keyboard:
    """Hands that never leave the keyboard."""

    def __init__(self, pod: Pod) -> None:
        self.pod, self.page, self.frame = pod, pod.page, pod.frame

    def tab_to(self, words: str, most: int = 6) -> None:
        """Press Tab until the control with these words has the focus, and see that it shows it."""
        been = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            at = self.frame.evaluate(FOCUS)
            been.append(at["words"])
            if at["inside"]:
                assert at["ring"], f"the focus on {at['words']!r} cannot be seen"
                if at["words"].startswith(words):
                    return
        raise AssertionError(f"no way to {words!r} by Tab, only {been}")

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text)


def test_a_caller_is_verified_without_a_mouse(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    hands = Keyboard(pod)
    hands.tab_to("Other contact", most=40)
    hands.tab_to("Send Code")
    hands.press("Enter")
    expect(pod.field()).to_be_focused()
    hands.tab_to("Verify")
    hands.tab_to("Resend in")
    hands.press("Shift+Tab", "Shift+Tab")
    expect(pod.field()).to_be_focused()
    code = stage.code(case.caller)
    hands.type(wrong(code))
    hands.press("Enter")
    expect(pod.row(case.caller)).to_contain_text("Wrong code. 4 tries left.")
    expect(pod.field()).to_be_focused()
    hands.type(code)
    hands.press("Enter")
    expect(pod.row(case.caller)).to_contain_text("Verified 60 min")
    expect(pod.row(case.caller)).to_be_focused()
    hands.tab_to("Send Code")
    hands.tab_to("Verification history")
    hands.press("Enter")
    expect(pod.root.locator("details[open] tbody tr")).to_have_count(1)


def test_signing_in_choosing_another_contact_and_cancelling_need_no_mouse(stage: Stage, desk: Desk) -> None:
    case = stage.case("Ruth Calder", "Omar Haddad")
    pod = desk.open(case.ticket, control="expired")
    expect(pod.field("E-mail")).to_be_visible()
    hands = Keyboard(pod)
    hands.tab_to("E-mail", most=40)
    hands.type(SAM[0])
    hands.tab_to("Password")
    hands.type(SAM[1])
    hands.press("Enter")
    expect(pod.heading("Ruth Calder")).to_be_focused()
    hands.tab_to("Other contact")
    hands.press("Enter")
    expect(pod.field("Contact")).to_be_focused()
    hands.type("Omar")
    hands.tab_to("Note")
    hands.type("Manager approval")
    hands.press("Enter")
    expect(pod.heading("Omar Haddad")).to_be_focused()
    hands.tab_to("Send Code", most=4)
    hands.press("Enter")
    expect(pod.field()).to_be_focused()
    hands.press("Shift+Tab", "Enter")
    expect(pod.row(case.people[1])).to_contain_text("Unverified")


def test_what_changes_is_announced(stage: Stage, desk: Desk, case: Case) -> None:
    pod = desk.open(case.ticket)
    live = pod.root.locator("[aria-live=polite]")
    pod.send(case.caller)
    expect(live).to_contain_text(f"Pending: {spaced(case.caller.mobile)}")
    pod.answer(wrong(stage.code(case.caller)))
    expect(live).to_contain_text("Wrong code. 4 tries left.")
    pod.answer(stage.code(case.caller))
    expect(live).to_contain_text("Verified")
    expect(pod.row(case.caller).get_by_role("button", name="Send Code")).to_have_accessible_description(
        re.compile(re.escape(spaced(case.caller.mobile)))
    )


# --- axe -------------------------------------------------------------------------------------------------------------


def violations(pod: Pod) -> list[str]:
    """What axe finds in the pod's own document, a line each."""
    frame = pod.frame
    if not frame.evaluate("'axe' in window"):
        frame.evaluate(AXE)
    said: dict[str, Any] = frame.evaluate("axe.run(document, {preload: false, resultTypes: ['violations']})")
    assert "color-contrast" in {rule["id"] for rule in said["passes"]}, "the rules did not look at the page"
    return [
        f"{v['id']}: {node['html'][:120]} {node['failureSummary']}" for v in said["violations"] for node in v["nodes"]
    ]


def test_no_state_breaks_an_accessibility_rule_has_a_control_below_32_px_or_overflows_at_300_px(
    stage: Stage, new_desk: Callable[..., Desk]
) -> None:
    desk = new_desk(reduced_motion="reduce")
    found: dict[str, list[Any]] = {}
    for name, pod in states(stage, desk):
        found[name] = [control for control in pod.frame.evaluate(CONTROLS) if control["height"] < 32]
        pod.page.emulate_media(color_scheme="dark")
        found[f"{name} in the dark"] = violations(pod)
        pod.page.emulate_media(color_scheme="light")
        found[name] += violations(pod)
        widen(pod.page, 300)
        found[f"{name} at 300 px"] = [c for c in pod.frame.evaluate(CONTROLS) if c["height"] < 32]
        if pod.frame.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[f"{name} at 300 px"].append("wider than its frame")
    assert {name: problems for name, problems in found.items() if problems} == {}


CONTROLS = """() => [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, summary")]
  .filter((control) => control.checkVisibility())
  .map((control) => ({
    words: control.textContent.trim() || control.name,
    height: Math.round(control.getBoundingClientRect().height * 10) / 10,
  }))"""
