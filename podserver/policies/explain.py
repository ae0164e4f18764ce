"""What the pod would show for a ticket, and why: the same rules as the pod's, with every reason said aloud.

It asks the PSA as the pod does and sends nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from connectors.base import Connector, Contact
from podserver.accounts.models import Tenant
from podserver.pod import rows
from podserver.pod.reaching import Kept, Reachable, reachable
from podserver.pod.service import Shown, load, ticket_of
from podserver.pod.session import company_of
from podserver.pod.standing import standing_of
from podserver.policies import service
from podserver.policies.policy import SETTINGS
from podserver.policies.service import Client, Stored
from podserver.policies.wording import WORDINGS, in_words
from podserver.verification import locks, sightings
from podserver.verification.locks import Lock
from podserver.verification.methods.base import Marks, Target
from podserver.verification.offers import Weighed, person_target, weigh


class Origin(enum.StrEnum):
    """Where a value comes from."""

    CLIENT = "this client"
    DEFAULT = "the default"
    PODSERVER = "podserver"


@dataclass(frozen=True, slots=True)
class Value:
    """One setting that counts, in words, and where it comes from."""

    title: str
    words: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Place:
    """One way to reach the caller: the shield that the pod shows there, and every method, offered or not.

    ``name`` is masked; ``row`` is None where the pod shows no row, and ``hidden`` says why in a sentence.
    """

    name: str
    labels: str
    row: rows.Row | None
    hidden: str
    marks: Sequence[str]
    methods: Sequence[Weighed]
    lock: Lock | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer. ``places`` are in the pod's order, those without a row last; empty where there is no contact.

    ``lock`` is the lock of the contact as a whole; ``folded`` says that the rows wait behind a click.
    """

    shown: Shown
    client: Client | None
    stored: Stored
    values: Sequence[Value]
    places: Sequence[Place]
    lock: Lock | None = None
    folded: bool = False


_NOT_ON_FILE: Final = Target(key="", kind="phone", address="not on file", masked="", marks=Marks(typed=True))


def explain(
    session: Session, connector: Connector, *, tenant: Tenant, integration_id: int, record: str, contact: str,
    at: datetime, anew: bool = False,
) -> Explanation:  # fmt: skip
    """What the pod would show of a record, for its own contact or a chosen one.

    Raises PsaError where the PSA does not answer and nothing young enough is kept. What the PSA answers is kept, as
    the pod keeps it; nothing else changes.
    """
    shown = load(
        session,
        connector,
        tenant=tenant,
        integration_id=integration_id,
        record=record,
        contact=contact,
        at=at,
        anew=anew,
    )
    person = shown.contact
    client = _client_of(person, integration_id) if person is not None else None
    stored = service.stored(session, client or service.EVERYBODY)
    if person is None:
        return Explanation(shown, None, stored, _values(stored), ())
    ready = service.ready_for(session, tenant, client or Client(integration_id))
    context = rows.Context(stored.policy, ready, tenant.hash_key, ticket_of(record), at)
    seen = sightings.look_back(session, integration_id=integration_id, contact=person.ref)
    destinations = reachable(Kept(person, seen), tenant=tenant, integration_id=integration_id, at=at)
    found = standing_of(session, integration_id=integration_id, contact=person.ref, at=at).verifications
    in_pod = rows.build(context, destinations, found)
    by_hand = person_target(tenant.hash_key, integration_id, person.ref)
    locked = {each.destination_key: each for each in locks.locks_of(session, integration_id, person.ref, at)}
    return Explanation(
        shown=shown,
        client=client,
        stored=stored,
        values=_values(stored),
        places=_places(context, destinations, in_pod, locked, by_hand),
        lock=locked.get(""),
        folded="" not in locked and rows.folded(context, in_pod),
    )


def _client_of(person: Contact, integration_id: int) -> Client | None:
    if person.company is None:
        return None
    return Client(integration_id, company_of(person), person.company.name[:160])


def _values(stored: Stored) -> list[Value]:
    values = []
    for name in SETTINGS:
        own = not stored.client.is_default and name in (stored.own or {})
        origin = Origin.CLIENT if own else Origin.DEFAULT if name in stored.default_own else Origin.PODSERVER
        values.append(Value(WORDINGS[name].title, in_words(name, getattr(stored.policy, name)), origin))
    return values


def _places(
    context: rows.Context,
    destinations: Sequence[Reachable],
    in_pod: Sequence[rows.Row],
    locked: dict[str, Lock],
    person: Target,
) -> list[Place]:
    by_key = {each.target.key: each for each in destinations}
    places = [_place(context, by_key.get(row.destination_key), row, locked) for row in in_pod]
    shown = {row.destination_key for row in in_pod}
    places += [_place(context, each, None, locked) for each in destinations if each.target.key not in shown]
    typed = weigh(_NOT_ON_FILE, context.policy, context.ready)
    by_hand = weigh(person, context.policy, context.ready)
    return [
        *places,
        _beside("A number that is not on file", "typed by the technician", typed),
        _beside("In person", "recorded by hand", by_hand),
    ]


def _place(
    context: rows.Context, destination: Reachable | None, row: rows.Row | None, locked: dict[str, Lock]
) -> Place:
    if destination is None:
        # A number that was typed, or a word: the pod knows nothing of it but the verification.
        assert row is not None
        return Place(row.number, row.label, row, "", row.marks, (), locked.get(row.destination_key))
    target = destination.target
    weighed = weigh(target, context.policy, context.ready)
    hidden = "" if row is not None else "Nothing is offered here, so the pod shows no row."
    name = f"{destination.name} {target.masked}" if destination.name else target.masked
    labels = "" if destination.name else destination.labels
    return Place(name, labels, row, hidden, target.marks.words(), weighed, locked.get(target.key))


def _beside(name: str, labels: str, weighed: Sequence[Weighed]) -> Place:
    """What the pod offers below its rows."""
    offered = any(each.offered for each in weighed)
    return Place(name, labels, None, "" if offered else "Not in the pod.", (), weighed)
