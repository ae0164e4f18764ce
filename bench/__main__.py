"""``python -m bench``: podserver and the floor side by side, burst by burst."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from flask_migrate import upgrade
from sqlalchemy import Engine

from bench import report, servers
from bench.data import Floor, Product
from bench.flows import FLOWS, FloorTongue, ProductTongue, Target
from bench.load import run
from podserver.application import create_app
from podserver.configuration import read_settings
from podserver.database import db

CLASSES = {"sync": {"PODSERVER_WORKER_CLASS": "sync"}, "gthread": {"PODSERVER_THREADS": "8"}}
# Callers that are in the tables before anything is measured.
_LONG_IN_USE = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. ``seconds`` is the length of a burst."""

    databases: tuple[str, ...]
    classes: tuple[str, ...]
    flows: tuple[str, ...]
    clients: tuple[int, ...]
    rounds: int
    seconds: float
    port: int


def main() -> None:
    """Measure and print."""
    plan = _plan()
    begun = time.monotonic()
    print(report.heading(plan.seconds, plan.rounds, servers.redis_answers()), flush=True)
    measured: list[report.Setup] = []
    for database in plan.databases:
        if database == "PostgreSQL" and not servers.postgres_answers():
            print("PostgreSQL is missing on this machine, so it is not measured and its aims are open.\n")
            continue
        for worker_class in plan.classes:
            setup = report.Setup(database, worker_class)
            _measure(setup, plan)
            print(report.table(setup), flush=True)
            measured.append(setup)
    print(report.aims(measured))
    print(f"\nTook {time.monotonic() - begun:.0f} s.")


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short bursts, 8 and 32 clients: below 2 minutes")
    parser.add_argument("--database", choices=["SQLite", "PostgreSQL"], help="only this one")
    parser.add_argument("--workers", choices=list(CLASSES), help="only this class of workers")
    parser.add_argument("--flow", choices=FLOWS, action="append", help="only this flow; can be repeated")
    parser.add_argument("--clients", type=int, action="append", help="only so many clients; can be repeated")
    parser.add_argument("--rounds", type=int, help="how many pairs of bursts")
    parser.add_argument("--seconds", type=float, help="the length of a burst")
    parser.add_argument("--port", type=int, default=8300, help="the product's port; the floor takes the next")
    said = parser.parse_args()
    return Plan(
        databases=(said.database,) if said.database else ("SQLite", "PostgreSQL"),
        classes=(said.workers,) if said.workers else tuple(CLASSES),
        flows=tuple(said.flow or FLOWS),
        clients=tuple(said.clients or ((8, 32) if said.quick else (1, 8, 32))),
        rounds=said.rounds or (2 if said.quick else 3),
        seconds=said.seconds or (0.2 if said.quick else 0.8),
        port=said.port,
    )


def _measure(setup: report.Setup, plan: Plan) -> None:
    with servers.databases(setup.database) as (state, product_url, floor_url):
        environment = {
            "PODSERVER_ENVIRONMENT": "development",
            "PODSERVER_BASE_URL": f"http://127.0.0.1:{plan.port}",
            "PODSERVER_SECRET_KEYS": Fernet.generate_key().decode(),
            "PODSERVER_STATE_DIR": str(state),
            "PODSERVER_DATABASE_URL": product_url,
            "PODSERVER_LOG_LEVEL": "warning",
            "PODSERVER_WORKERS": "2",
            **CLASSES[setup.worker_class],
        }
        if setup.database == "PostgreSQL" and servers.redis_answers():
            environment["PODSERVER_REDIS_URL"] = servers.REDIS
        with product_of(environment) as product, _floor(floor_url) as floor:
            for side in (product, floor):
                side.callers(_LONG_IN_USE, pending=True)
                side.settle()
            setup.poll_statements = product.statements_of_a_poll()
            _race(setup, plan, environment | {"BENCH_FLOOR_DATABASE_URL": floor_url}, product, floor, state)


@contextmanager
def product_of(environment: dict[str, str]) -> Iterator[Product]:
    """The product with a database of its own, and its data."""
    app = create_app(read_settings(environment))
    # Nothing works the queue off here; what it holds from before a run is as useless as what a run leaves.
    app.extensions["queue"].flush()
    engine: Engine
    with app.app_context():
        engine = db.engine
        upgrade()
    try:
        yield Product(app)
    finally:
        app.extensions["queue"].flush()
        engine.dispose()


@contextmanager
def _floor(url: str) -> Iterator[Floor]:
    floor = Floor(url)
    try:
        yield floor
    finally:
        floor.close()


def _race(
    setup: report.Setup, plan: Plan, environment: dict[str, str], product: Product, floor: Floor, state: Path
) -> None:
    gunicorns: dict[str, servers.Gunicorn] = {}
    try:
        for name, application, port in (
            (report.PRODUCT, "wsgi:app", plan.port),
            (report.FLOOR, "bench.floor:create_app()", plan.port + 1),
        ):
            gunicorns[name] = servers.Gunicorn(application, port, environment, state / f"{name}.log")
        targets = (
            Target(report.PRODUCT, plan.port, product, ProductTongue),
            Target(report.FLOOR, plan.port + 1, floor, FloorTongue),
        )
        for flow in plan.flows:
            _measure_flow(setup, plan, flow, targets, gunicorns)
        for name, gunicorn in gunicorns.items():
            setup.megabytes[name] = gunicorn.megabytes()
        setup.exhausted = sum(gunicorns[report.PRODUCT].log().count(sign) for sign in report.EXHAUSTED)
    finally:
        for gunicorn in gunicorns.values():
            gunicorn.stop()


def _measure_flow(
    setup: report.Setup,
    plan: Plan,
    flow: str,
    targets: tuple[Target, Target],
    gunicorns: dict[str, servers.Gunicorn],
) -> None:
    for target in targets:
        # Every thread has its own connection, which prepares a statement when it meets it the fifth time.
        run(target.port, itertools.islice(target.requests(flow, 200), 200), 16, 5)
    rates: dict[str, float] = defaultdict(lambda: 900.0)
    for clients in plan.clients:
        for number in range(plan.rounds):
            # A B, then B A: whatever drifts on the machine falls on both.
            for target in targets if number % 2 == 0 else reversed(targets):
                most = min(3000, max(60, int(rates[target.name] * plan.seconds * 1.4)))
                requests = target.requests(flow, most)
                before = gunicorns[target.name].cpu()
                burst = run(target.port, requests, clients, plan.seconds)
                burst.server_cpu = gunicorns[target.name].cpu() - before
                rates[target.name] = max(burst.rate, 50.0)
                setup.bursts[flow, clients, target.name].append(burst)
        _progress(flow, clients)


def _progress(flow: str, clients: int) -> None:
    if os.isatty(sys.stderr.fileno()):
        print(f"\r{flow}, {clients} clients{' ' * 20}", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
