"""The phone: a page that draws a handset, shows the texts that arrived on it, and takes its calls."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from emulators.twilio.account import DEMO_HANDSET, FROM_NUMBER, HANDSET_NAMES, MESSAGING_SERVICE_SID, is_e164
from emulators.twilio.emulator import TwilioEmulator
from emulators.twilio.exchange import NotPossibleError
from emulators.twilio.loopback import comes_from_here
from emulators.twilio.twiml import KEYS

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def blueprint(emulator: TwilioEmulator) -> Blueprint:
    """The phone's pages and their JSON."""
    phone = Blueprint(
        "twilio_phone", __name__, template_folder="templates", static_folder="static", static_url_path="/phone/static"
    )
    store = emulator.store

    @phone.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @phone.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.endpoint != "twilio_phone.static":
            response.headers["Cache-Control"] = "no-store"
        return response

    def page(number: str) -> str:
        return render_template(
            "twilio/phone.html",
            number=number,
            name=HANDSET_NAMES.get(number, ""),
            handsets=[each for each in store.handsets() if each["number"] != number],
            embed=request.args.get("embed") == "1",
        )

    @phone.get("/phone")
    def default_handset() -> ResponseReturnValue:
        wanted = request.args.get("number", DEMO_HANDSET)
        return page(wanted if is_e164(wanted) else DEMO_HANDSET)

    @phone.get("/phone/<number>")
    def handset(number: str) -> ResponseReturnValue:
        if not is_e164(number):
            abort(404)
        return page(number)

    def asked_number() -> str:
        # A query string turns the plus of an unescaped number into a space.
        return request.args.get("to", DEMO_HANDSET).replace(" ", "+")

    @phone.get("/phone/messages.json")
    def messages() -> ResponseReturnValue:
        number = asked_number()
        blocked = store.has_opted_out(FROM_NUMBER, number) or store.has_opted_out(MESSAGING_SERVICE_SID, number)
        return jsonify(
            {
                "number": number,
                "name": HANDSET_NAMES.get(number, ""),
                "opted_out": blocked,
                "messages": [text.to_json() for text in store.texts(number)],
                "handsets": store.handsets(),
            }
        )

    @phone.get("/phone/calls.json")
    def calls() -> ResponseReturnValue:
        number = asked_number()
        found = [call.to_handset() for call in store.calls.all() if call.to == number]
        return jsonify({"number": number, "calls": found})

    @phone.post("/phone/calls/<sid>")
    def handle(sid: str) -> ResponseReturnValue:
        wanted = request.get_json()
        action, key = (wanted.get("do"), wanted.get("key")) if isinstance(wanted, dict) else (None, None)
        if store.calls.get(sid) is None:
            return jsonify({"error": "There is no such call."}), 404
        try:
            if action == "key":
                if not isinstance(key, str) or len(key) != 1 or key not in KEYS:
                    return jsonify({"error": "'key' is one of 0 to 9, * and #."}), 400
                return jsonify(emulator.exchange.press(sid, key).to_handset())
            if action not in handset_acts:
                return jsonify({"error": "'do' is answer, decline, hang_up or key."}), 400
            return jsonify(handset_acts[action](sid).to_handset())
        except NotPossibleError as reason:
            return jsonify({"error": str(reason)}), 409

    handset_acts = {
        "answer": emulator.exchange.answer,
        "decline": emulator.exchange.decline,
        "hang_up": emulator.exchange.hang_up,
    }
    return phone
