"""What the demo's clients have of their own: policies that show the differences, and a Microsoft directory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from podserver.database import db, now, release, writing
from podserver.delivery import microsoft_accounts
from podserver.delivery.credentials import MicrosoftApp, MicrosoftDirectory
from podserver.delivery.microsoft import Cloud
from podserver.demo.people import ACTOR
from podserver.demo.psas import Place
from podserver.microsoft import consent, push
from podserver.microsoft import service as microsoft
from podserver.policies import service as policies
from podserver.policies.policy import FIRST_METHODS

LARKFIELD: Final = "Larkfield Dental"
POLICIES: Final[dict[str, dict[str, Any]]] = {
    LARKFIELD: {
        "banner": "Larkfield Dental: verify the caller before any password or MFA reset.",
        "methods": [*FIRST_METHODS, "authenticator_push"],
    },
    "Harbor Legal": {
        "banner": "Harbor Legal: no reset without a second factor. Ask for the matter number.",
        "banner_colour": "red",
        "methods": ["duo_push", "microsoft_sign_in", "sms_link", "sms_code", "voice_code"],
        "typed_number": "always",
        "minutes_green": 15,
        "counts_elsewhere": False,
    },
    "Ferrer & Sons": {
        "banner": "A family firm: the workshop has no mobiles, call the landline.",
        "banner_colour": "quiet",
        "methods": ["voice_code", "sms_code", "mail_link", "duo_push", "manual"],
        "adhoc_number": True,
        "other_contact_needs_note": False,
        "note_internal": False,
    },
}
# The MSP's app at Microsoft, and what its client lets it send pushes with.
MICROSOFT_DOMAIN: Final = "northgate.example"
MICROSOFT_SECRET: Final = "demo-entra-secret-0001"  # noqa: S105
MICROSOFT_CLIENT: Final = (LARKFIELD, "larkfield.example")
PUSH_SECRET: Final = "demo-push-secret-larkfield-0001"  # noqa: S105


def make_policies(places: Sequence[Place]) -> None:
    """The clients' policies in each PSA, found by the client's name; one that is there stays."""
    session = db.session()
    known = {(row.integration_id, row.company_name) for row in policies.clients(session)}
    release(session)
    missing = [
        (policies.Client(place.integration.id, place.companies[name], name), settings)
        for place in places
        for name, settings in POLICIES.items()
        if (place.integration.id, name) not in known and name in place.companies
    ]
    if not missing:
        return
    with writing(session):
        for client, settings in missing:
            policies.save(session, client, settings, actor=ACTOR, at=now())


def make_microsoft(cloud: Cloud, client_id: str, places: Sequence[Place]) -> None:
    """The MSP's app, and in each PSA the client whose administrator has consented and given a secret for the push.

    Raises BadInput, consent.NotGiven, NotReached.
    """
    session = db.session()
    app = microsoft_accounts.stored(session)
    release(session)
    if app is None or app.client_id != client_id:
        app = _make_app(cloud, client_id)
    name, domain = MICROSOFT_CLIENT
    known = {row.integration_id: row for row in microsoft.clients(session) if row.company_name == name}
    release(session)
    companies = [
        microsoft.Company(place.integration.id, place.companies[name], name)
        for place in places
        if place.integration.id not in known and name in place.companies
    ]
    made = _make_clients(cloud, app, companies, domain) if companies else []
    waiting = [row for row in (*known.values(), *made) if row.checked_at is None and push.has_credential(row)]
    if waiting:
        _switch_push_on(cloud, waiting)


def _make_app(cloud: Cloud, client_id: str) -> MicrosoftApp:
    session = db.session()
    secret = os.environ.get("PODSERVER_DEMO_MICROSOFT_SECRET", MICROSOFT_SECRET)
    home = microsoft_accounts.directory_of(cloud, MICROSOFT_DOMAIN)
    with writing(session):
        typed = microsoft_accounts.TypedApp(client_id, secret, home)
        cleaned = microsoft_accounts.clean(typed, microsoft_accounts.stored(session))
        return microsoft_accounts.save(session, cleaned, actor=ACTOR, at=now())


def _make_clients(
    cloud: Cloud, app: MicrosoftApp, companies: Sequence[microsoft.Company], domain: str
) -> list[MicrosoftDirectory]:
    """One client, as several PSAs know it: Microsoft is asked once."""
    session = db.session()
    directory = microsoft_accounts.directory_of(cloud, domain)
    proof = consent.prove(cloud, app, directory)
    secret = os.environ.get("PODSERVER_DEMO_MICROSOFT_PUSH_SECRET", PUSH_SECRET)
    made = []
    with writing(session):
        for company in companies:
            client = microsoft.add(session, company, directory, actor=ACTOR, at=now())
            consent.keep(session, client, proof, actor=ACTOR, at=now())
            push.keep_secret(session, client, secret, now() + timedelta(days=365), actor=ACTOR, at=now())
            made.append(client)
    return made


def _switch_push_on(cloud: Cloud, clients: Sequence[MicrosoftDirectory]) -> None:
    """All of one directory, and with one secret."""
    session = db.session()
    verdict = push.test(cloud, clients[0])
    with writing(session):
        for client in [microsoft.client(session, each.id) for each in clients]:
            push.note_verdict(session, client, verdict, now())
            push.switch_on(session, client, actor=ACTOR, at=now())
