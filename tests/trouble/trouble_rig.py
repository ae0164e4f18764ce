"""A technician's pod before a PSA in trouble, and the worker that posts its notes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flask import Flask
from psa_world import PsaWorld
from sqlalchemy import select, update

from emulators.halo import CLIENT_ID, CLIENT_SECRET
from emulators.superops import seed as superops
from podserver import tools
from podserver.accounts import service as accounts
from podserver.accounts.models import Role
from podserver.database import db, now, release, writing
from podserver.delivery import outbox
from podserver.delivery.models import OutboxRow, Progress
from podserver.history.models import HistoryEvent
from podserver.integrations.commands import connect
from podserver.integrations.models import Integration
from podserver.integrations.psas import kind_of
from podserver.pod.models import PsaRecord
from podserver.security import pod_token, sealing
from podserver.security.pod_token import PodSession
from podserver.verification.models import Verification

_KEYS: dict[str, Mapping[str, str]] = {
    "connectwise": {
        "site": "$url", "company": "northgate", "public_key": "demoPublicKey01", "private_key": "demoPrivateKey01",
        "client_id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    },
    "halo": {
        "resource_server": "$url", "tenant": "northgate", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "sign_in": "off",
    },
    "autotask": {
        "user": "podapi@northgate.example", "api_secret": "demo#Secret$1~*",
        "tracking_identifier": "DEMOCUSTOMTRACKING000000001", "zone": "$url",
    },
    "kaseya_bms": {
        "server": "$url", "company": "Northgate IT", "user": "caller.verify", "password": "demo-Bms-1!",
    },
    "superops": {
        "region": "$url", "subdomain": "northgateit", "token": superops.TOKENS[superops.SERVICE],
        "technician": "verify@northgate.example",
    },
}  # fmt: skip


class TroubledDesk:
    """One technician, one PSA. Times are the machine's own; :meth:`age` makes what is kept look older."""

    def __init__(self, app: Flask, world: PsaWorld) -> None:
        self.app, self.world, self.session = app, world, db.session()
        with writing(self.session) as session:
            self.tenant = accounts.create_tenant(session, name="Northgate IT", region="US", at=now())
            new = accounts.NewUser("sam@northgate.example", "Sam Okafor", Role.TECHNICIAN)
            self.user = accounts.create_user(session, new, actor="test", at=now())
            tools.set_tool(session, tools.SMS, True)
        keys = {name: text.replace("$url", world.url) for name, text in _KEYS[world.name].items()}
        self.integration = connect(kind_of(world.name), keys, name="The PSA", actor="test")
        release(self.session)
        self._token = self._issue()
        world.forget_calls()

    def _issue(self, contact: str = "", company: str = "") -> str:
        pod = PodSession(
            tenant=self.tenant.id,
            integration=self.integration.id,
            user=self.user.id,
            record=f"ticket:{self.world.facts.ticket}",
            contact=contact,
            chosen=False,
            since=int(now().timestamp()),
            company=company,
        )
        return pod_token.issue(pod, now())

    def open(self) -> str:
        """What the pod's caller widget shows now; the session goes on with what it says."""
        answer = self._post("/pod/caller", {})
        self._token = answer.headers.get(pod_token.HEADER, self._token)
        return answer.text

    def send_code(self, page: str) -> str:
        """Send a code to the caller's first number; returns the row."""
        destination = re.findall(r'name="destination" value="([0-9a-f]+)"', page)[0]
        form = {"destination": destination, "method": "sms_code", "request_id": sealing.random_id()}
        return self._post("/pod/verifications", form).text

    def verify(self) -> str:
        """Type the code that went out; returns the row."""
        row = self.session.scalars(select(OutboxRow).where(OutboxRow.channel == "sms")).one()
        code = re.search(r"\b(\d{6})\b", json.dumps(json.loads(row.payload)))
        known = self.session.scalars(select(Verification)).one()
        release(self.session)
        assert code is not None
        form = {"code": code[1], "request_id": sealing.random_id()}
        return self._post(f"/pod/verifications/{known.id}/check", form).text

    def poll(self) -> int:
        """The status of one poll."""
        headers = {pod_token.HEADER: self._token, "HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
        return self.app.test_client().get("/pod/rows", headers=headers).status_code

    def post_notes(self, after: timedelta = timedelta(0)) -> list[OutboxRow]:
        """Do what the worker does about notes, once, as if so much time had passed; returns the rows as they stand."""
        at = datetime.now(UTC) + after
        due = list(self.session.scalars(select(OutboxRow.id).where(OutboxRow.channel == "psa_note")))
        release(self.session)
        for row_id in due:
            outbox.deliver(self.session, self.app.extensions["exchange"], row_id, lambda: at)
        self.session.expire_all()
        return list(self.session.scalars(select(OutboxRow).where(OutboxRow.channel == "psa_note")))

    def note_is_posted(self) -> bool:
        """Whether the worker is done with the one note."""
        rows = self.post_notes()
        release(self.session)
        return [row.progress for row in rows] == [Progress.DONE]

    def age(self, minutes: float) -> None:
        """What the PSA said was said so long ago."""
        with writing(self.session) as session:
            session.execute(update(PsaRecord).values(fetched_at=now() - timedelta(minutes=minutes)))

    def wait_out(self) -> None:
        """The PSA has been left in peace for long enough."""
        self.app.extensions["connections"].forgive(self.integration)

    def events(self, kind: str) -> list[HistoryEvent]:
        """The history's events of a kind."""
        self.session.expire_all()
        found = list(self.session.scalars(select(HistoryEvent).where(HistoryEvent.kind == kind)))
        release(self.session)
        return found

    def stored(self) -> Integration:
        """The integration as it stands."""
        self.session.expire_all()
        found = self.session.scalars(select(Integration)).one()
        release(self.session)
        return found

    def _post(self, path: str, form: Mapping[str, str]):  # type: ignore[no-untyped-def]
        headers = {pod_token.HEADER: self._token, "HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
        return self.app.test_client().post(path, data=form, headers=headers)
