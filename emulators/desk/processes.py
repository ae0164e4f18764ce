"""Child processes: their output to a log and, where it matters, to the terminal; their end, wanted or not."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

STOP_SECONDS = 4.0
MATTERS = re.compile(r"\b(warning|warn|error|critical|fatal)\b|^Traceback ", re.IGNORECASE)
COLOURS = {"emulators": "35", "podserver": "34", "worker": "36"}


DULL_FIELDS = ("level", "event", "logger", "timestamp", "exception")
LONGEST_LINE = 240


def readable(line: str) -> tuple[str, bool]:
    """A log line as a person wants it, and whether it matters. JSON entries become `LEVEL event name=value`."""
    try:
        entry = json.loads(line) if line.startswith("{") else None
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or "event" not in entry:
        return line, bool(MATTERS.search(line))
    level = str(entry.get("level", "info"))
    words = [level.upper(), str(entry["event"])]
    words += [f"{name}={value}" for name, value in entry.items() if name not in DULL_FIELDS]
    last_of_exception = re.split(r"\n|\s{2,}", str(entry.get("exception", "")).strip())[-1]
    text = " ".join([*words, last_of_exception]).strip()
    return text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + " ...", bool(MATTERS.search(level))


class Terminal:
    """Prints lines of the demo and of its children, each child with its name in its colour."""

    def __init__(self, *, verbose: bool, colour: bool) -> None:
        self._verbose = verbose
        self._colour = colour
        self._lock = threading.Lock()
        self._in_traceback: set[str] = set()

    def say(self, text: str = "") -> None:
        """Print a line of our own."""
        with self._lock:
            print(text, flush=True)

    def relay(self, name: str, line: str) -> None:
        """Print a child's line: all of them when verbose, else warnings, errors and tracebacks."""
        with self._lock:
            traceback_goes_on = name in self._in_traceback and line.startswith((" ", "\t"))
            if not traceback_goes_on:
                # The line after the indented ones names the exception, so it is shown too.
                text, matters = readable(line)
                shown = self._verbose or matters or name in self._in_traceback
                self._in_traceback.discard(name)
                if line.startswith("Traceback "):
                    self._in_traceback.add(name)
                if not shown:
                    return
                line = text
            label = f"{name:>9}"
            if self._colour:
                label = f"\033[{COLOURS.get(name, '33')}m{label}\033[0m"
            print(f"{label} | {line}", flush=True)


class Child:
    """One running command. Its lines go to `<name>.log` in `logs`; its last ones are kept for the message it leaves."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        logs: Path,
        terminal: Terminal,
        *,
        capture: bool = False,
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self.output: list[str] = []
        self.last_lines: deque[str] = deque(maxlen=8)
        self._terminal = terminal
        # Its own session: Ctrl-C in the terminal reaches us alone, and we end the child with all its own children.
        self.process = subprocess.Popen(  # noqa: S603 - the command is ours
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if capture else subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        # A captured answer may hold passwords: it is neither logged nor shown.
        self._readers = [threading.Thread(target=self._read_answer if capture else self._read_lines, daemon=True)]
        if capture:
            self._readers.append(threading.Thread(target=self._read_lines, args=(self.process.stderr,), daemon=True))
        for reader in self._readers:
            reader.start()

    def _read_answer(self) -> None:
        assert self.process.stdout
        self.output.extend(self.process.stdout)

    def _read_lines(self, stream: IO[str] | None = None) -> None:
        source = stream or self.process.stdout
        assert source
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as log:
            for raw in source:
                line = raw.rstrip("\n")
                log.write(line + "\n")
                log.flush()
                self.last_lines.append(line)
                self._terminal.relay(self.name, line)

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self.process.poll()

    def drain(self) -> None:
        """Wait for the rest of its output, briefly: a grandchild may hold the pipe open."""
        for reader in self._readers:
            reader.join(timeout=1)

    def signal(self, number: int) -> None:
        """Signal the child and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def stop_all(children: Sequence[Child], seconds: float = STOP_SECONDS) -> None:
    """Ask all to end, give them `seconds` together, then kill what is left."""
    for child in reversed(children):
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(deadline - time.monotonic(), 0))
    for child in children:
        child.signal(signal.SIGKILL)
        child.process.wait()


def plain_terminal(*, verbose: bool) -> Terminal:
    """A terminal with colours where standard output is one and NO_COLOR is not set."""
    return Terminal(verbose=verbose, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
