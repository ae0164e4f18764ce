"""How the caller can be reached: the PSA's numbers and addresses as targets, and their accounts at push providers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from connectors.base import Company, Contact, Destination, DestinationKind
from podserver.accounts.models import Tenant
from podserver.verification.destinations import account_target, email_target, phone_target
from podserver.verification.methods.base import Target
from podserver.verification.sightings import Seen

_ACCOUNTS = (("duo", "Duo Mobile"), ("microsoft", "Microsoft Authenticator"))


@dataclass(frozen=True, slots=True)
class Kept:
    """The caller as the PSA last told, and what is remembered of their destinations, by key."""

    contact: Contact
    seen: dict[str, Seen]


@dataclass(frozen=True, slots=True)
class Reachable:
    """One way to reach the caller: its target, and the PSA's words for it. ``name`` is set where it is no number."""

    target: Target
    written: str
    labels: str
    name: str = ""


# A pod polls every two seconds, and reading the same answer anew takes longer than to fetch it.
@lru_cache(maxsize=256)
def read_kept(payload: str) -> Kept:
    """The kept answer about a contact."""
    said = json.loads(payload)
    seen = {
        key: Seen(datetime.fromisoformat(each["changed_at"]) if each["changed_at"] else None, each["shared_with"])
        for key, each in said.pop("seen", {}).items()
    }
    return Kept(contact_from(said), seen)


def seen_to_keep(seen: dict[str, Seen]) -> dict[str, Any]:
    """What is remembered, in the form that is kept beside the contact."""
    return {
        key: {"changed_at": each.changed_at.isoformat() if each.changed_at else None, "shared_with": each.shared_with}
        for key, each in seen.items()
    }


def contact_from(said: dict[str, Any]) -> Contact:
    """A contact from its kept form."""
    destinations = tuple(
        Destination(**{**each, "kind": DestinationKind(each["kind"])}) for each in said["destinations"]
    )
    company = Company(**said["company"]) if said["company"] else None
    known = {name: value for name, value in said.items() if name != "seen"}
    return Contact(**{**known, "company": company, "destinations": destinations})


def targets(contact: Contact, *, tenant: Tenant, integration_id: int) -> list[Reachable]:
    """The caller's numbers, mobiles first, then the addresses; one that stands twice in the PSA stands once here."""
    found: dict[str, Reachable] = {}
    for destination in _sorted(contact.destinations):
        target = _target(destination, contact.ref, tenant, integration_id)
        before = found.get(target.key)
        label = destination.label if before is None else f"{before.labels}, {destination.label}"
        found[target.key] = Reachable(before.target if before else target, destination.value.strip(), label)
    return list(found.values())


def reachable(kept: Kept, *, tenant: Tenant, integration_id: int, at: datetime) -> list[Reachable]:
    """Every way to reach the caller, with what speaks against it now."""
    found = [
        replace(each, target=replace(each.target, marks=seen.marks(at)))
        if (seen := kept.seen.get(each.target.key)) is not None
        else each
        for each in targets(kept.contact, tenant=tenant, integration_id=integration_id)
    ]
    mail = next((each for each in found if each.target.kind == "email" and each.target.address), None)
    address = mail.written if mail else ""
    for kind, name in _ACCOUNTS:
        target = account_target(
            kind=kind,
            hash_key=tenant.hash_key,
            integration_id=integration_id,
            contact=kept.contact.ref,
            address=address,
        )
        # Whoever changed the address in the PSA chose the account with it.
        found.append(Reachable(replace(target, marks=mail.target.marks) if mail else target, address, address, name))
    return found


def _sorted(destinations: Iterable[Destination]) -> list[Destination]:
    written = [each for each in destinations if each.value.strip()]
    return sorted(written, key=lambda d: (d.kind is not DestinationKind.PHONE, not d.mobile, not d.default))


def _target(destination: Destination, contact: str, tenant: Tenant, integration_id: int) -> Target:
    if destination.kind is DestinationKind.EMAIL:
        return email_target(
            hash_key=tenant.hash_key, integration_id=integration_id, contact=contact, value=destination.value
        )
    return phone_target(
        hash_key=tenant.hash_key,
        integration_id=integration_id,
        contact=contact,
        value=destination.value,
        region=tenant.region,
        mobile=destination.mobile,
        extension=destination.extension,
    )
