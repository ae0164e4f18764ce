"""The application over a database of its own on a real socket, and the tenant whose links it serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from link_rig import Northgate, Person, served


@pytest.fixture
def northgate(app: Flask) -> Northgate:
    """The tenant behind the links."""
    return Northgate()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the application is served."""
    with served(app) as address:
        yield address


@pytest.fixture
def dana(address: str) -> Person:
    """The contact who gets the links."""
    return Person(address)
