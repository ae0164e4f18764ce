"""Calls from the start of a verification to what the callee did, with both web servers on real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from flask import Flask
from provider_rig import Providers, hand_over, kinds, stored
from seeds import ACCOUNT_SID, Seeds
from sqlalchemy import select
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from emulators.__main__ import QuietHandler
from podserver.application import create_app
from podserver.configuration import Settings
from podserver.database import db, writing
from podserver.delivery import accounts
from podserver.delivery.models import OutboxRow
from podserver.tenancy import bind_tenant
from podserver.verification.ending import Result
from podserver.verification.models import Delivery, State

TOKEN = "demo-auth-token-0001"
MOBILE = "+12025550142"


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application, served on the address that it gives to Twilio."""
    server = make_server("127.0.0.1", 0, lambda *request: application(*request), threaded=True,
                         request_handler=QuietHandler)  # fmt: skip
    application = create_app(replace(settings, base_url=f"http://127.0.0.1:{server.port}"))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    with application.app_context():
        yield application
        server.shutdown()
        db.session.remove()
        db.engine.dispose()


class Desk:
    """A technician who calls, and the telephones of everybody."""

    def __init__(self, app: Flask, providers: Providers) -> None:
        self.app, self.providers = app, providers
        self.seeds = Seeds(db.session(), at=datetime.now(UTC))
        with writing(self.seeds.session) as session:
            bind_tenant(session, self.seeds.tenant.id)
            keys = accounts.TwilioKeys(ACCOUNT_SID, TOKEN, "+12025550100", "+12025550100")
            accounts.save(session, keys, actor="tests", at=self.seeds.at)
        brisk = {"queued": 0.02, "dialing": 0.02, "pick_up": 0.02, "word": 0.002, "second": 0.05}
        providers.post("/_emulator/twilio/pace", **brisk)

    def callee(self, script: str) -> None:
        self.providers.post(f"/_emulator/twilio/numbers/{MOBILE}", call_script=script)

    def call(self) -> Result:
        return self.seeds.start(method="voice_code", at=datetime.now(UTC))

    def until(self, result: Result, *, seconds: float = 15, **wanted: Any) -> Any:
        def there() -> bool:
            row = stored(self.seeds, result)
            return all(getattr(row, name) == value for name, value in wanted.items())

        hand_over(self.app, self.seeds.session, until=there, seconds=seconds)
        return stored(self.seeds, result)

    def transcript(self) -> str:
        calls = self.providers.get(f"/phone/calls.json?to=%2B{MOBILE[1:]}")["calls"]
        return " ".join(line["words"] for line in calls[0]["transcript"] if line["who"] == "caller")

    def row(self, result: Result) -> OutboxRow:
        assert result.verification is not None
        bind_tenant(self.seeds.session, self.seeds.tenant.id)
        row = self.seeds.session.scalars(
            select(OutboxRow)
            .where(OutboxRow.subject == result.verification.id, OutboxRow.channel == "voice")
            .execution_options(populate_existing=True)
        ).one()
        self.seeds.session.rollback()
        return row


@pytest.fixture
def desk(app: Flask, providers: Providers) -> Desk:
    return Desk(app, providers)


def code_in(words: str) -> str:
    """The digits of the code, as whoever listens would write them down."""
    digits = "".join(c for c in words.split("Your code is", 1)[1].split("Once more", 1)[0] if c.isdigit())
    assert len(digits) == 6, words
    return digits


def test_who_presses_one_hears_the_code_twice_and_reading_it_back_verifies(desk: Desk) -> None:
    desk.callee("press:1:0.2")
    result = desk.call()
    desk.until(result, delivery=Delivery.DELIVERED)
    hand_over(desk.app, desk.seeds.session, until=lambda: desk.row(result).status == "completed")
    words = desk.transcript()
    assert words.index("Northgate IT") < words.index("press 1") < words.index("Your code is")
    code = code_in(words)
    again = "".join(c for c in words.split("Once more", 1)[1] if c.isdigit())
    assert again == code
    checked = desk.seeds.check(result, code, at=datetime.now(UTC))
    assert checked.verification is not None and checked.verification.state == State.VERIFIED
    assert kinds(desk.seeds, result) == ["requested", "sent", "delivered", "verified"]
    assert desk.row(result).payload == "{}"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("busy", "the line is busy"),
        ("no_answer", "nobody answered"),
        ("machine", "a machine answered and was told nothing"),
        ("fax", "a machine answered and was told nothing"),
        ("hang_up", "hung up before the code"),
        ("silent", "hung up before the code"),
        ("failed", "the call could not be made"),
    ],
)
def test_each_way_to_miss_a_call_is_told_apart_and_no_code_is_said(desk: Desk, script: str, reason: str) -> None:
    desk.callee(script)
    result = desk.call()
    row = desk.until(result, state=State.FAILED)
    assert reason in row.reason
    assert "Your code is" not in desk.transcript()
    hand_over(desk.app, desk.seeds.session, until=lambda: desk.row(result).payload == "{}")


