"""The engine: start a verification, judge an answer, take note of deliveries, end what ran out.

Rules only: no HTTP, no PSA, no provider. Every function works inside the caller's transaction, which writes the
verification, its events and its outbox rows together. A final state never changes, and is reached by a
compare-and-set on PENDING, so of any number of parallel answers exactly one succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.database import release, writing
from podserver.delivery import outbox
from podserver.delivery.models import Progress
from podserver.history.service import Entry, Kind, Subject, events_to_add, record
from podserver.security import sealing
from podserver.tenancy import across_tenants, add_rows, bind_tenant, run
from podserver.verification import guards, limits, notes, statements
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Target
from podserver.verification.models import Delivery, Guard, State, Verification

TOPIC = "verification"


@dataclass(frozen=True, slots=True)
class Asker:
    """The technician who acts."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The contact who is verified, and the ticket it is for; ``ticket`` is empty on a contact's screen."""

    integration_id: int
    contact: str
    contact_name: str
    company_name: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a start or a check: the verification as it stands now, and a sentence where it was refused.

    ``outbox`` are rows to nudge a worker for after the commit; ``tries_left`` is set after a wrong code.
    """

    verification: Verification | None
    refused: str = ""
    outbox: tuple[str, ...] = ()
    tries_left: int | None = None
    changed: bool = True


def subject_of(verification: Verification) -> Subject:
    """What an event about this verification says of it."""
    return Subject(
        verification=verification.id,
        integration_id=verification.integration_id,
        ticket=verification.ticket,
        contact=verification.contact,
        contact_name=verification.contact_name,
        company_name=verification.company_name,
        destination=verification.masked,
        method=verification.method,
    )


def start(
    session: Session,
    *,
    tenant: Tenant,
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
    ``again`` (a second click, tab or technician) joins it. ``again`` is the Resend: it ends the live one and sends
    a new code, not before 30 s. ``changed`` is False when nothing was written and the caller should roll back.
    """
    refusal = METHODS[method].refusal(target)
    if refusal:
        return Result(None, refused=refusal, changed=False)
    limit = guards.count_send(
        session, integration_id=caller.integration_id, contact=caller.contact, key=target.key, at=at
    )
    live, of_tenant, of_technician = _live_and_counts(session, tenant, asker, caller, target, request_id, at)
    if live is not None:
        if live.request_id == request_id or (live.expires_at > at and not again):
            return Result(live, changed=False)
        wait = live.created_at + limits.RESEND_AFTER - at
        if live.expires_at > at and wait > timedelta(0):
            return Result(live, refused=f"A resend is possible in {int(wait.total_seconds()) + 1} s.", changed=False)
    limit = limit or _budget(tenant, of_tenant, of_technician)
    if limit is not None:
        entry = Entry(Kind.REFUSED, _subject(caller, target, method), asker.name, {"reason": limit.reason})
        record(session, at, entry)
        return Result(live, refused=_sentence(limit))
    return _begin(session, tenant, asker, caller, target, method, request_id, live, at)


