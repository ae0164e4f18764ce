"""A pod with one caller, seeded through the services, and a meter that counts what a request does to the database."""

from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from connectors.base import Company, Contact, Destination, DestinationKind
from podserver import tools
from podserver.accounts import service as accounts
from podserver.accounts.models import Role, Tenant
from podserver.database import db, now, release, writing
from podserver.delivery.models import OutboxRow
from podserver.integrations.models import Integration, Psa
from podserver.pod import service as pod
from podserver.pod.reaching import Kept, reachable
from podserver.policies import service as policies
from podserver.security import pod_token, sealing
from podserver.security.pod_token import PodSession
from podserver.verification import alarm
from podserver.verification.methods import METHODS
from podserver.verification.models import Guard, Verification
from podserver.verification.snapshot import snapshot

COMPANY = "19"
CALLER = Contact(
    ref="77",
    name="Dana Whitfield",
    first_name="Dana",
    company=Company(COMPANY, "Larkfield Dental"),
    destinations=(
        Destination("1", DestinationKind.PHONE, "2025550142", "Cell", mobile=True, default=True),
        Destination("2", DestinationKind.PHONE, "2025550177", "Direct"),
        Destination("3", DestinationKind.EMAIL, "dana@larkfield.example", "E-mail"),
    ),
)

# What has a row in the pod: two numbers, the address, and Duo Mobile behind it.
ROWS = ("phone", "phone", "email", "duo")


@dataclass
class Meter:
    """What was sent to the database while the meter ran."""

    statements: list[str]
    commits: int = 0
    most_parameters: int = 0

    def within(self, statements: int, commits: int) -> bool:
        """Whether the budget was kept; the commits must be exactly as many, so that work is not lost unseen."""
        return len(self.statements) <= statements and self.commits == commits


@contextmanager
def metered() -> Iterator[Meter]:
    """Count cursor executions and commits of the application's engine."""
    meter = Meter([])

    def statement(_connection: Any, _cursor: Any, text: str, parameters: Any, *_rest: Any) -> None:
        meter.statements.append(" ".join(text.split())[:100])
        if isinstance(parameters, dict):
            meter.most_parameters = max(meter.most_parameters, len(parameters))

    def commit(_connection: Any) -> None:
        meter.commits += 1

    event.listen(db.engine, "before_cursor_execute", statement)
    event.listen(db.engine, "commit", commit)
    try:
        yield meter
    finally:
        event.remove(db.engine, "before_cursor_execute", statement)
        event.remove(db.engine, "commit", commit)


class Pod:
    """A technician's open pod."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client(use_cookies=False)
        at, session = now(), db.session()
        with writing(session):
            self.tenant = accounts.create_tenant(session, name="Northgate IT", region="US", at=at)
            new = accounts.NewUser("sam@northgate.example", "Sam Okafor", Role.TECHNICIAN)
            user = accounts.create_user(session, new, actor="test", at=at)
            for tool in (tools.SMS, tools.VOICE, tools.MAIL, tools.DUO, tools.MICROSOFT):
                tools.set_tool(session, tool, True)
            self.integration = Integration(
                psa=Psa.CONNECTWISE,
                name="ConnectWise",
                pod_key=sealing.random_id(),
                site="https://psa.northgate.example",
                origin="https://psa.northgate.example",
                values={
                    "site": "https://psa.northgate.example",
                    "company": "northgate",
                    "client_id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
                },
                secrets={"public_key": "demoPublicKey01", "private_key": "demoPrivateKey01"},
                created_at=at,
            )
            session.add(self.integration)
        payload = json.dumps(asdict(CALLER), default=lambda each: each.value)
        pod.keep(session, self.integration.id, f"contact:{CALLER.ref}", payload, at)
        who = PodSession(
            tenant=self.tenant.id,
            integration=self.integration.id,
            user=user.id,
            record="ticket:48213",
            contact=CALLER.ref,
            chosen=False,
            since=int(at.timestamp()),
            company=COMPANY,
        )
        self._headers = {pod_token.HEADER: pod_token.issue(who, at)}
        kept = Kept(CALLER, {})
        ways = reachable(kept, tenant=self.tenant, integration_id=self.integration.id, at=at)
        # By kind; of two numbers the mobile.
        self.destinations = {each.target.kind: each.target.key for each in reversed(ways)}
        self.destination = self.destinations["phone"]

    def request(self, method: str, path: str, form: dict[str, str] | None = None) -> TestResponse:
        """One request in a context of its own, as a server's thread would make it."""
        return contextvars.Context().run(
            self._client.open, path, method=method, data=form, headers=self._headers, buffered=True
        )

    def start(self, method: str = "sms_code", *, again: bool = False) -> TestResponse:
        """Ask the caller by a method, at the first destination that it fits."""
        kind = next(iter(METHODS[method].kinds))
        form = {"destination": self.destinations[kind], "method": method, "request_id": sealing.random_id()}
        return self.request("POST", "/pod/verifications", form | ({"again": "1"} if again else {}))

    def check(self, verification_id: str, code: str) -> TestResponse:
        """Type a code."""
        form = {"code": code, "request_id": sealing.random_id()}
        return self.request("POST", f"/pod/verifications/{verification_id}/check", form)

    def newest(self) -> Verification:
        """The verification that was started last, as it stands."""
        session = db.session()
        found = session.scalars(
            select(Verification)
            .order_by(Verification.created_at.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        ).one()
        release(session)
        return found

    def code(self) -> str:
        """The code of the newest message, from the sealed outbox."""
        session = db.session()
        rows = session.scalars(select(OutboxRow).where(OutboxRow.channel == "sms").order_by(OutboxRow.created_at))
        body = json.loads(list(rows)[-1].payload)["body"]
        release(session)
        found = re.search(r"Code: (\d{6})", body)
        assert found
        return found[1]

    def allow(self, **settings: object) -> None:
        """Save the tenant's default policy."""
        with writing(db.session()) as session:
            policies.save(session, policies.EVERYBODY, settings, actor="test", at=now())

    def raise_alarm(self) -> None:
        """The caller says of the newest request that they did not ask for it."""
        newest = self.newest()
        with writing(db.session()) as session:
            found = snapshot(session, newest.id)
            assert found is not None
            alarm.raise_alarm(session, found, "Dana Whitfield, on the push", now())

    def change(self, model: type[Verification | Guard | Tenant], **values: object) -> None:
        """Change all rows of a table, as time or an admin would."""
        with writing(db.session()) as session:
            session.execute(update(model).values(**values).execution_options(synchronize_session=False))

    def age(self, by: timedelta) -> None:
        """Let the live verification be older."""
        found = self.newest()
        self.change(Verification, created_at=found.created_at - by, expires_at=found.expires_at - by)
