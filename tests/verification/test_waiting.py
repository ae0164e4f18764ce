"""Who waits for whom: two transactions at one contact queue at the contact's guard, and never for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from parts import emptied
from seeds import NOON, Seeds
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from test_engine import code_of
from world import wait_for

from podserver.database import db, writing
from podserver.delivery import outbox
from podserver.delivery.models import OutboxRow, Progress
from podserver.history.models import HistoryEvent
from podserver.tenancy import bind_tenant
from podserver.verification import deliveries, starting
from podserver.verification import service as verification
from podserver.verification.ending import Result
from podserver.verification.models import Guard, Verification

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def database_url(migrated_postgres: str) -> str:
    """PostgreSQL: on SQLite nobody else writes while one does."""
    return emptied(migrated_postgres)


def elsewhere(app: Flask, tenant: int, job: Callable[[Session], object]) -> tuple[threading.Thread, list[Exception]]:
    """Run a job in a transaction of another thread, as another process would."""
    problems: list[Exception] = []

    def run() -> None:
        with app.app_context():
            session = db.session()
            bind_tenant(session, tenant)
            try:
                with writing(session):
                    job(session)
            except Exception as problem:
                problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, problems


def somebody_waits(app: Flask) -> bool:
    with app.app_context(), db.engine.connect() as connection:
        return bool(connection.scalar(WAITING))


@pytest.mark.postgresql
def test_an_alarm_on_the_telephone_waits_for_a_code_that_is_being_judged(app: Flask) -> None:
    northgate = Seeds(db.session())
    result = northgate.start()
    assert result.verification is not None
    code = code_of(northgate, result)
    which = result.verification.id
    call = outbox.Report(which, Progress.DONE, deliveries.NOT_ASKED, "", "", NOON)
    with writing(northgate.session) as session:
        # As far as a check is when it has the first of its locks.
        assert session.scalars(select(Guard).where(Guard.destination_key == "").with_for_update()).one()
        thread, problems = elsewhere(
            app, northgate.tenant.id, lambda other: deliveries.DeliveryTopic().report(other, call)
        )
        wait_for("the alarm to wait", lambda: somebody_waits(app))
        judged = verification.check(
            session, tenant=northgate.tenant, asker=northgate.asker, verification_id=which,
            integration_id=northgate.integration.id, contact="77", answer=code, request_id="r" * 26, at=NOON,
        )  # fmt: skip
    thread.join(timeout=20)
    assert not thread.is_alive() and not problems
    assert judged.verification is not None and judged.verification.state == "verified"
    northgate.session.expire_all()
    assert northgate.session.get_one(Verification, which).state == "verified"
    told = northgate.session.scalars(select(HistoryEvent.kind).order_by(HistoryEvent.id)).all()
    assert told[-2:] == ["verified", "late proof refused"]


@pytest.mark.postgresql
@pytest.mark.parametrize("used_before", [False, True])
def test_who_waits_for_another_start_joins_it_and_sends_nothing(app: Flask, used_before: bool) -> None:
    northgate = Seeds(db.session())
    if used_before:
        result = northgate.start()
        northgate.check(result, code_of(northgate, result))
    setting, tenant = northgate.setting(), northgate.tenant.id
    target, asker, caller = northgate.target(), northgate.asker, northgate.caller
    joined: list[Result] = []

    def start(session: Session, request_id: str) -> Result:
        return starting.start(
            session, setting=setting, asker=asker, caller=caller, target=target, method="sms_code",
            request_id=request_id, again=False, at=NOON,
        )  # fmt: skip

    with writing(northgate.session) as session:
        first = start(session, "a" * 26)
        thread, problems = elsewhere(app, tenant, lambda other: joined.append(start(other, "b" * 26)))
        wait_for("the second start to wait", lambda: somebody_waits(app))
    thread.join(timeout=20)
    assert not thread.is_alive() and not problems
    assert first.verification is not None and joined[0].verification is not None
    assert joined[0].verification.id == first.verification.id
    assert first.changed and not joined[0].changed and not joined[0].outbox
    sent = northgate.session.scalars(select(OutboxRow.id).where(OutboxRow.channel == "sms")).all()
    assert len(sent) == 1 + used_before
