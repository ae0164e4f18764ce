"""Whatever our connector says to BMS is as Kaseya describes it, and so is whatever our emulator answers it.

Every flow of the conformance suite runs again, through a relay that keeps each call; the fixture `bms` judges them.
"""

from __future__ import annotations

import socket
import time

import pytest
from published_rig import TENANT, RelayedWorld
from test_conformance import *  # noqa: F403

from connectors.base import BadCredentials, Connector
from connectors.kaseya_bms import KaseyaBms
from emulators.kaseya_bms.seed_lists import PASSWORD, TOTP_SECRET


@pytest.fixture
def world(bms: RelayedWorld) -> RelayedWorld:
    return bms


@pytest.fixture
def psa(world: RelayedWorld) -> Connector:
    return world.connector()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_the_suite_has_no_flow_for_a_second_factor_a_renewed_token_and_sso(bms: RelayedWorld) -> None:
    KaseyaBms(bms.relay.url, TENANT, "mfa.service", PASSWORD, note_type="41", mfa_secret=TOTP_SECRET).whoami()
    bms.fault(token_seconds=1)
    connector = bms.connector()
    assert connector.whoami() and connector.note_types()
    time.sleep(1.1)
    assert connector.whoami()
    bms.fault(sso_only=True)
    with pytest.raises(BadCredentials, match="SSO"):
        bms.connector().whoami()
    asked = {exchange.path.rpartition("/")[2] for exchange in bms.relay.exchanges}
    assert {"authenticate", "refreshtoken", "ssostatus"} <= asked


def test_each_flow_was_heard(bms: RelayedWorld) -> None:
    bms.connector().ticket(bms.facts.ticket)
    assert [str(each) for each in bms.relay.exchanges] == [
        "POST /v2/security/authenticate",
        f"GET /v2/servicedesk/tickets/{bms.facts.ticket}",
    ]
