"""Autotask's insight, whose address is routing and never a sign-in; its signature; and the LiveLink beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from frame_rig import Tab
from psa_rig import PsaFrame, Stand, change, connected, settings_for
from seeds import PASSWORD, Seeds

from connectors.autotask import CANONICALISERS
from emulators.autotask import create_app
from podserver.configuration import Settings
from podserver.integrations.models import Integration, Psa

SECRET = "an insight secret of tests"
TICKET = 148213

one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Minted = Callable[..., str]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    running = Stand(create_app(), "autotask")
    yield running
    running.close()


@pytest.fixture
def settings(stand: Stand, tmp_path: Path, database_url: str) -> Settings:
    stand.control("reset", {})
    return settings_for(stand, tmp_path, database_url)


@pytest.fixture
def autotask(northgate: Seeds, stand: Stand) -> Integration:
    """Autotask of Northgate, where the signature is not checked."""
    values = {"user": "podapi@northgate.example", "zone": stand.url, "insight_signature": "off"}
    secrets = {"api_secret": "s", "tracking_identifier": "t", "insight_secret": SECRET}
    origins = "https://ww14.autotask.net https://*.autotask.net"
    return connected(northgate, Psa.AUTOTASK, origins, values, secrets)


@pytest.fixture
def insight(app: Flask, autotask: Integration) -> PsaFrame:
    return PsaFrame(app, autotask)


@pytest.fixture
def minted(stand: Stand, autotask: Integration) -> Minted:
    """The query of the address that Autotask makes for a ticket; its switches in keyword arguments."""
    stand.control(
        "records/IntegrationVendorInsights",
        {
            "title": "Caller verification", "referenceUrl": f"http://127.0.0.1:8000/pod/autotask/{autotask.pod_key}",
            "secret": SECRET, "insightKey": "K" * 26, "vendorSuppliedID": "v" * 32, "insightCategory": 1,
            "isActive": True,
        },
    )  # fmt: skip

    def mint(ticket: int = TICKET, agent: str = "", **switches: Any) -> str:
        stand.control("faults", {"reset": True, **{f"insight_{name}": value for name, value in switches.items()}})
        (shown,) = stand.control(f"insights/{ticket}?agent={agent}&dark={int(bool(switches.get('dark')))}")
        return str(shown["url"]).partition("?")[2]

    return mint


@one_database
def test_an_address_says_which_ticket_who_and_which_looks_and_signs_nobody_in(
    insight: PsaFrame, minted: Minted, stand: Stand, northgate: Seeds
) -> None:
    page = insight.shell(minted())
    resource = stand.control(f"insights/{TICKET}")[0]["url"].partition("resourceid=")[2].partition("&")[0]
    assert f'data-record="{TICKET}" data-screen="ticket" data-member="{resource}"' in page.text
    assert 'data-theme="light"' in page.text and "data-proof" not in page.text and "data-vouches" not in page.text
    assert page.headers["Content-Security-Policy"].endswith(
        "frame-ancestors https://ww14.autotask.net https://*.autotask.net"
    )
    assert 'data-theme="dark"' in insight.shell(minted().replace("isdarktheme=False", "isdarktheme=True")).text
    assert "data-theme" not in insight.shell("entityid=1").text
    assert insight.post("session", memberid=resource).status_code == 404, "there is no such way in"
    assert insight.post("resume", memberid=resource).status_code == 401


@one_database
@pytest.mark.parametrize("canonicaliser", CANONICALISERS)
def test_a_required_signature_opens_its_own_frame_and_no_other(
    insight: PsaFrame, minted: Minted, northgate: Seeds, autotask: Integration, canonicaliser: str
) -> None:
    change(northgate, autotask, insight_signature=canonicaliser)
    for how in ({}, {"plus": True}, {"encoded": True, "plus": True}, {"key": False}):
        good = minted(canonicaliser=canonicaliser, **how)
        assert insight.shell(good).status_code == 200, how
    if canonicaliser != "keys":
        moved = good.replace(f"entityid={TICKET}", "entityid=148214")
        assert moved != good and insight.shell(moved).status_code == 403, "the ticket is signed, too"
    others = {
        "missing": minted(canonicaliser=canonicaliser, signature="missing"),
        "wrong": minted(canonicaliser=canonicaliser, signature="wrong"),
        "of another way": minted(canonicaliser="query" if canonicaliser != "query" else "values"),
        "none at all": f"entityid={TICKET}",
        "nothing": "",
    }
    for what, query in others.items():
        page = insight.shell(query)
        assert page.status_code == 403 and "does not have Autotask's signature" in page.text.replace("&#39;", "'"), what
        assert "sign-in" not in page.text and "frame-ancestors https://ww14" in page.headers["Content-Security-Policy"]
    change(northgate, autotask, insight_secret="another secret altogether")
    assert insight.shell(good).status_code == 403
    change(northgate, autotask, insight_secret="")
    assert insight.shell(good).status_code == 403, "without a secret nothing is signed"
    change(northgate, autotask, insight_signature="off")
    assert insight.shell(good).status_code == 200


@one_database
def test_a_sign_in_in_the_frame_is_our_own_and_ends_for_another_resource(insight: PsaFrame, northgate: Seeds) -> None:
    assert insight.post("password", email="sam@northgate.example", password=PASSWORD, memberid="29680011").get_json()[
        "kept"
    ]
    assert insight.post("resume", memberid="29680011").get_json()["name"] == "Sam Okafor"
    assert insight.post("resume", memberid="29680012").status_code == 401
    assert insight.post("resume", memberid="29680011").status_code == 401


# --- The LiveLink ----------------------------------------------------------------------------------------------------


@one_database
def test_a_livelink_leads_to_the_tickets_page_which_asks_for_the_portals_sign_in(
    insight: PsaFrame, app: Flask, northgate: Seeds, autotask: Integration
) -> None:
    change(northgate, autotask, insight_signature="url")
    door = f"{insight.door}/livelink"
    page = f"/callers/{autotask.id}/ticket/{TICKET}"
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://ww14.autotask.net"}
    for answer in (
        insight.client.get(f"{door}?ticketId={TICKET}", headers=cross),
        insight.client.get(f"{door}?entityid={TICKET}", headers=cross),
        insight.client.post(door, data={"ticketId": str(TICKET), "contactId": "7", "extra": "<b>"}, headers=cross),
        insight.client.post(door, data={"TICKETID": f" {TICKET} "}, headers=cross),
    ):
        assert (answer.status_code, answer.location) == (303, page)
        assert "Set-Cookie" not in answer.headers
    tab = Tab(app)
    door = tab.get(page).location
    assert door == f"/sign-in?next={page}"
    assert tab.sign_in(path=door).location == page
    shown = tab.get(page)
    assert shown.status_code == 200 and f'data-record="{TICKET}"' in shown.text
    assert shown.headers["X-Frame-Options"] == "DENY"
    answer = tab.client.get(f"{insight.door}/livelink?ticketId=48213")
    assert answer.status_code == 303


@one_database
@pytest.mark.parametrize("ticket", ["", "$ticketid", "T20260105.0007", "-1", "1" * 30, "//evil.example", "١٢"])
def test_a_livelink_without_a_tickets_id_says_which_field_lacks_it(insight: PsaFrame, ticket: str) -> None:
    for answer in (
        insight.client.post(f"{insight.door}/livelink", data={"ticketId": ticket}),
        insight.client.get(f"{insight.door}/livelink", query_string={"ticketId": ticket}),
    ):
        assert answer.status_code == 422 and "its field ticketId holds the variable" in answer.text
        assert "evil" not in answer.text and answer.headers["X-Frame-Options"] == "DENY"


@one_database
def test_a_livelink_of_no_pod_leads_nowhere_and_one_of_another_company_opens_nothing(
    insight: PsaFrame, app: Flask, northgate: Seeds
) -> None:
    assert insight.client.get(f"/pod/autotask/nosuchkey/livelink?ticketId={TICKET}").status_code == 404
    key = northgate.integration.pod_key
    assert insight.client.get(f"/pod/autotask/{key}/livelink?ticketId={TICKET}").status_code == 404
    Seeds(northgate.session, "Southgate IT")
    olga = Tab(app)
    olga.sign_in("sam@southgate.example")
    led = insight.client.get(f"{insight.door}/livelink?ticketId={TICKET}").location
    assert olga.get(led).status_code == 404
