"""What the worker does by itself: sweep, expire, apply, look up, seal. It knows the rooms so that delivery need not."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy.orm import Session

from podserver import retention
from podserver.configuration import Settings
from podserver.delivery import inbox, outbox
from podserver.delivery.worker import Loop, run
from podserver.history import chain
from podserver.verification import service as verification


def serve(app: Flask) -> None:
    """Run the worker until it is told to stop."""
    settings: Settings = app.extensions["settings"]
    run(app, loops(app), settings.worker_threads)


def loops(app: Flask) -> list[Loop]:
    """The worker's loops."""
    exchange: outbox.Exchange = app.extensions["exchange"]

    def sweep(session: Session, at: datetime) -> float:
        outbox.sweep(session, exchange, at)
        inbox.sweep(session, exchange, at)
        for row_id in verification.expire_due(session, at):
            exchange.nudge(row_id)
        return 0.0

    def look_up(session: Session, at: datetime) -> float:
        outbox.resolve_unknown(session, exchange, at)
        return 0.0

    swept = False

    def seal(session: Session, at: datetime) -> float:
        nonlocal swept
        lag = chain.seal_pending(session, at, whole=not swept)
        swept = True
        return lag.total_seconds()

    def tidy(session: Session, at: datetime) -> float:
        retention.tidy(session, at)
        return 0.0

    return [
        Loop("sweeper", 1.0, sweep),
        Loop("look-up", 5.0, look_up),
        Loop("sealer", 0.3, seal),
        Loop("tidier", 600.0, tidy),
    ]
