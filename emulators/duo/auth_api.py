"""Duo's Auth API: ping, check, preauth, auth, auth_status (push-and-login fact sheet 2.6)."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.duo.account import AUTH_API
from emulators.duo.authentication import authenticate
from emulators.duo.calls import parameters
from emulators.duo.emulator import DuoEmulator
from emulators.duo.entrance import guard
from emulators.duo.errors import RefusedError, envelope
from emulators.duo.transactions import WAITING, Transaction, new_txid
from emulators.duo.users import Phone, User

PUSHINFO_LIMIT = 20_000

# state -> result, status, status_msg. `sent` and the texts after the first four are [inferred].
_OUTCOMES = {
    "approve": ("allow", "allow", "Success. Logging you in..."),
    "deny": ("deny", "deny", "Login request denied."),
    "fraud": ("deny", "fraud", "Login request denied and reported as fraud."),
    "timeout": ("deny", "timeout", "Login timed out."),
    "locked_out": ("deny", "locked_out", "Account locked out."),
    "bypass": ("allow", "bypass", "Bypass status: no second factor was asked for."),
    "sent": ("deny", "sent", "New SMS passcodes sent."),
    "disabled": ("deny", "deny", "Account disabled."),
    "refused": ("deny", "deny", "A Verified Duo Push is required, and this application did not offer it."),
}
_WITHOUT_A_PHONE = {"locked out": "locked_out", "bypass": "bypass", "disabled": "disabled"}


def blueprint(emulator: DuoEmulator) -> Blueprint:
    """The routes under `/auth/v2`, for `emulator`."""
    api = Blueprint("duo_auth", __name__, url_prefix="/auth/v2")
    faults, directory, transactions = emulator.faults, emulator.directory, emulator.transactions
    guard(api, emulator)

    @api.before_request
    def know_the_caller() -> None:
        if request.endpoint != "duo_auth.ping":
            g.duo_signature = authenticate(request, AUTH_API.api, emulator.clock.now())
            g.duo_parameters = parameters(request)

    @api.get("/ping")
    @api.get("/check", endpoint="check")
    def ping() -> ResponseReturnValue:
        return jsonify(envelope({"time": int(emulator.clock.now())}))

    def person() -> User | None:
        username, user_id = g.duo_parameters.get("username"), g.duo_parameters.get("user_id")
        if username and user_id:
            raise RefusedError(40002, "user_id")
        if user_id:
            user = directory.get(user_id)
            if user is None:
                raise RefusedError(40002, "user_id")
            return user
        if not username:
            raise RefusedError(40001, "username")
        return directory.named(username, simple=faults.on("simple_usernames"))

    @api.post("/preauth")
    def preauth() -> ResponseReturnValue:
        user = person()
        if user and user.status == "bypass":
            return jsonify(envelope({"result": "allow", "status_msg": "Bypass status"}))
        if user and user.status != "active":
            return jsonify(envelope({"result": "deny", "status_msg": f"Account is {user.status}"}))
        if user is None or not user.is_enrolled:
            return jsonify(envelope(_newcomer(faults.text("new_users"))))
        answer: dict[str, Any] = {
            "result": "auth",
            "status_msg": "Account is active",
            "devices": [
                *(phone.as_device() for phone in user.phones),
                *(token.as_device() for token in user.tokens),
            ],
        }
        supports = g.duo_parameters.get("client_supports_verified_push", "") in ("1", "true")
        if user.verified_push and user.push_phone and supports:
            life = faults.number("verified_push_life_seconds")
            reserved = transactions.reserve(user.user_id, f"{secrets.randbelow(1000):03d}", life)
            answer |= {"txid": reserved.txid, "verification_code": reserved.code, "expiration": int(life)}
        return jsonify(envelope(answer))

    @api.post("/auth")
    def auth() -> ResponseReturnValue:
        user = person()
        if user is None:
            raise RefusedError(40002, "username")
        transaction = begin(user)
        if g.duo_parameters.get("async") == "1":
            return jsonify(envelope({"txid": transaction.txid}))
        ended = transactions.outcome(transaction.txid)
        return jsonify(envelope(_told(ended or transaction)))

    def begin(user: User) -> Transaction:
        wanted = g.duo_parameters
        factor, device = wanted.get("factor"), wanted.get("device")
        if not factor:
            raise RefusedError(40001, "factor")
        # The account's policy allows no other; a passcode or a call would be refused by it in this way [inferred].
        if factor not in ("auto", "push", "sms"):
            raise RefusedError(40002, "factor")
        if not device and factor != "auto":
            raise RefusedError(40001, "device")
        if user.status in _WITHOUT_A_PHONE:
            return decided(user, _WITHOUT_A_PHONE[user.status])
        if not user.is_enrolled:
            raise RefusedError(40002, "user_id" if "user_id" in wanted else "username")
        phone = _phone(user, device or "auto", "push") if factor != "sms" else None
        if phone:
            return push(user, phone)
        if factor == "push" or not _phone(user, device or "auto", "sms"):
            raise RefusedError(40002, "device")
        return decided(user, "sent")

    def decided(user: User, state: str) -> Transaction:
        return transactions.add(Transaction(new_txid(), user, AUTH_API, state))

    def push(user: User, phone: Phone) -> Transaction:
        wanted = g.duo_parameters
        pushinfo = _pushinfo(wanted.get("pushinfo", ""))
        txid, code = new_txid(), ""
        if "txid" in wanted:
            reserved = transactions.redeem(wanted["txid"], user.user_id)
            if reserved is None:
                raise RefusedError(40002, "txid")
            txid, code = reserved.txid, reserved.code
        elif user.verified_push and faults.text("verified_push_without_flag") == "refused":
            return decided(user, "refused")
        return transactions.add(
            Transaction(
                txid,
                user,
                AUTH_API,
                WAITING,
                phone=phone,
                delivered=not faults.on("push_failed"),
                type=wanted.get("type") or "Login",
                display_username=wanted.get("display_username") or user.username,
                pushinfo=pushinfo,
                code=code,
                script=None if faults.on("never_answers") else directory.script(user.user_id),
            ),
            faults.number("push_life_seconds"),
        )

    @api.get("/auth_status")
    def auth_status() -> ResponseReturnValue:
        txid = g.duo_parameters.get("txid")
        if not txid:
            raise RefusedError(40001, "txid")
        known = transactions.get(txid)
        if known is None or known.application is not AUTH_API:
            raise RefusedError(40002, "txid")
        current, is_news = transactions.news(txid, faults.number("poll_seconds"))
        if current is None or (not is_news and faults.text("poll_without_news") == "40002"):
            raise RefusedError(40002, "txid")
        return jsonify(envelope(_told(current)))

    return api


def _newcomer(policy: str) -> dict[str, str]:
    """What preauth says of somebody without a device, under the policy for new users."""
    if policy == "enroll":
        return {
            "result": "enroll",
            "status_msg": "Enroll an authentication device to proceed",
            "enroll_portal_url": "https://enroll.northgate.example/portal",
        }
    return {"result": policy, "status_msg": "Access without enrollment" if policy == "allow" else "Access denied"}


def _phone(user: User, device: str, capability: str) -> Phone | None:
    """The phone that `device` (an id or `auto`) names, if it can do that. Raises RefusedError for an unknown id."""
    if device != "auto" and user.phone(device) is None:
        raise RefusedError(40002, "device")
    for phone in user.phones:
        able = phone.can_push if capability == "push" else capability in phone.capabilities
        if able and device in ("auto", phone.phone_id):
            return phone
    return None


def _pushinfo(text: str) -> tuple[tuple[str, str], ...]:
    if len(text.encode()) >= PUSHINFO_LIMIT:
        raise RefusedError(40002, "pushinfo")
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, strict_parsing=True)) if text else ()
    except ValueError:
        raise RefusedError(40002, "pushinfo") from None


def _told(transaction: Transaction) -> dict[str, str]:
    """The transaction as auth and auth_status tell it."""
    if transaction.state == WAITING:
        result, status, message = "waiting", "pushed", "Pushed a login request to your device..."
        if not transaction.delivered:
            status, message = "push_failed", "The push could not be delivered to your device."
        elif transaction.code:
            message = f"Please enter verification code {transaction.code} into Duo Mobile..."
    else:
        result, status, message = _OUTCOMES[transaction.state]
    return {"result": result, "status": status, "status_msg": message}
