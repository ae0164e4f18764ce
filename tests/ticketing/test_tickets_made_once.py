"""A ticket that was decided on is made once and only once, whatever happens on the way to ConnectWise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from ticketing_rig import Desk, Psa, a_ticket

from connectors.discipline import Lane
from podserver.database import db, now, writing
from podserver.delivery import outbox, sweeper
from podserver.delivery.models import OutboxRow, Progress
from podserver.delivery.outbox import Exchange
from podserver.history.service import Kind
from podserver.integrations.service import integration
from podserver.security import sealing
from podserver.ticketing import service, tickets

TICKETS = "POST /service/tickets"


class Work:
    """One ticket on its way: its outbox row, and a clock that the test sets."""

    def __init__(self, app: Flask, desk: Desk, psa: Psa, *, at: datetime | None = None, **changes: Any) -> None:
        self.exchange: Exchange = app.extensions["exchange"]
        self.desk, self.psa, self.at = desk, psa, at or now()
        self.subject = sealing.random_id()
        self.reference = tickets.reference_of(self.subject)
        with writing(desk.bound()) as session:
            self.id = tickets.open_ticket(
                session, integration_id=desk.integration_id, subject=self.subject,
                new=a_ticket(self.reference, **changes), at=self.at,
            )  # fmt: skip

    def attempt(self, later: timedelta = timedelta(0)) -> OutboxRow:
        """Hand the row over, so much later; the row as it stands then."""
        self.at += later
        session = self.desk.bound()
        outbox.deliver(session, self.exchange, self.id, lambda: self.at)
        return self.row

    def sweep(self, later: timedelta) -> None:
        """What the worker does by itself, so much later."""
        self.at += later
        sweeper.sweep(self.desk.bound(), self.exchange, self.at)

    @property
    def row(self) -> OutboxRow:
        """The row as it stands."""
        session = self.desk.bound()
        found = session.get(OutboxRow, self.id, populate_existing=True)
        assert found is not None
        session.expunge(found)
        session.rollback()
        return found

    @property
    def made(self) -> list[str]:
        """The summaries of the PSA's tickets that carry the reference."""
        return self.psa.summaries(self.reference)


@pytest.fixture
def work(app: Flask, desk: Desk, psa: Psa) -> Work:
    return Work(app, desk, psa)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """The outbox itself is tried on both databases elsewhere."""
    return sqlite_url


def test_a_ticket_is_made_with_its_reference_and_told_in_the_history(work: Work, desk: Desk, psa: Psa) -> None:
    row = work.attempt()
    assert (row.progress, row.status) == (Progress.DONE, "opened")
    assert work.made == [f"Caller asks for a new password [{work.reference}]"]
    assert all("conditions" not in path for path in psa.asked()), "the first attempt has nothing to look for"
    (event,) = desk.changes(Kind.TICKET_OPENED)
    assert (event.ticket, event.company_name, event.integration_id) == (
        row.provider_ref, "Larkfield Dental", desk.integration_id,
    )  # fmt: skip
    assert event.detail == {"reference": work.reference}
    assert row.payload == "{}"


def test_a_profile_decides_what_the_ticket_is(app: Flask, desk: Desk, psa: Psa) -> None:
    profile = desk.profile()
    subject = sealing.random_id()
    new = service.new_ticket(
        profile, summary="Unknown caller", text="By phone.", reference=tickets.reference_of(subject)
    )
    with writing(desk.bound()) as session:
        row = tickets.open_ticket(session, integration_id=desk.integration_id, subject=subject, new=new, at=now())
    outbox.deliver(desk.bound(), app.extensions["exchange"], row, now)
    (made,) = [each for each in psa.store.rows("tickets") if subject.upper() in each["summary"]]
    named = {name: made[name]["id"] for name in ("company", "board", "type", "subType", "item", "priority", "status")}
    assert named == {
        "company": 250, "board": 1, "type": 41, "subType": 51, "item": 61, "priority": 3, "status": 501
    }  # fmt: skip


