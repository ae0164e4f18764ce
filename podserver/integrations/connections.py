"""How the application reaches its PSAs: a connector for each integration, behind a gate that all processes share."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from urllib.parse import urlsplit

import redis

from connectors.base import Connector, Rejected
from connectors.discipline import Gate, Lane
from connectors.http import Observer
from connectors.ledger import Ledger, SqliteLedger
from connectors.redis_ledger import RedisLedger
from podserver.integrations.fields import values_of
from podserver.integrations.models import Integration
from podserver.integrations.psas import PsaKind, Reach, Values, kind_of
from podserver.security import public_hosts, sealing


class Connections:
    """Makes connectors and keeps one for each integration and its present keys, as each remembers its connections.

    Every call of a stored integration passes its gate, whose account all processes keep in ``ledger``.
    """

    def __init__(self, local_hosts: frozenset[str], ledger: Ledger) -> None:
        self._local_hosts = local_hosts
        self._ledger = ledger
        self._kept: dict[tuple[str, float, Lane], Connector] = {}
        self._lock = threading.Lock()

    def to(self, integration: Integration, *, timeout: float = 3.0, lane: Lane = Lane.PERSON) -> Connector:
        """The connector of a stored integration; ``timeout`` is in seconds. Raises PsaError where it cannot be."""
        key = (_gate_key(integration), timeout, lane)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                if len(self._kept) > 500:
                    self._kept.clear()
                gate = self._gate(integration, lane)
                kept = self._kept[key] = self.make(
                    kind_of(integration.psa), values_of(integration), timeout=timeout, gate=gate
                )
            return kept

    def make(
        self,
        kind: PsaKind,
        values: Values,
        *,
        timeout: float = 3.0,
        observer: Observer | None = None,
        gate: Gate | None = None,
    ) -> Connector:
        """A connector for keys that are not stored yet. Raises PsaError where the values cannot be right."""
        for url in kind.hosts(values):
            self._refuse_local(url)
        return kind.make(values, Reach(timeout, observer, gate))

    def forgive(self, integration: Integration) -> None:
        """The PSA has just answered these keys: nothing that was held against it counts any more."""
        self._gate(integration, Lane.PERSON).forgive()

    def _gate(self, integration: Integration, lane: Lane) -> Gate:
        kind = kind_of(integration.psa)
        return Gate(self._ledger, _gate_key(integration), kind.title, kind.limits, lane)

    def _refuse_local(self, url: str) -> None:
        """An admin of one tenant must not make the server call into its own network.

        ``PODSERVER_LOCAL_HOSTS`` lists the hosts inside it that are wanted, such as a self-hosted PSA.
        """
        parts = urlsplit(url)
        if parts.netloc.lower() in self._local_hosts or (parts.hostname or "") in self._local_hosts:
            return
        try:
            public_hosts.addresses(parts.hostname or "", parts.port or 443, self._local_hosts)
        except public_hosts.InsideNetwork:
            raise Rejected(
                f"{parts.hostname} is inside this server's own network. "
                "The operator can allow it with PODSERVER_LOCAL_HOSTS."
            ) from None
        except OSError:
            return


def ledger_of(redis_url: str, state_dir: Path) -> Ledger:
    """The account that the processes keep in common: in Redis where there is one, else in a file."""
    if redis_url:
        # A Redis that hangs must not hold a technician's request.
        client = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
        return RedisLedger(client, "podserver:psa:")
    return SqliteLedger(state_dir / "psa-ledger.sqlite")


def _gate_key(integration: Integration) -> str:
    """Names an integration with its present keys; new keys begin with a clean account."""
    said = json.dumps([integration.psa, sorted(integration.values.items()), sorted(integration.secrets.items())])
    return f"{integration.id}:{sealing.fingerprint(said)[:24]}"
