"""Which calls, and which changes to calls, Twilio refuses at the door."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from emulators.twilio import account
from emulators.twilio.calls import EVENTS, Call
from emulators.twilio.errors import RefusedError
from emulators.twilio.faults import Faults
from emulators.twilio.hook_client import is_hook_url
from emulators.twilio.live_call import Document
from emulators.twilio.messages import now
from emulators.twilio.store import new_sid

TWIML_LIMIT = 4000
RING_SECONDS = range(1, 601)
# Seconds and milliseconds that the detection of machines may be tuned to; Twilio's code for the rest is not known.
DETECTION = {
    "MachineDetectionTimeout": (range(3, 60), 30),
    "MachineDetectionSpeechThreshold": (range(1000, 6001), 2400),
    "MachineDetectionSpeechEndThreshold": (range(500, 5001), 1200),
    "MachineDetectionSilenceTimeout": (range(2000, 10001), 5000),
}

Form = MultiDict[str, str]


@dataclass(frozen=True)
class CallUpdate:
    """A change to a call: its end ("completed" or "canceled"), another document, other `values` of the resource."""

    status: str | None
    document: Document | None
    values: dict[str, Any]


def new_call(form: Form, faults: Faults) -> Call:
    """The call that the form of `POST Calls.json` asks for. Raises RefusedError."""
    sender, to = form.get("From", "").strip(), form.get("To", "").strip()
    _check_parties(sender, to)
    document = _document(form)
    if document is None:
        raise RefusedError(21205, "one of Url, Twiml and ApplicationSid is required")
    switched_on = faults.code("call_refuse_code")
    if switched_on:
        raise RefusedError(switched_on)
    tuning = {name: _number(form, name, allowed, default) for name, (allowed, default) in DETECTION.items()}
    _truth(form, "Record")  # accepted, but nothing is recorded here
    created = now()
    return Call(
        sid=new_sid("CA"),
        to=to,
        sender=sender,
        created=created,
        updated=created,
        url=document.url or None,
        method=document.method,
        twiml=document.twiml,
        events=_events(form),
        ring_seconds=_number(form, "Timeout", RING_SECONDS, 60, 21208),
        detection=_detection(form),
        detection_seconds=tuning["MachineDetectionTimeout"],
        silence_ms=tuning["MachineDetectionSilenceTimeout"],
        verdict_in_background=_truth(form, "AsyncAmd"),
        verdict_callback=_hook(form, "AsyncAmdStatusCallback", 21609),
        verdict_callback_method=_method(form, "AsyncAmdStatusCallbackMethod"),
        send_digits=_digits(form),
        **_common(form),
    )


def read_update(form: Form) -> CallUpdate:
    """What the form of `POST Calls/{sid}.json` asks for. Raises RefusedError."""
    status = form.get("Status") or None
    if status not in (None, "completed", "canceled"):
        raise RefusedError(20001, "Status is completed or canceled")
    return CallUpdate(status, _document(form), _common(form))


def _check_parties(sender: str, to: str) -> None:
    if not sender:
        raise RefusedError(21213)
    if sender in account.CALL_MAGIC_FROM:
        raise RefusedError(account.CALL_MAGIC_FROM[sender], sender)
    if sender not in (account.FROM_NUMBER, account.MAGIC_SENDER):
        raise RefusedError(21210 if account.is_e164(sender) else 21212, sender)
    if not to:
        raise RefusedError(21201)
    if to in account.CALL_MAGIC_TO:
        raise RefusedError(account.CALL_MAGIC_TO[to], to)
    if not account.is_e164(to):
        # Digits in the right form but of no possible number get the other code [inferred].
        raise RefusedError(21217 if re.fullmatch(r"\+\d{7,15}", to) else 21211, to)


def _document(form: Form) -> Document | None:
    """The TwiML to carry out; a Url beats a Twiml."""
    if form.get("ApplicationSid"):
        raise RefusedError(21218, form["ApplicationSid"])
    url, twiml, method = _hook(form, "Url", 21205), form.get("Twiml") or None, _method(form, "Method")
    if url:
        return Document(url, method)
    if twiml and len(twiml) > TWIML_LIMIT:
        raise RefusedError(32018)
    return Document(method=method, twiml=twiml) if twiml else None


def _common(form: Form) -> dict[str, Any]:
    """What can be set at the start and changed later, where it is given."""
    found: dict[str, Any] = {
        "fallback_url": _hook(form, "FallbackUrl", 21205),
        "fallback_method": _method(form, "FallbackMethod"),
        "status_callback": _hook(form, "StatusCallback", 21609),
        "status_callback_method": _method(form, "StatusCallbackMethod"),
        "time_limit": _number(form, "TimeLimit", range(1, 86401), 14400),
    }
    names = ("FallbackUrl", "FallbackMethod", "StatusCallback", "StatusCallbackMethod", "TimeLimit")
    return {key: found[key] for key, name in zip(found, names, strict=True) if form.get(name)}


def _hook(form: Form, name: str, code: int) -> str | None:
    url = form.get(name, "").strip() or None
    if url and not is_hook_url(url):
        raise RefusedError(code, name)
    return url


def _method(form: Form, name: str) -> str:
    method = form.get(name) or "POST"
    if method not in ("GET", "POST"):
        raise RefusedError(21209, name)
    return method


def _number(form: Form, name: str, allowed: range, default: int, code: int = 20001) -> int:
    text = form.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) in allowed):
        raise RefusedError(code, f"{name} is {allowed[0]} to {allowed[-1]}")
    return int(text)


def _truth(form: Form, name: str) -> bool:
    text = form.get(name) or "false"
    if text.lower() not in ("true", "false"):
        raise RefusedError(20001, f"{name} is true or false")
    return text.lower() == "true"


def _events(form: Form) -> tuple[str, ...]:
    asked = form.getlist("StatusCallbackEvent")
    if any(event not in EVENTS for event in asked):
        raise RefusedError(21626, ", ".join(asked))
    return tuple(event for event in EVENTS if event in asked) or ("completed",)


def _detection(form: Form) -> str | None:
    wanted = form.get("MachineDetection") or "none"
    if wanted not in ("none", "Enable", "DetectMessageEnd"):
        raise RefusedError(20001, "MachineDetection is Enable or DetectMessageEnd")
    return None if wanted == "none" else wanted


def _digits(form: Form) -> str | None:
    digits = form.get("SendDigits") or None
    if digits and not re.fullmatch(r"[0-9A-D*#wW]+", digits):
        raise RefusedError(21206)
    return digits
