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
