"""The tenant's own lists (statuses, queues, publish values) and company names, remembered for a while.

Values are strings in Autotask's metadata and integers in its records; both are texts here. Labels are renamed and
translated by every tenant, so nothing is known by its label but what an admin has chosen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.autotask.api import AutotaskApi
from connectors.base import Unavailable
from connectors.reading import JsonObject, text

LIFE: Final = 24 * 3600.0
"""Seconds that a tenant's lists are believed; they are read anew where a value is not in them."""

NAME_LIFE: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a list. ``parent`` is the value of the parent list that it belongs to, or empty."""

    value: str
    label: str
    parent: str = ""
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """What is known of a field: its length (0: unlimited) and its values, in the tenant's order."""

    length: int
    entries: tuple[Entry, ...]


class Lists:
    """The lists of one tenant, asked for when they are first wanted. Safe to share between threads."""

    def __init__(self, api: AutotaskApi) -> None:
        self._api = api
        self._lock = threading.Lock()
        # Held while Autotask is asked, so that threads that want the same thing at once ask for it once.
        self._asking = threading.Lock()
        self._fields: dict[str, tuple[float, Mapping[str, FieldFacts]]] = {}
        self._names: dict[str, tuple[float, str]] = {}

    def field(self, entity: str, name: str) -> FieldFacts:
        """A field by its name on the wire; one that the tenant lacks has no values."""
        return self._of(entity).get(name.lower(), FieldFacts(0, ()))

    def entries(self, entity: str, name: str) -> list[Entry]:
        """The values that are in use."""
        return [entry for entry in self.field(entity, name).entries if entry.active]

    def label(self, entity: str, name: str, value: object, *, ask: bool = True) -> str:
        """The label of a record's value, empty where there is none; without ``ask``, and where the lists are not
        remembered, the value itself.
        """
        if value is None:
            return ""
        if not ask and self._known(entity) is None:
            return str(value)
        return next((each.label for each in self.field(entity, name).entries if each.value == str(value)), str(value))

    def company_name(self, ref: str) -> str:
        """A company's name."""
        name = self._known_name(ref)
        if name is None:
            with self._asking:
                name = self._known_name(ref)
                if name is None:
                    name = text(self._api.item("Companies", int(ref)), "companyName")
                    self.remember_names({ref: name})
        return name

    def company_names(self, refs: Sequence[str]) -> dict[str, str]:
        """The names of several companies, in one question where any is not remembered."""
        known = {ref: name for ref in refs if (name := self._known_name(ref)) is not None}
        missing = sorted({int(ref) for ref in refs if ref not in known})
        for start in range(0, len(missing), 100):
            part = {"op": "in", "field": "id", "value": missing[start : start + 100]}
            rows = self._api.some("Companies", part, fields=("companyName",))
            found = {str(row.get("id")): text(row, "companyName") for row in rows}
            self.remember_names(found)
            known |= found
        return known

    def remember_names(self, names: Mapping[str, str]) -> None:
        """Keep names that came along with something else."""
        until = time.monotonic() + NAME_LIFE
        with self._lock:
            if len(self._names) > 5000:
                self._names.clear()
            self._names |= {ref: (until, name) for ref, name in names.items()}

    def forget(self, entity: str) -> None:
        """Read an entity's lists anew when they are next wanted: the PSA has just said that they have changed."""
        with self._lock:
            self._fields.pop(entity, None)

    def _known_name(self, ref: str) -> str | None:
        with self._lock:
            until, name = self._names.get(ref, (0.0, ""))
        return name if until > time.monotonic() else None

    def _known(self, entity: str) -> Mapping[str, FieldFacts] | None:
        with self._lock:
            until, facts = self._fields.get(entity, (0.0, {}))
        return facts if until > time.monotonic() else None

    def _of(self, entity: str) -> Mapping[str, FieldFacts]:
        facts = self._known(entity)
        if facts is None:
            with self._asking:
                facts = self._known(entity) or self._asked(entity)
        return facts

    def _asked(self, entity: str) -> Mapping[str, FieldFacts]:
        data = self._api.call("GET", f"/{entity}/entityInformation/fields")
        rows = data.get("fields")
        if not isinstance(rows, list):
            raise Unavailable("Autotask's lists cannot be read.")
        facts = {text(row, "name").lower(): _facts(row) for row in rows if isinstance(row, Mapping)}
        with self._lock:
            self._fields[entity] = (time.monotonic() + LIFE, facts)
        return facts


def _facts(row: JsonObject) -> FieldFacts:
    length, values = row.get("length"), row.get("picklistValues")
    found = [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []
    found.sort(key=_order)
    return FieldFacts(
        length if isinstance(length, int) else 0,
        tuple(
            Entry(
                value=_value(each.get("value")),
                label=text(each, "label"),
                parent=_value(each.get("parentValue")),
                active=each.get("isActive") is not False,
                default=each.get("isDefaultValue") is True,
            )
            for each in found
        ),
    )


def _value(value: object) -> str:
    return "" if value is None else str(value).strip()


def _order(row: JsonObject) -> int:
    order = row.get("sortOrder")
    return order if isinstance(order, int) else 0
