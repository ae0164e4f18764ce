"""Secrets and certificates of an application or a service principal, and whether a caller holds one of them."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from emulators.entra.clock import now
from emulators.entra.errors import SignInError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# How long a secret lives where its maker does not say (Graph: two years).
DEFAULT_LIFE = dt.timedelta(days=730)
_LEEWAY_SECONDS = 300


@dataclass(frozen=True)
class Secret:
    """One client secret. Only its digest is kept; `active_from` is when the sign-in service begins to know it."""

    name: str
    digest: bytes
    hint: str
    begins: dt.datetime
    ends: dt.datetime
    active_from: dt.datetime
    key_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of(
        cls,
        text: str,
        *,
        name: str = "",
        begins: dt.datetime | None = None,
        ends: dt.datetime | None = None,
        delay: float = 0,
    ) -> Secret:
        """The secret `text`, known to the sign-in service in `delay` seconds."""
        begins = begins or now()
        active_from = now() + dt.timedelta(seconds=delay) if delay else dt.datetime.min.replace(tzinfo=dt.UTC)
        return cls(name, _digest(text), text[:3], begins, ends or begins + DEFAULT_LIFE, active_from)


@dataclass(frozen=True)
class Certificate:
    """One keyCredential: an X.509 certificate (DER) with an RSA key, that verifies client assertions."""

    der: bytes
    name: str
    begins: dt.datetime
    ends: dt.datetime
    key_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of(cls, der: bytes, *, name: str = "", key_id: str = "", ends: dt.datetime | None = None) -> Certificate:
        """The certificate in `der`, its dates and (without `name`) its subject. Raises ValueError with a sentence."""
        try:
            parsed = x509.load_der_x509_certificate(der)
        except ValueError:
            raise ValueError("The key is not a certificate in DER form.") from None
        if not isinstance(parsed.public_key(), rsa.RSAPublicKey):
            raise ValueError("The certificate does not hold an RSA key; Entra accepts no other kind.")
        return cls(
            der,
            name or parsed.subject.rfc4514_string(),
            parsed.not_valid_before_utc,
            min(ends or parsed.not_valid_after_utc, parsed.not_valid_after_utc),
            key_id or str(uuid.uuid4()),
        )

    @classmethod
    def of_pem(cls, text: str, *, name: str = "") -> Certificate:
        """The first certificate of a PEM text. Raises ValueError with a sentence."""
        try:
            parsed = x509.load_pem_x509_certificate(text.encode())
        except ValueError:
            raise ValueError("The text is not a certificate in PEM form.") from None
        return cls.of(parsed.public_bytes(Encoding.DER), name=name)

    @property
    def thumbprint(self) -> bytes:
        """SHA-1 of the DER form: what a client names in `x5t`."""
        return hashlib.sha1(self.der, usedforsecurity=False).digest()

    @property
    def thumbprint_sha256(self) -> bytes:
        """SHA-256 of the DER form: what a client names in `x5t#S256`."""
        return hashlib.sha256(self.der).digest()

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """The key that a client assertion must be signed with."""
        key = x509.load_der_x509_certificate(self.der).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    def until(self, ends: dt.datetime) -> Certificate:
        """The same with an earlier end."""
        return replace(self, ends=min(ends, self.ends))


@dataclass
class Credentials:
    """The secrets and certificates of one application or service principal."""

    secrets: list[Secret] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)

    def check_secret(self, text: str, app_id: str) -> None:
        """Nothing, if `text` is one of the secrets and in force. Raises SignInError 7000215 or 7000222."""
        digest = _digest(text)
        found = [secret for secret in self.secrets if hmac.compare_digest(secret.digest, digest)]
        if not any(secret.active_from <= now() and secret.begins <= now() for secret in found):
            raise SignInError(7000215, app_id)
        if not any(secret.ends > now() for secret in found):
            raise SignInError(7000222, app_id)

    def check_assertion(self, assertion: str, app_id: str, audiences: Iterable[str]) -> None:
        """Nothing, if `assertion` is a JWT of `app_id` for one of `audiences`, signed by one of the certificates.

        RS256 with `x5t` or PS256 with `x5t#S256` in the header: both forms that msal writes. Raises SignInError.
        """
        try:
            header = jwt.get_unverified_header(assertion)
            named = str(header.get("x5t#S256") or header.get("x5t") or "")
            thumbprint = base64.urlsafe_b64decode(named + "=" * (-len(named) % 4))
        except (jwt.PyJWTError, binascii.Error, ValueError):
            raise SignInError(700027, "?", "the assertion is not a JWT") from None
        shown = thumbprint.hex().upper()
        certificate = next(
            (each for each in self.certificates if thumbprint in (each.thumbprint, each.thumbprint_sha256)), None
        )
        if certificate is None or certificate.ends <= now():
            raise SignInError(700027, shown, "the key is expired" if certificate else "it was never added")
        try:
            claims = jwt.decode(
                assertion,
                certificate.public_key,
                algorithms=["RS256", "PS256"],
                leeway=_LEEWAY_SECONDS,
                options={"verify_aud": False, "require": ["exp", "aud", "iss", "sub"]},
            )
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            raise SignInError(700024) from None
        except jwt.PyJWTError:
            raise SignInError(700027, shown, "the signature does not fit it") from None
        if claims["iss"] != app_id or claims["sub"] != app_id:
            raise SignInError(700021)
        if claims["aud"] not in set(audiences):
            raise SignInError(700023)

    def forget(self, key_id: str) -> bool:
        """Remove the secret `key_id`; whether there was one."""
        kept = [secret for secret in self.secrets if secret.key_id != key_id]
        removed = len(kept) < len(self.secrets)
        self.secrets = kept
        return removed


def self_signed(name: str, key: rsa.RSAPrivateKey) -> Certificate:
    """A certificate as a customer's own NPS server leaves one on the push client."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - dt.timedelta(days=90))
        .not_valid_after(now() + DEFAULT_LIFE)
        .sign(key, hashes.SHA256())
    )
    return Certificate.of(made.public_bytes(Encoding.DER))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
