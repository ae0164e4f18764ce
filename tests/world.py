"""A whole world in real processes: emulators, database, web server, worker. Nothing in it knows that it is tested."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import redis
import requests

from emulators.desk.administrator import give_push_secret
from emulators.entra import CLIENT_ID
from emulators.tls import certificates

PROJECT: Final = Path(__file__).resolve().parent.parent
DANA_MOBILE: Final = "+12025550142"
DANA_DIRECT: Final = "+12025550177"
TICKET: Final = "48213"
ADMIN: Final = ("alex@northgate.example", "paper lanterns over the harbour")
SAM: Final = ("sam@northgate.example", "seven brass kettles singing")


def free_port() -> int:
    """A TCP port that nobody listens on; below those that connections get by themselves, so that it stays free."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


PATIENCE: Final = 3


def wait_for(what: str, found: Any, seconds: float = 20) -> Any:
    """Call ``found`` until it returns something true; fail naming ``what`` when it never does."""
    # What is asked is whether it comes, and other tests may keep both cores busy.
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(requests.RequestException, KeyError, IndexError):
            value = found()
            if value:
                return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


@dataclass
class World:
    """Processes and their addresses. ``environment`` is what podserver's processes get."""

    state: Path
    environment: dict[str, str]
    web_port: int = field(default_factory=free_port)
    emulator_port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.web = f"http://127.0.0.1:{self.web_port}"
        self.emulators = f"http://localhost:{self.emulator_port}"
        microsoft = f"https://localhost:{self.tls_port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state),
            "NO_PROXY": "*",
            **self.environment,
            "PODSERVER_BASE_URL": self.web,
            "PODSERVER_PORT": str(self.web_port),
            "PODSERVER_TWILIO_API_URL": self.emulators,
            "PODSERVER_MICROSOFT_LOGIN_URL": microsoft,
            "PODSERVER_MICROSOFT_GRAPH_URL": microsoft,
            "PODSERVER_MICROSOFT_PUSH_URL": microsoft,
            "PODSERVER_LOCAL_HOSTS": ",".join(
                f"localhost:{port}" for port in (self.emulator_port, self.tls_port, self.smtp_port)
            ),
            # Made here already, as the product wants to read it when it starts.
            "PODSERVER_CA_FILE": str(certificates(self.state / "emulators" / "certificates").authority),
        }

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self.state / f"{name}.log"

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own, so that its children die with it."""
        with self.log(name).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.running[name] = process
        return process

    def run(self, *command: str) -> str:
        """Run a podserver command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "podserver", *command],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def start_emulators(self) -> None:
        """Start the emulators and wait until they answer."""
        ports = {"--port": self.emulator_port, "--tls-port": self.tls_port, "--smtp-port": self.smtp_port}
        options = [text for option, port in ports.items() for text in (option, str(port))]
        self.start("emulators", "emulators", *options, "--state", str(self.state / "emulators"))
        wait_for("the emulators", lambda: requests.get(f"{self.emulators}/readyz", timeout=1).ok)
        give_push_secret(self.emulators)

    def start_web(self) -> None:
        """Start the web server and wait until it answers."""
        self.start("web", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")
        wait_for("the web server", lambda: requests.get(f"{self.web}/readyz", timeout=1).ok)

    def start_worker(self) -> None:
        """Start the worker; it leaves its pulse within seconds."""
        self.start("worker", "podserver", "worker")

    def start_all(self) -> None:
        """Everything, on an empty database with the demo's data."""
        self.start_emulators()
        self.run("database", "upgrade")
        self.demo = json.loads(self.run("demo", "--json", *self._demo()).strip().splitlines()[-1])
        self.start_web()
        self.start_worker()

    def _demo(self) -> list[str]:
        return [
            *("--psa-site", self.emulators),
            *("--duo-host", f"localhost:{self.tls_port}"),
            *("--mail-server", f"localhost:{self.smtp_port}"),
            *("--microsoft-app", CLIENT_ID),
        ]

    def kill(self, name: str) -> None:
        """kill -9 a process and all its children."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        """Stop everything, politely first."""
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()

    # --- The emulators' controls ----------------------------------------------------------------------------------

    def faults(self, of: str, **faults: Any) -> None:
        """Switch faults of ``connectwise``, ``twilio``, ``mail``, ``duo`` or ``entra`` on."""
        answer = requests.post(f"{self.emulators}/_emulator/{of}/faults", json=faults, timeout=5)
        assert answer.ok, answer.text

    def mend(self, of: str) -> None:
        """Switch every fault off."""
        known = requests.get(f"{self.emulators}/_emulator/{of}/faults", timeout=5).json()
        answer = requests.post(
            f"{self.emulators}/_emulator/{of}/faults",
            json={name: fault["default"] for name, fault in known.items()},
            timeout=5,
        )
        assert answer.ok, answer.text
        if of == "connectwise":
            self.let_psa_time_pass()

    def let_psa_time_pass(self) -> None:
        """What was held against a PSA, and what was spent of its budget, is as long ago as an hour makes it."""
        shared = self.environment.get("PODSERVER_REDIS_URL")
        if shared:
            account = redis.Redis.from_url(shared)
            for key in account.scan_iter("podserver:psa:*"):
                account.delete(key)
            return
        file = self.state / "psa-ledger.sqlite"
        if file.exists():
            with contextlib.closing(sqlite3.connect(file, timeout=5)) as account:
                account.executescript("DELETE FROM marks; DELETE FROM spent;")

    def messages(self, to: str = "") -> list[dict[str, Any]]:
        """Every SMS that the carrier took, oldest first."""
        every = requests.get(f"{self.emulators}/_emulator/twilio/messages", timeout=5).json()["messages"]
        # The emulator lists the newest first.
        return [m for m in reversed(every) if m["direction"].startswith("outbound") and (not to or m["to"] == to)]

    def code(self, to: str = DANA_MOBILE, newer_than: int = 0) -> str:
        """The code of the newest SMS to a number, once more than ``newer_than`` messages have come."""
        messages = wait_for("an SMS", lambda: (m := self.messages(to)) and len(m) > newer_than and m)
        match = re.search(r"Code: (\d{6})", messages[-1]["body"])
        assert match, messages[-1]["body"]
        return match[1]

    def notes(self, ticket: str = TICKET) -> list[str]:
        """The texts of a ticket's notes that podserver wrote."""
        every = requests.get(
            f"{self.emulators}/_emulator/connectwise/notes", params={"ticket": ticket}, timeout=5
        ).json()
        rows = every["notes"] if isinstance(every, dict) else every
        return [row["text"] for row in rows if "Ref PV-" in row["text"]]

    def logs(self) -> str:
        """Everything that podserver's own processes wrote."""
        return "".join(
            self.log(name).read_text(errors="replace") for name in ("web", "worker") if self.log(name).exists()
        )


@contextlib.contextmanager
def a_world(state: Path, environment: dict[str, str]) -> Iterator[World]:
    """A world that runs, and is stopped at the end."""
    world = World(state, environment)
    try:
        world.start_all()
        yield world
    finally:
        world.stop_all()
