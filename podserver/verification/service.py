"""The engine: start a verification, judge a code, cancel, end what ran out.

Rules only: no HTTP, no PSA, no provider. Every function works inside the caller's transaction, which writes the
verification, its events and its outbox rows together. A final state never changes, and is reached by a
compare-and-set on PENDING, so of any number of parallel answers exactly one succeeds. Answers from a user's page are
judged in ``answers.py``, what providers tell in ``deliveries.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.branding.letters import Letterhead
from podserver.database import release, writing
from podserver.delivery import outbox
from podserver.history.service import Entry, Kind, Subject, events_to_add, record
from podserver.policies import policy as policies
from podserver.policies.policy import Policy
from podserver.security import sealing
from podserver.tenancy import across_tenants, add_rows, bind_tenant
from podserver.verification import guards, limits, offers, statements
from podserver.verification.asking import Asker, Caller
from podserver.verification.deliveries import TOPIC
from podserver.verification.ending import (
    EXPIRED,
    End,
    Result,
    change_pending,
    changed,
    end_older,
    ended_sentence,
    finish,
    subject_of,
)
from podserver.verification.methods import CODE_METHODS, METHODS
from podserver.verification.methods.base import Ask, Target
from podserver.verification.methods.link import typed_number
from podserver.verification.models import Delivery, Guard, State, Verification


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds a start: the MSP, the client's policy, where our pages are, and what its letters look like.

    ``letterhead`` is called only by methods that write letters.
    """

    tenant: Tenant
    policy: Policy
    base_url: str
    letterhead: Callable[[], Letterhead]


def start(
    session: Session,
    *,
    setting: Setting,
    asker: Asker,
    caller: Caller,
    target: Target,
    method: str,
    request_id: str,
    again: bool,
    at: datetime,
) -> Result:
    """Start a verification, or join the one that is running.

    The same ``request_id`` is the same start, and while a challenge to this destination is live, a start without
    ``again`` (a second click, tab or technician) joins it. ``again`` is the Resend, by the same method or another:
    it ends the live one and sends a new one, not before 30 s. ``changed`` is False when nothing was written and the
    caller should roll back.
    """
    tenant = setting.tenant
    refusal = offers.refusal(METHODS[method], target, setting.policy)
    if refusal:
        return Result(None, refused=f"{refusal[:1].upper()}{refusal[1:]}.", changed=False)
    limit = guards.count_send(
        session, integration_id=caller.integration_id, contact=caller.contact, key=target.key, at=at
    )
    live, of_tenant, of_technician = _live_and_counts(session, tenant, asker, caller, target, request_id, at)
    if live is not None:
        if live.request_id == request_id or (live.expires_at > at and not again):
            return Result(_whole(session, live), changed=False)
        wait = live.created_at + limits.RESEND_AFTER - at
        if live.expires_at > at and wait > timedelta(0):
            refused = f"A resend is possible in {int(wait.total_seconds()) + 1} s."
            return Result(_whole(session, live), refused=refused, changed=False)
    limit = limit or _budget(tenant, of_tenant, of_technician)
    if limit is not None:
        entry = Entry(Kind.REFUSED, _subject(caller, target, method), asker.name, {"reason": limit.reason})
        record(session, at, entry)
        return Result(_whole(session, live) if live is not None else None, refused=_sentence(limit))
    return _begin(session, setting, asker, caller, target, method, request_id, live, at)


