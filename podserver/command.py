"""The ``podserver`` command, for operators."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from podserver.accounts import service as accounts
from podserver.accounts.models import Role, Tenant, User
from podserver.configuration import PROJECT, ConfigurationError
from podserver.database import db, now, release, writing
from podserver.history import evidence
from podserver.history.models import HistoryKey
from podserver.tenancy import across_tenants, bind_tenant
from podserver.verification import locks


def _application() -> Flask:
    # Imported late: `secret-key` and `history verify` need neither environment nor database.
    from podserver.application import create_app

    try:
        return create_app()
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


def with_application(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command inside the application's context."""

    @wraps(view)
    def run(*args: Any, **kwargs: Any) -> Any:
        with _application().app_context():
            return view(*args, **kwargs)

    return run


def only_tenant(name: str) -> Tenant:
    """The tenant of this name, or the only one there is; the session is bound to it."""
    session = db.session()
    with across_tenants(session):
        found = list(session.scalars(select(Tenant).order_by(Tenant.id)))
    if name:
        found = [tenant for tenant in found if tenant.name.casefold() == name.casefold()]
    if not found:
        raise click.ClickException("There is no such tenant; `podserver init` makes the first.")
    if len(found) > 1:
        raise click.ClickException("There are several tenants: " + ", ".join(t.name for t in found) + ". Use --tenant.")
    release(session)
    bind_tenant(session, found[0].id)
    return found[0]


tenant_option = click.option("--tenant", default="", help="The tenant's name, where there are several.")


@click.group()
@click.version_option(package_name="podserver")
def main() -> None:
    """Proves, inside a help-desk ticket, who is on the phone."""


@main.command("secret-key")
def secret_key() -> None:
    """Print a fresh key for PODSERVER_SECRET_KEYS."""
    click.echo(Fernet.generate_key().decode())


@main.group()
def database() -> None:
    """The database's tables."""


@database.command()
@with_application
def upgrade() -> None:
    """Bring the tables to this version."""
    from flask_migrate import upgrade as migrate

    migrate(directory=str(PROJECT / "migrations"))
    click.echo("The database is up to date.")


@main.command()
@click.option("--name", prompt="Name of your company", help="The MSP's name, as callers know it.")
@click.option("--region", default="US", show_default=True, help="Where numbers without + are: US, GB, ...")
@click.option("--email", prompt="Your e-mail address")
@click.option("--admin-name", prompt="Your name")
@click.option("--password", default="", help="Better left out: it is asked for, or read from PODSERVER_ADMIN_PASSWORD.")
@with_application
def init(name: str, region: str, email: str, admin_name: str, password: str) -> None:
    """Create the first tenant and its admin."""
    password = password or os.environ.get("PODSERVER_ADMIN_PASSWORD", "")
    password = password or click.prompt("Password (15 characters or more)", hide_input=True, confirmation_prompt=True)
    try:
        with writing(db.session()) as session:
            accounts.create_tenant(session, name=name, region=region.upper(), at=now())
            new = accounts.NewUser(email, admin_name, Role.ADMIN, password)
            accounts.create_user(session, new, actor="podserver init", at=now())
    except accounts.BadInput as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{name} is ready. Sign in as {email}.")


@main.command()
def worker() -> None:
    """Hand over messages and notes, sweep, and seal the history; run one or more."""
    from podserver.background import serve

    serve(_application())


@main.group()
def user() -> None:
    """Users of a tenant."""


@user.command("add")
@tenant_option
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), default="technician", show_default=True)
@with_application
def user_add(tenant: str, email: str, name: str, role: str) -> None:
    """Add a user; the password is asked for."""
    only_tenant(tenant)
    password = os.environ.get("PODSERVER_USER_PASSWORD", "")
    password = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        with writing(db.session()) as session:
            new = accounts.NewUser(email, name, Role(role), password)
            accounts.create_user(session, new, actor="podserver user add", at=now())
    except accounts.BadInput as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{name} can sign in.")


@user.command("password-link")
@tenant_option
@click.argument("email")
@with_application
def user_password_link(tenant: str, email: str) -> None:
    """Print a link by which a user sets their password, once and within 24 hours."""
    from podserver.accounts import passwords
    from podserver.accounts.password_views import address_of_link

    only_tenant(tenant)
    try:
        with writing(db.session()) as session:
            found = session.scalar(select(User).where(User.email == email.casefold()))
            if found is None:
                raise click.ClickException("No user has this e-mail address.")
            token = passwords.begin_link(session, found, actor="podserver user password-link", at=now())
    except accounts.BadInput as error:
        raise click.ClickException(str(error)) from None
    click.echo(address_of_link(token))


@user.command("disable")
@tenant_option
@click.argument("email")
@with_application
def user_disable(tenant: str, email: str) -> None:
    """Switch a user off; their pods and portal sessions end at once."""
    only_tenant(tenant)
    with writing(db.session()) as session:
        found = session.scalar(select(User).where(User.email == email.casefold()))
        if found is None:
            raise click.ClickException("No user has this e-mail address.")
        operator = User(id=0, name="podserver user disable", role=Role.ADMIN)
        accounts.change_user(session, found, role=found.role, active=False, actor=operator, at=now())
    click.echo(f"{email} is switched off.")


