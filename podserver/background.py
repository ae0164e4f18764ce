"""What the worker does by itself: sweep, expire, apply, look up, seal. It knows the rooms so that delivery need not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from flask import Flask
from sqlalchemy.orm import Session

from podserver import retention
from podserver.configuration import Settings
from podserver.delivery import inbox, outbox, sweeper
from podserver.delivery.worker import Loop, run
from podserver.history import chain
from podserver.logs import logger
from podserver.verification import service as verification

log = logger(__name__)


# Hand-overs that mostly wait for a person to press a button, at once.
_WAITING_THREADS = 16


def serve(app: Flask) -> None:
    """Run the worker until it is told to stop."""
    settings: Settings = app.extensions["settings"]
    exchange: outbox.Exchange = app.extensions["exchange"]
    with ThreadPoolExecutor(_WAITING_THREADS, thread_name_prefix="waiting") as waiting:

        def ask(row_id: str) -> None:
            try:
                app.extensions["deliver"](row_id)
            except Exception:
                # The row is still there, and the sweeper comes by again.
                log.exception("worker.asking_failed", outbox=row_id)

        def wait_for(row_id: str) -> None:
            waiting.submit(ask, row_id)

        exchange.wait_for = wait_for
        run(app, loops(app), settings.worker_threads)
        waiting.shutdown(wait=True, cancel_futures=True)


def loops(app: Flask) -> list[Loop]:
    """The worker's loops."""
    exchange: outbox.Exchange = app.extensions["exchange"]

    def sweep(session: Session, at: datetime) -> float:
        sweeper.sweep(session, exchange, at)
        inbox.sweep(session, exchange, at)
        for row_id in verification.expire_due(session, at):
            exchange.nudge(row_id)
        return 0.0

    def look_up(session: Session, at: datetime) -> float:
        sweeper.resolve_unknown(session, exchange, at)
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
