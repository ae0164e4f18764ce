"""The push service ("Strong Authentication Service"): Begin, End and the list of methods."""

from __future__ import annotations

from typing import Any

import jwt
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from emulators.entra.account import PUSH_CLIENT_ID, PUSH_RESOURCE
from emulators.entra.clock import now
from emulators.entra.directory import Tenant
from emulators.entra.emulator import EntraEmulator
from emulators.entra.gate import UNAVAILABLE, dropped, guard
from emulators.entra.people import METHOD_OF_PREFERENCE, METHODS, PUSH_METHOD, User
from emulators.entra.push_messages import (
    MalformedError,
    Request,
    begin_response,
    end_response,
    methods_response,
    read,
)
from emulators.entra.pushes import CHALLENGED, STARTED, Outcome, Push, StillOpenError

VERSIONS = ("1", "1.0")
ROOT = "/StrongAuthenticationService.svc/Connector"
# A result of these comes from the phone, and so with End; every other one is known at Begin [inferred].
_FROM_THE_PHONE = (
    "Success",
    "AuthenticationPending",
    "InvalidSession",
    "PhoneApp",
    "Fraud",
    "UserVoice",
    "SMS",
    "Oath",
)


class RefusedError(Exception):
    """A user whom the service does not serve; `outcome` says why."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.outcome = Outcome(value)


class PushService:
    """The three operations, for the tenant whose app token came along."""

    def __init__(self, emulator: EntraEmulator) -> None:
        self._emulator = emulator
        self._faults = emulator.faults
        self._pushes = emulator.pushes

    def begin(self, asked: Request, tenant: Tenant) -> str:
        """Start a push, or say why there is none; with SyncCall the answer waits for the person."""
        upn = asked.get("UserPrincipalName")
        try:
            push = self._open(asked, tenant, self._user(asked, tenant))
        except RefusedError as refusal:
            return begin_response(asked.get("Version"), refusal.outcome, session="", upn=upn, affinity="")
        outcome = CHALLENGED
        if not push.code:
            outcome = self._pushes.wait(push) if asked.is_true("SyncCall") else STARTED
        affinity = f"{request.host_url.rstrip('/')}{ROOT}/EndTwoWayAuthentication?dc=EMU"
        return begin_response(asked.get("Version"), outcome, session=push.id, upn=upn, affinity=affinity)

    def end(self, asked: Request, tenant: Tenant) -> str:
        """How the session stands, or whether the typed code is right."""
        push = self._pushes.find(asked.get("SessionId"), asked.get("UserPrincipalName") or None, tenant.id)
        if asked.get("Version") not in VERSIONS:
            outcome = Outcome("VersionNotSupported")
        elif push is None:
            outcome = Outcome("InvalidSession")
        elif push.code and asked.get("AdditionalAuthData"):
            outcome = self._pushes.enter_code(push, asked.get("AdditionalAuthData"))
        else:
            outcome = push.outcome
        return end_response(asked.get("Version"), outcome)

    def methods(self, asked: Request, tenant: Tenant) -> str:
        """The methods that the person has, and which one is the default."""
        upn, version, created = asked.get("UserPrincipalName"), asked.get("Version"), int(now().timestamp())
        try:
            user = self._user(asked, tenant)
        except RefusedError as refusal:
            return methods_response(version, refusal.outcome, methods=[], upn=upn, created=created)
        default = self._default(user)
        rows = [(method, method == default, _masked(user.phone_of(method))) for method in user.registered]
        return methods_response(version, Outcome("Success", "true"), methods=rows, upn=upn, created=created)

    def _user(self, asked: Request, tenant: Tenant) -> User:
        if asked.get("Version") not in VERSIONS:
            raise RefusedError("VersionNotSupported")
        upn = asked.get("UserPrincipalName")
        # The name must be the UPN; an alias or an object id is not found (fact sheet 3.5).
        user = next((user for user in tenant.users if user.upn.lower() == upn.lower()), None)
        if user is None:
            domain = upn.rpartition("@")[2].lower()
            elsewhere = self._emulator.directory.find(domain) if domain != tenant.domain else None
            raise RefusedError("AccessDenied" if elsewhere else "UserNotFound")
        if user.guest:
            raise RefusedError("AccessDenied")
        return user

    def _open(self, asked: Request, tenant: Tenant, user: User) -> Push:
        forced = self._faults.text("result") or self._faults.of("result_for", user.upn)
        if forced:
            outcome = Outcome.read(forced)
            if not outcome.value.startswith(_FROM_THE_PHONE):
                raise RefusedError(outcome.value)
            return self._pushes.open(user, tenant.name, PUSH_METHOD, outcome)
        if not user.enabled or self._pushes.is_blocked(user.upn):
            raise RefusedError("UserIsBlocked")
        method = self._method(asked, user)
        if method.startswith("TwoWayVoice"):  # nobody sits at these telephones
            return self._pushes.open(user, tenant.name, method, Outcome("UserVoiceAuthFailedPhoneUnreachable"))
        try:
            return self._pushes.open(user, tenant.name, method)
        except StillOpenError:
            raise RefusedError("UserAuthFailedDuplicateRequest") from None

    def _method(self, asked: Request, user: User) -> str:
        """The method that is used: the one asked for, or the person's default."""
        wanted, default = asked.get("AuthenticationMethodId"), self._default(user)
        if wanted and wanted not in METHODS:
            raise RefusedError("StrongAuthenticationServiceInvalidParameter")
        if wanted and wanted not in user.registered:
            raise RefusedError("AuthenticationMethodNotConfigured")
        # Whether somebody whose default is another method gets a push is not certain: here with the fault only.
        if wanted == PUSH_METHOD != default and not self._faults.on("method_id_honoured"):
            wanted = ""
        method = wanted or default
        if not method:
            raise RefusedError("NoDefaultAuthenticationMethodIsConfigured")
        if method not in user.registered:
            raise RefusedError("AuthenticationMethodNotConfigured")
        if method == PUSH_METHOD and asked.properties.get("OverrideNumberMatchingWithOTP") == "true":
            return "PhoneAppOTP"
        return method

    def _default(self, user: User) -> str:
        return METHOD_OF_PREFERENCE[self._faults.of("preferred", user.upn) or user.preferred]


