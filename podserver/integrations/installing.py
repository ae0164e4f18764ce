"""Installing the pod: the rows of the PSA's own set-up table, found or written through its API, and by whom.

Where the PSA is to sign the pod's address and has no secret for it yet, one is made up here; it goes to the PSA and
into the integration in the same go. No transaction is open while the PSA is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from connectors.base import PodSetup
from connectors.http import Call
from podserver.database import now, writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import refusals, service
from podserver.integrations.connections import Connections
from podserver.integrations.fields import values_of
from podserver.integrations.models import Integration
from podserver.integrations.psas import BadInput, kind_of
from podserver.security import failures, sealing

# Not failures but a claim: the second to count within the minute finds the door closed.
_INSTALL: Final = failures.Bucket("pod rows of integration", 2, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class InstalledRow:
    """A row of the PSA's set-up table as the PSA holds it, and whether it had to be created."""

    setup: PodSetup
    created: bool

    @property
    def done(self) -> str:
        """What was done to it, in words."""
        return self.setup.done or ("created" if self.created else "found")


def pod_setups(integration: Integration, base_url: str, height: int) -> list[PodSetup]:
    """The rows of the PSA's set-up table that can be installed. Raises BadInput for an odd height."""
    frame = kind_of(integration.psa).frame
    if frame is None or frame.setups is None:
        raise BadInput("The pod cannot be installed in this PSA from here.")
    if frame.heights and height not in frame.heights:
        raise BadInput(f"The pod is {' or '.join(str(each) for each in frame.heights)} pixels high.", "height")
    return list(frame.setups(service.pod_url(integration, base_url), base_url, height))


def install(
    session: Session,
    connections: Connections,
    integration: Integration,
    setups: Sequence[PodSetup],
    *,
    actor: str,
    rows: list[InstalledRow] | None = None,
) -> list[InstalledRow]:
    """Find or create the pod's rows in the PSA, one after the other, and add each to ``rows`` as it comes.

    Raises PsaError; what was created before that stays and is found. Raises BadInput where somebody else installs this
    pod at the same moment, as a PSA lets two at once double the rows. The session is bound to the tenant.
    """
    rows = [] if rows is None else rows
    with writing(session):
        _claim(session, integration, now())
    kind, values = kind_of(integration.psa), values_of(integration)
    field = kind.frame.new_secret(values) if kind.frame else ""
    secret = sealing.random_key() if field else ""
    posts: list[str] = []

    def watch(call: Call) -> None:
        if call.method == "POST":
            posts.append(call.path_template)

    try:
        with refusals.noticed(session, integration, now()):
            connector = connections.make(kind, values, observer=watch)
            for setup in setups:
                before = len(posts)
                (row,) = connector.install_pod([replace(setup, secret=secret)])
                created = row.done.startswith("created") if row.done else len(posts) > before
                rows.append(InstalledRow(row, created))
    finally:
        taken = {field: secret} if any(row.setup.signed for row in rows) else {}
        with writing(session):
            _end(session, integration, rows, taken, actor=actor, at=now())
    return rows


def _claim(session: Session, integration: Integration, at: datetime) -> None:
    claim = [(_INSTALL, str(integration.id))]
    failures.count(session, claim, at)
    seconds = failures.closed_for(session, claim, at)
    if seconds:
        raise BadInput(f"The pod is being installed right now. Look again in {seconds} s.")


def _end(
    session: Session,
    integration: Integration,
    rows: Sequence[InstalledRow],
    taken: dict[str, str],
    *,
    actor: str,
    at: datetime,
) -> None:
    """Give the claim back, keep the secret that the PSA has taken, and remember the rows that were created."""
    failures.forget(session, _INSTALL, str(integration.id))
    detail: dict[str, object] = {}
    if created := {row.setup.screen: row.setup.ref for row in rows if row.created}:
        detail["pod rows created"] = created
    if taken:
        integration.secrets = {**integration.secrets, **taken}
        session.add(integration)
        detail["changed"] = sorted(taken)
    if detail:
        subject = Subject(integration_id=integration.id)
        record(
            session, at, Entry(Kind.INTEGRATION_CHANGED, subject, actor, {"integration": integration.name, **detail})
        )
