"""`POST /msp`: headers first, then faults and limits, then the operations of the GraphQL request."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import deque
from functools import partial
from typing import Any

from flask import Blueprint, Response, request
from graphql import DocumentNode, FieldNode, GraphQLResolveInfo, GraphQLSchema, execute_sync

from emulators.superops import documents
from emulators.superops.assumptions import INVALID_TOKEN, NOT_A_REQUEST, REFUSED_RESULTS, TOO_MANY
from emulators.superops.errors import Body, ClientError, InternalFailure, internal, refused
from emulators.superops.faults import Faults
from emulators.superops.mutations import MUTATIONS
from emulators.superops.queries import QUERIES, Call, Handler
from emulators.superops.requests_log import RequestLog
from emulators.superops.rights import demand
from emulators.superops.schema import schema
from emulators.superops.store import SUBDOMAIN, Store
from emulators.superops.view import View

PATH = "/msp"
_HTML_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
)


class LostAnswer(Exception):
    """The work is done and the connection goes down without an answer."""


class Endpoint:
    """The GraphQL API over one store."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog) -> None:
        self.store, self.faults, self.log = store, faults, log
        self._recent: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the one path. Others are 404, other methods 405."""
        blueprint.add_url_rule(PATH, "msp", self.answer, methods=["POST"], provide_automatic_options=False)

    def answer(self) -> Response:
        """Any request to the API."""
        entry = self.log.add(request.method, request.path)
        if self.faults.strikes("down"):
            return _drop()
        self.faults.wait("slow_seconds")
        response = self._trouble() or self._refused_caller()
        if response is None:
            try:
                response = self._serve(entry)
            except LostAnswer:
                return _drop()
        self.faults.wait("slow_answer_seconds")
        entry["status"] = response.status_code
        return response

    def _trouble(self) -> Response | None:
        if self.faults.strikes("bad_gateway"):
            return Response(_HTML_502, 502, content_type="text/html")
        if self.faults.strikes("too_many_requests"):
            wait = int(self.faults.number("retry_after"))
            return _json(TOO_MANY, 429, {"Retry-After": str(wait)} if wait else {})
        return None

    def _refused_caller(self) -> Response | None:
        subdomain = request.headers.get("CustomerSubDomain", "").strip().lower()
        if subdomain != SUBDOMAIN or self.faults.on("subdomain_unknown"):
            return Response("", 400)
        if self._caller() is None or self.faults.on("token_revoked"):
            return _json(INVALID_TOKEN, 401)
        return None

    def _caller(self) -> dict[str, Any] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self.store.technician_of(token.strip()) if scheme == "Bearer" and token.strip() else None

    def _serve(self, entry: dict[str, Any]) -> Response:
        technician = self._caller()
        assert technician is not None
        entry["signed_in"] = technician["email"]
        try:
            self._account(technician)
        except ClientError as problem:
            return self._tell(entry, self._refusal([problem], {}))
        asked = request.get_json(force=True, silent=True)
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return _json(NOT_A_REQUEST, 400)
        generation = schema(self.faults.text("schema"))
        try:
            document = documents.read(asked["query"], generation)
        except documents.InvalidDocument as invalid:
            return self._tell(entry, {"errors": invalid.errors})
        fields = documents.root_fields(document, asked.get("operationName"))
        entry["operations"] = [node.name.value for node in fields]
        with self.store.lock:
            run = Run(self.store, self.faults, technician, document, generation)
            body = run.execute(asked, fields)
        if run.problems:
            body = self._refusal(run.problems, body.get("data") or {})
        return self._tell(entry, body)

    def _account(self, technician: dict[str, Any]) -> None:
        """Raise what keeps the whole account, or this token for now, from being answered."""
        if self.faults.text("account"):
            raise ClientError(self.faults.text("account"))
        with self._lock:
            recent = self._recent.setdefault(technician["userId"], deque())
            now = time.monotonic()
            while recent and recent[0] <= now - 60:
                recent.popleft()
            over = len(recent) >= self.faults.number("requests_per_minute")
            if not over:
                recent.append(now)
        if over or self.faults.strikes("rate_limit_exceeded"):
            raise ClientError("rate_limit_exceeded")

    def forget_calls(self) -> None:
        """Nobody has called in the last minute."""
        with self._lock:
            self._recent.clear()

    def _refusal(self, problems: list[ClientError], data: Body) -> Body:
        message = None if self.faults.on("null_messages") else ""
        return refused([problem.entry() for problem in problems], message, self.faults.text("error_place"), data)

    def _tell(self, entry: dict[str, Any], body: Body) -> Response:
        entry["errors"] = [
            found["code"]
            for holder in (*body.get("errors", []), body, body.get("data") or {})
            for found in (holder.get("extensions") or {}).get("clientError", [])
        ] or [str(problem["message"])[:80] for problem in body.get("errors", [])]
        if self.faults.on("count_as_text"):
            _count_as_text(body.get("data"))
        return _json(body, 200)


class Run:
    """One GraphQL request of one caller; `problems` are the refusals of its operations."""

    def __init__(
        self, store: Store, faults: Faults, technician: dict[str, Any], document: DocumentNode, schema: GraphQLSchema
    ) -> None:
        self.store, self.faults, self.technician = store, faults, technician
        self.document, self.schema = document, schema
        self.fragments = documents.fragments_of(document)
        self.problems: list[ClientError] = []
        self._view = View(store, faults, technician)

    def execute(self, asked: Body, fields: list[FieldNode]) -> Body:
        """The body of the answer. Refused operations are not in its data. Raises LostAnswer."""
        handlers = {**QUERIES, **MUTATIONS}
        result = execute_sync(
            self.schema,
            self.document,
            root_value={name: partial(self._operation, name, handler) for name, handler in handlers.items()},
            variable_values=asked.get("variables") or {},
            operation_name=asked.get("operationName") or None,
        )
        data = dict(result.data or {})
        failed = False
        for error in result.errors or []:
            cause = error.original_error
            if error.path is None:  # a variable whose value does not fit; nothing was run
                if self.faults.on("enum_internal_error") and " enum" in error.message:
                    return internal({(node.alias or node.name).value: None for node in fields})
                return {"errors": [documents.invalid_variable(error)]}
            if isinstance(cause, ClientError):
                self.problems.append(cause)
                data.pop(str(error.path[0]), None)
            elif isinstance(cause, InternalFailure):
                failed = True
            else:
                raise cause or error
        return internal(data) if failed else {"data": data}

    def _operation(self, name: str, handler: Handler, info: GraphQLResolveInfo, input: Any = None) -> Any:
        selected = partial(documents.selected, info.field_nodes, self.fragments)
        demand(name, self.technician, self.store, self.faults)
        if name in QUERIES:
            if self.faults.hits("internal_error_on_read", name):
                raise InternalFailure
            return handler(Call(self.store, self.faults, self.technician, self._view, selected), input)
        if self.faults.hits("internal_error_before_write", name):
            raise InternalFailure
        answer = handler(Call(self.store, self.faults, self.technician, self._view, selected), input)
        if self.faults.hits("lose_answer_after_write", name):
            raise LostAnswer
        too_much = self.faults.on("small_results") and REFUSED_RESULTS.get(name, frozenset()) & selected()
        if too_much or self.faults.hits("internal_error_after_write", name):
            raise InternalFailure
        return answer


def _json(body: Body, status: int, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, content_type="application/json")


def _count_as_text(value: Any) -> None:
    for inner in value.values() if isinstance(value, dict) else ():
        _count_as_text(inner)
    if isinstance(value, dict) and isinstance(value.get("totalCount"), int):
        value["totalCount"] = str(value["totalCount"])


def _drop() -> Response:
    """Close the socket under the answer, so that the client sees a connection closed without a word."""
    connection = request.environ.get("werkzeug.socket") or request.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response("", 503)
