"""The API's door: notes who asks what, applies the faults and the quota, asks for the token, answers."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from typing import Any

from flask import Blueprint, Response, request

from emulators.kaseya_bms.answers import Json, Refusal, not_signed_in, refusal
from emulators.kaseya_bms.call import Call
from emulators.kaseya_bms.faults import Faults
from emulators.kaseya_bms.incoming import now
from emulators.kaseya_bms.login import authenticate, refresh, signed_in, sso_status
from emulators.kaseya_bms.paths import find
from emulators.kaseya_bms.store import Store
from emulators.twilio.connection import drop

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_OPEN = ("POST security/authenticate", "POST security/refreshtoken", "GET security/ssostatus")
_READS = ("search", "lookup")
_HOUR = 3600


class RequestLog:
    """What has been asked, newest last, at most 2,000: when, method, path, status (null: no answer), by whom."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=2000)
        self._lock = threading.Lock()

    def add(self) -> dict[str, Any]:
        """Note the request that came in; the caller fills in `status` and `by`."""
        entry = {"at": now(), "method": request.method, "path": request.path, "status": None, "by": None}
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


class Quota:
    """Calls within the running hour, for each endpoint."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, int], int] = {}

    def spend(self, endpoint: str, limit: int) -> bool:
        """Count a call; False when the endpoint's hour is used up."""
        hour = int(time.time()) // _HOUR
        with self._lock:
            self._counts = {key: count for key, count in self._counts.items() if key[1] == hour}
            spent = self._counts.get((endpoint, hour), 0)
            self._counts[endpoint, hour] = spent + 1
            return spent < limit

    def clear(self) -> None:
        """A new hour for all."""
        with self._lock:
            self._counts.clear()


class Rest:
    """The API over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, quota: Quota) -> None:
        self.store, self.faults, self.log, self.quota = store, faults, log, quota

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the one door to everything below `/v2/`."""
        blueprint.add_url_rule("/v2/<path:rest>", "rest", self.answer, methods=METHODS, provide_automatic_options=False)

    def answer(self, rest: str) -> Response:
        """Any request of the API."""
        entry = self.log.add()
        # A slow sender must not hold the lock below.
        request.get_data(parse_form_data=True)
        in_scope = self.faults.in_scope(request.method, request.path)
        try:
            if in_scope and (page := self._outage()) is not None:
                entry["status"] = page.status_code
                return page
            body = self._open_call(entry, rest, in_scope)
            writes = request.method != "GET" and rest.rstrip("/").rsplit("/", 1)[-1].lower() not in _READS
            if in_scope and writes and rest.lower().partition("/")[0] != "security":
                self.faults.wait("slow_after_write_seconds")
                if self.faults.strikes("answer_lost"):
                    raise ConnectionAbortedError
            return self._send(entry, 200, body, {})
        except Refusal as refused:
            status = self.faults.status(refused.kind, refused.status)
            return self._send(entry, status, self._shape(refused), refused.headers)
        except ConnectionAbortedError:
            return drop()

    def _open_call(self, entry: dict[str, Any], rest: str, in_scope: bool) -> Json | None:
        path = rest.strip("/")
        open_endpoint = f"{request.method} {path.lower()}"
        found = find(request.method, path)
        endpoint = open_endpoint if open_endpoint in _OPEN else found[0] if isinstance(found, tuple) else None
        if in_scope:
            self._trouble(endpoint)
        with self.store.lock:
            if endpoint in _OPEN:
                return self._without_token(str(endpoint))
            if isinstance(found, list):
                allow = {"Allow": ", ".join(found)} if found else {}
                raise Refusal(405 if found else 404, None, headers=allow)
            user = signed_in(self.store, self.faults, request.headers.get("Authorization", ""))
            entry["by"] = user["login"]
            if in_scope and self.faults.strikes("token_refused"):
                raise not_signed_in()
            return found[1](Call(self.store, self.faults, request, user), *found[2])

    def _without_token(self, endpoint: str) -> Json:
        if endpoint.endswith("ssostatus"):
            return sso_status(self.faults, request)
        return (authenticate if endpoint.endswith("authenticate") else refresh)(self.store, self.faults, request)

    def _outage(self) -> Response | None:
        """What the network or a proxy does before BMS sees the call."""
        if self.faults.strikes("drop"):
            raise ConnectionAbortedError
        self.faults.wait("slow_seconds")
        if self.faults.strikes("down"):
            return _page(503, "Service Unavailable")
        if self.faults.strikes("html_502"):
            return _page(502, "Bad Gateway")
        return _page(404, "Page not found") if self.faults.on("wrong_host") else None

    def _trouble(self, endpoint: str | None) -> None:
        within = endpoint is None or self.quota.spend(endpoint, int(self.faults.number("hourly_limit")))
        if self.faults.strikes("throttled") or not within:
            wait = int(self.faults.number("retry_after"))
            headers = {} if wait < 0 else {"Retry-After": str(wait)}
            raise refusal(429, "API calls quota exceeded.", headers=headers)
        if self.faults.strikes("server_error"):
            raise refusal(500, "An error has occurred.")

    def _shape(self, refused: Refusal) -> Json | None:
        """The refusal's body; problem details become an envelope where the tenant is set to answer so."""
        body = refused.body
        if body is None or "errors" not in body or self.faults.text("binding") == "problem":
            return body
        parts = [text for texts in body["errors"].values() for text in texts]
        return refusal(refused.status, body["title"], parts=parts).body

    def _send(self, entry: dict[str, Any], status: int, body: Json | None, headers: dict[str, str]) -> Response:
        entry["status"] = status
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        kind = "application/problem+json" if body and "errors" in body else "application/json"
        response = Response(text, status, headers, content_type=f"{kind}; charset=utf-8" if text else None)
        response.headers["Cache-Control"] = "no-store"
        return response


def _page(status: int, title: str) -> Response:
    html = f"<!DOCTYPE html>\r\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(html, status, mimetype="text/html")
