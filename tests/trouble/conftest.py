"""The product in front of each PSA's stand-in, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

# The PSAs' worlds are the conformance suite's.
sys.path.insert(0, str(Path(__file__).parent.parent / "connectors" / "conformance"))

from psa_world import PsaWorld
from psa_worlds import WORLDS
from trouble_rig import TroubledDesk

from podserver.application import create_app
from podserver.configuration import Settings
from podserver.database import db

_STARTED: dict[str, PsaWorld] = {}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: what locks does is tried on both where the outbox and the engine are."""
    return sqlite_url


@pytest.fixture(params=list(WORLDS))
def world(request: pytest.FixtureRequest) -> PsaWorld:
    """One PSA in its first state; each is started once."""
    if request.param not in _STARTED:
        _STARTED[request.param] = WORLDS[request.param]()
    _STARTED[request.param].reset()
    return _STARTED[request.param]


@pytest.fixture
def desk(settings: Settings, world: PsaWorld) -> Iterator[TroubledDesk]:
    """A technician whose MSP is connected to this PSA as an admin would have connected it."""
    app = create_app(replace(settings, local_hosts=frozenset({"127.0.0.1"})))
    with app.app_context():
        yield TroubledDesk(app, world)
        db.session.remove()
        db.engine.dispose()
