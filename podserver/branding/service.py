"""How the tenant looks towards its clients' users: what may be saved, and the letterhead that follows from it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.branding.letters import Letterhead
from podserver.branding.models import Branding


def branding(session: Session) -> Branding | None:
    """The bound tenant's branding, if it has saved one."""
    return session.scalar(select(Branding))


def letterhead(session: Session, tenant: Tenant) -> Letterhead:
    """The letterhead of the bound tenant; podserver's own look where nothing was saved."""
    found = session.execute(
        select(
            Branding.accent, Branding.signature, Branding.footer, Branding.phone, Branding.language,
            Branding.logo.is_not(None).label("logo"),
        )
    ).one_or_none()  # fmt: skip
    return Letterhead(tenant.name, *found) if found is not None else Letterhead(tenant.name)
