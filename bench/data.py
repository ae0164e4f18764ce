"""What the flows work on: fresh callers for every burst, so that no limit of the product is ever met."""

from __future__ import annotations

import itertools
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from flask import Flask
from sqlalchemy import Engine, create_engine, event, insert, text, update
from sqlalchemy.orm import Session

from bench import floor
from connectors.base import Company, Contact, Destination, DestinationKind
from podserver.accounts import service as accounts
from podserver.accounts.models import Role, Tenant
from podserver.branding.letters import Letterhead
from podserver.database import Base, db, now, writing
from podserver.integrations.models import Integration, Psa
from podserver.pod import reaching
from podserver.pod.models import PsaRecord
from podserver.policies.policy import DEFAULT, terms_of
from podserver.security import pod_token, sealing
from podserver.security.pod_token import PodSession
from podserver.tenancy import bind_tenant
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Ask, Target
from podserver.verification.models import Delivery, Guard, State, Verification

TENANTS = 4
LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Subject:
    """A caller to make a request about. ``destination``, ``verification`` and ``code`` are empty where a side has
    none."""

    caller: str
    token: str = ""
    destination: str = ""
    verification: str = ""
    code: str = ""


class Side(Protocol):
    """One of the two that are measured, as its data goes."""

    def pod_keys(self) -> Sequence[str]:
        """The pods that a shell can be asked for."""
        ...

    def callers(self, count: int, *, pending: bool) -> list[Subject]:
        """Fresh callers, each with a pending verification if wanted."""
        ...

    def settle(self) -> None:
        """Let the database look at its tables, as one that has been in use for long has."""
        ...