def _begin(
    session: Session,
    tenant: Tenant,
    asker: Asker,
    caller: Caller,
    target: Target,
    method: str,
    request_id: str,
    live: Verification | None,
    at: datetime,
) -> Result:
    life = min(timedelta(minutes=tenant.minutes_alive), limits.LONGEST_LIFE)
    verification_id = sealing.random_id()
    challenge = METHODS[method].challenge(
        hash_key=tenant.hash_key,
        verification=verification_id,
        msp=tenant.name,
        target=target,
        life=int(life.total_seconds()),
    )
    entries = []
    if live is not None:
        over = live.expires_at <= at
        _end(session, live, State.EXPIRED if over else State.SUPERSEDED, "" if over else "a new code was sent", at)
        entries.append(Entry(Kind.EXPIRED if over else Kind.SUPERSEDED, subject_of(live), asker.name))
    values: dict[str, object] = {
        "id": verification_id,
        "tenant_id": tenant.id,
        "integration_id": caller.integration_id,
        "contact": caller.contact,
        "contact_name": caller.contact_name,
        "company_name": caller.company_name,
        "ticket": caller.ticket,
        "destination_key": target.key,
        "masked": target.masked,
        "method": method,
        "state": State.PENDING,
        "reason": "",
        "delivery": Delivery.QUEUED,
        "delivery_at": at,
        "proof_hash": challenge.proof_hash,
        "wrong_guesses": 0,
        "user_id": asker.user_id,
        "technician": asker.name,
        "request_id": request_id,
        "last_check": "",
        "created_at": at,
        "expires_at": at + life,
    }
    verification = Verification(**values, ended_at=None, green_until=None)
    entries.append(Entry(Kind.REQUESTED, subject_of(verification), asker.name))
    row_id, row = outbox.row_to_add(
        channel=challenge.channel, topic=TOPIC, subject=verification_id, payload=challenge.payload, at=at
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


def _live_and_counts(
    session: Session, tenant: Tenant, asker: Asker, caller: Caller, target: Target, request_id: str, at: datetime
) -> tuple[Verification | None, int, int]:
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
    live, of_tenant, of_technician = session.execute(statement, known).one()
    return live, of_tenant, of_technician


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
        return f"{reason}. Possible again in {limit.seconds // 60 + 1} min."
    if limit.seconds:
        return f"{reason}. Possible again in {limit.seconds} s."
    return f"{reason}."


def check(
    session: Session, *, tenant: Tenant, asker: Asker, verification_id: str, integration_id: int, contact: str,
    answer: str, request_id: str, at: datetime,
) -> Result:  # fmt: skip
    """Judge an answer.

    The same ``request_id`` is the same check: its first judgement stands, and no second guess is counted. Raises
    LookupError where the contact has no such verification, ValueError with a sentence where the answer cannot be
    one.
    """
    found = _lock_guards(session, verification_id, integration_id, contact)
    if found is None:
        raise LookupError("no such verification")
    verification, contact_row, destination = found
    method = METHODS[verification.method]
    answer = method.clean(answer)
    if verification.last_check == request_id:
        left = None if verification.state != State.PENDING else limits.GUESSES - destination.failures
        return Result(verification, tries_left=left, changed=False)
    if verification.state != State.PENDING:
        return _too_late(session, verification, asker, at)
    if verification.expires_at <= at:
        return _finish(session, verification, State.EXPIRED, Kind.EXPIRED, "", asker.name, at)
    refusal = guards.judge_guess(contact_row, destination, at)
    if refusal is not None:
        return Result(verification, refused=_sentence(refusal), changed=False)
    right = method.accepts(
        hash_key=tenant.hash_key, verification=verification.id, proof_hash=verification.proof_hash, answer=answer
    )
    if right:
        return _accept(session, tenant, verification, destination, asker, request_id, at)
    return _reject(session, verification, contact_row, destination, asker, request_id, at)


def _lock_guards(
    session: Session, verification_id: str, integration_id: int, contact: str
) -> tuple[Verification, Guard, Guard] | None:
    known = {"verification": verification_id, "integration": integration_id, "contact": contact}
    rows = list(session.execute(statements.WITH_GUARDS, known))
    if len(rows) != 2:
        return None
    return rows[0][0], rows[0][1], rows[1][1]


def _accept(
    session: Session,
    tenant: Tenant,
    verification: Verification,
    destination: Guard,
    asker: Asker,
    request_id: str,
    at: datetime,
) -> Result:
    green_until = at + timedelta(minutes=tenant.minutes_green)
    result = _finish(
        session, verification, State.VERIFIED, Kind.VERIFIED, "", asker.name, at,
        green_until=green_until, last_check=request_id,
    )  # fmt: skip
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
        return _finish(
            session, verification, State.LOCKED, Kind.LOCKED, "too many wrong codes", asker.name, at,
            last_check=request_id, before=wrong, one_more_wrong=True,
        )  # fmt: skip
    counted = _cas(session, verification, one_more_wrong=True, last_check=request_id)
    record(session, at, wrong)
    if not counted:
        session.refresh(verification)
        return Result(verification, refused=_ended_sentence(verification))
    fresh = _changed(session, verification, last_check=request_id, wrong_guesses=verification.wrong_guesses + 1)
    return Result(fresh, tries_left=left)


def _too_late(session: Session, verification: Verification, asker: Asker, at: datetime) -> Result:
    if verification.state == State.VERIFIED:
        return Result(verification, changed=False)
    record(session, at, Entry(Kind.LATE_PROOF, subject_of(verification), asker.name, {"state": verification.state}))
    return Result(verification, refused=_ended_sentence(verification))


def _ended_sentence(verification: Verification) -> str:
    return {
        State.VERIFIED: "",
        State.EXPIRED: "This code has expired. Send a new one.",
        State.SUPERSEDED: "A newer code was sent. Ask for the newest one.",
        State.LOCKED: "Too many wrong codes.",
        State.CANCELLED: "This request was cancelled.",
        State.FAILED: "The message was not delivered.",
        State.DENIED: "The caller's contact said they did not ask for this.",
    }.get(verification.state, "")


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
    return _finish(session, verification, State.CANCELLED, Kind.CANCELLED, "", asker.name, at)


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
                rows += _finish(session, verification, State.EXPIRED, Kind.EXPIRED, "", "", at).outbox
    return rows


def _finish(
    session: Session,
    verification: Verification,
    state: State,
    kind: Kind,
    reason: str,
    actor: str,
    at: datetime,
    *,
    green_until: datetime | None = None,
    last_check: str = "",
    before: Entry | None = None,
    one_more_wrong: bool = False,
) -> Result:
    """Reach a final state, with its event and the ticket's note in the same transaction."""
    values: dict[str, object] = {"state": state, "reason": reason, "ended_at": at, "green_until": green_until}
    if last_check:
        values["last_check"] = last_check
    if not _cas(session, verification, one_more_wrong=one_more_wrong, **values):
        # Somebody else ended it while this transaction waited; what is in the row now is the truth.
        if before is not None:
            record(session, at, before)
        session.refresh(verification)
        return Result(verification, refused=_ended_sentence(verification), changed=before is not None)
    if one_more_wrong:
        values["wrong_guesses"] = verification.wrong_guesses + 1
    ended = _changed(session, verification, **values)
    entries = [before] if before is not None else []
    entries.append(Entry(kind, subject_of(ended), actor, {"reason": reason} if reason else None))
    note = notes.final_note(ended, actor, at)
    add_rows(session, events_to_add(at, *entries), *([note[1]] if note else []))
    return Result(ended, refused=_ended_sentence(ended) if state == State.EXPIRED and actor else "",
                  outbox=(note[0],) if note else ())  # fmt: skip


def _end(session: Session, verification: Verification, state: State, reason: str, at: datetime) -> None:
    _cas(session, verification, state=state, reason=reason, ended_at=at)


def _cas(session: Session, verification: Verification, *, one_more_wrong: bool = False, **values: object) -> bool:
    """Change a verification only while it is pending; tell whether it was."""
    statement = statements.change_pending(frozenset(values), one_more_wrong=one_more_wrong)
    known = {f"new_{name}": value for name, value in values.items()}
    return run(session, statement, {"which": verification.id, **known}).rowcount == 1


def _changed(session: Session, verification: Verification, **values: object) -> Verification:
    """The row as it now stands, without reading it again; it leaves the session, so that nothing is written twice."""
    session.expunge(verification)
    for name, value in values.items():
        setattr(verification, name, value)
    return verification


_DELIVERIES = {
    "accepted": Delivery.ACCEPTED,
    "scheduled": Delivery.ACCEPTED,
    "queued": Delivery.ACCEPTED,
    "sending": Delivery.ACCEPTED,
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.UNDELIVERED,
    "canceled": Delivery.UNDELIVERED,
}
_EVENTS = {
    Delivery.ACCEPTED: Kind.SENT,
    Delivery.DELIVERED: Kind.DELIVERED,
    Delivery.UNDELIVERED: Kind.UNDELIVERED,
    Delivery.UNKNOWN: Kind.DELIVERY_UNKNOWN,
}


class DeliveryTopic:
    """The engine's ear at the outbox."""

    def wanted(self, session: Session, subject: str, at: datetime) -> bool:
        """A message goes out only for a challenge that is still live."""
        found = session.execute(
            select(Verification.state, Verification.expires_at).where(Verification.id == subject)
        ).one_or_none()
        return found is not None and found.state == State.PENDING and found.expires_at > at

    def report(self, session: Session, report: outbox.Report) -> None:
        """Take note of how far the message is; a message that cannot arrive ends the verification."""
        verification = session.scalar(select(Verification).where(Verification.id == report.subject).with_for_update())
        if verification is None:
            return
        delivery = _delivery(report)
        if delivery is None or delivery == verification.delivery:
            return
        verification.delivery = delivery
        verification.delivery_at = report.at
        kind = _EVENTS.get(delivery)
        if kind is not None:
            detail = {"reason": report.reason, "code": report.code} if report.reason else None
            record(session, report.at, Entry(kind, subject_of(verification), "", detail))
        session.flush()
        if delivery == Delivery.UNDELIVERED and verification.state == State.PENDING:
            _finish(session, verification, State.FAILED, Kind.FAILED, report.reason, "", report.at)


def _delivery(report: outbox.Report) -> Delivery | None:
    if report.progress == Progress.FAILED:
        return Delivery.UNDELIVERED
    if report.progress == Progress.UNKNOWN:
        return Delivery.UNKNOWN
    if report.progress == Progress.DONE:
        return _DELIVERIES.get(report.status, Delivery.ACCEPTED)
    return None


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
