"""Of Kaseya's description of BMS, for a generator of clients, what our emulator serves, as the wire spells it.

As it is published, a generated client reads nothing: it looks for `AccessToken` where `accessToken` stands.
"""

from __future__ import annotations

from typing import Any

from bms_description import Description, Json
from wire_names import on_the_wire

_REF = "#/components/schemas/"


def excerpt(description: Description, calls: list[tuple[str, str]]) -> Json:
    """The document of these calls, each a method and a path, and of all that they refer to."""
    whole = description.document
    paths: dict[str, Json] = {}
    for method, path in calls:
        operation = description.operation(method, path)
        assert operation is not None, path
        paths.setdefault(operation.place, {})[method.lower()] = _json_alone(operation.details)
    schemas: Json = {}
    waiting = _named(paths)
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            schemas[name] = whole["components"]["schemas"][name]
            waiting |= _named(schemas[name])
    return {
        **{name: whole[name] for name in ("openapi", "info", "servers", "security")},
        "paths": _respelled(paths),
        "components": {**whole["components"], "schemas": _respelled(schemas)},
    }


def _json_alone(details: Json) -> Json:
    """The same call without the kinds of body that say the same in other words, of which text is the first."""
    kept = {name: value for name, value in details.items() if name != "requestBody"}
    if "requestBody" in details:
        content = details["requestBody"]["content"]
        kind = "application/json" if "application/json" in content else next(iter(content))
        kept["requestBody"] = {"required": True, "content": {kind: content[kind]}}
    answer = details["responses"]["200"]
    if "content" in answer:
        content = {"application/json": answer["content"]["application/json"]}
        kept["responses"] = {"200": {**answer, "content": content}}
    return kept


def _named(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {name for inner in value.values() for name in _named(inner)}
        return found | {value["$ref"].removeprefix(_REF)} if "$ref" in value else found
    return {name for inner in value for name in _named(inner)} if isinstance(value, list) else set()


def _respelled(value: Any, *, form: bool = False) -> Any:
    """Properties as the wire spells them; a class that is referred to may be null, which 3.0 has no word for."""
    if isinstance(value, list):
        return [_respelled(inner, form=form) for inner in value]
    if not isinstance(value, dict):
        return value
    spelled = {name: _respelled(inner, form=form or name == "multipart/form-data") for name, inner in value.items()}
    if "properties" in value and not form:
        spelled["properties"] = {
            on_the_wire(name): {"nullable": True, "allOf": [inner]} if "$ref" in inner else _respelled(inner)
            for name, inner in value["properties"].items()
        }
        spelled["required"] = [on_the_wire(name) for name in value.get("required", [])]
    return spelled
