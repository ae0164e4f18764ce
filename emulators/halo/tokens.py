"""The authorisation server: tokens for services, sign-in of agents in a window of their own, and discovery."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode

import jwt
from flask import Blueprint, Request, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from emulators.halo.errors import ApiError, no_token, page, token_error
from emulators.halo.faults import Faults
from emulators.halo.rights import SCOPES, given, granted
from emulators.halo.store import TENANT, Record, Store

_CODE_SECONDS = 120


@dataclass(frozen=True)
class Caller:
    """Who a token speaks for: the application, the agent, and the scopes it was given when it was issued."""

    application: str
    agent_id: int
    scopes: frozenset[str]


class TokenServer:
    """`/auth/*` over one store."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self.store, self.faults = store, faults

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the pages; the token endpoint itself is opened by the REST door, which logs and troubles it."""
        blueprint.add_url_rule("/auth/authorize", "authorize", self.authorize, methods=["GET", "POST"])
        blueprint.add_url_rule("/auth/.well-known/openid-configuration", "discovery", self.discovery)

    def discovery(self) -> ResponseReturnValue:
        """The OpenID discovery document."""
        base = request.host_url + "auth"
        return jsonify(
            {
                "issuer": f"{base}/",
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
                "scopes_supported": sorted(SCOPES),
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def authorize(self) -> ResponseReturnValue:
        """A page with a button per agent, which no other site may frame; the button leads back with a code."""
        asked = {name: request.values.get(name, "") for name in _AUTHORIZE}
        application = self.store.applications.get(asked["client_id"])
        agents = self.store.people()
        if application is None or "authorization_code" not in application["grant_types"]:
            return page(400, "Unknown application"), 400
        if (
            not asked["redirect_uri"]
            or asked["response_type"] != "code"
            or asked["code_challenge_method"] not in ("", "S256")
        ):
            return page(400, "Bad request"), 400
        if request.method == "POST":
            agent = request.form.get("agent", type=int)
            if agent not in [row["id"] for row in agents]:
                return page(400, "Unknown agent"), 400
            code = self.store.keep("codes", {**asked, "agent_id": agent, "ends": time.time() + _CODE_SECONDS})
            glue = "&" if "?" in asked["redirect_uri"] else "?"
            return redirect(f"{asked['redirect_uri']}{glue}{urlencode({'code': code, 'state': asked['state']})}")
        answer = Response(render_template("halo/sign_in.html", agents=agents, asked=asked, name=application["name"]))
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def token(self, asked: Request) -> Record:
        """Answer a token request. Raises ApiError."""
        form = asked.form
        tenant = asked.args.get("tenant") or form.get("tenant") or ""
        if (tenant and tenant.lower() != TENANT) or (self.faults.on("tenant_enforced") and not tenant):
            raise ApiError(500, page(500, "Internal Server Error"))
        client_id, application = self._client(asked)
        kind = form.get("grant_type", "")
        if kind not in ("client_credentials", "authorization_code", "refresh_token"):
            raise token_error(400, "unsupported_grant_type", "The specified 'grant_type' is not supported.")
        if kind not in application["grant_types"]:
            raise token_error(400, "unauthorized_client", "This client is not allowed to use the specified grant type.")
        if kind == "client_credentials":
            return self._answer(client_id, application, application["agent_id"], form.get("scope", "").split())
        kept = self._redeem(kind, client_id, asked)
        return self._answer(client_id, application, kept["agent_id"], kept["scope"].split())

    def caller(self, header: str) -> Caller:
        """Who a Bearer header speaks for. Raises 401 with no body."""
        scheme, _, token = header.partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise no_token()
            claims = jwt.decode(token.strip(), self.store.signing_key, algorithms=["HS256"])
        except jwt.PyJWTError:
            raise no_token() from None
        if self.faults.on("revoked") or self.faults.strikes("token_ended"):
            raise no_token()
        return Caller(claims["application"], claims["agent_id"], frozenset(claims["scope"].split()))

    def _client(self, asked: Request) -> tuple[str, Record]:
        client_id, secret = asked.form.get("client_id", ""), asked.form.get("client_secret", "")
        scheme, _, basic = asked.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, word = base64.b64decode(basic, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                name = word = ""
            client_id, secret = unquote_plus(name), unquote_plus(word)
        application = self.store.applications.get(client_id)
        good = application is not None and hmac.compare_digest(secret.encode(), application["secret"].encode())
        if application is None or not good or self.faults.on("revoked"):
            status = int(self.faults.text("revoked_status"))
            raise token_error(status, "invalid_client", "The specified client credentials are invalid.")
        return client_id, application

    def _redeem(self, kind: str, client_id: str, asked: Request) -> Record:
        form = asked.form
        if kind == "refresh_token":
            kept = self.store.redeem("refresh", form.get("refresh_token", ""))
            good = kept is not None and kept["client_id"] == client_id
        else:
            kept = self.store.redeem("codes", form.get("code", ""))
            good = (
                kept is not None
                and kept["client_id"] == client_id
                and kept["redirect_uri"] == form.get("redirect_uri")
                and kept["ends"] > time.time()
                and _challenge_met(kept["code_challenge"], form.get("code_verifier", ""))
            )
        if kept is None or not good:
            raise token_error(400, "invalid_grant", "The specified token is no longer valid.")
        return kept

    def _answer(self, client_id: str, application: Record, agent_id: int, asked: list[str]) -> Record:
        unknown = [scope for scope in asked if scope not in SCOPES]
        have = granted(application["scopes"], self.faults)
        lacking = [scope for scope in asked if scope not in have and scope not in ("all", "all:standard")]
        if unknown or (lacking and self.faults.on("refuse_ungranted")):
            raise token_error(400, "invalid_scope", "The specified 'scope' is invalid.")
        scopes = given(asked, have)
        lives = int(self.faults.number("token_seconds"))
        claims = {"application": application["name"], "agent_id": agent_id, "scope": " ".join(scopes)}
        issued = int(time.time())
        answer: dict[str, Any] = {
            "scope": " ".join(scopes),
            "token_type": "Bearer",
            "access_token": jwt.encode(
                {**claims, "iat": issued, "exp": issued + lives}, self.store.signing_key, "HS256"
            ),
            "expires_in": lives,
        }
        if "offline_access" in scopes:
            kept = {"client_id": client_id, "agent_id": agent_id, "scope": " ".join(asked)}
            answer["refresh_token"] = self.store.keep("refresh", kept)
        return answer


_AUTHORIZE = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")


def _challenge_met(challenge: str, verifier: str) -> bool:
    if not challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
