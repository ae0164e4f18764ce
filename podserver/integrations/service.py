"""Rules of integrations: what may be saved, how a connector is made, what the PSA is told to embed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from connectors.base import BadCredentials, Connector, Member, PsaError, Right
from podserver.accounts.models import Tenant
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import refusals
from podserver.integrations.fields import values_of
from podserver.integrations.models import Integration
from podserver.integrations.psas import BadInput, PsaKind, Values, kind_of
from podserver.security import sealing
from podserver.tenancy import across_tenants, bound_tenant


@dataclass(frozen=True, slots=True)
class Validation:
    """What the PSA said to the keys: who they are and each right, or the problem, and whether it is the keys."""

    member: Member | None
    rights: Sequence[Right]
    problem: str = ""
    refused: bool = False

    @property
    def complete(self) -> bool:
        """Whether the keys are good and no right is known to be missing."""
        return self.member is not None and not self.missing

    @property
    def missing(self) -> list[Right]:
        """Rights that the PSA says are not granted."""
        return [right for right in self.rights if right.granted is False]

    @property
    def unknown(self) -> list[Right]:
        """Rights of which the PSA would not tell."""
        return [right for right in self.rights if right.granted is None]


def validate(connector: Connector) -> Validation:
    """Call the PSA for real: who are we, and which rights are there. Never raises PsaError."""
    try:
        member = connector.whoami()
        return Validation(member, connector.rights())
    except PsaError as error:
        return Validation(None, (), str(error), isinstance(error, BadCredentials))


def save(
    session: Session,
    kind: PsaKind,
    values: Values,
    *,
    name: str,
    origins: tuple[str, ...],
    stored: Integration | None,
    validation: Validation,
    actor: str,
    at: datetime,
) -> Integration:
    """Save an integration whose keys the PSA has just confirmed. Raises BadInput where it has not."""
    if validation.member is None:
        raise BadInput(validation.problem or f"{kind.title} did not confirm the keys.")
    name = " ".join(name.split()) or kind.title
    if len(name) > 80:
        raise BadInput("A name has 80 characters at most.", "name")
    integration = stored or Integration(psa=kind.psa, pod_key=sealing.random_id(), created_at=at, active=True)
    before = values_of(stored) if stored is not None else {}
    changed = [field.name for field in kind.fields if before.get(field.name) != values.get(field.name, "")]
    integration.name = name
    integration.site = kind.site(values)[:300]
    integration.origin = " ".join(origins)
    integration.values = {name: text for name, text in values.items() if name not in kind.secrets}
    integration.secrets = {name: text for name, text in values.items() if name in kind.secrets}
    integration.checked_at = at
    integration.problem = ""
    session.add(integration)
    session.flush()
    detail = {"integration": name, "site": integration.site, "changed": changed}
    record(session, at, Entry(Kind.INTEGRATION_CHANGED, Subject(integration_id=integration.id), actor, detail))
    return integration


def refuse_double(session: Session, kind: PsaKind, values: Values) -> None:
    """Raise BadInput where this place is connected already, in the transaction that is to add it."""
    tenant_id = bound_tenant(session)
    # Two that add at once wait for each other here.
    session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update())
    double = in_place(session, kind, values)
    if double is not None:
        raise BadInput(f"This one is connected already, as {double.name}. Change it there.")


def in_place(session: Session, kind: PsaKind, values: Values) -> Integration | None:
    """The tenant's integration with the same PSA at the same place."""
    place = kind.place(values)
    return next(
        (i for i in integrations(session) if i.psa == kind.psa and kind.place(values_of(i)) == place),
        None,
    )


def set_active(session: Session, integration: Integration, active: bool, *, actor: str, at: datetime) -> None:
    """Switch an integration off or on; its pods are out at once."""
    if integration.active == active:
        return
    integration.active = active
    detail = {"integration": integration.name, "active": active}
    record(session, at, Entry(Kind.INTEGRATION_CHANGED, Subject(integration_id=integration.id), actor, detail))


def note_check(session: Session, integration: Integration, validation: Validation, at: datetime) -> None:
    """Remember when the PSA last confirmed the keys, or what it said instead."""
    if validation.refused:
        refusals.mark(session, integration, validation.problem, at)
        return
    if validation.member is not None:
        integration.checked_at = at
    elif integration.refused:
        # That it does not answer now does not make the keys good.
        return
    integration.problem = validation.problem[:400]


def pod_url(integration: Integration, base_url: str) -> str:
    """The URL for the PSA's set-up table, with the PSA's own tokens in it; empty where the PSA embeds nothing."""
    frame = kind_of(integration.psa).frame
    return frame.url(base_url, integration.pod_key) if frame else ""


def integrations(session: Session) -> list[Integration]:
    """The tenant's integrations by name."""
    return list(session.scalars(select(Integration).order_by(Integration.name, Integration.id)))


def integration(session: Session, integration_id: int) -> Integration:
    """One of the tenant's integrations. Raises LookupError."""
    found = session.scalar(select(Integration).where(Integration.id == integration_id))
    if found is None:
        raise LookupError("no such integration")
    return found


def by_pod_key(session: Session, pod_key: str) -> Integration | None:
    """The active integration that a pod URL names, of whatever tenant, with its tenant."""
    with across_tenants(session):
        return session.scalar(
            select(Integration)
            .options(joinedload(Integration.tenant))
            .where(Integration.pod_key == pod_key, Integration.active)
        )


_FRAMER = select(Integration.origin).where(
    Integration.pod_key == bindparam("pod_key"), Integration.psa == bindparam("psa"), Integration.active
)


def framer(session: Session, pod_key: str, psa: str) -> str | None:
    """The origins that may frame the pod of this key, of whatever tenant, separated by blanks.

    None where no active integration of this PSA has the key.
    """
    with across_tenants(session):
        return session.scalar(_FRAMER, {"pod_key": pod_key, "psa": psa})


def note_loaded(session: Session, integration: Integration, origin: str, at: datetime) -> None:
    """Remember when and from where the pod was last opened by somebody whom the PSA confirmed."""
    integration.loaded_at = at
    integration.loaded_from = origin[:200]
