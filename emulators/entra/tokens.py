"""The token endpoint: who the client is, and what it gets."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote_plus

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from emulators.entra.account import CLIENT_ID, GRAPH_ID, GRAPH_RESOURCE, RESOURCES
from emulators.entra.authorities import TENANT, authority, origin
from emulators.entra.clock import now
from emulators.entra.credentials import ASSERTION_TYPE
from emulators.entra.directory import ANY_TENANT, Tenant
from emulators.entra.emulator import EntraEmulator
from emulators.entra.errors import SignInError
from emulators.entra.gate import guard
from emulators.entra.id_tokens import id_token
from emulators.entra.signing import LIFE_SECONDS

_DEFAULT = "/.default"
OIDC_SCOPES = ("openid", "profile", "email", "offline_access")


class TokenEndpoint:
    """Both versions of the endpoint, over one emulator. Everything raises SignInError."""

    def __init__(self, emulator: EntraEmulator) -> None:
        self._emulator = emulator
        self._directory = emulator.directory

    def app_token(self, tenant: Tenant, *, version: int) -> dict[str, Any]:
        """client_credentials: a token for an application in `tenant`."""
        app_id = self._client(tenant)
        principal = tenant.principals.get(app_id)
        if principal is None:
            raise SignInError(700016, app_id, tenant.name)
        if not principal.enabled:
            raise SignInError(7000112, app_id, principal.name)
        resource = _needed("resource") if version == 1 else _resource_of(_needed("scope"))
        if resource not in RESOURCES or RESOURCES[resource] not in tenant.principals:
            raise SignInError(500011, resource, tenant.name)
        if not tenant.principals[RESOURCES[resource]].enabled:
            raise SignInError(500014, resource)
        claims: dict[str, Any] = {"appid": app_id, "oid": principal.id, "sub": principal.id, "idtyp": "app"}
        with self._directory.lock:
            if RESOURCES[resource] == GRAPH_ID and app_id == CLIENT_ID and tenant.granted:
                claims["roles"] = sorted(tenant.granted)
        token = self._emulator.signer.access_token(resource, tenant.id, claims)
        if version == 2:
            return {"token_type": "Bearer", "expires_in": LIFE_SECONDS, "ext_expires_in": LIFE_SECONDS} | {
                "access_token": token
            }
        at = int(now().timestamp())
        return {
            "token_type": "Bearer",
            "expires_in": str(LIFE_SECONDS),
            "ext_expires_in": str(LIFE_SECONDS),
            "expires_on": str(at + LIFE_SECONDS),
            "not_before": str(at),
            "resource": resource,
            "access_token": token,
        }

    def signed_in(self, tenant: str) -> dict[str, Any]:
        """authorization_code: the tokens of the person who signed in. `tenant` may be `common` or `organizations`."""
        grants = self._emulator.grants
        own = authority(tenant, self._directory)
        code, redirect_uri = _needed("code"), _needed("redirect_uri")
        client_id = self._client(None if own in ANY_TENANT else self._directory.tenant(own))
        grant = grants.find(code)
        grant.check(client_id, redirect_uri, request.form.get("code_verifier", ""), own)
        grants.use_up(code)
        user = grant.user
        scopes = grant.scope.split()
        claims = {"appid": client_id, "oid": user.id, "upn": user.upn, "scp": "User.Read", "idtyp": "user"}
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(scope for scope in scopes if scope != "offline_access"),
            "expires_in": LIFE_SECONDS,
            "ext_expires_in": LIFE_SECONDS,
            "access_token": self._emulator.signer.access_token(GRAPH_RESOURCE, user.tenant, claims),
        }
        if "openid" in scopes:
            answer["id_token"] = id_token(self._emulator, grant)
        if request.form.get("client_info") == "1":
            info = json.dumps({"uid": user.id, "utid": user.tenant}).encode()
            answer["client_info"] = base64.urlsafe_b64encode(info).rstrip(b"=").decode()
        return answer

    def _client(self, tenant: Tenant | None) -> str:
        """The client id, once the client has proven that it is that client."""
        login = request.authorization
        if login and login.type == "basic":
            app_id, secret = unquote_plus(login.username or ""), unquote_plus(login.password or "")
        else:
            app_id, secret = _needed("client_id"), request.form.get("client_secret", "")
        app_id = app_id.lower()
        with self._directory.lock:
            if tenant is None and app_id != CLIENT_ID:
                raise SignInError(700016, app_id, "any")
            credentials = (
                self._directory.registration.credentials
                if tenant is None
                else self._directory.credentials(tenant, app_id)
            )
            if secret:
                credentials.check_secret(secret, app_id)
                return app_id
            assertion = request.form.get("client_assertion", "")
            if not assertion:
                raise SignInError(7000218)
            if request.form.get("client_assertion_type") != ASSERTION_TYPE:
                raise SignInError(7000216)
            credentials.check_assertion(assertion, app_id, _audiences(tenant))
            return app_id


def _needed(name: str) -> str:
    value = request.form.get(name, "")
    if not value:
        raise SignInError(900144, name)
    return value


def _resource_of(scope: str) -> str:
    """The resource of a `.default` scope, which must stand alone."""
    if len(scope.split()) != 1 or not scope.endswith(_DEFAULT):
        raise SignInError(1002012, scope)
    return scope.removesuffix(_DEFAULT)


def _audiences(tenant: Tenant | None) -> list[str]:
    """What a client assertion may name as its audience: the endpoint in each spelling, or the issuer."""
    names = [request.base_url]
    for name in (tenant.id, tenant.domain) if tenant else ():
        base = f"{origin()}/{name}"
        names += [f"{base}/oauth2/v2.0/token", f"{base}/oauth2/token", f"{base}/v2.0"]
    return names


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The token endpoint of `emulator`, v1 and v2."""
    tokens = Blueprint("entra_tokens", __name__)
    guard(tokens, emulator, "signin")
    endpoint, faults = TokenEndpoint(emulator), emulator.faults

    @tokens.errorhandler(SignInError)
    def refused(error: SignInError) -> ResponseReturnValue:
        return jsonify(error.body), error.status, {"Cache-Control": "no-store"}

    def answer(tenant: str, version: int) -> ResponseReturnValue:
        forced = int(faults.number("token_error"))
        if forced:
            raise SignInError(forced)
        kind = _needed("grant_type")
        if kind == "client_credentials":
            found = endpoint.app_token(emulator.directory.tenant(tenant), version=version)
        elif kind == "authorization_code" and version == 2:
            found = endpoint.signed_in(tenant)
        else:
            raise SignInError(70003, kind)
        return jsonify(found), 200, {"Cache-Control": "no-store", "Pragma": "no-cache"}

    @tokens.post(f"{TENANT}/oauth2/v2.0/token")
    def token(tenant: str) -> ResponseReturnValue:
        return answer(tenant, 2)

    @tokens.post(f"{TENANT}/oauth2/token")
    def token_v1(tenant: str) -> ResponseReturnValue:
        return answer(tenant, 1)

    return tokens
