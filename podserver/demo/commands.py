"""``podserver demo``."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from connectors.base import PsaError
from podserver.delivery import mail_accounts, microsoft_accounts
from podserver.delivery.microsoft import Cloud, NotReached
from podserver.demo import psas
from podserver.demo.channels import make_branding, make_duo, make_mail, make_twilio
from podserver.demo.clients import make_microsoft, make_policies
from podserver.demo.people import MSP, PEOPLE, make_people
from podserver.integrations import service as integrations
from podserver.integrations.models import Psa
from podserver.integrations.psas import BadInput, kind_of
from podserver.microsoft import consent


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
@click.option(
    "--psa-site", default="http://localhost:8100", show_default=True, help="ConnectWise: Site. Empty: no ConnectWise."
)
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
    **more_psas: str,
) -> None:  # fmt: skip
    """Make an invented MSP with users, policies, connections to PSAs and every way to reach people.

    Of the PSAs, ConnectWise alone is there unless more are named. Secrets come from PODSERVER_DEMO_PSA_PRIVATE_KEY,
    PODSERVER_DEMO_HALO_CLIENT_SECRET, PODSERVER_DEMO_TWILIO_AUTH_TOKEN and the like. What is there already is left as
    it is.
    """
    from podserver.application import create_app

    app = create_app()
    settings = app.extensions["settings"]
    connectwise = {
        "site": psa_site, "company": psa_company, "public_key": psa_public_key, "client_id": psa_client_id,
        "private_key": os.environ.get("PODSERVER_DEMO_PSA_PRIVATE_KEY", "demoPrivateKey01"),
    }  # fmt: skip
    first = [(kind_of(Psa.CONNECTWISE), connectwise)] if psa_site else []
    with app.app_context():
        make_people()
        try:
            places = psas.connect_all([*first, *psas.wanted(more_psas)])
            make_policies(places)
        except (BadInput, PsaError) as error:
            raise click.ClickException(str(error)) from None
        make_twilio(twilio_account_sid, twilio_from)
        make_duo(duo_host)
        make_mail(mail_server)
        make_branding()
        if microsoft_app:
            try:
                make_microsoft(Cloud.of(settings), microsoft_app, places)
            except PsaError as error:
                raise click.ClickException(str(error)) from None
            except (consent.NotGiven, mail_accounts.BadInput) as error:
                raise click.ClickException(f"Microsoft: {error}") from None
            except NotReached:
                raise click.ClickException(microsoft_accounts.UNREACHED) from None
        _tell(f"{settings.base_url}/", _told(places, settings.base_url), as_json=as_json)


command.params.extend(psas.options())


def _told(places: list[psas.Place], base_url: str) -> list[dict[str, str]]:
    kinds = [(kind_of(place.integration.psa), place.integration) for place in places]
    return [
        {"psa": kind.psa.value, "name": kind.title, "pod_url": integrations.pod_url(integration, base_url)}
        for kind, integration in kinds
    ]


def _tell(portal: str, connected: list[dict[str, str]], *, as_json: bool) -> None:
    sign_ins = [{"role": role.value, "email": email, "password": password} for _, email, role, password in PEOPLE]
    if as_json:
        pod_url = next((each["pod_url"] for each in connected if each["psa"] == Psa.CONNECTWISE.value), "")
        facts: dict[str, Any] = {"portal": portal, "pod_url": pod_url, "psas": connected, "sign_ins": sign_ins}
        click.echo(json.dumps(facts))
        return
    click.echo(f"{MSP} is ready at {portal}")
    click.echo(f"  PSAs: {', '.join(each['name'] for each in connected) or 'none'}")
    for sign_in in sign_ins:
        click.echo(f"  {sign_in['role']:<11} {sign_in['email']:<28} {sign_in['password']}")
