"""The REST door: discovery, who calls, the limits and the faults, and then the call."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Request, Response, request
from werkzeug.routing import BaseConverter

from emulators.autotask.auth import Caller, Gate
from emulators.autotask.calls import Call, serve
from emulators.autotask.errors import (
    ApiError,
    no_such_route,
    page,
    refused,
    unknown_zone,
    unreadable_body,
    wrong_verb,
)
from emulators.autotask.faults import Faults
from emulators.autotask.paging import LONGEST_URL
from emulators.autotask.requests_log import RequestLog
from emulators.autotask.routes import Route, find
from emulators.autotask.store import Store
from emulators.autotask.throttle import HOURLY, MINUTES, Throttle, too_many_requests

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
WRITES = ("create", "update", "delete")
VERSION = "v1.0"
ROOT = "ATServicesRest"
SECOND_BASE = "zone2"


class RootConverter(BaseConverter):
    """The API's first segment, in any letter case."""

    regex = "(?i:atservicesrest)"


class Rest:
    """The API over all tenants."""

    def __init__(
        self, stores: Sequence[Store], faults: Faults, log: RequestLog, gate: Gate, throttle: Throttle
    ) -> None:
        self._stores, self._faults, self._log, self._gate, self._throttle = stores, faults, log, gate, throttle

    def add_to(self, blueprint: Blueprint) -> None:
        """Add both bases; the app needs :class:`RootConverter` as `atservicesrest` first."""
        for zone in ("", f"/{SECOND_BASE}"):
            blueprint.add_url_rule(
                f"{zone}/<atservicesrest:root>/<path:rest>",
                f"rest{len(zone)}",
                self.answer,
                methods=METHODS,
                merge_slashes=False,
                provide_automatic_options=False,
                defaults={"second": bool(zone)},
            )

    def answer(self, root: str, rest: str, second: bool) -> Response:
        """Any request below the API's root."""
        parts = [part for part in rest.split("/") if part]
        entry = self._log.add("/" + "/".join(parts))
        try:
            if request.method == "GET" and len(request.base_url) + len(request.query_string) > LONGEST_URL:
                raise no_such_route()
            return _send(entry, 200, json.dumps(self._serve(root, parts, second, entry)))
        except ApiError as problem:
            return _send(entry, problem.status, problem.body, problem.media, problem.headers)
        except ConnectionAbortedError:
            return drop_connection(request)

    def _serve(self, root: str, parts: list[str], second: bool, entry: dict[str, Any]) -> Any:
        lower = [part.lower() for part in parts]
        if lower in (["versioninformation"], [VERSION, "zoneinformation"]):
            if request.method != "GET":
                raise wrong_verb(request.method)
            entry["endpoint"] = lower[-1]
            self._trouble(request.method, lower[-1])
            return {"apiVersions": ["1.0"]} if len(lower) == 1 else self._zone()
        if lower[:1] != [VERSION]:
            raise no_such_route()
        single = lower[1] if lower[1:] in (["thresholdinformation"], ["version"]) else ""
        route = None if single else find(request.method, parts[1:])
        endpoint = single or (route.entity.name if route else "")
        entry["endpoint"] = endpoint
        in_scope = self._trouble(request.method, endpoint)
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise unreadable_body()
        caller = self._gate.admit(request.headers, moved_away=second != self._faults.on("zone_moved"))
        self._throttle.count(caller.store.tenant.name)
        request.get_data()  # a slow sender must not hold a thread or the lock below
        with self._throttle.thread(caller.code, endpoint) as running:
            entry["running"] = running
            if route is not None:
                return self._call(root, parts, caller, route, in_scope, second)
            if request.method != "GET":
                raise wrong_verb(request.method)
            return self._threshold(caller) if single == "thresholdinformation" else _version()

    def _call(self, root: str, parts: list[str], caller: Caller, route: Route, in_scope: bool, second: bool) -> Any:
        writes = route.action in WRITES
        if route.action == "next" and in_scope:
            self._faults.wait("slow_page_seconds")
        if writes and in_scope:
            self._faults.wait("hang_before_write_seconds")
        base = f"{request.host_url}{SECOND_BASE}/" if second else request.host_url
        call = Call(
            caller,
            self._faults,
            route,
            request.method,
            f"{base}{root}/{'/'.join(parts)}",
            request.args.get("search"),
            request.args.get("paging", ""),
            request.headers.get("ImpersonationResourceId", ""),
            lambda: _read_json(request),
        )
        with caller.store.lock:
            answer = serve(call)
        if writes and in_scope:
            self._faults.wait("hang_after_write_seconds")
            if self._faults.strikes("lose_answer_after_write"):
                raise ConnectionAbortedError
        return answer

    def _zone(self) -> Any:
        store = self._gate.store_of(request.args.get("user", ""))
        if store is None:
            raise unknown_zone()
        base = f"{SECOND_BASE}/" if self._faults.on("zone_moved") else ""
        return {
            "zoneName": "AE02",
            "url": f"{request.host_url}{base}{ROOT}/",
            "webUrl": f"{request.host_url}autotask/",
            "ci": store.tenant.ci,
        }

    def _threshold(self, caller: Caller) -> Any:
        return {
            "externalRequestThreshold": HOURLY,
            "requestThresholdTimeframe": MINUTES,
            "currentTimeframeRequestCount": self._throttle.used(caller.store.tenant.name),
        }

    def _trouble(self, method: str, endpoint: str) -> bool:
        """Let the faults strike; whether this request lies in their scope."""
        faults = self._faults
        verb, _, name = faults.text("scope").strip().rpartition(" ")
        if (name and name.lower() != endpoint.lower()) or (verb and verb.upper() != method.upper()):
            return False
        if faults.strikes("drop"):
            raise ConnectionAbortedError
        faults.wait("slow_seconds")
        if faults.strikes("down"):
            raise page(503, "The service is unavailable.")
        if faults.strikes("rate_limit"):
            raise too_many_requests("Too many requests.", int(faults.number("retry_after")))
        if faults.strikes("html_500"):
            raise page(500, "Internal server error.")
        if faults.strikes("empty_500"):
            raise ApiError(500)
        if faults.strikes("bad_gateway"):
            raise page(502, "Bad Gateway")
        if faults.strikes("errors_with_200"):
            raise refused("An error occurred while the request was processed.", status=200)
        return True


def _version() -> Any:
    return {"items": [{"id": 0, "version": "2026.2.1.100001"}], "pageDetails": {"count": 1, "requestCount": 500}}


def _read_json(source: Request) -> Any:
    """The body, None where it is empty. Raises 500 for anything that is not JSON."""
    data = source.get_data()
    if not data.strip():
        return None
    try:
        return json.loads(data)
    except ValueError:
        raise unreadable_body() from None


def _send(
    entry: dict[str, Any],
    status: int,
    body: str,
    media: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    entry["status"] = status
    response = Response(body, status, headers, content_type=f"{media}; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    if not body:
        response.headers.pop("Content-Type", None)
    return response


def drop_connection(source: Request) -> Response:
    """Close the socket under the answer, so that the client sees a connection closed without a word."""
    connection = source.environ.get("werkzeug.socket") or source.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response("", 503)
