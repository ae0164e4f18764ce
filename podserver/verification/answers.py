"""Answers from the user's own page: what a link shows, and what a press on one of its two buttons does.

Whoever holds the token may look any number of times, and nothing changes; only :func:`validate` and :func:`deny` do.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from podserver.accounts.models import Tenant
from podserver.database import release
from podserver.history.service import Entry, Kind, events_to_add, record
from podserver.security import sealing
from podserver.tenancy import across_tenants, bind_tenant, change_and_add
from podserver.verification import alarm, guards
from podserver.verification.ending import (
    EXPIRED,
    End,
    Result,
    changing,
    ended_sentence,
    finish,
    met,
    set_always,
    subject_of,
)
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof
from podserver.verification.methods.link import read_number, typed_number
from podserver.verification.models import State, Verification
from podserver.verification.service import accept, locked_with_guards
from podserver.verification.snapshot import ContactGuard, DestinationGuard, Snapshot

# Wrong numbers on one link; the second kills it.
WRONG_NUMBERS: Final = 2

# What a late answer was, in the words of its event.
VALIDATED: Final = "validated"
SIGNED_IN: Final = "signed in"
SIGNED_IN_AS_ANOTHER: Final = "signed in as another"
DID_NOT_ASK: Final = "did not ask"
# Before the late answers of an ended verification, in the column that held the last press while it was pending.
_LATE: Final = "late"


class Page(enum.StrEnum):
    """What a link's page is: a question, or a plain sentence about why there is none."""

    QUESTION = "question"
    VERIFIED = "verified"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Opened:
    """A link as its holder sees it. ``seconds_left`` is 0 where the page asks nothing."""

    page: Page
    tenant: Tenant | None = None
    verification: Verification | None = None
    seconds_left: int = 0


def open_link(session: Session, token: str, at: datetime) -> Opened:
    """What a token's page shows; changes nothing. The session is bound to the tenant of the link afterwards."""
    with across_tenants(session):
        found = session.execute(
            select(Verification, Tenant)
            .join(Tenant, Tenant.id == Verification.tenant_id)
            .options(undefer(Verification.summary))
            .where(Verification.link_hash == sealing.fingerprint(token))
            # As it stands now, also where this session changed it a moment ago.
            .execution_options(populate_existing=True)
        ).one_or_none()
    release(session)
    if found is None:
        return Opened(Page.UNKNOWN)
    verification, tenant = found
    bind_tenant(session, tenant.id)
    page = page_of(verification, at)
    left = int((verification.expires_at - at).total_seconds()) if page == Page.QUESTION else 0
    return Opened(page, tenant, verification, left)


def page_of(verification: Verification, at: datetime) -> Page:
    """Which page a verification's link has now."""
    if verification.state == State.PENDING:
        return Page.QUESTION if verification.expires_at > at else Page.EXPIRED
    return {
        State.VERIFIED: Page.VERIFIED,
        State.DENIED: Page.DENIED,
        State.EXPIRED: Page.EXPIRED,
        State.SUPERSEDED: Page.SUPERSEDED,
    }.get(verification.state, Page.ENDED)


def validate(
    session: Session, *, tenant: Tenant, verification_id: str, number: str, at: datetime, press: str = ""
) -> Result:
    """The user pressed Validate; ``number`` is what they typed, empty where nothing was asked.

    ``press`` names the press, so that its repeat (a double press, a browser's retry) is the same one: its first
    judgement stands, and no second try is counted. ``tries_left`` is set where the number was wrong. Raises LookupError
    where there is no such verification, ValueError with a sentence where what was typed cannot be the number: that is
    no try.
    """
    verification, contact_row, destination = _locked(session, verification_id, Proof.LINK)
    who = verification.contact_name
    if press and verification.last_check == press:
        return _same_again(verification)
    if verification.state != State.PENDING:
        return _late(session, verification, VALIDATED, who, at)
    if verification.expires_at <= at:
        return finish(session, verification, EXPIRED, who, at)
    refusal = guards.judge_guess(contact_row, destination, at)
    if refusal is not None and refusal.locked:
        return Result(verification, refused="This contact is locked. Talk to your help desk.", changed=False)
    if verification.digits and not sealing.same(typed_number(tenant.hash_key, verification.id), read_number(number)):
        return _wrong_number(session, verification, contact_row, destination, press, at)
    return accept(session, verification, destination, who, at, last_check=press)


