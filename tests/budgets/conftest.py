"""A seeded pod on the real application."""

from __future__ import annotations

import pytest
from budget_rig import Pod
from flask import Flask


@pytest.fixture
def pod(app: Flask) -> Pod:
    """A pod whose caller is known, on SQLite and on PostgreSQL."""
    return Pod(app)
