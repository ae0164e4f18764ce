"""The REST conversation with one Autotask tenant: its zone, three headers, queries page by page, and what a 500 means.

Facts are from the official help and schema unless marked. Paths are given as templates (``/Tickets/{id}``), so that
metrics and logs see no record ids.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.autotask import errors
from connectors.autotask.address import Zone, named_zone
from connectors.base import BadCredentials, NotFound, PsaError, Rejected, Unavailable
from connectors.http import Answer, PsaSession
from connectors.reading import JsonObject

Condition = Mapping[str, Any]

PAGE_SIZE: Final = 500
"""Rows of a query, at most and by default."""

MOST_PAGES: Final = 100
_CREDENTIAL: Final = re.compile(r"[!-~]{1,200}")
_ID: Final = re.compile(r"[0-9]{1,18}")


def record_id(ref: str, thing: str) -> int:
    """An id out of a ref; 0 can be one, as the own organization's is. Raises NotFound for anything but digits."""
    if not _ID.fullmatch(ref) or not ref.isascii():
        raise NotFound(f"This is not the id of an Autotask {thing}.")
    return int(ref)


def where(field: str, op: str, value: object = None) -> Condition:
    """One condition of a filter. Texts stand in JSON, so nothing that people type can be taken for syntax."""
    return {"op": op, "field": field} if value is None else {"op": op, "field": field, "value": value}


def any_of(*conditions: Condition) -> Condition:
    """At least one of the conditions."""
    return {"op": "or", "items": list(conditions)}


