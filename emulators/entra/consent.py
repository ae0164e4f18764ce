"""The page where a customer's administrator lets the MSP's app in (push-and-login fact sheet 4.2)."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from emulators.entra.account import CLIENT_ID, CLIENT_NAME, GRAPH_RESOURCE
from emulators.entra.authorities import TENANT, authority
from emulators.entra.directory import ANY_TENANT
from emulators.entra.emulator import EntraEmulator
from emulators.entra.errors import SignInError
from emulators.entra.gate import guard
from emulators.entra.pages import back, check_redirect, protect

SCOPE = f"{GRAPH_RESOURCE}/.default"


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The consent page of `emulator`, v1 and v2."""
    pages = Blueprint("entra_consent", __name__, template_folder="templates")
    guard(pages, emulator, "signin")
    protect(pages)
    faults, directory = emulator.faults, emulator.directory

    def decide(tenant: str, scope: str) -> ResponseReturnValue:
        client_id, state = request.args.get("client_id", ""), request.args.get("state", "")
        own = authority(tenant, directory)
        if client_id.lower() != CLIENT_ID:
            raise SignInError(700016, client_id, "any")
        if own == "common":
            raise SignInError(90023, "an administrator consents for a tenant or for 'organizations', not for 'common'.")
        uri = check_redirect(request.args.get("redirect_uri", ""), CLIENT_NAME, directory.registration)

        def refuse(number: int, error: str) -> ResponseReturnValue:
            # admin_consent=True stands there all the same: a client must look at `error` first.
            description = SignInError(number).sentence
            return back(uri, admin_consent="True", error=error, error_description=description, state=state)

        if request.method == "GET":
            choices = [each for each in directory.tenants.values() if own in (*ANY_TENANT, each.id)]
            wanted = directory.registration.permissions
            return render_template("entra/consent.html", application=CLIENT_NAME, tenants=choices, permissions=wanted)
        answer = request.form.get("answer", "")
        if answer == "no_administrator":
            return refuse(90094, "access_denied")
        if answer != "accept":
            return refuse(65004, "consent_required")
        if faults.text("consent_error"):
            return refuse(65004, faults.text("consent_error"))
        chosen = directory.tenant(request.form.get("tenant", "") if own in ANY_TENANT else own)
        directory.consent(chosen)
        return back(uri, admin_consent="True", tenant=chosen.id, scope=scope, state=state)

    @pages.route(f"{TENANT}/v2.0/adminconsent", methods=["GET", "POST"])
    def consent(tenant: str) -> ResponseReturnValue:
        scope = request.args.get("scope", "")
        if not scope:
            raise SignInError(900144, "scope")
        if scope != SCOPE:
            raise SignInError(1002012, scope)
        return decide(tenant, scope)

    @pages.route(f"{TENANT}/adminconsent", methods=["GET", "POST"])
    def consent_v1(tenant: str) -> ResponseReturnValue:
        return decide(tenant, "")

    return pages
