"""The phones and e-mails within a contact: shown, made new, and changed by operations that name them by their text."""

from __future__ import annotations

from typing import Any

from emulators.kaseya_bms.answers import problem, rule
from emulators.kaseya_bms.faults import Faults
from emulators.kaseya_bms.incoming import Fields, now
from emulators.kaseya_bms.store import Record, Store

# Kind -> (its text and type in an answer, table of types, its name in a body, the new one's name in a body).
_KINDS = {
    "phones": ("phone", "phoneTypeId", "phoneType", "phoneTypes", "phoneNumber", "newPhoneNumber"),
    "emails": ("emailAddress", "emailTypeId", "emailType", "emailTypes", "emailAddress", "newEmailAddress"),
}
_COUNTED = {"add": "added", "update": "updated", "delete": "deleted"}


def shown_items(store: Store, contact: Record, kind: str) -> list[Record]:
    """The rows as the API gives them; they alone tell when a number was last changed."""
    _, type_id, type_name, table, _, _ = _KINDS[kind]
    return [
        {
            **item,
            type_name: store.name(table, item[type_id]),
            **{name: f"{item[name]}Z" if item[name] else None for name in ("createdOn", "modifiedOn")},
        }
        for item in contact[kind]
    ]


def new_items(store: Store, kind: str, given: Any, by: int) -> list[Record]:
    """The rows of a new contact. Raises problem details."""
    text, type_id, _, _, given_text, _ = _KINDS[kind]
    items: list[Record] = []
    for entry in given or []:
        fields = Fields(entry)
        value, kind_id = fields.text(given_text, needed=True), fields.integer(type_id, needed=True)
        default = bool(fields.flag("isDefault"))
        fields.done()
        items.append(_item(store, kind, {text: value, type_id: kind_id, "isDefault": default}, by))
    _one_default(items, None)
    return items


def change_items(store: Store, faults: Faults, contact: Record, kind: str, body: Any, by: int) -> Record:
    """Apply operations to a copy of a contact, all or none; returns the counts `added`, `updated` and `deleted`.

    Raises a refusal for a text that no row has letter for letter.
    """
    if not isinstance(body, list) or not body:
        raise problem({"$": ["The body must be an array of operations."]})
    counts = dict.fromkeys(_COUNTED.values(), 0)
    for entry in body:
        fields = Fields(entry)
        number = fields.integer("operation", needed=True)
        fields.done()
        if number not in (0, 1, 2):
            raise problem({"operation": ["The operation is not valid."]})
        operation = faults.phone_operation(number)
        _apply(store, contact[kind], kind, operation, fields, by)
        counts[_COUNTED[operation]] += 1
    return counts


def _apply(store: Store, items: list[Record], kind: str, operation: str, fields: Fields, by: int) -> None:
    text, type_id, _, table, given, given_new = _KINDS[kind]
    named, new = fields.text(given), fields.text(given_new)
    kind_id, default = fields.integer("typeId"), fields.flag("isDefault")
    fields.done()
    if kind_id is not None and store.get(table, kind_id) is None:
        raise rule("The type is not valid.")
    if operation == "add":
        value = named or new
        if not value:
            raise rule(f"The {given} is required.")
        row = {text: value, type_id: kind_id or store.rows(table)[0]["id"], "isDefault": bool(default)}
        items.append(_item(store, kind, row, by))
        _one_default(items, items[-1] if default else None)
        return
    item = next((item for item in items if item[text] == named), None)
    if item is None:
        raise rule(f"The {given} '{named}' was not found.")
    if operation == "delete":
        items.remove(item)
        _one_default(items, None)
        return
    if not new:
        raise rule(f"The {given_new} is required.")
    item.update({text: new, "modifiedBy": by, "modifiedOn": now()})
    item[type_id] = kind_id if kind_id is not None else item[type_id]
    _one_default(items, item if default else None)


def _item(store: Store, kind: str, values: Record, by: int) -> Record:
    stamps = {"createdBy": by, "createdOn": now(), "modifiedBy": None, "modifiedOn": None}
    return {"id": store.take_id(kind), **stamps, **values}


def _one_default(items: list[Record], chosen: Record | None) -> None:
    """Exactly one row is the default: the chosen one, else the one that is, else the first."""
    if not items:
        return
    chosen = chosen or next((item for item in items if item["isDefault"]), items[0])
    for item in items:
        item["isDefault"] = item is chosen
