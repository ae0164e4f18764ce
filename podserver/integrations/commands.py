"""``podserver integration``: connections to PSAs on the shell. The options are the fields of each kind of PSA."""

from __future__ import annotations

import os
from typing import Any

import click
from flask import current_app

from connectors.base import PsaError
from podserver.database import db, now, writing
from podserver.integrations import installing, service
from podserver.integrations.connections import Connections
from podserver.integrations.fields import clean, completed
from podserver.integrations.models import Integration
from podserver.integrations.psas import KINDS, BadInput, Field, PsaKind, Values

_ACTOR = "podserver integration add"
_OURS = frozenset({"tenant", "name", "height", "install_pod"})


@click.group()
def integration() -> None:
    """Connections to PSAs."""


@integration.group("add")
def add() -> None:
    """Add a connection, or renew the keys of one."""


def connect(kind: PsaKind, typed: Values, *, name: str, actor: str, height: int = 0) -> Integration:
    """Validate and save an integration of the bound tenant, or renew the one at the same place.

    With a ``height`` the pod is installed in the PSA, too. Says on standard error which rights are missing.
    Raises BadInput and PsaError.
    """
    session = db.session()
    connections: Connections = current_app.extensions["connections"]
    values = clean(kind, typed)
    connector = connections.make(kind, values)
    validation = service.validate(connector)
    if validation.member is None:
        raise BadInput(validation.problem)
    values = completed(kind, values, connector)
    origins = kind.frame.origins(values, connector) if kind.frame else ()
    for right in validation.rights:
        if right.granted is not True:
            mark = "missing" if right.granted is False else "unknown"
            click.echo(f"{mark}: {right.name} ({right.purpose}). Grant it at {right.where}", err=True)
    with writing(session):
        saved = service.save(
            session, kind, values, name=name, origins=origins, stored=service.in_place(session, kind, values),
            validation=validation, actor=actor, at=now(),
        )  # fmt: skip
    connections.forgive(saved)
    if height:
        setups = installing.pod_setups(saved, _base_url(), height)
        for row in installing.install(session, connections, saved, setups, actor=actor):
            click.echo(f"{row.setup.screen}: {row.done}. {row.setup.left}".rstrip(), err=True)
    return saved


def _base_url() -> str:
    return str(current_app.extensions["settings"].base_url)


def _command(kind: PsaKind) -> click.Command:
    """The command that adds one kind of PSA."""

    def run(tenant: str, name: str, install_pod: bool, height: str, **typed: Any) -> None:
        from podserver.command import only_tenant, with_application

        @with_application
        def inside() -> None:
            only_tenant(tenant)
            values = {field.name: _value(field, typed[f"field_{field.name}"]) for field in kind.fields}
            try:
                saved = connect(kind, values, name=name, actor=_ACTOR, height=int(height) if install_pod else 0)
            except (BadInput, PsaError) as error:
                raise click.ClickException(str(error)) from None
            click.echo(service.pod_url(saved, _base_url()) or f"{saved.name} is connected.")

        inside()

    heights = [str(each) for each in (kind.frame.heights if kind.frame else ())] or ["600"]
    options: list[click.Parameter] = [
        click.Option(["--tenant"], default="", help="The tenant's name, where there are several."),
        click.Option(["--name"], default=kind.title, show_default=True, help="What you call this connection."),
        *(_option(field) for field in kind.fields),
        click.Option(
            ["--install-pod/--no-install-pod"], default=False, help="Also write the PSA's own set-up rows.",
            hidden=kind.frame is None or kind.frame.setups is None,
        ),
        click.Option(
            ["--height"], type=click.Choice(heights), default=heights[0], show_default=True, hidden=len(heights) < 2
        ),
    ]  # fmt: skip
    words = f"Check the keys against {kind.title}, save them, and print the pod URL."
    return click.Command(kind.psa.value.replace("_", "-"), callback=run, params=options, help=words)


def _option(field: Field) -> click.Option:
    # Some PSAs call a field as an option of ours is called.
    word = f"psa_{field.name}" if field.name in _OURS else field.name
    names = ["--" + word.replace("_", "-"), f"field_{field.name}"]
    if field.switch:
        return click.Option([names[0] + "/--no-" + names[0][2:], names[1]], default=False, help=field.description)
    if field.secret:
        hint = f"Better left out: read from {_variable(field)}, or asked for."
        return click.Option(names, default="", help=f"{field.description} {hint}".strip())
    if field.choices:
        values = [value for value, _ in field.choices]
        return click.Option(names, type=click.Choice(values), default=field.default, help=field.description)
    required = field.required and field.live is None and not field.default
    return click.Option(names, required=required, default=None if required else field.default, help=field.description)


def _value(field: Field, typed: Any) -> str:
    if field.switch:
        return "1" if typed else ""
    if field.secret and not typed:
        typed = os.environ.get(_variable(field), "")
        if not typed and field.required:
            typed = click.prompt(field.label, hide_input=True)
    return str(typed or "")


def _variable(field: Field) -> str:
    return f"PODSERVER_PSA_{field.name.upper()}"


for _kind in KINDS.values():
    add.add_command(_command(_kind))
