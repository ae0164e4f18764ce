"""One request as its handler sees it, and what every write has in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.halo.errors import model_state, wrong_type
from emulators.halo.faults import Faults
from emulators.halo.lists import Query
from emulators.halo.store import Record, Store
from emulators.halo.tokens import Caller


@dataclass
class Call:
    """A request: the caller, its parameters, and the origin it came to."""

    store: Store
    faults: Faults
    caller: Caller
    query: Query
    origin: str

    @property
    def agent(self) -> Record:
        """The agent the caller acts as."""
        row = self.store.get("agents", self.caller.agent_id)
        assert row is not None
        return row

    def clients_of_agent(self) -> set[int] | None:
        """The clients that the agent is kept to, or None."""
        named = {int(word) for word in self.faults.words("agent_clients") if word.isdigit()}
        if self.agent["one_client"]:
            named.add(self.agent["one_client"])
        return named or None

    def visible(self, resource: str, rows: list[Record], client: Callable[[Record], int]) -> list[Record]:
        """The rows that the agent may see; what it may not see is not there, without a word."""
        if resource in self.faults.words("empty_to_agent"):
            return []
        kept_to = self.clients_of_agent()
        return rows if kept_to is None else [row for row in rows if client(row) in kept_to]


def integer(sent: Record, name: str, where: str) -> int | None:
    """A whole number of a write, None where absent or null. Raises 400 for anything else, also for 95.0."""
    value = sent.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(f"{where}.{name}", "System.Int32")
    return value


def text(sent: Record, name: str, where: str) -> str:
    """A text of a write, empty where absent. Raises 400 for anything else."""
    value = sent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong_type(f"{where}.{name}", "System.String")
    return value


def flag(sent: Record, name: str, where: str, default: bool = False) -> bool:
    """A yes or no of a write. Raises 400 for anything else."""
    value = sent.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise wrong_type(f"{where}.{name}", "System.Boolean")
    return value


def objects(body: Any, strict: bool) -> list[Record]:
    """The objects of a POST: an array of them, or a bare one unless `strict`. Raises 400."""
    if isinstance(body, dict) and not strict:
        return [body]
    if not isinstance(body, list) or not body:
        raise model_state("$", "The JSON value could not be converted to a list of objects.")
    for place, item in enumerate(body):
        if not isinstance(item, dict):
            raise wrong_type(f"[{place}]", "an object")
    return body


def with_fields(stored: list[Record], sent: Any, known: list[Record], where: str) -> list[Record]:
    """Custom fields after a write: only those sent change, by id or by name in any letter case. Raises 400."""
    if not isinstance(sent, list):
        raise wrong_type(f"{where}.customfields", "a list of objects")
    fields = {field["id"]: dict(field) for field in stored}
    for entry in sent:
        name = str(entry.get("name", "")).lower()
        field = next((row for row in known if row["id"] == entry.get("id") or row["name"].lower() == name), None)
        if field is not None:
            value = "" if entry.get("value") is None else str(entry["value"])
            fields[field["id"]] = {
                "id": field["id"],
                "name": field["name"],
                "label": field["label"],
                "type": field["type"],
                "value": value,
                "display": value,
            }
    return list(fields.values())
