"""The tenant's policies written as a file that people read, edit and bring back.

YAML, because a file without comments explains nothing. What is read stands in ``reading.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import yaml

from podserver.integrations.models import Integration
from podserver.policies.models import PolicyRow
from podserver.policies.policy import DEFAULT, OUTCOMES, RANGES, SETTINGS, as_settings
from podserver.policies.service import Client, Stored, client_of, own_settings
from podserver.policies.wording import CHOICES, WORDINGS
from podserver.verification.methods import METHODS

FORMAT: Final = "podserver-policies"
VERSION: Final = 1
TRUTH: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_HEAD: Final = """\
# Policies of {msp}, written by podserver on {at:%Y-%m-%d %H:%M} UTC.
#
# Bring it back under Policies > Import, or with `podserver policy import FILE --dry-run`: what would
# change is shown first. What stands here replaces what is set for the default and for each client named. A client
# that is not named stays as it is; one with `settings: {{}}` goes back to the default. A client sets only what it
# changes of the default.
#
# The settings:
"""


def write(
    *, msp: str, default: Stored, clients: Sequence[PolicyRow], integrations: Sequence[Integration], at: datetime
) -> str:
    """All of a tenant's policies, always in the same order."""
    names = names_of(integrations)
    lines = [*_head(msp, at), f"{FORMAT}: {VERSION}", "", *_risk(default.row, "")]
    lines += ["default:", *_settings(as_settings(default.policy), "  "), "", "clients:" if clients else "clients: []"]
    for row in clients:
        lines += [*_risk(row, "  "), *_client(client_of(row), own_settings(row), names)]
    return "\n".join(lines) + "\n"


def write_wanted(clients: Sequence[Client], settings: Mapping[str, Any], integrations: Sequence[Integration]) -> str:
    """A file that gives the same settings to each of these clients."""
    names = names_of(integrations)
    lines = [line for client in clients for line in _client(client, settings, names)]
    return "\n".join([f"{FORMAT}: {VERSION}", "clients:" if lines else "clients: []", *lines]) + "\n"


def _client(client: Client, settings: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    return [
        f"  - integration: {_text(names[client.integration_id or 0])}",
        f"    company: {_text(client.company)}",
        f"    name: {_text(client.company_name or f'Company {client.company}')}",
        *(["    settings:", *_settings(settings, "      ")] if settings else ["    settings: {}"]),
    ]


def _head(msp: str, at: datetime) -> list[str]:
    lines = _HEAD.format(msp=one_line(msp), at=at).splitlines()
    for name in SETTINGS:
        lines.append(f"#   {name}: {_takes(name)}. {WORDINGS[name].title}.")
    lines += ["#", "# The ways to verify:"]
    lines += [f"#   {method.name}: {method.label}" for method in METHODS.values()]
    return lines


def _takes(name: str) -> str:
    if name in RANGES:
        low, high = RANGES[name]
        return f"{low} to {high}"
    if isinstance(getattr(DEFAULT, name), bool):
        return "true or false"
    if name in CHOICES:
        return ", ".join(value for value, _words in CHOICES[name])
    return {"methods": "a list of ways", "note_outcomes": f"a list of {', '.join(OUTCOMES)}"}.get(name, "a text")


def _risk(row: PolicyRow | None, indent: str) -> list[str]:
    if row is None or not row.risk or row.risk_accepted_at is None:
        return []
    who = f"Risk accepted by {row.risk_accepted_by} on {row.risk_accepted_at:%Y-%m-%d %H:%M} UTC: {row.risk}"
    return [f"{indent}# {one_line(who)}"]


def _settings(settings: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for name in SETTINGS:
        if name not in settings:
            continue
        value = settings[name]
        if isinstance(value, list):
            lines.append(f"{indent}{name}:" if value else f"{indent}{name}: []")
            lines += [f"{indent}  - {_text(each)}" for each in value]
        elif isinstance(value, bool):
            lines.append(f"{indent}{name}: {'true' if value else 'false'}")
        else:
            lines.append(f"{indent}{name}: {value if isinstance(value, int) else _text(value)}")
    return lines


def _text(value: str) -> str:
    if re.fullmatch(r"[a-zA-Z][a-zA-Z_]*", value) and value.casefold() not in (*TRUTH, "null", "y", "n"):
        return value
    return str(yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10**9)).strip()


def one_line(text: str) -> str:
    """The text without anything that could end a line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def names_of(integrations: Sequence[Integration]) -> dict[int, str]:
    """What a file calls each integration, by its id: its name, with its number where two have the same."""
    every = [each.name for each in integrations]
    return {
        each.id: each.name if every.count(each.name) == 1 else f"{each.name} (number {each.id})"
        for each in integrations
    }
