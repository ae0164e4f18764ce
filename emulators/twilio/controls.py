"""The switches behind `/_emulator/twilio`: JSON for tests and for the demo desk, from this machine only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.twilio.account import FROM_NUMBER, is_e164
from emulators.twilio.callee import read_script
from emulators.twilio.emulator import TwilioEmulator
from emulators.twilio.hook_client import is_hook_url
from emulators.twilio.loopback import comes_from_here
from emulators.twilio.validation import check_script


def _object() -> dict[str, Any]:
    data = request.get_json()
    return data if isinstance(data, dict) else {}


def _wrong(sentence: str) -> ResponseReturnValue:
    return jsonify({"error": sentence}), 400


def blueprint(emulator: TwilioEmulator) -> Blueprint:
    """The control routes for `emulator`."""
    controls = Blueprint("twilio_controls", __name__, url_prefix="/_emulator/twilio")
    store, faults = emulator.store, emulator.faults

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

    @controls.get("/pace")
    def show_pace() -> ResponseReturnValue:
        return jsonify(emulator.pace.describe())

    @controls.post("/pace")
    def change_pace() -> ResponseReturnValue:
        try:
            emulator.pace.change(_object())
        except ValueError as reason:
            return _wrong(str(reason))
        return jsonify(emulator.pace.describe())

    @controls.get("/numbers")
    def list_numbers() -> ResponseReturnValue:
        return jsonify({"numbers": store.numbers(), "opted_out": store.opt_outs()})

    @controls.post("/numbers/<number>")
    def script_number(number: str) -> ResponseReturnValue:
        wanted = _object()
        script, call_script, sms_url = (wanted.get(key) for key in ("script", "call_script", "sms_url"))
        if not is_e164(number):
            return _wrong("The number is not in E.164 form, like +12025550142.")
        if script is not None and check_script(str(script)):
            return _wrong(str(check_script(str(script))))
        if call_script is not None:
            try:
                read_script(str(call_script))
            except ValueError as reason:
                return _wrong(str(reason))
        if sms_url and not is_hook_url(str(sms_url)):
            return _wrong("sms_url is not a URL that can be called.")
        store.set_number(
            number,
            script=None if script is None else "" if script == "deliver" else str(script),
            call_script=None if call_script is None else str(call_script),
            sms_url=None if sms_url is None else str(sms_url),
        )
        return jsonify({"number": number, **store.numbers().get(number, {})})

    @controls.post("/inbound")
    def inbound() -> ResponseReturnValue:
        wanted = _object()
        number, to, body = (str(wanted.get(key) or "") for key in ("from", "to", "body"))
        if not is_e164(number) or not body:
            return _wrong("An inbound message needs 'from' (E.164) and 'body'; 'to' is our number unless given.")
        return jsonify(emulator.receive(number, to or FROM_NUMBER, body)), 201

    @controls.get("/messages")
    def messages() -> ResponseReturnValue:
        return jsonify({"messages": [message.to_json() for message in store.all()]})

    @controls.get("/calls")
    def calls() -> ResponseReturnValue:
        return jsonify({"calls": [call.to_json() | call.to_handset() for call in store.calls.all()]})

    @controls.get("/requests")
    def requests() -> ResponseReturnValue:
        return jsonify({"requests": list(store.requests)})

    @controls.get("/callbacks")
    def callbacks() -> ResponseReturnValue:
        return jsonify({"callbacks": list(store.callbacks)})

    return controls
