"""What a pod shows: the record and the caller.

The PSA is asked at most twice for a cold pod and not at all for a warm one; while it is down, a record that is not
older than the tenant allows still serves, with a warning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from connectors.base import Company, Connector, Contact, NotFound, PsaError, Ticket
from podserver.accounts.models import Msp
from podserver.database import release, writing
from podserver.pod.models import PsaRecord
from podserver.pod.reaching import contact_from, seen_to_keep, targets
from podserver.tenancy import tenant_upsert
from podserver.verification import sightings

FRESH = timedelta(minutes=2)
SCREENS = ("ticket", "contact")
# SuperOps has 19.
_LONGEST_ID = 20


class BadRecord(ValueError):
    """The record that a pod was opened on cannot be one."""


class ContactGone(NotFound):
    """The PSA knows this contact no more: deleted, or merged into another one."""

    def __init__(self, message: str, contact: str) -> None:
        super().__init__(message)
        self.contact = contact


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of the record: the ticket (None on a contact's screen), the caller (None where the ticket has
    no contact), since when, and why it is not fresher."""

    ticket: Ticket | None
    contact: Contact | None
    as_of: datetime
    warning: str = ""


def record_key(screen: str, record_id: str) -> str:
    """``ticket:48213`` or ``contact:77``. Raises BadRecord for anything else."""
    screen = {"service": "ticket", "serviceticket": "ticket"}.get(screen.casefold(), screen.casefold())
    if screen not in SCREENS:
        raise BadRecord("This screen has no pod. Put the pod on the Service Ticket or the Contact screen.")
    if not record_id.isascii() or not record_id.isdigit() or len(record_id) > _LONGEST_ID:
        raise BadRecord("The PSA did not say which record this is. Save a new ticket first, then reload.")
    return f"{screen}:{record_id}"


def ticket_of(record: str) -> str:
    """The ticket's number where the record is a ticket, else empty."""
    return record.removeprefix("ticket:") if record.startswith("ticket:") else ""


def called(ticket: Ticket | None) -> str:
    """What people call a ticket, at most 40 characters of one line; empty where that is its id, or cannot be said."""
    number = ticket.number if ticket else ""
    return number if len(number) <= 40 and number.isprintable() else ""


def load(
    session: Session,
    connector: Connector,
    *,
    tenant: Msp,
    integration_id: int,
    record: str,
    contact: str,
    at: datetime,
    anew: bool = False,
) -> Shown:
    """What the pod shows of a record; ``contact`` is the chosen one, empty for the record's own.

    ``anew`` asks the PSA even where its last answer is fresh, because somebody has just changed the record there.
    Raises PsaError where the PSA does not answer and nothing young enough is kept, ContactGone where it is the contact
    that it does not know.
    """
    fresh = timedelta(0) if anew else FRESH
    psa = _Psa(session, connector, tenant, integration_id, at, fresh)
    ticket_ref = ticket_of(record)
    ticket = psa.ticket(ticket_ref) if ticket_ref else None
    contact_ref = contact or (ticket.contact_ref if ticket else record.removeprefix("contact:"))
    person = psa.contact(contact_ref) if contact_ref else None
    if person is not None and person.company is None and ticket is not None:
        person = replace(person, company=ticket.company)
    return Shown(ticket, person, psa.as_of, psa.warning)


def colleagues(
    session: Session, connector: Connector, *, tenant: Msp, integration_id: int, company: str, at: datetime
) -> Sequence[Contact]:
    """The company's active contacts, asked of the PSA or kept. Raises PsaError."""
    psa = _Psa(session, connector, tenant, integration_id, at)
    return psa.contacts(company)


