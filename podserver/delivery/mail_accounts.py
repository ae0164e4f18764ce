"""The tenant's mail server: what may be saved, one look at it whether it takes us, and the trial letter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver import tools
from podserver.delivery import mail, mail_message, smtp
from podserver.delivery.accounts import BadInput, Verdict
from podserver.delivery.credentials import MailAccount
from podserver.delivery.models import OutboxRow
from podserver.delivery.outbox import Report
from podserver.delivery.smtp import Cause, Stage, Trouble
from podserver.history.service import Entry, Kind, record
from podserver.security.trust import tls_context

SECURITIES: Final = (smtp.STARTTLS, smtp.TLS)
TRIAL: Final = "trial letter"
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """What the page asks for. An empty password keeps the stored one; an empty user is no login."""

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    from_address: str
    reply_to: str = ""


def account(session: Session) -> MailAccount | None:
    """The bound tenant's mail server, if there is one."""
    return session.scalar(select(MailAccount))


def clean(typed: MailServer, stored: MailAccount | None) -> MailServer:
    """The server as it is stored, with an empty password taken from the stored one. Raises BadInput."""
    host, username = typed.host.strip().lower().rstrip("."), typed.username.strip()
    if not _HOST.fullmatch(host) or len(host) > 200:
        raise BadInput("A host is a name such as smtp.example.com, without a scheme or a port.", "host")
    if not 1 <= typed.port <= 65535:
        raise BadInput("A port is a number from 1 to 65535; 587 and 465 are the usual ones.", "port")
    if typed.security not in SECURITIES:
        raise BadInput("Choose STARTTLS or TLS; podserver sends nothing without.", "security")
    if len(username) > 254 or not username.isprintable():
        raise BadInput("A user has 254 characters at most.", "username")
    return MailServer(
        host,
        typed.port,
        typed.security,
        username,
        _password(typed, host, username, stored),
        _address(typed.from_address, "from_address"),
        _address(typed.reply_to, "reply_to") if typed.reply_to.strip() else "",
    )


def _password(typed: MailServer, host: str, username: str, stored: MailAccount | None) -> str:
    password = typed.password.strip()
    if not username:
        if password:
            raise BadInput("A password without a user is of no use. Enter the user, or neither.", "username")
        return ""
    if not password and stored is not None:
        # It goes nowhere but where it was saved for, or a changed host would carry it off.
        if (stored.host, stored.username) != (host, username):
            raise BadInput("The stored password belongs to the old host and user. Enter it again.", "password")
        password = stored.password
    if not password:
        raise BadInput("The password is needed. At Microsoft and Google it is an app password.", "password")
    if len(password) > 500 or not password.isprintable():
        raise BadInput("That is not a password.", "password")
    return password


def _address(typed: str, name: str) -> str:
    address = typed.strip()
    if not mail_message.fits(address) or "." not in address.rpartition("@")[2]:
        raise BadInput("That is not an e-mail address, such as support@example.com.", name)
    return address


def check(server: MailServer, base_url: str, ca_file: Path | None, local_hosts: frozenset[str]) -> Verdict:
    """Connect, speak TLS, log in and ask whether we may send as we would; sends nothing. Says which step failed."""
    where = smtp.Server(server.host, server.port, server.security, server.username, server.password)
    caller = smtp.Caller(tls_context(ca_file), local_hosts, mail.greeting_name(base_url))
    try:
        with smtp.opened(where, caller, _SECONDS) as conversation:
            spoken = conversation.tls_version
            if server.from_address.isascii():
                conversation.try_sender(server.from_address)
            elif not conversation.has_extn("smtputf8"):
                return Verdict(False, f"{server.host} cannot send from an address with letters outside of ASCII.")
    except Trouble as trouble:
        settled = trouble.cause not in (Cause.UNREACHABLE, Cause.SILENT, Cause.HUNG_UP) and not trouble.temporary
        return Verdict(False if settled else None, _said(trouble, server))
    login = "took the login" if server.username else "asked for no login"
    return Verdict(True, f"{server.host} speaks {spoken.replace('v', ' ')}, {login}, and lets us send.")


