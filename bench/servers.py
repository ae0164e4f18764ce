"""The processes and databases of a run: two gunicorns with the same settings, on databases of their own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis

PROJECT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("PODSERVER_BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("PODSERVER_BENCH_REDIS_URL", "redis://127.0.0.1:6379/13")


class NotStarted(RuntimeError):
    """A server did not come up; the message holds the end of its log."""


def postgres_answers() -> bool:
    """Whether there is a PostgreSQL to measure on."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def redis_answers() -> bool:
    """Whether there is a Redis to queue in."""
    try:
        return bool(redis.Redis.from_url(REDIS, socket_connect_timeout=2).ping())
    except redis.RedisError:
        return False


@contextmanager
def databases(kind: str) -> Iterator[tuple[Path, str, str]]:
    """A state folder and two empty databases, the product's and the floor's; gone afterwards."""
    (PROJECT / "var").mkdir(exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="bench-", dir=PROJECT / "var"))
    names: list[str] = []
    try:
        if kind == "SQLite":
            yield state, f"sqlite:///{state / 'podserver.db'}", f"sqlite:///{state / 'floor.db'}"
            return
        names = [f"podserver_bench_{what}_{secrets.token_hex(4)}" for what in ("product", "floor")]
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            for name in names:
                admin.execute(f'CREATE DATABASE "{name}"')
        product, floor = (POSTGRES.rpartition("/")[0] + f"/{name}" for name in names)
        yield state, product, floor.replace("postgresql://", "postgresql+psycopg://")
    finally:
        shutil.rmtree(state, ignore_errors=True)
        if names:
            with psycopg.connect(POSTGRES, autocommit=True) as admin:
                for name in names:
                    admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Megabytes(NamedTuple):
    """A worker's memory in MB: its share of the machine (pages that n processes share count an nth), what is its own
    alone, and all that it can see."""

    share: float
    own: float
    resident: float


class Gunicorn:
    """One gunicorn master and its workers."""

    def __init__(self, application: str, port: int, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 -- a command of our own
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application],
                cwd=PROJECT,
                env={"PATH": os.environ["PATH"], **environment, "PODSERVER_PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait(port)

    def _wait(self, port: int) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex(("127.0.0.1", port)) == 0 and len(self._workers()) > 1:
                    # The socket listens before the workers have loaded the application.
                    time.sleep(2)
                    return
            time.sleep(0.1)
        self.stop()
        raise NotStarted(self.log()[-2000:])

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def cpu(self) -> float:
        """The seconds that the workers have burnt so far, to the hundredth."""
        ticks = 0
        for pid in self._workers():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> Megabytes:
        """The biggest worker."""
        sizes: list[Megabytes] = []
        for pid in self._workers():
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            parts = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith(" kB")}
            sizes.append(Megabytes(parts["Pss"], parts["Private_Clean"] + parts["Private_Dirty"], parts["Rss"]))
        return max(sizes)

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Stop it, politely first."""
        if self._process.poll() is not None:
            return
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
