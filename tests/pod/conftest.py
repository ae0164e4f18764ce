"""Two MSPs, and a frame of the first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from frame_rig import Frame, Tab
from seeds import Seeds

from podserver.database import db


@pytest.fixture
def northgate(app: Flask) -> Seeds:
    """The MSP whose ticket it is."""
    return Seeds(db.session(), at=datetime.now(UTC))


@pytest.fixture
def frame(app: Flask, northgate: Seeds) -> Frame:
    """The pod in one of its tickets."""
    return Frame(app, northgate)


@pytest.fixture
def tab(app: Flask) -> Tab:
    """A window of the same browser."""
    return Tab(app)
