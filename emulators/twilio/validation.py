"""Which messages Twilio refuses at the door, in the order in which it looks."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict

from emulators.twilio import account
from emulators.twilio.errors import REFUSALS, RefusedError
from emulators.twilio.faults import Faults
from emulators.twilio.hook_client import is_hook_url
from emulators.twilio.messages import Message, now
from emulators.twilio.segments import count
from emulators.twilio.store import Store, moment, new_sid

BODY_LIMIT = 1600
VALIDITY_SECONDS = range(1, 36001)
# With a messaging service the sender is chosen later, and so these arrive later, as ErrorCode [inferred].
LATE_WITH_SERVICE = frozenset({21408, 21610, 21612, 21614})


def new_message(form: MultiDict[str, str], store: Store, faults: Faults) -> Message:
    """The message that the form of `POST Messages.json` asks for. Raises RefusedError."""
    service = form.get("MessagingServiceSid") or None
    sender = form.get("From", "").strip()
    to = form.get("To", "").strip()
    _check_sender(sender, service)
    _check_recipient(to, sender)
    body, media = _content(form)
    refusal = _refusal(to, sender, service, store, faults)
    if refusal and not (service and refusal in LATE_WITH_SERVICE):
        raise RefusedError(refusal, to if refusal in (21211, 21614) else "")
    send_at = _send_at(form, service)
    created = now()
    return Message(
        sid=new_sid("MM" if media else "SM"),
        to=to,
        sender="" if service else sender,
        body=body,
        status="scheduled" if send_at else "accepted" if service else "queued",
        direction="outbound-api",
        segments=0 if service else count(body),
        created=created,
        updated=created,
        service_sid=service,
        media_count=media,
        status_callback=_status_callback(form),
        validity_seconds=_validity(form),
        send_at=send_at,
        late_refusal=refusal,
    )


def _check_sender(sender: str, service: str | None) -> None:
    if service:
        if service != account.MESSAGING_SERVICE_SID:
            raise RefusedError(21705, service)
        if sender and sender != account.FROM_NUMBER:
            raise RefusedError(21606, sender)
        return
    if not sender:
        raise RefusedError(21603)
    if sender in account.MAGIC_FROM:
        raise RefusedError(account.MAGIC_FROM[sender], sender)
    if sender not in (account.FROM_NUMBER, account.MAGIC_SENDER):
        raise RefusedError(21606 if account.is_e164(sender) else 21212, sender)


def _check_recipient(to: str, sender: str) -> None:
    if not to:
        raise RefusedError(21604)
    if to in account.MAGIC_TO:
        raise RefusedError(account.MAGIC_TO[to], to)
    if not account.is_e164(to):
        raise RefusedError(21211, to)
    if to == sender:
        raise RefusedError(21266)


def _content(form: MultiDict[str, str]) -> tuple[str, int]:
    body, media = form.get("Body", ""), [url for url in form.getlist("MediaUrl") if url]
    if form.get("ContentSid"):
        raise RefusedError(21655, form["ContentSid"])
    if not body and not media:
        raise RefusedError(21602 if "Body" in form else 21619)
    if len(body) > BODY_LIMIT:
        raise RefusedError(21617)
    return body, len(media)


def _refusal(to: str, sender: str, service: str | None, store: Store, faults: Faults) -> int | None:
    switched_on = faults.code("refuse_code")
    if switched_on:
        return switched_on
    verb, argument = store.script(to)
    if verb == "refuse":
        return int(argument)
    if store.has_opted_out(service or sender, to):
        return 21610
    return None


def _status_callback(form: MultiDict[str, str]) -> str | None:
    url = form.get("StatusCallback") or None
    if url and not is_hook_url(url):
        raise RefusedError(21609, urlsplit(url).scheme or "no scheme")
    return url


def _validity(form: MultiDict[str, str]) -> int:
    text = form.get("ValidityPeriod", str(VALIDITY_SECONDS[-1]))
    if not text.isdecimal() or int(text) not in VALIDITY_SECONDS:
        raise RefusedError(20001, "ValidityPeriod is 1 to 36000 seconds")
    return int(text)


def _send_at(form: MultiDict[str, str], service: str | None) -> datetime | None:
    if not form.get("ScheduleType") and not form.get("SendAt"):
        return None
    if form.get("ScheduleType") != "fixed" or not service:
        raise RefusedError(20001, "a scheduled message needs ScheduleType=fixed and a messaging service")
    try:
        return moment(form.get("SendAt", ""))
    except ValueError:
        raise RefusedError(20001, "SendAt is an ISO 8601 time") from None


def check_script(script: str) -> str | None:
    """What is wrong with a number's script, in a sentence; None if nothing."""
    verb, _, argument = script.partition(":")
    if script in ("", "deliver", "silent"):
        return None
    if verb in ("undelivered", "failed") and argument.isdecimal():
        return None
    if verb == "refuse" and argument.isdecimal() and int(argument) in REFUSALS:
        return None
    if verb == "slow" and argument.replace(".", "", 1).isdecimal():
        return None
    return "A script is deliver, silent, undelivered:CODE, failed:CODE, refuse:CODE or slow:SECONDS."
