"""The application over a database of its own on a real socket, and the tenant whose links it serves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from link_rig import BRISK, Northgate, Person, served

from podserver.answering import press


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
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for ``BRISK`` seconds has read the page; the real time is tried in test_answers.py."""
    monkeypatch.setattr(press, "QUICKEST", timedelta(seconds=BRISK))


@pytest.fixture
def dana(address: str) -> Person:
    """The contact who gets the links."""
    return Person(address)
