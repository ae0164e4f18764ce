"""What each PSA calls the parts of a ticket. A word that a PSA does not name is the field's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from podserver.integrations.models import Psa

_FIELD: Final[Mapping[str, str]] = {
    "company": "company",
    "board": "board",
    "type": "type",
    "subtype": "subtype",
    "item": "item",
    "priority": "priority",
    "new_status": "new-ticket status",
    "closed_status": "closed-ticket status",
    "sms_status": "SMS-received status",
}
# The fact sheets' words for what the connectors read into these lists.
_OWN: Final[Mapping[Psa, Mapping[str, str]]] = {
    Psa.CONNECTWISE: {"board": "service board"},
    Psa.HALO: {
        "company": "client",
        "board": "team",
        "type": "ticket type",
        "subtype": "category 1",
        "item": "category 2",
    },
    Psa.AUTOTASK: {"company": "organization", "board": "queue", "type": "issue type", "subtype": "sub-issue type"},
    Psa.KASEYA_BMS: {
        "company": "account",
        "board": "queue",
        "type": "ticket type",
        "subtype": "issue type",
        "item": "sub-issue type",
    },
    Psa.SUPEROPS: {
        "company": "client",
        "board": "technician group",
        "type": "request type",
        "subtype": "category",
        "item": "subcategory",
    },
}
_HINTS: Final[Mapping[str, str]] = {
    "company": "For callers who match no contact of the PSA. Most take their own.",
    "new_status": "What a ticket has when it is opened.",
    "closed_status": "What a ticket gets when it is closed from here.",
    "sms_status": "What a ticket gets when its contact sends a text, so that somebody looks at it.",
}
# What an empty choice means.
_LEFT: Final[Mapping[str, str]] = {"closed_status": "None: not closed from here", "sms_status": "None: left as it is"}


def word(psa: Psa | str, part: str) -> str:
    """The PSA's word for a part, in the middle of a sentence."""
    return _OWN.get(Psa(psa), {}).get(part, _FIELD[part])


def a_word(psa: Psa | str, part: str) -> str:
    """The same with its article."""
    said = word(psa, part)
    return f"an {said}" if said.startswith(("a", "i", "o", "SMS")) else f"a {said}"


def label(psa: Psa | str, part: str) -> str:
    """The same above a field."""
    said = word(psa, part)
    if part == "company":
        return f"Default {said}"
    return said[0].upper() + said[1:]


def hint(part: str) -> str:
    """What a part is for, where its name does not say it."""
    return _HINTS.get(part, "")


def left(part: str, title: str) -> str:
    """The words of an empty choice; ``title`` is the PSA's name."""
    return _LEFT.get(part, f"As {title} sets it")
