"""A world that is put on trial: it can be looked into from outside, its queue held, its callers made up."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import parts
import pytest
import redis
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from technician import Caller, Ledger, Pod
from wire import Wire
from world import PROJECT, World, wait_for

from podserver.configuration import read_settings
from podserver.delivery.queue import make_queue

DATABASES: Final = ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.redis])]
LEASE: Final = 4
OUTSIDERS: Final = "Lakeside Tech"
OUTSIDER: Final = ("rosa@lakeside.example", "forty grey herons on a roof")
OUTSIDERS_ACCOUNT: Final = ("AC" + "0" * 31 + "2", "lakeside-auth-token-0002")
# Of the numbers that are nobody's, those that neither the seed data nor our sender use.
_NUMBERS: Final = [f"+1{area}55501{n:02d}" for area in (202, 212, 312, 415, 617) for n in range(100)]
_SEEDED: Final = {
    f"+120255501{n}" for n in ("00", "19", "23", "24", "25", "26", "27", "28", "34", "36", "42", "50", "77")
}
_FREE: Final = [number for number in _NUMBERS if number not in _SEEDED]


def background(job: Callable[[], Any]) -> Future[Any]:
    """Start a job in a thread of its own."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(job())
        except BaseException as problem:
            future.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    return future


def all_at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Run jobs in as many threads, let go together; results in order, an exception where a job raised one."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return job()
        except Exception as problem:
            return problem

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


