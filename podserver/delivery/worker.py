"""The worker: Huey's consumer for nudges, and loops that need no nudge.

The sweeper takes up what a dead process left and ends what ran out; the sealer chains committed history. Each loop
survives its own failures and leaves a pulse that says when it was last alive and how far it lags.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from huey.api import Huey
from sqlalchemy.orm import Session

from podserver.database import db, now, upsert, writing
from podserver.delivery.models import WorkerPulse
from podserver.logs import logger

log = logger(__name__)

_PULSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Loop:
    """Work that is done again and again. ``turn`` returns how many seconds it lags behind."""

    name: str
    every: float
    turn: Callable[[Session, datetime], float]


def run(app: Flask, loops: list[Loop], threads: int) -> None:
    """Serve until SIGTERM or SIGINT; the tasks at hand are finished first."""
    stop = threading.Event()
    runners = [threading.Thread(target=_run_loop, args=(app, loop, stop), name=loop.name) for loop in loops]
    for runner in runners:
        runner.daemon = True
        runner.start()
    queue: Huey = app.extensions["queue"]
    consumer = queue.create_consumer(
        workers=threads, periodic=False, initial_delay=0.05, max_delay=0.25, backoff=1.5, check_worker_health=True,
        graceful_signal="TERM",
    )  # fmt: skip
    log.info("worker.started", threads=threads)
    try:
        consumer.run()
    finally:
        stop.set()
        for runner in runners:
            runner.join(timeout=10)
        log.info("worker.stopped")


def _run_loop(app: Flask, loop: Loop, stop: threading.Event) -> None:
    last_pulse = 0.0
    passed = 0.0
    while not stop.is_set():
        with app.app_context():
            try:
                lag = loop.turn(db.session(), now())
                # A loop that rests longer than the pulse could only seem dead.
                due = passed - last_pulse >= _PULSE_SECONDS or last_pulse == 0.0
                if due and loop.every <= _PULSE_SECONDS:
                    beat(db.session(), loop.name, lag, now())
                    last_pulse = passed or 0.001
            except Exception:
                # The next turn may go better; a loop that ended would be silence.
                log.exception("worker.loop_failed", loop=loop.name)
                db.session.rollback()
        stop.wait(loop.every)
        passed += loop.every


def beat(session: Session, part: str, lag: float, at: datetime) -> None:
    """Leave a pulse."""
    with writing(session):
        statement = upsert(session, WorkerPulse).values(part=part, at=at, lag_seconds=lag)
        session.execute(statement.on_conflict_do_update(index_elements=["part"], set_={"at": at, "lag_seconds": lag}))
