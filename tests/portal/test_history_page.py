"""The history page, the overview, and what leaves them as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from portal_rig import ADMIN, AUDITOR, KEYS, STRANGER, TECHNICIAN, Browser, Emulators, on_one_database, words
from sqlalchemy import select

from podserver.accounts.models import Tenant
from podserver.database import db, now, writing
from podserver.delivery import worker
from podserver.history import chain, evidence
from podserver.history.service import Entry, Kind, Subject, record
from podserver.history.views import PAGE
from podserver.tenancy import bind_tenant
from podserver.verification.models import Guard

Open = Callable[..., Browser]
DANA = Subject("v1", None, "48213", "77", "Dana Whitfield", "Larkfield Dental", "+1 ••• ••• ••42", "sms_code")


def happened(app: Flask, *entries: Entry, at: datetime | None = None, tenant: str = "Northgate IT") -> None:
    """Write events down as the rooms do."""
    with app.app_context():
        session = db.session()
        tenant_id = session.scalars(select(Tenant.id).where(Tenant.name == tenant)).one()
        bind_tenant(session, tenant_id)
        with writing(session):
            record(session, at or now(), *entries)


def seal(app: Flask) -> None:
    with app.app_context():
        chain.seal_pending(db.session(), now())


def lock(app: Flask, integration: int, contact: str, until: datetime, reason: str) -> None:
    with app.app_context():
        session = db.session()
        bind_tenant(session, 1)
        at = now()
        with writing(session):
            session.add(
                Guard(
                    integration_id=integration,
                    contact=contact,
                    destination_key="",
                    locked_until=until,
                    lock_reason=reason,
                    day_start=at,
                    month_start=at,
                    send_start=at,
                    send_day_start=at,
                )
            )


def body(page: str) -> str:
    found = re.search(r"<tbody[^>]*>(.*?)</tbody>", page, re.DOTALL)
    return words(found[1]) if found else ""


def test_the_table_says_who_how_and_how_it_ended(admin: Browser, app: Flask) -> None:
    happened(app, Entry(Kind.REQUESTED, DANA, "Sam Okafor"), Entry(Kind.VERIFIED, DANA, "Sam Okafor"))
    row = body(admin.get("/history").text)
    assert re.fullmatch(
        r"Today \d\d:\d\d Dana Whitfield Larkfield Dental SMS code \+1 ••• ••• ••42 Verified Sam Okafor #48213", row
    )
    assert '<time datetime="' in admin.get("/history").text


FILTERS = {
    "": True,
    "?period=today": True,
    "?what=verified": True,
    "?what=expired": False,
    "?what=made-up&period=made-up": True,
    "?text=whitf": True,
    "?text=%2348213": True,
    "?text=larkfield": True,
    "?text=sam": True,
    "?text=••42": True,
    "?text=%25": False,
    "?text=_": False,
    "?text=nobody": False,
    "?before=1": False,
    "?before=-1": True,
    "?before=99999999999999999999999": True,
    "?before=x": True,
}


def test_filters_narrow_and_odd_ones_do_no_harm(admin: Browser, app: Flask) -> None:
    happened(app, Entry(Kind.REQUESTED, DANA, "Sam Okafor"), Entry(Kind.VERIFIED, DANA, "Sam Okafor"))
    for query, found in FILTERS.items():
        page = admin.get(f"/history{query}")
        assert page.status_code == 200, query
        assert ("Dana Whitfield" in body(page.text)) == found, query
    assert admin.get("/history?text=%00").status_code in (200, 400)


def test_the_period_leaves_out_what_is_older(admin: Browser, app: Flask) -> None:
    happened(app, Entry(Kind.VERIFIED, DANA, "Sam Okafor"), at=now() - timedelta(days=45))
    assert "Nothing of this kind in this period." in admin.get("/history").text
    assert "Dana Whitfield" in admin.get("/history?period=90").text


def test_older_pages_follow_without_gap_or_double(admin: Browser, app: Flask) -> None:
    for number in range(2 * PAGE + 7):
        happened(app, Entry(Kind.VERIFIED, Subject(ticket=str(10_000 + number), contact_name="X"), "Sam"))
    seen: list[str] = []
    path = "/history"
    for _ in range(3):
        page = admin.get(path).text
        seen += re.findall(r"#(1\d{4})<", page)
        older = re.search(r'href="([^"]*before=\d+[^"]*)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert path == ""
    assert seen == [str(10_000 + number) for number in range(2 * PAGE + 6, -1, -1)]


def test_a_technician_reads_what_is_their_own_with_all_that_came_of_it(app: Flask, browser: Open) -> None:
    other = Subject("v2", None, "48214", "78", "Luis Ferrer", "Ferrer & Sons", "+1 ••• ••• ••18", "sms_code")
    happened(app, Entry(Kind.REQUESTED, DANA, "Sam Okafor"), Entry(Kind.EXPIRED, DANA, ""))
    happened(app, Entry(Kind.REQUESTED, other, "Priya Nair"), Entry(Kind.VERIFIED, other, "Priya Nair"))
    page = browser(TECHNICIAN).get("/history?what=all&period=all").text
    assert "Dana Whitfield" in body(page)
    assert "Expired" in body(page)
    assert "Luis Ferrer" not in page
    assert "Export" not in page
    everything = browser(AUDITOR).get("/history?what=all").text
    assert "Luis Ferrer" in everything
    assert "Export signed JSON" in everything


def test_the_signed_export_is_proved_by_the_key_on_the_page(admin: Browser, app: Flask) -> None:
    for number in range(60):
        happened(app, *[Entry(Kind.VERIFIED, Subject(ticket=f"{number}-{each}"), "Sam") for each in range(20)])
    seal(app)
    page = admin.get("/history").text
    key = re.search(r'<code id="public-key">([^<]+)</code>', page)
    assert key
    answer = admin.get("/history/export.jsonl")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="podserver-history-')
    assert evidence.verify(io.BytesIO(answer.data), key[1]) > 1200
    with pytest.raises(evidence.Tampered):
        evidence.verify(io.BytesIO(answer.data.replace(b'"7-3"', b'"7-4"')), key[1])


def test_an_export_leaves_no_connection_behind(admin: Browser, app: Flask) -> None:
    seal(app)
    with app.app_context():
        pool = db.engine.pool
    for path in ("/history/export.jsonl", "/history/export.csv"):
        assert admin.get(path).data
        broken_off = admin.get(path, buffered=False)
        next(broken_off.iter_encoded())
        broken_off.close()
    assert pool.checkedout() == 0  # type: ignore[attr-defined]


def test_no_cell_of_the_csv_is_a_formula(admin: Browser, app: Flask) -> None:
    starts = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋")
    for start in starts:
        evil = f'{start}HYPERLINK("https://evil.example","x")'
        subject = Subject("v", None, f"{start}1", "7", evil, evil, f"{start}2")
        happened(app, Entry(Kind.VERIFIED, subject, f"{start}cmd|' /C'!A0"))
    answer = admin.get("/history/export.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))[1:]
    assert [row[2][:2] for row in reversed(rows)] == [f"'{start}" for start in starts]
    assert not [cell for row in rows for cell in row if cell.startswith(starts)]


def test_the_csv_holds_what_the_filters_let_through(admin: Browser, app: Flask) -> None:
    happened(app, *[Entry(Kind.VERIFIED, DANA, "Sam") for _ in range(1100)], Entry(Kind.EXPIRED, DANA))
    every = admin.get("/history/export.csv").data.decode("utf-8-sig")
    assert len(every.splitlines()) == 1102
    assert len(admin.get("/history/export.csv?what=expired").data.decode().splitlines()) == 2


def test_the_figures_count_outcomes_of_today_and_of_30_days(admin: Browser, app: Flask) -> None:
    for kind in (Kind.VERIFIED, Kind.VERIFIED, Kind.VERIFIED, Kind.FAILED, Kind.CANCELLED, Kind.SUPERSEDED):
        happened(app, Entry(Kind.REQUESTED, DANA, "Sam"), Entry(kind, DANA, "Sam"))
    happened(app, Entry(Kind.REQUESTED, DANA, "Sam"), Entry(Kind.LOCKED, DANA, "Sam"), at=now() - timedelta(days=20))
    happened(app, Entry(Kind.REQUESTED, DANA, "Sam"), Entry(Kind.LOCKED, DANA, "Sam"), at=now() - timedelta(days=31))
    page = words(admin.get("/").text)
    assert "Begun 6 7" in page
    assert "Verified 3 3" in page
    assert "Verified of those that ended 75.0 % 60.0 %" in page
    assert "Failed: the message did not arrive 1 1" in page
    assert "Locked: too many wrong codes 0 1" in page
    assert "Verifications on each of the last 30 days: 7 together, 6 today." in admin.get("/").text


def test_a_new_tenant_has_a_calm_overview(admin: Browser) -> None:
    page = words(admin.get("/").text)
    assert "Verified of those that ended – –" in page
    assert "Nobody is locked." in page
    assert "The worker has not started yet." in page


def test_an_admin_unlocks_a_contact_and_others_see_it_only(
    admin: Browser, connected: str, app: Flask, browser: Open
) -> None:
    number = int(connected.rpartition("/")[2])
    lock(app, number, "77", now() + timedelta(hours=5), "too many wrong codes for this contact today")
    lock(app, number, "81", datetime.max.replace(tzinfo=now().tzinfo), "too many wrong codes in 30 days")
    page = admin.get("/").text
    assert page.count(">Unlock</button>") == 2
    assert "An admin unlocks" in page
    assert "Too many wrong codes for this contact today" in browser(AUDITOR).get("/").text
    assert ">Unlock</button>" not in browser(AUDITOR).get("/").text
    answer = admin.post("/locked/unlock", {"integration": number, "contact": "77"}, page="/", follow_redirects=True)
    assert "Unlocked. The contact can be verified again." in answer.text
    assert answer.text.count(">Unlock</button>") == 1
    assert body(admin.get("/history?what=unlocked").text).endswith("Unlocked Alex Moreno –")


@pytest.mark.parametrize(
    "data", [{}, {"integration": "x", "contact": "77"}, {"integration": "9" * 30, "contact": "77"}]
)
@on_one_database
def test_an_unlock_that_names_nothing_is_refused(admin: Browser, data: dict[str, str]) -> None:
    assert admin.post("/locked/unlock", data, page="/").status_code == 400


def test_the_overview_says_when_the_worker_is_silent_and_how_far_the_chain_is_behind(
    admin: Browser, app: Flask
) -> None:
    with app.app_context():
        worker.beat(db.session(), "sweeper", 0.0, now())
        worker.beat(db.session(), "sealer", 0.3, now())
    page = words(admin.get("/").text)
    assert "Worker at work." in page
    assert "History sealed 0.3 s behind." in page
    with app.app_context():
        worker.beat(db.session(), "sweeper", 0.0, now() - timedelta(seconds=40))
        worker.beat(db.session(), "sealer", 0.3, now() - timedelta(minutes=5))
    page = words(admin.get("/").text)
    assert re.search(r"Worker silent for 4\d s\.", page)
    assert "History not sealed for 5 min." in page


def test_another_tenant_sees_and_exports_nothing_of_it(app: Flask, browser: Open) -> None:
    happened(app, Entry(Kind.REQUESTED, DANA, "Sam"), Entry(Kind.VERIFIED, DANA, "Sam"))
    seal(app)
    olga = browser(STRANGER)
    for path in ("/", "/history?what=all&period=all", "/history/export.csv?what=all", "/history/export.jsonl"):
        answer = olga.get(path)
        assert answer.status_code == 200
        assert "Whitfield" not in answer.text
        assert "Northgate" not in answer.text
    assert "Begun 0 0" in words(olga.get("/").text)


def test_another_tenants_ids_open_nothing_and_change_nothing(
    admin: Browser, connected: str, app: Flask, browser: Open, emulators: Emulators
) -> None:
    number = int(connected.rpartition("/")[2])
    lock(app, number, "77", now() + timedelta(hours=5), "too many wrong codes")
    people = re.findall(r'href="(/users/\d+)"', admin.get("/users").text)
    assert len(people) == 3
    olga = browser(STRANGER)
    for path in (connected, f"{connected}/loaded", *people):
        assert olga.get(path).status_code == 404, path
    for path, data in (
        (connected, {**KEYS, "site": emulators.url, "name": "Stolen"}),
        (f"{connected}/install", {"height": "600"}),
        (f"{connected}/switch", {"active": "0"}),
        ("/locked/unlock", {"integration": number, "contact": "77"}),
        *((path, {"role": "auditor"}) for path in people),
    ):
        assert olga.post(path, data, page="/").status_code == 404, path
    assert "Northgate" not in olga.get("/integrations").text + olga.get("/users").text
    assert len(re.findall(r'href="/users/\d+"', olga.get("/users").text)) == 1
    assert "No PSA is connected yet." in olga.get("/integrations").text
    assert "Switch off" in admin.get(connected).text
    assert ">Unlock</button>" in admin.get("/").text
    assert admin.get("/users").text.count("Active") == 3
    assert browser(ADMIN).get(connected).status_code == 200
