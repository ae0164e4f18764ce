"""The demo's MSP and its users."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from podserver.accounts import service as accounts
from podserver.accounts.models import Role, Tenant
from podserver.database import db, now, release, writing
from podserver.tenancy import across_tenants, bind_tenant

ACTOR: Final = "podserver demo"
MSP: Final = "Northgate IT"
PEOPLE: Final = (
    ("Alex Moreno", "alex@northgate.example", Role.ADMIN, "paper lanterns over the harbour"),
    ("Sam Okafor", "sam@northgate.example", Role.TECHNICIAN, "seven brass kettles singing"),
    ("Priya Nair", "priya@northgate.example", Role.TECHNICIAN, "a quiet orchard in november"),
    ("Ines Duarte", "ines@northgate.example", Role.AUDITOR, "counting every stone on the beach"),
)


def make_people() -> None:
    """The MSP and those of its users who are not there; the session is bound to the MSP afterwards."""
    session = db.session()
    with across_tenants(session):
        tenant = session.scalar(select(Tenant).where(Tenant.name == MSP))
    release(session)
    with writing(session):
        if tenant is None:
            accounts.create_tenant(session, name=MSP, region="US", at=now())
        else:
            bind_tenant(session, tenant.id)
        known = {user.email for user in accounts.users(session)}
        for name, email, role, password in PEOPLE:
            if email not in known:
                accounts.create_user(session, accounts.NewUser(email, name, role, password), actor=ACTOR, at=now())
