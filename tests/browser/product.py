"""The product itself in the tests' own process, on the world's database: what an admin or a user does without a page.

Nothing is imitated: these are podserver's services, in transactions of their own, and the worker of the world finds
what they leave in the outbox.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from world import World

from podserver import tools
from podserver.accounts.models import Tenant, User
from podserver.application import create_app
from podserver.branding.letters import Letterhead
from podserver.configuration import Settings, read_settings
from podserver.database import db, now, release, writing
from podserver.delivery import outbox
from podserver.delivery.models import OutboxRow, Progress
from podserver.demo import MSP
from podserver.integrations.models import Integration, Psa
from podserver.pod.models import PsaRecord
from podserver.pod.reaching import reachable, read_kept
from podserver.policies import service as policies
from podserver.policies.policy import Policy
from podserver.security import sealing
from podserver.tenancy import across_tenants, bind_tenant
from podserver.verification import alarm, answers, deliveries, locks, starting
from podserver.verification.asking import Asker, Caller
from podserver.verification.methods.base import Target
from podserver.verification.methods.link import typed_number
from podserver.verification.models import State, Verification
from podserver.verification.snapshot import snapshot


class Product:
    """podserver's services, bound to the demo's MSP."""

    def __init__(self, world: World) -> None:
        self._settings: Settings = read_settings({**world.environment, "PODSERVER_LOG_LEVEL": "error"})

    @property
    def settings(self) -> Settings:
        """What the world's processes are set to."""
        return self._settings

    @cached_property
    def _app(self) -> Flask:
        return create_app(self._settings, migrations=False)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A session of the MSP, in an application's context."""
        with self._app.app_context():
            # Another test's application may have brought its own keys meanwhile.
            sealing.install(self._settings.secret_keys)
            session = db.session()
            with across_tenants(session):
                tenant = self.tenant(session)
            release(session)
            bind_tenant(session, tenant.id)
            try:
                yield session
            finally:
                db.session.remove()

    @staticmethod
    def tenant(session: Session) -> Tenant:
        """The MSP."""
        return session.scalars(select(Tenant).where(Tenant.name == MSP)).one()

    @staticmethod
    def _integration(session: Session) -> Integration:
        return session.scalars(select(Integration).where(Integration.psa == Psa.CONNECTWISE)).one()

    # --- What an admin does ---------------------------------------------------------------------------------------

    def allow(self, company: int | None = None, name: str = "", **settings: Any) -> None:
        """Save a company's policy, or everybody's: these settings and nothing else."""
        with self.session() as session:
            client = policies.EVERYBODY
            if company is not None:
                client = policies.Client(self._integration(session).id, str(company), name)
            release(session)
            with writing(session):
                policies.save(session, client, settings, actor="Alex Moreno", at=now())

    def policy(self, session: Session, company: str) -> Policy:
        """The policy that counts for a company."""
        return policies.policy_for(session, policies.Client(self._integration(session).id, company))

    def tools(self) -> frozenset[str]:
        """What is set up."""
        with self.session() as session:
            return tools.tools_of(self.tenant(session))

    def set_tools(self, ready: frozenset[str]) -> None:
        """Say what is set up, as the rooms that keep accounts do when they save one."""
        every = frozenset({tools.SMS, tools.VOICE, tools.MAIL, tools.DUO, tools.MICROSOFT})
        with self.session() as session, writing(session):
            for tool in every:
                tools.set_tool(session, tool, tool in ready)

    def unlock(self, contact: int) -> None:
        """Lift every lock of a contact."""
        with self.session() as session:
            integration_id = self._integration(session).id
            release(session)
            with writing(session):
                locks.unlock(session, contact=str(contact), integration_id=integration_id, actor="Alex", at=now())

    # --- What a user does on their page ---------------------------------------------------------------------------

    def number(self, contact: int) -> str:
        """The two digits that the technician reads out for the contact's pending request."""
        with self.session() as session:
            return typed_number(self.tenant(session).hash_key, self._pending(session, contact).id)

    def validate(self, contact: int, number: str = "") -> None:
        """Press Validate on the page of the contact's pending link, with this number typed."""
        with self.session() as session:
            tenant, pending = self.tenant(session), self._pending(session, contact)
            release(session)
            with writing(session):
                answers.validate(session, tenant=tenant, verification_id=pending.id, number=number, at=now())

    def deny(self, contact: int) -> None:
        """Press *I did not ask for this* on the page of the contact's pending link."""
        with self.session() as session:
            pending = self._pending(session, contact)
            release(session)
            with writing(session):
                answers.deny(session, verification_id=pending.id, at=now())

    def raise_alarm(self, contact: int) -> None:
        """Say *I did not ask for this* of the contact's pending request, whatever it is."""
        with self.session() as session:
            pending = self._pending(session, contact)
            release(session)
            with writing(session):
                found = snapshot(session, pending.id)
                assert found is not None
                alarm.raise_alarm(session, found, f"{found.contact_name}, on the push", now())

    @staticmethod
    def _pending(session: Session, contact: int) -> Verification:
        asked = select(Verification).where(Verification.contact == str(contact), Verification.state == State.PENDING)
        return session.scalars(asked.order_by(Verification.created_at.desc())).first() or _nothing(contact)

    # --- Requests whose channel this world has not ------------------------------------------------------------------

    def ask(self, contact: int, kind: str, method: str, *, ticket: str = "") -> str:
        """Start a request to a contact's first destination of a kind, as the pod would; returns its id.

        Its message is taken back before any worker sees it, so that the test says what became of it.
        """
        with self.session() as session:
            tenant, integration = self.tenant(session), self._integration(session)
            user = session.scalars(select(User).where(User.email == "sam@northgate.example")).one()
            kept = session.scalars(select(PsaRecord.payload).where(PsaRecord.key == f"contact:{contact}")).one()
            person = read_kept(kept).contact
            company = person.company
            found = reachable(read_kept(kept), tenant=tenant, integration_id=integration.id, at=now())
            target: Target = next(each.target for each in found if each.target.kind == kind)
            policy = self.policy(session, company.ref if company else "")
            release(session)
            with writing(session):
                result = starting.start(
                    session,
                    setting=starting.Setting(
                        tenant, policy, self._settings.base_url, lambda: Letterhead(tenant.name)
                    ),
                    asker=Asker(user.id, user.name),
                    caller=Caller(
                        integration.id, str(contact), person.name, company.name if company else "", ticket, ticket,
                        company.ref if company else "", "Cannot sign in",
                    ),
                    target=target,
                    method=method,
                    request_id=sealing.random_id(),
                    again=False,
                    at=now(),
                )  # fmt: skip
                assert result.verification is not None, result.refused
                session.execute(
                    delete(OutboxRow)
                    .where(OutboxRow.id.in_(result.outbox))
                    .execution_options(synchronize_session=False)
                )
            return result.verification.id

    def sign_in(self, verification_id: str) -> None:
        """Sign in at Microsoft with the contact's own account."""
        with self.session() as session, writing(session):
            answers.accept_sign_in(session, verification_id=verification_id, at=now())

    def report(
        self, verification_id: str, status: str, reason: str = "", *, failed: bool = False, read_out: str = ""
    ) -> None:
        """Tell the engine how far a message is, in the words of its channel."""
        also = {"read_out": read_out} if read_out else {}
        self._tell(deliveries.DeliveryTopic(), verification_id, status, reason, failed=failed, also=also)

    def press(self, verification_id: str, status: str, reason: str = "") -> None:
        """Tell the engine what the user pressed on a push."""
        self._tell(deliveries.PushAnswerTopic(), verification_id, status, reason)

    def _tell(
        self, topic: outbox.Topic, verification_id: str, status: str, reason: str, *, failed: bool = False,
        also: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        progress = Progress.FAILED if failed else Progress.DONE
        report = outbox.Report(verification_id, progress, status, reason, "", now(), "reference of a test", also or {})
        with self.session() as session:
            release(session)
            with writing(session):
                topic.report(session, report)
                # What would ask the provider for the answer: there is none.
                session.execute(
                    delete(OutboxRow)
                    .where(OutboxRow.topic == deliveries.ANSWER_TOPIC)
                    .execution_options(synchronize_session=False)
                )


def _nothing(contact: int) -> Verification:
    raise LookupError(f"nothing is pending for contact {contact}")
