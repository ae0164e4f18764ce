"""The REST door: finds the handler of a path in any letter case, asks who calls, applies the faults, answers."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Request, Response, request

from emulators.connectwise import contacts, system, tickets
from emulators.connectwise.auth import authenticate
from emulators.connectwise.errors import (
    ApiError,
    malformed,
    method_not_allowed,
    no_such_path,
    too_many_requests,
    unsupported_media_type,
)
from emulators.connectwise.faults import Faults
from emulators.connectwise.paging import Query
from emulators.connectwise.render import View
from emulators.connectwise.resources import Answer, Call, Resource, serve
from emulators.connectwise.store import CODEBASE, COMPANY, Store, now

ROUTER_CODEBASE = "v4_6_release/"
MEDIA_TYPE = f"application/vnd.connectwise.com+json; version={system.VERSION}"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
WRITES = ("POST", "PUT", "PATCH", "DELETE")

_LISTS = (
    "companyStatuses",
    "companyTypes",
    "contactTypes",
    "contactDepartments",
    "communicationTypes",
    "noteTypes",
    "boards",
    "priorities",
    "impacts",
    "severities",
    "serviceLocations",
    "sources",
    "hostedScreens",
)
_BOARD_LISTS = ("boardStatuses", "boardTypes", "boardSubTypes", "boardItems", "boardAssociations")
RESOURCES: tuple[Resource, ...] = (
    *(Resource(name, "TableSetup", setup=True) for name in _LISTS),
    *(Resource(name, "TableSetup", parent="boards", link="board", setup=True) for name in _BOARD_LISTS),
    Resource("boardTeams", "TableSetup", parent="boards", link="boardId", setup=True),
    Resource("companies", "CompanyMaintenance", "lgcpud", before_write=contacts.before_company),
    Resource("sites", "CompanyMaintenance", parent="companies", link="companyId"),
    Resource(
        "companyNotes", "Notes", "lgcpd", parent="companies", link="companyId", before_write=contacts.before_record_note
    ),
    Resource(
        "contacts", "Contacts", "lgcpud", before_write=contacts.before_contact, after_create=contacts.after_contact
    ),
    Resource(
        "communications",
        "Contacts",
        "lgcpud",
        parent="contacts",
        link="contactId",
        before_write=contacts.before_communication,
    ),
    Resource(
        "contactNotes", "Notes", "lgcpd", parent="contacts", link="contactId", before_write=contacts.before_record_note
    ),
    Resource(
        "tickets", "ServiceTickets", "lgcpud", before_write=tickets.before_ticket, after_create=tickets.after_ticket
    ),
    Resource(
        "ticketNotes", "ServiceTickets", "lgcpud", parent="tickets", link="ticketId", before_write=tickets.before_note
    ),
    Resource("members", "MemberMaintenance"),
    Resource("apiMembers", "MemberMaintenance"),
    Resource("securityRoles", "MemberMaintenance"),
    Resource("departments", "MyCompany"),
    Resource("locations", "MyCompany"),
    Resource("hostedSetups", "TableSetup", "lgcpud", setup=True, before_write=system.before_hosted_setup),
)
SPECIAL: dict[tuple[str, str], Callable[..., Answer]] = {
    ("GET", "system/info"): system.info,
    ("GET", "system/info/members"): system.member_infos,
    ("GET", "system/mymembers"): system.my_member,
    ("GET", "system/mymembers/info"): system.my_member_info,
    ("GET", "system/mysecurity"): system.my_security,
    ("GET", "system/mysecurity/count"): system.my_security_count,
    ("GET", "system/reports/connectwisehostedapiscreen"): system.hosted_screen_report,
    ("POST", "service/tickets/search"): tickets.search,
    ("GET", "service/tickets/{key}/allnotes"): tickets.all_notes,
}


class RequestLog:
    """What has been asked, newest last, at most 2,000 entries: method, path, status (null: no answer), who, when."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=2000)
        self._lock = threading.Lock()

    def add(self, path: str, signed_in: str) -> dict[str, Any]:
        """Note a request that came in; the caller fills in `status`."""
        entry = {"at": now(), "method": request.method, "path": path, "status": None, "signed_in": signed_in}
        with self._lock:
            self._entries.append(entry)
        return entry

    def all(self) -> list[dict[str, Any]]:
        """A copy of the entries."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._entries.clear()


class Rest:
    """The REST part over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog) -> None:
        self.store, self.faults, self.log = store, faults, log

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the two doors: company info and everything below `/<codebase>/apis/3.0/`."""
        for tail in ("", "/"):
            blueprint.add_url_rule(
                f"/login/companyinfo/<company>{tail}", f"companyinfo{len(tail)}", self.company_info, strict_slashes=True
            )
        blueprint.add_url_rule(
            "/<codebase>/<apis>/3.0/<path:rest>",
            "rest",
            self.answer,
            methods=METHODS,
            merge_slashes=False,
            provide_automatic_options=False,
        )

    def company_info(self, company: str) -> Response:
        """The discovery call, which needs no credentials; an unknown company gets `null` or 404."""
        entry = self.log.add(f"/login/companyinfo/{company}", "nobody")
        try:
            if self.faults.applies("GET", request.path):
                self._trouble()
            if company.lower() != COMPANY:
                if self.faults["companyinfo_unknown"] == "404":
                    raise no_such_path()
                return self._send(entry, 200, None, {})
            codebase = str(self.faults["codebase_move"] or CODEBASE)
            version = codebase.strip("/").replace("_", ".")
            return self._send(
                entry,
                200,
                {
                    "CompanyName": "Northgate IT",
                    "Codebase": codebase,
                    "VersionCode": version,
                    "VersionNumber": "v4.6.99999",
                    "CompanyID": COMPANY,
                    "IsCloud": bool(self.faults["cloud_mode"]),
                    "SiteUrl": request.host,
                },
                {},
            )
        except ApiError as problem:
            return self._send(entry, problem.status, problem.body, problem.headers)
        except ConnectionAbortedError:
            return drop_connection(request)

    def answer(self, codebase: str, apis: str, rest: str) -> Response:
        """Any request below the API's root."""
        path = "/" + "/".join(part for part in rest.split("/") if part)
        entry = self.log.add(path, "nobody")
        in_scope = self.faults.applies(request.method, path)
        try:
            if apis.lower() != "apis" or f"{codebase.lower()}/" not in self._codebases():
                raise no_such_path()
            if in_scope:
                self._trouble()
            principal = authenticate(request.headers, path, self.store, self.faults, in_scope)
            entry["signed_in"] = f"{principal.identifier} by {principal.kind}"
            base = f"{request.host_url}{codebase}/{apis}/3.0"
            parameters = {name.lower(): value for name, value in request.args.items()}
            forward = request.headers.get("pagination-type", "").lower() == "forward-only"
            query = Query(parameters, base + path, forward, self.faults["page_over_max"])
            call = Call(
                self.store,
                self.faults,
                principal,
                View(self.store, base, self.faults["omit_nulls"]),
                request.method,
                query,
                lambda: read_json(request),
            )
            request.get_data()  # a slow sender must not hold the lock below
            if in_scope and request.method in WRITES:
                self.faults.wait(self.faults["hang_before_write_seconds"])
            with self.store.lock:
                status, body = route(call, path)
            if in_scope and request.method in WRITES:
                self.faults.wait(self.faults["hang_after_write_seconds"])
                if request.method == "POST" and status < 300 and self.faults.take("lose_answer_after_write"):
                    raise ConnectionAbortedError
            return self._send(entry, status, body, query.headers)
        except ApiError as problem:
            return self._send(entry, problem.status, problem.body, problem.headers)
        except ConnectionAbortedError:
            return drop_connection(request)

    def _codebases(self) -> tuple[str, str]:
        return ROUTER_CODEBASE, str(self.faults["codebase_move"] or CODEBASE).lower()

    def _trouble(self) -> None:
        down = self.faults["down"]
        if down == "drop":
            raise ConnectionAbortedError
        self.faults.wait(self.faults["slow_seconds"])
        if down:
            raise ApiError(503, {"code": "ServiceUnavailable", "message": "The service is unavailable."})
        throttled, retry_after = self.faults.take_rate_limit()
        if throttled:
            raise too_many_requests(retry_after)
        if self.faults.take("server_error"):
            message = "Execution timeout expired while the request was processed."
            raise ApiError(500, {"code": "InternalError", "message": message, "errors": None})

    def _send(self, entry: dict[str, Any], status: int, body: Any, headers: Mapping[str, str]) -> Response:
        entry["status"] = status
        if status >= 400 and self.faults["html_errors"] and self.faults.applies(request.method, entry["path"]):
            head = f"<!DOCTYPE html>\r\n<html><head><title>{status}</title></head>"
            page = f"{head}\r\n<body><h1>{status}</h1></body></html>"
            return Response(page, status, dict(headers), mimetype="text/html")
        text = "" if status == 204 else json.dumps(body, ensure_ascii=False)
        response = Response(text, status, dict(headers), content_type=MEDIA_TYPE)
        response.headers["api-current-version"] = system.VERSION
        response.headers["Cache-Control"] = "no-store"
        return response


