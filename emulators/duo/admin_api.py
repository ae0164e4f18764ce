"""Duo's Admin API as far as a help desk needs it: users, phones, the verification push (fact sheet 2.7)."""

from __future__ import annotations

import json
import secrets

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.duo.account import ADMIN_API, APPLICATIONS
from emulators.duo.authentication import authenticate
from emulators.duo.calls import parameters
from emulators.duo.emulator import DuoEmulator
from emulators.duo.entrance import guard
from emulators.duo.errors import RefusedError, envelope
from emulators.duo.paging import page_of
from emulators.duo.transactions import WAITING, Transaction, new_txid
from emulators.duo.users import User


def blueprint(emulator: DuoEmulator) -> Blueprint:
    """The routes under `/admin/v1`, for `emulator`."""
    api = Blueprint("duo_admin", __name__, url_prefix="/admin/v1")
    faults, directory, transactions = emulator.faults, emulator.directory, emulator.transactions
    guard(api, emulator)

    @api.before_request
    def know_the_caller() -> None:
        g.duo_signature = authenticate(request, ADMIN_API.api, emulator.clock.now())
        g.duo_parameters = parameters(request)
        if faults.on("admin_forbidden"):
            raise RefusedError(40301)

    def existing(user_id: str) -> User:
        user = directory.get(user_id)
        if user is None:
            raise RefusedError(40401)
        return user

    def required(name: str) -> str:
        value: str | None = g.duo_parameters.get(name)
        if not value:
            raise RefusedError(40001, name)
        return value

    def found() -> list[User]:
        wanted = g.duo_parameters
        if "username" in wanted:
            user = directory.named(wanted["username"])
            return [user] if user else []
        if "email" in wanted:
            return directory.with_email(wanted["email"])
        if "username_list" in wanted:
            names = _strings(wanted["username_list"], "username_list")
            return [user for user in directory.all() if any(user.is_called(name) for name in names)]
        if "user_id_list" in wanted:
            ids = _strings(wanted["user_id_list"], "user_id_list")
            return [user for user in directory.all() if user.user_id in ids]
        return directory.all()

    @api.get("/users")
    def users() -> ResponseReturnValue:
        page, metadata = page_of(found(), g.duo_parameters)
        return jsonify(envelope([user.as_resource() for user in page], metadata))

    @api.get("/users/<user_id>")
    def user(user_id: str) -> ResponseReturnValue:
        return jsonify(envelope(existing(user_id).as_resource()))

    @api.get("/users/<user_id>/phones")
    def phones(user_id: str) -> ResponseReturnValue:
        page, metadata = page_of(existing(user_id).phones, g.duo_parameters)
        return jsonify(envelope([phone.as_resource() for phone in page], metadata))

    @api.post("/users/<user_id>/send_verification_push")
    def send_verification_push(user_id: str) -> ResponseReturnValue:
        user, phone_id = existing(user_id), required("phone_id")
        phone = user.phone(phone_id)
        if phone is None:
            raise RefusedError(40401)
        if not phone.can_push:
            raise RefusedError(40002, "phone_id")
        code = f"{secrets.randbelow(10**6):06d}" if faults.on("confirmation_code") else ""
        sent = transactions.add(
            Transaction(
                new_txid(),
                user,
                ADMIN_API,
                WAITING,
                phone=phone,
                delivered=not faults.on("push_failed"),
                # The phone's wording is [inferred]; what the API itself lets one say is nothing.
                type="Verification",
                display_username=user.username,
                pushinfo=(("Confirmation code", code),) if code else (),
                script=None if faults.on("never_answers") else directory.script(user.user_id),
            ),
            faults.number("push_life_seconds"),
        )
        return jsonify(envelope({"push_id": sent.txid, **({"confirmation_code": code} if code else {})}))

    @api.get("/users/<user_id>/verification_push_response")
    def verification_push_response(user_id: str) -> ResponseReturnValue:
        user, push_id = existing(user_id), required("push_id")
        push = transactions.get(push_id)
        if push is None or push.application is not ADMIN_API or push.user.user_id != user.user_id:
            raise RefusedError(40401)
        if push.state == "timeout":
            raise RefusedError(40401)
        result = push.state if push.delivered else "unknown error"
        return jsonify(envelope({"push_id": push_id, "result": result}))

    @api.get("/info/summary")
    def summary() -> ResponseReturnValue:
        counts = {"admin_count": 2, "integration_count": len(APPLICATIONS), "telephony_credits_remaining": 960}
        return jsonify(envelope({**counts, "user_count": len(directory.all())}))

    return api


def _strings(text: str, name: str) -> list[str]:
    try:
        values = json.loads(text)
    except ValueError:
        raise RefusedError(40002, name) from None
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise RefusedError(40002, name)
    return values
