"""The page of the tenant's look, its previews, and the two public addresses."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from portal_rig import AUDITOR, STRANGER, TECHNICIAN, Browser, on_one_database, words
from sqlalchemy import select
from werkzeug.test import TestResponse

from podserver.branding.models import Branding
from podserver.database import db
from podserver.history.models import HistoryEvent
from podserver.tenancy import across_tenants

LOOK = {
    "accent": "#0b6e3a",
    "signature": "Your help desk\r\nNorthgate IT",
    "footer": "12 Harbour Road, Springfield",
    "phone": "+1 202 555 0100",
    "language": "en-GB",
}


def picture(size: tuple[int, int] = (900, 300), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (11, 110, 58)).save(out, kind)
    return out.getvalue()


def save(admin: Browser, upload: bytes | None = None, **changed: Any) -> TestResponse:
    data: dict[str, Any] = {**LOOK, **changed}
    if upload is not None:
        data["logo"] = (io.BytesIO(upload), "logo.png")
    return admin.post("/branding", data, content_type="multipart/form-data", follow_redirects=True)


def stored(app: Flask) -> Branding:
    with app.app_context(), across_tenants(db.session()):
        return db.session.scalars(select(Branding)).one()


def test_a_look_is_saved_and_its_change_is_in_the_history(admin: Browser, app: Flask) -> None:
    answer = save(admin, picture())
    assert "Saved." in answer.text
    saved = stored(app)
    assert (saved.accent, saved.phone, saved.language) == ("#0b6e3a", "+1 202 555 0100", "en-GB")
    assert saved.signature == "Your help desk\nNorthgate IT"
    assert saved.logo is not None and saved.logo.startswith(b"\x89PNG") and len(saved.logo) <= 50 * 1024
    assert len(saved.public_key) == 26
    save(admin, accent="#2457d6")
    with app.app_context(), across_tenants(db.session()):
        said = list(db.session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "branding changed")))
    assert said[-1].detail == {"before": {"accent": "#0b6e3a"}, "after": {"accent": "#2457d6"}}
    assert stored(app).logo == saved.logo and stored(app).public_key == saved.public_key
    save(admin, accent="#2457d6")
    with app.app_context(), across_tenants(db.session()):
        assert len(list(db.session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "branding changed")))) == 2


@on_one_database
def test_the_logo_can_be_taken_away(admin: Browser, app: Flask) -> None:
    save(admin, picture())
    save(admin, remove_logo="y")
    assert stored(app).logo is None


@on_one_database
def test_a_colour_on_which_white_cannot_be_read_is_told_with_the_nearest_that_works(admin: Browser, app: Flask) -> None:
    answer = save(admin, accent="#ffd400")
    beside = answer.text.partition('id="accent-wrong">')[2].partition("</p>")[0]
    assert beside.startswith("White cannot be read on #ffd400: its contrast is 1.4, and 4.5 is needed.")
    nearest = re.search(r"(#[0-9a-f]{6})\.$", beside)
    assert nearest
    assert "Your help desk" in answer.text
    assert "Saved." in save(admin, accent=nearest[1]).text


WRONG = [
    ("accent", "blue", "A colour is # and six digits"),
    ("phone", "call me", "Write the number as people dial it"),
    ("phone", "0" * 41, "Write the number as people dial it"),
    ("signature", "x" * 601, "This has 600 characters and 8 lines at most."),
    ("footer", "x\n" * 9, "This has 600 characters and 8 lines at most."),
    ("language", "tlh", "Not a valid choice"),
]


@on_one_database
def test_a_wrong_field_is_told_beside_it(admin: Browser, app: Flask) -> None:
    for field, value, sentence in WRONG:
        answer = save(admin, **{field: value})
        assert sentence in answer.text.partition(f'id="{field}-wrong">')[2].partition("</p>")[0], field
    with app.app_context(), across_tenants(db.session()):
        assert not list(db.session.scalars(select(Branding)))


@on_one_database
@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "An SVG can hold programs"),
        (b"MZ" + bytes(100), "This is no PNG, JPEG, GIF or WebP picture."),
        (picture() + b"<script>alert(1)</script>", "This file holds something else besides a picture."),
        (picture() + bytes(1024 * 1024), "A logo file has 1 MB at most."),
        (b"", "The file is empty."),
    ],
)
def test_an_upload_that_is_no_logo_is_refused_and_nothing_is_saved(
    admin: Browser, app: Flask, upload: bytes, sentence: str
) -> None:
    answer = save(admin, upload)
    assert sentence in answer.text.partition('id="logo-wrong">')[2]
    with app.app_context(), across_tenants(db.session()):
        assert not list(db.session.scalars(select(Branding)))


@on_one_database
def test_a_form_that_is_far_too_large_is_refused_before_it_is_read(admin: Browser) -> None:
    answer = save(admin, bytes(4 * 1024 * 1024))
    assert answer.status_code == 413
    assert "A logo file has 1 MB at most. Go back and choose a smaller one" in answer.text


@on_one_database
def test_only_this_form_may_be_large(admin: Browser) -> None:
    large = {"signature": "x" * 300_000}
    assert admin.post("/settings", large, content_type="multipart/form-data").status_code == 413


def test_logo_and_style_are_public_and_can_be_kept(admin: Browser, app: Flask, browser: Callable[..., Browser]) -> None:
    save(admin, picture())
    key, nobody = stored(app).public_key, browser()
    for path, kind in ((f"/brand/{key}/logo.png", "image/png"), (f"/brand/{key}/style.css", "text/css")):
        answer = nobody.get(path)
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        again = nobody.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert nobody.client.post(path).status_code == 405
    assert nobody.get(f"/brand/{key}/logo.png").data == stored(app).logo


@on_one_database
def test_the_style_sets_properties_and_nothing_else(
    admin: Browser, app: Flask, browser: Callable[..., Browser]
) -> None:
    save(admin)
    style = browser().get(f"/brand/{stored(app).public_key}/style.css").text
    declared = re.findall(r"([\w-]+):\s*([^;{}]+);", style)
    assert {name for name, _ in declared} == {"--accent", "--accent-text", "--accent-soft"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", value) for _, value in declared)
    assert ("--accent", "#0b6e3a") in declared and ("--accent-text", "#ffffff") in declared
    assert re.sub(r"[\w-]+:\s*#[0-9a-f]{6};", "", style).split() == [
        *(":root", "{", "}", "@media", "(prefers-color-scheme:", "dark)", "{", ":root", "{", "}", "}"),
    ]


@on_one_database
@pytest.mark.parametrize("name", ["logo.png", "style.css"])
def test_an_unknown_key_finds_nothing(admin: Browser, app: Flask, browser: Callable[..., Browser], name: str) -> None:
    save(admin)
    for key in ("z" * 26, "1", "' OR 1=1"):
        answer = browser().get(f"/brand/{key}/{name}")
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"
    if name == "logo.png":
        assert browser().get(f"/brand/{stored(app).public_key}/logo.png").status_code == 404


@on_one_database
def test_another_tenant_sees_its_own_look_only(admin: Browser, app: Flask, browser: Callable[..., Browser]) -> None:
    save(admin, picture())
    olga = browser(STRANGER)
    page = olga.get("/branding").text
    assert "Nothing is saved yet" in page
    assert "Harbour Road" not in page and stored(app).public_key not in page
    assert "Harbour Road" not in olga.get("/branding/letters/code").text


@on_one_database
@pytest.mark.parametrize("email", [TECHNICIAN, AUDITOR])
def test_only_admins_see_the_page(browser: Callable[..., Browser], email: str) -> None:
    one = browser(email)
    for path in ("/branding", "/branding/link", "/branding/letters/code", "/branding/letters/code/text"):
        assert one.get(path).status_code == 403


class Seen(HTMLParser):
    """What a preview's elements carry."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember."""
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@on_one_database
@pytest.mark.parametrize("kind", ["code", "link", "microsoft"])
def test_a_preview_shows_the_letter_within_the_strict_policy(admin: Browser, app: Flask, kind: str) -> None:
    save(admin, picture())
    answer = admin.get(f"/branding/letters/{kind}")
    assert "style-src 'self';" in answer.headers["Content-Security-Policy"]
    text = words(answer.text)
    for said in ("Alex from Northgate IT", "Ticket 48213", "Your help desk", "12 Harbour Road", "+1 202 555 0100"):
        assert said in text, said
    seen = Seen(answer.text).attributes
    assert not [each for each in seen if each[1] == "style" or each[0] == "style"]
    assert {value for tag, name, value in seen if name == "href" and tag == "a"} <= {"#"}
    (source,) = [value for tag, name, value in seen if tag == "img" and name == "src"]
    assert admin.get(source).data == stored(app).logo
    (sheet,) = [value for tag, name, value in seen if tag == "link" and name == "href" and value != "data:,"]
    style = admin.get(sheet)
    assert style.mimetype == "text/css"
    used = {each for _, name, value in seen if name == "class" for each in value.split()}
    assert {each for each in used if re.fullmatch(r"s\d+", each)} <= set(re.findall(r"\.(s\d+) \{", style.text))
    assert "#0b6e3a" in style.text and "prefers-color-scheme: dark" in style.text
    plain = admin.get(f"/branding/letters/{kind}/text")
    assert plain.mimetype == "text/plain"
    assert plain.text.startswith("Subject: Northgate IT help desk")


@on_one_database
def test_the_preview_of_the_link_page_is_the_page_itself(admin: Browser, app: Flask) -> None:
    save(admin, picture())
    page = admin.get("/branding/link")
    assert page.status_code == 200
    assert "Alex from Northgate IT" in words(page.text)
    assert f"/brand/{stored(app).public_key}/style.css" in page.text
    assert "Validate" in page.text and "I did not ask for this" in page.text


@on_one_database
def test_what_is_typed_is_text_in_page_letter_and_preview(admin: Browser) -> None:
    evil = "</textarea><script>alert(1)</script>{{ 'ab' * 4 }}"
    save(admin, signature=evil, footer=evil)
    for path in ("/branding", "/branding/letters/link", "/branding/link"):
        page = admin.get(path).text
        assert "<script>alert" not in page and "abababab" not in page, path
