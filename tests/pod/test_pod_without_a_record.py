"""A pod whose address names no record: whoever has signed in looks for it in the PSA and goes on with what is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from frame_rig import history
from psa_rig import PsaFrame, Stand, connected, settings_for
from seeds import Seeds
from werkzeug.test import TestResponse

from emulators.halo import CLIENT_ID, CLIENT_SECRET, create_app
from podserver.configuration import Settings
from podserver.integrations.models import Integration, Psa
from podserver.security import pod_token


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    running = Stand(create_app(), "halo")
    yield running
    running.close()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def settings(stand: Stand, tmp_path: Path, database_url: str) -> Settings:
    stand.control("reset", {})
    return settings_for(stand, tmp_path, database_url)


@pytest.fixture
def halo(northgate: Seeds, stand: Stand) -> Integration:
    values = {"resource_server": stand.url, "authorisation_server": "", "tenant": "", "client_id": CLIENT_ID}
    return connected(northgate, Psa.HALO, stand.url, values, {"client_secret": CLIENT_SECRET})


class Searching:
    """A frame on no record, signed in."""

    def __init__(self, app: Flask, halo: Integration) -> None:
        self.frame = PsaFrame(app, halo)
        answer = self.frame.post("password", record="", email="sam@northgate.example",
                                 password="a long walk by the canal")  # fmt: skip
        assert answer.status_code == 200, answer.text
        self.token = answer.get_json()["token"]

    def post(self, path: str, **form: str) -> TestResponse:
        answer = self.frame.client.post(f"/pod/{path}", data=form, headers={pod_token.HEADER: self.token})
        self.token = answer.headers.get(pod_token.HEADER, self.token)
        return answer


@pytest.fixture
def searching(app: Flask, halo: Integration) -> Searching:
    return Searching(app, halo)


def test_it_asks_who_is_calling_and_tells_the_admin_what_the_tabs_address_lacks(searching: Searching) -> None:
    page = searching.post("caller")
    assert page.status_code == 200 and "HaloPSA did not say which ticket or contact this is." in page.text
    assert "id=$FAULTID&amp;screen=ticket" in page.text and "id=$USERID" in page.text
    assert searching.frame.post("resume", record="").get_json()["kept"]


@pytest.mark.parametrize(
    ("words", "found"), [("4713", "ticket:4713"), ("#0004713", "ticket:4713"), ("whitfi", "contact:311")]
)
def test_a_number_finds_the_ticket_and_a_name_the_contact(
    searching: Searching, northgate: Seeds, words: str, found: str
) -> None:
    answer = searching.post("search", words=words)
    assert re.findall(r'name="record" value="([^"]+)"', answer.text) == [found]
    chosen = searching.post("record", record=found)
    assert chosen.status_code == 200 and chosen.headers["HX-Trigger-After-Settle"] == "contact-chosen"
    pod, _ = pod_token.read(searching.token, datetime.now(UTC))
    assert pod.record == found and not pod.chosen
    assert "Dana Whitfield" in searching.post("caller").text
    assert history(northgate, "pod opened")[-1] == ("pod opened", "Sam Okafor", {"found by": "search"})
    assert searching.post("record", record="ticket:1").status_code == 409, "once only"


@pytest.mark.parametrize(
    ("words", "said"),
    [("", "Type a number"), ("x", "Type a number"), ("#", "Type a number"), ("99999999", "Nothing in HaloPSA matches"),
     ("<script>zz", "Nothing in HaloPSA matches “&lt;script&gt;zz”")],
)  # fmt: skip
def test_what_finds_nothing_says_so(searching: Searching, words: str, said: str) -> None:
    answer = searching.post("search", words=words)
    assert answer.status_code == 200 and said in answer.text and "<script>" not in answer.text


def test_a_psa_that_does_not_answer_is_told_and_a_made_up_record_is_refused(searching: Searching, stand: Stand) -> None:
    stand.control("faults", {"down": True})
    assert "HaloPSA" in searching.post("search", words="whitfield").text
    for record in ("", "ticket", "ticket:x", "kitchen:1", "ticket:1:2"):
        assert searching.post("record", record=record).status_code == 400, record


def test_nothing_of_a_caller_can_be_asked_while_there_is_no_record(searching: Searching) -> None:
    form = {"destination": "x", "method": "sms_code", "request_id": "r" * 26}
    assert searching.post("verifications", **form).status_code == 409
    headers = {pod_token.HEADER: searching.token}
    assert searching.frame.client.get("/pod/rows", headers=headers).status_code == 409


def test_only_a_psa_that_may_say_nothing_lets_somebody_in_without_a_record(app: Flask, northgate: Seeds) -> None:
    frame = PsaFrame(app, northgate.integration)
    answer = frame.post("password", record="", email="sam@northgate.example", password="a long walk by the canal")
    assert answer.status_code == 422
