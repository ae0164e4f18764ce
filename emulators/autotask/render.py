"""Records as the API sends them: every field of the table, and user-defined fields as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulators.autotask import picklists
from emulators.autotask.entities import ENTITIES
from emulators.autotask.rights import Rights
from emulators.autotask.schema import Entity, Field, Right
from emulators.autotask.store import Store

Record = dict[str, Any]


def record(row: Record, entity: Entity, rights: Rights, fields: Sequence[str] = ()) -> Record:
    """One record; with `fields` only those, and an empty list of user-defined fields all the same."""
    costs = rights.way(f"read {entity.name}") != "null"
    shown = {
        each.name: row.get(each.name) if costs or not each.staff_only else None
        for each in (entity.known["id"], *entity.fields)
        if not fields or each.name in fields
    }
    held = row.get("_udf") or {}
    udfs = [
        {"name": each.name, "value": held.get(each.name)} for each in entity.udfs if not fields or each.name in fields
    ]
    return {**shown, "userDefinedFields": udfs}


def information(entity: Entity, rights: Rights) -> Record:
    """The body of `entityInformation`."""
    wire: dict[Right, str] = {"read": "Query", "create": "Create", "update": "Update", "delete": "Delete"}
    return {
        "info": {
            "name": entity.singular,
            **{f"can{word}": entity.can(right) for right, word in wire.items()},
            **{f"userAccessFor{word}": rights.access(entity, right) for right, word in wire.items()},
            "hasUserDefinedFields": bool(entity.udfs),
            "supportsWebhookCallouts": entity.webhooks,
        }
    }


def fields(entity: Entity, store: Store) -> Record:
    """The body of `entityInformation/fields`: picklist values are strings here."""
    return {"fields": [_field(each, store, entity) for each in (entity.known["id"], *entity.fields)]}


def user_defined_fields(entity: Entity) -> Record:
    """The body of `entityInformation/userDefinedFields`."""
    return {
        "fields": [
            {
                "name": each.name,
                "label": each.name,
                "type": each.type,
                "length": 0,
                "description": each.description,
                "isRequired": False,
                "isReadOnly": False,
                "isQueryable": True,
                "isReference": False,
                "referenceEntityType": "",
                "isPickList": False,
                "picklistValues": None,
                "picklistParentValueField": "",
                "defaultValue": "",
                "isSupportedWebhookField": False,
            }
            for each in entity.udfs
        ]
    }


def _field(field: Field, store: Store, entity: Entity) -> Record:
    return {
        "name": field.name,
        "dataType": field.kind,
        "length": field.length,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isQueryable": field.queryable,
        "isReference": bool(field.reference),
        "referenceEntityType": reference_word(field),
        "isPickList": bool(field.picklist),
        "picklistValues": picklists.described(store.tenant.lists[field.picklist]) if field.picklist else None,
        "picklistParentValueField": field.parent,
        "isSupportedWebhookField": entity.webhooks and not field.read_only,
    }


def reference_word(field: Field) -> str:
    """The singular of the entity that a reference points into, as metadata and error texts spell it."""
    return ENTITIES[field.reference.lower()].singular if field.reference else ""
