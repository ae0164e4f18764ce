"""Controls for tests and the demo desk under `/autotask/_control/`; JSON in and out, from this machine only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.autotask import livelinks, tickets, writing
from emulators.autotask.auth import Caller, Gate
from emulators.autotask.entities import ENTITIES
from emulators.autotask.errors import ApiError
from emulators.autotask.faults import Faults
from emulators.autotask.minter import Minter
from emulators.autotask.requests_log import RequestLog
from emulators.autotask.rights import Rights
from emulators.autotask.seed import CUSTOM_CODE, SECRET, VENDOR_CODE, VENDOR_ID
from emulators.autotask.seed_setup import API_USER
from emulators.autotask.store import Record, Store
from emulators.autotask.throttle import Throttle
from emulators.twilio.loopback import comes_from_here

PREFIX = "/autotask/_control"


def _object() -> dict[str, Any]:
    data = request.get_json(silent=True)
    return data if isinstance(data, dict) else {}


def _wrong(sentence: str, status: int = 400) -> ResponseReturnValue:
    return jsonify({"error": sentence}), status


def blueprint(
    stores: Sequence[Store], faults: Faults, log: RequestLog, gate: Gate, throttle: Throttle, minter: Minter
) -> Blueprint:
    """The control routes; records and addresses are those of the first tenant."""
    controls = Blueprint("autotask_controls", __name__, url_prefix=PREFIX)
    store = stores[0]

    @controls.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @controls.post("/reset")
    def reset() -> ResponseReturnValue:
        """Seed data again, all faults off, nobody locked, no requests."""
        faults.clear()
        for each in stores:
            each.reset()
        log.clear()
        gate.unlock()
        throttle.clear()
        minter.forget()
        return jsonify({"reset": True})

    @controls.get("/faults")
    def list_faults() -> ResponseReturnValue:
        return jsonify(faults.describe())

    @controls.post("/faults")
    def change_faults() -> ResponseReturnValue:
        """Set the named faults; `{"reset": true}` first puts all to rest."""
        wanted = _object()
        try:
            if wanted.pop("reset", False) is True:
                faults.clear()
            faults.change(wanted)
        except ValueError as reason:
            return _wrong(str(reason))
        return jsonify(faults.describe())

    @controls.get("/requests")
    def requests() -> ResponseReturnValue:
        """What the API was asked, oldest first; `?endpoint=` narrows."""
        wanted = request.args.get("endpoint", "").lower()
        return jsonify([each for each in log.all() if not wanted or each["endpoint"].lower() == wanted])

    @controls.post("/unlock")
    def unlock() -> ResponseReturnValue:
        """What a tenant's administrator does for a user locked after wrong secrets."""
        gate.unlock()
        return jsonify({"unlocked": True})

    @controls.get("/keys")
    def keys() -> ResponseReturnValue:
        """The invented credentials of both tenants."""
        users = {each.tenant.name: {"user": each.tenant.user, "ci": each.tenant.ci} for each in stores}
        return jsonify(
            {
                "users": users,
                "secret": SECRET,
                "vendor_code": VENDOR_CODE,
                "custom_code": CUSTOM_CODE,
                "vendor_id": VENDOR_ID,
                "api_resource": API_USER,
            }
        )

    @controls.get("/records/<name>")
    def records(name: str) -> ResponseReturnValue:
        """All stored records of an entity."""
        entity = ENTITIES.get(name.lower())
        return jsonify(store.rows(entity.name)) if entity else _wrong(f"There is no entity {name}.", 404)

    @controls.post("/records/<name>")
    def write_record(name: str) -> ResponseReturnValue:
        """Change the record whose `id` is given, or make one, as somebody at Autotask would: no rights, few rules.

        Keys that begin with `_` are kept as they are, such as `_impersonable` of a resource.
        """
        entity = ENTITIES.get(name.lower())
        if entity is None:
            return _wrong(f"There is no entity {name}.", 404)
        wanted = _object()
        hidden = {key: value for key, value in wanted.items() if key.startswith("_")}
        plain: Record = {key: value for key, value in wanted.items() if not key.startswith("_")}
        at_work = Caller(store, VENDOR_CODE, Rights({}))
        try:
            with store.lock:
                if "id" in plain:
                    old, new = writing.updated(plain, entity, store, "PATCH")
                    new = tickets.before_update(entity.name, old, new, store, faults)
                    stored = store.replace(entity.name, {**writing.stamp_change(new, entity, 4, None), **hidden})
                else:
                    parent = plain.get(entity.link) if entity.link else None
                    record = writing.created(plain, entity, store, parent)
                    record = tickets.before_create(entity.name, record, at_work, faults)
                    stored = store.insert(entity.name, {**writing.stamp_creation(record, entity, 4, None), **hidden})
                tickets.after_write(entity.name, stored, store, faults, new="id" not in plain)
        except ApiError as problem:
            return problem.body, 400, {"Content-Type": "application/json"}
        return jsonify(stored)

    @controls.delete("/records/<name>/<int:key>")
    def forget_record(name: str, key: int) -> ResponseReturnValue:
        """Take a record away, as a merge or an administrator's clean-up does."""
        entity = ENTITIES.get(name.lower())
        if entity is None:
            return _wrong(f"There is no entity {name}.", 404)
        store.delete(entity.name, key)
        return jsonify({"deleted": key})

    @controls.post("/livelinks")
    def make_link() -> ResponseReturnValue:
        """Publish a LiveLink on tickets, in place of one of the same name."""
        try:
            link = livelinks.read_link(_object())
        except ValueError as reason:
            return _wrong(str(reason))
        with store.lock:
            for row in store.rows("LiveLinks"):
                if row["name"] == link["name"]:
                    store.delete("LiveLinks", row["id"])
            return jsonify(store.insert("LiveLinks", link))

    @controls.get("/insights/<int:ticket>")
    def insights(ticket: int) -> ResponseReturnValue:
        """The insights of a ticket's screen with their signed addresses: `?agent=`, `?dark=1`."""
        agent = minter.agent(request.args.get("agent", ""))
        found = store.get("Tickets", ticket)
        if agent is None or found is None:
            return _wrong("There is no such ticket or agent.", 404)
        return jsonify(minter.insights(found, agent, dark=request.args.get("dark") == "1"))

    return controls
