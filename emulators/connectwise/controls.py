"""Controls for tests and the demo desk under `/_emulator/connectwise/`; JSON in and out, loopback only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from emulators.connectwise.auth import Principal
from emulators.connectwise.errors import ApiError
from emulators.connectwise.faults import Faults
from emulators.connectwise.paging import Query
from emulators.connectwise.render import View
from emulators.connectwise.resources import Call
from emulators.connectwise.rest import RequestLog, read_json, route
from emulators.connectwise.rights import full_role
from emulators.connectwise.store import CODEBASE, COMPANY, MEMBER_CONTEXT, Store
from emulators.connectwise.tables import TABLES

PREFIX = "/_emulator/connectwise"
_CREATED = {"companies": "company/companies", "contacts": "company/contacts", "tickets": "service/tickets"}


def loopback_only() -> None:
    """Refuse a request whose Host is not this machine, so that a name resolved to it by a foreign page is no way in."""
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if name not in ("localhost", "127.0.0.1", "[::1]"):
        abort(403, "Only for localhost, 127.0.0.1 and [::1].")
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403, "Not from a page of another site.")


class Controls:
    """The control endpoints over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog) -> None:
        self.store, self.faults, self.log = store, faults, log

    def add_to(self, blueprint: Blueprint) -> None:
        """Add all control routes."""
        for rule, view, method in (
            ("reset", self.reset, "POST"),
            ("faults", self.list_faults, "GET"),
            ("faults", self.set_faults, "POST"),
            ("requests", self.requests, "GET"),
            ("notes", self.notes, "GET"),
            ("sessions", self.session, "POST"),
            ("<table>", self.create, "POST"),
        ):
            blueprint.add_url_rule(f"{PREFIX}/{rule}", f"control_{method}_{view.__name__}", view, methods=[method])

    def reset(self) -> Response:
        """Seed data again, all faults off, request log empty."""
        loopback_only()
        self.faults.reset()
        self.store.reset()
        self.log.clear()
        return jsonify({"reset": True})

    def list_faults(self) -> Response:
        """Every switch with its value, its default and a sentence."""
        loopback_only()
        return jsonify(self.faults.describe())

    def set_faults(self) -> Response | tuple[Response, int]:
        """Set the named switches; `{"reset": true}` first puts all to rest."""
        loopback_only()
        changes: Any = request.get_json(silent=True)
        try:
            if isinstance(changes, dict) and changes.get("reset") is True:
                self.faults.reset()
                changes = {name: value for name, value in changes.items() if name != "reset"}
            self.faults.set(changes)
        except ValueError as problem:
            return jsonify({"error": str(problem)}), 400
        return jsonify(self.faults.describe())

    def requests(self) -> Response:
        """What the REST part was asked, oldest first."""
        loopback_only()
        return jsonify(self.log.all())

    def notes(self) -> Response:
        """The stored notes, all or those of `?ticket=`, `?contact=` or `?company=`; tickets' notes by default."""
        loopback_only()
        view = View(self.store, request.host_url.rstrip("/"))
        for name, table, link in (
            ("contact", "contactNotes", "contactId"),
            ("company", "companyNotes", "companyId"),
            ("ticket", "ticketNotes", "ticketId"),
        ):
            wanted = request.args.get(name)
            if wanted is not None or name == "ticket":
                rows = [row for row in self.store.rows(table) if wanted is None or str(row[link]) == wanted]
                return jsonify([view.record(TABLES[table], row) for row in rows])
        return jsonify([])

    def session(self) -> Response | tuple[Response, int]:
        """Member data as `getMemberAuthentication` gives it, without a browser: `{"member": "sam"}`.

        `"rotate": true` ends the member's earlier hashes, `"expired": true` gives a hash that is already ended.
        """
        loopback_only()
        body = request.get_json(silent=True) or {}
        member = self.store.member(str(body.get("member", "")))
        if member is None:
            return jsonify({"error": "There is no such member."}), 404
        return jsonify(
            member_authentication(
                self.store, member["identifier"], expired=bool(body.get("expired")), rotate=bool(body.get("rotate"))
            )
        )

    def create(self, table: str) -> Response | tuple[Response, int]:
        """Create a company, contact or ticket as a REST POST would, without credentials."""
        loopback_only()
        if table not in _CREATED:
            abort(404)
        principal = Principal(186, "sam", "session", full_role())
        base = request.host_url.rstrip("/")
        call = Call(
            self.store,
            self.faults,
            principal,
            View(self.store, base),
            "POST",
            Query({}, base),
            lambda: read_json(request),
        )
        try:
            with self.store.lock:
                status, record = route(call, f"/{_CREATED[table]}")
        except ApiError as problem:
            return jsonify(problem.body), problem.status
        return jsonify(record), status


def member_authentication(store: Store, identifier: str, expired: bool = False, rotate: bool = False) -> dict[str, str]:
    """The data of the Hosted API's member authentication for a signed-in member."""
    member = store.member(identifier)
    if member is None:
        raise KeyError(identifier)
    member_hash = (
        store.ended_session(member["identifier"]) if expired else store.open_session(member["identifier"], rotate)
    )
    return {
        "site": request.host_url,
        "companyid": COMPANY,
        "memberid": member["identifier"],
        "memberHash": member_hash,
        "memberContext": MEMBER_CONTEXT,
        "memberEmail": member["primaryEmail"],
        "codeBase": CODEBASE,
    }
