"""An address that the PSA has made for the pod's frame, pasted by an admin.

Where a PSA does not publish what it signs, it is found out from one. The address is as good as any that the PSA makes,
and for ever, so it is neither stored nor logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import service
from podserver.integrations.fields import values_of
from podserver.integrations.models import Integration
from podserver.integrations.psas import BadInput, kind_of


@dataclass(frozen=True, slots=True)
class Learned:
    """The fields that fit the address, and what that means, for the admin."""

    fields: Mapping[str, str]
    words: str


def learn(integration: Integration, base_url: str, address: str, secret: str) -> Learned:
    """What a real address says of how the PSA signs. ``secret`` may be empty where one is stored. Raises BadInput."""
    kind = kind_of(integration.psa)
    if kind.frame is None or kind.frame.learn is None:
        raise BadInput(f"{kind.title} needs nothing of this.")
    values = values_of(integration)
    if secret.strip():
        (field,) = (each for each in kind.fields if each.name == kind.frame.signed_with)
        try:
            values[field.name] = field.clean(secret.strip())
        except ValueError as error:
            raise BadInput(str(error), "secret") from None
    return Learned(*kind.frame.learn(values, service.pod_url(integration, base_url), address))


def keep(session: Session, integration: Integration, learned: Learned, *, actor: str, at: datetime) -> None:
    """Let the integration go by it from now on, in the caller's writing transaction."""
    secrets = kind_of(integration.psa).secrets
    before = values_of(integration)
    changed = sorted(name for name, value in learned.fields.items() if before.get(name) != value)
    integration.values = {**integration.values, **{n: v for n, v in learned.fields.items() if n not in secrets}}
    integration.secrets = {**integration.secrets, **{n: v for n, v in learned.fields.items() if n in secrets}}
    session.add(integration)
    detail = {"integration": integration.name, "changed": changed}
    record(session, at, Entry(Kind.INTEGRATION_CHANGED, Subject(integration_id=integration.id), actor, detail))
