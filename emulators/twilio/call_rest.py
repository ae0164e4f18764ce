"""Twilio's REST API for calls: create, fetch, list, end, send elsewhere."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.twilio.call_validation import new_call, read_update
from emulators.twilio.connection import drop
from emulators.twilio.emulator import TwilioEmulator
from emulators.twilio.errors import RefusedError
from emulators.twilio.listing import CALLS, page_of


def add_routes(api: Blueprint, emulator: TwilioEmulator) -> None:
    """Add the routes of calls to `api`, which has seen to faults and credentials before."""
    calls, faults = emulator.store.calls, emulator.faults

    @api.post("/Accounts/<account>/Calls.json")
    def create_call(account: str) -> ResponseReturnValue:
        call = new_call(request.form, faults)
        faults.wait("hang_before_accept_seconds")
        call = calls.add(call)
        emulator.exchange.place(call)
        if faults.strikes("accept_then_drop_answer") or faults.strikes("call_accept_then_drop_answer"):
            return drop()
        faults.wait("hang_after_accept_seconds")
        return jsonify(call.to_json()), 201

    @api.get("/Accounts/<account>/Calls.json")
    def list_calls(account: str) -> ResponseReturnValue:
        return jsonify(page_of(CALLS, calls.all(), request.args, request.path))

    @api.get("/Accounts/<account>/Calls/<sid>.json")
    def fetch_call(account: str, sid: str) -> ResponseReturnValue:
        call = calls.get(sid)
        if call is None:
            raise RefusedError(20404, request.path)
        return jsonify(call.to_json())

    @api.post("/Accounts/<account>/Calls/<sid>.json")
    def update_call(account: str, sid: str) -> ResponseReturnValue:
        asked = read_update(request.form)
        call = emulator.exchange.update(sid, status=asked.status, document=asked.document, values=asked.values)
        if call is None:
            raise RefusedError(20404, request.path)
        return jsonify(call.to_json())
