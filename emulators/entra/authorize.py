"""The page where a person chooses an account: no password, for every account is invented."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from emulators.entra.account import CLIENT_ID, CLIENT_NAME, STRANGER_TENANT
from emulators.entra.authorities import TENANT, authority
from emulators.entra.directory import ANY_TENANT, Directory
from emulators.entra.emulator import EntraEmulator
from emulators.entra.errors import SignInError
from emulators.entra.gate import guard
from emulators.entra.grants import Grant
from emulators.entra.pages import back, check_redirect, protect
from emulators.entra.people import User

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Asked:
    """What the application asks for in the query."""

    authority: str
    redirect_uri: str
    state: str
    scope: str
    nonce: str
    challenge: str
    login_hint: str
    silent: bool

    def back(self, **values: str) -> AnyResponse:
        """The way back to the application."""
        return back(self.redirect_uri, **values, state=self.state)

    def refused(self, error: SignInError, name: str | None = None) -> AnyResponse:
        """Back with an error."""
        return self.back(error=name or error.error, error_description=error.sentence)


def _address(directory: Directory) -> str:
    if _query("client_id").lower() != CLIENT_ID:
        raise SignInError(700016, _query("client_id"), "any")
    return check_redirect(_query("redirect_uri"), CLIENT_NAME, directory.registration)


def _query(name: str) -> str:
    value = request.args.get(name, "")
    if not value:
        raise SignInError(900144, name)
    return value


def _checked(asked: Asked) -> None:
    """Raises SignInError for a request that the application hears about."""
    kind, mode = _query("response_type"), request.args.get("response_mode", "query")
    if kind != "code":
        raise SignInError(700054, kind)
    if mode != "query":
        raise SignInError(90023, f"this emulator answers with response_mode query, not '{mode}'.")
    if not asked.scope.split():
        raise SignInError(900144, "scope")
    method = request.args.get("code_challenge_method", "")
    if asked.challenge and (method != "S256" or not _CHALLENGE.fullmatch(asked.challenge)):
        raise SignInError(90023, "code_challenge needs 43 characters and code_challenge_method S256.")
    if method and not asked.challenge:
        raise SignInError(900144, "code_challenge")


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The account page of `emulator`."""
    pages = Blueprint(
        "entra_authorize",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/entra/static",
    )
    guard(pages, emulator, "signin")
    protect(pages)
    faults, directory = emulator.faults, emulator.directory

    def read(tenant: str) -> Asked:
        own = authority(tenant, directory)
        return Asked(
            authority=own,
            redirect_uri=_address(directory),
            state=request.args.get("state", ""),
            scope=request.args.get("scope", ""),
            nonce=request.args.get("nonce", ""),
            challenge=request.args.get("code_challenge", ""),
            login_hint=request.args.get("login_hint", "").lower(),
            silent=request.args.get("prompt") == "none",
        )

    def sign_in(asked: Asked, account: str) -> ResponseReturnValue:
        user = directory.user(account)
        if user is None:
            raise SignInError(50020, account, asked.authority)
        if asked.authority not in (*ANY_TENANT, user.tenant):
            raise SignInError(50020, user.upn, directory.tenant(asked.authority).name)
        if not user.enabled:
            raise SignInError(50057)
        grant = Grant(user, CLIENT_ID, asked.redirect_uri, asked.authority, asked.scope, asked.nonce, asked.challenge)
        return asked.back(code=emulator.grants.issue(grant), session_state=str(uuid.uuid4()))

    def accounts(asked: Asked) -> list[tuple[str, list[User]]]:
        """Organisation and people, the stranger last."""
        shown = [
            tenant
            for tenant in directory.tenants.values()
            if asked.authority in (*ANY_TENANT, tenant.id) and tenant.id != STRANGER_TENANT
        ]
        groups = [
            (tenant.name, sorted(tenant.users, key=lambda user: asked.login_hint not in (user.upn.lower(), user.mail)))
            for tenant in shown
        ]
        return [*groups, ("An account of another tenant", directory.tenants[STRANGER_TENANT].users)]

    @pages.route(f"{TENANT}/oauth2/v2.0/authorize", methods=["GET", "POST"])
    def authorize(tenant: str) -> ResponseReturnValue:
        asked = read(tenant)
        try:
            _checked(asked)
        except SignInError as error:
            return asked.refused(error)
        if faults.text("authorize_error"):
            return asked.refused(SignInError(65004), faults.text("authorize_error"))
        if request.method == "POST":
            if request.form.get("answer") == "deny":
                return asked.refused(SignInError(65004))
            return sign_in(asked, request.form.get("account", ""))
        if faults.text("sign_in_as"):
            return sign_in(asked, faults.text("sign_in_as"))
        if asked.silent:
            return asked.refused(SignInError(50058))
        return render_template("entra/accounts.html", application=CLIENT_NAME, groups=accounts(asked))

    return pages
