"""The door of the API: finds the handler of a path in any letter case, asks who calls, applies the faults, answers."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Request, Response, request

from emulators.halo import rights, settings
from emulators.halo.call import Call
from emulators.halo.errors import ApiError, model_state, not_found, page
from emulators.halo.faults import Faults
from emulators.halo.lists import Query
from emulators.halo.resources import Answer, serve
from emulators.halo.store import TENANT, Store, now
from emulators.halo.tokens import TokenServer

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
LIMIT_SECONDS = 300


class RequestLog:
    """What has been asked, newest last, at most 2,000 entries: method, path, query, status (null: no answer)."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=2000)
        self._lock = threading.Lock()

    def add(self, path: str) -> dict[str, Any]:
        """Note a request that came in; the caller fills in `status`."""
        entry = {
            "at": now(),
            "method": request.method,
            "path": path,
            "query": dict(request.args.items()),
            "status": None,
        }
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
    """The API and the token endpoint over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, tokens: TokenServer) -> None:
        self.store, self.faults, self.log, self.tokens = store, faults, log, tokens
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the two doors."""
        blueprint.add_url_rule("/auth/token", "token", self.token, methods=["POST"])
        for name in ("api", "API", "Api"):
            blueprint.add_url_rule(
                f"/{name}/<path:rest>", f"rest_{name}", self.answer, methods=METHODS, provide_automatic_options=False
            )

    def lift_limit(self) -> None:
        """Forget the requests that count towards the limit."""
        with self._lock:
            self._recent.clear()

    def token(self) -> Response:
        """A token request, which the limit does not count."""
        entry = self.log.add("/auth/token")
        meets = self.faults.meets("POST", "/auth/token")
        try:
            if meets:
                self._trouble(counted=False)
            answer = self.tokens.token(request)
            return self._send(entry, 200, answer, {}, meets)
        except ApiError as problem:
            return self._send(entry, problem.status, problem.body, problem.headers, meets)
        except ConnectionAbortedError:
            return drop_connection(request)

    def answer(self, rest: str) -> Response:
        """Any request below `/api`."""
        path = "/" + rest.strip("/")
        entry = self.log.add(path)
        meets = self.faults.meets(request.method, path)
        try:
            if meets:
                self._trouble(counted=True)
            status, body = self._route(path)
            if meets and request.method != "GET":
                self.faults.wait("hang_after_write_seconds")
                if self.faults.strikes("lose_answer"):
                    raise ConnectionAbortedError
            return self._send(entry, status, body, {}, meets)
        except ApiError as problem:
            return self._send(entry, problem.status, problem.body, problem.headers, meets)
        except ConnectionAbortedError:
            return drop_connection(request)

    def _route(self, path: str) -> Answer:
        name, _, key = path.strip("/").lower().partition("/")
        origin = request.host_url.rstrip("/")
        if name == "authinfo" and request.method == "GET":
            return 200, {"auth_url": f"{origin}/auth", "tenant_id": TENANT}
        caller = self.tokens.caller(request.headers.get("Authorization", ""))
        if name not in rights.AREA_OF or "/" in key:
            raise not_found()
        rights.check(caller.scopes, name, request.method != "GET", self.faults)
        call = Call(self.store, self.faults, caller, Query(dict(request.args.items())), origin)
        request.get_data()  # a slow sender must not hold the lock below
        with self.store.lock:
            if name == "instanceinfo":
                return 200, settings.instance(call)
            return serve(call, request.method, name, key, lambda: read_json(request))

    def _trouble(self, counted: bool) -> None:
        if self.faults.strikes("drop"):
            raise ConnectionAbortedError
        self.faults.wait("slow_seconds")
        if self.faults.strikes("down"):
            raise ApiError(503, page(503, "Service Unavailable"))
        if self.faults.strikes("too_many"):
            raise ApiError(429, "", {"Retry-After": str(int(self.faults.number("retry_after_seconds")))})
        if self.faults.strikes("too_many_bare") or (counted and self._over_limit()):
            raise ApiError(429, "")
        if self.faults.strikes("server_error"):
            raise ApiError(500, page(500, "Internal Server Error"))

    def _over_limit(self) -> bool:
        limit = int(self.faults.number("rate_limit"))
        clock = time.monotonic()
        with self._lock:
            while self._recent and self._recent[0] <= clock - LIMIT_SECONDS:
                self._recent.popleft()
            if limit and len(self._recent) >= limit:
                return True
            self._recent.append(clock)
            return False

    def _send(self, entry: dict[str, Any], status: int, body: Any, headers: Mapping[str, str], meets: bool) -> Response:
        entry["status"] = status
        if status >= 400 and meets and self.faults.on("html_errors"):
            body = page(status, "Error")
        if isinstance(body, str):
            response = Response(body, status, dict(headers), content_type="text/html; charset=utf-8")
        else:
            shaped = self._shaped(body) if status < 400 and entry["path"] != "/auth/token" else body
            text = json.dumps(shaped, ensure_ascii=False).encode()
            if meets and self.faults.strikes("cut_answer"):
                response = Response(_half(text, request), status, content_type="application/json; charset=utf-8")
                response.headers["Content-Length"] = str(len(text))
                return response
            response = Response(text, status, dict(headers), content_type="application/json; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
        return response

    def _shaped(self, value: Any) -> Any:
        """An answer as an odd build gives it."""
        if isinstance(value, list):
            return [self._shaped(item) for item in value]
        if not isinstance(value, dict):
            return value
        odd = self.faults.text("odd_ids")
        shaped = {}
        for name, member in value.items():
            if self.faults.on("missing_members") and (member is None or member == "" or member == []):
                continue
            whole = isinstance(member, int) and not isinstance(member, bool)
            if odd != "off" and whole and (name == "id" or name.endswith("_id")):
                member = float(member) if odd == "floats" else str(member)
            shaped[name] = self._shaped(member)
        if self.faults.on("extra_members"):
            shaped["_something_new"] = {"id": 0, "list": [None]}
        return shaped


def read_json(source: Request) -> Any:
    """The request's JSON body. Raises 415 for another media type, 400 for text that is not JSON."""
    if "json" not in (source.content_type or "").lower():
        raise ApiError(415, "")
    try:
        return json.loads(source.get_data())
    except ValueError:
        raise model_state("$", "The input does not contain valid JSON.") from None


def drop_connection(source: Request) -> Response:
    """Close the socket under the answer, so that the client sees a connection closed without a word."""
    _shut(source)
    return Response("", 503)


def _half(text: bytes, source: Request) -> Iterator[bytes]:
    yield text[: len(text) // 2]
    _shut(source)


def _shut(source: Request) -> None:
    connection = source.environ.get("werkzeug.socket") or source.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
