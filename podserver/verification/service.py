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
from podserver.history.service import Entry, Kind, events_to_add, record
from podserver.policies import policy as policies
from podserver.tenancy import across_tenants, bind_tenant, change_and_add, look
from podserver.verification import guards, limits, statements
from podserver.verification.asking import Asker
from podserver.verification.ending import (
    EXPIRED,
    End,
    Result,
    changing,
    ended_sentence,
    finish,
    met,
    subject_of,
)
from podserver.verification.methods import CODE_METHODS
from podserver.verification.models import State, Verification
from podserver.verification.snapshot import ContactGuard, DestinationGuard, Snapshot, snapshot


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
) -> tuple[Snapshot, ContactGuard, DestinationGuard] | None:
    """The verification and the guards of its contact and destination, locked, as they stand now."""
    known = {"verification": verification_id, "integration": integration_id, "contact": contact}
    found = look(session, statements.WITH_GUARDS, known).one_or_none()
    if found is None:
        return None
    here, there = len(Snapshot._fields), len(DestinationGuard._fields)
    return Snapshot._make(found[:here]), ContactGuard._make(found[here:-there]), DestinationGuard._make(found[-there:])


def accept(
    session: Session, verification: Snapshot, destination: DestinationGuard, actor: str, at: datetime, **also: Any
) -> Result:
    """Verify, and clear the failures of the destination. ``also`` are columns to set with it."""
    green_until = at + policies.terms(verification.terms).green
    result = finish(
        session, verification, End(State.VERIFIED, Kind.VERIFIED), actor, at, green_until=green_until, **also
    )
    if result.verification is not None and result.verification.state == State.VERIFIED and result.changed:
        guards.clear_wrong(session, verification, destination)
    return result


def _reject(
    session: Session,
    verification: Snapshot,
    contact_row: ContactGuard,
    destination: DestinationGuard,
    asker: Asker,
    request_id: str,
    at: datetime,
) -> Result:
    count = guards.count_wrong(verification, contact_row, destination, at)
    wrong = Entry(Kind.WRONG_CODE, subject_of(verification), asker.name, {"tries_left": count.left})
    # Both are locked, so what was read is what there is.
    values: dict[str, Any] = {"wrong_guesses": verification.wrong_guesses + 1, "last_check": request_id}
    if count.left == 0:
        end = End(State.LOCKED, Kind.LOCKED, "too many wrong codes")
        return finish(session, verification, end, asker.name, at, before=wrong, besides=count.change, **values)
    if not change_and_add(session, changing(verification, values), events_to_add(at, wrong), besides=count.change):
        record(session, at, wrong)
        return met(session, verification, changed=True)
    return Result(verification.after(values), tries_left=count.left)


def too_late(session: Session, verification: Snapshot, actor: str, at: datetime) -> Result:
    """An answer to an ended verification: harmless where it is verified already, else refused and recorded."""
    if verification.state == State.VERIFIED:
        return Result(verification, changed=False)
    record(session, at, Entry(Kind.LATE_PROOF, subject_of(verification), actor, {"state": verification.state}))
    return Result(verification, refused=ended_sentence(verification))


def cancel(
    session: Session, *, asker: Asker, verification_id: str, integration_id: int, contact: str, at: datetime
) -> Result:
    """End a pending verification. Raises LookupError where the contact has no such verification."""
    verification = snapshot(session, verification_id)
    if verification is None or (verification.integration_id, verification.contact) != (integration_id, contact):
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
            verification = snapshot(session, verification_id)
            if verification is not None and verification.state == State.PENDING:
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
