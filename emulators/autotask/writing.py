"""Checks that every write goes through, all of them read from the entity's field table."""

from __future__ import annotations

from typing import Any

from emulators.autotask.errors import (
    ApiError,
    bad_child_value,
    bad_reference,
    bad_value,
    locked_field,
    missing,
    not_a_number,
    refused,
    too_long,
    unexpected_null,
    unreadable_body,
)
from emulators.autotask.filters import parse_time, value_of, whole_number
from emulators.autotask.render import reference_word
from emulators.autotask.schema import NUMBERS, Entity, Field
from emulators.autotask.store import Store, now

Record = dict[str, Any]


def created(body: Any, entity: Entity, store: Store, link: int | None) -> Record:
    """A new record out of a POST body, without an id; `link` is the parent's id. Raises 500."""
    given = _named(body, entity)
    nulls = [name for name, value in given.items() if value is None and name != "_udf"]
    if nulls:
        raise unexpected_null(nulls)
    record: Record = {
        name: value for name, value in given.items() if name == "_udf" or not _field(entity, name).read_only
    }
    if entity.link:
        record[entity.link] = link
    for each in entity.fields:
        if each.kind == "boolean" and each.name == "isActive" and each.name not in record:
            record[each.name] = True
    return _checked(record, set(record), entity, store)


def updated(body: Any, entity: Entity, store: Store, method: str) -> tuple[Record, Record]:
    """The stored record and its changed copy out of a PATCH or PUT body, whose `id` names it. Raises 500.

    PATCH leaves alone what is not named and clears what is null; PUT makes null whatever is not named.
    """
    given = _named(body, entity)
    key = given.get("id")
    old = store.get(entity.name, whole_number(key)) if key is not None else None
    if old is None:
        raise refused("No matching records found")
    record = dict(old)
    if method == "PUT":
        record.update({each.name: None for each in entity.fields if not each.read_only and not each.create_only})
    for name, value in given.items():
        if name == "_udf":
            record["_udf"] = {**(old.get("_udf") or {}), **value}
            continue
        field = _field(entity, name)
        if (field.read_only or field.create_only) and value is not None and not _same(value, old.get(name), field):
            raise refused(locked_field(name))
        if not field.read_only and not field.create_only:
            record[name] = value
    touched = {name for name in record if record[name] != old.get(name)} | (set(given) if method == "PATCH" else set())
    return old, _checked(record, touched - {"id"}, entity, store)


def stamp_creation(record: Record, entity: Entity, creator: int | None, impersonator: int | None) -> Record:
    """The record with who made it and when, as far as its entity has such fields."""
    moment = now()
    stamps: Record = {
        "createDate": moment,
        "createDateTime": moment,
        "lastActivityDate": moment,
        "lastModifiedDate": moment,
        "lastModifiedDateTime": moment,
        "lastTrackedModificationDateTime": moment,
        "lastTrackedModifiedDateTime": moment,
        "creatorResourceID": creator,
        "creatorType": 1,
        "lastActivityPersonType": 1,
        "lastActivityResourceID": creator,
        "impersonatorCreatorResourceID": impersonator,
    }
    known = {each.name for each in entity.fields}
    return {**record, **{name: value for name, value in stamps.items() if name in known}}


def stamp_change(record: Record, entity: Entity, resource: int, impersonator: int | None) -> Record:
    """The record with who changed it and when."""
    moment = now()
    stamps: Record = {
        "lastActivityDate": moment,
        "lastModifiedDate": moment,
        "lastModifiedDateTime": moment,
        "lastTrackedModificationDateTime": moment,
        "lastTrackedModifiedDateTime": moment,
        "lastActivityResourceID": resource,
    }
    if impersonator is not None:
        stamps["impersonatorUpdaterResourceID"] = impersonator
    known = {each.name for each in entity.fields}
    return {**record, **{name: value for name, value in stamps.items() if name in known}}


def _named(body: Any, entity: Entity) -> Record:
    """The body under the wire's own names. A property that the entity lacks is dropped, as a deserialiser does."""
    if not isinstance(body, dict):
        raise unreadable_body()
    given: Record = {}
    for name, value in body.items():
        if str(name).lower() == "userdefinedfields":
            given["_udf"] = _udfs(value, entity)
            continue
        field = entity.named(str(name))
        if field is not None:
            given[field.name] = value
    return given


def _udfs(value: Any, entity: Entity) -> Record:
    found: Record = {}
    for each in value or []:
        lower = {str(name).lower(): content for name, content in each.items()} if isinstance(each, dict) else {}
        udf = entity.udf(str(lower.get("name", "")))
        if udf is None:
            raise refused(f"Unable to find {lower.get('name')} in the {entity.singular} Entity.")
        found[udf.name] = lower.get("value")
    return found


def _field(entity: Entity, name: str) -> Field:
    field = entity.named(name)
    assert field is not None
    return field


def _same(sent: Any, held: Any, field: Field) -> bool:
    try:
        return held is not None and value_of(sent, field) == value_of(held, field)
    except ApiError:
        return False


def _checked(record: Record, touched: set[str], entity: Entity, store: Store) -> Record:
    """The record with the touched values in their stored types. Raises 500 with every complaint."""
    complaints = [missing(each.name) for each in entity.fields if each.required and record.get(each.name) in (None, "")]
    for each in entity.fields:
        value = record.get(each.name)
        if each.name not in touched or value is None:
            continue
        if each.kind in ("integer", "long"):
            record[each.name] = value = whole_number(value)
        elif each.kind in NUMBERS:
            record[each.name] = float(value)
        elif each.kind == "boolean":
            if not isinstance(value, bool):
                raise not_a_number(value)
        elif each.kind == "datetime":
            record[each.name] = parse_time(str(value)).strftime("%Y-%m-%dT%H:%M:%SZ")
        elif not isinstance(value, str):
            record[each.name] = value = str(value)
        complaint = _complaint(each, value, record, store)
        if complaint:
            complaints.append(complaint)
    if complaints:
        raise refused(*complaints)
    return record


def _complaint(field: Field, value: Any, record: Record, store: Store) -> str:
    if field.length and len(value) > field.length:
        return too_long(field.name, field.length)
    if field.reference and store.get(field.reference, value) is None:
        return bad_reference(field.name, reference_word(field))
    if field.picklist:
        entry = next((each for each in store.tenant.lists[field.picklist] if each.id == value and each.active), None)
        if entry is None:
            return bad_child_value(field.name) if field.parent else bad_value(field.name)
        if field.parent and entry.parent != record.get(field.parent):
            return bad_child_value(field.name)
    return ""
