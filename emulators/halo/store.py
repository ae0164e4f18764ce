"""The emulator's memory: records by table, mails that would have gone out, applications, and a JSON file if wanted."""

from __future__ import annotations

import copy
import json
import os
import secrets
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulators.halo import seed
from emulators.halo.seed_lists import API_AGENT

Record = dict[str, Any]

TENANT = "northgate"
CLIENT_ID = "5b0e6a3e-1111-4c1a-9f5e-0a2b3c4d5e6f"
CLIENT_SECRET = "11111111-2222-4333-8444-555555555555-66666666-7777-4888-9999-000000000000"
SIGN_IN_CLIENT_ID = "5b0e6a3e-2222-4c1a-9f5e-0a2b3c4d5e6f"
SIGN_IN_SECRET = "aaaaaaaa-2222-4333-8444-555555555555-bbbbbbbb-7777-4888-9999-000000000000"
_EMPTY: Record = {"next_id": {}, "mails": [], "codes": {}, "refresh": {}, "key": ""}


def now() -> str:
    """The present time as the wire writes it: UTC, with nothing that says so."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def applications() -> dict[str, Record]:
    """The two applications of the tenant: one is a service's, one is for agents who sign in."""
    return {
        CLIENT_ID: {
            "name": "podserver",
            "secret": CLIENT_SECRET,
            "grant_types": ["client_credentials"],
            "agent_id": API_AGENT,
            "scopes": ["edit:tickets", "edit:customers", "read:assets", "read:crm", "read:calendar"],
        },
        SIGN_IN_CLIENT_ID: {
            "name": "podserver sign-in",
            "secret": SIGN_IN_SECRET,
            "grant_types": ["authorization_code", "refresh_token"],
            "agent_id": 0,
            "scopes": ["edit:tickets", "edit:customers", "offline_access"],
        },
    }


class Store:
    """All records behind one re-entrant lock.

    Take `lock` around every sequence that must be seen whole. Rows handed out are the stored ones: callers copy
    before they change anything and write back through `put`.
    """

    def __init__(self, state_dir: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.revision = 0
        self.applications = applications()
        self._file = None if state_dir is None else state_dir / "halo.json"
        self._tables: dict[str, dict[Any, Record]] = {}
        self._state: Record = copy.deepcopy(_EMPTY)
        if not self._load():
            self.reset()

    def reset(self) -> None:
        """Back to the seed; every token that was given out is nonsense from now on."""
        with self.lock:
            self._tables = {name: {row["id"]: row for row in rows} for name, rows in seed.records().items()}
            self._state = {**copy.deepcopy(_EMPTY), "key": secrets.token_hex(32)}
            self.changed()

    def end_tokens(self) -> None:
        """Every token that was given out is nonsense from now on; those to come are good."""
        with self.lock:
            self._state["key"] = secrets.token_hex(32)
            self.changed()

    @property
    def signing_key(self) -> str:
        """What tokens are signed with."""
        return str(self._state["key"])

    @property
    def tables(self) -> list[str]:
        """The names of all tables."""
        return list(self._tables)

    def rows(self, table: str) -> list[Record]:
        """All records of a table, in no order that a caller may count on."""
        with self.lock:
            return list(self._tables[table].values())

    def get(self, table: str, key: Any) -> Record | None:
        """One record, or None."""
        with self.lock:
            return self._tables[table].get(key)

    def name(self, table: str, key: Any, member: str = "name") -> str:
        """What the record is called, or an empty text."""
        row = self.get(table, key)
        return str(row[member]) if row else ""

    def put(self, table: str, row: Record) -> Record:
        """Store a copy of a record under its `id`, or under the next one where it has none."""
        with self.lock:
            stored = copy.deepcopy(row)
            if stored.get("id") is None:
                used = [key for key in self._tables[table] if isinstance(key, int)]
                stored["id"] = max(self._state["next_id"].get(table, 1), *(key + 1 for key in used), 1)
                self._state["next_id"][table] = stored["id"] + 1
            if table == "tabs":
                stored.setdefault("guid", str(uuid.uuid4()))
            self._tables[table][stored["id"]] = stored
            self.changed()
            return stored

    def remove(self, table: str, key: Any) -> Record | None:
        """Forget a record and return it, or None."""
        with self.lock:
            gone = self._tables[table].pop(key, None)
            self.changed()
            return gone

    def people(self) -> list[Record]:
        """The agents who can sign in."""
        return [row for row in self.rows("agents") if row["email"] and not row["isdisabled"] and not row["isapiagent"]]

    def send_mail(self, mail: Record) -> None:
        """Keep a mail that Halo would have sent."""
        with self.lock:
            self._state["mails"].append({**mail, "at": now()})
            self.changed()

    def mails(self) -> list[Record]:
        """The mails that would have been sent, oldest first."""
        with self.lock:
            return copy.deepcopy(self._state["mails"])

    def keep(self, kind: str, value: Record) -> str:
        """Keep something that can be redeemed once, `codes` or `refresh`; returns its secret name."""
        with self.lock:
            name = secrets.token_urlsafe(24)
            self._state[kind][name] = value
            self.changed()
            return name

    def redeem(self, kind: str, name: str) -> Record | None:
        """Take what was kept under this name; None the second time."""
        with self.lock:
            kept: Record | None = self._state[kind].pop(name, None)
            self.changed()
            return kept

    def settle_directory(self) -> None:
        """Put back the numbers that a directory overwrites, where the time has come."""
        with self.lock:
            for row in self._tables["users"].values():
                due = row.get("_directory")
                if due and due["at"] <= time.time():
                    row.update(due["members"])
                    del row["_directory"]
                    self.changed()

    def changed(self) -> None:
        """Count a change and write the file."""
        self.revision += 1
        if self._file is None:
            return
        state = {"tables": {name: list(rows.values()) for name, rows in self._tables.items()}, "state": self._state}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(state), encoding="utf-8")
        os.replace(draft, self._file)

    def _load(self) -> bool:
        if self._file is None or not self._file.exists():
            return False
        kept = json.loads(self._file.read_text(encoding="utf-8"))
        self._tables = {name: {row["id"]: row for row in rows} for name, rows in kept["tables"].items()}
        self._state = {**copy.deepcopy(_EMPTY), **kept["state"]}
        return True
