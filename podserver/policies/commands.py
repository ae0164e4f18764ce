"""``podserver policy``: the tenant's policies as a file, on the shell."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask

from podserver.configuration import ConfigurationError
from podserver.database import db, now, release, writing
from podserver.integrations import service as integrations
from podserver.policies import file, plan, reading, service
from podserver.policies.service import EVERYBODY, RiskNotAccepted

_ACTOR = "podserver policy import"
_tenant = click.option("--tenant", default="", help="The tenant's name, where there are several.")


def _application() -> Flask:
    # Imported late, as other commands need neither environment nor database.
    from podserver.application import create_app

    try:
        return create_app()
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


@click.group()
def policy() -> None:
    """The policies of clients as a file."""


@policy.command("export")
@_tenant
@click.option("--output", type=click.Path(path_type=Path), default=None, help="A file; standard output by default.")
def export_file(tenant: str, output: Path | None) -> None:
    """Write the default and every client's policy, with an explanation of each setting."""
    from podserver.command import only_tenant

    with _application().app_context():
        msp, session = only_tenant(tenant), db.session()
        text = file.write(
            msp=msp.name,
            default=service.stored(session, EVERYBODY),
            clients=service.clients(session),
            integrations=integrations.integrations(session),
            at=now(),
        )
    if output is None:
        click.echo(text, nl=False)
        return
    part = output.with_name(output.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(output)
    click.echo(f"Written to {output}.", err=True)


@policy.command("import")
@_tenant
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--accept-risk", is_flag=True, help="Accept the risk that the policies leave; it goes into the history.")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_file(tenant: str, dry_run: bool, accept_risk: bool, path: Path) -> None:
    """Apply a file of policies: all of it, or nothing where anything in it is wrong."""
    from podserver.command import only_tenant

    if path.stat().st_size > reading.LARGEST_ON_THE_SHELL:
        raise click.ClickException(f"{path} is larger than {reading.LARGEST_ON_THE_SHELL // 1_000_000} MB.")
    with _application().app_context():
        only_tenant(tenant)
        session = db.session()
        try:
            wanted = reading.read(
                path.read_bytes(), integrations.integrations(session), largest=reading.LARGEST_ON_THE_SHELL
            )
        except reading.BadFile as error:
            lines = "\n".join(f"{path}: {problem}" for problem in error.problems)
            raise click.ClickException(f"{lines}\nNothing was changed.") from None
        if dry_run:
            _say(plan.plan(session, wanted))
            click.echo("Nothing was changed: this was a dry run.")
            return
        release(session)
        try:
            with writing(session):
                done = plan.apply(session, wanted, state=None, accepts=accept_risk, actor=_ACTOR, at=now())
        except RiskNotAccepted as error:
            raise click.ClickException(f"{error}\nNothing was changed. Accept it with --accept-risk.") from None
    _say(done)
    click.echo(f"{len(done.changes)} changed.")


def _say(planned: plan.Plan) -> None:
    for change in planned.changes:
        click.echo(change.whose)
        for line in change.lines:
            click.echo(f"  {line.title}: {line.before} -> {line.after}")
        if change.risk:
            click.echo(f"  Risk to accept: {change.risk}")
    if planned.unchanged:
        click.echo(f"{planned.unchanged} as {'it is' if planned.unchanged == 1 else 'they are'} already.")
