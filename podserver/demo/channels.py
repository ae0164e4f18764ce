"""The ways to reach people that the demo's MSP has, and what its letters look like."""

from __future__ import annotations

import os
from typing import Final

from podserver.branding import service as branding
from podserver.database import db, now, release, writing
from podserver.delivery import accounts as sms_accounts
from podserver.delivery import duo_accounts, mail_accounts
from podserver.demo.people import ACTOR

DUO: Final = {
    "auth": ("DIEMULATOR0000000002", "demo-auth-api-secret00000000000000000002"),
    "admin": ("DIEMULATOR0000000003", "demo-admin-api-skey-00000000000000000003"),
    "web": ("DIEMULATOR0000000001", "demo-web-sdk-secret-00000000000000000001"),
}
MAIL: Final = ("support@northgate.example", "demo-mail-password-0001")
LOOK: Final = branding.Look(
    accent="#1f5f8b",
    signature="Northgate IT help desk\nWeekdays from 7 to 19",
    footer="Northgate IT, 400 Example Avenue, Washington. We never ask for a password.",
    phone="+1 202 555 0100",
)


def make_twilio(account_sid: str, sender: str) -> None:
    """The Twilio account, where it is not there."""
    session = db.session()
    known = sms_accounts.account(session)
    release(session)
    if known is not None and known.account_sid == account_sid:
        return
    token = os.environ.get("PODSERVER_DEMO_TWILIO_AUTH_TOKEN", "demo-auth-token-0001")
    with writing(session):
        keys = sms_accounts.TwilioKeys(account_sid, token, sender, sender)
        sms_accounts.save(session, keys, actor=ACTOR, at=now())


def make_duo(host: str) -> None:
    """Duo's three keys, where they are not there or belong to another host."""
    session = db.session()
    with writing(session):
        known = duo_accounts.stored(session)
        for kind, (key, secret) in DUO.items():
            if kind in known and known[kind].host == host:
                continue
            typed = duo_accounts.TypedKeys(host, key, os.environ.get(f"PODSERVER_DEMO_DUO_{kind.upper()}", secret))
            keys = duo_accounts.clean(typed, None, frozenset({host}))
            duo_accounts.save(session, kind, keys, checked=False, actor=ACTOR, at=now())


def make_mail(server: str) -> None:
    """The mail server, where it is not there or is another one."""
    host, _, port = server.rpartition(":")
    user, password = MAIL
    password = os.environ.get("PODSERVER_DEMO_MAIL_PASSWORD", password)
    typed = mail_accounts.MailServer(host, int(port), "starttls", user, password, user)
    with writing(db.session()) as session:
        known = mail_accounts.account(session)
        if known is None or (known.host, known.port) != (host, int(port)):
            mail_accounts.save(session, typed, actor=ACTOR, at=now())


def make_branding() -> None:
    """The look of letters and pages, where there is none."""
    with writing(db.session()) as session:
        if branding.branding(session) is None:
            branding.save(session, LOOK, None, keep_logo=True, actor=ACTOR, at=now())
