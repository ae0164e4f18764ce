"""Huey as engine: it carries "look at outbox row X now" to a worker. The outbox is the truth; a lost task costs a
second, never a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from huey import RedisHuey, SqliteHuey
from huey.api import Huey
from redis import ConnectionPool

from podserver.configuration import Settings
from podserver.logs import logger
from podserver.security.sealing import fingerprint

log = logger(__name__)


def make_queue(settings: Settings) -> Huey:
    """The queue in Redis where a URL is given, else in a SQLite file of its own under the state directory."""
    if settings.redis_url:
        # Time-outs of its own: a Redis that hangs must not hold a technician's request.
        pool = ConnectionPool.from_url(settings.redis_url, socket_timeout=3, socket_connect_timeout=2)
        # Named after the database: two podservers that share a Redis must not take each other's hints.
        name = f"podserver-{fingerprint(settings.database_url)[:12]}"
        return RedisHuey(name, connection_pool=pool, results=False)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    queue = SqliteHuey(
        "podserver", filename=str(settings.state_dir / "queue.db"), results=False, fsync=False, timeout=5
    )
    # It opened its file to make its tables; a connection must not be carried into a worker that is forked from here.
    queue.storage.close()
    return queue


class Nudger:
    """Puts a row's id into the queue; a queue that is down is logged, and the sweeper finds the row."""

    def __init__(self, queue: Huey, deliver: Callable[[str], None]) -> None:
        self._task: Any = queue.task(name="deliver")(deliver)

    def __call__(self, row_id: str) -> None:
        """Nudge a worker about one row."""
        try:
            self._task(row_id)
        except Exception as error:
            log.warning("queue.unreachable", error=type(error).__name__)
