"""What the emulator remembers, behind one lock, and its copy on disk."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from emulators.twilio.account import DEMO_HANDSET, HANDSET_NAMES
from emulators.twilio.call_book import CallBook
from emulators.twilio.messages import HandsetText, Message, now
from emulators.twilio.schedule import Schedule

SAVE_AFTER_SECONDS = 0.2
LOG_LENGTH = 2000


class Store:
    """Messages, calls, handsets, opt-outs, scripted numbers and the logs.

    With a `state_dir` all but the logs is kept in `twilio.json` there, written a moment after a change.
    """

    def __init__(self, schedule: Schedule, state_dir: Path | None) -> None:
        self._lock = threading.RLock()
        self._schedule = schedule
        self._file = state_dir / "twilio.json" if state_dir else None
        self._save_pending = False
        self.requests: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.callbacks: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.calls = CallBook(self._changing, self._next_mark)
        self._forget()
        if self._file and self._file.exists():
            self._load(json.loads(self._file.read_text(encoding="utf-8")))

    def _forget(self) -> None:
        self._messages: dict[str, Message] = {}
        self._texts: list[HandsetText] = []
        self._last_mark = 0
        self._opted_out: set[tuple[str, str]] = set()
        self._scripts: dict[str, str] = {}
        self._call_scripts: dict[str, str] = {}
        self._hooks: dict[str, str] = {}

    def _next_mark(self) -> int:
        """Texts and rings are numbered together, so that one can tell which phone was reached last."""
        with self._lock:
            self._last_mark += 1
            return self._last_mark

    def clear(self) -> None:
        """Forget everything, the logs included."""
        with self._changing():
            self._forget()
            self.calls.forget()
            self.requests.clear()
            self.callbacks.clear()

    # Messages

    def add(self, message: Message) -> Message:
        """Keep `message` and return a copy of it."""
        with self._changing():
            self._messages[message.sid] = message
            return replace(message)

    def get(self, sid: str) -> Message | None:
        """A copy of the message, None where there is none."""
        with self._lock:
            message = self._messages.get(sid)
            return replace(message) if message else None

    def all(self) -> list[Message]:
        """Copies of all messages, newest first."""
        with self._lock:
            return [replace(message) for message in reversed(self._messages.values())]

    def change(self, sid: str, **values: Any) -> Message | None:
        """Set fields of a message and its update time; returns a copy, None where it is gone."""
        with self._changing():
            message = self._messages.get(sid)
            if message is None:
                return None
            self._messages[sid] = replace(message, **values, updated=now())
            return replace(self._messages[sid])

    def delete(self, sid: str) -> None:
        """Remove the message; the handset keeps its text."""
        with self._changing():
            self._messages.pop(sid, None)

    # Handsets

    def put_on_handset(self, number: str, other: str, body: str, *, sid: str = "", outgoing: bool = False) -> None:
        """Show a text on the handset `number`, from or to `other`."""
        with self._changing():
            mark = self._next_mark()
            self._texts.append(HandsetText(mark, sid or new_sid("SM"), number, other, body, now(), outgoing))

    def texts(self, number: str) -> list[HandsetText]:
        """The texts of one handset, oldest first."""
        with self._lock:
            return [text for text in self._texts if text.number == number]

    def is_on_handset(self, sid: str) -> bool:
        """Whether the message `sid` has arrived."""
        with self._lock:
            return any(text.sid == sid for text in self._texts)

    def handsets(self) -> list[dict[str, Any]]:
        """`number`, `name` and `last` (mark of the newest text or ring) of the demo handset and of each one reached."""
        with self._lock:
            last = {DEMO_HANDSET: 0} | {text.number: text.id for text in self._texts}
            for number, mark in self.calls.marks().items():
                last[number] = max(mark, last.get(number, 0))
        return [{"number": each, "name": HANDSET_NAMES.get(each, ""), "last": at} for each, at in last.items()]

    # Opt-outs, scripts, webhooks

    def opt_out(self, ours: str, theirs: str) -> None:
        """`theirs` wants nothing more from `ours`, a number or a messaging service."""
        with self._changing():
            self._opted_out.add((ours, theirs))

    def opt_in(self, ours: str, theirs: str) -> None:
        """The reverse of `opt_out`."""
        with self._changing():
            self._opted_out.discard((ours, theirs))

    def has_opted_out(self, ours: str, theirs: str) -> bool:
        """Whether `ours` may not send to `theirs`."""
        with self._lock:
            return (ours, theirs) in self._opted_out

    def opt_outs(self) -> list[dict[str, str]]:
        """All blocks as `sender` and `number`."""
        with self._lock:
            return [{"sender": ours, "number": theirs} for ours, theirs in sorted(self._opted_out)]

    def set_number(
        self, number: str, *, script: str | None = None, call_script: str | None = None, sms_url: str | None = None
    ) -> None:
        """Give `number` scripts for messages and calls, or the webhook for inbound messages.

        None leaves what is set, an empty text removes it.
        """
        with self._changing():
            for table, value in ((self._scripts, script), (self._call_scripts, call_script), (self._hooks, sms_url)):
                if value:
                    table[number] = value
                elif value is not None:
                    table.pop(number, None)

    def script(self, number: str) -> tuple[str, str]:
        """The script of `number` as (verb, argument); ("deliver", "") where it has none."""
        with self._lock:
            verb, _, argument = self._scripts.get(number, "deliver").partition(":")
            return verb, argument

    def call_script(self, number: str) -> str:
        """Who answers calls to `number`, in the words of a script; empty where it has none."""
        with self._lock:
            return self._call_scripts.get(number, "")

    def sms_url(self, number: str) -> str | None:
        """Where inbound messages to our `number` are posted."""
        with self._lock:
            return self._hooks.get(number)

    def numbers(self) -> dict[str, dict[str, str]]:
        """number -> {"script", "call_script", "sms_url"}, where set."""
        with self._lock:
            tables = (("script", self._scripts), ("call_script", self._call_scripts), ("sms_url", self._hooks))
            return {
                number: {key: table[number] for key, table in tables if number in table}
                for number in sorted({*self._scripts, *self._call_scripts, *self._hooks})
            }

    # Logs

    def log_request(self, method: str, path: str, status: int | None) -> None:
        """Note a received request; `status` is None where the connection was dropped."""
        with self._lock:
            self.requests.append({"at": now().isoformat(), "method": method, "path": path, "status": status})

    def log_callback(self, entry: dict[str, Any]) -> None:
        """Note a webhook that was sent."""
        with self._lock:
            self.callbacks.append({"at": now().isoformat(), **entry})

    # On disk

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            yield
            if self._file and not self._save_pending:
                self._save_pending = True
                self._schedule.after(SAVE_AFTER_SECONDS, self.save)

    def save(self) -> None:
        """Write the state now; nothing without a state_dir. The file is replaced whole, readable by its owner only."""
        if not self._file:
            return
        with self._lock:
            self._save_pending = False
            text = json.dumps(
                {
                    "messages": [message.to_state() for message in self._messages.values()],
                    "calls": self.calls.to_state(),
                    "texts": [text.to_state() for text in self._texts],
                    "opted_out": sorted(self._opted_out),
                    "scripts": self._scripts,
                    "call_scripts": self._call_scripts,
                    "hooks": self._hooks,
                }
            )
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._file.with_suffix(".json.new")
            with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                out.write(text)
            unfinished.replace(self._file)

    def _load(self, state: dict[str, Any]) -> None:
        self._messages = {each["sid"]: Message.from_state(each) for each in state["messages"]}
        self._texts = [HandsetText.from_state(each) for each in state["texts"]]
        self.calls.load(state.get("calls", []))
        self._last_mark = max([0, *(text.id for text in self._texts), *self.calls.marks().values()])
        self._opted_out = {(ours, theirs) for ours, theirs in state["opted_out"]}
        self._scripts = dict(state["scripts"])
        self._call_scripts = dict(state.get("call_scripts", {}))
        self._hooks = dict(state["hooks"])


def new_sid(prefix: str) -> str:
    """Two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def moment(text: str) -> datetime:
    """An ISO 8601 time or date as aware UTC. Raises ValueError."""
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=now().tzinfo)
