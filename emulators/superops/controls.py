"""Controls for tests and the demo desk under `/superops/_control/`; JSON in and out, this machine only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from emulators.superops.endpoint import Endpoint
from emulators.superops.faults import Faults
from emulators.superops.requests_log import RequestLog
from emulators.superops.store import KEYS, SUBDOMAIN, Store
from emulators.twilio.loopback import comes_from_here

PREFIX = "/superops/_control"
Answer = Response | tuple[Response, int]


class Controls:
    """The control endpoints over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, endpoint: Endpoint) -> None:
        self.store, self.faults, self.log, self.endpoint = store, faults, log, endpoint

    def add_to(self, blueprint: Blueprint) -> None:
        """Add all control routes."""
        rules: tuple[tuple[str, Callable[..., Answer], str], ...] = (
            ("reset", self.reset, "POST"),
            ("faults", self.list_faults, "GET"),
            ("faults", self.set_faults, "POST"),
            ("requests", self.requests, "GET"),
            ("account", self.account, "GET"),
            ("tokens/<email>", self.renew_token, "POST"),
            ("bulk", self.bulk, "POST"),
            ("records/<table>", self.records, "GET"),
            ("records/<table>/<key>", self.change, "POST"),
            ("records/<table>/<key>", self.delete, "DELETE"),
        )
        for rule, view, method in rules:
            blueprint.add_url_rule(f"{PREFIX}/{rule}", f"control_{view.__name__}", _guarded(view), methods=[method])

    def reset(self) -> Answer:
        """Seed data again, all faults off, request log and rate limit empty."""
        self.faults.clear()
        self.store.reset()
        self.log.clear()
        self.endpoint.forget_calls()
        return jsonify({"reset": True})

    def list_faults(self) -> Answer:
        """Every fault with its value, its default and a sentence."""
        return jsonify(self.faults.describe())

    def set_faults(self) -> Answer:
        """Set the named faults, all or none; `{"reset": true}` first puts all to rest."""
        wanted: Any = request.get_json(silent=True)
        if not isinstance(wanted, dict):
            return jsonify({"error": "Send an object of faults."}), 400
        if wanted.pop("reset", False):
            self.faults.clear()
        try:
            self.faults.change(wanted)
        except ValueError as problem:
            return jsonify({"error": str(problem)}), 400
        return jsonify(self.faults.describe())

    def requests(self) -> Answer:
        """What the API was asked, oldest first."""
        return jsonify(self.log.all())

    def account(self) -> Answer:
        """What a connector needs to call: the subdomain, and each technician's token by e-mail address."""
        return jsonify({"subdomain": SUBDOMAIN, "tokens": self.store.tokens()})

    def renew_token(self, email: str) -> Answer:
        """Generate a technician's token anew, as he could in his profile; the old one is dead."""
        for row in self.store.rows("technicians"):
            if row["email"] == email:
                return jsonify({"token": self.store.renew_token(row["userId"])})
        abort(404)

    def bulk(self) -> Answer:
        """Add so many requesters to a client: `{"users": 230, "clientId": "..."}`."""
        wanted: Any = request.get_json(silent=True) or {}
        client = self.store.get("clients", wanted.get("clientId"))
        if client is None or not isinstance(wanted.get("users"), int):
            abort(400)
        self.store.add_people(wanted["users"], client)
        return jsonify({"users": wanted["users"]})

    def records(self, table: str) -> Answer:
        """The stored rows of a table; `?ticketId=...` and the like keep those with that value."""
        rows = self.store.rows(_known(table))
        return jsonify(
            [row for row in rows if all(str(row.get(name)) == value for name, value in request.args.items())]
        )

    def change(self, table: str, key: str) -> Answer:
        """Change columns of a stored row, as a person in SuperOps would."""
        wanted: Any = request.get_json(silent=True)
        if not isinstance(wanted, dict) or self.store.get(_known(table), key) is None:
            abort(400 if not isinstance(wanted, dict) else 404)
        return jsonify(self.store.change(table, key, wanted))

    def delete(self, table: str, key: str) -> Answer:
        """Delete a stored row."""
        self.store.delete(_known(table), key)
        return jsonify({"deleted": True})


def _known(table: str) -> str:
    if table not in KEYS:
        abort(404, f"There is no table {table}; there are: {', '.join(KEYS)}.")
    return table


def _guarded(view: Callable[..., Answer]) -> Callable[..., Answer]:
    def guarded(**names: str) -> Answer:
        if not comes_from_here(request):
            abort(403)
        return view(**names)

    return guarded
