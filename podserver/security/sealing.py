"""The only place that touches cryptographic primitives: sealing, keyed hashes, derived keys.

``PODSERVER_SECRET_KEYS`` lists Fernet keys, newest first: everything new is sealed with the first, everything old
opens with any of them. Purposes are kept apart by HKDF, so no key serves two.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator


class SealBroken(Exception):
    """A sealed value does not open with any of the configured keys."""


class Keyring:
    """The process's secret keys. Set once by :func:`install` when the application is made."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._raw = [base64.urlsafe_b64decode(key) for key in keys]
        self._derived: dict[str, list[bytes]] = {}

    def derived(self, purpose: str) -> list[bytes]:
        """A 32-byte key for one purpose from each secret key, newest first."""
        # Kept, as every request of a pod needs the same ones; there are as many purposes as the code names.
        known = self._derived.get(purpose)
        if known is None:
            known = self._derived[purpose] = [
                HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(raw)
                for raw in self._raw
            ]
        return list(known)

    def seal(self, plain: str) -> str:
        """Encrypt and authenticate a text under the newest key."""
        return self._fernet.encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text behind a sealed value. Raises SealBroken."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealBroken("a sealed value does not open with the configured PODSERVER_SECRET_KEYS") from None

    def reseal(self, sealed: str) -> str:
        """The same text sealed under the newest key. Raises SealBroken."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken:
            raise SealBroken("a sealed value does not open with the configured PODSERVER_SECRET_KEYS") from None


_keyring: Keyring | None = None


def install(keys: tuple[str, ...]) -> Keyring:
    """Make the keys known to the process."""
    global _keyring
    _keyring = Keyring(keys)
    _opened.cache_clear()
    return _keyring


def keyring() -> Keyring:
    """The process's keyring. Raises RuntimeError before :func:`install`."""
    if _keyring is None:
        raise RuntimeError("the secret keys are not installed yet")
    return _keyring


@lru_cache(maxsize=256)
def _opened(sealed: str) -> str:
    return keyring().open(sealed)


class SealedText(TypeDecorator[str]):
    """A text column that is encrypted in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _opened(value)


class SealedFields(TypeDecorator[dict[str, str]]):
    """Named texts, such as the keys of an account, that are encrypted together in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, str] | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().seal(json.dumps(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, str] | None:
        return None if value is None else json.loads(_opened(value))


def keyed_hash(key: str, *parts: str) -> str:
    """HMAC-SHA256 over the parts, hex. Parts are length-prefixed, so that no two lists collide."""
    message = b"".join([len(raw).to_bytes(4, "big") + raw for raw in map(str.encode, parts)])
    return hmac.digest(key.encode(), message, "sha256").hex()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def fingerprint(value: str) -> str:
    """SHA-256 of a secret that has 128 bits or more, hex: for values that are looked up, not guessed."""
    return hashlib.sha256(value.encode()).hexdigest()


def random_key() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def random_id() -> str:
    """128 random bits as 26 lower-case letters and digits, fit for URLs, note references and HTML ids."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def random_digits(length: int) -> str:
    """A code of decimal digits from the operating system's generator; leading zeros are kept."""
    return f"{secrets.randbelow(10**length):0{length}d}"