def accept_sign_in(
    session: Session, *, verification_id: str, at: datetime, strength: Mapping[str, Any] | None = None
) -> Result:
    """The user signed in at Microsoft with their own account. ``strength`` are columns that say it is worth more."""
    verification, _contact_row, destination = _locked(session, verification_id, Proof.SIGN_IN)
    who = verification.contact_name
    if verification.state != State.PENDING:
        return _late(session, verification, SIGNED_IN, who, at)
    if verification.expires_at <= at:
        return finish(session, verification, EXPIRED, who, at)
    # An address that somebody has just changed chose the account that signed in.
    also = {} if verification.marked else dict(strength or {})
    return accept(session, verification, destination, who, at, **also)


def refuse_sign_in(session: Session, *, verification_id: str, reason: str, at: datetime) -> Result:
    """Somebody signed in at Microsoft who is not the contact; the request ends as failed, with the reason."""
    verification, _contact_row, _destination = _locked(session, verification_id, Proof.SIGN_IN)
    if verification.state != State.PENDING:
        return _late(session, verification, SIGNED_IN_AS_ANOTHER, verification.contact_name, at)
    return finish(session, verification, End(State.FAILED, Kind.FAILED, reason[:200]), "", at)


def deny(session: Session, *, verification_id: str, at: datetime) -> Result:
    """The user pressed *I did not ask for this*. Raises LookupError where there is no such verification."""
    verification, _contact_row, _destination = _locked(session, verification_id, Proof.LINK, Proof.SIGN_IN)
    who = verification.contact_name
    if verification.state != State.PENDING:
        return _late(session, verification, DID_NOT_ASK, who, at)
    if verification.expires_at <= at:
        # Too late to end it, and still worth knowing.
        said = Entry(Kind.LATE_PROOF, subject_of(verification), who, {"state": State.EXPIRED, "answer": DID_NOT_ASK})
        return finish(session, verification, EXPIRED, who, at, before=said)
    return alarm.raise_alarm(session, verification, f"{who}, on the {METHODS[verification.method].label} page", at)


def _locked(session: Session, verification_id: str, *proofs: Proof) -> tuple[Snapshot, ContactGuard, DestinationGuard]:
    """The verification and its guards, if it ends by one of these proofs: a press must not stand in for a sign-in."""
    where = session.execute(
        select(Verification.integration_id, Verification.contact).where(Verification.id == verification_id)
    ).one_or_none()
    found = locked_with_guards(session, verification_id, where.integration_id, where.contact) if where else None
    if found is None or METHODS[found[0].method].proof not in proofs:
        raise LookupError("no such verification")
    return found


def _same_again(verification: Snapshot) -> Result:
    """The judgement of a press that was judged before."""
    if verification.state == State.PENDING:
        return Result(verification, tries_left=WRONG_NUMBERS - verification.wrong_guesses, changed=False)
    return Result(verification, refused=ended_sentence(verification), changed=False)


def _late(session: Session, verification: Snapshot, answer: str, actor: str, at: datetime) -> Result:
    """An answer to what has ended: harmless where it says the same as the end does, else recorded, and refused.

    Each answer is recorded once. Whoever holds a dead link must not be able to fill the history, which only grows.
    """
    refused = ended_sentence(verification)
    agrees = {State.VERIFIED: (VALIDATED, SIGNED_IN), State.DENIED: (DID_NOT_ASK,)}.get(verification.state, ())
    heard = verification.last_check.split(";") if verification.last_check.startswith(_LATE) else [_LATE]
    if answer in agrees or answer in heard:
        return Result(verification, refused=refused, changed=False)
    verification = set_always(session, verification, last_check=";".join([*heard, answer]))
    detail = {"state": verification.state, "answer": answer}
    record(session, at, Entry(Kind.LATE_PROOF, subject_of(verification), actor, detail))
    return Result(verification, refused=refused)


def _wrong_number(
    session: Session,
    verification: Snapshot,
    contact_row: ContactGuard,
    destination: DestinationGuard,
    press: str,
    at: datetime,
) -> Result:
    count = guards.count_wrong(verification, contact_row, destination, at)
    who, wrong_guesses = verification.contact_name, verification.wrong_guesses + 1
    left = max(WRONG_NUMBERS - wrong_guesses, 0)
    wrong = Entry(Kind.WRONG_NUMBER, subject_of(verification), who, {"tries_left": left})
    values = {"wrong_guesses": wrong_guesses, "last_check": press}
    if left == 0:
        end = End(State.LOCKED, Kind.LOCKED, "the wrong number was typed twice")
        return finish(session, verification, end, who, at, before=wrong, besides=count.change, **values)
    if not change_and_add(session, changing(verification, values), events_to_add(at, wrong), besides=count.change):
        record(session, at, wrong)
        return met(session, verification, changed=True)
    return Result(verification.after(values), tries_left=left)
