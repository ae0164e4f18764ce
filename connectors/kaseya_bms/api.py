"""The REST conversation with one BMS company: envelopes, pages, and what a 401 means.

Facts are from the published description unless marked. Paths are given as templates
(``/v2/servicedesk/tickets/{id}``), so that metrics and logs see no record ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.base import NotFound, Unavailable
from connectors.http import Answer, PsaSession
from connectors.kaseya_bms import errors
from connectors.kaseya_bms.rights import SEARCH
from connectors.kaseya_bms.tokens import Token, Tokens, read
from connectors.reading import JsonObject

PAGE_SIZE: Final = 100
"""Rows per page: what BMS sends unasked [live clients], so it cannot be more than it allows."""

MOST_PAGES: Final = 200
_NEWEST_PAGES: Final = 3


class BmsApi:
    """Calls to one company as one user. Raises the errors of :mod:`connectors.base` and nothing else."""

    def __init__(self, origin: str, tokens: Tokens, session: PsaSession) -> None:
        self.origin = origin
        self.session = session
        self._tokens = tokens

    def call(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> Any:
        """The body of a successful answer, names in lower case."""
        reads = method == "GET" or template == SEARCH
        url = f"{self.origin}{template.format(**(ids or {}))}"

        def send(token: Token) -> Answer:
            headers = {"Authorization": f"Bearer {token.access}", "Accept": "application/json"}
            answer = self.session.send(
                method, url, template=template, params=params, headers=headers, body=body, reads=reads
            )
            answer = read(answer)
            token.proven = token.proven or errors.status_of(answer) != 401
            return answer

        token = self._tokens.current()
        answer = send(token)
        # Refused means not carried out, so even a write may be repeated. A token that never let anything in is a
        # user without access to the API, and another one would fare no better.
        if errors.status_of(answer) == 401 and token.proven:
            answer = send(self._tokens.instead_of(token))
        if errors.status_of(answer) == 401:
            raise self.session.keys_were_refused(errors.NO_ACCESS)
        if not answer.ok or errors.status_of(answer) != answer.status:
            raise errors.refusal(answer, method, template, self._tokens.secrets, reads=reads)
        if not isinstance(answer.data, Mapping):
            raise errors.page_instead(ambiguous=not reads)
        return answer.data

    def result(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> Any:
        """What stands in the envelope; the two calls that come without one are their own result."""
        data = self.call(method, template, ids, params=params, body=body)
        return data["result"] if "success" in data else data

    def record(
        self, method: str, template: str, ids: Mapping[str, int] | None = None, *, body: object = None
    ) -> JsonObject:
        """As :meth:`result`, for an answer that must be one record with an id."""
        data = self.result(method, template, ids, body=body)
        number = data.get("id") if isinstance(data, Mapping) else None
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise Unavailable(
                "Kaseya BMS reported success but sent no record, so it may or may not be there.",
                ambiguous=method != "GET",
            )
        found: JsonObject = data
        return found

    def rows(
        self, template: str, ids: Mapping[str, int] | None = None, *, params: Mapping[str, str | int] | None = None
    ) -> list[JsonObject]:
        """A list that comes whole, or the one page that ``params`` ask for."""
        return _rows(self.result("GET", template, ids, params=params))

    def every(
        self, template: str, ids: Mapping[str, int] | None = None, *, params: Mapping[str, str | int] | None = None
    ) -> list[JsonObject]:
        """All rows of a list, page after page, each id once.

        A list ends with a short page, or where it tells a total, with that.
        """
        rows: dict[object, JsonObject] = {}
        for page in range(1, MOST_PAGES + 1):
            asked = {**(params or {}), "PageSize": PAGE_SIZE, "PageNumber": page}
            data = self.call("GET", template, ids, params=asked)
            found, known = _rows(data.get("result")), len(rows)
            for position, row in enumerate(found):
                rows.setdefault(row.get("id", (page, position)), row)
            total = data.get("totalrecords")
            more = len(rows) < total if isinstance(total, int) else len(found) >= PAGE_SIZE
            if not more or len(rows) == known:
                return list(rows.values())
        raise Unavailable("Kaseya BMS has more rows here than can be read. Narrow the search.")

    def newest_tickets(self, wanted: Mapping[str, str | int], rows: int) -> list[JsonObject]:
        """Rows of a ticket search, newest first: at least ``rows`` of them where there are so many.

        BMS does not say in which order it sends them, and its ``Sort`` has no published grammar: where the first page
        begins with the oldest, the last pages are read instead.
        """
        size = max(rows, 1) if rows > PAGE_SIZE else PAGE_SIZE
        first, total = self._tickets(wanted, size, 1)
        found = {row.get("id"): row for row in first}
        if total > len(first) and len(first) > 1 and _age(first[0]) < _age(first[-1]):
            last = -(-total // size)
            for page in range(last, max(1, last - _NEWEST_PAGES + 1), -1):
                found.update((row.get("id"), row) for row in self._tickets(wanted, size, page)[0])
                if len(found) >= len(first) + rows:
                    break
        return sorted(found.values(), key=_age, reverse=True)

    def _tickets(self, wanted: Mapping[str, str | int], size: int, page: int) -> tuple[list[JsonObject], int]:
        data = self.call("POST", SEARCH, body={"pageSize": size, "pageNumber": page, "filter": dict(wanted)})
        total = data.get("totalrecords")
        return _rows(data.get("result")), total if isinstance(total, int) else 0


def record_id(ref: str, thing: str) -> int:
    """A record's id out of a ref. Raises NotFound for what no BMS id can be, so that nothing else gets into a path."""
    if not ref.isascii() or not ref.isdecimal() or len(ref) > 10 or not 0 < int(ref) < 2**31:
        raise NotFound(f"Kaseya BMS has no such {thing}.")
    return int(ref)


def _rows(found: object) -> list[JsonObject]:
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise errors.page_instead(ambiguous=False)
    return found


def _age(row: JsonObject) -> int:
    number = row.get("id")
    return number if isinstance(number, int) else 0
