"""The mailbox in Chromium: what a message may not do, links, keyboard, news, sizes, accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from mail_rig import DANA, Post, dot, letter
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
PHONE = {"width": 300, "height": 600}
WIDE = {"width": 1280, "height": 800}
MAILBOX = f"/mailbox?to={DANA}&embed=1"


@pytest.fixture
def page(headless: Browser) -> Iterator[Page]:
    context = headless.new_context(viewport=PHONE, reduced_motion="reduce")
    tab = context.new_page()
    tab.set_default_timeout(8000)
    yield tab
    context.close()


def opened(post: Post, page: Page, html: str, path: str = "") -> str:
    """Sends a message with a one-colour logo, opens it, and returns its id."""
    message = letter(html=html)
    message.get_payload()[1].add_related(dot(), "image", "png", cid="<logo@x>")
    post.send(message)
    mail_id = post.messages()[0]["id"]
    page.goto(f"{post.origin}/mailbox/messages/{mail_id}?to={DANA}&embed=1{path}")
    return str(mail_id)


def evil(site) -> str:
    """Everything by which a message could run something, or tell somebody that it is read."""
    url = site.url("/tracker")
    return f"""<!doctype html><html><head>
<meta http-equiv="refresh" content="0;url={url}"><base href="{url}"><link rel="stylesheet" href="{url}">
<link rel="prefetch" href="{url}"><link rel="preload" as="image" href="{url}">
<style>@import url({url}); @font-face {{ font-family: x; src: url({url}) }}
body {{ font-family: x; background: url({url}) }}</style>
<script>parent.document.title = document.title = "ran"; fetch("{url}")</script><script src="{url}"></script></head>
<body onload="document.title = 'ran'"><img id="remote" src="{url}" srcset="{url} 2x" onerror="document.title = 'ran'">
<iframe src="{url}"></iframe><object data="{url}"></object><embed src="{url}"><video src="{url}" autoplay></video>
<svg><image href="{url}"/><script>document.title = "ran"</script></svg><input type="image" src="{url}" autofocus>
<form action="{url}" id="f"><button>Send form</button></form><a href="javascript:document.title='ran'">Script</a>
<p id="end" style="background: url({url})">the end</p></body></html>"""


@pytest.mark.parametrize("direct", [False, True])
def test_a_message_runs_nothing_and_loads_nothing(post: Post, page: Page, site, direct: bool):
    mail_id = opened(post, page, evil(site))
    if direct:
        page.goto(f"{post.origin}/mailbox/messages/{mail_id}/html")
    frame = page.main_frame if direct else page.frame_locator("iframe")
    expect(frame.locator("#end")).to_be_visible()
    frame.get_by_role("button", name="Send form").click()
    frame.get_by_role("link", name="Script").click()
    page.wait_for_timeout(500)
    assert site.requests == []
    assert "ran" not in page.title()
    assert page.url.startswith(post.origin)


def test_the_frame_of_a_message_cannot_reach_the_page(post: Post, page: Page):
    opened(post, page, "<p id=end>the end</p>")
    expect(page.frame_locator("iframe").locator("#end")).to_be_visible()
    assert page.evaluate("document.querySelector('iframe').contentDocument") is None


def test_inline_images_are_shown(post: Post, page: Page):
    opened(post, page, '<img id="logo" src="cid:logo@x" alt="Northgate">')
    logo = page.frame_locator("iframe").locator("#logo")
    expect(logo).to_be_visible()
    assert logo.evaluate("image => image.naturalWidth") == 1


@pytest.mark.parametrize("target", ["", 'target="_self"', 'target="_top"'])
def test_a_link_opens_in_a_new_tab_free_of_the_bars(post: Post, page: Page, site, target: str):
    opened(post, page, f'<a {target} href="{site.url("/l/k3yX")}">Answer</a>')
    before = page.url
    with page.context.expect_page() as opening:
        page.frame_locator("iframe").get_by_role("link", name="Answer").click()
    tab = opening.value
    tab.wait_for_load_state()
    assert tab.url == site.url("/l/k3yX")
    assert tab.evaluate("window.opener") is None
    assert tab.evaluate("window.origin") == site.url("").rstrip("/"), "an origin of its own, not the frame's none"
    assert page.url == before
    assert "referer" not in site.requests[0][2]


def test_a_link_in_the_text_opens_in_a_new_tab(post: Post, page: Page, site):
    post.send(letter(text=f"Press {site.url('/l/k3yX')}.\n"))
    page.goto(post.origin + MAILBOX)
    page.get_by_role("link", name="Your code").click()
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="/l/k3yX").click()
    opening.value.wait_for_load_state()
    assert opening.value.url == site.url("/l/k3yX")
    assert "referer" not in site.requests[0][2]


def test_new_mail_appears_by_itself_and_the_focus_stays(post: Post, page: Page):
    page.goto(post.origin + MAILBOX)
    expect(page.get_by_text("No mail yet")).to_be_visible()
    post.send(letter("First"))
    first = page.get_by_role("link", name="First")
    expect(first).to_be_visible()
    first.focus()
    post.send(letter("Second"))
    expect(page.locator(".subject")).to_have_text(["Second", "First"])
    expect(first).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("New mail at")
    post.send(letter("Not hers"), "theo@larkfield.example")
    page.wait_for_timeout(1300)
    expect(page.locator(".subject")).to_have_text(["Second", "First"])
    post.reset()
    expect(page.get_by_text("No mail yet")).to_be_visible()


def test_a_message_can_be_read_and_scanned_by_keyboard(post: Post, page: Page, site):
    post.send(letter(text=f"Press {site.url('/gone')}\n"))
    page.goto(post.origin + MAILBOX)

    def to(role: Any, name: str) -> None:
        for _ in range(25):
            page.keyboard.press("Tab")
            if page.get_by_role(role, name=name).evaluate("each => each === document.activeElement"):
                return
        pytest.fail(f"{name} cannot be reached")

    to("link", "Your code")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Back to the mailbox")).to_be_visible()
    to("link", "Links")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Links")).to_have_attribute("aria-current", "page")
    to("button", "GET twice")
    page.keyboard.press("Enter")
    came_back = page.get_by_role("list", name="What came back, newest first")
    expect(came_back).to_contain_text("410 GET")
    assert site.seen() == [("GET", "/gone")] * 2
    to("link", "Back")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Your code")).to_be_visible()
    assert page.url == post.origin + MAILBOX


@pytest.mark.parametrize(
    ("path", "alone"),
    [
        (MAILBOX, None),
        ("/mailbox", None),
        ("/mailbox?embed=handset", None),
        ("html", "HTML part"),
        ("text", "Plain-text part"),
        ("source", "Source"),
        ("links", "Open link as a scanner"),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_300_px_and_has_no_accessibility_violation(post: Post, page: Page, site, path, alone, scheme):
    page.emulate_media(color_scheme=scheme)
    link = site.url("/a/very/long/" + "x" * 90)
    opened(post, page, f'<html lang="en"><title>x</title><p>{"long " * 30}</p><a href="{link}">Answer</a>')
    post.send(letter("S" * 120, f"{link}\n{site.url('/two')}\n"))
    if alone:
        page.goto(page.url + f"&part={path}")
        expect(page.locator(".panel:visible")).to_have_count(1)
        if path == "links":
            page.get_by_role("button", name="HEAD").click()
            expect(page.get_by_role("list", name="What came back")).to_be_visible()
    else:
        page.goto(post.origin + path)
        expect(page.locator(".row")).to_have_count(2)
    # The answer of a button is a page of its own, whose words are there before its looks.
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollHeight") <= PHONE["height"]
    wide = "[...document.querySelectorAll('main, main *')].filter(e => e.scrollWidth > e.clientWidth + 1"
    assert (
        page.evaluate(f"{wide} && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)).map(e => e.className)")
        == []
    )
    said = Axe().run(page).response
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in said["violations"]] == []
    assert "color-contrast" in {rule["id"] for rule in said["passes"]}, "the rules did not look at the page"


def test_wide_all_parts_stand_beside_each_other(post: Post, page: Page):
    page.set_viewport_size(WIDE)
    mail_id = opened(post, page, "<p id=end>the end</p>")
    page.goto(f"{post.origin}/mailbox/messages/{mail_id}")
    expect(page.locator(".panel:visible")).to_have_count(4)
    expect(page.get_by_role("navigation")).to_have_count(0)
    html, text = (page.locator(f".panel.{name}").bounding_box() for name in ("html", "text"))
    assert html and text
    assert html["y"] == text["y"] and html["x"] + html["width"] <= text["x"]
    assert page.evaluate("document.documentElement.scrollHeight") <= WIDE["height"]
    assert Axe().run(page, options={"iframes": False}).response["violations"] == []


def test_the_scanners_button_works_from_inside_the_desks_frame(post: Post, page: Page, site):
    """A page on this origin frames the mailbox, as the desk does; the form's Origin must still be ours."""
    post.send(letter(text=f"{site.url('/gone')}\n"))
    mail_id = post.messages()[0]["id"]
    page.goto(f"{post.origin}/mailbox")
    page.evaluate(
        "address => { const frame = document.createElement('iframe'); frame.id = 'phone'; frame.src = address;"
        "document.body.replaceChildren(frame); }",
        f"/mailbox/messages/{mail_id}?embed=1&part=links",
    )
    framed = page.frame_locator("#phone")
    framed.get_by_role("button", name="HEAD").click()
    expect(framed.get_by_role("list", name="What came back")).to_contain_text("410 HEAD")
