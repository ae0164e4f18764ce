"""Twilio's doors for calls: what to say when somebody answers, which key they pressed, and how the call went.

Each request is proven by its signature, as with texts. Twilio may come twice for the same; what it hears and what is
noted is then the same.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, Response, current_app, request

from podserver.database import db, now, release, writing
from podserver.delivery import inbox, spoken
from podserver.delivery.models import OutboxRow
from podserver.delivery.outbox import Exchange
from podserver.delivery.views import Proven, prove
from podserver.delivery.voice import ANSWER_PATH, CALL_PATH

blueprint = Blueprint("calls", __name__)

_SID = re.compile(r"CA[0-9a-f]{32}")
# How often the greeting is said to somebody who presses nothing, or another key.
_GREETINGS = 2
_STATUSES = frozenset(
    {"initiated", "queued", "ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled"}
)
_MACHINES = frozenset({"machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"})


@blueprint.post(f"{ANSWER_PATH}<receipt_key>")
def answered(receipt_key: str) -> Any:
    """Somebody, or something, answered. Public; proven by the signature."""
    proven = prove(receipt_key, _SID, "CallSid")
    if isinstance(proven, tuple):
        return proven
    if request.form.get("AnsweredBy", "") in _MACHINES:
        _note(proven, "machine")
        return _twiml(spoken.silence())
    _note(proven, "in-progress")
    script, code = _script(proven)
    if not code:
        return _twiml(script.over())
    return _twiml(script.ask_for_key(f"{ANSWER_PATH}{receipt_key}/key/1"))


@blueprint.post(f"{ANSWER_PATH}<receipt_key>/key/<int:greeting>")
def pressed(receipt_key: str, greeting: int) -> Any:
    """Which key they pressed, if any. Public; proven by the signature."""
    proven = prove(receipt_key, _SID, "CallSid")
    if isinstance(proven, tuple):
        return proven
    script, code = _script(proven)
    key = request.form.get("Digits", "")
    if not code:
        return _twiml(script.over())
    if key == spoken.NO_KEY:
        _note(proven, "not_asked")
        return _twiml(script.noted())
    if key == spoken.YES_KEY:
        _note(proven, "spoken")
        return _twiml(script.read_out(code))
    if greeting < _GREETINGS:
        return _twiml(script.ask_for_key(f"{ANSWER_PATH}{receipt_key}/key/{greeting + 1}"))
    _note(proven, "hung-up")
    return _twiml(spoken.silence())


@blueprint.post(f"{CALL_PATH}<receipt_key>")
def status(receipt_key: str) -> Any:
    """How the call is going. Public; proven by the signature."""
    proven = prove(receipt_key, _SID, "CallSid")
    if isinstance(proven, tuple):
        return proven
    said = request.form.get("CallStatus", "")
    if said not in _STATUSES:
        return "", 400
    answered_by = request.form.get("AnsweredBy", "")
    _note(proven, "machine" if answered_by in _MACHINES else "initiated" if said == "queued" else said)
    return "", 204


def _note(proven: Proven, said: str) -> None:
    session = db.session()
    with writing(session):
        stored = inbox.store_status(
            session, outbox_id=proven.outbox_id, reference=proven.sid, status=said, code=proven.code, at=proven.at
        )
    if stored is not None:
        inbox.apply(session, _exchange(), stored, proven.at)


def _script(proven: Proven) -> tuple[spoken.Script, str]:
    """What is said in this call, and the code; no code where the request is over or the call has had its end."""
    session = db.session()
    row = session.get(OutboxRow, proven.outbox_id)
    assert row is not None
    payload = json.loads(row.payload)
    wanted = _exchange().topics[row.topic].wanted(session, row.subject, now())
    release(session)
    script = spoken.Script(payload.get("language", ""), payload.get("msp", ""), payload.get("technician", ""))
    return script, payload.get("code", "") if wanted else ""


def _exchange() -> Exchange:
    exchange: Exchange = current_app.extensions["exchange"]
    return exchange


def _twiml(text: str) -> Response:
    return Response(text, mimetype="text/xml")
