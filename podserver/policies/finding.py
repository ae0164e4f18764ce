"""Finding clients: those with a policy of their own, which podserver knows, and all the others, which the PSA knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from connectors.base import PsaError
from podserver.database import release
from podserver.integrations import refusals
from podserver.integrations import service as integrations
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.policies import service
from podserver.policies.models import PolicyRow
from podserver.policies.service import Client

MOST = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """One client in a list. ``own`` is how many settings it has of its own; ``row`` is None where it has none."""

    client: Client
    row: PolicyRow | None
    own: int


@dataclass(frozen=True, slots=True)
class Found:
    """The clients of a search, those with a policy of their own first.

    ``more`` is how many others the PSA knows that are not listed; ``problems`` say which PSA did not answer.
    """

    clients: Sequence[Listed]
    more: int
    problems: Sequence[str]


def find(session: Session, connections: Connections, text: str, at: datetime) -> Found:
    """Clients whose name contains ``text``. Without one, only those with a policy of their own, and no PSA is asked.

    No transaction is open while a PSA is asked.
    """
    own = [_own(row) for row in service.clients(session, text)]
    if not text:
        return Found(own, 0, ())
    active = [each for each in integrations.integrations(session) if each.active]
    release(session)
    told: list[Client] = []
    problems = []
    for integration in active:
        try:
            with refusals.noticed(session, integration, at):
                told += _ask(connections, integration, text)
        except PsaError as error:
            problems.append(f"{integration.name}: {error}")
    # A client may have a policy and another name in the PSA than when it was saved.
    keys = {each.client.key for each in own}
    renamed = [
        _own(stored.row) if stored.row is not None else Listed(stored.client, None, 0)
        for stored in service.stored_of(session, [client for client in told if client.key not in keys])
    ]
    others = [each for each in renamed if each.row is None]
    listed = [*own, *(each for each in renamed if each.row is not None), *others[:MOST]]
    return Found(listed, max(0, len(others) - MOST), problems)


def _ask(connections: Connections, integration: Integration, text: str) -> list[Client]:
    companies = connections.to(integration).companies(text)
    return [
        Client(integration.id, company.ref, " ".join(company.name.split())[:160])
        for company in companies
        if len(company.ref) <= 40
    ]


def _own(row: PolicyRow) -> Listed:
    return Listed(service.client_of(row), row, len(service.own_settings(row)))
