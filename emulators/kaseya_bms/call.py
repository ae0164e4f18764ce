"""One call on its way through the stand-in: who calls, with which rights, asking what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Request

from emulators.kaseya_bms.answers import Json, unknown
from emulators.kaseya_bms.faults import Faults
from emulators.kaseya_bms.incoming import Fields, Query, read_body
from emulators.kaseya_bms.rights import ACTIONS, Role, demand, switch_name
from emulators.kaseya_bms.store import Record, Store


@dataclass
class Call:
    """A call that is signed in; `user` is the caller's record."""

    store: Store
    faults: Faults
    request: Request
    user: Record

    @property
    def by(self) -> int:
        """The caller's id, for stamps."""
        return int(self.user["id"])

    @cached_property
    def body(self) -> Any:
        """The JSON body, names in lower case."""
        return read_body(self.request)

    def fields(self) -> Fields:
        """The body as the fields of one record."""
        return Fields(self.body)

    def query(self, prefix: str = "filter.") -> Query:
        """The address's parameters; filters are prefixed, save for the few calls whose are bare."""
        return Query.of_address(self.request, prefix, int(self.faults.number("largest_page")))

    def search(self) -> Query:
        """The parameters in the body of a search."""
        return Query.of_body(self.body, int(self.faults.number("largest_page")))

    def rights(self) -> Role:
        """What the caller's role allows now."""
        return {
            module: [
                action
                for action in actions
                if action not in ACTIONS[:2] or not self.faults.on(switch_name(module, action))
            ]
            for module, actions in self.user["rights"].items()
        }

    def demand(self, module: str, action: str = "view") -> None:
        """Refuse unless the role allows this action."""
        demand(self.rights(), module, action)

    def record(self, table: str, key: str, what: str) -> Record:
        """The record of an id in the path. Raises 404."""
        record = self.store.get(table, int(key))
        if record is None:
            raise unknown(f"{what} {key}")
        return record


Handler = Callable[..., Json | None]
