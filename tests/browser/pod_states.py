"""The pod in each of its states, one after the other, for whoever wants to look at all of them."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect
from pod_rig import Case, Desk, Pod, Stage, wrong
from world import SAM

EVERY_METHOD = [
    "sms_code", "sms_link", "voice_code", "duo_push", "mail_link", "mail_code", "microsoft_sign_in", "manual",
]  # fmt: skip
EVERY_TOOL = ("sms", "voice", "mail", "duo", "microsoft")
BANNER = "verify the caller before any password or MFA reset."


def states(stage: Stage, desk: Desk) -> Iterator[tuple[str, Pod]]:
    """The pod in each of its states, one after the other."""
    with stage.tools(*EVERY_TOOL):
        yield from _of_codes(stage, desk)
        yield from _of_other_proofs(stage, desk)
        yield from _of_policies(stage, desk)
    yield from _of_trouble(stage, desk)


def _case(stage: Stage, banner: str = "", **policy: object) -> Case:
    case = stage.case("Ruth Calder", "Omar Haddad", direct=True, email=True)
    known = {"methods": EVERY_METHOD, "typed_number": "always", "adhoc_number": True}
    known |= {"banner": banner.format(company=case.company_name), **policy}
    stage.product.allow(case.company, case.company_name, **known)
    return case


def _of_codes(stage: Stage, desk: Desk) -> Iterator[tuple[str, Pod]]:
    case = _case(stage, banner="{company}: " + BANNER)
    pod = desk.open(case.ticket)
    expect(pod.row(case.caller)).to_contain_text("Unverified")
    yield "unverified", pod
    pod.menu(case.caller.email)
    yield "menu open", pod
    pod.page.keyboard.press("Escape")
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
    pod.row(case.caller).get_by_role("button", name="fair", exact=True).click()
    expect(pod.text("A code to a phone on file proves the phone is in hand.")).to_be_visible()
    yield "why", pod
    pod.page.keyboard.press("Escape")
    stage.world.faults("twilio", refuse_code=21614)
    pod.row(case.caller.direct).get_by_role("button", name="Send Code").click()
    expect(pod.row(case.caller.direct)).to_contain_text("Failed · not a mobile number, call it instead")
    stage.world.mend("twilio")
    yield "failed", pod
    pod.history()
    yield "history open", pod
    pod.page.close()


def _of_other_proofs(stage: Stage, desk: Desk) -> Iterator[tuple[str, Pod]]:
    case = _case(stage)
    pod = desk.open(case.ticket)
    pod.choose(case.caller, "Send Link")
    expect(pod.row(case.caller)).to_contain_text("delivered to the phone")
    yield "link with number", pod
    stage.earlier(case.caller, created_at=31)
    pod.page.reload()
    pod.menu(case.caller)
    yield "another way", pod
    pod.page.keyboard.press("Escape")
    push = stage.product.ask(case.caller.id, "duo", "duo_push", ticket=str(case.ticket))
    stage.product.report(push, "pushed")
    expect(pod.row("Duo Mobile")).to_contain_text("waiting for approval")
    yield "push", pod
    stage.product.press(push, "approved")
    expect(pod.row("Duo Mobile")).to_contain_text("Verified 60 min · weak")
    push = stage.product.ask(case.caller.id, "duo", "duo_push", ticket=str(case.ticket))
    stage.product.report(push, "pushed", read_out="417823")
    expect(pod.row("Duo Mobile")).to_contain_text("Ask the caller to type 417823 in Duo Mobile")
    yield "push with a code", pod
    stage.product.press(push, "approved")
    expect(pod.row("Duo Mobile")).to_contain_text("Verified 60 min · weak")
    stage.product.ask(case.caller.id, "email", "microsoft_sign_in", ticket=str(case.ticket))
    expect(pod.row(case.caller.email)).to_contain_text("Waiting for the user to sign in at Microsoft")
    yield "sign-in at Microsoft", pod
    pod.root.get_by_text("Another number", exact=True).click()
    pod.root.get_by_text("Record by hand", exact=True).click()
    yield "forms open", pod
    pod.field("How do you know who this is?").fill("Stands at my desk, badge 1142 seen")
    pod.button("Record").click()
    expect(pod.row("In person")).to_contain_text("Recorded by hand 60 min")
    yield "by hand", pod
    stage.product.deny(case.caller.id)
    expect(pod.text("Ruth did not ask for this.")).to_be_visible()
    yield "alarm", pod
    pod.page.close()


def _of_policies(stage: Stage, desk: Desk) -> Iterator[tuple[str, Pod]]:
    for colour in ("quiet", "red", "green"):
        case = _case(stage, banner=f"V{BANNER[1:]}", banner_colour=colour, show_on_load=colour != "quiet")
        pod = desk.open(case.ticket)
        expect(pod.text(f"V{BANNER[1:]}")).to_be_visible()
        yield f"banner {colour}", pod
        pod.page.close()


def _of_trouble(stage: Stage, desk: Desk) -> Iterator[tuple[str, Pod]]:
    case = stage.case("Ruth Calder", "Omar Haddad", direct=True)
    pod = desk.open(case.ticket)
    pod.button("Other contact").click()
    expect(pod.field("Note")).to_be_visible()
    yield "picker open", pod
    pod.field("Contact").select_option(label="Omar Haddad")
    pod.field("Note").fill("Manager approval by e-mail")
    pod.button("Use this contact").click()
    expect(pod.heading("Omar Haddad")).to_be_visible()
    yield "another contact", pod
    with stage.tools():
        pod.page.reload()
        expect(pod.text("No way to reach people is set up yet.")).to_be_visible()
        yield "nothing set up", pod
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
