"""The tenant's policies: the default, what each client changes of it, and every change in the history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.history.service import Entry, Kind, Subject, record
from podserver.policies.models import PolicyRow
from podserver.policies.policy import DEFAULT, SETTINGS, Policy, as_settings, clean, effective
from podserver.verification.methods import NAMES


@dataclass(frozen=True, slots=True)
class Client:
    """Whose policy: a company of an integration, or, with neither, the tenant's default."""

    integration_id: int | None = None
    company: str = ""
    company_name: str = ""

    @property
    def is_default(self) -> bool:
        """Whether this is the tenant's default."""
        return self.integration_id is None


EVERYBODY = Client()


def row_of(session: Session, client: Client) -> PolicyRow | None:
    """What is stored for a client, or for everybody."""
    return session.scalar(
        select(PolicyRow).where(
            PolicyRow.integration_id == client.integration_id
            if client.integration_id is not None
            else PolicyRow.integration_id.is_(None),
            PolicyRow.company == client.company,
        )
    )


def policy_for(session: Session, client: Client) -> Policy:
    """The policy that counts for a client."""
    default = row_of(session, EVERYBODY)
    own = None if client.is_default else row_of(session, client)
    return effective(default.settings if default else None, own.settings if own else None)


def save(session: Session, client: Client, said: Mapping[str, Any], *, actor: str, at: datetime) -> PolicyRow | None:
    """Store what is set for a client, in place of what was set before. Raises BadPolicy.

    For the tenant's default every setting that is not said falls back to podserver's own. A client for whom nothing
    is set has no row, and None is returned. A change is recorded with before and after.
    """
    wanted = clean(said, NAMES)
    row = row_of(session, client)
    before = json.loads(row.settings) if row else {}
    if client.is_default:
        wanted = {name: value for name, value in wanted.items() if value != as_settings(DEFAULT)[name]}
    if wanted == before and (row is not None or not wanted):
        return row
    if not wanted and row is not None and not client.is_default:
        session.delete(row)
        row = None
    else:
        row = row or PolicyRow(integration_id=client.integration_id, company=client.company, version=0)
        row.settings = json.dumps(wanted, sort_keys=True)
        row.company_name = client.company_name or row.company_name or ""
        row.version += 1
        row.changed_at, row.changed_by = at, actor
        session.add(row)
    session.flush()
    changed = sorted(name for name in SETTINGS if before.get(name) != wanted.get(name))
    whose = client.company_name or client.company or "every client"
    detail = {
        "policy": whose,
        "before": {name: before.get(name, "as the default") for name in changed},
        "after": {name: wanted.get(name, "as the default") for name in changed},
    }
    subject = Subject(integration_id=client.integration_id, company_name=client.company_name)
    record(session, at, Entry(Kind.POLICY_CHANGED, subject, actor, detail))
    return row


def clients(session: Session, name_contains: str = "") -> list[PolicyRow]:
    """The clients that have a policy of their own, by name."""
    statement = select(PolicyRow).where(PolicyRow.integration_id.is_not(None)).order_by(PolicyRow.company_name)
    rows = list(session.scalars(statement))
    wanted = name_contains.strip().casefold()
    return [row for row in rows if wanted in row.company_name.casefold()] if wanted else rows