def _said(trouble: Trouble, server: MailServer) -> str:
    """Which step failed, what that means and what to do, for an admin."""
    where = f"{server.host} on port {server.port}"
    reply = f" (it said {' '.join(filter(None, (str(trouble.code), trouble.enhanced)))})" if trouble.code else ""
    match trouble.cause:
        case Cause.UNKNOWN_HOST:
            return f"Finding the server failed: there is no host {server.host}. Check the name."
        case Cause.INSIDE:
            return (
                f"{server.host} is inside this server's own network. "
                "The operator can allow it with PODSERVER_LOCAL_HOSTS."
            )
        case Cause.UNREACHABLE:
            return f"Connecting failed: nothing answers at {where}. Check the port, and the firewall on the way out."
        case Cause.NOT_SMTP:
            return f"Connected, but what answers at {where} is no mail server. Check the port."
        case Cause.NO_STARTTLS:
            return f"Connected, but {where} offers no STARTTLS, and podserver sends nothing without. Try 587, or TLS."
        case Cause.NO_TLS:
            return f"Connected, but no TLS came about with {where}. {_hint(server)}"
        case Cause.WRONG_NAME:
            return f"TLS failed: the certificate is not for {server.host}. Enter the name that stands in it."
        case Cause.RUN_OUT:
            return f"TLS failed: the certificate of {server.host} has run out."
        case Cause.UNTRUSTED:
            return (
                f"TLS failed: nobody whom this server trusts vouches for the certificate of {server.host}. "
                "The operator can name the authority with PODSERVER_CA_FILE."
            )
        case Cause.NO_LOGIN:
            return f"TLS works, but {where} offers no login that podserver knows (PLAIN or LOGIN)."
        case Cause.SILENT | Cause.HUNG_UP if trouble.stage <= Stage.SECURE:
            return f"Connected, but {where} did not greet us as a mail server. {_hint(server)}"
        case Cause.SILENT | Cause.HUNG_UP:
            return f"{server.host} stopped answering in the middle. Try again."
    return _refused(trouble, server) + reply + "."


def _hint(server: MailServer) -> str:
    if server.security == smtp.STARTTLS:
        return "Port 587 is for STARTTLS; for 465 choose TLS."
    return "Port 465 is for TLS; for 587 and 25 choose STARTTLS."


def _refused(trouble: Trouble, server: MailServer) -> str:
    if trouble.temporary:
        return f"{server.host} puts us off, try again in some minutes"
    match trouble.stage:
        case Stage.GREET | Stage.SECURE:
            return f"Connected, but {server.host} turned us away; it may take mail from known networks only"
        case Stage.LOGIN if trouble.enhanced in ("5.7.30", "5.7.139"):
            return (
                "TLS works, but Microsoft refused the login: the password is wrong, or SMTP with a password is "
                "switched off for this mailbox "
                "(Exchange admin center > Mailboxes > Manage email apps > Authenticated SMTP)"
            )
        case Stage.LOGIN:
            return f"TLS works, but {server.host} refused the user and password"
    if not server.username:
        return f"TLS works, but {server.host} does not let us send from {server.from_address} without a login"
    return f"The login works, but {server.host} does not let this user send from {server.from_address}"


def save(session: Session, server: MailServer, *, actor: str, at: datetime) -> MailAccount:
    """Save a server; an empty password keeps the stored one. Raises BadInput."""
    stored = account(session)
    cleaned = clean(server, stored)
    row = stored or MailAccount()
    changed = []
    for name in ("host", "port", "security", "username", "from_address", "reply_to", "password"):
        value = getattr(cleaned, name)
        if getattr(row, name, None) != value:
            # A sealed value would be sealed anew, and look changed.
            setattr(row, name, value)
            changed.append(name.replace("_", " "))
    row.changed_at = at
    session.add(row)
    session.flush()
    tools.set_tool(session, tools.MAIL, True)
    detail = {"server": f"{cleaned.host}:{cleaned.port}", "security": cleaned.security, "changed": changed}
    record(session, at, Entry(Kind.MAIL_CHANGED, actor=actor, detail=detail))
    return row


def remove(session: Session, *, actor: str, at: datetime) -> None:
    """Forget the server; without it the pod offers nothing by e-mail."""
    row = account(session)
    if row is None:
        return
    session.delete(row)
    session.flush()
    tools.set_tool(session, tools.MAIL, False)
    detail = {"server": f"{row.host}:{row.port}", "removed": True}
    record(session, at, Entry(Kind.MAIL_CHANGED, actor=actor, detail=detail))


def newest_trial(session: Session) -> OutboxRow | None:
    """The outbox row of the bound tenant's newest trial letter."""
    return session.scalar(
        select(OutboxRow).where(OutboxRow.topic == TRIAL).order_by(OutboxRow.created_at.desc()).limit(1)
    )


class TrialTopic:
    """The ear of trial letters: how they end is read from the outbox by the page, and belongs in no history."""

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """An admin who has pressed the button waits for it."""
        return True

    def report(self, session: Session, report: Report) -> None:
        """Nothing to note."""
