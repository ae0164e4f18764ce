"""The demo's PSAs: of the kinds that can be set up, those that the options name. The options are the kinds' fields."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import click
from flask import current_app
from sqlalchemy import select

from connectors.base import Capability, Connector, MissingPermission, Rejected
from podserver.accounts import service as accounts
from podserver.accounts.models import PsaMember, Role
from podserver.database import db, release, writing
from podserver.demo.people import ACTOR
from podserver.integrations import installing
from podserver.integrations import service as integrations
from podserver.integrations.commands import connect
from podserver.integrations.connections import Connections
from podserver.integrations.fields import clean
from podserver.integrations.models import Integration, Psa
from podserver.integrations.psas import KINDS, BadInput, Field, PsaKind, Values

HEIGHT: Final = 600
# ConnectWise's options stand with the command.
_MORE: Final = tuple(kind for kind in KINDS.values() if kind.psa is not Psa.CONNECTWISE)


@dataclass
class Place:
    """A PSA that is connected, and its companies by name, asked for once and only where somebody wants to know."""

    integration: Integration
    connector: Connector

    @cached_property
    def companies(self) -> Mapping[str, str]:
        """The PSA's id of each company, by name."""
        return {company.name: company.ref for company in self.connector.companies()}


def options() -> Iterator[click.Option]:
    """Options for the fields of every other kind than ConnectWise."""
    for kind in _MORE:
        for place, field in enumerate(_open_fields(kind)):
            words = f"{kind.title}: {field.label}. Empty: no {kind.title}." if place == 0 else field.label
            yield click.Option([_option(kind, field), _name(kind, field)], default="", help=words)


def wanted(typed: Mapping[str, str]) -> list[tuple[PsaKind, Values]]:
    """The kinds whose first option is filled, each with its fields; secrets come from the environment."""
    found: list[tuple[PsaKind, Values]] = []
    for kind in _MORE:
        values = {field.name: typed.get(_name(kind, field), "") for field in _open_fields(kind)}
        if not next(iter(values.values())):
            continue
        values |= {name: os.environ.get(f"PODSERVER_DEMO_{kind.psa.value}_{name}".upper(), "") for name in kind.secrets}
        found.append((kind, {name: value for name, value in values.items() if value}))
    return found


def connect_all(kinds: Sequence[tuple[PsaKind, Values]]) -> list[Place]:
    """Connect what is not connected, install the pod where that can be done from here, and link the technicians.

    A PSA that is connected is left as it is. Raises BadInput and PsaError.
    """
    connections: Connections = current_app.extensions["connections"]
    session = db.session()
    places = []
    for kind, values in kinds:
        integration = integrations.in_place(session, kind, clean(kind, values))
        release(session)
        if integration is None:
            integration = connect(kind, values, name=kind.title, actor=ACTOR)
        place = Place(integration, connections.to(integration))
        _install(connections, kind, integration)
        _link(place)
        places.append(place)
    return places


def _open_fields(kind: PsaKind) -> list[Field]:
    return [field for field in kind.fields if not field.secret and field.live is None]


def _option(kind: PsaKind, field: Field) -> str:
    return f"--{kind.psa.value}-{field.name}".replace("_", "-")


def _name(kind: PsaKind, field: Field) -> str:
    return f"{kind.psa.value}_{field.name}"


def _install(connections: Connections, kind: PsaKind, integration: Integration) -> None:
    """The pod's rows, where the PSA lets us write them. Where it does not, its administrator does it by hand."""
    if kind.frame is None or kind.frame.setups is None:
        return
    heights = kind.frame.heights
    height = HEIGHT if HEIGHT in heights or not heights else heights[0]
    base_url = str(current_app.extensions["settings"].base_url)
    try:
        setups = installing.pod_setups(integration, base_url, height)
        installing.install(db.session(), connections, integration, setups, actor=ACTOR)
    except (BadInput, MissingPermission, Rejected) as error:
        click.echo(f"{kind.title} does not show the pod yet. {error}", err=True)


def _link(place: Place) -> None:
    """Say which of the PSA's technicians our technicians are, where the PSA can confirm who somebody is."""
    if Capability.CONFIRM_MEMBER not in place.connector.capabilities:
        return
    session = db.session()
    here = PsaMember.integration_id == place.integration.id
    linked = set(session.scalars(select(PsaMember.user_id).where(here)))
    missing = {
        user.email: user
        for user in accounts.users(session)
        if user.role == Role.TECHNICIAN and user.email and user.id not in linked
    }
    release(session)
    if not missing:
        return
    members = [member for member in place.connector.members() if member.email.casefold() in missing]
    with writing(session):
        for member in members:
            user = missing[member.email.casefold()]
            accounts.link_member(session, user, integration_id=place.integration.id, member=member.identifier)
