"""A technician whose clients have the Authenticator push switched on, and the phones of everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from provider_rig import Providers, hand_over, stored
from seeds import Seeds
from sqlalchemy import select

from emulators.entra import CLIENT_ID, CLIENT_SECRET, HARBOR_TENANT, LARKFIELD_TENANT, NORTHGATE_TENANT
from podserver.database import db, writing
from podserver.delivery import microsoft_accounts
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.microsoft import key_pair, push, service
from podserver.microsoft.service import Company
from podserver.tenancy import bind_tenant
from podserver.verification.destinations import account_target
from podserver.verification.ending import Result
from podserver.verification.models import Delivery, State

PEOPLE = {
    "dana@larkfield.example": ("77", "250"),
    "marcus@larkfield.example": ("78", "250"),
    "ingrid@larkfield.example": ("79", "250"),
    "theo@larkfield.example": ("80", "250"),
    "amara@harborlegal.example": ("81", "251"),
    "felix@harborlegal.example": ("82", "251"),
    "wei@harborlegal.example": ("83", "251"),
}
TENANTS = {"250": ("Larkfield Dental", LARKFIELD_TENANT), "251": ("Harbor Legal", HARBOR_TENANT)}
BASE = ["User.Read.All", "UserAuthenticationMethod.Read.All"]


class PushDesk:
    """One technician."""

    def __init__(self, app: Flask, providers: Providers, pair: key_pair.KeyPair) -> None:
        self.app, self.providers, self.pair = app, providers, pair
        self.seeds = Seeds(db.session(), at=datetime.now(UTC))
        self.seeds.allow(methods=["authenticator_push"])
        with writing(self.seeds.session) as session:
            app_of_msp = microsoft_accounts.TypedApp(CLIENT_ID, CLIENT_SECRET, NORTHGATE_TENANT)
            microsoft_accounts.save(session, app_of_msp, actor="tests", at=self.seeds.at)

    def set_up(self, company: str = "250", *, consented: bool = True) -> MicrosoftDirectory:
        name, tenant = TENANTS[company]
        self.control("credentials", tenant=tenant, certificate=self.pair.certificate)
        self.control("consent", tenant=tenant, permissions=BASE if consented else [])
        with writing(self.seeds.session) as session:
            client = Company(self.seeds.integration.id, company, name)
            row = service.add(session, client, tenant, actor="tests", at=self.seeds.at)
            push.keep_pair(session, row, self.pair, actor="tests", at=self.seeds.at)
            row.checked_at = self.seeds.at
            row.consented_at = self.seeds.at if consented else None
            push.switch_on(session, row, actor="tests", at=self.seeds.at)
        return row

    def change(self, **values: Any) -> None:
        with writing(self.seeds.session) as session:
            bind_tenant(session, self.seeds.tenant.id)
            for row in session.scalars(select(MicrosoftDirectory)):
                for name, value in values.items():
                    setattr(row, name, value)

    def push(self, email: str = "dana@larkfield.example") -> Result:
        contact, company = PEOPLE.get(email, ("90", "250"))
        self.seeds.caller = replace(self.seeds.caller, contact=contact, company=company)
        target = account_target(
            kind="microsoft",
            hash_key=self.seeds.tenant.hash_key,
            integration_id=self.seeds.integration.id,
            contact=contact,
            address=email,
        )
        result = self.seeds.start(method="authenticator_push", target=target, at=datetime.now(UTC))
        assert not result.refused, result.refused
        return result

    def until(self, result: Result, *states: State) -> Any:
        hand_over(self.app, self.seeds.session, until=lambda: stored(self.seeds, result).state in states)
        return stored(self.seeds, result)

    def until_pushed(self, result: Result) -> dict[str, Any]:
        hand_over(self.app, self.seeds.session, until=lambda: stored(self.seeds, result).delivery == Delivery.SENT)
        return dict(self.pushes()[0])

    def failed(self, email: str = "dana@larkfield.example") -> str:
        """Ask somebody who cannot be asked; why not."""
        row = self.until(self.push(email), State.FAILED, State.VERIFIED, State.DENIED, State.EXPIRED)
        assert row.state == State.FAILED
        return str(row.reason)

    def pushes(self) -> list[dict[str, Any]]:
        return list(self.providers.get("/_emulator/entra/pushes.json")["pushes"])

    def press(self, push_row: dict[str, Any], answer: str) -> None:
        self.providers.post(f"/_emulator/entra/pushes/{push_row['session']}", answer=answer)

    def control(self, name: str, **said: Any) -> Any:
        return self.providers.post(f"/_emulator/entra/{name}", **said)

    def faults(self, **said: Any) -> None:
        self.control("faults", **said)

    def asked(self, part: str) -> int:
        """How many requests came in whose path ends in this."""
        every = self.providers.get("/_emulator/entra/requests")["requests"]
        return sum(each["path"].endswith(part) for each in every)
