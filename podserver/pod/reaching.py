"""How the caller can be reached: the PSA's numbers and addresses as targets, and their accounts at push providers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from connectors.base import Company, Contact, Destination, DestinationKind
from podserver.accounts.models import Msp
from podserver.verification.destinations import account_target, email_target, phone_target
from podserver.verification.methods.base import Target
from podserver.verification.sightings import Seen

_ACCOUNTS = (("duo", "Duo Mobile"), ("microsoft", "Microsoft Authenticator"))
_KINDS_OF_ACCOUNTS = frozenset(kind for kind, _ in _ACCOUNTS)


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


def targets(contact: Contact, *, tenant: Msp, integration_id: int) -> list[Reachable]:
    """The caller's numbers, mobiles first, then the addresses; one that stands twice in the PSA stands once here."""
    return _targets(contact, tenant.hash_key, tenant.region, integration_id)


def _targets(contact: Contact, hash_key: str, region: str, integration_id: int) -> list[Reachable]:
    found: dict[str, Reachable] = {}
    for destination in _sorted(contact.destinations):
        target = _target(destination, contact.ref, hash_key, region, integration_id)
        before = found.get(target.key)
        label = destination.label if before is None else f"{before.labels}, {destination.label}"
        found[target.key] = Reachable(before.target if before else target, destination.value.strip(), label)
    return list(found.values())


def reachable(kept: Kept, *, tenant: Msp, integration_id: int, at: datetime) -> list[Reachable]:
    """Every way to reach the caller, with what speaks against it now."""
    every = _unmarked(kept.contact, tenant.hash_key, tenant.region, integration_id)
    if not kept.seen:
        return list(every)
    mail = next((each.target.key for each in every if each.target.kind == "email" and each.target.address), "")
    # Whoever changed the address in the PSA chose the account with it.
    keys = [mail if each.target.kind in _KINDS_OF_ACCOUNTS else each.target.key for each in every]
    return [
        replace(each, target=replace(each.target, marks=seen.marks(at)))
        if (seen := kept.seen.get(key)) is not None
        else each
        for each, key in zip(every, keys, strict=True)
    ]


# Poll after poll finds the same ways to the same caller, and their keys are what takes the time.
@lru_cache(maxsize=512)
def _unmarked(contact: Contact, hash_key: str, region: str, integration_id: int) -> tuple[Reachable, ...]:
    found = _targets(contact, hash_key, region, integration_id)
    address = next((each.written for each in found if each.target.kind == "email" and each.target.address), "")
    for kind, name in _ACCOUNTS:
        target = account_target(
            kind=kind, hash_key=hash_key, integration_id=integration_id, contact=contact.ref, address=address
        )
        found.append(Reachable(target, address, address, name))
    return tuple(found)


def _sorted(destinations: Iterable[Destination]) -> list[Destination]:
    written = [each for each in destinations if each.value.strip()]
    return sorted(written, key=lambda d: (d.kind is not DestinationKind.PHONE, not d.mobile, not d.default))


def _target(destination: Destination, contact: str, hash_key: str, region: str, integration_id: int) -> Target:
    if destination.kind is DestinationKind.EMAIL:
        return email_target(hash_key=hash_key, integration_id=integration_id, contact=contact, value=destination.value)
    return phone_target(
        hash_key=hash_key,
        integration_id=integration_id,
        contact=contact,
        value=destination.value,
        region=region,
        mobile=destination.mobile,
        extension=destination.extension,
    )
