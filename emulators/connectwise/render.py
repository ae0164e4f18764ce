"""From stored records to what the wire shows: references with names, `_info` with links, communication items."""

from __future__ import annotations

from emulators.connectwise.schema import Table
from emulators.connectwise.store import Record, Store
from emulators.connectwise.tables import TABLES


class View:
    """Renders records of one store for one request.

    `base` is the address that links start with, for example `http://localhost:8100/v2025_1/apis/3.0`.
    """

    def __init__(self, store: Store, base: str, omit_nulls: bool = True) -> None:
        self.store, self.base, self.omit_nulls = store, base, omit_nulls

    def record(self, table: Table, stored: Record) -> Record:
        """One record as JSON-ready dict, in the order of the schema with `id` first and `_info` last."""
        shown: Record = {"id": stored["id"]}
        for name, field in table.fields.items():
            value = stored.get(name)
            if value is None and field.default is not None and not field.create_only:
                value = field.default
            if field.kind == "reference" and value is not None:
                value = self.reference(field.table, value["id"])
            if value is None and (self.omit_nulls or field.create_only):
                continue
            shown[name] = value
        self._derived(table, stored, shown)
        shown["_info"] = self._info(table, stored)
        return shown

    def reference(self, table_name: str, key: int) -> Record | None:
        """`{"id", "name", ...}` of the target as it is now, or None when it is gone."""
        table, target = TABLES[table_name], self.store.get(table_name, key)
        if target is None:
            return None
        label = "summary" if table.label == "summary" else "name"
        shown: Record = {"id": key, label: label_of(table, target)}
        for extra in table.extra:
            shown[extra] = target.get("sortOrder" if extra == "sort" else extra)
        if "{parent}" not in table.path:
            shown["_info"] = {f"{_link_name(table)}_href": f"{self.base}/{table.path}/{key}"}
        return shown

    def communication(self, stored: Record) -> Record:
        """A communication item as it stands inside its contact: no `contactId`, no `_info`."""
        shown = self.record(TABLES["communications"], stored)
        return {name: value for name, value in shown.items() if name not in ("contactId", "mobileGuid", "_info")}

    def _derived(self, table: Table, stored: Record, shown: Record) -> None:
        if table.name == "contacts":
            items = [row for row in self.store.rows("communications") if row["contactId"] == stored["id"]]
            shown["communicationItems"] = [self.communication(row) for row in items]
            for row in items:
                if row["communicationType"] == "Phone" and row["defaultFlag"]:
                    kind = self.reference("communicationTypes", row["type"]["id"]) or {}
                    shown["defaultPhoneType"], shown["defaultPhoneNbr"] = kind.get("name"), row["value"]
                    if row.get("extension"):
                        shown["defaultPhoneExtension"] = row["extension"]
        if table.name in ("companies", "contacts"):
            target = "companyTypes" if table.name == "companies" else "contactTypes"
            keys = [item.get("id") for item in stored.get("types") or [] if isinstance(item, dict)]
            kinds = [self.reference(target, key) for key in keys if isinstance(key, int)]
            shown["types"] = [kind for kind in kinds if kind is not None]
        if table.name == "companyNotes":
            shown["company"] = self.reference("companies", stored["companyId"])

    def _info(self, table: Table, stored: Record) -> dict[str, str]:
        info = {name: str(value) for name, value in stored.get("_info", {}).items() if value is not None}
        if table.name == "tickets":
            for part in ("notes", "allNotes"):
                info[f"{part.lower()}_href"] = f"{self.base}/service/tickets/{stored['id']}/{part}"
        return info


def label_of(table: Table, stored: Record) -> str:
    """The words a reference shows for a record."""
    if table.label == "fullName":
        return " ".join(part for part in (stored.get("firstName"), stored.get("lastName")) if part)
    return str(stored.get(table.label, ""))


def _link_name(table: Table) -> str:
    return table.entity[0].lower() + table.entity[1:]
