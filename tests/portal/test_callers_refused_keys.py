"""Keys that the PSA revokes in the middle of the day: marked once, shown, and mended by the next Validate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from callers_rig import Widgets, events, integration
from flask import Flask
from portal_rig import KEYS, TECHNICIAN, Browser, Emulators, on_one_database, words

from connectors.discipline import Lane
from podserver.database import db, now, writing
from podserver.delivery.outbox import Job, TryLater
from podserver.integrations import refusals
from podserver.integrations import service as integrations
from podserver.integrations.notes import NoteChannel
from podserver.tenancy import bind_tenant

Open = Callable[..., Browser]


@pytest.fixture
def sam(connected: str, browser: Open) -> Browser:
    """A technician, at an MSP with a ConnectWise."""
    return browser(TECHNICIAN)


def post_a_note(sam: Browser, app: Flask, lanes: list[Lane] | None = None) -> None:
    """Let the note channel do its work once, as the worker does."""
    one = integration(app)

    def connect(stored: Any, **how: Any) -> Any:
        if lanes is not None:
            lanes.append(how["lane"])
        return app.extensions["connections"].to(stored, **how)

    with app.app_context():
        payload = {"integration_id": one.id, "ticket": "48213", "text": "Ref PV-X", "reference": "Ref PV-X"}
        job = Job("row", one.tenant_id, 1, payload, "", now(), now() + timedelta(seconds=30))
        outcome = NoteChannel(connect, timedelta(seconds=30)).hand_over(db.session(), job)
    if integration(app).refused:
        assert isinstance(outcome, TryLater), "the note is kept until somebody has mended it"


def pod(sam: Browser, app: Flask) -> None:
    Widgets(sam, f"/callers/{integration(app).id}/ticket/48213").open()


PLACES: dict[str, Callable[[Browser, Flask], object]] = {
    "a search for tickets": lambda sam, app: sam.get("/tickets?number=48213"),
    "a search for contacts": lambda sam, app: sam.post("/contacts", {"phone": "2025550142"}),
    "a ticket's page": lambda sam, app: sam.get(f"/tickets/{integration(app).id}/48213"),
    "a search for clients": lambda sam, app: sam.get("/policies?q=lark"),
    "a pod": pod,
    "a note": post_a_note,
}


@on_one_database
@pytest.mark.parametrize("place", PLACES)
def test_wherever_it_is_found_out_it_is_written_down_once(
    sam: Browser, app: Flask, emulators: Emulators, place: str
) -> None:
    emulators.control("connectwise", "faults", {"wrong_keys": True})
    PLACES[place](sam, app)
    assert integration(app).refused
    assert integration(app).problem.startswith("The keys are refused. ConnectWise does not accept the API keys")
    for each in PLACES.values():
        each(sam, app)
    (event,) = events(app, "PSA keys refused")
    assert event[3]["integration"] == "ConnectWise" and "does not accept" in event[3]["reason"]
    asked = len([each for each in emulators.control("connectwise", "requests") if each["status"] == 401])
    assert asked == 1, "and the PSA was not asked again with keys that it refuses"


def test_it_is_shown_and_goes_with_the_next_validate(
    sam: Browser, admin: Browser, connected: str, app: Flask, emulators: Emulators
) -> None:
    assert "Re-connect" not in admin.get("/").text
    emulators.control("connectwise", "faults", {"wrong_keys": True})
    found = sam.get("/tickets?number=48213").text
    assert "Try again" in found and "Re-connect" not in found
    assert f'href="{connected}">Re-connect ConnectWise</a>' in admin.get("/").text
    assert "An admin can re-connect it." in words(sam.get("/").text)
    assert 'aria-label="Re-connect ConnectWise"' in admin.get("/integrations").text
    assert "Re-connect ConnectWise" in admin.get("/tickets?number=48213").text
    kept = {**KEYS, "site": emulators.url, "public_key": "", "private_key": ""}
    # Refused again, and then a PSA that is down: neither makes the keys good.
    admin.post(connected, kept)
    emulators.control("connectwise", "faults", {"wrong_keys": False, "down": "503"})
    admin.post(connected, kept)
    assert integration(app).refused and len(events(app, "PSA keys refused")) == 1
    emulators.control("connectwise", "faults", {"reset": True})
    assert "Saved." in admin.post(connected, kept).text
    assert not integration(app).problem
    assert "Re-connect" not in admin.get("/").text + admin.get("/integrations").text
    assert "Verify the caller of 48213" in sam.get("/tickets?number=48213").text


@on_one_database
def test_a_refusal_that_comes_after_the_keys_were_confirmed_anew_counts_for_nothing(sam: Browser, app: Flask) -> None:
    before = integration(app)
    with app.app_context():
        session = db.session()
        bind_tenant(session, before.tenant_id)
        with writing(session):
            integrations.integration(session, before.id).checked_at = now()
        refusals.note(session, before, "ConnectWise does not accept the API keys.", now())
    assert not integration(app).problem and not events(app, "PSA keys refused")


def test_two_who_find_out_at_once_write_it_down_once(sam: Browser, app: Flask) -> None:
    both = [integration(app), integration(app)]
    with app.app_context():
        session = db.session()
        bind_tenant(session, both[0].tenant_id)
        for seen in both:
            assert not seen.refused
            refusals.note(session, seen, "ConnectWise does not accept the API keys.", now())
    assert len(events(app, "PSA keys refused")) == 1


@on_one_database
def test_a_member_whom_connectwise_does_not_confirm_says_nothing_of_the_keys(sam: Browser, app: Flask) -> None:
    door = f"/pod/connectwise/{integration(app).pod_key}/session"
    form = {"id": "48213", "screen": "ticket", "memberid": "sam", "memberHash": "no hash", "memberContext": "x"}
    assert sam.client.post(door, data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 403
    assert not integration(app).problem


@on_one_database
def test_notes_are_posted_in_the_lane_of_what_can_wait(sam: Browser, app: Flask) -> None:
    lanes: list[Lane] = []
    post_a_note(sam, app, lanes)
    assert lanes == [Lane.BACKGROUND]
