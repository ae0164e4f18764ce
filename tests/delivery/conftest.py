"""Providers for the tests of channels, and an application that trusts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from authenticator_rig import PushDesk
from flask import Flask
from letter_rig import SortingOffice, serve_mail
from provider_rig import Providers, serve_providers

from podserver.configuration import Settings
from podserver.microsoft.key_pair import KeyPair, make


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: what it has to do is tried on both where the outbox and the engine are."""
    return sqlite_url


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    with serve_providers(tmp_path_factory.mktemp("certificates")) as providers:
        yield providers


@pytest.fixture
def providers(served: Providers) -> Providers:
    """The stand-ins as on their first day."""
    for part in ("duo", "entra", "mail", "twilio"):
        served.post(f"/_emulator/{part}/reset")
    return served


@pytest.fixture
def settings(settings: Settings, providers: Providers) -> Settings:
    """Settings that lead to the stand-ins."""
    hosts = frozenset({providers.tls_host, providers.plain.removeprefix("http://")})
    microsoft = f"https://{providers.tls_host}"
    return replace(
        settings,
        twilio_api_url=providers.plain,
        microsoft_login_url=microsoft,
        microsoft_graph_url=microsoft,
        microsoft_push_url=microsoft,
        local_hosts=hosts,
        ca_file=providers.authority,
    )


@pytest.fixture(scope="session")
def pair() -> KeyPair:
    """A key pair for every client's push, made once, as it takes its time."""
    return make("podserver push, Northgate IT", datetime.now(UTC))


@pytest.fixture
def push_desk(app: Flask, providers: Providers, pair: KeyPair) -> PushDesk:
    """A technician with the Authenticator push."""
    return PushDesk(app, providers, pair)


@pytest.fixture(scope="session")
def sorting_office(served: Providers) -> Iterator[SortingOffice]:
    with serve_mail(served.authority.parent) as office:
        yield office


@pytest.fixture
def mailboxes(sorting_office: SortingOffice) -> SortingOffice:
    """The mail server as on its first day."""
    sorting_office.emulator.reset()
    return sorting_office
