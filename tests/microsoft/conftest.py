"""Microsoft's stand-in, an application that trusts it, and the MSP whose pages and links are tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from microsoft_rig import Browser, Msp, Person, Providers, serve_providers

from podserver.configuration import Settings


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    with serve_providers(tmp_path_factory.mktemp("certificates")) as providers:
        yield providers


@pytest.fixture
def providers(served: Providers) -> Providers:
    """The stand-in as on its first day."""
    served.control("reset")
    return served


@pytest.fixture
def settings(settings: Settings, providers: Providers) -> Settings:
    """Settings that lead to the stand-ins."""
    return replace(
        settings,
        microsoft_login_url=providers.tls,
        microsoft_graph_url=providers.tls,
        microsoft_push_url=providers.tls,
        local_hosts=frozenset({providers.plain.removeprefix("http://")}),
        ca_file=providers.authority,
    )


@pytest.fixture
def msp(app: Flask, providers: Providers) -> Msp:
    return Msp(app, providers)


@pytest.fixture
def northgate(msp: Msp) -> Msp:
    """The MSP with its app registered."""
    msp.register_app()
    return msp


@pytest.fixture
def admin(msp: Msp) -> Browser:
    """The MSP's admin, signed in to the portal."""
    return msp.browser()


@pytest.fixture
def dana(app: Flask, providers: Providers) -> Person:
    """The contact who gets the links."""
    return Person(app, providers)
