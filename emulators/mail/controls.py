"""The switches behind `/_emulator/mail`, and the kept mail as JSON: for tests and the demo desk, this machine only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.mail.emulator import MailEmulator
from emulators.mail.mailbox import wanted_address
from emulators.mail.scanner import KINDS, leads_here, scan
from emulators.mail.store import KEPT_MESSAGES
from emulators.twilio.loopback import comes_from_here


def _object() -> dict[str, Any]:
    data = request.get_json()
    return data if isinstance(data, dict) else {}


def _wrong(sentence: str) -> ResponseReturnValue:
    return jsonify({"error": sentence}), 400


def blueprint(emulator: MailEmulator) -> Blueprint:
    """The control routes for `emulator`."""
    controls = Blueprint("mail_controls", __name__, url_prefix="/_emulator/mail")
    store = emulator.store

    @controls.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @controls.after_request
    def guard(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @controls.post("/reset")
    def reset() -> ResponseReturnValue:
        emulator.reset()
        return "", 204

    @controls.get("/faults")
    def list_faults() -> ResponseReturnValue:
        return jsonify(emulator.faults.describe())

    @controls.post("/faults")
    def change_faults() -> ResponseReturnValue:
        try:
            emulator.change_faults(_object())
        except ValueError as reason:
            return _wrong(str(reason))
        return jsonify(emulator.faults.describe())

    @controls.get("/messages.json")
    def messages() -> ResponseReturnValue:
        limit = request.args.get("limit", KEPT_MESSAGES, type=int)
        if limit < 1:
            return _wrong("limit is a number from 1.")
        return jsonify({"messages": [store.to_json(mail) for mail in store.newest(wanted_address())[:limit]]})

    @controls.get("/messages/<mail_id>/raw")
    def raw(mail_id: str) -> ResponseReturnValue:
        mail = store.get(mail_id) or abort(404)
        headers = {"Content-Disposition": f'attachment; filename="{mail.id}.eml"'}
        return Response(mail.raw, content_type="message/rfc822", headers=headers)

    @controls.post("/messages/<mail_id>/scan")
    def scan_link(mail_id: str) -> ResponseReturnValue:
        mail = store.get(mail_id) or abort(404)
        wanted = _object()
        kind, link = wanted.get("as"), wanted.get("link")
        if kind not in KINDS:
            return _wrong(f"'as' takes one of {', '.join(KINDS)}.")
        if link not in mail.content.links or not leads_here(link):
            return _wrong("'link' takes a link of this message that leads to this machine.")
        done = scan(kind, link)
        store.add_scan(mail.id, done)
        return jsonify(done.to_json())

    return controls
