"""The Authenticator app on the demo phones: what is asked, and the person's answer. For people on this machine."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.entra.emulator import EntraEmulator
from emulators.entra.pushes import STATE_OF_ANSWER, ClosedError
from emulators.twilio.loopback import comes_from_here


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The JSON that a page with a phone on it polls."""
    handset = Blueprint("entra_handset", __name__, url_prefix="/_emulator/entra")
    pushes = emulator.pushes

    @handset.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @handset.get("/pushes.json")
    def shown() -> ResponseReturnValue:
        upn = request.args.get("upn") or None
        return jsonify({"upn": upn, "pushes": [push.to_json() for push in pushes.shown(upn)]})

    @handset.post("/pushes/<session>")
    def answer(session: str) -> ResponseReturnValue:
        wanted = request.get_json(silent=True)
        verb = wanted.get("answer") if isinstance(wanted, dict) else None
        if verb not in STATE_OF_ANSWER:
            return jsonify({"error": "The answer is approve, deny or fraud."}), 400
        try:
            return jsonify(pushes.answer(session, verb).to_json())
        except KeyError:
            return jsonify({"error": "There is no such push."}), 404
        except ClosedError:
            return jsonify({"error": "This push has been answered, or its time is over."}), 409

    @handset.get("/codes.json")
    def codes() -> ResponseReturnValue:
        upn = request.args.get("upn") or None
        rows = [
            {
                "session": push.id,
                "upn": push.upn,
                "method": push.method,
                "code": push.code,
                "sent_at": push.sent_at.isoformat(),
            }
            for push in pushes.codes(upn)
        ]
        return jsonify({"upn": upn, "codes": rows})

    return handset