def _masked(number: str) -> str:
    return f"{number[:3]} XXXXXXXX{number[-2:]}" if number else ""


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The routes under the service's path, for `emulator`."""
    push = Blueprint("entra_push", __name__)
    guard(push, emulator, "push")
    service, faults = PushService(emulator), emulator.faults
    operations = {
        "BeginTwoWayAuthentication": service.begin,
        "EndTwoWayAuthentication": service.end,
        "GetAvailableAuthenticationMethods": service.methods,
    }

    def caller() -> Tenant | None:
        """The tenant whose push client calls."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            claims: dict[str, Any] = emulator.signer.read(token.strip(), PUSH_RESOURCE)
        except jwt.PyJWTError:
            return None
        if scheme.lower() != "bearer" or claims.get("appid") != PUSH_CLIENT_ID:
            return None
        return emulator.directory.find(str(claims["tid"]))

    # Clients write one slash or two (fact sheet 3.1); merging them by a redirect would lose the body.
    @push.post(f"{ROOT}/<operation>", merge_slashes=False)
    @push.post(f"{ROOT}//<operation>", merge_slashes=False)
    def operate(operation: str) -> ResponseReturnValue:
        status = int(faults.number("push_status"))
        if status:
            return Response(UNAVAILABLE, status, mimetype="text/html")
        if operation not in operations:
            return Response(f"There is no operation '{operation}'.", 404, mimetype="text/plain")
        tenant = caller()
        if tenant is None:
            headers = {"WWW-Authenticate": "Bearer"}
            return Response("The token is missing, expired, or for another resource.", 401, headers, "text/plain")
        if request.mimetype not in ("application/xml", "text/xml"):
            return Response("Content-Type must be application/xml or text/xml.", 415, mimetype="text/plain")
        try:
            asked = read(operation, request.get_data())
        except MalformedError as reason:
            return Response(str(reason), 400, mimetype="text/plain")
        answer = operations[operation](asked, tenant)
        if faults.strikes("push_lost_answers"):
            return dropped()
        return Response(answer, mimetype="application/xml")

    return push
