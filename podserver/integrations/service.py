"""Rules of integrations: what may be saved, how a connector is made, what the PSA is told to embed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from connectors.base import Connector, Member, PodSetup, PsaError, Rejected, Right
from connectors.connectwise import CONTACT_SCREEN, SERVICE_SCREEN, ConnectWise, parse_site
from connectors.http import Call, Observer
from podserver.accounts.models import Tenant
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.models import Integration, Psa
from podserver.security import failures, public_hosts, sealing
from podserver.tenancy import across_tenants, bound_tenant

POD_HEIGHTS = (600, 800)
# Not failures but a claim: the second to count within the minute finds the door closed.
_INSTALL = failures.Bucket("pod rows of integration", 2, timedelta(minutes=1))


class BadInput(ValueError):
    """A field is wrong; the message is a sentence for the admin, ``field`` the field's name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


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
        return self.member is not None and not self.missing

    @property
    def missing(self) -> list[Right]:
        """Rights that the PSA says are not granted."""
        return [right for right in self.rights if right.granted is False]

    @property
    def unknown(self) -> list[Right]:
        """Rights of which the PSA would not tell."""
        return [right for right in self.rights if right.granted is None]


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
                kept = self._kept[key] = self.make(keys_of(integration), timeout=timeout)
            return kept

    def make(self, keys: ConnectWiseKeys, *, timeout: float = 3.0, observer: Observer | None = None) -> Connector:
        """A connector for keys that are not stored yet. Raises PsaError where the values cannot be right."""
        self._refuse_local(keys.site)
        return ConnectWise(
            keys.site, keys.company, keys.public_key, keys.private_key, keys.client_id,
            timeout=timeout, observer=observer,
        )  # fmt: skip

    def _refuse_local(self, site: str) -> None:
        """An admin of one tenant must not make the server call into its own network.

        ``PODSERVER_LOCAL_HOSTS`` lists the hosts inside it that are wanted, such as a self-hosted PSA.
        """
        parts = urlsplit(parse_site(site).api_origin)
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


def keys_of(integration: Integration) -> ConnectWiseKeys:
    """The stored keys of an integration."""
    return ConnectWiseKeys(
        integration.site,
        integration.company,
        integration.public_key,
        integration.private_key,
        integration.client_id,
    )


def clean_keys(keys: ConnectWiseKeys, stored: Integration | None = None) -> ConnectWiseKeys:
    """The keys as they are stored, with empty secrets taken from the stored integration. Raises BadInput."""
    site, company = keys.site.strip(), keys.company.strip()
    try:
        api_origin = parse_site(site).api_origin
    except Rejected as error:
        raise BadInput(str(error), "site") from None
    if not company or not company.isascii() or not all(c.isalnum() or c in "_-." for c in company) or len(company) > 50:
        raise BadInput(
            "The company is the short name that your technicians type when they sign in to ConnectWise.", "company"
        )
    # Stored keys go nowhere but where they were saved for, or a changed site would carry them off.
    same_place = stored is not None and parse_site(stored.site).api_origin == api_origin and stored.company == company
    chosen = {}
    for name in ("public_key", "private_key"):
        key = getattr(keys, name).strip()
        if not key and stored is not None and same_place:
            key = getattr(stored, name)
        word = name.partition("_")[0]
        if not key and stored is not None:
            raise BadInput(f"The stored {word} key belongs to the old site and company. Enter it again.", name)
        if not 8 <= len(key) <= 100 or not all("!" <= c <= "~" and c != ":" for c in key):
            raise BadInput(
                f"The {word} key is not a key; copy it from System > Members > API Members > API Keys.", name
            )
        chosen[name] = key
    try:
        client_id = str(UUID(keys.client_id.strip()))
    except ValueError:
        raise BadInput(
            "The client ID is a GUID; ConnectWise's developer site issues it for your integration.", "client_id"
        ) from None
    return ConnectWiseKeys(site, company, chosen["public_key"], chosen["private_key"], client_id)


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
        raise BadInput("A name has 80 characters at most.", "name")
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


def refuse_double(session: Session, keys: ConnectWiseKeys) -> None:
    """Raise BadInput where this company is connected already, in the transaction that is to add it."""
    tenant_id = bound_tenant(session)
    # Two that add at once wait for each other here.
    session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update())
    place = (parse_site(keys.site).api_origin, keys.company.casefold())
    for each in integrations(session):
        if (parse_site(each.site).api_origin, each.company.casefold()) == place:
            raise BadInput(f"This company is connected already, as {each.name}. Change it there.", "company")


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
        raise BadInput("The pod is 600 or 800 pixels high.", "height")
    url = pod_url(integration, base_url)
    return [
        PodSetup(screen=screen, description="Caller verification", url=url, origin=base_url, height=height)
        for screen in (SERVICE_SCREEN, CONTACT_SCREEN)
    ]


@dataclass(frozen=True, slots=True)
class InstalledRow:
    """A row of the PSA's set-up table as the PSA holds it, and whether it had to be created."""

    setup: PodSetup
    created: bool


def claim_install(session: Session, integration: Integration, at: datetime) -> None:
    """Keep others from installing this pod for a minute, as ConnectWise lets two at once double the rows.

    In the caller's writing transaction. Raises BadInput where somebody else has the claim.
    """
    claim = [(_INSTALL, str(integration.id))]
    failures.count(session, claim, at)
    seconds = failures.closed_for(session, claim, at)
    if seconds:
        raise BadInput(f"The pod is being installed right now. Look again in {seconds} s.")


def end_install(
    session: Session, integration: Integration, rows: Sequence[InstalledRow], *, actor: str, at: datetime
) -> None:
    """Give the claim back, and remember the rows that were created."""
    failures.forget(session, _INSTALL, str(integration.id))
    created = {row.setup.screen: row.setup.ref for row in rows if row.created}
    if created:
        detail = {"integration": integration.name, "pod rows created": created}
        record(session, at, Entry(Kind.INTEGRATION_CHANGED, Subject(integration_id=integration.id), actor, detail))


def install(connections: Connections, integration: Integration, setups: Sequence[PodSetup]) -> list[InstalledRow]:
    """Find or create the pod's rows in the PSA. Raises PsaError; what was created before that stays and is found."""
    written: list[str] = []

    def watch(call: Call) -> None:
        if call.method == "POST":
            written.append(call.path_template)

    connector = connections.make(keys_of(integration), observer=watch)
    rows = []
    for setup in setups:
        before = len(written)
        (row,) = connector.install_pod([setup])
        rows.append(InstalledRow(row, created=len(written) > before))
    return rows


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
