"""What is of no more use is deleted, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from seeds import NOON, Seeds
from sqlalchemy import func, select

from podserver import retention
from podserver.accounts.models import SignIn
from podserver.database import db, writing
from podserver.delivery.models import InboxRow, OutboxRow
from podserver.history.models import HistoryEvent
from podserver.pod.models import PsaRecord
from podserver.tenancy import bind_tenant
from podserver.verification import service as verification
from podserver.verification.models import Verification


def test_old_rows_go_and_fresh_ones_and_the_history_stay(app: Flask) -> None:
    seeds = Seeds(db.session())
    tenant_id = seeds.everything()
    session = db.session()

    def left() -> dict[str, int]:
        bind_tenant(session, tenant_id)
        tables = (PsaRecord, SignIn, InboxRow, OutboxRow, HistoryEvent)
        return {t.__name__: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}

    everything = left()
    assert all(everything.values())
    retention.tidy(session, NOON + timedelta(hours=23))
    assert left() == everything
    retention.tidy(session, NOON + timedelta(days=29))
    assert left() == {**everything, "PsaRecord": 0}
    with writing(session):
        for row in session.scalars(select(OutboxRow)):
            row.ended_at = NOON
    retention.tidy(session, NOON + timedelta(days=31))
    assert left() == {"PsaRecord": 0, "SignIn": 0, "InboxRow": 0, "OutboxRow": 0,
                      "HistoryEvent": everything["HistoryEvent"]}  # fmt: skip


def test_a_link_says_that_it_is_used_for_a_day_and_is_then_like_one_that_never_was(app: Flask) -> None:
    seeds = Seeds(db.session())
    started = seeds.start(method="sms_link")
    assert started.verification is not None
    session = db.session()
    with writing(session):
        bind_tenant(session, seeds.tenant.id)
        verification.cancel(
            session, asker=seeds.asker, verification_id=started.verification.id,
            integration_id=seeds.integration.id, contact="77", at=NOON,
        )  # fmt: skip

    def known() -> str | None:
        bind_tenant(session, seeds.tenant.id)
        found = session.scalar(select(Verification.link_hash).where(Verification.id == started.verification.id))
        session.rollback()
        return found

    retention.tidy(session, NOON + timedelta(hours=23))
    assert known()
    retention.tidy(session, NOON + timedelta(hours=25))
    assert known() is None
