"""Which custom field of a requester holds the mobile number, and what the ticket form offers and demands.

A requester has one number field; SuperOps keeps a second number only in a custom field, ``udf<N><kind>``, whose label
people choose. The Field API (since 2026) tells labels and choices; an account without it has the older lists, which
know nothing of requesters' fields. That ``COMPANY_USER`` is the module of requesters is [inferred]; it stands here
only. Where nothing is found, the key can be set by hand.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.base import MissingPermission, Rejected
from connectors.reading import JsonObject, text
from connectors.superops.api import GraphqlApi
from connectors.superops.errors import Opaque, UnknownToSchema

MOBILE_NAMES: Final = ("mobile phone", "mobile number", "cell phone", "cell number", "cell", "mobile")
"""Labels that mark the custom field with the mobile number, whatever their letter case, the best one first."""

REQUESTER_MODULE: Final = "COMPANY_USER"
TICKET_MODULE: Final = "TICKET"
KEPT_SECONDS: Final = 3600.0
"""So long an answer about the form is good; people seldom change it."""

NOTHING_KEPT_SECONDS: Final = 300.0
"""So long it is good that an account tells nothing about a form."""

FIELDS: Final = (
    "query($module: String!) { getAllFields(input: $module) "
    "{ columnName label fieldType mandatoryOnCreate options { value order } } }"
)
_KEY: Final = re.compile(r"udf[0-9]{1,4}[a-z]{1,20}")


@dataclass(frozen=True, slots=True)
class MobileField:
    """The custom field with the mobile number: its key (``udf1text``) and its label."""

    key: str
    label: str


def field_key(typed: str) -> str:
    """A custom field's key as an admin types it. Raises Rejected for what can be none."""
    key = typed.strip().lower()
    if not _KEY.fullmatch(key):
        raise Rejected("The key of a custom field looks like udf1text.")
    return key


class Forms:
    """The forms of one account, each asked for once an hour. Safe to share between threads."""

    def __init__(self, api: GraphqlApi, mobile_key: str = "") -> None:
        """``mobile_key`` is the mobile's field where an admin chose it; nothing is asked for it then."""
        self._api = api
        self._chosen = MobileField(field_key(mobile_key), "Mobile") if mobile_key.strip() else None
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, list[JsonObject] | None]] = {}

    def knows_mobile(self) -> bool:
        """Whether :meth:`mobile` asks nobody."""
        return self._chosen is not None or self._fresh(REQUESTER_MODULE) is not None

    def mobile(self) -> MobileField | None:
        """The field with the mobile number, or None where none is known."""
        if self._chosen is not None:
            return self._chosen
        return mobile_among(self.fields(REQUESTER_MODULE) or [])

    def fields(self, module: str) -> list[JsonObject] | None:
        """The module's fields, None where the account has no Field API or does not open it."""
        kept = self._fresh(module)
        if kept is not None:
            return kept[1]
        try:
            answer = self._api.ask("getAllFields", FIELDS, variables={"module": module})
        except (UnknownToSchema, Opaque, MissingPermission):
            answer = None
        return self.keep(module, answer)

    def keep(self, module: str, answer: object) -> list[JsonObject] | None:
        """Remember an answer of the Field API that came with another question."""
        rows = [row for row in answer if isinstance(row, Mapping)] if isinstance(answer, list) else None
        with self._lock:
            self._kept[module] = (time.monotonic(), rows)
        return rows

    def forget(self) -> None:
        """Ask again next time: a value that was chosen from a form is gone."""
        with self._lock:
            self._kept.clear()

    def _fresh(self, module: str) -> tuple[float, list[JsonObject] | None] | None:
        with self._lock:
            kept = self._kept.get(module)
        if kept is None:
            return None
        longest = NOTHING_KEPT_SECONDS if kept[1] is None else KEPT_SECONDS
        return kept if time.monotonic() - kept[0] < longest else None


def mobile_among(rows: list[JsonObject]) -> MobileField | None:
    """The field whose label is one of :data:`MOBILE_NAMES`; a better name wins, then the older field."""
    named: dict[str, MobileField] = {}
    for row in rows:
        label = " ".join(text(row, "label").casefold().split())
        if label in MOBILE_NAMES and _KEY.fullmatch(text(row, "columnName")):
            named.setdefault(label, MobileField(text(row, "columnName"), text(row, "label")))
    return next((named[name] for name in MOBILE_NAMES if name in named), None)


def options_of(rows: list[JsonObject], column: str) -> list[str]:
    """The names that a field of the form offers, in its order."""
    for row in rows:
        if text(row, "columnName") == column:
            offered = row.get("options")
            options = [each for each in offered if isinstance(each, Mapping)] if isinstance(offered, list) else []
            options.sort(key=lambda each: each["order"] if isinstance(each.get("order"), int) else 0)
            return [text(each, "value") for each in options if text(each, "value")]
    return []
