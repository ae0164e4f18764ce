"""The Authenticator push of a client: its credential, whether Microsoft takes it, and the switch, off at first.

Changing the credential switches the push off: the new one is worth nothing before Microsoft has taken it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.delivery import microsoft_check, outbox
from podserver.delivery import microsoft_words as words
from podserver.delivery.accounts import BadInput
from podserver.delivery.authenticator import credential_of
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.delivery.microsoft import Cloud, Denied, NotReached, within
from podserver.delivery.microsoft_accounts import PATIENCE, UNREACHED
from podserver.delivery.models import Progress
from podserver.delivery.outbox import Report
from podserver.microsoft import service
from podserver.microsoft.key_pair import KeyPair

TOPIC: Final = "microsoft_check"
WARN: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=2 * 366)
_SECRET: Final = re.compile(r"[!-~]{8,200}")
TAKEN: Final = "Microsoft takes the credential."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Microsoft said to a credential. ``accepted`` is None where it could not be asked.

    ``perhaps_soon`` says that it may be right and not active yet.
    """

    accepted: bool | None
    sentence: str
    perhaps_soon: bool = False


def has_credential(row: MicrosoftDirectory) -> bool:
    """Whether there is anything to ask Microsoft with."""
    return credential_of(row) is not None


def ends_soon(row: MicrosoftDirectory, at: datetime) -> bool:
    """Whether the credential has run out, or will within 30 days."""
    return row.credential_ends_at is not None and row.credential_ends_at <= at + WARN


def keep_pair(session: Session, row: MicrosoftDirectory, pair: KeyPair, *, actor: str, at: datetime) -> None:
    """Keep a fresh key pair in the place of whatever credential there was."""
    row.certificate, row.private_key, row.secret = pair.certificate, pair.private_key, ""
    _renewed(session, row, pair.ends_at, "key pair made", actor=actor, at=at)


def keep_secret(
    session: Session, row: MicrosoftDirectory, secret: str, ends_at: datetime, *, actor: str, at: datetime
) -> None:
    """Keep a secret that the client's administrator made, until when it is good. Raises BadInput."""
    secret = secret.strip()
    if not _SECRET.fullmatch(secret):
        raise BadInput("That is not a secret. Copy its value, which Microsoft shows once.", "secret")
    if not at < ends_at <= at + LONGEST:
        raise BadInput("This is a day from tomorrow on, and two years ahead at most.", "ends_on")
    row.certificate, row.private_key, row.secret = "", "", secret
    _renewed(session, row, ends_at, "secret entered", actor=actor, at=at)


def _renewed(
    session: Session, row: MicrosoftDirectory, ends_at: datetime | None, what: str, *, actor: str, at: datetime
) -> None:
    was_on, row.push_enabled = row.push_enabled, False
    row.credential_ends_at, row.changed_at = ends_at, at
    row.checked_at, row.checking_since, row.problem = None, None, ""
    session.flush()
    detail = {"what": what, "ends": ends_at.date().isoformat()} if ends_at else {"what": what}
    service.note(session, row, {**detail, "push": "switched off"} if was_on else detail, actor=actor, at=at)


def forget_credential(session: Session, row: MicrosoftDirectory, *, actor: str, at: datetime) -> None:
    """Forget the credential; what the client's directory knows of it is theirs to remove."""
    row.certificate, row.private_key, row.secret = "", "", ""
    _renewed(session, row, None, "push credential removed", actor=actor, at=at)


def test(cloud: Cloud, row: MicrosoftDirectory) -> Verdict:
    """Ask Microsoft for a token with the client's credential; nobody's phone rings. No transaction may be open."""
    try:
        with within(PATIENCE):
            microsoft_check.try_credential(cloud, row)
    except Denied as error:
        return Verdict(False, words.refusal(error.number, words.PUSH_REFUSALS), error.number in words.INACTIVE_YET)
    except NotReached:
        return Verdict(None, UNREACHED)
    return Verdict(True, TAKEN)


def note_verdict(session: Session, row: MicrosoftDirectory, verdict: Verdict, at: datetime) -> str:
    """Keep what Microsoft said. Returns the outbox row that tries on in the background, empty where none does."""
    row.checking_since = None
    if verdict.accepted:
        row.checked_at, row.problem = at, ""
    elif verdict.perhaps_soon:
        row.checking_since, row.problem = at, ""
        return outbox.add(
            session,
            channel=microsoft_check.CHANNEL,
            topic=TOPIC,
            subject=str(row.id),
            payload={"client": row.id},
            at=at,
        )
    elif verdict.accepted is False:
        row.problem = verdict.sentence[:400]
    return ""


def switch_on(session: Session, row: MicrosoftDirectory, *, actor: str, at: datetime) -> None:
    """Offer the push for this client. Raises BadInput where Microsoft has not taken the credential yet."""
    if not has_credential(row) or row.checked_at is None or row.problem:
        raise BadInput("First make a credential that Microsoft takes.")
    if row.credential_ends_at is not None and row.credential_ends_at <= at:
        raise BadInput("The credential has run out. Make a new one.")
    if not row.push_enabled:
        row.push_enabled = True
        session.flush()
        service.note(session, row, {"what": "push switched on, the client has agreed in writing"}, actor=actor, at=at)


def switch_off(session: Session, row: MicrosoftDirectory, *, actor: str, at: datetime) -> None:
    """Offer it no more. What waits for an answer now is not verified either."""
    if row.push_enabled:
        row.push_enabled = False
        session.flush()
        service.note(session, row, {"what": "push switched off"}, actor=actor, at=at)


def switch_off_everywhere(session: Session, *, actor: str, at: datetime) -> int:
    """Switch the push off for every client of the tenant; returns for how many it was on."""
    rows = list(session.scalars(select(MicrosoftDirectory).where(MicrosoftDirectory.push_enabled).with_for_update()))
    for row in rows:
        switch_off(session, row, actor=actor, at=at)
    return len(rows)


class CheckTopic:
    """Hears how the background's tries of a credential ended. The subject is the client's id."""

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """While nothing else has decided it."""
        statement = select(MicrosoftDirectory.checking_since).where(MicrosoftDirectory.id == int(subject))
        return session.scalar(statement) is not None

    def report(self, session: Session, report: Report) -> None:
        """Keep what Microsoft said in the end."""
        if report.progress not in (Progress.DONE, Progress.FAILED):
            return
        row = session.scalar(
            select(MicrosoftDirectory).where(MicrosoftDirectory.id == int(report.subject)).with_for_update()
        )
        if row is None or row.checking_since is None:
            return
        row.checking_since = None
        if report.progress == Progress.DONE:
            row.checked_at, row.problem = report.at, ""
        else:
            row.problem = report.reason[:400]
