"""Demo data: one invented MSP, its people, and connections to wherever the options say its PSA and Twilio are.

Data and nothing else: the product cannot tell a demo from anything real. It can be run again; it adds nothing twice.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import Any

import click
from sqlalchemy import select

from connectors.base import PsaError
from podserver.accounts import service as accounts
from podserver.accounts.models import PsaMember, Role, Tenant, User
from podserver.branding import service as branding
from podserver.database import db, now, release, writing
from podserver.delivery import accounts as sms_accounts
from podserver.delivery import duo_accounts, mail_accounts, microsoft_accounts
from podserver.delivery.microsoft import Cloud, NotReached
from podserver.integrations import service as integrations
from podserver.integrations.commands import connect
from podserver.integrations.psas import BadInput, kind_of
from podserver.microsoft import consent, push
from podserver.microsoft import service as microsoft
from podserver.policies import service as policies
from podserver.policies.policy import FIRST_METHODS
from podserver.tenancy import across_tenants, bind_tenant

MSP = "Northgate IT"
PEOPLE = (
    ("Alex Moreno", "alex@northgate.example", Role.ADMIN, "", "paper lanterns over the harbour"),
    ("Sam Okafor", "sam@northgate.example", Role.TECHNICIAN, "sam", "seven brass kettles singing"),
    ("Priya Nair", "priya@northgate.example", Role.TECHNICIAN, "priya", "a quiet orchard in november"),
    ("Ines Duarte", "ines@northgate.example", Role.AUDITOR, "", "counting every stone on the beach"),
)

ACTOR = "podserver demo"
DUO = {
    "auth": ("DIEMULATOR0000000002", "demo-auth-api-secret00000000000000000002"),
    "admin": ("DIEMULATOR0000000003", "demo-admin-api-skey-00000000000000000003"),
    "web": ("DIEMULATOR0000000001", "demo-web-sdk-secret-00000000000000000001"),
}
MAIL = ("support@northgate.example", "demo-mail-password-0001")
LOOK = branding.Look(
    accent="#1f5f8b",
    signature="Northgate IT help desk\nWeekdays from 7 to 19",
    footer="Northgate IT, 400 Example Avenue, Washington. We never ask for a password.",
    phone="+1 202 555 0100",
)
# The MSP's app at Microsoft, and what its client lets it send pushes with.
MICROSOFT_DOMAIN = "northgate.example"
MICROSOFT_SECRET = "demo-entra-secret-0001"  # noqa: S105
MICROSOFT_CLIENT = ("250", "Larkfield Dental", "larkfield.example")
PUSH_SECRET = "demo-push-secret-larkfield-0001"  # noqa: S105
POLICIES: dict[tuple[str, str], dict[str, Any]] = {
    ("250", "Larkfield Dental"): {
        "banner": "Larkfield Dental: verify the caller before any password or MFA reset.",
        "methods": [*FIRST_METHODS, "authenticator_push"],
    },
    ("251", "Harbor Legal"): {
        "banner": "Harbor Legal: no reset without a second factor. Ask for the matter number.",
        "banner_colour": "red",
        "methods": ["duo_push", "microsoft_sign_in", "sms_link", "sms_code", "voice_code"],
        "typed_number": "always",
        "minutes_green": 15,
        "counts_elsewhere": False,
    },
    ("252", "Ferrer & Sons"): {
        "banner": "A family firm: the workshop has no mobiles, call the landline.",
        "banner_colour": "quiet",
        "methods": ["voice_code", "sms_code", "mail_link", "duo_push", "manual"],
        "adhoc_number": True,
        "other_contact_needs_note": False,
        "note_internal": False,
    },
}


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
@click.option("--psa-site", default="http://localhost:8100", show_default=True)
@click.option("--psa-company", default="northgate", show_default=True)
@click.option("--psa-public-key", default="demoPublicKey01", show_default=True)
@click.option("--psa-client-id", default="0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", show_default=True)
@click.option("--twilio-account-sid", default="AC" + "0" * 31 + "1", show_default=True)
@click.option("--twilio-from", default="+12025550100", show_default=True)
@click.option("--duo-host", default="localhost:8101", show_default=True)
@click.option("--mail-server", default="localhost:8125", show_default=True)
@click.option(
    "--microsoft-app", default="", help="The MSP's app (client ID). Without one, nothing is asked of Microsoft."
)
def command(
    as_json: bool, psa_site: str, psa_company: str, psa_public_key: str, psa_client_id: str,
    twilio_account_sid: str, twilio_from: str, duo_host: str, mail_server: str, microsoft_app: str,
) -> None:  # fmt: skip
    """Make an invented MSP with users, policies, a ConnectWise connection and every way to reach people.

    Secrets come from PODSERVER_DEMO_PSA_PRIVATE_KEY, PODSERVER_DEMO_TWILIO_AUTH_TOKEN and the like.
    """
    from podserver.application import create_app

    private_key = os.environ.get("PODSERVER_DEMO_PSA_PRIVATE_KEY", "demoPrivateKey01")
    auth_token = os.environ.get("PODSERVER_DEMO_TWILIO_AUTH_TOKEN", "demo-auth-token-0001")
    app = create_app()
    with app.app_context():
        _people()
        keys = {
            "site": psa_site, "company": psa_company, "public_key": psa_public_key, "private_key": private_key,
            "client_id": psa_client_id,
        }  # fmt: skip
        try:
            connected = connect(kind_of("connectwise"), keys, name="ConnectWise", actor=ACTOR, height=600)
        except (BadInput, PsaError) as error:
            raise click.ClickException(str(error)) from None
        pod_url = integrations.pod_url(connected, app.extensions["settings"].base_url)
        _members()
        with writing(db.session()) as session:
            sms_accounts.save(
                session,
                sms_accounts.TwilioKeys(twilio_account_sid, auth_token, twilio_from, twilio_from),
                actor=ACTOR,
                at=now(),
            )
        _duo(duo_host)
        _mail(mail_server)
        _branding()
        _policies()
        if microsoft_app:
            try:
                _microsoft(Cloud.of(app.extensions["settings"]), microsoft_app)
            except (consent.NotGiven, mail_accounts.BadInput) as error:
                raise click.ClickException(f"Microsoft: {error}") from None
            except NotReached:
                raise click.ClickException(microsoft_accounts.UNREACHED) from None
        portal = app.extensions["settings"].base_url + "/"
    sign_ins = [{"role": role.value, "email": email, "password": password} for _, email, role, _, password in PEOPLE]
    if as_json:
        click.echo(json.dumps({"portal": portal, "pod_url": pod_url, "sign_ins": sign_ins}))
        return
    click.echo(f"{MSP} is ready at {portal}")
    for sign_in in sign_ins:
        click.echo(f"  {sign_in['role']:<11} {sign_in['email']:<28} {sign_in['password']}")


def _duo(host: str) -> None:
    with writing(db.session()) as session:
        for kind, (key, secret) in DUO.items():
            typed = duo_accounts.TypedKeys(host, key, os.environ.get(f"PODSERVER_DEMO_DUO_{kind.upper()}", secret))
            keys = duo_accounts.clean(typed, None, frozenset({host}))
            duo_accounts.save(session, kind, keys, checked=False, actor=ACTOR, at=now())


def _mail(server: str) -> None:
    host, _, port = server.rpartition(":")
    user, password = MAIL
    password = os.environ.get("PODSERVER_DEMO_MAIL_PASSWORD", password)
    typed = mail_accounts.MailServer(host, int(port), "starttls", user, password, user)
    with writing(db.session()) as session:
        known = mail_accounts.account(session)
        if known is None or (known.host, known.port) != (host, int(port)):
            mail_accounts.save(session, typed, actor=ACTOR, at=now())


def _branding() -> None:
    with writing(db.session()) as session:
        if branding.branding(session) is None:
            branding.save(session, LOOK, None, keep_logo=True, actor=ACTOR, at=now())


def _microsoft(cloud: Cloud, client_id: str) -> None:
    """The MSP's app, and a client whose administrator has consented and given a secret for the push.

    Raises BadInput, consent.NotGiven, NotReached.
    """
    session = db.session()
    secret = os.environ.get("PODSERVER_DEMO_MICROSOFT_SECRET", MICROSOFT_SECRET)
    home = microsoft_accounts.directory_of(cloud, MICROSOFT_DOMAIN)
    release(session)
    with writing(session):
        typed = microsoft_accounts.TypedApp(client_id, secret, home)
        cleaned = microsoft_accounts.clean(typed, microsoft_accounts.stored(session))
        own = microsoft_accounts.save(session, cleaned, actor=ACTOR, at=now())
        integration = integrations.integrations(session)[0].id
    company, name, domain = MICROSOFT_CLIENT
    client = microsoft.of_company(session, integration, company)
    release(session)
    if client is None:
        directory = microsoft_accounts.directory_of(cloud, domain)
        proof = consent.prove(cloud, own, directory)
        push_secret = os.environ.get("PODSERVER_DEMO_MICROSOFT_PUSH_SECRET", PUSH_SECRET)
        with writing(session):
            client = microsoft.add(
                session, microsoft.Company(integration, company, name), directory, actor=ACTOR, at=now()
            )
            consent.keep(session, client, proof, actor=ACTOR, at=now())
            push.keep_secret(session, client, push_secret, now() + timedelta(days=365), actor=ACTOR, at=now())
    if client.checked_at is None and push.has_credential(client):
        release(session)
        verdict = push.test(cloud, client)
        with writing(session):
            client = microsoft.client(session, client.id)
            push.note_verdict(session, client, verdict, now())
            push.switch_on(session, client, actor=ACTOR, at=now())


def _policies() -> None:
    """Clients whose policies show the differences, each by the PSA's id and name."""
    session = db.session()
    release(session)
    with writing(session):
        connected = integrations.integrations(session)[0]
        for (company, name), settings in POLICIES.items():
            client = policies.Client(connected.id, company, name)
            if policies.row_of(session, client) is None:
                policies.save(session, client, settings, actor=ACTOR, at=now())


def _people() -> None:
    session = db.session()
    with across_tenants(session):
        tenant = session.scalar(select(Tenant).where(Tenant.name == MSP))
    release(session)
    with writing(session):
        if tenant is None:
            accounts.create_tenant(session, name=MSP, region="US", at=now())
        else:
            bind_tenant(session, tenant.id)
        known = {user.email for user in accounts.users(session)}
        for name, email, role, _member, password in PEOPLE:
            if email not in known:
                new = accounts.NewUser(email, name, role, password)
                accounts.create_user(session, new, actor=ACTOR, at=now())


def _members() -> None:
    session = db.session()
    with writing(session):
        connected = integrations.integrations(session)[0]
        linked = set(session.scalars(select(PsaMember.member)))
        for _name, email, _role, member, _password in PEOPLE:
            if member and member not in linked:
                user = session.scalars(select(User).where(User.email == email)).one()
                accounts.link_member(session, user, integration_id=connected.id, member=member)
