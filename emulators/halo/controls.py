"""Controls for tests and the demo under `/halo/_control/`; JSON in and out, this machine only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from emulators.halo import tabs
from emulators.halo.call import Call
from emulators.halo.errors import BrokenRule
from emulators.halo.faults import Faults
from emulators.halo.lists import Query
from emulators.halo.rest import RequestLog, Rest
from emulators.halo.seed_lists import SAM
from emulators.halo.store import Store, now
from emulators.halo.tokens import Caller
from emulators.twilio.loopback import comes_from_here

PREFIX = "/halo/_control"


def this_machine_only() -> None:
    """Refuse a request that names another host, or comes from a page of one."""
    if not comes_from_here(request):
        abort(403)
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


class Controls:
    """The control endpoints over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, rest: Rest) -> None:
        self.store, self.faults, self.log, self.rest = store, faults, log, rest

    def add_to(self, blueprint: Blueprint) -> None:
        """Add all control routes."""
        for rule, view, method in (
            ("reset", self.reset, "POST"),
            ("end_tokens", self.end_tokens, "POST"),
            ("faults", self.list_faults, "GET"),
            ("faults", self.set_faults, "POST"),
            ("requests", self.requests, "GET"),
            ("mails", self.mails, "GET"),
            ("merge", self.merge, "POST"),
            ("tabs", self.tab, "POST"),
            ("records/<table>", self.records, "GET"),
            ("records/<table>/<int:key>", self.record, "GET"),
            ("records/<table>/<int:key>", self.change, "POST"),
            ("records/<table>/<int:key>", self.remove, "DELETE"),
        ):
            blueprint.add_url_rule(f"{PREFIX}/{rule}", f"control_{method}_{view.__name__}", view, methods=[method])

    def reset(self) -> Response:
        """Seed data again, all faults off, request log and limit empty."""
        this_machine_only()
        self.faults.clear()
        self.store.reset()
        self.log.clear()
        self.rest.lift_limit()
        return jsonify({"reset": True})

    def end_tokens(self) -> Response:
        """End every token that was given out, before its time."""
        this_machine_only()
        self.store.end_tokens()
        return jsonify({"ended": True})

    def list_faults(self) -> Response:
        """Every fault with its value, its default and a sentence."""
        this_machine_only()
        return jsonify(self.faults.describe())

    def set_faults(self) -> Response | tuple[Response, int]:
        """Set the named faults; `{"reset": true}` first puts all to rest."""
        this_machine_only()
        wanted = request.get_json(silent=True)
        if not isinstance(wanted, dict):
            return jsonify({"error": "Send an object of fault names."}), 400
        try:
            if wanted.pop("reset", False) is True:
                self.faults.clear()
            self.faults.change(wanted)
        except ValueError as problem:
            return jsonify({"error": str(problem)}), 400
        return jsonify(self.faults.describe())

    def requests(self) -> Response:
        """What the API and the token server were asked, oldest first."""
        this_machine_only()
        return jsonify(self.log.all())

    def mails(self) -> Response:
        """The mails that Halo would have sent."""
        this_machine_only()
        return jsonify(self.store.mails())

    def merge(self) -> Response | tuple[Response, int]:
        """Merge one user into another, `{"user": 311, "into": 312}`: tickets move, the first is no more (inferred)."""
        this_machine_only()
        wanted: Any = request.get_json(silent=True) or {}
        with self.store.lock:
            gone, kept = (self.store.get("users", wanted.get(name)) for name in ("user", "into"))
            if gone is None or kept is None or gone["id"] == kept["id"]:
                return jsonify({"error": "Name two users that exist."}), 400
            for ticket in self.store.rows("tickets"):
                if ticket["user_id"] == gone["id"]:
                    self.store.put("tickets", {**ticket, "user_id": kept["id"], "last_update": now()})
            self.store.remove("users", gone["id"])
        return jsonify({"merged": True})

    def tab(self) -> Response | tuple[Response, int]:
        """Make a custom tab, or change one, as an administrator does by hand; the members are the API's."""
        this_machine_only()
        caller = Caller("", SAM, frozenset())
        call = Call(self.store, self.faults, caller, Query({}), request.host_url.rstrip("/"))
        try:
            with self.store.lock:
                return jsonify(tabs.write(call, request.get_json(), "$"))
        except BrokenRule as reason:
            return jsonify({"error": str(reason)}), 400

    def records(self, table: str) -> Response:
        """All stored records of a table."""
        this_machine_only()
        if table not in self.store.tables:
            abort(404)
        return jsonify(self.store.rows(table))

    def record(self, table: str, key: int) -> Response:
        """A stored record with the emulator's own members."""
        this_machine_only()
        return jsonify(self._found(table, key))

    def change(self, table: str, key: int) -> Response:
        """Change members of a record as if somebody had done it in Halo, `_detail` member by member."""
        this_machine_only()
        wanted: Any = request.get_json()
        with self.store.lock:
            row = self._found(table, key)
            detail = {**row.get("_detail", {}), **wanted.pop("_detail", {})}
            changed = {**row, **wanted, **({"_detail": detail} if detail else {})}
            return jsonify(self.store.put(table, changed))

    def remove(self, table: str, key: int) -> Response:
        """Delete a record as if somebody had done it in Halo."""
        this_machine_only()
        self._found(table, key)
        self.store.remove(table, key)
        return jsonify({"removed": True})

    def _found(self, table: str, key: int) -> dict[str, Any]:
        row = self.store.get(table, key) if table in self.store.tables else None
        if row is None:
            abort(404)
        return row