def _begin(
    session: Session,
    setting: Setting,
    asker: Asker,
    caller: Caller,
    target: Target,
    method_name: str,
    request_id: str,
    live: _Live | None,
    at: datetime,
) -> Result:
    tenant, policy, method = setting.tenant, setting.policy, METHODS[method_name]
    life = min(timedelta(minutes=policy.minutes_alive), limits.LONGEST_LIFE)
    verification_id = sealing.random_id()
    digits = offers.wants_digits(method, policy)
    claim, marks = method.claim(target, digits=digits), target.marks.words()
    challenge = method.challenge(
        Ask(
            hash_key=tenant.hash_key,
            verification=verification_id,
            msp=tenant.name,
            target=target,
            life=int(life.total_seconds()),
            technician=asker.name,
            contact=caller.contact,
            contact_name=caller.contact_name,
            company=caller.company,
            ticket=caller.ticket,
            summary=caller.summary,
            integration_id=caller.integration_id,
            base_url=setting.base_url,
            letterhead=setting.letterhead,
            digits=typed_number(tenant.hash_key, verification_id) if digits else "",
        )
    )
    entries = []
    if live is not None:
        over = live.expires_at <= at
        state, reason = (State.EXPIRED, "") if over else (State.SUPERSEDED, "a newer one was sent")
        if end_older(session, live.id, state, reason, at):
            older = replace(_subject(caller, target, live.method), verification=live.id, ticket=live.ticket)
            entries.append(Entry(Kind.EXPIRED if over else Kind.SUPERSEDED, older, asker.name))
    values: dict[str, object] = {
        "id": verification_id,
        "tenant_id": tenant.id,
        "integration_id": caller.integration_id,
        "contact": caller.contact,
        "contact_name": caller.contact_name,
        "company_name": caller.company_name,
        "ticket": caller.ticket,
        "ticket_ref": caller.ticket_ref,
        "destination_key": target.key,
        "masked": target.masked,
        "method": method_name,
        "state": State.PENDING,
        "reason": "",
        "delivery": Delivery.QUEUED,
        "delivery_at": at,
        "proof_hash": challenge.proof_hash,
        "link_hash": challenge.link_hash,
        "strength": claim.strength,
        "worth": claim.reason,
        "marked": bool(marks),
        "digits": digits,
        "summary": caller.summary if method.proof.on_our_page else None,
        "terms": policies.terms_of(policy),
        "alarm": False,
        "wrong_guesses": 0,
        "user_id": asker.user_id,
        "technician": asker.name,
        "request_id": request_id,
        "last_check": "",
        "created_at": at,
        "expires_at": at + life,
    }
    verification = Verification(**values, ended_at=None, green_until=None)
    entries.append(Entry(Kind.REQUESTED, subject_of(verification), asker.name, {"marks": marks} if marks else None))
    row_id, row = outbox.row_to_add(
        channel=challenge.channel, topic=TOPIC, subject=verification_id, payload=dict(challenge.payload), at=at
    )
    add_rows(session, (statements.BEGIN, [values]), events_to_add(at, *entries), row)
    return Result(verification, outbox=(row_id,))


def _subject(caller: Caller, target: Target, method: str) -> Subject:
    return Subject(
        integration_id=caller.integration_id,
        ticket=caller.ticket,
        contact=caller.contact,
        contact_name=caller.contact_name,
        company_name=caller.company_name,
        destination=target.masked,
        method=method,
    )


class _Live(NamedTuple):
    """What a start has to know of the challenge that it meets."""

    id: str
    request_id: str
    method: str
    ticket: str
    created_at: datetime
    expires_at: datetime


def _whole(session: Session, live: _Live) -> Verification:
    return session.scalars(statements.ONE, {"verification": live.id}).one()


def _live_and_counts(
    session: Session, tenant: Tenant, asker: Asker, caller: Caller, target: Target, request_id: str, at: datetime
) -> tuple[_Live | None, int, int]:
    """The challenge that is live on the destination or has this request id, and the sends of the last hour."""
    most, most_of_one = tenant.sends_per_hour, tenant.technician_sends_per_hour
    statement = statements.live_and_counts(of_tenant=most is not None, of_technician=most_of_one is not None)
    known = {
        "tenant": tenant.id,
        "integration": caller.integration_id,
        "contact": caller.contact,
        "destination": target.key,
        "request": request_id,
        "since": at - limits.HOUR,
        "technician": asker.user_id,
        # One more would not change the verdict, so no more are counted.
        "most_of_tenant": most,
        "most_of_technician": most_of_one,
    }
    *live, of_tenant, of_technician = session.execute(statement, known).one()
    return _Live(*live) if live[0] is not None else None, of_tenant, of_technician


def _budget(tenant: Tenant, of_tenant: int, of_technician: int) -> guards.Refusal | None:
    if tenant.sends_per_hour is not None and of_tenant >= tenant.sends_per_hour:
        return guards.Refusal(f"your company's budget of {tenant.sends_per_hour} messages an hour is used up", 0)
    if tenant.technician_sends_per_hour is not None and of_technician >= tenant.technician_sends_per_hour:
        return guards.Refusal(f"your budget of {tenant.technician_sends_per_hour} messages an hour is used up", 0)
    return None


def _sentence(limit: guards.Refusal) -> str:
    reason = limit.reason[:1].upper() + limit.reason[1:]
    if limit.seconds >= 3600:
        return f"{reason}. Possible again in {limit.seconds // 3600 + 1} h."
    if limit.seconds > 90:
        return f"{reason}. Possible again in {-(-limit.seconds // 60)} min."
    if limit.seconds:
        return f"{reason}. Possible again in {limit.seconds} s."
    return f"{reason}."


def check(
    session: Session, *, tenant: Tenant, asker: Asker, verification_id: str, integration_id: int, contact: str,
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
        return Result(verification, refused=_sentence(refusal), changed=False)
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


def of_contact(session: Session, integration_id: int, contact: str, at: datetime) -> list[Verification]:
    """What the contact's rows show: the newest verification of each destination that is live, green or fresh.

    One statement, newest first.
    """
    known = {"integration": integration_id, "contact": contact, "since": at - limits.DAY}
    return list(session.scalars(statements.OF_CONTACT, known))


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
