"""Who sits in the sign-in window: the one place that finds it out.

It is the portal's own sign-in, with the way back to the window that the portal gives every page. What refuses to run in
a frame, as Duo's prompt and Microsoft's sign-in do, runs in this window too, and is to be asked for here: whatever it
takes, it ends in a :class:`Present`, or in an answer that leads on to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from sqlalchemy.orm import Session

from podserver.accounts.models import Role, Tenant, User
from podserver.portal.session import PortalVisit, portal_page


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody in the window of whom it is known who they are. The session is bound to their tenant."""

    user: User
    at: datetime
    session: Session

    @property
    def tenant(self) -> Tenant:
        """The user's tenant."""
        return self.user.tenant


def somebody_known(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view of the window be called by somebody who is known; it gets the :class:`Present` first."""

    @wraps(view)
    def with_present(visit: PortalVisit, *args: Any, **kwargs: Any) -> Any:
        return view(Present(visit.user, visit.at, visit.session), *args, **kwargs)

    return portal_page(*Role)(with_present)
