"""What must never stand in a page: secrets, and markup that somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from flask import Flask
from portal_rig import ADMIN, KEYS, Browser, Emulators, on_one_database
from sqlalchemy import select

from podserver.accounts import service as accounts
from podserver.accounts.models import Role, Tenant, User
from podserver.database import db, now, writing
from podserver.history.models import HistoryKey
from podserver.history.service import Entry, Kind, Subject, record
from podserver.portal.session import decision
from podserver.tenancy import bind_tenant

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 'ab' * 4 }}{% raw %}",
    "</title></textarea></style><script>alert(1)</script>",
    "` onmouseover=alert(1) x=`",
    "&lt;script&gt;&#x3c;b&#x3e;",
)


class Elements(HTMLParser):
    """Collects a page's elements with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember one."""
        self.found.append((tag, dict(attrs)))


def foreign_markup(page: str) -> Iterator[str]:
    """Elements and attributes that our templates never write."""
    for tag, attributes in Elements(page).found:
        if tag in ("iframe", "object", "embed", "base", "style"):
            yield tag
        # The tenant's logo, and the fields for texts of several lines, are ours.
        if tag == "img" and not (attributes.get("src") or "").startswith("/brand/"):
            yield tag
        if tag == "textarea" and not attributes.get("name"):
            yield tag
        if tag == "script" and not (attributes.get("src") or "").startswith("/static/"):
            yield tag
        for name, value in attributes.items():
            if name.startswith("on") or name == "style":
                yield f"{tag} {name}"
            if name in ("href", "src", "action", "hx-get", "hx-post") and not (value or "").startswith(
                ("/", "#", "data:,")
            ):
                yield f"{tag} {name}={value}"


def every_page(app: Flask) -> list[str]:
    with app.test_request_context():
        return [
            app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, 1))
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or set()) and decision(app.view_functions[rule.endpoint]) is not None
        ]


def test_no_secret_stands_in_any_page_or_export(
    admin: Browser, connected: str, emulators: Emulators, app: Flask
) -> None:
    twilio = {"account_sid": "AC" + "0" * 31 + "1", "auth_token": "demo-auth-token-0001", "sender": "+12025550100"}
    admin.post("/messages", {**twilio, "validate_keys": "1"})
    with app.app_context():
        session = db.session()
        bind_tenant(session, 1)
        secrets = [
            KEYS["public_key"],
            KEYS["private_key"],
            twilio["auth_token"],
            "paper lanterns",
            "$argon2",
            session.scalars(select(Tenant.hash_key).where(Tenant.id == 1)).one(),
            session.scalars(select(HistoryKey.private)).one(),
            *app.extensions["settings"].secret_keys,
        ]
    with admin.client.session_transaction() as kept:
        secrets.append(kept["_user_id"])
    pages = {path: admin.get(path).text for path in [*every_page(app), connected, "/history?what=all"]}
    pages["validated"] = admin.post(connected, {**KEYS, "site": emulators.url}).text
    emulators.control("connectwise", "faults", {"down": True})
    pages["refused"] = admin.post(connected, {**KEYS, "site": emulators.url}).text
    pages["installed"] = admin.post(f"{connected}/install", {"height": "600"}, page=connected).text
    pages["twilio"] = admin.post("/messages", {**twilio, "sender": "x", "validate_keys": "1"}).text
    assert len(pages) > 12
    for path, page in pages.items():
        for secret in secrets:
            assert secret not in page, (path, secret[:8])


@pytest.mark.parametrize("evil", EVIL)
@on_one_database
def test_names_and_tickets_of_others_are_text_and_never_markup(
    admin: Browser, connected: str, app: Flask, evil: str, emulators: Emulators
) -> None:
    with app.app_context():
        session = db.session()
        bind_tenant(session, 1)
        subject = Subject("v", 1, evil[:40], evil[:40], evil, evil, evil, evil[:20])
        with writing(session):
            record(session, now(), Entry(Kind.VERIFIED, subject, evil, {"reason": evil, evil: [evil, {evil: evil}]}))
            accounts.create_user(session, accounts.NewUser("", evil, Role.TECHNICIAN), actor=evil, at=now())
            session.scalars(select(Tenant).where(Tenant.id == 1)).one().name = evil
        user = session.scalars(select(User.id).where(User.name == evil)).one()
    admin.post(connected, {**KEYS, "site": emulators.url, "name": evil})
    shown = 0
    for path in (*every_page(app), connected, f"/users/{user}", "/history?what=all&period=all"):
        answer = admin.get(path, query_string={"text": evil, "next": evil} if "?" not in path else None)
        if answer.mimetype != "text/html":
            continue
        assert not list(foreign_markup(answer.text)), path
        assert "abababab" not in answer.text, path
        shown += 1
    for path, typed in (
        ("/users/new", {"name": evil, "email": evil, "role": evil, "password": evil}),
        ("/integrations/connectwise/new", {**KEYS, "site": evil, "company": evil, "name": evil, "client_id": evil}),
        ("/messages", {"account_sid": evil, "auth_token": evil, "sender": evil}),
        ("/settings", {"technician_sends_per_hour": evil, "sends_per_hour": evil}),
    ):
        assert not list(foreign_markup(admin.post(path, typed).text)), path
        shown += 1
    assert shown > 12


@pytest.mark.parametrize("evil", EVIL)
@on_one_database
def test_what_a_stranger_types_at_the_door_is_text(browser: Callable[..., Browser], evil: str) -> None:
    one = browser()
    page = one.post("/sign-in", {"email": evil, "password": evil}, query_string={"next": evil}).text
    assert not list(foreign_markup(page))


@on_one_database
def test_pages_allow_no_inline_script_and_no_frame(admin: Browser, app: Flask) -> None:
    for path in every_page(app):
        headers = admin.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert policy.endswith("frame-ancestors 'none'")
        assert headers["Cache-Control"] == "no-store"


@on_one_database
def test_a_full_page_error_is_plain_and_names_nothing_of_the_tenant(
    admin: Browser, browser: Callable[..., Browser]
) -> None:
    for one, path, status in (
        (admin, "/nowhere", 404),
        (admin, "/users/999", 404),
        (admin, "/users/99999999999", 404),
        (browser("sam@northgate.example"), "/settings", 403),
        (admin, "/sign-out", 405),
    ):
        answer = one.get(path)
        assert answer.status_code == status
        assert "Northgate" not in answer.text
        assert "Traceback" not in answer.text
        assert not list(foreign_markup(answer.text))


@on_one_database
def test_control_characters_do_no_harm(admin: Browser, browser: Callable[..., Browser]) -> None:
    odd = "\x01\x1f\u2028\ufeff x"
    assert browser().post("/sign-in", {"email": odd + ADMIN, "password": odd}).status_code == 401
    assert admin.post("/users/new", {"name": odd, "email": odd, "role": odd, "password": odd * 5}).status_code == 200
    assert admin.post("/integrations/connectwise/new", dict.fromkeys(KEYS, odd) | {"site": odd}).status_code == 200
    assert admin.get("/history", query_string={"text": odd, "what": odd, "before": odd}).status_code == 200
    assert browser().post("/sign-in", {"email": "\x00", "password": "\x00"}).status_code in (400, 401)
