"""Rules of integrations: what may be saved, how a connector is made, what the PSA is told to embed."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from connectors.base import Connector, Member, PodSetup, PsaError, Rejected, Right
from connectors.connectwise import CONTACT_SCREEN, SERVICE_SCREEN, ConnectWise, parse_site
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.models import Integration, Psa
from podserver.security import sealing
from podserver.tenancy import across_tenants

POD_HEIGHTS = (600, 800)


class BadInput(ValueError):
    """A field is wrong; the message is a sentence for the admin."""


@dataclass(frozen=True, slots=True)
class ConnectWiseKeys:
    """What the set-up page asks for, in ConnectWise's words. Empty keys keep the stored ones."""

    site: str
    company: str
    public_key: str
    private_key: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Validation:
    """What the PSA said to the keys: who they are and each right, or the problem."""

    member: Member | None
    rights: Sequence[Right]
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether the keys are good and no right is known to be missing."""
        return self.member is not None and all(right.granted is not False for right in self.rights)


class Connections:
    """Makes connectors and keeps one for each integration and its present keys, as each remembers its codebase."""

    def __init__(self, local_hosts: frozenset[str]) -> None:
        self._local_hosts = local_hosts
        self._kept: dict[tuple[int, str, float], Connector] = {}
        self._lock = threading.Lock()

    def to(self, integration: Integration, *, timeout: float = 3.0) -> Connector:
        """The connector of a stored integration; ``timeout`` is in seconds. Raises PsaError where it cannot be."""
        print_of_keys = sealing.fingerprint(
            "\n".join(
                (
                    integration.site,
                    integration.company,
                    integration.public_key,
                    integration.private_key,
                    integration.client_id,
                )
            )
        )
        key = (integration.id, print_of_keys, timeout)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                if len(self._kept) > 500:
                    self._kept.clear()
                kept = self._kept[key] = self.make(
                    ConnectWiseKeys(
                        integration.site,
                        integration.company,
                        integration.public_key,
                        integration.private_key,
                        integration.client_id,
                    ),
                    timeout=timeout,
                )
            return kept

    def make(self, keys: ConnectWiseKeys, *, timeout: float = 3.0) -> Connector:
        """A connector for keys that are not stored yet. Raises PsaError where the values cannot be right."""
        self._refuse_local(keys.site)
        return ConnectWise(keys.site, keys.company, keys.public_key, keys.private_key, keys.client_id, timeout=timeout)

    def _refuse_local(self, site: str) -> None:
        """An admin of one tenant must not make the server call into its own network.

        ``PODSERVER_LOCAL_HOSTS`` lists the hosts inside it that are wanted, such as a self-hosted PSA.
        """
        parts = urlsplit(parse_site(site).api_origin)
        if parts.netloc.lower() in self._local_hosts or (parts.hostname or "") in self._local_hosts:
            return
        try:
            found = {
                entry[4][0] for entry in socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
            }
        except OSError:
            return
        if any(not ipaddress.ip_address(str(address).partition("%")[0]).is_global for address in found):
            raise Rejected(
                f"{parts.hostname} is inside this server's own network. "
                "The operator can allow it with PODSERVER_LOCAL_HOSTS."
            )


def clean_keys(keys: ConnectWiseKeys, stored: Integration | None = None) -> ConnectWiseKeys:
    """The keys as they are stored, with empty secrets taken from the stored integration. Raises BadInput."""
    public_key = keys.public_key.strip() or (stored.public_key if stored else "")
    private_key = keys.private_key.strip() or (stored.private_key if stored else "")
    company = keys.company.strip()
    try:
        parse_site(keys.site)
    except Rejected as error:
        raise BadInput(str(error)) from None
    if not company or not company.isascii() or not all(c.isalnum() or c in "_-." for c in company) or len(company) > 50:
        raise BadInput("The company is the short name that your technicians type when they sign in to ConnectWise.")
    for name, key in (("public", public_key), ("private", private_key)):
        if not 8 <= len(key) <= 100 or not all("!" <= c <= "~" and c != ":" for c in key):
            raise BadInput(f"The {name} key is not a key; copy it from System > Members > API Members > API Keys.")
    try:
        client_id = str(UUID(keys.client_id.strip()))
    except ValueError:
        raise BadInput(
            "The client ID is a GUID; ConnectWise's developer site issues it for your integration."
        ) from None
    return ConnectWiseKeys(keys.site.strip(), company, public_key, private_key, client_id)


def validate(connector: Connector) -> Validation:
    """Call the PSA for real: who are we, and which rights are there. Never raises PsaError."""
    try:
        member = connector.whoami()
        return Validation(member, connector.rights())
    except PsaError as error:
        return Validation(None, (), str(error))


def save(
    session: Session,
    keys: ConnectWiseKeys,
    *,
    name: str,
    stored: Integration | None,
    validation: Validation,
    actor: str,
    at: datetime,
) -> Integration:
    """Save an integration whose keys the PSA has just confirmed. Raises BadInput where it has not."""
    if validation.member is None:
        raise BadInput(validation.problem or "ConnectWise did not confirm the keys.")
    name = " ".join(name.split()) or "ConnectWise"
    if len(name) > 80:
        raise BadInput("A name has 80 characters at most.")
    integration = stored or Integration(psa=Psa.CONNECTWISE, pod_key=sealing.random_id(), created_at=at, active=True)
    changed = [
        field
        for field, value in (("site", keys.site), ("company", keys.company), ("public key", keys.public_key),
                             ("private key", keys.private_key), ("client id", keys.client_id))
        if stored is None or getattr(stored, field.replace(" ", "_")) != value
    ]  # fmt: skip
    integration.name = name
    integration.site = keys.site
    integration.origin = parse_site(keys.site).ui_origin
    integration.company = keys.company
    integration.public_key = keys.public_key
    integration.private_key = keys.private_key
    integration.client_id = keys.client_id
    integration.checked_at = at
    integration.problem = ""
    session.add(integration)
    session.flush()
    detail = {"integration": name, "site": keys.site, "changed": changed}
    record(session, at, Entry(Kind.INTEGRATION_CHANGED, Subject(integration_id=integration.id), actor, detail))
    return integration


def set_active(session: Session, integration: Integration, active: bool, *, actor: str, at: datetime) -> None:
    """Switch an integration off or on; its pods are out at once."""
    if integration.active == active:
        return
    integration.active = active
    detail = {"integration": integration.name, "active": active}
    record(session, at, Entry(Kind.INTEGRATION_CHANGED, Subject(integration_id=integration.id), actor, detail))


def note_check(session: Session, integration: Integration, validation: Validation, at: datetime) -> None:
    """Remember when the PSA last confirmed the keys, or what it said instead."""
    if validation.member is not None:
        integration.checked_at = at
    integration.problem = validation.problem[:400]


def pod_url(integration: Integration, base_url: str) -> str:
    """The URL for the PSA's set-up table, with ConnectWise's own tokens in it."""
    return f"{base_url}/pod/connectwise/{integration.pod_key}?id=[cw_id]&screen=[cw_screen]"


def pod_setups(integration: Integration, base_url: str, height: int) -> list[PodSetup]:
    """The rows of the PSA's set-up table, one for each screen. Raises BadInput for an odd height."""
    if height not in POD_HEIGHTS:
        raise BadInput("The pod is 600 or 800 pixels high.")
    url = pod_url(integration, base_url)
    return [
        PodSetup(screen=screen, description="Caller verification", url=url, origin=base_url, height=height)
        for screen in (SERVICE_SCREEN, CONTACT_SCREEN)
    ]


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


def note_loaded(session: Session, integration: Integration, origin: str, at: datetime) -> None:
    """Remember when and from where the pod was last opened by somebody whom the PSA confirmed."""
    integration.loaded_at = at
    integration.loaded_from = origin[:200]
