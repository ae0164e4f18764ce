"""The tenant's policies: the default, what each client changes of it, and every change in the history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.history.service import Entry, Kind, Subject, record
from podserver.policies.cautions import risk_of
from podserver.policies.models import PolicyRow
from podserver.policies.policy import DEFAULT, SETTINGS, BadPolicy, Policy, as_settings, clean, effective, effective_of
from podserver.security import sealing
from podserver.tenancy import bound_tenant
from podserver.tools import AUTHENTICATOR, tools_of
from podserver.verification.methods import NAMES

AS_THE_DEFAULT = "as the default"


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

    @property
    def key(self) -> str:
        """Names the client within its tenant: ``default`` or ``3:250``."""
        return "default" if self.is_default else f"{self.integration_id}:{self.company}"


EVERYBODY = Client()


class Overtaken(Exception):
    """Somebody else saved the same policy meanwhile; nothing was changed. ``row`` is what is stored now."""

    def __init__(self, row: PolicyRow | None) -> None:
        super().__init__("somebody else saved this policy meanwhile")
        self.row = row


class RiskNotAccepted(BadPolicy):
    """The settings leave a risk that somebody has to accept first; the message is its text."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored for a client and behind it.

    ``own`` is what the client's row sets, None where it has no row; ``default_own`` is what the default's row sets.
    """

    client: Client
    row: PolicyRow | None
    own: Mapping[str, Any] | None
    default_own: Mapping[str, Any]
    default: Policy
    policy: Policy

    @property
    def revision(self) -> str:
        """Names what is stored now; another after each change."""
        return revision(self.row)


def revision(row: PolicyRow | None) -> str:
    """Names the state of a policy: its version and when it was saved, as a row may go and come again."""
    return f"{row.version}.{row.changed_at.timestamp():.6f}" if row is not None else "0"


def row_of(session: Session, client: Client) -> PolicyRow | None:
    """What is stored for a client, or for everybody."""
    return session.scalar(
        select(PolicyRow).where(
            PolicyRow.integration_id == client.integration_id
            if client.integration_id is not None
            else PolicyRow.integration_id.is_(None),
            PolicyRow.company == client.company,
        ),
        # What the session read before it waited for another saver is not what is stored now.
        execution_options={"populate_existing": True},
    )


def policy_for(session: Session, client: Client) -> Policy:
    """The policy that counts for a client."""
    return stored(session, client).policy


def stored(session: Session, client: Client) -> Stored:
    """What is stored for a client, what stands behind it, and what counts."""
    row = row_of(session, client)
    return _stored(client, row, row if client.is_default else row_of(session, EVERYBODY))


def stored_of(session: Session, wanted: Sequence[Client]) -> list[Stored]:
    """The same of many clients, in one statement."""
    rows = session.scalars(select(PolicyRow), execution_options={"populate_existing": True})
    by_key = {client_of(row).key: row for row in rows}
    return [_stored(client, by_key.get(client.key), by_key.get(EVERYBODY.key)) for client in wanted]


def _stored(client: Client, row: PolicyRow | None, behind: PolicyRow | None) -> Stored:
    default = effective(behind.settings if behind else None, None)
    own = own_settings(row) if row else None
    default_own = own_settings(behind) if behind else {}
    policy = default if client.is_default else effective(behind and behind.settings, row and row.settings)
    return Stored(client, row, own, default_own, default, policy)


def ready_for(session: Session, tenant: Tenant, client: Client) -> frozenset[str]:
    """The tools that are set up for a client. What is a client's own matter counts for the default as if it were."""
    if client.is_default:
        return tools_of(tenant) | {AUTHENTICATOR}
    push = session.scalar(
        select(MicrosoftDirectory.push_enabled).where(
            MicrosoftDirectory.integration_id == client.integration_id, MicrosoftDirectory.company == client.company
        )
    )
    return tools_of(tenant) | ({AUTHENTICATOR} if push else frozenset())


def change(
    session: Session,
    client: Client,
    said: Mapping[str, Any],
    *,
    seen: str,
    accepts: bool,
    actor: str,
    at: datetime,
) -> PolicyRow | None:
    """Store what an admin set, if nobody was faster. ``seen`` is the revision that they were shown.

    Raises BadPolicy; Overtaken where somebody else saved since; RiskNotAccepted where the settings of this client
    leave a risk that nobody has accepted yet and ``accepts`` is False.
    """
    lock(session)
    now = stored(session, client)
    if now.revision != seen:
        raise Overtaken(now.row)
    risk = risk_to_accept(now, clean(said, NAMES))
    if risk and not accepts:
        raise RiskNotAccepted(risk, "methods")
    return save(session, client, said, actor=actor, at=at, accepted=risk)


def lock(session: Session) -> None:
    """Make savers of the tenant's policies wait for each other, until the end of the transaction."""
    mine = select(Tenant.id).where(Tenant.id == bound_tenant(session))
    # Not the plain FOR UPDATE: it would stop every row of the tenant that is added meanwhile, verifications too.
    session.execute(mine.with_for_update(key_share=True))