class _Psa:
    """The PSA behind its kept answers. Holds no transaction while it waits for the PSA."""

    def __init__(
        self,
        session: Session,
        connector: Connector,
        tenant: Msp,
        integration_id: int,
        at: datetime,
        fresh: timedelta = FRESH,
    ) -> None:
        self._session = session
        self._connector = connector
        self._tenant = tenant
        self._integration_id = integration_id
        self._at = at
        self._oldest = timedelta(minutes=tenant.minutes_cached)
        self._fresh = fresh
        self.as_of = at
        self.warning = ""

    def ticket(self, ref: str) -> Ticket:
        return _ticket(self._kept(f"ticket:{ref}", lambda: asdict(self._connector.ticket(ref))))

    def contact(self, ref: str) -> Contact:
        try:
            return contact_from(self._kept(f"contact:{ref}", lambda: self._seen(self._connector.contact(ref))))
        except NotFound as error:
            raise ContactGone(str(error), ref) from None

    def contacts(self, company: str) -> list[Contact]:
        kept = self._kept(f"company:{company}", lambda: self._seen_all(self._connector.contacts(company)))
        return [contact_from(each) for each in kept["contacts"]]

    def _seen(self, contact: Contact) -> dict[str, Any]:
        """The contact in the form that is kept, with what is remembered of their numbers and addresses."""
        self._take_note([contact])
        seen = sightings.look_back(self._session, integration_id=self._integration_id, contact=contact.ref)
        release(self._session)
        return {**asdict(contact), "seen": seen_to_keep(seen)}

    def _seen_all(self, contacts: Sequence[Contact]) -> dict[str, Any]:
        self._take_note(contacts)
        return {"contacts": [asdict(contact) for contact in contacts]}

    def _take_note(self, contacts: Sequence[Contact]) -> None:
        people = {
            contact.ref: [
                each.target for each in targets(contact, tenant=self._tenant, integration_id=self._integration_id)
            ]
            for contact in contacts
        }
        sightings.take_note(
            self._session,
            hash_key=self._tenant.hash_key,
            integration_id=self._integration_id,
            people=people,
            at=self._at,
        )

    def _kept(self, key: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        row = self._session.execute(
            select(PsaRecord.payload, PsaRecord.fetched_at).where(
                PsaRecord.integration_id == self._integration_id, PsaRecord.key == key
            )
        ).one_or_none()
        release(self._session)
        if row is not None and row.fetched_at > self._at - self._fresh:
            self.as_of = min(self.as_of, row.fetched_at)
            return _json(row.payload)
        try:
            fresh = ask()
        except NotFound:
            raise
        except PsaError as error:
            if error.permanent or row is None or row.fetched_at <= self._at - self._oldest:
                raise
            self.as_of = min(self.as_of, row.fetched_at)
            minutes = max(1, round((self._at - row.fetched_at).total_seconds() / 60))
            self.warning = f"{error} Details are from {minutes} min ago."
            return _json(row.payload)
        payload = json.dumps(fresh, default=lambda each: each.value)
        keep(self._session, self._integration_id, key, payload, self._at)
        return _json(payload)


def keep(session: Session, integration_id: int, key: str, payload: str, at: datetime) -> None:
    """Keep the PSA's answer about a record, in a transaction of its own."""
    with writing(session):
        statement = tenant_upsert(
            session, PsaRecord, [{"integration_id": integration_id, "key": key, "payload": payload, "fetched_at": at}]
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "integration_id", "key"],
                set_={"payload": statement.excluded.payload, "fetched_at": at},
            )
        )


def forget_contact(session: Session, integration_id: int, contact: str) -> None:
    """Forget what the PSA said of a contact, in the caller's transaction: pods that show them say so, and are done."""
    session.execute(
        delete(PsaRecord)
        .where(PsaRecord.integration_id == integration_id, PsaRecord.key == f"contact:{contact}")
        .execution_options(synchronize_session=False)
    )


def _json(payload: str) -> dict[str, Any]:
    value = json.loads(payload)
    assert isinstance(value, dict)
    return value


def _company(said: dict[str, Any] | None) -> Company | None:
    return Company(**said) if said else None


def _ticket(said: dict[str, Any]) -> Ticket:
    return Ticket(**{**said, "company": _company(said["company"])})


def client_of(session: Session, integration_id: int, record: str) -> str:
    """The PSA's id of the client that a ticket is for, as it was last told; empty where none is kept.

    Somebody who works for several clients belongs to none of them: the ticket says for whom they call.
    """
    if not ticket_of(record):
        return ""
    payload = session.scalar(
        select(PsaRecord.payload).where(PsaRecord.integration_id == integration_id, PsaRecord.key == record)
    )
    client = _json(payload)["company"] if payload else None
    return str(client["ref"])[:40] if client else ""


def summary_of(session: Session, integration_id: int, record: str) -> str:
    """The ticket's line as the PSA last told it; empty where the record is no ticket or nothing is kept."""
    if not ticket_of(record):
        return ""
    payload = session.scalar(
        select(PsaRecord.payload).where(PsaRecord.integration_id == integration_id, PsaRecord.key == record)
    )
    return str(_json(payload)["summary"])[:160] if payload else ""