def route(call: Call, path: str) -> Answer:
    """Find what a path means and answer it. Raises 404 for an unknown path and 405 for a method it does not have."""
    parts = path.strip("/").split("/")
    lower = [part.lower() for part in parts]
    other_methods = []
    for (method, pattern), handler in SPECIAL.items():
        keys = _match(pattern, parts, lower)
        if keys is not None and method == call.method:
            return handler(call, *keys)
        if keys is not None:
            other_methods.append(method)
    if other_methods:
        raise method_not_allowed(call.method, other_methods)
    for resource in RESOURCES:
        pattern = resource.schema.path.replace("{parent}", "{key}").lower()
        length = len(pattern.split("/"))
        keys = _match(pattern, parts[:length], lower[:length])
        tail = parts[length:]
        if keys is None or len(tail) > 1:
            continue
        return serve(call, resource, keys[0] if keys else "", lower[length:] if lower[length:] == ["count"] else tail)
    raise no_such_path()


def _match(pattern: str, parts: list[str], lower: list[str]) -> list[str] | None:
    wanted = pattern.split("/")
    if len(wanted) != len(parts):
        return None
    keys = []
    for want, part, small in zip(wanted, parts, lower, strict=True):
        if want == "{key}":
            keys.append(part)
        elif want != small:
            return None
    return keys


def read_json(source: Request) -> Any:
    """The request's JSON body. Raises 415 for another media type, 400 for text that is not JSON."""
    if "json" not in (source.content_type or "").lower():
        raise unsupported_media_type()
    try:
        return json.loads(source.get_data())
    except ValueError:
        raise malformed("The body is not valid JSON.") from None


def drop_connection(source: Request) -> Response:
    """Close the socket under the answer, so that the client sees a connection closed without a word."""
    connection = source.environ.get("werkzeug.socket") or source.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response("", 503)
