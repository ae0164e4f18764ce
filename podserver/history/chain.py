"""The chain: each event's digest holds the digest of the one before, and signatures pin it down.

Requests only append events. The sealer, in the worker, gives committed events their places within a second, so
that no request ever waits for the chain. Order is the sealer's: a place, once given, never changes.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from podserver.database import release, writing
from podserver.history.models import HistoryCheckpoint, HistoryEvent, HistoryKey, HistorySeal
from podserver.logs import logger
from podserver.tenancy import across_tenants, bind_tenant, bound_tenant

log = logger(__name__)

GENESIS = "0" * 64
CHECKPOINT_EVERY = 1000
CHECKPOINT_AFTER = timedelta(hours=1)
LAG_WORTH_A_WARNING = timedelta(seconds=5)
# No transaction stays open while this many events commit after it.
_LOOK_BACK = 5000


def canonical(value: Any) -> bytes:
    """The one way a value is written down for hashing: sorted keys, no spaces, plain ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def content(event: HistoryEvent) -> dict[str, Any]:
    """What an event says, as it is hashed and exported."""
    return {
        "id": event.id,
        "at": event.at.isoformat(timespec="microseconds"),
        "kind": event.kind,
        "actor": event.actor,
        "verification": event.verification,
        "integration": event.integration_id,
        "ticket": event.ticket,
        "contact": event.contact,
        "contact_name": event.contact_name,
        "company_name": event.company_name,
        "destination": event.destination,
        "method": event.method,
        "detail": event.detail,
    }


def digest(previous: str, position: int, said: dict[str, Any]) -> str:
    """The digest of one place in the chain, hex."""
    return sha256(canonical({"previous": previous, "position": position, "event": said})).hexdigest()


def create_key(session: Session, at: datetime) -> HistoryKey:
    """Make the tenant's signing key. The public half is raw Ed25519, URL-safe base64 without padding."""
    private = Ed25519PrivateKey.generate()
    key = HistoryKey(
        public=encode(private.public_key().public_bytes_raw()),
        private=encode(private.private_bytes_raw()),
        created_at=at,
    )
    session.add(key)
    return key


def encode(raw: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The bytes behind URL-safe base64 without padding, in the one spelling that there is. Raises ValueError."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(raw) != text:
        # The last letter has bits to spare; a second spelling of the same bytes would be a change nobody sees.
        raise ValueError("not the canonical spelling")
    return raw


def signing_key(session: Session) -> tuple[Ed25519PrivateKey, str]:
    """The bound tenant's private key, and its public half as text."""
    key = session.scalars(select(HistoryKey)).one()
    return Ed25519PrivateKey.from_private_bytes(decode(key.private)), key.public


def seal_pending(session: Session, at: datetime, batch: int = 500, *, whole: bool = False) -> timedelta:
    """Give committed events of every tenant their places, oldest first; return how far the chain lags.

    Events commit out of the order of their ids, so some way back from the newest seal is looked at each time, and
    with ``whole`` everything. Two sealers may run at once: the second to write a place fails on the unique key and
    leaves it to the first.
    """
    with across_tenants(session):
        newest = session.scalar(select(func.max(HistorySeal.event_id))) or 0
        floor = 0 if whole else max(0, newest - _LOOK_BACK)
        waiting = session.execute(
            select(HistoryEvent.tenant_id, func.min(HistoryEvent.at))
            .outerjoin(HistorySeal, HistorySeal.event_id == HistoryEvent.id)
            .where(HistoryEvent.id > floor, HistorySeal.event_id.is_(None))
            .group_by(HistoryEvent.tenant_id)
        ).all()
        release(session)
    for tenant_id, _oldest in waiting:
        bind_tenant(session, tenant_id)
        try:
            while _seal_batch(session, at, batch, floor) == batch:
                pass
        except IntegrityError:
            log.info("history.another_sealer", tenant=tenant_id)
    lag = max((at - oldest for _tenant, oldest in waiting), default=timedelta(0))
    if lag > LAG_WORTH_A_WARNING:
        log.warning("history.sealer_lags", seconds=lag.total_seconds())
    return lag


def _seal_batch(session: Session, at: datetime, batch: int, floor: int) -> int:
    with writing(session):
        events = session.scalars(
            select(HistoryEvent)
            .outerjoin(HistorySeal, HistorySeal.event_id == HistoryEvent.id)
            .where(HistoryEvent.id > floor, HistorySeal.event_id.is_(None))
            .order_by(HistoryEvent.id)
            .limit(batch)
        ).all()
        if not events:
            return 0
        position, previous = _head(session)
        rows = []
        for event in events:
            position += 1
            here = digest(previous, position, content(event))
            rows.append(
                {
                    "event_id": event.id,
                    "tenant_id": event.tenant_id,
                    "position": position,
                    "previous": previous,
                    "digest": here,
                }
            )
            previous = here
        session.execute(insert(HistorySeal).execution_options(podserver_tenant_rows=True), rows)
        if _checkpoint_is_due(session, position, at):
            sign(session, position, previous, at)
    session.expunge_all()
    return len(events)


def _head(session: Session) -> tuple[int, str]:
    last = session.execute(
        select(HistorySeal.position, HistorySeal.digest).order_by(HistorySeal.position.desc()).limit(1)
    ).one_or_none()
    return (last.position, last.digest) if last else (0, GENESIS)


def _checkpoint_is_due(session: Session, position: int, at: datetime) -> bool:
    last = session.execute(
        select(HistoryCheckpoint.position, HistoryCheckpoint.at).order_by(HistoryCheckpoint.position.desc()).limit(1)
    ).one_or_none()
    if last is None:
        return True
    return position - last.position >= CHECKPOINT_EVERY or at - last.at >= CHECKPOINT_AFTER


def sign(session: Session, position: int, head: str, at: datetime) -> HistoryCheckpoint:
    """Sign the chain up to a position, in the caller's transaction."""
    private, _public = signing_key(session)
    said = checkpoint_content(bound_tenant(session), position, head, at)
    checkpoint = HistoryCheckpoint(
        position=position, digest=head, at=at, signature=encode(private.sign(canonical(said)))
    )
    session.add(checkpoint)
    session.flush()
    return checkpoint


def checkpoint_content(tenant_id: int, position: int, head: str, at: datetime) -> dict[str, Any]:
    """What a checkpoint's signature covers."""
    return {
        "purpose": "podserver checkpoint",
        "tenant": tenant_id,
        "position": position,
        "digest": head,
        "at": at.isoformat(timespec="microseconds"),
    }
