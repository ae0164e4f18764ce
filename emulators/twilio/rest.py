"""Twilio's REST API: who may come in and what can go wrong; messages: create, fetch, list, redact, cancel, delete."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from emulators.twilio import call_rest
from emulators.twilio.account import ACCOUNT_SID, AUTH_TOKEN
from emulators.twilio.connection import DROPPED, drop
from emulators.twilio.emulator import TwilioEmulator
from emulators.twilio.errors import RefusedError
from emulators.twilio.listing import MESSAGES, page_of
from emulators.twilio.messages import API_VERSION, FINAL, Message
from emulators.twilio.validation import new_message

ROOT = f"/{API_VERSION}"


def _authenticate(path_account: str | None) -> None:
    login = request.authorization
    name, password = (login.username or "", login.password or "") if login and login.type == "basic" else ("", "")
    known = hmac.compare_digest(name.encode(), ACCOUNT_SID.encode())
    right = hmac.compare_digest(password.encode(), AUTH_TOKEN.encode())
    if not (known and right and path_account in (None, ACCOUNT_SID)):
        raise RefusedError(20003)


def blueprint(emulator: TwilioEmulator) -> Blueprint:
    """The routes under `/2010-04-01`, for `emulator`."""
    api = Blueprint("twilio_rest", __name__, url_prefix=ROOT)
    store, faults = emulator.store, emulator.faults

    @api.before_request
    def strike() -> Response | None:
        faults.wait("slow_seconds")
        if faults.strikes("down"):
            return drop()
        if faults.strikes("http_500"):
            raise RefusedError(20500)
        if faults.strikes("rate_limit_429"):
            raise RefusedError(20429)
        _authenticate((request.view_args or {}).get("account"))
        return None

    @api.after_request
    def note(response: Response) -> Response:
        status = None if DROPPED in request.environ else response.status_code
        store.log_request(request.method, request.path, status)
        return response

    @api.errorhandler(RefusedError)
    def refused(error: RefusedError) -> ResponseReturnValue:
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else {}
        return jsonify(error.body), error.status, headers

    @api.errorhandler(HTTPException)
    def unexpected(error: HTTPException) -> ResponseReturnValue:
        return refused(RefusedError(20004 if error.code == 405 else 20001))

    @api.route("/<path:anything>", methods=["GET", "POST", "PUT", "DELETE"])
    def nowhere(anything: str) -> ResponseReturnValue:
        raise RefusedError(20404, request.path)

    @api.post("/Accounts/<account>/Messages.json")
    def create(account: str) -> ResponseReturnValue:
        message = new_message(request.form, store, faults)
        faults.wait("hang_before_accept_seconds")
        message = store.add(message)
        emulator.carrier.accept(message)
        if faults.strikes("accept_then_drop_answer"):
            return drop()
        faults.wait("hang_after_accept_seconds")
        return jsonify(message.to_json()), 201

    @api.get("/Accounts/<account>/Messages.json")
    def index(account: str) -> ResponseReturnValue:
        return jsonify(page_of(MESSAGES, store.all(), request.args, request.path))

    def existing(sid: str) -> Message:
        message = store.get(sid)
        if message is None:
            raise RefusedError(20404, request.path)
        return message

    @api.get("/Accounts/<account>/Messages/<sid>.json")
    def fetch(account: str, sid: str) -> ResponseReturnValue:
        return jsonify(existing(sid).to_json())

    @api.post("/Accounts/<account>/Messages/<sid>.json")
    def update(account: str, sid: str) -> ResponseReturnValue:
        message = existing(sid)
        values: dict[str, Any] = {}
        if request.form.get("Status"):
            if request.form["Status"] != "canceled" or message.status != "scheduled":
                raise RefusedError(20001, "only a scheduled message can be canceled")
            values["status"] = "canceled"
        if "Body" in request.form:
            if request.form["Body"]:
                raise RefusedError(20001, "Body can only be emptied")
            if message.status not in FINAL and message.status != "sent":
                raise RefusedError(20009)
            values["body"] = ""
        return jsonify((store.change(sid, **values) or message).to_json())

    @api.delete("/Accounts/<account>/Messages/<sid>.json")
    def delete(account: str, sid: str) -> ResponseReturnValue:
        if existing(sid).status not in FINAL | {"sent"}:
            raise RefusedError(20009)
        store.delete(sid)
        return "", 204

    call_rest.add_routes(api, emulator)
    return api
