"""Every tenant with its people, its service principals and what its administrator has granted; and the MSP's app."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa

from emulators.entra.account import (
    APPLICATION_NAMES,
    BASE_PERMISSIONS,
    CLIENT_ID,
    CLIENT_SECRET,
    GRAPH_ID,
    LARKFIELD_TENANT,
    NORTHGATE_TENANT,
    PUSH_CLIENT_ID,
    PUSH_CONNECTOR_ID,
    REPORT_PERMISSION,
)
from emulators.entra.credentials import Certificate, Credentials, Secret, self_signed
from emulators.entra.errors import SignInError
from emulators.entra.people import User
from emulators.entra.seed import TENANTS, USERS

ANY_TENANT = frozenset({"common", "organizations"})


@dataclass
class Principal:
    """An application as one tenant knows it ("enterprise application")."""

    app_id: str
    id: str
    enabled: bool = True
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def name(self) -> str:
        """What the tenant calls it."""
        return APPLICATION_NAMES[self.app_id]


@dataclass
class Tenant:
    """One customer's directory. `granted`: the Graph permissions that the MSP's app has here."""

    id: str
    name: str
    domain: str
    premium: bool
    users: list[User]
    principals: dict[str, Principal] = field(default_factory=dict)
    granted: set[str] = field(default_factory=set)

    def user(self, key: str) -> User | None:
        """The user whose object id or UPN is `key`; letter case does not matter."""
        key = key.lower()
        return next((user for user in self.users if key in (user.id, user.upn.lower())), None)

    def add_principal(self, app_id: str) -> Principal:
        """The service principal of a known `app_id`, made where it is missing."""
        if app_id not in self.principals:
            key = str(uuid.uuid5(uuid.UUID(self.id), app_id))
            self.principals[app_id] = Principal(app_id, key)
        return self.principals[app_id]


@dataclass
class Registration:
    """The registration of the MSP's app in its home tenant.

    Without `redirect_uris` every http(s) address of this machine will do, for a demo's port is not known beforehand;
    with them, only exactly those.
    """

    credentials: Credentials
    redirect_uris: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=lambda: list(BASE_PERMISSIONS))


class Directory:
    """All tenants. Hold `lock` to change anything, or to read more than one thing that belongs together."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.lock = threading.RLock()
        self._customers_own = self_signed("Larkfield Dental NPS server", key)
        self.reset()

    def reset(self) -> None:
        """The first day: Larkfield and the MSP itself have consented, Harbor Legal knows no principal of ours."""
        with self.lock:
            self.registration = Registration(Credentials([Secret.of(CLIENT_SECRET, name="demo")]))
            self.tenants = {
                key: Tenant(key, name, domain, premium, [user for user in USERS if user.tenant == key])
                for key, name, domain, premium in TENANTS
            }
            for tenant in self.tenants.values():
                tenant.add_principal(GRAPH_ID)
            for key in (NORTHGATE_TENANT, LARKFIELD_TENANT):
                self.consent(self.tenants[key], (*BASE_PERMISSIONS, REPORT_PERMISSION))
            larkfield = self.tenants[LARKFIELD_TENANT]
            larkfield.add_principal(PUSH_CONNECTOR_ID)
            larkfield.add_principal(PUSH_CLIENT_ID).credentials.certificates.append(self._customers_own)

    def consent(self, tenant: Tenant, permissions: tuple[str, ...] | None = None) -> None:
        """Grant the MSP's app `permissions`, or those that its registration asks for."""
        with self.lock:
            tenant.add_principal(CLIENT_ID)
            tenant.granted.update(self.registration.permissions if permissions is None else permissions)

    def find(self, key: str) -> Tenant | None:
        """The tenant whose id or domain is `key`."""
        key = key.lower()
        return next((tenant for tenant in self.tenants.values() if key in (tenant.id, tenant.domain)), None)

    def tenant(self, key: str) -> Tenant:
        """The same. Raises SignInError 90002, or 50059 for the names that mean any tenant."""
        if key.lower() in ANY_TENANT:
            raise SignInError(50059)
        found = self.find(key)
        if found is None:
            raise SignInError(90002, key)
        return found

    def user(self, key: str) -> User | None:
        """The user of any tenant whose object id or UPN is `key`."""
        found = (tenant.user(key) for tenant in self.tenants.values())
        return next((user for user in found if user), None)

    def credentials(self, tenant: Tenant, app_id: str) -> Credentials:
        """What `app_id` may prove itself with in `tenant`. Raises SignInError 700016 where it is not known."""
        if app_id == CLIENT_ID:
            return self.registration.credentials
        principal = tenant.principals.get(app_id)
        if principal is None or app_id != PUSH_CLIENT_ID:
            raise SignInError(700016, app_id, tenant.name)
        return principal.credentials

    def register(self, tenant: Tenant, credential: Secret | Certificate, app_id: str) -> list[str]:
        """Put a credential on the push client of `tenant` as the customer's script would, or on the MSP's own app.

        Returns the app ids of the principals that were missing and have been made.
        """
        with self.lock:
            wanted = () if app_id == CLIENT_ID else (PUSH_CLIENT_ID, PUSH_CONNECTOR_ID)
            missing = [each for each in wanted if each not in tenant.principals]
            for each in missing:
                tenant.add_principal(each)
            credentials = self.credentials(tenant, app_id)
            if isinstance(credential, Secret):
                credentials.secrets.append(credential)
            else:
                credentials.certificates.append(credential)
            return missing
