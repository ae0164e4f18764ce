"""The application over a database of its own, an emulated PSA on a real socket, and an MSP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from parts import environment_of
from policy_rig import Msp, Psa, an_msp
from werkzeug.serving import make_server

from emulators.app import create_app as create_emulators
from podserver.configuration import Settings, read_settings


@pytest.fixture(scope="session")
def running_psa() -> Iterator[Psa]:
    """ConnectWise, started once."""
    server = make_server("localhost", 0, create_emulators(None), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Psa(f"http://localhost:{server.server_port}")
    server.shutdown()
    server.server_close()


@pytest.fixture
def psa(running_psa: Psa) -> Iterator[Psa]:
    """ConnectWise, with its own data and without a fault."""
    yield running_psa
    running_psa.control("reset", {})


@pytest.fixture
def settings(tmp_path: Path, database_url: str, psa: Psa) -> Settings:
    """Settings that let the server call the emulated PSA."""
    local = {"PODSERVER_LOCAL_HOSTS": psa.url.removeprefix("http://"), "PODSERVER_LOG_LEVEL": "error"}
    return read_settings(environment_of(tmp_path, database_url, **local))


@pytest.fixture
def msp(app: Flask, psa: Psa) -> Msp:
    """Northgate IT."""
    return an_msp(app, psa)
