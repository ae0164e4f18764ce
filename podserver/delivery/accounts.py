"""The tenant's SMS account: what may be saved, and one look at Twilio whether it is right."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from requests.exceptions import RequestException
from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver import tools
from podserver.delivery.models import SmsAccount
from podserver.history.service import Entry, Kind, record

_SID = re.compile(r"AC[0-9a-f]{32}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


class BadInput(ValueError):
    """A field is wrong; the message is a sentence for the admin, ``field`` the field's name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def account(session: Session) -> SmsAccount | None:
    """The bound tenant's SMS account, if there is one."""
    return session.scalar(select(SmsAccount))


@dataclass(frozen=True, slots=True)
class TwilioKeys:
    """What the set-up page asks for, in Twilio's words. An empty token keeps the stored one.

    ``voice_sender`` is the number that calls; empty where nobody is to be called.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    voice_sender: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Twilio said to the keys; ``accepted`` is None where it could not be asked."""

    accepted: bool | None
    sentence: str


def clean_keys(keys: TwilioKeys, stored: SmsAccount | None) -> TwilioKeys:
    """The keys as they are stored, with an empty token taken from the stored account. Raises BadInput."""
    account_sid, auth_token = keys.account_sid.strip(), keys.auth_token.strip()
    sender, voice_sender = (re.sub(r"[ ().-]", "", each.strip()) for each in (keys.sender, keys.voice_sender))
    if not _SID.fullmatch(account_sid):
        raise BadInput(
            "An account SID is AC and 32 hexadecimal digits; it stands on the Twilio console's first page.",
            "account_sid",
        )
    if not auth_token and stored is not None and stored.account_sid == account_sid:
        auth_token = stored.auth_token
    if not auth_token:
        raise BadInput("The auth token is needed; it stands below the account SID.", "auth_token")
    if not (8 <= len(auth_token) <= 64 and auth_token.isascii() and auth_token.isprintable()):
        raise BadInput("That is not an auth token.", "auth_token")
    if not (_NUMBER.fullmatch(sender) or _SERVICE.fullmatch(sender)):
        raise BadInput("A sender is a number such as +12025550100, or a messaging service, MG and 32 digits.", "sender")
    if voice_sender and not _NUMBER.fullmatch(voice_sender):
        raise BadInput("A number to call from looks like +12025550100; leave it empty to call nobody.", "voice_sender")
    return TwilioKeys(account_sid, auth_token, sender, voice_sender)


def check(keys: TwilioKeys, api_url: str, *, timeout: float = 5.0) -> Verdict:
    """Ask Twilio whether it knows the account and its token; sends nothing. ``timeout`` is in seconds."""
    # Imported where it is used, as the package takes 30 MB.
    from twilio.base.exceptions import TwilioException, TwilioRestException
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    client = Client(
        keys.account_sid,
        keys.auth_token,
        http_client=TwilioHttpClient(timeout=timeout, pool_connections=False),
        # A dictionary that is not empty keeps the package from reading TWILIO_REGION and the like.
        environment={"PODSERVER": "1"},
    )
    client.api.base_url = api_url
    try:
        # Whoever may ask is told that there is no such message; so nobody's message is read to find it out.
        client.messages("SM" + "0" * 32).fetch()
    except TwilioRestException as error:
        if error.status in (401, 403):
            return Verdict(False, "Twilio does not accept this account SID with this auth token.")
        if error.status != 404:
            return Verdict(None, f"Twilio has a fault (HTTP {error.status}) and could not be asked.")
    except (TwilioException, RequestException):
        return Verdict(None, "Twilio did not answer and could not be asked.")
    return Verdict(True, "Twilio accepts the account SID and the auth token.")


def save(session: Session, typed: TwilioKeys, *, actor: str, at: datetime) -> SmsAccount:
    """Save the account; an empty token keeps the stored one. Raises BadInput."""
    stored = account(session)
    keys = clean_keys(typed, stored)
    row = stored or SmsAccount()
    row.account_sid, row.sender, row.voice_sender, row.changed_at = keys.account_sid, keys.sender, keys.voice_sender, at
    if row.auth_token != keys.auth_token:
        row.auth_token = keys.auth_token
    session.add(row)
    session.flush()
    tools.set_tool(session, tools.SMS, True)
    tools.set_tool(session, tools.VOICE, bool(keys.voice_sender))
    detail = {"account": keys.account_sid[-4:], "sender": keys.sender[-4:], "calls from": keys.voice_sender[-4:]}
    record(session, at, Entry(Kind.SMS_CHANGED, actor=actor, detail=detail))
    return row
