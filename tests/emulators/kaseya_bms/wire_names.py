"""How a name of BMS' published description is spelled on the wire, by the rule that live clients saw."""

from __future__ import annotations

import re


def on_the_wire(name: str) -> str:
    """Lower-case the leading run of capitals, but keep its last one where a small letter follows it."""
    run = re.match(r"[A-Z]+(?![a-z])|[A-Z]|", name)
    assert run is not None
    return run.group().lower() + name[run.end() :]