class AutotaskApi:
    """Calls to one tenant with one API user. Raises the errors of :mod:`connectors.base` and nothing else."""

    def __init__(self, user: str, secret: str, code: str, zone: Zone, session: PsaSession) -> None:
        for value, word in ((user, "user name"), (secret, "secret"), (code, "tracking identifier")):
            if not _CREDENTIAL.fullmatch(value):
                raise Rejected(f"The {word} is missing, or holds characters that none has.")
        self.user = user
        self.session = session
        self._zone = zone
        self._base = zone.base
        self._secrets = (secret, code)
        self._headers = {
            "UserName": user,
            "Secret": secret,
            "ApiIntegrationCode": code,
            "Accept": "application/json",
        }
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"AutotaskApi({self.user!r}, {self._base or self._zone.discovery!r})"

    @property
    def base(self) -> str:
        """The API's address, asked for once where it is not known."""
        if not self._base:
            with self._lock:
                if not self._base:
                    self._base = self._discover()
        return self._base

    def item(self, entity: str, key: int) -> JsonObject:
        """One record by id, and never another one. Raises NotFound, which Autotask says with a 404 or an empty item."""
        data = self.call("GET", f"/{entity}/{{id}}", {"id": key})
        row = data.get("item")
        if not isinstance(row, Mapping) or row.get("id") != key:
            raise NotFound("Autotask has no such record, or hides it from the API user.")
        return row

    def every(
        self, entity: str, *conditions: Condition, fields: Sequence[str] = (), pages: int = MOST_PAGES
    ) -> list[JsonObject]:
        """All rows that match, by ascending id, which is the only order Autotask knows.

        Each page asks for what comes behind the last id. The addresses of next pages are not used: they want the same
        body again, and would name the host that the keys go to. Raises Rejected where ``pages`` do not hold all.
        """
        rows: list[JsonObject] = []
        last = -1
        for _ in range(pages):
            behind = where("id", "gt", last) if rows else where("id", "gte", 0)
            found = self.some(entity, behind, *conditions, fields=fields)
            rows += found
            if len(found) < PAGE_SIZE:
                return rows
            following = max(_id_of(row) for row in found)
            if following <= last:
                raise Unavailable("Autotask sent the same rows again and again.")
            last = following
        raise Rejected("Autotask has more rows here than can be read. Narrow the search.")

    def some(
        self, entity: str, *conditions: Condition, fields: Sequence[str] = (), limit: int = PAGE_SIZE
    ) -> list[JsonObject]:
        """The first rows that match, of which there may be more."""
        body: dict[str, object] = {"MaxRecords": limit, "filter": list(conditions)}
        if fields:
            body["IncludeFields"] = ["id", *fields]
        data = self.call("POST", f"/{entity}/query", body=body, reads=True)
        items = data.get("items")
        if not isinstance(items, list) or not all(isinstance(row, Mapping) for row in items):
            raise errors.not_json(changes=False)
        return items

    def count(self, entity: str) -> int:
        """How many records there are that the API user may see."""
        data = self.call(
            "POST", f"/{entity}/query/count", body={"filter": [where("id", "exist")]}, reads=True
        )  # fmt: skip
        found = data.get("queryCount")
        if not isinstance(found, int):
            raise errors.not_json(changes=False)
        return found

    def write(self, method: str, template: str, body: object, ids: Mapping[str, int] | None = None) -> int:
        """Make or change a record; its id. The id of a changed one stands in the body, never in the address."""
        data = self.call(method, template, ids, body=body)
        key = data.get("itemId")
        if isinstance(key, bool) or not isinstance(key, int):
            raise errors.not_json(changes=True)
        return key

    def call(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None = None,
        *,
        body: object = None,
        reads: bool | None = None,
    ) -> JsonObject:
        """The JSON object of one call."""
        changes = not (method == "GET" if reads is None else reads)
        base = self.base
        answer = self._send(base, method, template, ids, body, reads)
        # A tenant that moved answers 401 at its old zone. The user is never tried twice at the same one: that locks it.
        if answer.status == 401 and self._moved(base):
            answer = self._send(self.base, method, template, ids, body, reads)
        if answer.ok and isinstance(answer.data, Mapping) and not errors.own_errors(answer):
            return answer.data
        if answer.ok and not errors.own_errors(answer):
            raise errors.not_json(changes=changes)
        problem = errors.refusal(answer, method, template, changes=changes, secrets=self._secrets)
        raise self.session.keys_were_refused(str(problem)) if isinstance(problem, BadCredentials) else problem

    def _send(
        self, base: str, method: str, template: str, ids: Mapping[str, int] | None, body: object, reads: bool | None
    ) -> Answer:
        return self.session.send(
            method,
            f"{base}V1.0{template.format(**(ids or {}))}",
            template=template,
            headers=self._headers,
            body=body,
            reads=reads,
            part=_endpoint(template),
        )

    def _moved(self, former: str) -> bool:
        with self._lock:
            if self._base != former:
                return True
            try:
                found = self._discover()
            except PsaError:
                return False
            self._base = found
            return found != former

    def _discover(self) -> str:
        answer = self.session.send(
            "GET",
            f"{self._zone.discovery}/ATServicesRest/V1.0/zoneInformation",
            template="/zoneInformation",
            params={"user": self.user},
            headers={"Accept": "application/json"},
            part="zoneInformation",
        )
        if answer.status == 500 and errors.own_errors(answer):
            raise self.session.keys_were_refused(str(errors.unknown_user()))
        if not answer.ok or not isinstance(answer.data, Mapping):
            raise errors.refusal(answer, "GET", "/zoneInformation", changes=False, secrets=self._secrets)
        base = named_zone(answer.data.get("url"), self._zone)
        if not base:
            raise Unavailable("Autotask named a zone that is not one of its own. The keys were not sent there.")
        return base


def _endpoint(template: str) -> str:
    """What Autotask counts simultaneous calls by: the entity, where a child is one of its own."""
    if template.startswith("/Tickets/{id}/Notes"):
        return "TicketNotes"
    if template.startswith("/Companies/{id}/Contacts"):
        return "Contacts"
    return template.split("/")[1]


def _id_of(row: JsonObject) -> int:
    value = row.get("id")
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unavailable("Autotask sent a record without an id, which cannot be used.")
    return value
