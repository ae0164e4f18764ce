"""The Field API: which fields a form has, their choices, and what it demands when."""

from __future__ import annotations

from typing import Any

from emulators.superops.faults import Faults
from emulators.superops.seed_lists import CHOICES, CUSTOM_FIELDS

Record = dict[str, Any]
_ALWAYS = ("subject", "client", "source", "status")


def fields_of(module: str, faults: Faults) -> list[Record]:
    """The `Field` rows of a module. One that is not known has none, which is inferred."""
    if module == "TICKET":
        plain = [("subject", "Subject", "TEXT"), ("client", "Client", "REFERENCE"), ("source", "Source", "SELECT")]
        rows = [
            _field(f"9{index}", module, name, label, kind, faults) for index, (name, label, kind) in enumerate(plain)
        ]
        rows += [
            _field(f"10{index}", module, name, label, "SELECT", faults, [row["name"] for row in choices])
            for index, (name, (label, choices)) in enumerate(CHOICES.items())
        ]
        return rows + _custom(module, faults)
    if module == "COMPANY_USER" and faults.on("requester_fields"):
        return _custom(module, faults)
    return []


def find(wanted: Record, faults: Faults) -> Record | None:
    """The field that a `FieldIdentifierInput` names by column or by id."""
    for row in fields_of(wanted["module"], faults):
        if wanted.get("columnName") == row["columnName"] or wanted.get("id") == row["id"]:
            return row
    return None


def custom_field_list(module: str) -> list[Record]:
    """The classic `CustomField` rows, which only tickets have."""
    return [
        {"id": key, "columnName": name, "label": label, "description": None, "fieldType": kind, "showToClient": shown}
        for key, of, name, label, kind, shown, _ in CUSTOM_FIELDS
        if of == module
    ]


def mandatory_on_create(faults: Faults) -> list[str]:
    """Columns that createTicket demands, beyond what the schema itself does."""
    demanded = ["status", *(["requestType"] if faults.on("request_type_mandatory") else [])]
    return [*demanded, *sorted(faults.names("mandatory_on_create"))]


def _custom(module: str, faults: Faults) -> list[Record]:
    return [
        {**_field(key, module, name, label, kind, faults, list(choices)), "showToRequester": shown}
        for key, of, name, label, kind, shown, choices in CUSTOM_FIELDS
        if of == module
    ]


def _field(
    key: str, module: str, name: str, label: str, kind: str, faults: Faults, choices: list[str] | None = None
) -> Record:
    ticket = module == "TICKET"
    return {
        "id": key,
        "module": module,
        "columnName": name,
        "label": label,
        "description": None,
        "fieldType": kind,
        "showToRequester": True,
        "fieldCategory": "CUSTOM" if name.startswith("udf") else "DEFAULT",
        "mandatoryOnCreate": ticket and (name in _ALWAYS or name in mandatory_on_create(faults)),
        "mandatoryOnClosure": ticket and name in faults.names("mandatory_on_closure"),
        "options": [{"id": f"{key}{at}", "value": value, "order": at + 1} for at, value in enumerate(choices or [])],
        "parentField": None,
    }