@main.command()
@tenant_option
@click.option("--account-sid", required=True)
@click.option("--sender", required=True, help="A number in E.164, or a messaging service (MG...).")
@click.option("--voice-sender", default="", help="The number that calls, in E.164; without it nobody is called.")
@with_application
def sms(tenant: str, account_sid: str, sender: str, voice_sender: str) -> None:
    """Set the Twilio account that texts and calls come from."""
    from podserver.delivery import accounts as sms_accounts

    only_tenant(tenant)
    token = os.environ.get("PODSERVER_TWILIO_AUTH_TOKEN", "") or click.prompt("Auth token", hide_input=True)
    try:
        with writing(db.session()) as session:
            sms_accounts.save(
                session,
                sms_accounts.TwilioKeys(account_sid, token, sender, voice_sender),
                actor="podserver sms",
                at=now(),
            )
    except sms_accounts.BadInput as error:
        raise click.ClickException(str(error)) from None
    click.echo("Codes are sent from " + sender)


@main.command()
@tenant_option
@click.option("--host", required=True, help="The SMTP server, such as smtp.office365.com.")
@click.option("--port", type=int, default=587, show_default=True)
@click.option("--security", type=click.Choice(["starttls", "tls"]), default="starttls", show_default=True)
@click.option("--username", default="", help="Without one there is no login. The password is read or asked for.")
@click.option("--from", "from_address", required=True, help="The address that letters come from.")
@click.option("--reply-to", default="", help="Where answers go; without one, to the address above.")
@click.option("--check/--no-check", default=False, help="First connect, speak TLS and log in; sends nothing.")
@with_application
def mail(
    tenant: str, host: str, port: int, security: str, username: str, from_address: str, reply_to: str, check: bool
) -> None:
    """Set the mail server that letters go through."""
    from flask import current_app

    from podserver.delivery import mail_accounts

    only_tenant(tenant)
    password = os.environ.get("PODSERVER_SMTP_PASSWORD", "") if username else ""
    password = password or (click.prompt("Password", hide_input=True) if username else "")
    server = mail_accounts.MailServer(host, port, security, username, password, from_address, reply_to)
    try:
        server = mail_accounts.clean(server, None)
        if check:
            settings = current_app.extensions["settings"]
            verdict = mail_accounts.check(server, settings.base_url, settings.ca_file, settings.local_hosts)
            if not verdict.accepted:
                raise click.ClickException(f"{verdict.sentence} Nothing was saved.")
            click.echo(verdict.sentence)
        with writing(db.session()) as session:
            mail_accounts.save(session, server, actor="podserver mail", at=now())
    except mail_accounts.BadInput as error:
        raise click.ClickException(str(error)) from None
    click.echo("Letters are sent from " + server.from_address)


@main.command()
@tenant_option
@click.option("--integration", "integration_id", type=int, required=True)
@click.argument("contact")
@with_application
def unlock(tenant: str, integration_id: int, contact: str) -> None:
    """Lift the locks of a contact (its id in the PSA) after too many wrong codes."""
    only_tenant(tenant)
    with writing(db.session()) as session:
        count = locks.unlock(
            session, contact=contact, integration_id=integration_id, actor="podserver unlock", at=now()
        )
    click.echo(f"{count} locks lifted.")


@main.command()
@with_application
def reseal() -> None:
    """Seal everything stored anew under the newest of PODSERVER_SECRET_KEYS."""
    from podserver.security import rotation, sealing

    try:
        count = rotation.reseal(db.engine, sealing.keyring())
    except sealing.SealBroken as error:
        raise click.ClickException(f"{error}. Nothing was changed.") from None
    click.echo(f"{count} values are sealed under the newest key.")


@main.group()
def history() -> None:
    """The append-only history and its proof."""


@history.command("key")
@tenant_option
@with_application
def history_key(tenant: str) -> None:
    """Print the tenant's public key, for whoever checks exports."""
    only_tenant(tenant)
    click.echo(db.session.scalars(select(HistoryKey)).one().public)


@history.command("export")
@tenant_option
@click.option("--output", type=click.Path(path_type=Path), default=None, help="A file; standard output by default.")
@with_application
def history_export(tenant: str, output: Path | None) -> None:
    """Write the sealed history as lines of JSON with a signed end."""
    only_tenant(tenant)
    if output is None:
        for line in evidence.export(db.session(), now()):
            sys.stdout.buffer.write(line)
        return
    part = output.with_name(output.name + ".part")
    with part.open("wb") as file:
        for line in evidence.export(db.session(), now()):
            file.write(line)
    part.replace(output)
    click.echo(f"Written to {output}.", err=True)


@history.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--public-key", required=True, help="The key itself, or a file that holds it.")
def history_verify(file: Path, public_key: str) -> None:
    """Prove an exported file with nothing but the file and the public key. Exits with 1 where it was changed."""
    if Path(public_key).is_file():
        public_key = Path(public_key).read_text().strip()
    with file.open("rb") as lines:
        try:
            count = evidence.verify(lines, public_key)
        except evidence.Tampered as error:
            click.echo(f"NOT GENUINE: {error}")
            sys.exit(1)
    click.echo(f"Genuine: {count} events, unbroken, signed to the end.")


from podserver import demo as _demo  # noqa: E402  (it adds its command to `main`)
from podserver.integrations import commands as _integrations  # noqa: E402  (likewise)
from podserver.policies import commands as _policies  # noqa: E402  (likewise)

main.add_command(_demo.command)
main.add_command(_integrations.integration)
main.add_command(_policies.policy)
