"""The engine: judge a code, cancel, end what ran out.

Rules only: no HTTP, no PSA, no provider. Every function works inside the caller's transaction, which writes the
verification, its events and its outbox rows together. A final state never changes, and is reached by a
compare-and-set on PENDING, so of any number of parallel answers exactly one succeeds. Answers from a user's page are
judged in ``answers.py``, what providers tell in ``deliveries.py``; a verification begins in ``starting.py``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Msp
from podserver.database import release, writing
from podserver.history.service import Entry, Kind, record
from podserver.policies import policy as policies
from podserver.tenancy import across_tenants, bind_tenant
from podserver.verification import guards, limits, statements
from podserver.verification.asking import Asker
from podserver.verification.ending import (
    EXPIRED,
    End,
    Result,
    change_pending,
    changed,
    ended_sentence,
    finish,
    subject_of,
)
from podserver.verification.methods import CODE_METHODS
from podserver.verification.models import Guard, State, Verification


def check(
    session: Session, *, tenant: Msp, asker: Asker, verification_id: str, integration_id: int, contact: str,
    answer: str, request_id: str, at: datetime,
) -> Result:  # fmt: skip
    """Judge a code that the technician typed.

    The same ``request_id`` is the same check: its first judgement stands, and no second guess is counted. Raises
    LookupError where the contact has no such verification with a code, ValueError with a sentence where the answer
    cannot be one.
    """
    found = locked_with_guards(session, verification_id, integration_id, contact)
    if found is None:
        raise LookupError("no such verification")
    verification, contact_row, destination = found
    method = CODE_METHODS.get(verification.method)
    if method is None:
        raise LookupError("this verification has no code")
    answer = method.clean(answer)
    if verification.last_check == request_id:
        left = None if verification.state != State.PENDING else limits.GUESSES - destination.failures
        return Result(verification, tries_left=left, changed=False)
    if verification.state != State.PENDING:
        return too_late(session, verification, asker.name, at)
    if verification.expires_at <= at:
        return finish(session, verification, EXPIRED, asker.name, at)
    refusal = guards.judge_guess(contact_row, destination, at)
    if refusal is not None:
        return Result(verification, refused=guards.sentence(refusal), changed=False)
    right = method.accepts(
        hash_key=tenant.hash_key, verification=verification.id, proof_hash=verification.proof_hash, answer=answer
    )
    if right:
        return accept(session, verification, destination, asker.name, at, last_check=request_id)
    return _reject(session, verification, contact_row, destination, asker, request_id, at)


def locked_with_guards(
    session: Session, verification_id: str, integration_id: int, contact: str
) -> tuple[Verification, Guard, Guard] | None:
    """The verification and the guards of its contact and destination, locked, as they stand now."""
    known = {"verification": verification_id, "integration": integration_id, "contact": contact}
    rows = list(session.execute(statements.WITH_GUARDS, known))
    if len(rows) != 2:
        return None
    return rows[0][0], rows[0][1], rows[1][1]


def accept(
    session: Session, verification: Verification, destination: Guard, actor: str, at: datetime, **also: Any
) -> Result:
    """Verify, and clear the failures of the destination. ``also`` are columns to set with it."""
    green_until = at + policies.terms(verification.terms).green
    result = finish(
        session, verification, End(State.VERIFIED, Kind.VERIFIED), actor, at, green_until=green_until, **also
    )
    if result.verification is not None and result.verification.state == State.VERIFIED and result.changed:
        guards.clear_wrong(session, destination)
    return result


def _reject(
    session: Session,
    verification: Verification,
    contact_row: Guard,
    destination: Guard,
    asker: Asker,
    request_id: str,
    at: datetime,
) -> Result:
    left = guards.count_wrong(session, contact_row, destination, at)
    wrong = Entry(Kind.WRONG_CODE, subject_of(verification), asker.name, {"tries_left": left})
    if left == 0:
        return finish(
            session, verification, End(State.LOCKED, Kind.LOCKED, "too many wrong codes"), asker.name, at,
            before=wrong, one_more_wrong=True, last_check=request_id,
        )  # fmt: skip
    counted = change_pending(session, verification, one_more_wrong=True, last_check=request_id)
    record(session, at, wrong)
    if not counted:
        session.refresh(verification)
        return Result(verification, refused=ended_sentence(verification))
    fresh = changed(session, verification, last_check=request_id, wrong_guesses=verification.wrong_guesses + 1)
    return Result(fresh, tries_left=left)


def too_late(session: Session, verification: Verification, actor: str, at: datetime) -> Result:
    """An answer to an ended verification: harmless where it is verified already, else refused and recorded."""
    if verification.state == State.VERIFIED:
        return Result(verification, changed=False)
    record(session, at, Entry(Kind.LATE_PROOF, subject_of(verification), actor, {"state": verification.state}))
    return Result(verification, refused=ended_sentence(verification))


def cancel(
    session: Session, *, asker: Asker, verification_id: str, integration_id: int, contact: str, at: datetime
) -> Result:
    """End a pending verification. Raises LookupError where the contact has no such verification."""
    verification = session.scalar(
        select(Verification).where(
            Verification.id == verification_id,
            Verification.integration_id == integration_id,
            Verification.contact == contact,
        )
    )
    if verification is None:
        raise LookupError("no such verification")
    if verification.state != State.PENDING:
        return Result(verification, changed=False)
    return finish(session, verification, End(State.CANCELLED, Kind.CANCELLED), asker.name, at)


def expire_due(session: Session, at: datetime, limit: int = 200) -> list[str]:
    """End, across tenants, what ran out, a transaction each; return the outbox rows to nudge for.

    The session must have no transaction open.
    """
    with across_tenants(session):
        due = list(
            session.execute(
                select(Verification.id, Verification.tenant_id)
                .where(Verification.state == State.PENDING, Verification.expires_at <= at)
                .limit(limit)
            )
        )
        release(session)
    rows: list[str] = []
    for verification_id, tenant_id in due:
        bind_tenant(session, tenant_id)
        with writing(session):
            verification = session.scalar(
                select(Verification).where(Verification.id == verification_id, Verification.state == State.PENDING)
            )
            if verification is not None:
                rows += finish(session, verification, EXPIRED, "", at).outbox
    return rows


def past(session: Session, integration_id: int, contact: str, limit: int) -> list[Verification]:
    """The contact's verifications, newest first."""
    return list(
        session.scalars(
            select(Verification)
            .where(Verification.integration_id == integration_id, Verification.contact == contact)
            .order_by(Verification.created_at.desc())
            .limit(limit)
        )
    )
