"""What the server answers: who may log in, which recipients it takes, and what becomes of a message."""

from __future__ import annotations

import hmac
import logging
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, TLSSetupException

from emulators.mail.account import REFUSED_RECIPIENTS, SLOW_RECIPIENT, SMTP_PASSWORD, SMTP_USER
from emulators.mail.bounces import report
from emulators.mail.faults import Faults
from emulators.mail.messages import Arrival, now
from emulators.mail.session import SmtpSession
from emulators.mail.store import Store

log = logging.getLogger(__name__)

_NEEDS_UTF8 = "553 5.6.7 The address needs SMTPUTF8"
_MOST_PAIRS = 10_000


class Reception:
    """The hooks that aiosmtpd calls, in its loop's thread. Messages go to `store`."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._greylisted: set[tuple[str, str]] = set()

    def forget(self) -> None:
        """Whom the greylist has put off once is a stranger again."""
        self._greylisted.clear()

    async def before_greeting(self, session: SmtpSession) -> None:
        """Let the faults of a new connection strike."""
        if self._faults.down:
            session.hang_up()
        await self._faults.pause("slow_greeting_seconds")

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: Any
    ) -> AuthResult:
        """Judge the user and password of PLAIN and LOGIN. A refusal must be `handled=False`, else nobody answers 535.

        A client that was refused tries its next mechanism on the same connection: the fault must strike that as well.
        """
        assert isinstance(server, SmtpSession)
        if server.login_refused is None:
            server.login_refused = self._faults.strikes("refuse_login")
        right = isinstance(login, LoginPassword) and (
            hmac.compare_digest(login.login, SMTP_USER.encode())
            & hmac.compare_digest(login.password, SMTP_PASSWORD.encode())
        )
        if server.login_refused or not right:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=login)

    async def handle_MAIL(
        self, server: SmtpSession, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The envelope's sender; `<>` is the null sender."""
        if not _fits(address, envelope):
            return _NEEDS_UTF8
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SmtpSession, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient: some local parts have their own answer, whatever the domain."""
        local, at, domain = address.rpartition("@")
        if not (local and at and domain):
            return "553 5.1.3 The address has no domain"
        if not _fits(address, envelope):
            return _NEEDS_UTF8
        if refusal := REFUSED_RECIPIENTS.get(local.lower()):
            return refusal
        if local.lower() == SLOW_RECIPIENT:
            await self._faults.pause("slow_recipient_seconds")
        if self._faults.strikes("greylist") and self._is_new(envelope.mail_from or "", address):
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SmtpSession, session: Session, envelope: Envelope) -> str:
        """Keep the message; whether the client learns of it, and whether it comes back, is for the faults to say."""
        tls = server.tls()
        arrival = Arrival(
            sender="" if envelope.mail_from == "<>" else envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            tls_version=tls[0] if tls else None,
            tls_cipher=tls[1] if tls else None,
            user=session.auth_data.login.decode() if session.auth_data else None,
        )
        returned = self._faults.strikes("bounce_later")
        mail = self._store.add(bytes(envelope.original_content or b""), arrival, bounced=returned)
        if returned:
            server.loop.call_later(self._faults.seconds("bounce_delay_seconds"), self._return, mail.id)
        if self._faults.strikes("accept_then_drop_answer"):
            server.hang_up()
        return f"250 2.0.0 OK {mail.id}"

    async def handle_exception(self, error: Exception) -> str:
        """The answer to what went wrong in here; a client that does not like our certificate gets none."""
        if not isinstance(error, TLSSetupException):
            log.error("an SMTP command failed", exc_info=error)
        return "451 4.3.0 The mail system has failed"

    def _is_new(self, sender: str, recipient: str) -> bool:
        pair = (sender.lower(), recipient.lower())
        if pair in self._greylisted:
            return False
        if len(self._greylisted) >= _MOST_PAIRS:
            self._greylisted.clear()
        self._greylisted.add(pair)
        return True

    def _return(self, mail_id: str) -> None:
        mail = self._store.get(mail_id)
        # The null sender asks for no report (RFC 5321, 4.5.5); a message that was forgotten meanwhile gets none either.
        if mail is None or not mail.arrival.sender:
            return
        raw = report(mail.raw, mail.arrival.sender, mail.arrival.recipients, mail.received, now())
        self._store.add(raw, Arrival(sender="", recipients=(mail.arrival.sender,)))


def _fits(address: str, envelope: Envelope) -> bool:
    if address.isascii():
        return True
    # Bytes that were not UTF-8 arrive as lone surrogates.
    return envelope.smtp_utf8 and address.encode("utf-8", "replace").decode() == address
