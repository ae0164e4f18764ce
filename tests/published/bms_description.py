"""Kaseya's own description of BMS' v2 API (OpenAPI 3.0.1) as a judge of calls and answers.

The description spells names as the vendor's code does (`AccountId`), the wire as its serializer does (`accountId`): the
schemas are respelled by the rule that live clients saw. In an answer every published property must be there, with null
where there is no value, since that is how the serializer writes; and none that is not published.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator, FormatChecker
from relay import Exchange
from wire_names import on_the_wire

Json = dict[str, Any]
_REF = "#/components/schemas/"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _date_time(value: object) -> bool:
    """With or without an offset, as both are on the wire."""
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


@dataclass(frozen=True)
class Operation:
    """What is published of one method of one path; `place` is the path with the names of its parameters."""

    place: str
    details: Json
    parameters: Json

    def body(self, kind: str) -> Json | None:
        """The schema of a body of this media type."""
        content = self.details.get("requestBody", {}).get("content", {})
        return content.get(kind, {}).get("schema") if content else None

    @property
    def answer(self) -> Json | None:
        """The schema of a success; None where its body is empty."""
        content = self.details["responses"]["200"].get("content", {})
        return content.get("application/json", {}).get("schema")


class Description:
    """The published document."""

    def __init__(self, file: Path) -> None:
        self.document: Json = json.loads(file.read_text(encoding="utf-8-sig"))
        self._schemas: Json = self.document["components"]["schemas"]
        wire = {name: self.wire(schema) for name, schema in self._schemas.items()}
        self._asked = {"components": {"schemas": wire}}
        self._answered = {"components": {"schemas": {name: _whole(schema) for name, schema in wire.items()}}}
        self._places = sorted(self.document["paths"], key=lambda place: place.count("{"))

    def operation(self, method: str, path: str) -> Operation | None:
        """What is published of a call; the path with the fewest parameters wins."""
        for place in self._places:
            details = self.document["paths"][place].get(method.lower())
            if details and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", place), path):
                named = {entry["name"].lower(): entry for entry in details.get("parameters", [])}
                return Operation(place, details, named)
        return None

    def wire(self, schema: Any) -> Any:
        """A schema with the names of the wire, as JSON Schema knows it: null where it is allowed, nothing more."""
        if not isinstance(schema, dict):
            return [self.wire(each) for each in schema] if isinstance(schema, list) else schema
        spelled = {name: self.wire(inner) for name, inner in schema.items() if name not in ("nullable", "required")}
        if "required" in schema:
            spelled["required"] = [on_the_wire(name) for name in schema["required"]]
        if "properties" in schema:
            spelled["properties"] = {on_the_wire(name): self.wire(each) for name, each in schema["properties"].items()}
            spelled["additionalProperties"] = False
        if schema.get("nullable") and "type" in schema:
            spelled["type"] = [schema["type"], "null"]
        # A reference cannot say in OpenAPI 3.0 that it may be null: a class may, an enumeration may not.
        if "$ref" in schema and "properties" in self._schemas[schema["$ref"].removeprefix(_REF)]:
            return {"anyOf": [spelled, {"type": "null"}]}
        return spelled

    def complaints(self, exchange: Exchange) -> list[str]:
        """Everything in a call, and in its answer if it is a success, that is not as published."""
        operation = self.operation(exchange.method, exchange.path)
        if operation is None:
            return [f"{exchange} is not published"]
        found = [
            *self._query(operation, exchange),
            *self._body(operation, exchange),
            *self._answer(operation, exchange),
        ]
        return [f"{exchange}: {complaint}" for complaint in found]

    def _query(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        published = {name: each for name, each in operation.parameters.items() if each["in"] == "query"}
        given = parse_qsl(exchange.query, keep_blank_values=True)
        for name, text in given:
            if name.lower() not in published:
                yield f"the parameter {name} is not published"
            else:
                schema = published[name.lower()]["schema"]
                yield from self._told(schema.get("items", schema), _typed(text, schema), f"the parameter {name}")
        absent = {name for name, each in published.items() if each.get("required")} - {
            name.lower() for name, _ in given
        }
        yield from (f"the parameter {published[name]['name']} is missing" for name in absent)

    def _body(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        kind = exchange.content_type.partition(";")[0].strip().lower()
        if not exchange.sent:
            if "requestBody" in operation.details:
                yield "a body is published, and none was sent"
        elif kind in _FORMS and (form := operation.body("multipart/form-data")):
            yield from _form(form, _fields(kind, exchange))
        elif (schema := operation.body(kind)) is None:
            yield f"a body of {kind or 'no kind'} is not published"
        else:
            sent = json.loads(exchange.sent)
            yield from self._told(self.wire(schema), sent, "the body")
            if schema.get("items") == {"$ref": f"{_REF}Operation"}:
                yield from self._steps(operation, sent)

    def _steps(self, operation: Operation, steps: list[Json]) -> Iterator[str]:
        """A JSON Patch names properties of what a PUT of the same path takes."""
        whole = self.document["paths"][operation.place]["put"]["requestBody"]["content"]["application/json"]["schema"]
        known = self._schemas[whole["$ref"].removeprefix(_REF)]["properties"]
        for step in steps:
            name = step["path"].removeprefix("/")
            if name not in known:
                yield f"{step['path']} is the path of nothing published"
            elif step["op"] in ("add", "replace"):
                yield from self._told(self.wire(known[name]), step.get("value"), step["path"])

    def _answer(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        if exchange.status != 200:
            return
        schema = operation.answer
        if schema is None or not exchange.answered:
            if (schema is None) != (not exchange.answered):
                yield "an empty answer and one with a body are confused"
            return
        body = json.loads(exchange.answered)
        if isinstance(body, dict) and body.get("success") is False:
            return
        yield from self._told(self.wire(schema), body, "the answer", self._answered)
        if body is None or (isinstance(body, dict) and body.get("success") and body.get("result") is None):
            yield "a success without a result"

    def _told(self, schema: Json, value: Any, whose: str, schemas: Json | None = None) -> Iterator[str]:
        judge = Draft202012Validator({**schema, **(schemas or self._asked)}, format_checker=formats)
        for error in judge.iter_errors(value):
            for leaf in _leaves(error):
                yield f"{whose} at {leaf.json_path}: {leaf.message[:300]}"


def _whole(schema: Json) -> Json:
    """The same schema, with every property required."""
    if "properties" not in schema:
        return schema
    return {**copy.deepcopy(schema), "required": sorted(schema["properties"])}


def _leaves(error: Any) -> Iterator[Any]:
    """What is wrong inside a choice of a class or null, not that the choice fails."""
    inner = [each for each in error.context or [] if each.validator_value != "null"]
    if not inner:
        yield error
    for each in inner:
        yield from _leaves(each)


def _typed(text: str, schema: Json) -> Any:
    """A parameter's text as a value of the published kind, where it is one."""
    kind = schema.get("items", schema).get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _fields(kind: str, exchange: Exchange) -> list[str]:
    """The names of a form's fields."""
    if kind == "multipart/form-data":
        return re.findall(r'form-data; name="([^"]*)"', exchange.sent.decode())
    return [name for name, _ in parse_qsl(exchange.sent.decode(), keep_blank_values=True)]


def _form(schema: Json, given: list[str]) -> Iterator[str]:
    """Names of a form, in any letter case."""
    names = {name.lower() for name in schema["properties"]}
    sent = {name.lower() for name in given}
    yield from (f"the field {name} is not published" for name in given if name.lower() not in names)
    yield from (f"the field {name} is missing" for name in schema.get("required", []) if name.lower() not in sent)
