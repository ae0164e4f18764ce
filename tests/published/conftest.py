"""Emulators to hold against what others published. The PSAs' worlds and the flows are the conformance suite's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "connectors" / "conformance"))
sys.path.insert(0, str(Path(__file__).parent.parent / "emulators" / "kaseya_bms"))

from bms_description import Description
from published_rig import RelayedWorld, fetched
from superops_world import SuperOpsWorld


@pytest.fixture(scope="session")
def description() -> Description:
    """Kaseya's own words about BMS."""
    return Description(fetched("kaseya/openapi/kaseya-bms-openapi-original.json"))


@pytest.fixture(scope="session")
def _relayed() -> Iterator[RelayedWorld]:
    started = RelayedWorld()
    yield started
    started.relay.close()


@pytest.fixture
def bms(_relayed: RelayedWorld, description: Description) -> Iterator[RelayedWorld]:
    """BMS in its first state; at the end, all that was said to it and by it is held against the description."""
    _relayed.reset()
    _relayed.relay.exchanges.clear()
    yield _relayed
    complaints = {each for exchange in _relayed.relay.exchanges for each in description.complaints(exchange)}
    assert sorted(complaints) == []


@pytest.fixture(scope="session")
def _account() -> SuperOpsWorld:
    return SuperOpsWorld()


@pytest.fixture
def superops(_account: SuperOpsWorld) -> SuperOpsWorld:
    """SuperOps in its first state."""
    _account.reset()
    return _account
