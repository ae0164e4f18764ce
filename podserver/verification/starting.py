"""The engine's beginning: start a verification, join the one that is running, or send a new one in its place.

Like ``service.py``, it works inside the caller's transaction and knows no HTTP, no PSA and no provider.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from podserver.accounts.models import Msp
from podserver.branding.letters import Letterhead
from podserver.delivery import outbox
from podserver.history.service import Entry, Kind, Subject, events_to_add, record
from podserver.policies import policy as policies
from podserver.policies.policy import Policy
from podserver.security import sealing
from podserver.tenancy import add_rows, look, run
from podserver.verification import guards, limits, offers, statements
from podserver.verification.asking import Asker, Caller
from podserver.verification.deliveries import TOPIC
from podserver.verification.ending import Result, end_older, subject_of
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Ask, Target
from podserver.verification.methods.link import typed_number
from podserver.verification.models import Delivery, State
from podserver.verification.snapshot import Snapshot, snapshot
from podserver.verification.strength import Claim


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds a start: the MSP, the client's policy, where our pages are, and what its letters look like.

    ``letterhead`` is called only by methods that write letters.
    """

    tenant: Msp
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
    limit, live, of_tenant, of_technician = _count_and_look(session, tenant, asker, caller, target, request_id, at)
    if live is not None:
        if live.request_id == request_id or (live.expires_at > at and not again):
            return Result(snapshot(session, live.id), changed=False)
        wait = live.created_at + limits.RESEND_AFTER - at
        if live.expires_at > at and wait > timedelta(0):
            refused = f"A resend is possible in {int(wait.total_seconds()) + 1} s."
            return Result(snapshot(session, live.id), refused=refused, changed=False)
    limit = limit or _budget(tenant, of_tenant, of_technician)
    if limit is not None:
        entry = Entry(Kind.REFUSED, _subject(caller, target, method), asker.name, {"reason": limit.reason})
        record(session, at, entry)
        return Result(snapshot(session, live.id) if live is not None else None, refused=guards.sentence(limit))
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
    row = row_to_begin(
        verification_id, asker, caller, target, method_name, claim, policy, request_id, at,
        proof_hash=challenge.proof_hash,
        link_hash=challenge.link_hash,
        marked=bool(marks),
        digits=digits,
        summary=caller.summary if method.proof.on_our_page else None,
        expires_at=at + life,
    )  # fmt: skip
    begun = Snapshot.of(row)
    entries.append(Entry(Kind.REQUESTED, subject_of(begun), asker.name, {"marks": marks} if marks else None))
    message_id, message = outbox.row_to_add(
        channel=challenge.channel, topic=TOPIC, subject=verification_id, payload=dict(challenge.payload), at=at
    )
    add_rows(session, (statements.BEGIN, [row]), events_to_add(at, *entries), message)
    return Result(begun, outbox=(message_id,))


def row_to_begin(
    verification_id: str,
    asker: Asker,
    caller: Caller,
    target: Target,
    method: str,
    claim: Claim,
    policy: Policy,
    request_id: str,
    at: datetime,
    **also: Any,
) -> dict[str, Any]:
    """The row of a verification that begins now: pending, with its message still to go out, unless ``also`` says
    otherwise."""
    return {
        "id": verification_id,
        "integration_id": caller.integration_id,
        "contact": caller.contact,
        "contact_name": caller.contact_name,
        "company_name": caller.company_name,
        "ticket": caller.ticket,
        "ticket_ref": caller.ticket_ref,
        "destination_key": target.key,
        "masked": target.masked,
        "method": method,
        "state": State.PENDING,
        "reason": "",
        "delivery": Delivery.QUEUED,
        "delivery_at": at,
        "proof_hash": "",
        "strength": claim.strength,
        "worth": claim.reason,
        "marked": False,
        "digits": False,
        "terms": policies.terms_of(policy),
        "alarm": False,
        "wrong_guesses": 0,
        "user_id": asker.user_id,
        "technician": asker.name,
        "request_id": request_id,
        "last_check": "",
        "created_at": at,
        "expires_at": at,
        **also,
    }


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


def _count_and_look(
    session: Session, tenant: Msp, asker: Asker, caller: Caller, target: Target, request_id: str, at: datetime
) -> tuple[guards.Refusal | None, _Live | None, int, int]:
    """Count a send, whereby whoever else starts at this contact waits; then find the challenge that is live on the
    destination or has this request id, and the sends of the last hour, of the tenant and of the technician."""
    most, most_of_one = tenant.sends_per_hour, tenant.technician_sends_per_hour
    counted = {"of_tenant": most is not None, "of_technician": most_of_one is not None}
    to_count = guards.to_count_send(integration_id=caller.integration_id, contact=caller.contact, key=target.key, at=at)
    to_look = {
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
    dialect = session.get_bind().dialect.name
    found: tuple[Any, ...] = ()
    if dialect == "postgresql":
        rows = look(session, statements.count_and_look(**counted), {**to_look, **to_count}).all()
        both: dict[str, guards.Sends] = {}
        width = len(guards.Sends._fields)
        for sends_before, start_before, *rest in map(tuple, rows):
            one = guards.Sends._make(rest[:width])
            # More rows of the same guard tell of more verifications; the first is the one that counts.
            if one.destination_key in both:
                continue
            both[one.destination_key] = one
            if one.destination_key == target.key and not guards.overtaken(one, sends_before, start_before, at):
                found = tuple(rest[width:])
    else:
        rows = run(session, statements.count_send(dialect), to_count).all()
        both = {row[0]: guards.Sends._make(row) for row in rows}
    if not found:
        # Whoever was before may have sent something that the statement did not see yet.
        found = tuple(look(session, statements.live_and_counts(**counted), to_look).one())
    live = found[: len(_Live._fields)]
    return (
        guards.judge_send(both[""], both[target.key], at),
        _Live(*live) if live[0] is not None else None,
        found[-2],
        found[-1],
    )


def _budget(tenant: Msp, of_tenant: int, of_technician: int) -> guards.Refusal | None:
    if tenant.sends_per_hour is not None and of_tenant >= tenant.sends_per_hour:
        return guards.Refusal(f"your company's budget of {tenant.sends_per_hour} messages an hour is used up", 0)
    if tenant.technician_sends_per_hour is not None and of_technician >= tenant.technician_sends_per_hour:
        return guards.Refusal(f"your budget of {tenant.technician_sends_per_hour} messages an hour is used up", 0)
    return None