def test_an_answer_that_was_lost_after_the_write_leaves_one_ticket(work: Work, psa: Psa, desk: Desk) -> None:
    psa.faults(lose_answer_after_write=1)
    row = work.attempt()
    assert row.progress == Progress.READY and len(work.made) == 1
    assert row.due_at - work.at >= timedelta(seconds=19), "a call may still be at work at the PSA's side"
    assert work.attempt().attempts == 1, "it is not due yet"
    row = work.attempt(timedelta(seconds=21))
    assert (row.progress, row.attempts, len(work.made)) == (Progress.DONE, 2, 1)
    assert len(desk.changes(Kind.TICKET_OPENED)) == 1


@pytest.mark.parametrize("written", [True, False])
def test_a_worker_that_died_in_the_middle_leaves_one_ticket(
    work: Work, psa: Psa, desk: Desk, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    """The row is leased, the ticket made or not, and nobody is left to record it."""

    class Killed(BaseException):
        pass

    channel = work.exchange.channels[tickets.CHANNEL]
    hand_over = channel.hand_over

    def dies(session: Any, job: Any) -> Any:
        if written:
            hand_over(session, job)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(channel, "hand_over", dies)
        with pytest.raises(Killed):
            work.attempt()
    assert work.row.progress == Progress.HANDING_OVER and len(work.made) == (1 if written else 0)
    work.sweep(work.exchange.lease + timedelta(seconds=1))
    assert work.row.progress == Progress.READY
    row = work.attempt(timedelta(seconds=30))
    assert (row.progress, row.attempts, len(work.made)) == (Progress.DONE, 2, 1)
    assert len(desk.changes(Kind.TICKET_OPENED)) == 1


def test_a_psa_that_was_down_gets_its_ticket_when_it_is_back(work: Work, psa: Psa) -> None:
    psa.faults(down="503", html_errors=True)
    for _ in range(2):
        assert work.attempt(timedelta(minutes=1)).progress == Progress.READY
    assert work.made == []
    psa.control("reset", {})
    assert work.attempt(timedelta(minutes=10)).progress == Progress.DONE
    assert len(work.made) == 1


def test_keys_that_are_refused_keep_the_ticket_until_an_admin_has_mended_them(
    work: Work, psa: Psa, app: Flask, desk: Desk
) -> None:
    psa.faults(wrong_keys=True)
    row = work.attempt()
    assert row.progress == Progress.READY and row.due_at - work.at == timedelta(minutes=5)
    psa.control("reset", {})
    app.extensions["connections"].forgive(integration(desk.bound(), desk.integration_id))
    assert work.attempt(timedelta(minutes=6)).progress == Progress.DONE
    assert len(work.made) == 1


def test_a_limit_is_waited_for(work: Work, psa: Psa) -> None:
    psa.faults(rate_limit={"requests": 1, "retry_after": 7})
    row = work.attempt()
    assert row.progress == Progress.READY and row.error == "the PSA asks to wait"
    assert row.due_at - work.at == timedelta(seconds=7)


def test_a_ticket_that_the_psa_never_takes_ends_and_is_told(app: Flask, desk: Desk, psa: Psa) -> None:
    work = Work(app, desk, psa, status_ref="99999")
    row = work.attempt()
    assert row.progress == Progress.FAILED and row.error
    (event,) = desk.changes(Kind.TICKET_FAILED)
    assert event.detail == {"reason": row.error, "reference": work.reference}
    assert work.made == []


def test_a_lease_that_is_nearly_over_begins_no_ticket(app: Flask, desk: Desk, psa: Psa) -> None:
    work = Work(app, desk, psa, at=now() - app.extensions["exchange"].lease * 0.5)
    work.attempt()
    assert work.row.progress == Progress.READY and work.row.error == "the PSA was too slow, trying again"
    assert work.made == []


def test_a_reference_that_is_not_its_subjects_is_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="not its subject's"), writing(desk.bound()) as session:
        tickets.open_ticket(
            session, integration_id=desk.integration_id, subject=sealing.random_id(), new=a_ticket("PV-2"), at=now()
        )


def test_tickets_are_opened_in_the_lane_that_can_wait(work: Work) -> None:
    lanes: list[Lane] = []
    channel: Any = work.exchange.channels[tickets.CHANNEL]
    connect = channel._connect

    def watched(*args: Any, **kwargs: Any) -> Any:
        lanes.append(kwargs["lane"])
        return connect(*args, **kwargs)

    channel._connect = watched
    assert work.attempt().progress == Progress.DONE
    assert lanes == [Lane.BACKGROUND]
    db.session.remove()
