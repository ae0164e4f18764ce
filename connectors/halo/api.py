"""The conversation with one HaloPSA: token, one renewal of it, envelopes, paging, and what a refusal means.

Halo's OpenAPI document names paths and parameters and types no answer; every shape here is one that public clients
have met. Paths are given as templates (``/Tickets/{id}``), so that metrics and logs see no record ids.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.base import NotFound, PsaError, Unavailable
from connectors.halo import errors
from connectors.halo.address import HaloAddress
from connectors.halo.rights import gate, holds
from connectors.halo.tokens import Token, Tokens
from connectors.http import Answer, PsaSession
from connectors.reading import JsonObject

PAGE_SIZE: Final = 100
MOST_PAGES: Final = 300
KEPT_SECONDS: Final = 600.0
"""How long the lists of the set-up are kept for filling in names."""

_JUST_ISSUED: Final = 5.0
_REF: Final = re.compile(r"[1-9][0-9]{0,9}")
Params = Mapping[str, str | int]


class HaloApi:
    """Calls to one tenant as one application. Raises the errors of :mod:`connectors.base` and nothing else."""

    def __init__(self, address: HaloAddress, tokens: Tokens, session: PsaSession) -> None:
        self.address = address
        self.session = session
        self.tokens = tokens
        self._kept: dict[str, tuple[float, list[JsonObject]]] = {}

    def __repr__(self) -> str:
        return f"HaloApi({self.address.api!r})"

    def call(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None = None,
        *,
        params: Params | None = None,
        body: object = None,
    ) -> Any:
        """The parsed body of one call."""
        token = self.tokens.get()
        answer = self._send(token, method, template, ids, params, body)
        # What was refused was not carried out, so even a POST may be repeated. A token that is new already is believed.
        stale = answer.status == 401 or time.monotonic() - token.issued > _JUST_ISSUED
        if answer.status in (401, 403) and stale:
            token = self.tokens.get(refused=token)
            answer = self._send(token, method, template, ids, params, body)
        if answer.ok:
            if answer.is_json:
                return answer.data
            raise errors.not_json(method)
        if answer.status == 401:
            raise self._unauthorised(token, method, template)
        raise errors.refusal(answer, method, template, self.tokens.secrets)

    def record(
        self, template: str, ids: Mapping[str, int], params: Params | None = None, key: str = "id"
    ) -> JsonObject:
        """One record, and never another one: NotFound where the answer's id is not the one asked for."""
        data = self.call("GET", template, ids, params=params)
        row = one_of(data, "GET")
        if number(row.get("id")) != ids[key]:
            raise NotFound("HaloPSA answered with another record than the one that was asked for.")
        return row

    def write(self, template: str, members: JsonObject) -> JsonObject:
        """Create or change one record. An array of one goes in; an object, an array or an envelope comes out."""
        return one_of(self.call("POST", template, body=[members]), "POST")

    def some(self, template: str, params: Params) -> tuple[list[JsonObject], int]:
        """One page of a list and the total that Halo names, -1 where it names none."""
        data = self.call("GET", template, params=params)
        total = number(data.get("record_count")) if isinstance(data, Mapping) else None
        return rows_of(data), -1 if total is None else total

    def every(self, template: str, params: Params | None = None) -> list[JsonObject]:
        """All rows of a list, page after page, each id once.

        ``page_size`` counts only with ``pageinate``, which really is spelled so. The end is a short page, the total, or
        a page that brings nothing new, whichever comes first; the total may change meanwhile.
        """
        found: dict[object, JsonObject] = {}
        for page in range(1, MOST_PAGES + 1):
            asked: dict[str, str | int] = {
                "pageinate": "true",
                "page_size": PAGE_SIZE,
                "page_no": page,
                **(params or {}),
            }
            rows, total = self.some(template, asked)
            known = len(found)
            for place, row in enumerate(rows):
                found.setdefault(row.get("id", (page, place)), row)
            done = len(rows) < PAGE_SIZE and (total < 0 or len(found) >= total or len(rows) == 0)
            if done or len(found) == known or 0 <= total <= page * PAGE_SIZE:
                return list(found.values())
        raise Unavailable("HaloPSA has more rows here than can be read. Narrow the search.")

    def listed(self, template: str, params: Params | None = None) -> list[JsonObject]:
        """A list of the set-up, which comes whole."""
        return rows_of(self.call("GET", template, params=params))

    def kept(self, template: str, params: Params | None = None) -> list[JsonObject]:
        """As :meth:`listed`, from memory where it was read within ten minutes."""
        key = f"{template} {sorted((params or {}).items())}"
        found = self._kept.get(key)
        if found is None or time.monotonic() - found[0] > KEPT_SECONDS:
            found = self._kept[key] = (time.monotonic(), self.listed(template, params))
        return found[1]

    def scopes(self) -> frozenset[str]:
        """What the present token is good for."""
        return self.tokens.get().scopes

    def fresh_scopes(self) -> frozenset[str]:
        """What a token issued now is good for."""
        return self.tokens.get(refused=self.tokens.get()).scopes

    def _unauthorised(self, token: Token, method: str, template: str) -> PsaError:
        """Some servers answer 401 to a missing permission, too: the token's own scopes tell which of the two it is."""
        need = gate(method, template)
        if need is not None and not holds(token.scopes, need.scope):
            return errors.missing_right(method, template)
        return self.session.keys_were_refused(
            f"HaloPSA does not accept the token that it gave us. Look at the application under {errors.APPLICATION}, "
            "and whether the agent that it logs in as is enabled."
        )

    def _send(
        self,
        token: Token,
        method: str,
        template: str,
        ids: Mapping[str, int] | None,
        params: Params | None,
        body: object,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token.value}", "Accept": "application/json"}
        url = f"{self.address.api}{template.format(**(ids or {}))}"
        return self.session.send(method, url, template=template, params=params, headers=headers, body=body)


def record_id(ref: str, thing: str) -> int:
    """The number in a reference. Raises NotFound for text that cannot be the id of a record."""
    if not _REF.fullmatch(ref) or int(ref) > 2**31 - 1:
        raise NotFound(f"HaloPSA has no such {thing}: its number must be a whole number above 0.")
    return int(ref)


def number(value: object) -> int | None:
    """A whole number, which Halo sends as an integer, as ``95.0`` or as text; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,10}(\.0+)?", value.strip()):
        return int(float(value))
    return None


def rows_of(data: Any) -> list[JsonObject]:
    """The rows of a list: a bare array, or the one array of an envelope. Raises Unavailable for anything else."""
    if isinstance(data, Mapping):
        lists = [value for name, value in data.items() if isinstance(value, list) and name != "columns"]
        data = lists[0] if len(lists) == 1 else None
    if not isinstance(data, list) or not all(isinstance(row, Mapping) for row in data):
        raise errors.not_json("GET")
    return data


def one_of(data: Any, method: str) -> JsonObject:
    """The one record of an answer: an object, the last of an array, or the last of an envelope's array."""
    if isinstance(data, Mapping) and "id" in data:
        return data
    if isinstance(data, Mapping):
        data = next((value for value in data.values() if isinstance(value, list)), None)
    if isinstance(data, Sequence) and data and isinstance(data[-1], Mapping) and "id" in data[-1]:
        return data[-1]
    raise errors.not_json(method)
