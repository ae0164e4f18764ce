"""Contacts that are locked, for wrong codes or because they did not ask: who they are, and how a person lifts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from podserver.history.service import Entry, Kind, Subject, record
from podserver.verification.models import Guard, Verification

_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class LockedContact:
    """A contact with a lock on at least one destination; ``reason`` says all of their reasons, ``until`` when the
    longest ends, None where only an admin lifts it."""

    integration_id: int
    contact: str
    name: str
    company: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock of a contact. ``destination_key`` is empty where it is the contact's as a whole; ``until`` is None
    where only an admin lifts it."""

    destination_key: str
    reason: str
    until: datetime | None


def locks_of(session: Session, integration_id: int, contact: str, at: datetime) -> list[Lock]:
    """The locks of one contact that hold now."""
    guards = session.scalars(
        select(Guard).where(Guard.integration_id == integration_id, Guard.contact == contact, Guard.locked_until > at)
    )
    return [Lock(guard.destination_key, guard.lock_reason, _until(guard)) for guard in guards]


def locked_contacts(session: Session, at: datetime) -> list[LockedContact]:
    """The tenant's contacts that nobody can verify now, the longest lock of each, soonest to end last."""
    guards = session.scalars(
        select(Guard).where(Guard.locked_until > at).order_by(Guard.locked_until.desc()).limit(_MOST)
    )
    of_contact: dict[tuple[int, str], list[Guard]] = {}
    for guard in guards:
        of_contact.setdefault((guard.integration_id, guard.contact), []).append(guard)
    names = _names(session, [contact for _integration, contact in of_contact])
    found = []
    for key, locks in of_contact.items():
        name, company = names.get(key, (f"Contact {key[1]}", ""))
        # A short lock may say more than a long one: that the contact did not ask is never left out.
        reasons = ", ".join(dict.fromkeys(guard.lock_reason for guard in locks))
        found.append(LockedContact(*key, name, company, reasons, _until(locks[0])))
    return found


def _until(guard: Guard) -> datetime | None:
    """When a lock ends by itself; None where it does not."""
    return guard.locked_until if guard.locked_until is not None and guard.locked_until.year < 9999 else None


def _names(session: Session, contacts: list[str]) -> dict[tuple[int, str], tuple[str, str]]:
    """The names under which contacts were last verified."""
    if not contacts:
        return {}
    who = (Verification.integration_id, Verification.contact, Verification.contact_name, Verification.company_name)
    rows = session.execute(
        select(*who)
        .where(Verification.contact.in_(contacts))
        .group_by(*who)
        .order_by(func.max(Verification.created_at))
    )
    return {(row.integration_id, row.contact): (row.contact_name, row.company_name) for row in rows}


def unlock(session: Session, *, contact: str, integration_id: int, actor: str, at: datetime) -> int:
    """Lift every lock of a contact and clear its failures; return how many rows were locked."""
    locked = session.scalars(
        select(Guard).where(Guard.integration_id == integration_id, Guard.contact == contact)
    ).all()
    count = sum(1 for guard in locked if guard.locked_until is not None and guard.locked_until > at)
    for guard in locked:
        guard.locked_until, guard.lock_reason, guard.next_guess_at = None, "", None
        guard.failures = guard.day_failures = guard.month_failures = 0
    record(session, at, Entry(Kind.UNLOCKED, Subject(integration_id=integration_id, contact=contact), actor))
    return count
