"""A tenant's memory: records by entity, its keys, and an optional JSON file that survives a restart."""

from __future__ import annotations

import copy
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulators.autotask import picklists, seed

Record = dict[str, Any]


def now() -> str:
    """The present time as the wire writes it."""
    return seed.stamp(datetime.now(UTC))


@dataclass(frozen=True)
class Tenant:
    """A database: its file, its `ci`, the API user's name, its picklists and its seed."""

    name: str
    ci: int
    user: str
    lists: picklists.Picklists
    records: Callable[[], seed.Tables]


NORTHGATE = Tenant("autotask", 500123, "podapi@northgate.example", picklists.ENGLISH, seed.northgate)
NORDTOR = Tenant("autotask-nordtor", 500456, "podapi@nordtor.example", picklists.GERMAN, seed.nordtor)


class Store:
    """All records of one tenant behind one re-entrant lock.

    Take `lock` around every sequence that must be seen whole. Records handed out are the stored ones: callers copy
    before they change anything and write back with `insert`, `replace` and `delete`. Keys of a record that begin with
    `_` are never sent.
    """

    def __init__(self, tenant: Tenant = NORTHGATE, state_dir: Path | None = None) -> None:
        self.tenant = tenant
        self.lock = threading.RLock()
        self.revision = 0
        self._file = None if state_dir is None else state_dir / f"{tenant.name}.json"
        self._tables: dict[str, dict[int, Record]] = {}
        self._next_id: dict[str, int] = {}
        if not self._load():
            self.reset()

    def reset(self) -> None:
        """Back to the seed: every change, insight and LiveLink is gone."""
        with self.lock:
            rows = self.tenant.records()
            self._tables = {name: {row["id"]: row for row in rows.get(name, [])} for name in seed.START_IDS}
            self._next_id = {
                name: max(start, *(key + 1 for key in self._tables[name]), 1) for name, start in seed.START_IDS.items()
            }
            self._changed()

    def rows(self, table: str) -> list[Record]:
        """All records by ascending id, which is the only order the API knows."""
        with self.lock:
            records = self._tables[table]
            return [records[key] for key in sorted(records)]

    def get(self, table: str, key: int | None) -> Record | None:
        """One record, or None."""
        with self.lock:
            return None if key is None else self._tables[table].get(key)

    def insert(self, table: str, record: Record) -> Record:
        """Store a new record under the next id."""
        with self.lock:
            key = self._next_id[table]
            self._next_id[table] = key + 1
            stored = {**copy.deepcopy(record), "id": key}
            self._tables[table][key] = stored
            self._changed()
            return stored

    def replace(self, table: str, record: Record) -> Record:
        """Store a record under its own id, new or not."""
        with self.lock:
            stored = copy.deepcopy(record)
            self._tables[table][stored["id"]] = stored
            self._next_id[table] = max(self._next_id[table], stored["id"] + 1)
            self._changed()
            return stored

    def delete(self, table: str, key: int) -> None:
        """Forget a record; an absent one is no error."""
        with self.lock:
            self._tables[table].pop(key, None)
            self._changed()

    def label(self, picklist: str, value: object) -> str:
        """The label of a picklist's value, or nothing."""
        return next((each.label for each in self.tenant.lists[picklist] if each.id == value), "")

    def _changed(self) -> None:
        self.revision += 1
        if self._file is None:
            return
        state = {"tables": {name: list(rows.values()) for name, rows in self._tables.items()}, "next_id": self._next_id}
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
        return True
