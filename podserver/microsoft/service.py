"""The clients' Microsoft directories, each found by the PSA's company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.delivery.accounts import BadInput
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.history.service import Entry, Kind, Subject, record


@dataclass(frozen=True, slots=True)
class Company:
    """A client: a company of an integration's PSA. ``ref`` is the PSA's id."""

    integration_id: int
    ref: str
    name: str


def clients(session: Session) -> Sequence[MicrosoftDirectory]:
    """The clients that have a directory here, by name."""
    return session.scalars(
        select(MicrosoftDirectory).order_by(MicrosoftDirectory.company_name, MicrosoftDirectory.id)
    ).all()


def client(session: Session, client_id: int) -> MicrosoftDirectory:
    """One of them, as it stands now. Raises LookupError."""
    statement = select(MicrosoftDirectory).where(MicrosoftDirectory.id == client_id)
    found = session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise LookupError(f"there is no client {client_id}")
    return found


def of_company(session: Session, integration_id: int, company: str) -> MicrosoftDirectory | None:
    """The directory of a company, if it has one here."""
    return session.scalar(
        select(MicrosoftDirectory).where(
            MicrosoftDirectory.integration_id == integration_id, MicrosoftDirectory.company == company
        )
    )


def add(session: Session, company: Company, directory: str, *, actor: str, at: datetime) -> MicrosoftDirectory:
    """Give a company its directory, a GUID. Raises BadInput where it has one."""
    if of_company(session, company.integration_id, company.ref) is not None:
        raise BadInput(f"{company.name} has a directory already.", "company")
    row = MicrosoftDirectory(
        integration_id=company.integration_id,
        company=company.ref,
        company_name=company.name[:160],
        directory=directory,
        changed_at=at,
    )
    session.add(row)
    session.flush()
    note(session, row, {"what": "directory added", "directory": directory}, actor=actor, at=at)
    return row


def remove(session: Session, row: MicrosoftDirectory, *, actor: str, at: datetime) -> None:
    """Forget a client's directory, with its credential."""
    note(session, row, {"what": "directory removed", "directory": row.directory}, actor=actor, at=at)
    session.delete(row)
    session.flush()


def note(
    session: Session,
    row: MicrosoftDirectory,
    detail: dict[str, Any],
    *,
    actor: str,
    at: datetime,
    kind: Kind = Kind.MICROSOFT_CHANGED,
) -> None:
    """Write what was done about a client into the history."""
    subject = Subject(integration_id=row.integration_id, company_name=row.company_name)
    record(session, at, Entry(kind, subject, actor, detail))
