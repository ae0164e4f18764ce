"""The emulator's memory: records by table, tokens, and an optional JSON file that survives a restart."""

from __future__ import annotations

import copy
import json
import os
import secrets
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulators.superops import seed

Record = dict[str, Any]
SUBDOMAIN = "northgateit"
KEYS = {
    "tickets": "ticketId",
    "conversations": "conversationId",
    "notes": "noteId",
    "clients": "accountId",
    "sites": "id",
    "users": "userId",
    "associations": "id",
    "technicians": "userId",
    "groups": "groupId",
    "roles": "roleId",
}


def clock() -> datetime:
    """The present time as SuperOps counts it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def stamp(*, exact: bool = False) -> str:
    """The present time as the wire writes it; exact with milliseconds, which the service adds at times."""
    return clock().isoformat(timespec="milliseconds" if exact else "seconds")


class Store:
    """All records behind one re-entrant lock.

    Take `lock` around every sequence that must be seen whole. Records handed out are the stored ones: callers write
    back through `insert` and `change`.
    """

    def __init__(self, state_dir: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.revision = 0
        self._file = None if state_dir is None else state_dir / "superops.json"
        self._tables: dict[str, dict[str, Record]] = {}
        self._tokens: dict[str, str] = {}
        self._made = 0
        if not self._load():
            self.reset()

    def reset(self) -> None:
        """Back to the seed; every token is the first one again."""
        with self.lock:
            rows = seed.records(clock())
            self._tables = {name: {str(row[key]): row for row in rows[name]} for name, key in KEYS.items()}
            self._tokens = dict(seed.TOKENS)
            self._made = 0
            self._changed()

    def rows(self, table: str) -> list[Record]:
        """All records of a table in the order they were put in."""
        with self.lock:
            return list(self._tables[table].values())

    def get(self, table: str, key: Any) -> Record | None:
        """One record, or None."""
        with self.lock:
            return self._tables[table].get(str(key))

    def insert(self, table: str, record: Record) -> Record:
        """Store a new record under a fresh id."""
        with self.lock:
            self._made += 1
            stored = {**copy.deepcopy(record), KEYS[table]: seed.new_id(self._made)}
            self._tables[table][stored[KEYS[table]]] = stored
            self._changed()
            return stored

    def change(self, table: str, key: str, changes: Record) -> Record:
        """Store a changed copy of a record. Raises KeyError where there is none."""
        with self.lock:
            stored = {**self._tables[table][key], **copy.deepcopy(changes), KEYS[table]: key}
            self._tables[table][key] = stored
            self._changed()
            return stored

    def delete(self, table: str, key: str) -> None:
        """Forget a record; an absent one is no error."""
        with self.lock:
            self._tables[table].pop(key, None)
            self._changed()

    def add_people(self, count: int, client: Record) -> None:
        """So many requesters more at a client, without numbers; written down once."""
        with self.lock:
            for _ in range(count):
                self._made += 2
                user, link = seed.new_id(self._made - 1), seed.new_id(self._made)
                self._tables["users"][user] = {
                    "userId": user,
                    "firstName": "Guest",
                    "lastName": str(self._made),
                    "email": f"guest{self._made}@{client['emailDomains'][0]}",
                    "contactNumber": None,
                    "roleId": "4",
                    "reportingManager": None,
                    "customFields": {},
                }
                self._tables["associations"][link] = {
                    "id": link,
                    "userId": user,
                    "clientId": client["accountId"],
                    "siteId": client["hqSite"],
                }
            self._changed()

    def technician_of(self, token: str) -> Record | None:
        """The technician whose token this is."""
        with self.lock:
            for key, value in self._tokens.items():
                if secrets.compare_digest(value.encode(), token.encode()):
                    return self.get("technicians", key)
            return None

    def tokens(self) -> dict[str, str]:
        """Each technician's e-mail address with its token."""
        with self.lock:
            return {self._tables["technicians"][key]["email"]: value for key, value in self._tokens.items()}

    def renew_token(self, key: str) -> str:
        """A new token for a technician; the old one is dead from now on."""
        with self.lock:
            self._tokens[key] = f"api-{secrets.token_hex(16)}"
            self._changed()
            return self._tokens[key]

    def next_display_id(self) -> str:
        """`MMDDYY-NNNN`, numbered by the day."""
        with self.lock:
            day = clock().strftime("%m%d%y")
            numbers = [
                int(row["displayId"].rpartition("-")[2])
                for row in self.rows("tickets")
                if row["displayId"].startswith(f"{day}-")
            ]
            return f"{day}-{max(numbers, default=0) + 1:04d}"

    def _changed(self) -> None:
        self.revision += 1
        if self._file is None:
            return
        tables = {name: list(rows.values()) for name, rows in self._tables.items()}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps({"tables": tables, "tokens": self._tokens, "made": self._made}), encoding="utf-8")
        os.replace(draft, self._file)

    def _load(self) -> bool:
        if self._file is None or not self._file.exists():
            return False
        state = json.loads(self._file.read_text(encoding="utf-8"))
        self._tables = {
            name: {str(row[key]): row for row in state["tables"].get(name, [])} for name, key in KEYS.items()
        }
        self._tokens, self._made = state["tokens"], state["made"]
        return True
