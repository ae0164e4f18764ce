"""The one typed configuration object, read from the environment at start.

Every variable is documented in docs/operating.md; a test holds the two together. A wrong value stops the start
with a sentence that names the variable, what is wrong and what would be right.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

PROJECT = Path(__file__).resolve().parent.parent
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ConfigurationError(Exception):
    """A variable of the environment is missing or wrong; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. Times are in seconds."""

    environment: str
    base_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    state_dir: Path
    twilio_api_url: str
    microsoft_login_url: str
    microsoft_graph_url: str
    microsoft_push_url: str
    local_hosts: frozenset[str]
    ca_file: Path | None
    trusted_proxies: int
    threads: int
    worker_threads: int
    lease_seconds: int
    log_level: str

    @property
    def secure(self) -> bool:
        """Whether people reach the server over https."""
        return self.base_url.startswith("https://")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server as browsers see it."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the environment.

    Raises ConfigurationError, whose message names the first variable that is wrong.
    """
    environ = os.environ if environ is None else environ
    environment = _one_of(environ, "PODSERVER_ENVIRONMENT", "production", {"production", "development"})
    state_dir = Path(environ.get("PODSERVER_STATE_DIR") or PROJECT / "var").resolve()
    return Settings(
        environment=environment,
        base_url=_base_url(environ, environment),
        secret_keys=_secret_keys(environ),
        database_url=_database_url(environ, state_dir),
        redis_url=_redis_url(environ),
        state_dir=state_dir,
        twilio_api_url=_twilio_api_url(environ),
        microsoft_login_url=_https(environ, "PODSERVER_MICROSOFT_LOGIN_URL", "https://login.microsoftonline.com"),
        microsoft_graph_url=_https(environ, "PODSERVER_MICROSOFT_GRAPH_URL", "https://graph.microsoft.com"),
        microsoft_push_url=_https(
            environ, "PODSERVER_MICROSOFT_PUSH_URL", "https://strongauthenticationservice.auth.microsoft.com"
        ),
        local_hosts=frozenset(
            h.strip().lower() for h in environ.get("PODSERVER_LOCAL_HOSTS", "").split(",") if h.strip()
        ),
        ca_file=_ca_file(environ),
        trusted_proxies=_number(environ, "PODSERVER_TRUSTED_PROXIES", 0, 0, 5),
        threads=_number(environ, "PODSERVER_THREADS", 8, 1, 64),
        worker_threads=_number(environ, "PODSERVER_WORKER_THREADS", 4, 1, 64),
        lease_seconds=_number(environ, "PODSERVER_LEASE_SECONDS", 25, 2, 300),
        log_level=_one_of(environ, "PODSERVER_LOG_LEVEL", "info", {"debug", "info", "warning", "error"}),
    )


def _one_of(environ: Mapping[str, str], name: str, default: str, allowed: set[str]) -> str:
    value = (environ.get(name) or default).strip().lower()
    if value not in allowed:
        raise ConfigurationError(f"{name} is {value!r}; it must be one of {', '.join(sorted(allowed))}.")
    return value


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ConfigurationError(f"{name} is {text!r}; it must be a whole number from {low} to {high}.")
    return int(text)


def _base_url(environ: Mapping[str, str], environment: str) -> str:
    value = environ.get("PODSERVER_BASE_URL", "").strip().rstrip("/")
    if not value:
        raise ConfigurationError(
            "PODSERVER_BASE_URL is not set; give the address under which browsers reach podserver, "
            "for example https://pod.example.com."
        )
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.username:
        raise ConfigurationError(
            f"PODSERVER_BASE_URL is {value!r}; it must be a scheme and a host without a path, "
            "for example https://pod.example.com."
        )
    if parts.scheme == "http":
        if environment == "production":
            raise ConfigurationError(
                f"PODSERVER_BASE_URL is {value!r}; production needs https. Put a TLS proxy in front, or set "
                "PODSERVER_ENVIRONMENT=development on a machine of your own."
            )
        if parts.hostname not in LOOPBACK:
            raise ConfigurationError(
                f"PODSERVER_BASE_URL is {value!r}; without https only localhost and 127.0.0.1 are accepted."
            )
    return value


def _secret_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    keys = tuple(k.strip() for k in environ.get("PODSERVER_SECRET_KEYS", "").split(",") if k.strip())
    if not keys:
        raise ConfigurationError("PODSERVER_SECRET_KEYS is not set; make a key with `podserver secret-key`.")
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ConfigurationError(
                f"PODSERVER_SECRET_KEYS: key {number} is not a key; make one with `podserver secret-key`."
            ) from None
        if len(set(key.rstrip("="))) < 12:
            raise ConfigurationError(
                f"PODSERVER_SECRET_KEYS: key {number} is not random; make one with `podserver secret-key`."
            )
    return keys


def _database_url(environ: Mapping[str, str], state_dir: Path) -> str:
    value = environ.get("PODSERVER_DATABASE_URL", "").strip() or f"sqlite:///{state_dir / 'podserver.db'}"
    if value.startswith("postgres://"):
        value = "postgresql://" + value.removeprefix("postgres://")
    if value.startswith("postgresql://"):
        value = "postgresql+psycopg://" + value.removeprefix("postgresql://")
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigurationError(
            "PODSERVER_DATABASE_URL must start with sqlite:/// or postgresql://, "
            "for example postgresql://podserver:password@db/podserver."
        )
    return value


def _redis_url(environ: Mapping[str, str]) -> str:
    value = environ.get("PODSERVER_REDIS_URL", "").strip()
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigurationError("PODSERVER_REDIS_URL must start with redis://, rediss:// or unix://.")
    return value


def _twilio_api_url(environ: Mapping[str, str]) -> str:
    value = environ.get("PODSERVER_TWILIO_API_URL", "").strip().rstrip("/") or "https://api.twilio.com"
    parts = urlsplit(value)
    if parts.scheme == "https" and parts.hostname:
        return value
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return value
    raise ConfigurationError(
        f"PODSERVER_TWILIO_API_URL is {value!r}; it must be an https address, or http on this machine."
    )


def _https(environ: Mapping[str, str], name: str, default: str) -> str:
    value = (environ.get(name, "").strip() or default).rstrip("/").lower()
    try:
        parts = urlsplit(value)
        good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError(
            f"{name} is {value!r}; it must be https and a host without a path, for example {default}."
        )
    return value


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    value = environ.get("PODSERVER_CA_FILE", "").strip()
    if not value:
        return None
    try:
        ssl.create_default_context(cafile=value)
    except (OSError, ssl.SSLError):
        raise ConfigurationError(
            f"PODSERVER_CA_FILE is {value!r}; it must be a readable file of certificates in PEM form."
        ) from None
    return Path(value).resolve()
