"""Refusals and trouble of the ConnectWise emulator, as the connector's callers see them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from connectors.base import (
    BadCredentials,
    MissingPermission,
    NotFound,
    PodSetup,
    PsaError,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.connectwise import CONTACT_SCREEN, SERVICE_SCREEN, ConnectWise

POD = "https://pod.example/pod/connectwise/k1?id=[cw_id]&screen=[cw_screen]"


def _pods() -> Sequence[PodSetup]:
    return [
        PodSetup(screen, "Caller check", POD, "https://pod.example", 600) for screen in (SERVICE_SCREEN, CONTACT_SCREEN)
    ]


def test_a_record_that_does_not_exist_is_not_found(emulator: Any, northgate: ConnectWise) -> None:
    for cloud in (False, True):
        emulator.faults(cloud_mode=cloud)
        for ask in (northgate.ticket, northgate.contact):
            with pytest.raises(NotFound):
                ask("4711")
        with pytest.raises(NotFound):
            northgate.post_note("4711", "x")


@pytest.mark.parametrize("cloud", [False, True])
@pytest.mark.parametrize(
    "change", [{"private_key": "wrong"}, {"public_key": "wrong"}, {"company": "someone"}, {"client_id": "no-guid"}]
)
def test_wrong_credentials_are_bad_credentials(
    emulator: Any, connect: Callable[..., ConnectWise], cloud: bool, change: dict[str, str]
) -> None:
    for missing in (401, 403):
        emulator.faults(cloud_mode=cloud, clientid_missing_status=missing)
        connector = connect(emulator.url, **change)
        for ask in (connector.whoami, lambda c=connector: c.ticket("48213"), connector.rights):
            with pytest.raises(BadCredentials):
                ask()


@pytest.mark.parametrize("unknown", ["null", "404"])
def test_an_unknown_company_is_named(emulator: Any, connect: Callable[..., ConnectWise], unknown: str) -> None:
    emulator.faults(companyinfo_unknown=unknown)
    with pytest.raises(BadCredentials, match="does not know the company someone"):
        connect(emulator.url, company="someone").whoami()


def test_keys_that_are_revoked_later_are_bad_credentials(emulator: Any, northgate: ConnectWise) -> None:
    northgate.whoami()
    emulator.faults(wrong_keys=True, cloud_mode=True)
    with pytest.raises(BadCredentials):
        northgate.ticket("48213")


def test_the_suggested_role_has_every_right(northgate: ConnectWise) -> None:
    assert [right.name for right in northgate.rights() if right.granted is not True] == []


@pytest.mark.parametrize("own_list", [True, False])
def test_missing_rights_are_listed(emulator: Any, northgate: ConnectWise, own_list: bool) -> None:
    emulator.faults(mysecurity_for_api_member=own_list, role={"Contacts": "None", "MemberMaintenance": "None"})
    missing = [right.name for right in northgate.rights() if right.granted is False]
    expected = ["Companies / Contacts: Inquire", "Companies / Contacts: Edit", "System / Member Maintenance: Inquire"]
    assert missing == (expected if own_list else [expected[0], expected[2]])


@pytest.mark.parametrize(
    ("role", "ask", "right"),
    [
        ({"CompanyMaintenance": "None"}, lambda c: c.companies(), "Companies / Company Maintenance: Inquire"),
        ({"Contacts": "None"}, lambda c: c.contact("77"), "Companies / Contacts: Inquire"),
        (
            {"Contacts": {"edit": "None"}},
            lambda c: c.update_mobile("77", "902", "2025550199"),
            "Companies / Contacts: Edit",
        ),
        ({"ServiceTickets": "None"}, lambda c: c.ticket("48213"), "Service Desk / Service Tickets: Inquire"),
        (
            {"ServiceTickets": {"add": "None"}},
            lambda c: c.post_note("48213", "x"),
            "Service Desk / Service Tickets: Add",
        ),
        ({"MemberMaintenance": "None"}, lambda c: c.members(), "System / Member Maintenance: Inquire"),
        (
            {"TableSetup": {"add": "None"}},
            lambda c: c.install_pod(_pods()),
            "System / Table Setup: Add (Manage Hosted API)",
        ),
    ],
)
def test_a_missing_right_is_named_when_it_is_needed(
    emulator: Any, northgate: ConnectWise, role: dict[str, Any], ask: Callable[[ConnectWise], object], right: str
) -> None:
    emulator.faults(role=role)
    with pytest.raises(MissingPermission) as caught:
        ask(northgate)
    assert caught.value.right == right


def test_set_up_lists_that_need_a_right_are_reported(emulator: Any, northgate: ConnectWise) -> None:
    emulator.faults(table_setup_inquire_needed=True, role={"TableSetup": "None"})
    for ask in (northgate.boards, northgate.priorities, lambda: northgate.statuses("1")):
        with pytest.raises(MissingPermission) as caught:
            ask()
        assert caught.value.right == "System / Table Setup: Inquire"


@pytest.mark.parametrize(("announced", "wait"), [(7, 7.0), (None, 30.0)])
def test_throttling_carries_the_wait(emulator: Any, northgate: ConnectWise, announced: int | None, wait: float) -> None:
    northgate.whoami()
    emulator.faults(rate_limit={"requests": 1, "retry_after": announced})
    with pytest.raises(RateLimited) as caught:
        northgate.ticket("48213")
    assert caught.value.retry_after == wait
    assert northgate.ticket("48213").ref == "48213"


@pytest.mark.parametrize("down", ["503", "drop"])
@pytest.mark.parametrize("html", [True, False])
def test_a_psa_that_is_down_is_unavailable(emulator: Any, northgate: ConnectWise, down: str, html: bool) -> None:
    emulator.faults(down=down, html_errors=html)
    with pytest.raises(Unavailable):
        northgate.whoami()
    emulator.faults(down=False)
    assert northgate.whoami().identifier == "podapi"


def test_html_pages_hide_no_meaning(emulator: Any, connect: Callable[..., ConnectWise]) -> None:
    emulator.faults(html_errors=True)
    with pytest.raises(NotFound):
        connect(emulator.url).ticket("4711")
    with pytest.raises(BadCredentials):
        connect(emulator.url, private_key="wrong").whoami()
    emulator.faults(server_error=1)
    with pytest.raises(Unavailable):
        connect(emulator.url).whoami()


def test_the_time_out_is_honoured(emulator: Any, connect: Callable[..., ConnectWise]) -> None:
    emulator.faults(slow_seconds=30)
    started = time.monotonic()
    with pytest.raises(Unavailable, match=r"within 0\.5 seconds"):
        connect(emulator.url, timeout=0.5).whoami()
    assert time.monotonic() - started < 1.5


def test_a_moved_codebase_is_found_again(emulator: Any, northgate: ConnectWise) -> None:
    northgate.whoami()
    emulator.faults(codebase_move=True)
    assert northgate.post_note("48213", "after the upgrade").internal
    assert emulator.count("GET", "/login/companyinfo/northgate") == 2


def test_https_is_asked_for(emulator: Any, northgate: ConnectWise) -> None:
    emulator.faults(ssl_required=True)
    with pytest.raises(Rejected, match="https"):
        northgate.whoami()


def test_under_every_fault_nothing_but_the_known_errors_appears(
    emulator: Any, connect: Callable[..., ConnectWise]
) -> None:
    faults: list[dict[str, Any]] = [
        {"down": "503"},
        {"down": "drop"},
        {"html_errors": True, "wrong_keys": True},
        {"rate_limit": 50},
        {"server_error": 50},
        {"wrong_keys": True, "cloud_mode": True},
        {"ssl_required": True},
        {"slow_seconds": 2},
    ]
    for switches in faults:
        connector = connect(emulator.url, timeout=0.2)
        emulator.faults(reset=True)
        emulator.faults(**switches)
        asks: list[Callable[[], object]] = [
            connector.whoami,
            lambda c=connector: c.ticket("48213"),
            lambda c=connector: c.contacts("250"),
            lambda c=connector: c.post_note("48213", "x"),
            lambda c=connector: c.find_note("48213", "x"),
            lambda c=connector: c.install_pod(_pods()),
            lambda c=connector: c.update_mobile("77", "902", "2025550199"),
        ]
        for ask in asks:
            with pytest.raises(PsaError) as caught:
                ask()
            assert "demoP" not in str(caught.value)
