"""Bodies of POST and PUT, and ConnectWise's own kind of JSON Patch, checked against the schema."""

from __future__ import annotations

from typing import Any

from emulators.connectwise.conditions import parse_time
from emulators.connectwise.errors import (
    ApiError,
    field_error,
    invalid_field,
    invalid_object,
    invalid_patch,
    missing_item,
)
from emulators.connectwise.schema import Field, Table
from emulators.connectwise.store import Record, Store
from emulators.connectwise.tables import TABLES

_EMPTY: tuple[Any, ...] = (None, "")


def read_body(store: Store, table: Table, body: Any, creating: bool) -> Record:
    """A new record out of a POST or PUT body. Unknown and read-only properties are passed over.

    Raises 400 `InvalidObject` with one entry per missing or unfit field.
    """
    if not isinstance(body, dict):
        raise invalid_object(table.entity, [field_error("InvalidObject", "Send one object.", table.entity, "")])
    record: Record = {}
    errors = []
    for name, field in table.fields.items():
        if field.read_only or name not in body:
            continue
        if field.create_only and not creating:
            errors.append(invalid_field(table.entity, name, f"{name} can only be used when creating."))
            continue
        try:
            record[name] = check_value(store, name, field, body[name])
        except ValueError as problem:
            errors.append(invalid_field(table.entity, name, str(problem)))
    faulty = {error["field"] for error in errors}
    errors += [
        missing_item(table.entity, name)
        for name, field in table.fields.items()
        if field.required and not field.read_only and name not in faulty and record.get(name) in _EMPTY
    ]
    if errors:
        raise invalid_object(table.entity, errors)
    for name, field in table.fields.items():
        if name not in record and field.default is not None and not field.create_only:
            record[name] = field.default
    return record


def apply_patch(store: Store, table: Table, record: Record, body: Any, nested_false_200: bool) -> Record:
    """The record after a list of `{op, path, value}`; paths are bare, case-sensitive property names.

    A nested path changes nothing and, with `nested_false_200`, is no error either: ConnectWise behaves so.
    Raises 400 `InvalidPatch`, or `InvalidObject` for a value that breaks a rule of its field.
    """
    if not isinstance(body, list) or not body or not all(isinstance(step, dict) for step in body):
        raise invalid_patch("The patch document must be an array of operations.")
    changed = dict(record)
    for step in body:
        operation, path = str(step.get("op", "")).lower(), step.get("path")
        if operation not in ("add", "replace", "remove") or not isinstance(path, str) or not path:
            raise invalid_patch("Each operation needs op (add, replace or remove) and path.")
        if "/" in path:
            if not nested_false_200:
                raise invalid_patch(f"The path '{path}' is nested.")
            continue
        field = table.fields.get(path)
        if field is None or field.create_only:
            raise invalid_patch(f"The property at path '{path}' could not be found.")
        if field.read_only:
            continue
        changed[path] = None if operation == "remove" else _patched_value(store, table, path, field, step)
        if field.required and changed[path] in _EMPTY:
            raise invalid_object(table.entity, [missing_item(table.entity, path)])
    return changed


def _patched_value(store: Store, table: Table, path: str, field: Field, step: dict[str, Any]) -> Any:
    if "value" not in step:
        raise invalid_patch(f"The operation on '{path}' has no value.")
    value = step["value"]
    if field.kind == "array" and not isinstance(value, list):
        source = {str: "String", bool: "Boolean", int: "Int64", float: "Double"}.get(type(value), "Object")
        raise invalid_patch(f"Could not cast or convert from System.{source} to {table.entity}.{path}[].")
    if field.kind == "reference" and value is not None and not isinstance(value, dict):
        raise invalid_patch(f"Could not cast or convert the value to {table.entity}.{path}.")
    try:
        return check_value(store, path, field, value)
    except ValueError as problem:
        raise invalid_object(table.entity, [invalid_field(table.entity, path, str(problem))]) from None


def check_value(store: Store, name: str, field: Field, value: Any) -> Any:
    """The value as it is stored. Raises ValueError with a sentence when it does not fit the field."""
    if value is None:
        return None
    match field.kind:
        case "text":
            return _text(name, field, value)
        case "flag":
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false.")
        case "integer" | "decimal":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} must be a number.")
            return int(value) if field.kind == "integer" else float(value)
        case "date":
            return _time(name, value)
        case "array":
            if not isinstance(value, list):
                raise ValueError(f"{name} must be an array.")
        case "reference":
            return {"id": find_reference(store, name, field.table, value)}
    return value


def _text(name: str, field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string.")
    if field.limit and len(value) > field.limit:
        raise ValueError(f"{name} is longer than {field.limit} characters.")
    if field.choices and value not in field.choices:
        raise ValueError(f"{name} must be one of {', '.join(field.choices)}.")
    return value


def _time(name: str, value: Any) -> str:
    try:
        return parse_time(str(value)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ApiError:
        raise ValueError(f"{name} must be a date like 2026-01-05T08:00:00Z.") from None


def find_reference(store: Store, name: str, table: str, value: Any) -> int:
    """The id that `{"id": n}`, `{"identifier": ".."}` or `{"name": ".."}` means. Raises ValueError when none does."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a reference.")
    if isinstance(value.get("id"), int) and not isinstance(value.get("id"), bool):
        if store.get(table, value["id"]) is None:
            raise ValueError(f"{name} {value['id']} does not exist.")
        return int(value["id"])
    for key, column in (("identifier", "identifier"), ("name", TABLES[table].label)):
        wanted = value.get(key)
        if isinstance(wanted, str):
            for row in store.rows(table):
                if str(row.get(column, "")).lower() == wanted.lower():
                    return int(row["id"])
    raise ValueError(f"{name} names no existing record.")
