"""Which ways to reach people a tenant has set up. Each room that keeps an account says so here when it saves it."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from podserver.accounts.models import Msp, Tenant
from podserver.tenancy import bound_tenant

SMS: Final = "sms"
VOICE: Final = "voice"
MAIL: Final = "mail"
DUO: Final = "duo"
MICROSOFT: Final = "microsoft"
# A client's matter, not the tenant's: its directory says whether the push is switched on.
AUTHENTICATOR: Final = "authenticator"


def tools_of(tenant: Msp) -> frozenset[str]:
    """What is set up."""
    return frozenset(tenant.tools.split(",")) - {""}


def set_tool(session: Session, tool: str, ready: bool) -> None:
    """Note, in the caller's transaction, that the bound tenant has a tool or has it no more."""
    tenant = session.get(Tenant, bound_tenant(session))
    assert tenant is not None
    known = tools_of(tenant)
    wanted = known | {tool} if ready else known - {tool}
    if wanted != known:
        tenant.tools = ",".join(sorted(wanted))
        session.flush()
