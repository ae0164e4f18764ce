"""Changing many policies at once: first what would change, in words; then all of it in one transaction, or nothing.

A file that is imported and a policy that is copied to several clients go the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from podserver.policies import service
from podserver.policies.policy import DEFAULT, SETTINGS, Policy, as_settings, effective_of
from podserver.policies.service import AS_THE_DEFAULT, Client, Overtaken, RiskNotAccepted, Stored
from podserver.policies.wording import WORDINGS, in_words


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be set for a client, in place of what is set now. ``settings`` are in the stored form, checked."""

    client: Client
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One setting that would change, in words."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """What would change for one client. ``risk`` is what somebody has to accept for it, empty where there is none."""

    wanted: Wanted
    lines: Sequence[Line]
    risk: str

    @property
    def whose(self) -> str:
        """The client in words."""
        client = self.wanted.client
        return "Default" if client.is_default else client.company_name or f"Company {client.company}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change, and how many of those that were named would not. ``state`` is what it was made from."""

    changes: Sequence[Change]
    unchanged: int
    state: str

    @property
    def risk(self) -> str:
        """The risk that somebody has to accept for any of it."""
        return next((change.risk for change in self.changes if change.risk), "")


def plan(session: Session, wanted: Sequence[Wanted]) -> Plan:
    """What would change; changes nothing. The default comes first."""
    ordered = sorted(wanted, key=lambda each: not each.client.is_default)
    default = _default_after(session, ordered)
    now = service.stored_of(session, [each.client for each in ordered])
    changes = [_change(before, each, default) for before, each in zip(now, ordered, strict=True)]
    changed = [change for change in changes if change.lines or change.risk]
    return Plan(changed, len(changes) - len(changed), service.state(session))


def apply(
    session: Session, wanted: Sequence[Wanted], *, state: str | None, accepts: bool, actor: str, at: datetime
) -> Plan:
    """Change it all in the caller's transaction, each client with its event; return what was changed.

    ``state`` is what the plan that somebody confirmed was made from, None where nobody looked at one. Raises
    Overtaken where policies have changed since, RiskNotAccepted where there is a risk and ``accepts`` is False.
    """
    service.lock(session)
    now = plan(session, wanted)
    if state is not None and state != now.state:
        raise Overtaken(None)
    if now.risk and not accepts:
        raise RiskNotAccepted(now.risk, "methods")
    for change in now.changes:
        service.save(session, change.wanted.client, change.wanted.settings, actor=actor, at=at, accepted=change.risk)
    return now


def _default_after(session: Session, wanted: Sequence[Wanted]) -> Policy:
    said = next((each.settings for each in wanted if each.client.is_default), None)
    return service.stored(session, service.EVERYBODY).policy if said is None else effective_of(said)


def _change(now: Stored, wanted: Wanted, default: Policy) -> Change:
    before, after = now.own or {}, dict(wanted.settings)
    if now.client.is_default:
        podservers = as_settings(DEFAULT)
        before, after = {**podservers, **before}, {**podservers, **after}
    lines = [
        Line(WORDINGS[name].title, _said(name, before), _said(name, after))
        for name in SETTINGS
        if before.get(name) != after.get(name)
    ]
    return Change(wanted, lines, service.risk_to_accept(now, wanted.settings, default))


def _said(name: str, settings: Mapping[str, Any]) -> str:
    return in_words(name, settings[name]) if name in settings else AS_THE_DEFAULT
