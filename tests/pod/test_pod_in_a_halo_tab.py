"""HaloPSA's custom tab: what its address may say, and what its signature opens in each of the three modes."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from frame_rig import history
from psa_rig import PsaFrame, Stand, change, connected, settings_for
from seeds import PASSWORD, Seeds
from sqlalchemy import select, update

from emulators.halo import CLIENT_ID, CLIENT_SECRET, create_app
from podserver.accounts import service as accounts
from podserver.accounts.models import FailureBucket, Role, User
from podserver.configuration import Settings
from podserver.database import writing
from podserver.integrations.models import Integration, Psa
from podserver.pod import halo as door
from podserver.security import pod_token
from podserver.tenancy import bind_tenant

SECRET = "tab-secret-example-1"
# Signatures that two independent implementations agree on; the first has a + in it, the second a /.
SIGNED = {"42": "9efZOD8UqsAkdDuR2tHjgate1qLJag8+cr0KgkEVFNk=", "7": "2scAGIY1LGeQhciR2liF7fuz4c/4yLZagyWZXtAaf34="}
FORGED = "A" * 43 + "="

one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    running = Stand(create_app(), "halo")
    yield running
    running.close()


@pytest.fixture
def settings(stand: Stand, tmp_path: Path, database_url: str) -> Settings:
    stand.control("reset", {})
    door._agents._kept.clear()
    return settings_for(stand, tmp_path, database_url)


@pytest.fixture
def halo(northgate: Seeds, stand: Stand) -> Integration:
    """HaloPSA of Northgate, where the signature names technicians."""
    values = {
        "resource_server": f"{stand.url}/api",
        "authorisation_server": "",
        "tenant": "",
        "client_id": CLIENT_ID,
        "sign_in": "pre-fill",
    }
    return connected(northgate, Psa.HALO, stand.url, values, {"client_secret": CLIENT_SECRET, "tab_secret": SECRET})


@pytest.fixture
def tab_frame(app: Flask, halo: Integration) -> PsaFrame:
    return PsaFrame(app, halo)


def session(frame: PsaFrame, agent: str = "42", proof: str | None = None, **form: str) -> Any:
    return frame.post("session", memberid=agent, memberHash=SIGNED[agent] if proof is None else proof, **form)


def asked(stand: Stand) -> list[str]:
    """Which agents HaloPSA was asked for."""
    return [row["path"] for row in stand.control("requests") if row["path"].lower().startswith("/agent")]


# --- The address ---------------------------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize(
    ("query", "record", "screen", "member", "proof"),
    [
        ("id=4713&screen=ticket&agentId=42&hmac=" + SIGNED["42"], "4713", "ticket", "42", SIGNED["42"]),
        ("id=4713&screen=ticket&agentId=7&hmac=" + quote(SIGNED["7"], safe=""), "4713", "ticket", "7", SIGNED["7"]),
        ("id=4713&screen=ticket&AGENTID=42&HMAC=" + SIGNED["42"].replace("+", "%20"), "4713", "ticket", "42",
         SIGNED["42"]),
        ("id=311&screen=contact&agentId=42&hmac=$HMAC", "311", "contact", "42", ""),
        ("id=$FAULTID&screen=ticket&agentId=$LOGGEDINAGENTID&hmac=$HMAC", "", "", "", ""),
        ("id=&screen=ticket&agentId=&hmac=", "", "", "", ""),
        ("", "", "", "", ""),
        ("screen=kitchen&id=4713", "", "", "", ""),
        ("id=4713;DROP&screen=ticket&agentId=42", "", "", "42", ""),
        ("area=Bell%20&%20Sons%20+%20Co&50%&%ZZ=%&id=4713&screen=ticket&agentId=42&hmac=" + SIGNED["42"], "4713",
         "ticket", "42", SIGNED["42"]),
        # What a client of this name would bring along.
        ("area=x&id=9&agentId=7&id=4713&screen=ticket&agentId=42&hmac=" + SIGNED["42"], "", "", "", SIGNED["42"]),
        ("id=4713&screen=ticket&agentId=42&hmac=" + SIGNED["42"] + "&hmac=" + FORGED, "4713", "ticket", "42", ""),
        ("id=4713&screen=ticket&agentId=0x2a&hmac=%22%3E%3Cscript%3E", "4713", "ticket", "", ""),
    ],
)  # fmt: skip
def test_an_address_says_what_it_says_once_and_its_junk_says_nothing(
    tab_frame: PsaFrame, query: str, record: str, screen: str, member: str, proof: str
) -> None:
    page = tab_frame.shell(query)
    assert page.status_code == 200
    assert f'data-record="{record}" data-screen="{screen}"' in page.text
    assert (f'data-member="{member}"' in page.text) is bool(member)
    assert (f'data-proof="{proof}"' in page.text) is bool(proof)
    assert ("data-member" in page.text, "data-proof" in page.text) == (bool(member), bool(proof))
    assert "<script>" not in page.text and "Set-Cookie" not in page.headers


@one_database
def test_the_origins_of_the_integration_and_nobody_else_may_frame_it(
    tab_frame: PsaFrame, halo: Integration, stand: Stand
) -> None:
    page = tab_frame.shell("id=4713&screen=ticket")
    assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors {stand.url}")
    assert "X-Frame-Options" not in page.headers and page.headers["Referrer-Policy"] == "no-referrer"
    assert tab_frame.client.get(f"/pod/autotask/{halo.pod_key}").status_code == 404


# --- Pre-fill --------------------------------------------------------------------------------------------------------


def test_a_good_signature_names_the_agent_and_lets_nobody_in(
    tab_frame: PsaFrame, northgate: Seeds, stand: Stand
) -> None:
    answer = session(tab_frame)
    assert (answer.status_code, answer.get_json()) == (
        200,
        {"problem": "", "password": True, "named": "You are Sam Okafor in HaloPSA.", "email": "sam@northgate.example"},
    )
    assert "Set-Cookie" not in answer.headers and history(northgate, "pod opened", "pod refused") == []
    assert session(tab_frame).get_json()["named"] == "You are Sam Okafor in HaloPSA."
    assert asked(stand) == ["/Agent/42"], "it is asked for once in a while"


def test_the_sign_in_of_the_working_day_counts_for_the_same_agent_and_ends_for_another(
    tab_frame: PsaFrame, northgate: Seeds, stand: Stand
) -> None:
    assert tab_frame.sign_in(memberid="42").status_code == 200
    answer = session(tab_frame)
    assert (answer.status_code, answer.get_json()["name"], answer.get_json()["kept"]) == (200, "Sam Okafor", True)
    assert asked(stand) == [], "who is signed in needs no name"
    other = session(tab_frame, "7")
    assert other.get_json()["named"] == "You are Priya Nair in HaloPSA." and "token" not in other.get_json()
    assert tab_frame.post("resume", memberid="42").status_code == 401, "the sign-in of somebody else is over"
    assert history(northgate, "signed out") == [("signed out", "Sam Okafor", {"of": "the pod"})]


@one_database
def test_a_user_who_is_linked_to_the_agent_goes_on_however_they_signed_in(
    tab_frame: PsaFrame, northgate: Seeds, halo: Integration
) -> None:
    with writing(northgate.session) as rows:
        accounts.link_member(rows, northgate.user, integration_id=halo.id, member="42")
    tab_frame.sign_in()
    assert session(tab_frame).get_json()["name"] == "Sam Okafor"
    assert session(tab_frame, "7").get_json().get("token") is None
    assert session(tab_frame).get_json().get("token") is None


@one_database
@pytest.mark.parametrize("mode", ["pre-fill", "trusted"])
@pytest.mark.parametrize(
    ("agent", "proof"), [("42", FORGED), ("7", SIGNED["42"]), ("42", SIGNED["7"]), ("042", SIGNED["42"]), ("42", "")]
)
def test_a_forged_signature_or_that_of_another_agent_gets_nobody_in_and_asks_nobody(
    tab_frame: PsaFrame, northgate: Seeds, halo: Integration, stand: Stand, mode: str, agent: str, proof: str
) -> None:
    change(northgate, halo, sign_in=mode)
    answer = session(tab_frame, agent, proof)
    said = answer.get_json()
    assert answer.status_code == 403 and said["password"] and "token" not in said and "named" not in said
    assert "not good" in said["problem"] or "did not confirm" in said["problem"]
    assert asked(stand) == [] and "Set-Cookie" not in answer.headers
    assert history(northgate, "pod refused") == [("pod refused", "", {"claimed member": agent})]


@one_database
def test_after_ten_forgeries_nobody_is_asked_about_this_agent(tab_frame: PsaFrame, northgate: Seeds) -> None:
    session(tab_frame, proof=FORGED)
    bind_tenant(northgate.session, northgate.tenant.id)
    with writing(northgate.session) as rows:
        rows.execute(update(FailureBucket).values(failures=10).execution_options(synchronize_session=False))
    answer = session(tab_frame)
    assert answer.status_code == 429 and "named" not in answer.get_json()
    assert session(tab_frame, "7").status_code == 200, "and of others all the same"


@one_database
def test_an_agent_who_is_disabled_unknown_or_a_program_is_not_named(tab_frame: PsaFrame, stand: Stand) -> None:
    for changed, words in (({"isdisabled": True}, "has disabled"), ({"isapiagent": True}, "has disabled")):
        stand.control("reset", {})
        stand.control("records/agents/42", changed)
        said = session(tab_frame).get_json()
        assert words in said["problem"] and "named" not in said and said["password"], changed
        door._agents._kept.clear()
    stand.control("reset", {})
    stranger = base64.b64encode(hmac.digest(SECRET.encode(), b"999", "sha256")).decode()
    said = session(tab_frame, "999", stranger).get_json()
    assert "does not know" in said["problem"] and "named" not in said and said["password"]


@one_database
def test_while_halo_is_away_the_form_does_without_a_name(tab_frame: PsaFrame, stand: Stand) -> None:
    stand.control("faults", {"down": True})
    answer = session(tab_frame)
    assert answer.get_json() == {"problem": "", "password": True}
    assert tab_frame.sign_in(memberid="42").status_code == 200


@one_database
def test_halo_is_asked_for_so_many_names_a_minute_and_no_more(
    tab_frame: PsaFrame, northgate: Seeds, stand: Stand
) -> None:
    session(tab_frame)
    door._agents._kept.clear()
    with writing(northgate.session) as rows:
        rows.execute(update(FailureBucket).values(failures=60).execution_options(synchronize_session=False))
    assert session(tab_frame).get_json() == {"problem": "", "password": True}
    assert len(asked(stand)) == 1


# --- Off, and trusted ------------------------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize("fields", [{"sign_in": "off"}, {"tab_secret": ""}, {"sign_in": "trusted", "tab_secret": ""}])
def test_without_a_secret_every_mode_is_off(
    tab_frame: PsaFrame, northgate: Seeds, halo: Integration, stand: Stand, fields: dict[str, str]
) -> None:
    change(northgate, halo, **fields)
    assert session(tab_frame).get_json() == {"problem": "", "password": True}
    assert asked(stand) == []
    tab_frame.sign_in(memberid="42")
    assert session(tab_frame).get_json()["name"] == "Sam Okafor", "the working day's sign-in counts as it does anywhere"


def test_a_trusted_signature_signs_in_whom_halo_confirms_and_ends_the_sign_in_of_others(
    tab_frame: PsaFrame, northgate: Seeds, halo: Integration, stand: Stand
) -> None:
    change(northgate, halo, sign_in="trusted")
    tab_frame.sign_in("sam@northgate.example", memberid="42")
    said = session(tab_frame, "7").get_json()
    assert (said["name"], said["kept"]) == ("Priya Nair", False)
    pod, _ = pod_token.read(said["token"], datetime.now(UTC))
    bind_tenant(northgate.session, northgate.tenant.id)
    made = northgate.session.scalars(select(User).where(User.name == "Priya Nair")).one()
    assert (pod.user, pod.record, pod.integration) == (made.id, "ticket:48213", halo.id)
    assert (made.role, made.email) == (Role.TECHNICIAN, None) or not made.email, "matched to nobody by e-mail"
    northgate.session.rollback()
    assert tab_frame.post("resume", memberid="42").status_code == 401
    assert ("pod opened", "Priya Nair", {"signed in by": "HaloPSA"}) in history(northgate, "pod opened")
    stand.control("records/agents/7", {"isdisabled": True})
    assert session(tab_frame, "7").status_code == 403, "and no longer than Halo knows them"


@one_database
def test_a_trusted_agent_without_access_here_is_told_so_and_offered_no_form(
    tab_frame: PsaFrame, northgate: Seeds, halo: Integration, stand: Stand
) -> None:
    change(northgate, halo, sign_in="trusted")
    northgate.set(members_may_join=False)
    answer = session(tab_frame)
    assert answer.status_code == 403 and answer.get_json()["password"] is False
    stand.control("faults", {"down": True})
    answer = session(tab_frame)
    assert answer.status_code == 503 and answer.get_json()["password"] is True


@one_database
def test_only_our_own_page_may_ask(tab_frame: PsaFrame) -> None:
    for site in ("cross-site", "same-site", "none"):
        assert tab_frame.post("session", headers={"Sec-Fetch-Site": site}, memberid="42").status_code == 404
    assert PASSWORD not in session(tab_frame).text
