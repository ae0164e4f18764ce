"""What a client reads before it signs anybody in: the discovery document and the keys."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from emulators.entra.authorities import TENANT, authority, origin
from emulators.entra.directory import ANY_TENANT
from emulators.entra.emulator import EntraEmulator
from emulators.entra.errors import SignInError
from emulators.entra.gate import guard

CLAIMS = ("sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "oid", "email", "ver")


def issuer(tenant: str) -> str:
    """The v2 issuer of a tenant id, at the origin of the current request."""
    return f"{origin()}/{tenant}/v2.0"


def blueprint(emulator: EntraEmulator) -> Blueprint:
    """The two documents of `emulator`."""
    discovery = Blueprint("entra_discovery", __name__)
    guard(discovery, emulator, "signin")

    @discovery.errorhandler(SignInError)
    def refused(error: SignInError) -> ResponseReturnValue:
        return jsonify({**error.body, "error": "invalid_tenant"}), 400

    @discovery.get(f"{TENANT}/v2.0/.well-known/openid-configuration")
    def configuration(tenant: str) -> ResponseReturnValue:
        own = authority(tenant, emulator.directory)
        base = f"{origin()}/{own}"
        return jsonify(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_modes_supported": ["query"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                # Several tenants sign in here: a client puts the token's tid in the place of the template.
                "issuer": issuer("{tenantid}" if own in ANY_TENANT else own),
                "request_uri_parameter_supported": False,
                "authorization_endpoint": f"{emulator.browser_origin or origin()}/{own}/oauth2/v2.0/authorize",
                "code_challenge_methods_supported": ["S256"],
                "claims_supported": list(CLAIMS),
                "tenant_region_scope": "NA",
            }
        )

    @discovery.get(f"{TENANT}/discovery/v2.0/keys")
    def keys(tenant: str) -> ResponseReturnValue:
        own = authority(tenant, emulator.directory)
        return jsonify(emulator.signer.jwks(issuer("{tenantid}" if own in ANY_TENANT else own)))

    return discovery
