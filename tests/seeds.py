"""Rows for tests, made by the product's own services wherever there is one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from podserver.accounts import passwords
from podserver.accounts import service as accounts
from podserver.accounts.models import Role, Tenant, User
from podserver.branding import service as branding
from podserver.branding.letters import Letterhead
from podserver.branding.service import Look
from podserver.database import writing
from podserver.delivery import accounts as sms_accounts
from podserver.delivery import duo_accounts, inbox, mail_accounts, microsoft_accounts
from podserver.delivery.credentials import DuoPerson
from podserver.history import chain
from podserver.integrations.models import Integration, Psa
from podserver.microsoft import service as microsoft
from podserver.microsoft import sign_in
from podserver.pod import window
from podserver.pod.service import keep
from podserver.policies import service as policies
from podserver.policies.policy import Policy
from podserver.security import sealing
from podserver.security.pod_token import PodSession, issue
from podserver.ticketing.models import TicketingProfile
from podserver.verification import service as verification
from podserver.verification import sightings, starting
from podserver.verification.asking import Asker, Caller
from podserver.verification.destinations import phone_target
from podserver.verification.ending import Result
from podserver.verification.methods.base import Target

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PASSWORD: Final = "a long walk by the canal"
ACCOUNT_SID: Final = "AC" + "0" * 31 + "1"
NOBODY: Final = "00000000-0000-4000-8000-000000000000"
MAIL: Final = mail_accounts.MailServer(
    "smtp.northgate.example", 587, "starttls", "support@northgate.example", "a-password-of-tests",
    "support@northgate.example",
)  # fmt: skip


class Seeds:
    """One tenant's rows. Every method that makes rows commits them."""

    def __init__(self, session: Session, msp: str = "Northgate IT", at: datetime = NOON) -> None:
        self.session, self.at = session, at
        self.short = msp.split()[0].lower()
        with writing(session):
            self.tenant: Tenant = accounts.create_tenant(session, name=msp, region="US", at=at)
            self.user: User = self.add_user("Sam Okafor", Role.TECHNICIAN, commit=False)
            self.integration = Integration(
                psa=Psa.CONNECTWISE,
                name="ConnectWise",
                pod_key=sealing.random_id(),
                site="na.myconnectwise.net",
                origin="https://na.myconnectwise.net",
                values={
                    "site": "na.myconnectwise.net",
                    "company": self.short,
                    "client_id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
                },
                secrets={"public_key": "publicKey0001", "private_key": "privateKey0001"},
                created_at=at,
                active=True,
            )
            session.add(self.integration)
            session.flush()
        self.asker = Asker(self.user.id, self.user.name)
        self.caller = Caller(
            self.integration.id,
            "77",
            "Dana Whitfield",
            "Larkfield Dental",
            "48213",
            "48213",
            "250",
            "Cannot sign in to webmail",
        )

    def add_user(self, name: str, role: Role, *, commit: bool = True) -> User:
        """A user with :data:`PASSWORD`."""
        email = f"{name.split()[0].lower()}@{self.short}.example"
        new = accounts.NewUser(email, name, role, PASSWORD)
        if not commit:
            return accounts.create_user(self.session, new, actor="tests", at=self.at)
        with writing(self.session):
            return accounts.create_user(self.session, new, actor="tests", at=self.at)

    def set(self, **settings: object) -> None:
        """Change the tenant's settings and commit."""
        with writing(self.session):
            for name, value in settings.items():
                setattr(self.tenant, name, value)
            self.session.add(self.tenant)

    def allow(self, **settings: Any) -> Policy:
        """Save the tenant's default policy: these settings, and podserver's own for the rest."""
        with writing(self.session):
            policies.save(self.session, policies.EVERYBODY, settings, actor="tests", at=self.at)
        return self.policy

    @property
    def policy(self) -> Policy:
        """The policy that counts for Dana's company."""
        return policies.policy_for(self.session, policies.Client(self.integration.id, "250", "Larkfield Dental"))

    def setting(self) -> starting.Setting:
        """What surrounds a start."""
        policy = self.policy
        self.session.rollback()
        return starting.Setting(self.tenant, policy, "https://pod.example.com", lambda: Letterhead(self.tenant.name))

    def target(self, number: str = "2025550142", contact: str = "77") -> Target:
        """A number of a contact, as the pod makes targets."""
        return phone_target(
            hash_key=self.tenant.hash_key,
            integration_id=self.integration.id,
            contact=contact,
            value=number,
            region="US",
            mobile=True,
        )

    def start(
        self,
        *,
        at: datetime | None = None,
        number: str = "2025550142",
        again: bool = False,
        request_id: str = "",
        asker: Asker | None = None,
        method: str = "sms_code",
        target: Target | None = None,
    ) -> Result:
        """Start a verification of Dana and commit it."""
        setting = self.setting()
        with writing(self.session):
            return starting.start(
                self.session,
                setting=setting,
                asker=asker or self.asker,
                caller=self.caller,
                target=target or self.target(number),
                method=method,
                request_id=request_id or sealing.random_id(),
                again=again,
                at=at or self.at,
            )

    def check(self, result: Result, answer: str, *, at: datetime | None = None, request_id: str = "",
              asker: Asker | None = None) -> Result:  # fmt: skip
        """Submit a code and commit the judgement."""
        assert result.verification is not None
        with writing(self.session):
            return verification.check(
                self.session,
                tenant=self.tenant,
                asker=asker or self.asker,
                verification_id=result.verification.id,
                integration_id=self.integration.id,
                contact=self.caller.contact,
                answer=answer,
                request_id=request_id or sealing.random_id(),
                at=at or self.at,
            )

    def token(self, record: str = "ticket:48213", contact: str = "77") -> str:
        """A pod token of the technician, issued now."""
        now = datetime.now(UTC)
        pod = PodSession(
            self.tenant.id, self.integration.id, self.user.id, record, contact, False, int(now.timestamp()), "250"
        )
        return issue(pod, now)

    def keep_contact(
        self, at: datetime, ref: str = "77", numbers: tuple[str, ...] = ("2025550142", "2025550177")
    ) -> None:
        """Keep the PSA's answer about a contact, as a pod that was opened a moment ago leaves it."""
        destinations = [
            {"ref": str(900 + n), "kind": "phone", "value": number, "label": "Cell" if n == 0 else "Direct",
             "mobile": n == 0, "default": False, "extension": ""}
            for n, number in enumerate(numbers)
        ]  # fmt: skip
        contact = {
            "ref": ref,
            "name": "Dana Whitfield",
            "first_name": "Dana",
            "company": {"ref": "250", "name": "Larkfield Dental", "identifier": "LARKFIELD"},
            "destinations": destinations,
            "title": "",
            "inactive": False,
        }
        keep(self.session, self.integration.id, f"contact:{ref}", json.dumps(contact), at)

    def _microsoft(self, started: Result) -> None:
        assert started.verification is not None
        typed = microsoft_accounts.TypedApp(NOBODY, "a-secret-of-tests", NOBODY)
        microsoft_accounts.save(self.session, typed, actor="tests", at=self.at)
        larkfield = microsoft.Company(self.integration.id, "250", "Larkfield Dental")
        microsoft.add(self.session, larkfield, NOBODY, actor="tests", at=self.at)
        flow = sign_in.Flow("a-token-of-tests", msal={"state": sealing.random_key()})
        sign_in.keep(self.session, started.verification.id, flow, self.at)

    def _duo(self) -> None:
        typed = duo_accounts.TypedKeys("api-1a2b3c4d.duosecurity.com", "DITESTS0000000000001", "s" * 40)
        duo_accounts.save(self.session, "auth", typed, checked=False, actor="tests", at=self.at)
        self.session.add(
            DuoPerson(
                integration_id=self.integration.id,
                contact="77",
                email_hash="e" * 64,
                user_id="DU1",
                username="dana.w",
                found_by="e-mail",
                found_at=self.at,
            )
        )

    def everything(self) -> int:
        """At least one row in every table that belongs to a tenant; returns the tenant's id."""
        tenant_id = self.tenant.id
        started = self.start()
        self.keep_contact(self.at)
        with writing(self.session):
            accounts.begin_sign_in(self.session, self.user, self.at)
            passwords.begin_link(self.session, self.user, actor="tests", at=self.at)
            accounts.link_member(self.session, self.user, integration_id=self.integration.id, member="sam")
            sms_accounts.save(
                self.session,
                sms_accounts.TwilioKeys(ACCOUNT_SID, "a-token-of-tests", "+12025550100", "+12025550100"),
                actor="tests",
                at=self.at,
            )
            larkfield = policies.Client(self.integration.id, "250", "Larkfield Dental")
            policies.save(self.session, larkfield, {"minutes_green": 30}, actor="tests", at=self.at)
            mail_accounts.save(self.session, MAIL, actor="tests", at=self.at)
            self._microsoft(started)
            self._duo()
            branding.save(self.session, Look("#0b6e3a"), None, keep_logo=True, actor="tests", at=self.at)
            inbox.store_status(
                self.session,
                outbox_id=started.outbox[0],
                reference="SM" + sealing.fingerprint(self.short)[:32],
                status="sent",
                code="",
                at=self.at,
            )
        with writing(self.session):
            self.session.add(
                TicketingProfile(
                    integration_id=self.integration.id,
                    name="Calls",
                    is_default=True,
                    chosen={"company": {"ref": "250", "name": "Larkfield Dental"}},
                    changed_at=self.at,
                )
            )
        window.open_one(self.session, self.integration, record_key="ticket:48213", address="198.51.100.7", at=self.at)
        sightings.take_note(
            self.session, hash_key=self.tenant.hash_key, integration_id=self.integration.id,
            people={"77": [self.target()]}, at=self.at,
        )  # fmt: skip
        chain.seal_pending(self.session, self.at, whole=True)
        return tenant_id
