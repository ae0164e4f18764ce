"""The application over a database of its own, an emulated PSA on a real socket, and an MSP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from parts import environment_of
from ticketing_rig import Desk, Psa, a_desk
from werkzeug.serving import make_server

from emulators import connectwise
from podserver.configuration import Settings, read_settings


@pytest.fixture(scope="session")
def running_psa() -> Iterator[Psa]:
    """ConnectWise, started once."""
    app = Flask("psa", static_folder=None)
    store = connectwise.register(app)
    server = make_server("localhost", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Psa(f"http://localhost:{server.server_port}", store)
    server.shutdown()
    server.server_close()


@pytest.fixture
def psa(running_psa: Psa) -> Psa:
    """ConnectWise in its first state, without a fault."""
    running_psa.control("reset", {})
    return running_psa


@pytest.fixture
def settings(tmp_path: Path, database_url: str, psa: Psa) -> Settings:
    """Settings that let the server call the emulated PSA."""
    local = {"PODSERVER_LOCAL_HOSTS": psa.url.removeprefix("http://"), "PODSERVER_LOG_LEVEL": "error"}
    return read_settings(environment_of(tmp_path, database_url, **local))


@pytest.fixture
def desk(app: Flask, psa: Psa) -> Desk:
    """Northgate IT."""
    return a_desk(app, psa)
