"""Contacts and companies: the rules of communication items and of notes beside the schema."""

from __future__ import annotations

import uuid
from typing import Any

from emulators.connectwise.errors import invalid_field, invalid_object, invalid_patch
from emulators.connectwise.resources import Call
from emulators.connectwise.store import Record
from emulators.connectwise.tables import TABLES
from emulators.connectwise.writing import read_body


def before_contact(call: Call, record: Record, old: Record | None) -> None:
    """Give a new contact its identity; a PATCH or PUT of `communicationItems` replaces the whole list."""
    if old is None:
        record["mobileGuid"] = str(uuid.uuid4())
        return
    items = record.pop("communicationItems", None)
    if items is not None:
        _replace_items(call, old["id"], items)


def after_contact(call: Call, record: Record, body: dict[str, Any]) -> None:
    """Store the communication items that came inside a new contact."""
    items = record.pop("communicationItems", None)
    if items:
        _replace_items(call, record["id"], items)


def _replace_items(call: Call, contact: int, items: list[Any]) -> None:
    if not all(isinstance(item, dict) for item in items):
        raise invalid_patch("Could not cast or convert to ContactCommunicationItem[].")
    table = TABLES["communications"]
    fresh = [(item.get("id"), read_body(call.store, table, item, creating=True)) for item in items]
    kept = {row["id"]: row for row in call.store.rows("communications") if row["contactId"] == contact}
    for key in kept:
        if key not in {item_id for item_id, _ in fresh}:
            call.store.delete("communications", key)
    for item_id, record in fresh:
        old = kept.get(item_id) if isinstance(item_id, int) else None
        record["contactId"] = contact
        before_communication(call, record, old)
        if old is None:
            call.store.insert("communications", record, call.principal.identifier)
        else:
            call.store.replace("communications", {**old, **record}, call.principal.identifier)


def before_communication(call: Call, record: Record, old: Record | None) -> None:
    """The kind follows from the communication type's flags; there is one default item per kind and contact."""
    kind = call.store.get("communicationTypes", record["type"]["id"]) or {}
    derived = "Email" if kind.get("emailFlag") else "Fax" if kind.get("faxFlag") else "Phone"
    given = record.get("communicationType")
    if given and given != derived and (old is None or given != old.get("communicationType")):
        message = f"The type {kind.get('description')} is a {derived} type."
        raise invalid_object(
            "ContactCommunication", [invalid_field("ContactCommunication", "communicationType", message)]
        )
    record["communicationType"] = derived
    value = str(record["value"])
    if derived == "Email" and "@" not in value:
        raise invalid_object(
            "ContactCommunication", [invalid_field("ContactCommunication", "value", "Enter a valid e-mail address.")]
        )
    record["domain"] = value[value.rindex("@") :] if derived == "Email" else None
    if record.get("defaultFlag"):
        _move_default(call, record["contactId"], derived, None if old is None else old["id"])


def _move_default(call: Call, contact: int, kind: str, keep: int | None) -> None:
    for row in call.store.rows("communications"):
        same = row["contactId"] == contact and row["communicationType"] == kind and row["id"] != keep
        if same and row["defaultFlag"]:
            call.store.replace("communications", {**row, "defaultFlag": False}, call.principal.identifier)


def before_record_note(call: Call, record: Record, old: Record | None) -> None:
    """A contact or company note bears the caller's name, and the default type when none is given."""
    if old is None:
        record["enteredBy"] = call.principal.identifier
    if not record.get("type"):
        default = next((row for row in call.store.rows("noteTypes") if row["defaultFlag"]), None)
        record["type"] = {"id": default["id"]} if default else None


def before_company(call: Call, record: Record, old: Record | None) -> None:
    """A company's identifier is unique."""
    for row in call.store.rows("companies"):
        if row["identifier"].lower() == str(record["identifier"]).lower() and row["id"] != (old or {}).get("id"):
            error = invalid_field("company", "identifier", "Company ID already in use.")
            raise invalid_object("company", [{**error, "code": "ObjectExists"}])
    if old is None and record.get("typeIds"):
        record["types"] = [{"id": key} for key in record.pop("typeIds")]