class Product:
    """podserver's data, written through its own session and its own engine room."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._numbers = itertools.count(1000)
        self.houses: list[tuple[Tenant, Integration, int]] = []
        with app.app_context():
            for number in range(TENANTS):
                self.houses.append(_house(number))

    def pod_keys(self) -> Sequence[str]:
        """One pod for each tenant."""
        return [integration.pod_key for _tenant, integration, _user in self.houses]

    def callers(self, count: int, *, pending: bool) -> list[Subject]:
        """Callers spread over the tenants."""
        subjects: list[Subject] = []
        with self.app.app_context():
            for share, house in enumerate(self.houses):
                subjects += self._callers_of(house, len(range(share, count, TENANTS)), pending)
        return subjects

    def statements_of_a_poll(self) -> int:
        """How many statements one poll of a pending row runs, counted."""
        subject = self.callers(TENANTS, pending=True)[0]
        counted: list[str] = []

        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            counted.append(statement)

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", count)
        try:
            headers = {pod_token.HEADER: subject.token, "HX-Request": "true"}
            answer = self.app.test_client().get("/pod/rows", headers=headers)
        finally:
            event.remove(engine, "before_cursor_execute", count)
        assert answer.status_code == 200 and "Pending" in answer.text
        return len(counted)

    def settle(self) -> None:
        """ANALYZE."""
        with self.app.app_context():
            _analyse(db.engine)

    def _callers_of(self, house: tuple[Tenant, Integration, int], count: int, pending: bool) -> list[Subject]:
        tenant, integration, user = house
        session, at = db.session(), now()
        bind_tenant(session, tenant.id)
        records: list[dict[str, Any]] = []
        challenges: list[dict[str, Any]] = []
        guards: list[dict[str, Any]] = []
        subjects: list[Subject] = []
        for _ in range(count):
            contact = _contact(str(next(self._numbers)))
            payload = json.dumps(asdict(contact), default=lambda each: each.value)
            records.append({"integration_id": integration.id, "key": f"contact:{contact.ref}", "payload": payload,
                            "fetched_at": at, "tenant_id": tenant.id})  # fmt: skip
            target = reaching.targets(contact, tenant=tenant, integration_id=integration.id)[0].target
            verification: dict[str, Any] = {}
            code = ""
            if pending:
                verification, code = _challenge(tenant, integration, user, contact, target, at)
                challenges.append(verification)
                guards += [_guard(tenant, integration, contact, key, at) for key in ("", target.key)]
            who = PodSession(
                tenant=tenant.id,
                integration=integration.id,
                user=user,
                record="ticket:48213",
                contact=contact.ref,
                chosen=False,
                since=int(at.timestamp()),
                company="19",
            )
            subjects.append(
                Subject(contact.ref, pod_token.issue(who, at), target.key, verification.get("id", ""), code)
            )
        with writing(session):
            _insert(session, PsaRecord, records)
            _insert(session, Verification, challenges)
            _insert(session, Guard, guards)
        return subjects


def _house(number: int) -> tuple[Tenant, Integration, int]:
    at, session = now(), db.session()
    with writing(session):
        tenant = accounts.create_tenant(session, name=f"Northgate IT {number}", region="US", at=at)
        # The bench sends more in a minute than a desk in a year; the budgets have tests of their own.
        session.execute(
            update(Tenant).values(sends_per_hour=None, technician_sends_per_hour=None, tools="duo,mail,sms,voice")
        )
        new = accounts.NewUser(f"sam{number}@northgate.example", "Sam Okafor", Role.TECHNICIAN)
        user = accounts.create_user(session, new, actor="bench", at=at)
        integration = Integration(
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
        session.add(integration)
    return tenant, integration, user.id


def _contact(ref: str) -> Contact:
    number = int(ref)
    numbers = (f"202555{100 + number % 100:04d}", f"202555{100 + (number + 50) % 100:04d}")
    return Contact(
        ref=ref,
        name="Dana Whitfield",
        first_name="Dana",
        company=Company("19", "Larkfield Dental"),
        destinations=(
            Destination("1", DestinationKind.PHONE, numbers[0], "Cell", mobile=True, default=True),
            Destination("2", DestinationKind.PHONE, numbers[1], "Direct"),
            Destination("3", DestinationKind.EMAIL, f"dana{ref}@larkfield.example", "Email", default=True),
        ),
    )


def _challenge(
    tenant: Tenant, integration: Integration, user: int, contact: Contact, target: Target, at: datetime
) -> tuple[dict[str, Any], str]:
    verification = sealing.random_id()
    method = METHODS["sms_code"]
    claim = method.claim(target, digits=False)
    challenge = method.challenge(
        Ask(
            hash_key=tenant.hash_key,
            verification=verification,
            msp=tenant.name,
            target=target,
            life=int(LIFE.total_seconds()),
            technician="Sam Okafor",
            contact=contact.ref,
            contact_name=contact.name,
            company="19",
            ticket="48213",
            summary="",
            integration_id=integration.id,
            base_url="https://pod.northgate.example",
            letterhead=lambda: Letterhead(tenant.name),
        )
    )
    found = re.search(r"Code: (\d{6})", challenge.payload["body"])
    assert found
    row = {
        "id": verification,
        "tenant_id": tenant.id,
        "integration_id": integration.id,
        "contact": contact.ref,
        "contact_name": contact.name,
        "company_name": "Larkfield Dental",
        "ticket": "48213",
        "ticket_ref": "48213",
        "destination_key": target.key,
        "masked": target.masked,
        "method": "sms_code",
        "state": State.PENDING,
        "reason": "",
        "delivery": Delivery.QUEUED,
        "delivery_at": at,
        "proof_hash": challenge.proof_hash,
        "strength": claim.strength,
        "worth": claim.reason,
        "terms": terms_of(DEFAULT),
        "wrong_guesses": 0,
        "user_id": user,
        "technician": "Sam Okafor",
        "request_id": sealing.random_id(),
        "last_check": "",
        "created_at": at,
        "expires_at": at + LIFE,
    }
    return row, found[1]


def _guard(tenant: Tenant, integration: Integration, contact: Contact, key: str, at: datetime) -> dict[str, Any]:
    return {
        "tenant_id": tenant.id,
        "integration_id": integration.id,
        "contact": contact.ref,
        "destination_key": key,
        "failures": 0,
        "lock_reason": "",
        "day_start": at,
        "day_failures": 0,
        "month_start": at,
        "month_failures": 0,
        "send_start": at,
        "sends": 1,
        "send_day_start": at,
        "day_sends": 1,
    }


def _insert(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(model).execution_options(podserver_tenant_rows=True), rows)


class Floor:
    """The floor's data."""

    def __init__(self, url: str) -> None:
        # Not the floor's own: podserver's listeners, which are at home in this process, begin transactions for all.
        self._engine = create_engine(url)
        self._numbers = itertools.count(1000)
        self._keys = [secrets.token_hex(13) for _ in range(TENANTS)]
        floor.Base.metadata.create_all(self._engine)
        with Session(self._engine) as session:
            session.add_all(floor.Place(pod_key=key, origin="https://psa.northgate.example") for key in self._keys)
            session.commit()

    def pod_keys(self) -> Sequence[str]:
        """As many pods as the product has."""
        return self._keys

    def callers(self, count: int, *, pending: bool) -> list[Subject]:
        """Callers, plainly."""
        at = datetime.now(UTC)
        ids = list(itertools.islice(self._numbers, count))
        subjects = [
            Subject(str(id_), verification=secrets.token_hex(13), code=f"{secrets.randbelow(1_000_000):06d}")
            for id_ in ids
        ]
        attempts = [
            {"id": one.verification, "caller_id": int(one.caller), "number": "+12025550142", "ticket": "48213",
             "technician": "Sam Okafor", "state": "pending", "proof_hash": floor.proof(one.verification, one.code),
             "version": 0, "created_at": at, "expires_at": at + LIFE}
            for one in subjects
        ]  # fmt: skip
        with Session(self._engine) as session:
            session.execute(
                insert(floor.Caller), [{"id": id_, "name": "Dana Whitfield", "number": "+12025550142"} for id_ in ids]
            )
            if pending:
                session.execute(insert(floor.Attempt), attempts)
            session.commit()
        return subjects

    def settle(self) -> None:
        """ANALYZE."""
        _analyse(self._engine)

    def close(self) -> None:
        """Give the connections back, so that the database can be dropped."""
        self._engine.dispose()


def _analyse(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
