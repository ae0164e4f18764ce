"""A wrong environment stops the start with a sentence that names the variable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from podserver.configuration import PROJECT, ConfigurationError, read_settings

GOOD = {"PODSERVER_BASE_URL": "https://pod.example.com", "PODSERVER_SECRET_KEYS": Fernet.generate_key().decode()}


def test_two_variables_are_enough_in_production() -> None:
    settings = read_settings(GOOD)
    assert settings.secure and settings.environment == "production" and settings.sqlite
    assert settings.origin == "https://pod.example.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PODSERVER_BASE_URL", ""),
        ("PODSERVER_BASE_URL", "http://pod.example.com"),
        ("PODSERVER_BASE_URL", "http://127.0.0.1:8000"),
        ("PODSERVER_BASE_URL", "pod.example.com"),
        ("PODSERVER_BASE_URL", "https://pod.example.com/path"),
        ("PODSERVER_BASE_URL", "https://user@pod.example.com"),
        ("PODSERVER_SECRET_KEYS", ""),
        ("PODSERVER_SECRET_KEYS", "change-me"),
        ("PODSERVER_SECRET_KEYS", "A" * 43 + "="),
        ("PODSERVER_SECRET_KEYS", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"),
        ("PODSERVER_ENVIRONMENT", "demo"),
        ("PODSERVER_DATABASE_URL", "mysql://db/podserver"),
        ("PODSERVER_REDIS_URL", "localhost:6379"),
        ("PODSERVER_TWILIO_API_URL", "http://twilio.example.com"),
        ("PODSERVER_TRUSTED_PROXIES", "many"),
        ("PODSERVER_TRUSTED_PROXIES", "9"),
        ("PODSERVER_THREADS", "0"),
        ("PODSERVER_THREADS", "٣"),
        ("PODSERVER_LEASE_SECONDS", "1"),
        ("PODSERVER_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as refused:
        read_settings({**GOOD, name: value})
    assert str(refused.value).endswith(".")
    if name == "PODSERVER_SECRET_KEYS" and value:
        assert value not in str(refused.value)


def test_development_may_do_without_https_on_this_machine_only() -> None:
    here = {**GOOD, "PODSERVER_ENVIRONMENT": "development"}
    assert not read_settings({**here, "PODSERVER_BASE_URL": "http://127.0.0.1:8000"}).secure
    with pytest.raises(ConfigurationError, match="PODSERVER_BASE_URL"):
        read_settings({**here, "PODSERVER_BASE_URL": "http://192.0.2.7:8000"})


def test_postgresql_is_spoken_to_through_psycopg_however_the_url_is_written() -> None:
    for url in ("postgres://db/x", "postgresql://db/x", "postgresql+psycopg://db/x"):
        assert read_settings({**GOOD, "PODSERVER_DATABASE_URL": url}).database_url == "postgresql+psycopg://db/x"


def test_secrets_are_not_in_the_settings_printed_form() -> None:
    settings = read_settings({**GOOD, "PODSERVER_DATABASE_URL": "postgresql://u:very-secret@db/x"})
    assert "very-secret" not in repr(settings) and GOOD["PODSERVER_SECRET_KEYS"] not in repr(settings)


def test_every_variable_is_documented_and_every_documented_variable_exists() -> None:
    read = set(re.findall(r'"(PODSERVER_[A-Z_]+)"', Path(PROJECT / "podserver/configuration.py").read_text()))
    read |= set(re.findall(r"['\"](PODSERVER_[A-Z_]+)['\"]", Path(PROJECT / "gunicorn.conf.py").read_text()))
    documented = set(re.findall(r"`(PODSERVER_[A-Z_]+)`", Path(PROJECT / "docs/operating.md").read_text()))
    assert read <= documented, read - documented
    by_commands = {"PODSERVER_ADMIN_PASSWORD", "PODSERVER_USER_PASSWORD", "PODSERVER_PSA_PRIVATE_KEY",
                   "PODSERVER_TWILIO_AUTH_TOKEN", "PODSERVER_SMTP_PASSWORD"}  # fmt: skip
    assert documented <= read | by_commands, documented - read
