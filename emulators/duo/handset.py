"""Duo Mobile on the demo's phone, as JSON: what has been pushed, and the answers a person gives."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.duo.emulator import DuoEmulator
from emulators.duo.transactions import PRESSES, UnanswerableError
from emulators.twilio.loopback import comes_from_here


def blueprint(emulator: DuoEmulator) -> Blueprint:
    """The phone's routes for `emulator`, for people on this machine only."""
    handset = Blueprint("duo_handset", __name__, url_prefix="/_emulator/duo")
    directory, transactions = emulator.directory, emulator.transactions

    @handset.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @handset.get("/pushes.json")
    def pushes() -> ResponseReturnValue:
        who = request.args.get("user") or None
        ids = {user.user_id for user in (directory.matching(who) if who else directory.all())}
        shown = [each for each in transactions.all() if each.delivered and each.user.user_id in ids]
        answer = jsonify({"user": who, "pushes": [each.to_json() for each in shown]})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @handset.post("/pushes/<txid>")
    def press(txid: str) -> ResponseReturnValue:
        wanted = request.get_json()
        answer = wanted.get("answer") if isinstance(wanted, dict) else None
        if answer not in PRESSES:
            return jsonify({"error": "An answer is one of " + ", ".join(PRESSES) + "."}), 400
        if emulator.faults.on("never_answers"):
            return jsonify({"error": "The fault never_answers is on: presses do nothing."}), 409
        try:
            pressed = transactions.answer(txid, answer, str(wanted.get("code") or "").strip())
        except KeyError:
            return jsonify({"error": "There is no such request on a phone."}), 404
        except UnanswerableError as reason:
            return jsonify({"error": str(reason)}), 409
        return jsonify(pressed.to_json())

    return handset
