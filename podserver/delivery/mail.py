"""Letters over the tenant's SMTP server.

A letter whose answer was lost after its last line may have been taken: it ends as *unknown* and is never repeated by
itself. Everything before that line is certainly not taken, and is tried again where the server says that it may help.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.delivery import mail_message, smtp, smtp_replies
from podserver.delivery.credentials import MailAccount
from podserver.delivery.mail_message import Contents, Envelope
from podserver.delivery.outbox import Accepted, Job, Outcome, Refused, TryLater, Unknown
from podserver.logs import logger
from podserver.security.trust import tls_context
from podserver.tenancy import bind_tenant

log = logger(__name__)

CHANNEL: Final = "mail"
_LONGEST_WAIT = timedelta(seconds=15)
# The width of the column that holds a message's id at its provider.
_REFERENCE: Final = 64
# What may be over in a moment, without anybody's doing.
_PASSING: Final = frozenset({smtp.Cause.UNKNOWN_HOST, smtp.Cause.UNREACHABLE, smtp.Cause.SILENT, smtp.Cause.HUNG_UP})


def server_of(account: MailAccount) -> smtp.Server:
    """Where an account's letters go."""
    return smtp.Server(account.host, account.port, account.security, account.username, account.password)


def greeting_name(base_url: str) -> str:
    """The name that this server greets others with: its own host, or an address literal where that is none."""
    host = urlsplit(base_url).hostname or ""
    return host if "." in host and not host.replace(".", "").isdigit() else "[127.0.0.1]"


@dataclass(frozen=True, slots=True)
class _Sender:
    """The account and what its letters carry besides: the MSP's name, and its logo as PNG."""

    account: MailAccount
    msp: str
    logo: bytes | None


class MailChannel:
    """Payload: ``{to, name, subject, text, html, logo: bool, life: seconds}``, see branding/letters.py.

    ``logo_of`` returns the logo of the tenant that a session is bound to. ``life`` is 0 where a letter is of use for
    ever.
    """

    repeatable = False
    holds = False
    patient = False

    def __init__(
        self,
        base_url: str,
        ca_file: Path | None,
        local_hosts: frozenset[str],
        lease: timedelta,
        logo_of: Callable[[Session], bytes | None],
    ) -> None:
        self._base_url = base_url
        self._ca_file = ca_file
        self._local_hosts = local_hosts
        self._logo_of = logo_of
        # All of a conversation ends well inside the lease, so that nobody else judges the row meanwhile.
        self._seconds = min(_LONGEST_WAIT, lease * 0.6).total_seconds()

    def hand_over(self, session: Session, job: Job) -> Outcome:
        """Send once."""
        sender = self._sender(session, job)
        if sender is None:
            return Refused("no mail server is set up, an admin adds it under Mail")
        if _has_run_out(job, datetime.now(UTC)):
            return Refused("it ran out before the mail server took it, send a new one")
        envelope, host = _envelope(sender, job), urlsplit(self._base_url).hostname or ""
        try:
            reference = mail_message.message_id(job.id, host, envelope.from_address)
            letter = mail_message.built(envelope, _contents(sender, job), reference, datetime.now(UTC))
        except ValueError:
            # The error would tell the address.
            fit = mail_message.fits(envelope.to_address)
            log.warning("mail.unfit", outbox=job.id, address_fits=fit)
            return Refused(
                "the letter could not be written, tell an admin"
                if fit
                else "not a valid e-mail address, correct it in the PSA"
            )
        try:
            with smtp.opened(server_of(sender.account), self._caller, self._seconds) as conversation:
                utf8 = envelope.needs_utf8
                if utf8 and not conversation.has_extn("smtputf8"):
                    return Refused("the address has letters that the mail server cannot carry, use another way")
                conversation.transfer(
                    envelope.from_address, envelope.to_address, mail_message.raw(letter, utf8=utf8), utf8=utf8
                )
        except smtp.Trouble as trouble:
            return _judged(job, trouble)
        return Accepted(reference[:_REFERENCE], "sent")

    def look_up(self, session: Session, job: Job) -> Accepted | None:
        """SMTP has no way to ask what became of a letter."""
        return None

    @cached_property
    def _caller(self) -> smtp.Caller:
        return smtp.Caller(tls_context(self._ca_file), self._local_hosts, greeting_name(self._base_url))

    def _sender(self, session: Session, job: Job) -> _Sender | None:
        bind_tenant(session, job.tenant_id)
        found = session.execute(
            select(MailAccount, Tenant.name).join(Tenant, Tenant.id == MailAccount.tenant_id)
        ).one_or_none()
        sender = None
        if found is not None:
            session.expunge(found[0])
            sender = _Sender(found[0], found[1], self._logo_of(session) if job.payload["logo"] else None)
        # No connection is held while the server is spoken to.
        session.rollback()
        return sender


def _envelope(sender: _Sender, job: Job) -> Envelope:
    account = sender.account
    return Envelope(sender.msp, account.from_address, job.payload["name"], job.payload["to"].strip(), account.reply_to)


def _contents(sender: _Sender, job: Job) -> Contents:
    return Contents(job.payload["subject"], job.payload["text"], job.payload["html"], sender.logo)


def _has_run_out(job: Job, at: datetime) -> bool:
    life = int(job.payload["life"])
    return life > 0 and job.created_at + timedelta(seconds=life) <= at


def _judged(job: Job, trouble: smtp.Trouble) -> Outcome:
    """What a stopped conversation means for the letter. The log gets the place and the code, never the reply."""
    code = smtp_replies.code_of(trouble)
    log.info("mail.stopped", outbox=job.id, stage=trouble.stage.name, cause=trouble.cause, code=code)
    if trouble.temporary:
        return TryLater("the mail server puts us off, trying again")
    if trouble.cause is smtp.Cause.REPLY:
        return Refused(smtp_replies.explain(trouble), code)
    if trouble.stage is smtp.Stage.ANSWER:
        return Unknown("the mail server did not answer, the letter may have been sent")
    if trouble.cause in _PASSING:
        return TryLater("the mail server cannot be reached, trying again")
    return Refused(smtp_replies.explain(trouble))
