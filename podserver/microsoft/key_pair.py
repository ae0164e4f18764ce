"""A key pair for a client's push principal: the certificate goes to the client, the private key stays here, sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LIFE: Final = timedelta(days=365)
# A client's clock and Microsoft's may be behind ours.
_EARLIER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """PEM of both halves, and when the certificate ends."""

    certificate: str
    private_key: str = field(repr=False)
    ends_at: datetime


def make(name: str, at: datetime) -> KeyPair:
    """A fresh RSA key and its certificate, signed by itself: Microsoft compares it and trusts no chain."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    ends_at = (at + LIFE).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _EARLIER)
        .not_valid_after(ends_at)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(certificate.public_bytes(Encoding.PEM).decode(), private.decode(), ends_at)


def base64_of(certificate: str) -> str:
    """The certificate's body as one line of base64, as Graph takes it."""
    lines = certificate.strip().splitlines()
    return "".join(lines[1:-1])


def thumbprint(certificate: str) -> str:
    """The SHA-1 thumbprint, in capitals: the name that Entra shows of a certificate."""
    return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
