"""Where people call a ticket otherwise than by its id, as in Autotask, everything that people read says the number.

The id goes to the PSA, and it alone tells one ticket from another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from psa_rig import PsaFrame, Stand, connected, settings_for
from seeds import PASSWORD, Seeds
from sqlalchemy import select
from werkzeug.test import TestResponse

from connectors.base import Ticket
from emulators.autotask import create_app
from podserver.accounts.models import Role, User
from podserver.configuration import Settings
from podserver.database import writing
from podserver.delivery.models import OutboxRow
from podserver.history.models import HistoryEvent
from podserver.integrations.models import Integration, Psa
from podserver.pod.service import called
from podserver.security import pod_token, sealing
from podserver.tenancy import bind_tenant
from podserver.verification.models import Verification

ID = "148213"
# Another ticket of the same company, which these tests give to the same contact.
OTHER_ID = "148196"
DANA = 30683077


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    running = Stand(create_app(), "autotask")
    yield running
    running.close()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def settings(stand: Stand, tmp_path: Path, database_url: str) -> Settings:
    stand.control("reset", {})
    stand.control("records/Tickets", {"id": int(OTHER_ID), "contactID": DANA})
    return settings_for(stand, tmp_path, database_url)


@pytest.fixture
def autotask(northgate: Seeds, stand: Stand) -> Integration:
    northgate.set(tools="mail,sms")
    northgate.allow(methods=["sms_code", "mail_code", "manual"], counts_elsewhere=False)
    keys = stand.control("keys")
    values = {"user": "podapi@northgate.example", "zone": stand.url, "insight_signature": "off"}
    secrets = {"api_secret": keys["secret"], "tracking_identifier": keys["custom_code"], "insight_secret": ""}
    return connected(northgate, Psa.AUTOTASK, "https://ww14.autotask.net", values, secrets)


class InTicket:
    """A pod in one ticket, signed in, with its caller loaded."""

    def __init__(self, app: Flask, autotask: Integration, ticket: str) -> None:
        self._frame = PsaFrame(app, autotask)
        answer = self._frame.post("password", record=ticket, email="sam@northgate.example", password=PASSWORD)
        self._token = answer.get_json()["token"]
        self.caller = self.post("caller").text
        found = re.search(r"#(T\d{8}\.\d{4}) ", self.caller)
        assert found, "the pod's head says the number"
        self.number = found[1]

    def post(self, path: str, **form: str) -> TestResponse:
        form.setdefault("request_id", sealing.random_id())
        answer = self._frame.client.post(f"/pod/{path}", data=form, headers={pod_token.HEADER: self._token})
        assert answer.status_code == 200, answer.text
        self._token = answer.headers.get(pod_token.HEADER, self._token)
        return answer

    def ask(self, method: str) -> TestResponse:
        """Press a row's button of this method, the first there is."""
        forms = re.findall(r"<form.*?</form>", self.caller, re.DOTALL)
        form = next(each for each in forms if f'name="method" value="{method}"' in each)
        destination = re.findall(r'name="destination" value="([^"]+)"', form)[0]
        return self.post("verifications", destination=destination, method=method)


def payloads(northgate: Seeds, channel: str) -> list[dict[str, object]]:
    session = northgate.session
    session.rollback()
    bind_tenant(session, northgate.tenant.id)
    found = session.scalars(
        select(OutboxRow.payload).where(OutboxRow.channel == channel).order_by(OutboxRow.created_at)
    )
    return [json.loads(each) for each in found]


def test_the_row_on_another_ticket_names_the_number(app: Flask, autotask: Integration) -> None:
    here = InTicket(app, autotask, ID)
    assert "Pending" in here.ask("sms_code").text
    assert f"on #{here.number}" not in here.post("caller").text, "it is this ticket's own"
    there = InTicket(app, autotask, OTHER_ID)
    assert there.number != here.number
    assert f"by Sam on #{here.number}" in there.caller
    assert ID not in re.sub(r'(name|id|value)="[^"]*"', "", there.caller)


def test_a_proof_that_does_not_count_elsewhere_says_where_it_was_given_and_its_note_goes_to_the_id(
    app: Flask, autotask: Integration, northgate: Seeds
) -> None:
    here = InTicket(app, autotask, ID)
    here.ask("sms_code")
    (message,) = payloads(northgate, "sms")
    (code,) = re.findall(r"\d{6}", str(message["body"]))
    asked = northgate.session.scalars(select(Verification)).one()
    assert "Verified" in here.post(f"verifications/{asked.id}/check", code=code).text
    assert f"on #{here.number}, which does not count here" in InTicket(app, autotask, OTHER_ID).caller
    (note,) = payloads(northgate, "psa_note")
    assert note["ticket"] == ID


def test_the_letter_says_the_number(app: Flask, autotask: Integration, northgate: Seeds) -> None:
    here = InTicket(app, autotask, ID)
    here.ask("mail_code")
    (letter,) = payloads(northgate, "mail")
    assert here.number in str(letter["subject"]) and ID not in json.dumps(letter)


@pytest.mark.parametrize("number", ["T1\r\nBcc: x@example.com", "T1\u2028", "T" * 41, "T1\0"])
def test_a_number_that_nobody_could_say_is_none(number: str) -> None:
    ticket = Ticket(ID, "Cannot sign in", None, number=number)
    assert called(ticket) == "" and called(replace(ticket, number="T20261125.8213")) == "T20261125.8213"


def test_history_says_the_number(app: Flask, autotask: Integration, northgate: Seeds) -> None:
    here = InTicket(app, autotask, ID)
    here.ask("sms_code")
    session = northgate.session
    session.rollback()
    bind_tenant(session, northgate.tenant.id)
    asked = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "requested")).one()
    kept = session.scalars(select(Verification)).one()
    assert (asked.ticket, kept.ticket, kept.ticket_ref) == (here.number, here.number, ID)


def test_a_contact_that_is_changed_ends_what_its_own_ticket_asked(
    app: Flask, autotask: Integration, stand: Stand
) -> None:
    here, there = InTicket(app, autotask, ID), InTicket(app, autotask, OTHER_ID)
    here.ask("sms_code")
    there.ask("mail_code")
    stand.control("records/Tickets", {"id": int(ID), "contactID": None})
    assert "The running request was ended" in here.post("caller", anew="1").text
    assert "Pending" in there.post("caller", anew="1").text, "what the other ticket asked goes on"


def test_policies_explain_takes_the_number_and_the_id(app: Flask, autotask: Integration, northgate: Seeds) -> None:
    number = InTicket(app, autotask, ID).number
    with writing(northgate.session) as session:
        session.get_one(User, northgate.user.id).role = Role.ADMIN
    browser = app.test_client()

    def sent(path: str, **fields: str) -> str:
        form = browser.get(path).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        assert token
        return browser.post(path, data={"csrf_token": token[1], **fields}, follow_redirects=True).text

    sent("/sign-in", email="sam@northgate.example", password=PASSWORD)
    for typed in (number, f"#{number}", ID):
        page = sent("/policies/explain", integration=str(autotask.id), ticket=typed)
        assert f"on #{number} " in page, typed
    assert "has no ticket #T20010101.0001" in sent(
        "/policies/explain", integration=str(autotask.id), ticket="T20010101.0001"
    )
