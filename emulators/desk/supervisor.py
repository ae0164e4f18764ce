"""Starts the demo's processes in order, watches them, and stops them together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulators.desk.administrator import give_push_secret, make_tabs
from emulators.desk.commands import Commands, Place, read_env_file, settings, surroundings, write_env_file
from emulators.desk.processes import Child, Terminal, stop_all
from emulators.desk.psa_keys import TAB_SECRET

READY_SECONDS = 60.0
WATCH_SECONDS = 0.1


class DemoError(Exception):
    """The demo cannot start or go on; the text says why and what to do."""


class StoppedError(Exception):
    """Somebody asked the demo to stop."""


def port_is_free(port: int) -> bool:
    """Whether something may listen on `port` of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_ready(url: str) -> bool:
    """Whether `url` answers 200."""
    # No proxy from the environment may stand between us and this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return int(answer.status) == 200
    except (OSError, urllib.error.URLError):
        return False


@dataclass
class Supervisor:
    """One run of the demo."""

    place: Place
    commands: Commands
    terminal: Terminal
    inherited: Mapping[str, str]

    def __post_init__(self) -> None:
        self._children: list[Child] = []
        self._stopping = threading.Event()

    def stop(self, *_: object) -> None:
        """End the demo; callable from a signal handler."""
        self._stopping.set()

    def run(self) -> int:
        """Start, watch, stop; returns the exit code: 0 when it was asked to stop, 1 when something failed."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        try:
            facts = self._start()
            self._tell(facts)
            while True:
                self._pause()
        except StoppedError:
            self.terminal.say("Stopping.")
            return 0
        except DemoError as reason:
            self.terminal.say(f"\n{reason}")
            return 1
        finally:
            stop_all(self._children)

    def _start(self) -> dict[str, Any]:
        self._check_ports()
        self.place.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = surroundings(self.inherited)
        environment |= self._settings(environment)
        self.terminal.say("Starting the stand-ins for the outside world ...")
        self._spawn("emulators", self.commands.emulators, environment)
        self._await("emulators", f"http://127.0.0.1:{self.place.emulator_port}/readyz")
        try:
            give_push_secret(self.place.desk)
        except OSError as reason:
            raise DemoError(f"The stand-in for Microsoft took no secret: {reason}") from None
        self.terminal.say("Preparing the database and the demo data ...")
        self._once("database", self.commands.upgrade, environment)
        facts = self._seed(environment)
        self.terminal.say("Starting podserver and its worker ...")
        self._spawn("podserver", self.commands.web, environment)
        self._spawn("worker", self.commands.worker, environment)
        self._await("podserver", f"{self.place.product}/readyz")
        return facts

    def _seed(self, environment: Mapping[str, str]) -> dict[str, Any]:
        answer = self._once("seed", self.commands.seed, environment, capture=True)
        try:
            facts: dict[str, Any] = json.loads(answer)
        except ValueError:
            raise DemoError("'podserver demo --json' did not print JSON.") from None
        for each in facts["psas"]:
            if each["psa"] == "halo":
                try:
                    make_tabs(self.place.desk, each["pod_url"], TAB_SECRET)
                except OSError as reason:
                    raise DemoError(f"The stand-in for HaloPSA took no tab: {reason}") from None
        return facts

    def _check_ports(self) -> None:
        for variable, port in (
            ("PODSERVER_PORT", self.place.product_port),
            ("EMULATOR_PORT", self.place.emulator_port),
            ("EMULATOR_TLS_PORT", self.place.tls_port),
            ("EMULATOR_SMTP_PORT", self.place.smtp_port),
        ):
            if not port_is_free(port):
                raise DemoError(
                    f"Port {port} is in use. Stop the program that uses it (an earlier demo?), "
                    f"or choose another port: {variable}={port + 1} make demo"
                )

    def _settings(self, environment: Mapping[str, str]) -> dict[str, str]:
        """podserver's settings; the secret keys are made once and kept, or a second start could not read the data."""
        file = self.place.state / "demo.env"
        keys = read_env_file(file).get("PODSERVER_SECRET_KEYS", "")
        if not keys:
            keys = self._once("secret-key", self.commands.secret_key, environment, capture=True).strip()
            if not keys:
                raise DemoError("'podserver secret-key' printed no key.")
        values = settings(self.place, keys)
        write_env_file(file, values)
        return values

    def _spawn(self, name: str, command: list[str], environment: Mapping[str, str], capture: bool = False) -> Child:
        child = Child(name, command, environment, self.place.project, self.place.state, self.terminal, capture=capture)
        self._children.append(child)
        return child

    def _once(self, name: str, command: list[str], environment: Mapping[str, str], capture: bool = False) -> str:
        child = self._spawn(name, command, environment, capture)
        while child.code is None:
            self._pause(but=child)
        child.drain()
        self._children.remove(child)
        if child.code:
            raise DemoError(self._epitaph(child, "failed"))
        return "".join(child.output)

    def _await(self, name: str, url: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready(url):
            if time.monotonic() > deadline:
                raise DemoError(f"{name} was not ready within {READY_SECONDS:.0f} s. Its log: {self._log_of(name)}")
            self._pause()

    def _pause(self, but: Child | None = None) -> None:
        """Wait a moment. Raises StoppedError when asked to stop, DemoError when a child other than `but` has ended."""
        if self._stopping.wait(WATCH_SECONDS):
            raise StoppedError
        for child in self._children:
            if child is not but and child.code is not None:
                child.drain()
                raise DemoError(self._epitaph(child, "has stopped"))

    def _epitaph(self, child: Child, verb: str) -> str:
        code = child.code or 0
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        lines = "".join(f"\n    {line}" for line in child.last_lines)
        return f"{child.name} {verb} {how}, so the demo ends. Its log: {self._log_of(child.name)}{lines}"

    def _log_of(self, name: str) -> str:
        path = self.place.state / f"{name}.log"
        with contextlib.suppress(ValueError):
            return str(path.relative_to(os.getcwd()))
        return str(path)

    def _tell(self, facts: Mapping[str, Any]) -> None:
        say = self.terminal.say
        rows = [(str(each["role"]), str(each["email"]), str(each["password"])) for each in facts["sign_ins"]]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        say()
        say("  The demo is running.")
        say()
        say(f"  Open      {self.place.desk}/")
        say("            A ticket with the pod in it, and the caller's phone beside it: texts, calls, mail and pushes.")
        say(f"  PSAs      {', '.join(str(each['name']) for each in facts['psas'])}")
        say(f"  Portal    {facts['portal']}")
        for at, row in enumerate(rows):
            cells = "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            say(f"  {'Sign in' if at == 0 else '':<10}{cells}".rstrip())
        say()
        say(f"  Logs      {self._log_of('*')}")
        say("  Ctrl-C stops everything.")
        say()
