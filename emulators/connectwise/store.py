"""The emulator's memory: records by table, member sessions, and an optional JSON file that survives a restart."""

from __future__ import annotations

import copy
import json
import os
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulators.connectwise import seed

Record = dict[str, Any]
COMPANY = "northgate"
PUBLIC_KEY = "demoPublicKey01"
PRIVATE_KEY = "demoPrivateKey01"
API_MEMBER = "podapi"
CODEBASE = "v2025_1/"
MEMBER_CONTEXT = "web"


def now() -> str:
    """The present time as the wire writes it: UTC, whole seconds, trailing Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """All records behind one re-entrant lock.

    Take `lock` around every sequence that must be seen whole. Records handed out are the stored ones: callers copy
    before they change anything and write back through `insert`, `replace` and `delete`.
    """

    def __init__(self, state_dir: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.revision = 0
        self._file = None if state_dir is None else state_dir / "connectwise.json"
        self._tables: dict[str, dict[int, Record]] = {}
        self._next_id: dict[str, int] = {}
        self._sessions: dict[str, Record] = {}
        if not self._load():
            self.reset()

    def reset(self) -> None:
        """Back to the seed: every change, session and set-up row is gone."""
        with self.lock:
            self._tables = {name: {} for name in seed.START_IDS}
            self._next_id = {}
            self._sessions = {}
            for table, rows in seed.records().items():
                self._tables[table] = {row["id"]: row for row in rows}
            for table, start in seed.START_IDS.items():
                self._next_id[table] = max(start, *(key + 1 for key in self._tables[table]), 1)
            self._changed()

    def rows(self, table: str) -> list[Record]:
        """All records of a table by ascending id."""
        with self.lock:
            records = self._tables[table]
            return [records[key] for key in sorted(records)]

    def get(self, table: str, key: int) -> Record | None:
        """One record, or None."""
        with self.lock:
            return self._tables[table].get(key)

    def insert(self, table: str, record: Record, by: str) -> Record:
        """Store a new record under the next id and stamp who wrote it when."""
        with self.lock:
            key = self._next_id[table]
            self._next_id[table] = key + 1
            stamp = now()
            info = {"lastUpdated": stamp, "updatedBy": by, "dateEntered": stamp, "enteredBy": by}
            stored = {**copy.deepcopy(record), "id": key, "_info": info}
            self._tables[table][key] = stored
            self._changed()
            return stored

    def replace(self, table: str, record: Record, by: str) -> Record:
        """Store a changed copy of a record under its id and stamp the change."""
        with self.lock:
            stored = copy.deepcopy(record)
            stored["_info"] = {**stored.get("_info", {}), "lastUpdated": now(), "updatedBy": by}
            self._tables[table][stored["id"]] = stored
            self._changed()
            return stored

    def delete(self, table: str, key: int) -> None:
        """Forget a record; an absent one is no error."""
        with self.lock:
            self._tables[table].pop(key, None)
            self._changed()

    def member(self, identifier: str) -> Record | None:
        """A member by login name, whatever its letter case."""
        wanted = identifier.lower()
        return next((row for row in self.rows("members") if row["identifier"].lower() == wanted), None)

    def open_session(self, identifier: str, rotate: bool = False) -> str:
        """The hash of the member's live web session; with `rotate` the old ones end and a new one starts."""
        with self.lock:
            live = [
                value for value, entry in self._sessions.items() if entry["member"] == identifier and not entry["ended"]
            ]
            if live and not rotate:
                return live[0]
            for value in live:
                self._sessions[value]["ended"] = True
            return self._add_session(identifier, ended=False)

    def ended_session(self, identifier: str) -> str:
        """A hash of the member that was good once and is no more."""
        with self.lock:
            return self._add_session(identifier, ended=True)

    def session_member(self, member_hash: str) -> str | None:
        """The login name that a live hash belongs to, or None."""
        with self.lock:
            entry = self._sessions.get(member_hash)
            return None if entry is None or entry["ended"] else str(entry["member"])

    def _add_session(self, identifier: str, ended: bool) -> str:
        value = str(uuid.uuid4())
        self._sessions[value] = {"member": identifier, "ended": ended}
        self._changed()
        return value

    def _changed(self) -> None:
        self.revision += 1
        if self._file is None:
            return
        state = {
            "tables": {name: list(rows.values()) for name, rows in self._tables.items()},
            "next_id": self._next_id,
            "sessions": self._sessions,
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(state), encoding="utf-8")
        os.replace(draft, self._file)

    def _load(self) -> bool:
        if self._file is None or not self._file.exists():
            return False
        state = json.loads(self._file.read_text(encoding="utf-8"))
        self._tables = {name: {} for name in seed.START_IDS}
        self._tables.update({name: {row["id"]: row for row in rows} for name, rows in state["tables"].items()})
        self._next_id = {**seed.START_IDS, **state["next_id"]}
        self._sessions = state["sessions"]
        return True
