"""The switches behind `/_emulator/entra`: JSON for tests and for the demo desk, from this machine only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.entra.account import APPLICATION_NAMES, CLIENT_ID, PERMISSIONS, PUSH_CLIENT_ID
from emulators.entra.clock import now, stamp
from emulators.entra.credentials import Certificate, Secret
from emulators.entra.directory import Principal, Tenant
from emulators.entra.emulator import EntraEmulator
from emulators.twilio.loopback import comes_from_here


class WrongError(Exception):
    """A control that cannot be carried out; the text is a sentence."""


def _object() -> dict[str, Any]:
    data = request.get_json(silent=True)
    return data if isinstance(data, dict) else {}


def _texts(value: object, name: str) -> list[str]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return list(value)
    raise WrongError(f"'{name}' is a list of texts.")


def _seconds(wanted: dict[str, Any], name: str) -> float | None:
    value = wanted.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise WrongError(f"'{name}' is a number of seconds.")


def _permissions(value: object) -> list[str]:
    permissions = _texts(value, "permissions")
    unknown = sorted(set(permissions) - PERMISSIONS)
    if unknown:
        raise WrongError(f"There is no permission '{unknown[0]}'. There are: {', '.join(sorted(PERMISSIONS))}.")
    return permissions


def _credential(wanted: dict[str, Any]) -> Secret | Certificate:
    ends_in = _seconds(wanted, "ends_in_seconds")
    ends = None if ends_in is None else now() + dt.timedelta(seconds=ends_in)
    secret, certificate = wanted.get("secret"), wanted.get("certificate")
    if isinstance(secret, str) and secret and certificate is None:
        delay = _seconds(wanted, "activation_seconds") or 0
        return Secret.of(
            secret, name="registered by the demo", begins=min(now(), ends or now()), ends=ends, delay=delay
        )
    if isinstance(certificate, str) and secret is None:
        try:
            made = Certificate.of_pem(certificate)
        except ValueError as reason:
            raise WrongError(str(reason)) from None
        return made.until(ends) if ends else made
    raise WrongError("Give either 'certificate' (PEM) or 'secret'.")


def _principal(principal: Principal) -> dict[str, Any]:
    credentials = principal.credentials
    return {
        "app_id": principal.app_id,
        "name": principal.name,
        "enabled": principal.enabled,
        "secrets": [{"key_id": each.key_id, "ends": stamp(each.ends)} for each in credentials.secrets],
        "certificates": [
            {"key_id": each.key_id, "name": each.name, "ends": stamp(each.ends)} for each in credentials.certificates
        ],
    }


def _tenant(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.id,
        "name": tenant.name,
        "domain": tenant.domain,
        "premium": tenant.premium,
        "granted": sorted(tenant.granted),
        "principals": [_principal(each) for each in tenant.principals.values()],
        "users": [
            {
                "id": user.id,
                "upn": user.upn,
                "mail": user.mail,
                "name": user.name,
                "preferred": user.preferred,
                "methods": user.registered,
                "guest": user.guest,
                "enabled": user.enabled,
            }
            for user in tenant.users
        ],
    }


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The control routes for `emulator`."""
    controls = Blueprint("entra_controls", __name__, url_prefix="/_emulator/entra")
    directory, faults = emulator.directory, emulator.faults

    @controls.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @controls.errorhandler(WrongError)
    def wrong(error: WrongError) -> ResponseReturnValue:
        return jsonify({"error": str(error)}), 400

    def the_tenant(wanted: dict[str, Any]) -> Tenant:
        tenant = directory.find(str(wanted.get("tenant") or ""))
        if tenant is None:
            raise WrongError("'tenant' is the id or the domain of a tenant of this emulator.")
        return tenant

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
            raise WrongError(str(reason)) from None
        return jsonify(faults.describe())

    @controls.get("/requests")
    def requests() -> ResponseReturnValue:
        return jsonify({"requests": emulator.requests()})

    @controls.get("/tenants")
    def tenants() -> ResponseReturnValue:
        with directory.lock:
            return jsonify({"tenants": [_tenant(each) for each in directory.tenants.values()]})

    @controls.post("/credentials")
    def register() -> ResponseReturnValue:
        wanted = _object()
        app_id = str(wanted.get("app_id") or PUSH_CLIENT_ID).lower()
        if app_id not in (PUSH_CLIENT_ID, CLIENT_ID):
            raise WrongError(f"'app_id' is {PUSH_CLIENT_ID} or {CLIENT_ID}.")
        tenant, credential = the_tenant(wanted), _credential(wanted)
        created = directory.register(tenant, credential, app_id)
        return jsonify({"tenant": tenant.id, "app_id": app_id, "key_id": credential.key_id, "created": created}), 201

    @controls.post("/consent")
    def consent() -> ResponseReturnValue:
        wanted = _object()
        tenant, permissions = the_tenant(wanted), _permissions(wanted.get("permissions"))
        with directory.lock:
            tenant.granted.clear()
            if permissions:
                directory.consent(tenant, tuple(permissions))
            else:
                tenant.principals.pop(CLIENT_ID, None)
            return jsonify(_tenant(tenant))

    @controls.post("/principals")
    def principals() -> ResponseReturnValue:
        wanted = _object()
        tenant, app_id = the_tenant(wanted), str(wanted.get("app_id") or "").lower()
        present, enabled = wanted.get("present", True), wanted.get("enabled", True)
        if app_id not in APPLICATION_NAMES:
            raise WrongError(f"'app_id' is one of {', '.join(APPLICATION_NAMES)}.")
        if not isinstance(present, bool) or not isinstance(enabled, bool):
            raise WrongError("'present' and 'enabled' are true or false.")
        with directory.lock:
            if present:
                tenant.add_principal(app_id).enabled = enabled
            else:
                tenant.principals.pop(app_id, None)
            return jsonify(_tenant(tenant))

    @controls.get("/application")
    def application() -> ResponseReturnValue:
        with directory.lock:
            own = directory.registration
            return jsonify({"redirect_uris": own.redirect_uris, "permissions": own.permissions})

    @controls.post("/application")
    def change_application() -> ResponseReturnValue:
        wanted = _object()
        with directory.lock:
            own = directory.registration
            uris = _texts(wanted.get("redirect_uris", own.redirect_uris), "redirect_uris")
            own.permissions = _permissions(wanted.get("permissions", own.permissions))
            own.redirect_uris = uris
        return application()

    return controls
