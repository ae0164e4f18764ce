"""The REST conversation with one ConnectWise company: codebase, headers, paging and what a 404 means.

Facts are from the official developer guide unless marked. Paths are given as templates (``/service/tickets/{id}``), so
that metrics and logs see no record ids.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from connectors.base import BadCredentials, Rejected, Unavailable
from connectors.connectwise import errors
from connectors.connectwise.address import SiteAddress, host_of
from connectors.http import Answer, PsaSession
from connectors.reading import JsonObject

API_VERSION: Final = "2025.1"
"""The release whose record shapes are asked for; ConnectWise serves an older one for twelve months."""

WHO_AM_I: Final = "/system/myMembers/info"
PAGE_SIZE: Final = 250
"""Rows per page, at most 1000. A page of contacts must arrive within an interactive time-out."""

DEFAULT_PAGE_SIZE: Final = 25
"""What ConnectWise sends unasked: a shorter page without a Link header is taken for the last one [inferred]."""

MOST_PAGES: Final = 1000
_CODEBASE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}/?")
_CREDENTIAL: Final = re.compile(r"[!-~]{1,200}")
_COMPANY: Final = re.compile(r"[!-~]{1,100}")
_UNSAFE_IN_COMPANY: Final = frozenset('+:;,\\"/')


class ManageApi:
    """Calls to one company with one pair of keys. Raises the errors of :mod:`connectors.base` and nothing else."""

    def __init__(
        self,
        address: SiteAddress,
        company: str,
        public_key: str,
        private_key: str,
        client_id: str,
        session: PsaSession,
    ) -> None:
        if not _COMPANY.fullmatch(company) or not _UNSAFE_IN_COMPANY.isdisjoint(company):
            raise Rejected("The ConnectWise company is the short name from the log-in screen, without spaces.")
        if not _CREDENTIAL.fullmatch(public_key) or ":" in public_key:
            raise Rejected("The public key holds characters that no ConnectWise key has.")
        if not _CREDENTIAL.fullmatch(private_key):
            raise Rejected("The private key holds characters that no ConnectWise key has.")
        if not _CREDENTIAL.fullmatch(client_id):
            raise Rejected("The client ID is missing or holds characters that none has.")
        self.address = address
        self.company = company
        self.client_id = client_id
        self.session = session
        token = base64.b64encode(f"{company}+{public_key}:{private_key}".encode()).decode()
        self._secrets = (private_key, token, public_key)
        self._authorization = f"Basic {token}"
        self._codebase: str | None = None
        self._discovering = threading.Lock()
        self._cloud = address.cloud

    def __repr__(self) -> str:
        return f"ManageApi({self.address.api_origin!r}, company={self.company!r})"

    def call(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> Any:
        """The parsed body of one call, None where it is empty by intent (204)."""
        return self._checked(self._exchange(method, template, ids, params, body), method, template)

    def record(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None = None,
        *,
        body: object = None,
    ) -> JsonObject:
        """As :meth:`call`, for an answer that must be one record with an id."""
        data = self.call(method, template, ids, body=body)
        if not isinstance(data, Mapping) or not isinstance(data.get("id"), int):
            raise errors.not_json(method)
        return data

    def every(
        self, template: str, ids: Mapping[str, int] | None = None, *, conditions: str = "", order: str = ""
    ) -> list[JsonObject]:
        """All rows of a list, page after page, each id once.

        Pages follow the Link header's page number and never its address, so that an answer cannot lead the keys to
        another host. Servers without a Link header are walked until a short or repeated page.
        """
        rows: dict[object, JsonObject] = {}
        page = 1
        for _ in range(MOST_PAGES):
            params: dict[str, str | int] = {"pageSize": PAGE_SIZE}
            if conditions:
                params["conditions"] = conditions
            if order:
                params["orderBy"] = order
            params["page"] = page
            answer = self._exchange("GET", template, ids, params, None)
            found = self._checked(answer, "GET", template)
            if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
                raise errors.not_json("GET")
            known = len(rows)
            for position, row in enumerate(found):
                rows.setdefault(row.get("id", (page, position)), row)
            following = _next_page(answer, page, len(found))
            if following is None or len(rows) == known:
                return list(rows.values())
            page = following
        raise Unavailable("ConnectWise has more rows here than can be read. Narrow the search.")

    def some(
        self, template: str, *, conditions: str, child: str = "", order: str = "", limit: int = 25
    ) -> list[JsonObject]:
        """The first rows of a list, one page of at most ``limit``."""
        params: dict[str, str | int] = {"pageSize": limit, "conditions": conditions}
        if child:
            params["childConditions"] = child
        if order:
            params["orderBy"] = order
        found = self.call("GET", template, params=params)
        if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
            raise errors.not_json("GET")
        return found

    def codebase(self) -> str:
        """The release part of the path, for example ``v2025_1/``; asked once per instance."""
        if self._codebase is None:
            with self._discovering:
                if self._codebase is None:
                    self._discover()
        return self._codebase or ""

    def rediscover(self) -> bool:
        """Ask for the codebase again; True where it has moved, as it does with each upgrade of the cloud."""
        former = self._codebase
        self._discover()
        return self._codebase != former

    def url(self, origin: str, template: str, ids: Mapping[str, int] | None = None) -> str:
        """The address of a call at an origin of this company."""
        return f"{origin}/{self.codebase()}apis/3.0{template.format(**(ids or {}))}"

    def _discover(self) -> None:
        origin = self.address.api_origin
        template = "/login/companyinfo/{company}"
        answer = self.session.send(
            "GET",
            origin + template.format(company=quote(self.company, safe="")),
            template=template,
            headers={"Accept": "application/json"},
            own_keys=False,
        )
        # An unknown company is a 200 with the body null, on some sites a 404 [seen by public clients].
        if answer.status == 404 or (answer.ok and answer.is_json and answer.data is None):
            raise errors.unknown_company(self.company, host_of(origin))
        info = self._checked(answer, "GET", template)
        codebase = info.get("Codebase") if isinstance(info, Mapping) else None
        if not isinstance(codebase, str) or not _CODEBASE.fullmatch(codebase):
            raise errors.not_json("GET")
        self._codebase = codebase.rstrip("/") + "/"
        self._cloud = self.address.cloud or str(info.get("IsCloud")).lower() == "true"

    def _exchange(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None,
        params: Mapping[str, str | int] | None,
        body: object,
    ) -> Answer:
        was_known = self._codebase is not None
        answer = self._send(method, template, ids, params, body)
        # A 404 was not carried out, so even a POST may be repeated once the codebase has moved.
        if answer.status == 404 and was_known and self.rediscover():
            answer = self._send(method, template, ids, params, body)
        return answer

    def _send(
        self,
        method: str,
        template: str,
        ids: Mapping[str, int] | None = None,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> Answer:
        headers = {
            "Authorization": self._authorization,
            "clientId": self.client_id,
            "Accept": f"application/vnd.connectwise.com+json; version={API_VERSION}",
        }
        url = self.url(self.address.api_origin, template, ids)
        return self.session.send(method, url, template=template, params=params, headers=headers, body=body)

    def _checked(self, answer: Answer, method: str, template: str) -> Any:
        if answer.ok:
            if answer.is_json or answer.status == 204:
                return answer.data
            raise errors.not_json(method)
        if answer.status == 404 and self._cloud:
            self._refuse_unknown_keys(template)
        problem = errors.refusal(answer, method, template, self._secrets)
        raise self.session.keys_were_refused(str(problem)) if isinstance(problem, BadCredentials) else problem

    def _refuse_unknown_keys(self, template: str) -> None:
        """The cloud answers 404 to everything where the company or the keys are wrong; only a second call can tell."""
        if template == WHO_AM_I or self._send("GET", WHO_AM_I).status in (401, 404):
            raise self.session.keys_were_refused(str(errors.bad_credentials()))


def _next_page(answer: Answer, page: int, rows: int) -> int | None:
    if rows == 0:
        return None
    if "Link" not in answer.headers:
        return page + 1 if rows >= DEFAULT_PAGE_SIZE else None
    numbers = parse_qs(urlsplit(answer.link("next") or "").query).get("page", [])
    return next((int(n) for n in numbers if n.isdecimal() and int(n) > page), None)