def test_who_presses_nine_did_not_ask_and_everything_stops(desk: Desk) -> None:
    desk.callee("press:9:0.2")
    result = desk.call()
    row = desk.until(result, state=State.DENIED)
    assert row.alarm
    hand_over(desk.app, desk.seeds.session, until=lambda: "Goodbye" in desk.transcript())
    assert "We have stopped this" in desk.transcript() and "Your code is" not in desk.transcript()
    assert "did not ask for this" in desk.call().refused


def test_another_key_is_asked_once_more(desk: Desk) -> None:
    desk.callee("press:51:0.2")
    result = desk.call()
    desk.until(result, delivery=Delivery.DELIVERED)
    assert desk.transcript().count("press 1") == 2


def test_a_code_that_was_replaced_while_it_rang_is_never_said(desk: Desk) -> None:
    desk.callee("person")
    result = desk.call()
    desk.until(result, delivery=Delivery.SENT)
    with writing(desk.seeds.session) as session:
        bind_tenant(session, desk.seeds.tenant.id)
        from podserver.verification import service

        assert result.verification is not None
        service.cancel(
            session, asker=desk.seeds.asker, verification_id=result.verification.id,
            integration_id=desk.seeds.integration.id, contact="77", at=datetime.now(UTC),
        )  # fmt: skip
    sid = desk.providers.get(f"/phone/calls.json?to=%2B{MOBILE[1:]}")["calls"][0]["sid"]
    desk.providers.post(f"/phone/calls/{sid}", do="answer")
    hand_over(desk.app, desk.seeds.session, until=lambda: desk.row(result).status in ("completed", "hung-up"))
    assert "This request has ended" in desk.transcript() and "Your code is" not in desk.transcript()
    assert stored(desk.seeds, result).state == State.CANCELLED


def test_an_answer_that_is_lost_makes_it_unknown_and_the_phone_rings_once(desk: Desk) -> None:
    desk.callee("press:1:0.2")
    desk.providers.post("/_emulator/twilio/faults", accept_then_drop_answer=1)
    result = desk.call()
    # Twilio comes for the words, which proves that it took the call.
    desk.until(result, delivery=Delivery.DELIVERED)
    calls = desk.providers.get("/_emulator/twilio/calls")["calls"]
    assert len(calls) == 1


def test_callbacks_that_come_twice_and_late_change_nothing(desk: Desk) -> None:
    desk.callee("press:1:0.2")
    result = desk.call()
    desk.until(result, delivery=Delivery.DELIVERED)
    hand_over(desk.app, desk.seeds.session, until=lambda: desk.row(result).status == "completed")
    row = desk.row(result)
    for status in ("initiated", "ringing", "in-progress", "busy", "completed"):
        assert _callback(desk, row, status).status_code == 204
    assert stored(desk.seeds, result).delivery == Delivery.DELIVERED
    assert stored(desk.seeds, result).state == State.PENDING


def test_a_forged_request_hears_nothing_and_is_recorded(desk: Desk) -> None:
    desk.callee("person")
    result = desk.call()
    desk.until(result, delivery=Delivery.SENT)
    base = desk.app.extensions["settings"].base_url
    for path in (f"/hooks/twilio/voice/{desk.row(result).receipt_key}",
                 f"/hooks/twilio/voice/{desk.row(result).receipt_key}/key/1",
                 f"/hooks/twilio/call/{desk.row(result).receipt_key}"):  # fmt: skip
        answer = requests.post(
            base + path,
            data={"AccountSid": ACCOUNT_SID, "CallSid": "CA" + "0" * 32, "Digits": "1", "CallStatus": "busy"},
            headers={"X-Twilio-Signature": "forged"},
            timeout=5,
        )
        assert answer.status_code == 403 and not answer.text
    assert stored(desk.seeds, result).state == State.PENDING
    assert kinds(desk.seeds, result).count("forged callback refused") == 3


def _callback(desk: Desk, row: OutboxRow, status: str) -> requests.Response:
    url = f"{desk.app.extensions['settings'].base_url}/hooks/twilio/call/{row.receipt_key}"
    fields = {"AccountSid": ACCOUNT_SID, "CallSid": row.provider_ref, "CallStatus": status, "SequenceNumber": "9"}
    signature = RequestValidator(TOKEN).compute_signature(url, fields)
    return requests.post(url, data=fields, headers={"X-Twilio-Signature": signature}, timeout=5)


def test_nobody_is_called_where_there_is_no_number_to_call_from(desk: Desk) -> None:
    with writing(desk.seeds.session) as session:
        bind_tenant(session, desk.seeds.tenant.id)
        keys = accounts.TwilioKeys(ACCOUNT_SID, TOKEN, "+12025550100")
        accounts.save(session, keys, actor="tests", at=desk.seeds.at)
    result = desk.call()
    row = desk.until(result, state=State.FAILED)
    assert "no number to call from" in row.reason