def risk_to_accept(now: Stored, wanted: Mapping[str, Any], default: Policy | None = None) -> str:
    """The risk that comes with settings in place of the stored ones, where nobody has accepted it yet, else empty.

    A client that leaves it all as the default takes the default's risk, which was accepted there. ``default`` is
    the default that is going to count, where it changes too.
    """
    behind = {} if now.client.is_default else as_settings(default or now.default)
    policy = effective_of({**behind, **wanted})
    inherited = not now.client.is_default and not _DECIDES_RISK & set(wanted)
    accepted = now.row.risk if now.row is not None else ""
    risk = "" if inherited else risk_of(policy)
    return "" if risk == accepted else risk


_DECIDES_RISK = {"methods", "minimum_strength", "typed_number"}


def save(
    session: Session, client: Client, said: Mapping[str, Any], *, actor: str, at: datetime, accepted: str = ""
) -> PolicyRow | None:
    """Store what is set for a client, in place of what was set before. Raises BadPolicy.

    For the tenant's default every setting that is not said falls back to podserver's own. A client for whom nothing
    is set has no row, and None is returned. A change is recorded with before and after, and with the text of the
    risk that was accepted with it.
    """
    wanted = clean(said, NAMES)
    row = row_of(session, client)
    before = json.loads(row.settings) if row else {}
    if client.is_default:
        wanted = {name: value for name, value in wanted.items() if value != as_settings(DEFAULT)[name]}
    if wanted == before and (row is not None or not wanted) and not accepted:
        return row
    if not wanted and row is not None and not client.is_default:
        session.delete(row)
        row = None
    else:
        row = row or PolicyRow(integration_id=client.integration_id, company=client.company, version=0)
        row.settings = json.dumps(wanted, sort_keys=True)
        row.company_name = client.company_name[:160] or row.company_name or ""
        row.version += 1
        row.changed_at, row.changed_by = at, actor
        _note_risk(session, client, row, accepted, actor, at)
        session.add(row)
    session.flush()
    _record(session, client, before, wanted, accepted, actor, at)
    return row


def _note_risk(session: Session, client: Client, row: PolicyRow, accepted: str, actor: str, at: datetime) -> None:
    if accepted:
        row.risk, row.risk_accepted_at, row.risk_accepted_by = accepted, at, actor
        return
    behind = None if client.is_default else row_of(session, EVERYBODY)
    if row.risk and risk_of(effective(behind.settings if behind else None, row.settings)) != row.risk:
        row.risk, row.risk_accepted_at, row.risk_accepted_by = "", None, ""


def _record(
    session: Session,
    client: Client,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    accepted: str,
    actor: str,
    at: datetime,
) -> None:
    changed = [name for name in SETTINGS if before.get(name) != after.get(name)]
    unset = as_settings(DEFAULT) if client.is_default else dict.fromkeys(SETTINGS, AS_THE_DEFAULT)
    detail: dict[str, Any] = {
        "policy": client.company_name or client.company or "every client",
        "before": {name: before.get(name, unset[name]) for name in changed},
        "after": {name: after.get(name, unset[name]) for name in changed},
    }
    if accepted:
        detail["accepted risk"] = accepted
    subject = Subject(integration_id=client.integration_id, company_name=client.company_name)
    record(session, at, Entry(Kind.POLICY_CHANGED, subject, actor, detail))


def client_of(row: PolicyRow) -> Client:
    """Whose policy a row is."""
    return Client(row.integration_id, row.company, row.company_name)


def own_settings(row: PolicyRow) -> dict[str, Any]:
    """What a row sets, as far as this release knows the settings."""
    return {name: value for name, value in json.loads(row.settings).items() if name in SETTINGS}


def clients(session: Session, name_contains: str = "") -> list[PolicyRow]:
    """The clients that have a policy of their own, by name."""
    rows = session.scalars(select(PolicyRow).where(PolicyRow.integration_id.is_not(None)))
    wanted = name_contains.strip().casefold()
    found = [row for row in rows if wanted in row.company_name.casefold()]
    return sorted(found, key=lambda row: (row.company_name.casefold(), row.integration_id, row.company))


def state(session: Session) -> str:
    """Names the state of all the tenant's policies together; another after each change of any of them."""
    rows = session.scalars(select(PolicyRow).order_by(PolicyRow.id), execution_options={"populate_existing": True})
    return sealing.fingerprint("\n".join(f"{row.id}={revision(row)}" for row in rows))


def name_proof(tenant: Tenant, client: Client) -> str:
    """Proves that the PSA told us this client's name, so that a link can carry it and nobody can write another in."""
    return sealing.keyed_hash(
        tenant.hash_key, "client's name", str(client.integration_id), client.company, client.company_name
    )[:32]
