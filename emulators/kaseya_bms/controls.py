"""Controls for tests and the demo desk under `/kaseya_bms/_control/`; JSON in and out, this machine only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from emulators.kaseya_bms import seed_lists
from emulators.kaseya_bms.contact_items import new_items
from emulators.kaseya_bms.faults import Faults
from emulators.kaseya_bms.incoming import lowered
from emulators.kaseya_bms.login import code_now
from emulators.kaseya_bms.notes import shown
from emulators.kaseya_bms.rest import Quota, RequestLog
from emulators.kaseya_bms.seed import INNER, TENANT
from emulators.kaseya_bms.store import Store
from emulators.twilio.loopback import comes_from_here

PREFIX = "/kaseya_bms/_control"


def this_machine_only() -> None:
    """Refuse a request from elsewhere, or from a page of elsewhere."""
    if not comes_from_here(request):
        abort(403, "Only for this machine.")


class Controls:
    """The control endpoints over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, quota: Quota) -> None:
        self.store, self.faults, self.log, self.quota = store, faults, log, quota

    def add_to(self, blueprint: Blueprint) -> None:
        """Add all control routes."""
        for rule, view, method in (
            ("reset", self.reset, "POST"),
            ("faults", self.list_faults, "GET"),
            ("faults", self.set_faults, "POST"),
            ("requests", self.requests, "GET"),
            ("notes", self.notes, "GET"),
            ("login", self.login, "GET"),
            ("expire-tokens", self.expire_tokens, "POST"),
            ("records/<table>", self.records, "GET"),
            ("records/<table>/<int:key>", self.record, "GET"),
            ("records/<table>/<int:key>", self.change, "POST"),
            ("records/<table>/<int:key>", self.delete, "DELETE"),
        ):
            blueprint.add_url_rule(f"{PREFIX}/{rule}", f"control_{method}_{view.__name__}", view, methods=[method])

    def reset(self) -> Response:
        """Seed data again, all faults off, a new hour, the list of requests empty."""
        this_machine_only()
        self.faults.clear()
        self.store.reset()
        self.quota.clear()
        self.log.clear()
        return jsonify({"reset": True})

    def list_faults(self) -> Response:
        """Every switch with its value, its default and a sentence."""
        this_machine_only()
        return jsonify(self.faults.describe())

    def set_faults(self) -> Response | tuple[Response, int]:
        """Set the named switches; `{"reset": true}` first puts all to rest."""
        this_machine_only()
        changes: Any = request.get_json(silent=True)
        if not isinstance(changes, dict):
            return jsonify({"error": "Send an object of switch names."}), 400
        if changes.pop("reset", False) is True:
            self.faults.clear()
        try:
            self.faults.change(changes)
        except ValueError as problem:
            return jsonify({"error": str(problem)}), 400
        return jsonify(self.faults.describe())

    def requests(self) -> Response:
        """What the API was asked, oldest first."""
        this_machine_only()
        return jsonify(self.log.all())

    def notes(self) -> Response:
        """The stored notes, all or those of `?ticket=`."""
        this_machine_only()
        wanted = request.args.get("ticket")
        rows = [row for row in self.store.rows("notes") if wanted is None or str(row["ticketId"]) == wanted]
        return jsonify([{**shown(self.store, row), "ticketId": row["ticketId"]} for row in rows])

    def login(self) -> Response:
        """How to sign in: the company name, the users with their passwords, and the MFA codes of this moment."""
        this_machine_only()
        users = [
            {
                "userName": row["login"],
                "password": row["password"],
                "mfaCode": row["totpSecret"] and code_now(row["totpSecret"]),
            }
            for row in self.store.rows("users")
        ]
        return jsonify({"tenant": TENANT, "users": users, "totpSecret": seed_lists.TOTP_SECRET})

    def expire_tokens(self) -> Response:
        """All access tokens are over, as time does it; refresh tokens stay good."""
        this_machine_only()
        return jsonify({"expired": self.store.expire_tokens()})

    def records(self, table: str) -> Response:
        """A table as it is stored."""
        this_machine_only()
        if table not in self.store.tables():
            abort(404, f"There is no table {table}.")
        return jsonify(self.store.rows(table))

    def record(self, table: str, key: int) -> Response:
        """A record as it is stored."""
        this_machine_only()
        return jsonify(self._stored(table, key))

    def change(self, table: str, key: int) -> Response | tuple[Response, int]:
        """Somebody else changes a record: `{"statusId": 35562}`.

        Key 0 makes a new one out of all fields. `phones` and `emails` are given as to a new contact, and replace.
        """
        this_machine_only()
        body: Any = request.get_json(silent=True)
        if table not in self.store.tables() or not isinstance(body, dict):
            return jsonify({"error": "Send an object of fields to a table that there is."}), 400
        with self.store.lock:
            stored = dict(self._stored(table, key)) if key else {}
            if key and not set(body) <= set(stored):
                return jsonify({"error": f"The fields are: {', '.join(stored)}."}), 400
            for kind in INNER:
                if kind in body:
                    body[kind] = new_items(self.store, kind, lowered(body[kind]), seed_lists.SAM)
            if key:
                return jsonify(self.store.replace(table, {**stored, **body}, seed_lists.SAM))
            return jsonify(self.store.insert(table, body, seed_lists.SAM))

    def delete(self, table: str, key: int) -> Response:
        """Somebody else deletes a record."""
        this_machine_only()
        self.store.delete(table, self._stored(table, key)["id"])
        return jsonify({"deleted": key})

    def _stored(self, table: str, key: int) -> dict[str, Any]:
        record = self.store.get(table, key) if table in self.store.tables() else None
        if record is None:
            abort(404, f"There is no {key} in {table}.")
        return record
