"""Links opened as scanners and previews do: what reaches the site, and what the page shows."""

from __future__ import annotations

import re
import socket

import pytest
import requests
from mail_rig import Post, letter

from emulators.mail.scanner import KINDS, leads_here


def sent(post: Post, *links: str) -> dict:
    post.send(letter(text="".join(f"{link}\n" for link in links)))
    return post.messages()[0]


def press(post: Post, mail: dict, kind: str, link: str) -> requests.Response:
    address = f"{post.origin}/_emulator/mail/messages/{mail['id']}/scan"
    return requests.post(address, json={"as": kind, "link": link}, timeout=10)


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        ("head", ["HEAD"]),
        ("get", ["GET"]),
        ("get_twice", ["GET", "GET"]),
        ("preview", ["GET"]),
        ("prefetch", ["GET"]),
    ],
)
def test_each_button_makes_its_requests_and_shows_what_came_back(post: Post, site, kind: str, methods: list[str]):
    mail = sent(post, site.url("/gone"))
    page = post.get(f"/mailbox/messages/{mail['id']}").text
    assert f'name="as" value="{kind}"' in page
    answer = requests.post(
        f"{post.origin}/mailbox/messages/{mail['id']}/scan?embed=1", data={"as": kind, "link": 0}, timeout=10
    )
    assert site.seen() == [(method, "/gone") for method in methods]
    assert answer.history[0].status_code == 303
    assert "embed=1" in answer.url
    assert 'data-part="links"' in answer.text
    assert answer.text.count("<b>410</b>") == len(methods)
    (scan,) = post.messages()[0]["scans"]
    assert (scan["as"], scan["link"]) == (kind, site.url("/gone"))
    assert [each["status"] for each in scan["requests"]] == [410] * len(methods)


def test_previews_and_prefetches_are_known_by_their_headers(post: Post, site):
    mail = sent(post, site.url())
    for kind in ("get", "preview", "prefetch"):
        press(post, mail, kind, site.url())
    plain, preview, prefetch = (headers for _, _, headers in site.requests)
    assert "HeadlessChrome" in plain["user-agent"] and "sec-purpose" not in plain
    assert "Preview" in preview["user-agent"]
    assert prefetch["sec-purpose"] == "prefetch"
    assert all("cookie" not in headers and "referer" not in headers for headers in (plain, preview, prefetch))


def test_redirects_are_followed_on_this_machine_only(post: Post, site):
    link, away = site.url(f"/away/{site.url('/there?q=1')}"), site.url("/away/http://evil.example/")
    mail = sent(post, link, away, site.url("/away//away//away//away//away//away/x"))
    hops = press(post, mail, "get", link).json()["requests"]
    assert [(hop["status"], hop["url"]) for hop in hops] == [(302, link), (200, site.url("/there?q=1"))]
    hops = press(post, mail, "head", away).json()["requests"]
    assert [hop["status"] for hop in hops] == [302, None]
    assert "leads away" in hops[1]["problem"]
    hops = press(post, mail, "get", mail["links"][2]).json()["requests"]
    assert len(hops) <= 5


def test_a_redirect_in_a_circle_ends(post: Post, site):
    circle = site.url("/away/")
    mail = sent(post, circle + circle)
    hops = press(post, mail, "get", circle + circle).json()["requests"]
    assert 1 < len(hops) <= 5


def test_a_site_that_does_not_answer_is_said_so(post: Post):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        link = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    mail = sent(post, link)
    (hop,) = press(post, mail, "get", link).json()["requests"]
    assert hop["status"] is None
    assert hop["problem"] == "no answer (ConnectionRefusedError)"
    assert "no answer" in post.get(f"/mailbox/messages/{mail['id']}?part=links").text


def test_a_link_elsewhere_has_no_buttons_and_is_not_opened(post: Post, site):
    mail = sent(post, "http://192.0.2.1/x", "http://evil.example/x")
    page = post.get(f"/mailbox/messages/{mail['id']}?part=links").text
    assert "No link of this message leads to this machine" in page
    assert 'name="as"' not in page
    assert press(post, mail, "get", "http://192.0.2.1/x").status_code == 400
    assert press(post, mail, "get", site.url("/not-in-the-message")).status_code == 400
    assert press(post, sent(post, site.url()), "dance", site.url()).status_code == 400
    for form in ({"as": "get", "link": 0}, {"as": "get", "link": 9}, {"as": "get", "link": -1}, {"as": "get"}, {}):
        answer = requests.post(f"{post.origin}/mailbox/messages/{mail['id']}/scan", data=form, timeout=5)
        assert answer.status_code == 400
    assert site.requests == []


def test_the_link_can_be_chosen_where_there_are_more(post: Post, site):
    mail = sent(post, "http://evil.example/", site.url("/one"), site.url("/two", "localhost"))
    page = post.get(f"/mailbox/messages/{mail['id']}?part=links").text
    assert re.findall(r'<option value="(\d)">', page) == ["1", "2"]
    requests.post(f"{post.origin}/mailbox/messages/{mail['id']}/scan", data={"as": "get", "link": 2}, timeout=5)
    assert site.seen() == [("GET", "/two")]


def test_odd_letters_in_a_link_are_sent_as_a_browser_would(post: Post, site):
    link = site.url("/grö%C3%9Fe?a=ü&b=%20")
    mail = sent(post, link)
    assert press(post, mail, "get", link).json()["requests"][0]["status"] == 200
    assert site.seen() == [("GET", "/gr%C3%B6%C3%9Fe?a=%C3%BC&b=%20")]


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost/", True),
        ("https://127.0.0.1:8443/x", True),
        ("http://127.8.9.1/", True),
        ("http://[::1]:8000/", True),
        ("http://localhost.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://evil.example#@127.0.0.1/", False),
        ("http://0.0.0.0/", False),
        ("http://10.0.0.1/", False),
        ("http://2130706433/", False),
        ("http://127.0.0.1:port/", False),
        ("http://[::1", False),
        ("file:///etc/passwd", False),
        ("ftp://localhost/", False),
        ("//localhost/", False),
        ("", False),
    ],
)
def test_only_loopback_addresses_lead_here(url: str, here: bool):
    assert leads_here(url) is here


def test_every_kind_is_a_button_with_words():
    assert list(KINDS) == ["head", "get", "get_twice", "preview", "prefetch"]
    assert all(kind.label for kind in KINDS.values())
