"""The stand-in's memory: records by table, tokens, and an optional JSON file that survives a restart."""

from __future__ import annotations

import copy
import json
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any

import jwt

from emulators.kaseya_bms import seed
from emulators.kaseya_bms.incoming import now

Record = dict[str, Any]
REFRESH_SECONDS = 8 * 3600


class Store:
    """All records behind one re-entrant lock.

    Take `lock` around every sequence that must be seen whole. Records handed out are the stored ones: callers copy
    before they change anything and write back through `insert`, `replace` and `delete`.
    """

    def __init__(self, state_dir: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.revision = 0
        self._file = None if state_dir is None else state_dir / "kaseya_bms.json"
        self._tables: dict[str, dict[int, Record]] = {}
        self._next_id: dict[str, int] = {}
        self._tokens: dict[str, Record] = {}
        self._used_codes: dict[str, int] = {}
        if not self._load():
            self.reset()

    def reset(self) -> None:
        """Back to the seed: every change and every token is gone."""
        with self.lock:
            self._tables = {table: {row["id"]: row for row in rows} for table, rows in seed.records().items()}
            inner = {kind: [item["id"] for row in self.rows("contacts") for item in row[kind]] for kind in seed.INNER}
            self._next_id = {table: max(rows, default=0) + 1 for table, rows in self._tables.items()}
            self._next_id.update({kind: max(keys) + 1 for kind, keys in inner.items()})
            self._tokens, self._used_codes = {}, {}
            self._changed()

    def tables(self) -> list[str]:
        """The names of all tables."""
        return list(self._tables)

    def rows(self, table: str) -> list[Record]:
        """All records of a table by ascending id."""
        with self.lock:
            records = self._tables[table]
            return [records[key] for key in sorted(records)]

    def get(self, table: str, key: int | None) -> Record | None:
        """One record, or None."""
        with self.lock:
            return None if key is None else self._tables[table].get(key)

    def name(self, table: str, key: int | None) -> str | None:
        """The name of a record that others refer to, or None."""
        record = self.get(table, key)
        return None if record is None else str(record["name"])

    def take_id(self, table: str) -> int:
        """The next id of a table, or of `phones` or `emails`, whose rows stand within contacts."""
        with self.lock:
            key = self._next_id[table]
            self._next_id[table] = key + 1
            return key

    def insert(self, table: str, record: Record, by: int | None) -> Record:
        """Store a new record, under the next id unless it took one, and stamp who wrote it when."""
        with self.lock:
            blank = {"createdBy": by, "createdOn": now(), "modifiedBy": None, "modifiedOn": None}
            key = record.get("id") or self.take_id(table)
            stored = {**blank, **copy.deepcopy(record), "id": key}
            self._tables[table][stored["id"]] = stored
            self._changed()
            return stored

    def replace(self, table: str, record: Record, by: int | None) -> Record:
        """Store a changed copy of a record under its id and stamp the change."""
        with self.lock:
            stored = {**copy.deepcopy(record), "modifiedBy": by, "modifiedOn": now()}
            self._tables[table][stored["id"]] = stored
            self._changed()
            return stored

    def delete(self, table: str, key: int) -> None:
        """Forget a record; an absent one is no error."""
        with self.lock:
            self._tables[table].pop(key, None)
            self._changed()

    def issue(self, user: int, seconds: float) -> Record:
        """A new pair of tokens: `access`, `refresh`, and when each is over as UNIX time."""
        with self.lock:
            clock = time.time()
            self._tokens = {
                text: entry
                for text, entry in self._tokens.items()
                if entry["refreshUntil"] > clock and not entry["ended"]
            }
            until = clock + seconds
            claims = {"sub": str(user), "tenant": seed.TENANT_ID, "exp": int(until), "jti": secrets.token_hex(8)}
            access = jwt.encode(claims, secrets.token_bytes(32), algorithm="HS256")
            entry = {
                "user": user,
                "access": access,
                "until": until,
                "refresh": secrets.token_hex(24),
                "refreshUntil": clock + REFRESH_SECONDS,
                "ended": False,
            }
            self._tokens[access] = entry
            self._changed()
            return dict(entry)

    def token(self, access: str) -> Record | None:
        """The entry of an access token that has not been rotated away, whether it is over or not."""
        with self.lock:
            entry = self._tokens.get(access)
            return None if entry is None or entry["ended"] else dict(entry)

    def end_token(self, access: str) -> None:
        """No more use of this pair."""
        with self.lock:
            self._tokens[access]["ended"] = True
            self._changed()

    def expire_tokens(self) -> int:
        """All access tokens are over as of now; their refresh tokens stay good. Returns how many there were."""
        with self.lock:
            for entry in self._tokens.values():
                entry["until"] = 0.0
            self._changed()
            return len(self._tokens)

    def use_code(self, user: int, step: int) -> bool:
        """Note that a user's one-time code of this time step was used; False if it, or a later one, was before."""
        with self.lock:
            if self._used_codes.get(str(user), -1) >= step:
                return False
            self._used_codes[str(user)] = step
            self._changed()
            return True

    def _changed(self) -> None:
        self.revision += 1
        if self._file is None:
            return
        state = {
            "tables": {name: list(rows.values()) for name, rows in self._tables.items()},
            "next_id": self._next_id,
            "tokens": self._tokens,
            "used_codes": self._used_codes,
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(state), encoding="utf-8")
        os.replace(draft, self._file)

    def _load(self) -> bool:
        if self._file is None or not self._file.exists():
            return False
        state = json.loads(self._file.read_text(encoding="utf-8"))
        self._tables = {name: {row["id"]: row for row in rows} for name, rows in state["tables"].items()}
        self._next_id, self._tokens, self._used_codes = state["next_id"], state["tokens"], state["used_codes"]
        return True
