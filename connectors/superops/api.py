"""The GraphQL conversation with one SuperOps account: headers, what counts as an answer, and lists page by page.

Facts are from the vendor's reference "SuperOps MSP GraphQL API" unless marked. What people type travels in variables
and never in a document. Logs and metrics see an operation's name and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from connectors.base import RateLimited, Rejected
from connectors.discipline import Gate
from connectors.http import PsaSession
from connectors.reading import JsonObject
from connectors.superops import errors

PAGE_SIZE: Final = 100
"""The largest page that SuperOps gives."""

MOST_PAGES: Final = 200
_CREDENTIAL: Final = re.compile(r"[!-~]{1,2000}")


class GraphqlApi:
    """Calls to one account with one token. Raises the errors of :mod:`connectors.base` and nothing else."""

    def __init__(self, url: str, subdomain: str, token: str, session: PsaSession, gate: Gate | None = None) -> None:
        if not _CREDENTIAL.fullmatch(token):
            raise Rejected("The API token is missing or holds characters that none has.")
        self.url = url
        self.subdomain = subdomain
        self.session = session
        self._gate = gate
        self._token = token

    def __repr__(self) -> str:
        return f"GraphqlApi({self.url!r}, subdomain={self.subdomain!r})"

    def ask(self, operation: str, document: str, given: object = None, *, variables: JsonObject | None = None) -> Any:
        """The answer of one query; ``given`` is its ``$i``. Null where SuperOps says that there is none."""
        return self.ask_several(operation, document, {"i": given} if variables is None else variables).get(operation)

    def ask_several(self, operation: str, document: str, variables: JsonObject) -> JsonObject:
        """The answers of a document of several queries, all or none; ``operation`` is what an error is named after."""
        return self._run(operation, document, variables, writes=False)

    def change(self, operation: str, document: str, given: JsonObject) -> JsonObject:
        """The answer of one mutation, which is sent once. No answer in an otherwise good body is ambiguous."""
        found = self._run(operation, document, {"i": given}, writes=True).get(operation)
        if not isinstance(found, Mapping):
            raise errors.unusable(writes=True)
        return found

    def page(
        self, operation: str, document: str, rows: str, request: JsonObject, *, wrapped: JsonObject | None = None
    ) -> tuple[list[JsonObject], bool]:
        """The rows of one page and whether more follow. ``wrapped`` is what stands beside ``listInfo`` in those lists
        that wrap it.
        """
        given = request if wrapped is None else {"listInfo": request, **wrapped}
        answer = self.ask(operation, document, given)
        found = answer.get(rows) if isinstance(answer, Mapping) else None
        if not isinstance(found, list) or not isinstance(answer, Mapping):
            raise errors.unusable(writes=False)
        info = answer.get("listInfo")
        # The last page says null, so only true means more [seen by public clients].
        more = isinstance(info, Mapping) and info.get("hasMore") is True
        return [row for row in found if isinstance(row, Mapping)], more

    def every(
        self,
        operation: str,
        document: str,
        rows: str,
        key: str,
        request: JsonObject | None = None,
        *,
        wrapped: JsonObject | None = None,
        most_pages: int = MOST_PAGES,
    ) -> list[JsonObject]:
        """All rows of a list, page after page, each id once. Raises Rejected where there are more than can be read."""
        found: dict[str, JsonObject] = {}
        for number in range(1, most_pages + 1):
            asked = {**(request or {}), "page": number, "pageSize": PAGE_SIZE}
            page, more = self.page(operation, document, rows, asked, wrapped=wrapped)
            known = len(found)
            for row in page:
                found.setdefault(str(row.get(key)), row)
            if not more or len(found) == known:
                return list(found.values())
        raise Rejected("SuperOps has more rows here than can be read. Narrow the search.")

    def _run(self, operation: str, document: str, variables: JsonObject, *, writes: bool) -> JsonObject:
        answer = self.session.send(
            "POST",
            self.url,
            template=f"/msp {operation}",
            headers={
                "Authorization": f"Bearer {self._token}",
                "CustomerSubDomain": self.subdomain,
                "Accept": "application/json",
            },
            body={"query": document, "variables": variables},
            reads=not writes,
        )
        if not answer.ok:
            raise self._told(errors.refused_by_gateway(answer, writes))
        if not isinstance(answer.data, Mapping):
            raise errors.unusable(writes)
        problem = errors.problem_in(answer.data, operation, writes, (self._token,))
        if problem is not None:
            raise self._told(problem)
        data = answer.data.get("data")
        if not isinstance(data, Mapping):
            raise errors.unusable(writes)
        return data

    def _told(self, problem: Exception) -> Exception:
        """The error to raise, once the gate knows of it: it never saw a status that says so."""
        if isinstance(problem, errors.AccountRefused):
            return self.session.keys_were_refused(str(problem))
        if isinstance(problem, RateLimited) and self._gate is not None:
            self._gate.told_to_wait(problem.retry_after)
        return problem
