"""The switches behind `/_emulator/duo`: JSON for tests and for the demo desk, from this machine only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.duo.directory import AUTO_ANSWERS, Script
from emulators.duo.emulator import DuoEmulator
from emulators.duo.transactions import Transaction
from emulators.duo.users import STATUSES, User
from emulators.twilio.loopback import comes_from_here

LONGEST_WAIT_SECONDS = 36000


def _object() -> dict[str, Any]:
    data = request.get_json()
    return data if isinstance(data, dict) else {}


def _wrong(sentence: str) -> ResponseReturnValue:
    return jsonify({"error": sentence}), 400


def blueprint(emulator: DuoEmulator) -> Blueprint:
    """The control routes for `emulator`."""
    controls = Blueprint("duo_controls", __name__, url_prefix="/_emulator/duo")
    faults, directory = emulator.faults, emulator.directory

    @controls.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @controls.post("/reset")
    def reset() -> ResponseReturnValue:
        emulator.reset()
        return "", 204

    @controls.get("/faults")
    def list_faults() -> ResponseReturnValue:
        return jsonify(faults.describe())

    @controls.post("/faults")
    def change_faults() -> ResponseReturnValue:
        try:
            faults.change(_object())
        except ValueError as reason:
            return _wrong(str(reason))
        return jsonify(faults.describe())

    def described(user: User) -> dict[str, Any]:
        script = directory.script(user.user_id)
        return {
            "user_id": user.user_id,
            "username": user.username,
            "realname": user.realname,
            "email": user.email,
            "aliases": list(user.aliases),
            "status": user.status,
            "verified_push": user.verified_push,
            "phones": [{"phone_id": each.phone_id, "display_name": each.display_name} for each in user.phones],
            "auto": script.answer if script else None,
            "after_seconds": script.after_seconds if script else 0,
        }

    @controls.get("/users")
    def list_users() -> ResponseReturnValue:
        return jsonify({"users": [described(user) for user in directory.all()]})

    @controls.post("/users/<who>")
    def change_user(who: str) -> ResponseReturnValue:
        found = directory.matching(who)
        if not found:
            return jsonify({"error": "There is no such user."}), 404
        if len(found) > 1:
            return jsonify({"error": "Several users have this address; name one by username or user_id."}), 409
        user_id, wanted = found[0].user_id, _object()
        reason = _what_is_wrong(wanted)
        if reason:
            return _wrong(reason)
        directory.change(user_id, **{name: wanted[name] for name in ("status", "verified_push") if name in wanted})
        if "auto" in wanted:
            auto = wanted["auto"]
            directory.set_script(user_id, Script(auto, wanted.get("after_seconds", 0)) if auto else None)
        return jsonify(described(directory.get(user_id) or found[0]))

    @controls.get("/requests")
    def requests() -> ResponseReturnValue:
        return jsonify({"requests": emulator.journal.all()})

    @controls.get("/transactions")
    def transactions() -> ResponseReturnValue:
        return jsonify({"transactions": [_in_full(each) for each in emulator.transactions.all()]})

    return controls


def _what_is_wrong(wanted: dict[str, Any]) -> str | None:
    """What is wrong with the changes of a user, in a sentence; None if nothing."""
    unknown = wanted.keys() - {"status", "verified_push", "auto", "after_seconds"}
    if unknown or not wanted:
        return "A user takes 'status', 'verified_push', 'auto' and 'after_seconds'."
    if "status" in wanted and wanted["status"] not in STATUSES:
        return "'status' is one of " + ", ".join(STATUSES) + "."
    if not isinstance(wanted.get("verified_push", False), bool):
        return "'verified_push' is true or false."
    if wanted.get("auto") not in (None, *AUTO_ANSWERS):
        return "'auto' is null, or one of " + ", ".join(AUTO_ANSWERS) + "."
    after = wanted.get("after_seconds", 0)
    if isinstance(after, bool) or not isinstance(after, int | float) or not 0 <= after <= LONGEST_WAIT_SECONDS:
        return f"'after_seconds' is a number from 0 to {LONGEST_WAIT_SECONDS}."
    if "after_seconds" in wanted and not wanted.get("auto"):
        return "'after_seconds' goes with 'auto'."
    return None


def _in_full(transaction: Transaction) -> dict[str, Any]:
    """What the phone shows, and what it does not: whose it is, by which API, whether it arrived."""
    return {
        **transaction.to_json(),
        "api": transaction.application.api,
        "user_id": transaction.user.user_id,
        "username": transaction.user.username,
        "phone_id": transaction.phone.phone_id if transaction.phone else None,
        "delivered": transaction.delivered,
    }