@dataclass
class Trial(World):
    """A world with a second MSP in it, whose SMS travel over a :class:`Wire`."""

    ledger: Ledger = field(default_factory=Ledger)
    callers: dict[str, Caller] = field(default_factory=dict)
    condemned: set[str] = field(default_factory=set)
    busy: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.wire = Wire(self.emulator_port)
        self.environment["PODSERVER_TWILIO_API_URL"] = self.wire.url
        self.environment["PODSERVER_LEASE_SECONDS"] = str(LEASE)
        url = self.environment["PODSERVER_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
        self.engine = create_engine(url, poolclass=NullPool)
        self._numbers = itertools.count()
        self._making = threading.Lock()

    # --- Processes ------------------------------------------------------------------------------------------------

    def begin(self, *demo_options: str, **secrets: str) -> Trial:
        """Start everything on an empty database, with two MSPs. ``secrets`` are more environment for the demo."""
        self.start_emulators()
        sid, token = OUTSIDERS_ACCOUNT
        outsiders = ("--tenant", OUTSIDERS)
        keys = ("--site", self.emulators, "--company", "northgate", "--public-key", "demoPublicKey01")
        client = ("--client-id", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
        who = ("--name", OUTSIDERS, "--email", OUTSIDER[0], "--admin-name", "Rosa Lind", "--password", OUTSIDER[1])
        printed = self.commands(
            ("database", "upgrade"),
            ("demo", "--json", "--psa-site", self.emulators, *demo_options),
            ("init", *who),
            ("integration", "add", "connectwise", *outsiders, *keys, *client),
            ("sms", *outsiders, "--account-sid", sid, "--sender", "+12025550100"),
            PODSERVER_PSA_PRIVATE_KEY="demoPrivateKey01",
            PODSERVER_TWILIO_AUTH_TOKEN=token,
            **secrets,
        )
        self.demo = json.loads(next(line for line in printed if line.startswith("{")))
        self.pod_url: str = self.demo["pod_url"]
        self.outsiders_pod_url = next(line for line in printed if line.startswith(f"{self.web}/pod/"))
        # The budgets per hour are for people, not for a test that asks a hundred times in a minute.
        self.change("UPDATE tenants SET sends_per_hour = NULL, technician_sends_per_hour = NULL")
        self.ready()
        return self

    def commands(self, *commands: tuple[str, ...], **more: str) -> list[str]:
        """Run podserver commands one after the other, in one process as each takes a second to load."""
        one_by_one = "import sys, json; from podserver.command import main\n"
        one_by_one += "for command in json.loads(sys.argv[1]): main(command, standalone_mode=False)"
        done = subprocess.run(
            [sys.executable, "-c", one_by_one, json.dumps(commands)],
            cwd=PROJECT,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.splitlines()

    def ready(self) -> None:
        """Web and worker run, and every fault is off."""
        self.wire.dead = False
        for part in ("twilio", "connectwise"):
            self.mend(part)
        self.revive()

    def revive(self) -> None:
        """Start what was killed."""
        if "web" not in self.running:
            self.start("web", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")
        if "worker" not in self.running:
            self.start_worker()
        wait_for("the web server", lambda: requests.get(f"{self.web}/readyz", timeout=1).ok)

    def end(self) -> None:
        """Stop everything."""
        self.stop_all()
        self.wire.close()

    @contextlib.contextmanager
    def queue_held(self) -> Iterator[None]:
        """Nothing can be put into the queue meanwhile; it lasts 2.5 s at most."""
        if "PODSERVER_REDIS_URL" in self.environment:
            queue = redis.Redis.from_url(self.environment["PODSERVER_REDIS_URL"])
            queue.client_pause(2500, all=False)
            try:
                yield
            finally:
                queue.client_unpause()
                queue.close()
            return
        lock = sqlite3.connect(self.state / "queue.db", timeout=10, isolation_level=None)
        try:
            lock.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            lock.close()

    def lose_the_queue(self) -> int:
        """Empty the queue behind everybody's back; return how many tasks were in it."""
        if "PODSERVER_REDIS_URL" in self.environment:
            with redis.Redis.from_url(self.environment["PODSERVER_REDIS_URL"]) as queue:
                name = make_queue(read_settings(self.environment)).storage.queue_key
                lost = int(queue.llen(name))
                queue.delete(name)
                return lost
        with contextlib.closing(sqlite3.connect(self.state / "queue.db", timeout=10, isolation_level=None)) as queue:
            return queue.execute("DELETE FROM task").rowcount

    # --- Looking in -----------------------------------------------------------------------------------------------

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """What a SELECT finds, as an operator with the database's password would see it."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    def change(self, statement: str, **values: Any) -> None:
        """Change rows behind the product's back."""
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def verifications(self, caller: Caller) -> list[dict[str, Any]]:
        """The verifications of a caller, oldest first."""
        return self.rows("SELECT * FROM verifications WHERE contact = :c ORDER BY created_at", c=caller.contact)

    def newest(self, caller: Caller) -> dict[str, Any]:
        """The caller's newest verification. Raises IndexError where there is none."""
        return self.verifications(caller)[-1]

    def outbox(self, subject: str, channel: str = "sms") -> dict[str, Any]:
        """The outbox row of a verification's message, or of its note."""
        found = self.rows("SELECT * FROM outbox WHERE subject = :s AND channel = :c", s=subject, c=channel)
        return found[0]

    def kinds(self, verification: str) -> list[str]:
        """The kinds of a verification's events, in order."""
        found = self.rows("SELECT kind FROM history_events WHERE verification = :v ORDER BY id", v=verification)
        return [row["kind"] for row in found]

    def settle(self, seconds: float = 45) -> None:
        """Wait until nothing is under way: handed over, applied and sealed."""

        def quiet() -> bool:
            counts = self.rows(
                "SELECT (SELECT count(*) FROM outbox WHERE progress IN ('ready', 'handing_over')) AS outbox,"
                " (SELECT count(*) FROM inbox WHERE applied_at IS NULL) AS inbox,"
                " (SELECT count(*) FROM history_events) - (SELECT count(*) FROM history_seals) AS unsealed"
            )[0]
            return not any(counts.values())

        wait_for("outbox, inbox and sealer to settle", quiet, seconds)

    # --- People ---------------------------------------------------------------------------------------------------

    def new_caller(self) -> Caller:
        """Somebody who has just called: a contact, a number and a ticket that nobody else has."""
        with self._making:
            number = _FREE[next(self._numbers)]
        made = self._make(
            "contacts",
            firstName="Robin",
            lastName=f"Case {number[-4:]}",
            company={"id": 250},
            communicationItems=[
                {"type": {"id": 4}, "value": number[2:], "communicationType": "Phone", "defaultFlag": True}
            ],
        )
        ticket = self._make(
            "tickets", summary="Locked out", company={"id": 250}, contact={"id": made["id"]}, board={"id": 1}
        )
        caller = Caller(str(made["id"]), str(ticket["id"]), number)
        self.callers[caller.contact] = caller
        return caller

    def _make(self, table: str, **record: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.emulators}/_emulator/connectwise/{table}", json=record, timeout=10)
        assert answer.ok, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def pod(self, caller: Caller, member: str = "sam") -> Pod:
        """A technician's pod on the caller's ticket."""
        return Pod(self.web, self.pod_url, self.emulators, self.ledger, caller).open(member)

    def outsiders_pod(self, caller: Caller) -> Pod:
        """The same ticket, opened by the other MSP's admin through its own integration."""
        return Pod(self.web, self.outsiders_pod_url, self.emulators, self.ledger, caller).open_by_password(*OUTSIDER)

    def codes(self, number: str) -> list[str]:
        """The codes that were texted to a number, oldest first."""
        return [match[1] for m in self.messages(number) if (match := re.search(r"Code: (\d{6})", m["body"]))]

    def finish(self, caller: Caller, pod: Pod | None = None) -> None:
        """The caller reads out the newest code, and is verified."""
        code = self.code(caller.number)
        row = (pod or self.pod(caller)).check(self.newest(caller)["id"], code)
        assert row.shield == "verified", row


def watch(seconds: float, holds: Callable[[], bool], what: str) -> None:
    """Fail naming ``what`` as soon as something stops to hold within ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert holds(), what
        time.sleep(0.1)


def on_every_database(scenario: Callable[[Trial], None]) -> Callable[..., None]:
    """A test for each database out of one scenario that mostly waits: all of them are under way together."""
    under_way: dict[str, Future[Any]] = {}

    def run(world: Trial) -> None:
        with world.busy:
            world.ready()
            try:
                scenario(world)
            finally:
                world.ready()

    @pytest.mark.parametrize("database", DATABASES)
    def test(database: str, trials: dict[str, Trial]) -> None:
        if database not in trials:
            parts.missing("PostgreSQL or Redis")
        if not under_way:
            under_way.update({name: background(lambda world=world: run(world)) for name, world in trials.items()})
        under_way[database].result(240)

    test.__name__, test.__module__ = scenario.__name__, scenario.__module__
    return test
