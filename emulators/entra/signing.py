"""The key that signs tokens, its public half as a JWKS, and what a token says."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from emulators.entra.clock import now

LIFE_SECONDS = 3599


def new_key() -> rsa.RSAPrivateKey:
    """A key of the size that Entra uses."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Signer:
    """Signs and reads RS256 tokens."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
        digest = hashlib.sha256(str(public["n"]).encode()).digest()
        self.key_id = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self._public = {"kty": "RSA", "use": "sig", "kid": self.key_id, "n": public["n"], "e": public["e"]}

    def jwks(self, issuer: str) -> dict[str, Any]:
        """The document at `jwks_uri`."""
        return {"keys": [{**self._public, "issuer": issuer}]}

    def sign(self, claims: dict[str, Any], *, wrongly: bool = False) -> str:
        """`claims` as a JWT; `wrongly`: with a key that nobody has published."""
        key = new_key() if wrongly else self._key
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": self.key_id})

    def access_token(self, resource: str, tenant: str, claims: dict[str, Any]) -> str:
        """An access token for `resource` in `tenant`; `claims` adds who it is for."""
        at = int(now().timestamp())
        return self.sign(
            {
                "aud": resource,
                "iss": f"https://sts.windows.net/{tenant}/",
                "iat": at,
                "nbf": at,
                "exp": at + LIFE_SECONDS,
                "tid": tenant,
                "uti": str(uuid.uuid4()),
                "ver": "1.0",
                **claims,
            }
        )

    def read(self, token: str, resource: str) -> dict[str, Any]:
        """The claims of an access token of ours for `resource`. Raises jwt.PyJWTError."""
        claims: dict[str, Any] = jwt.decode(token, self._key.public_key(), algorithms=["RS256"], audience=resource)
        return claims
