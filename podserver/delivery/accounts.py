"""The tenant's SMS account: what may be saved, and one look at Twilio whether it is right."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.delivery.models import SmsAccount
from podserver.history.service import Entry, Kind, record

_SID = re.compile(r"AC[0-9a-f]{32}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


class BadInput(ValueError):
    """A field is wrong; the message is a sentence for the admin."""


def account(session: Session) -> SmsAccount | None:
    """The bound tenant's SMS account, if there is one."""
    return session.scalar(select(SmsAccount))


def save(session: Session, *, account_sid: str, auth_token: str, sender: str, actor: str, at: datetime) -> SmsAccount:
    """Save the account; an empty token keeps the stored one. Raises BadInput."""
    account_sid, auth_token, sender = account_sid.strip(), auth_token.strip(), re.sub(r"[ ().-]", "", sender.strip())
    stored = account(session)
    if not _SID.fullmatch(account_sid):
        raise BadInput("An account SID is AC and 32 hexadecimal digits; it stands on the Twilio console's first page.")
    if not auth_token and (stored is None or stored.account_sid != account_sid):
        raise BadInput("The auth token is needed; it stands below the account SID.")
    if auth_token and not (8 <= len(auth_token) <= 64 and auth_token.isascii() and auth_token.isprintable()):
        raise BadInput("That is not an auth token.")
    if not (_NUMBER.fullmatch(sender) or _SERVICE.fullmatch(sender)):
        raise BadInput("A sender is a number such as +12025550100, or a messaging service, MG and 32 digits.")
    row = stored or SmsAccount()
    row.account_sid, row.sender, row.changed_at = account_sid, sender, at
    if auth_token:
        row.auth_token = auth_token
    session.add(row)
    session.flush()
    record(
        session, at, Entry(Kind.SMS_CHANGED, actor=actor, detail={"account": account_sid[-4:], "sender": sender[-4:]})
    )
    return row
