"""Plain resources: list, count, read, create, patch, replace and delete by table, with rights and rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.connectwise import paging
from emulators.connectwise.auth import Principal
from emulators.connectwise.errors import method_not_allowed, not_found, security
from emulators.connectwise.faults import Faults
from emulators.connectwise.render import View
from emulators.connectwise.rights import Action
from emulators.connectwise.schema import Table
from emulators.connectwise.store import Record, Store
from emulators.connectwise.tables import TABLES
from emulators.connectwise.writing import apply_patch, read_body

Answer = tuple[int, Any]


@dataclass
class Call:
    """One REST request on its way: who asks, for what, and what has been found out so far."""

    store: Store
    faults: Faults
    principal: Principal
    view: View
    method: str
    query: paging.Query
    read_json: Callable[[], Any]

    def require(self, function: str, action: Action) -> str:
        """The caller's level for an action. Raises 403 `Security` at level None."""
        level = self.principal.level(function, action)
        if level == "None":
            raise security()
        return level


BeforeWrite = Callable[[Call, Record, Record | None], None]
AfterCreate = Callable[[Call, Record, dict[str, Any]], None]


@dataclass(frozen=True)
class Resource:
    """A table on the wire. `verbs`: l list, g get, c create, p patch, u put, d delete.

    `parent` is the table of the record above it and `link` the property that names that record. A set-up list is
    readable without a right, as the developer guide says of the lists it marks with a lock.
    """

    table: str
    function: str
    verbs: str = "lg"
    parent: str = ""
    link: str = ""
    setup: bool = False
    before_write: BeforeWrite | None = None
    after_create: AfterCreate | None = None

    @property
    def schema(self) -> Table:
        """The table's schema."""
        return TABLES[self.table]

    def allowed(self, item: bool) -> list[str]:
        """The methods of the collection or of one record."""
        names = {"l": "GET", "c": "POST"} if not item else {"g": "GET", "p": "PATCH", "u": "PUT", "d": "DELETE"}
        return [method for verb, method in names.items() if verb in self.verbs]


def serve(call: Call, resource: Resource, parent_key: str, tail: list[str]) -> Answer:
    """Answer a request below a resource's path: `tail` is empty, `["count"]` or `[id]`."""
    parent_id = _parent(call, resource, parent_key)
    if tail == ["count"]:
        if call.method != "GET":
            raise method_not_allowed(call.method, ["GET"])
        return 200, {"count": len(_matching(call, resource, parent_id))}
    allowed = resource.allowed(bool(tail))
    if call.method not in allowed:
        raise method_not_allowed(call.method, allowed)
    if not tail:
        return _list(call, resource, parent_id) if call.method == "GET" else _create(call, resource, parent_id)
    record = _find(call, resource, parent_id, tail[0])
    if call.method == "GET":
        shown = call.view.record(resource.schema, record)
        return 200, paging.choose_fields(resource.schema, shown, call.query.get("fields"))
    return _change(call, resource, record)


def list_answer(call: Call, table: Table, shown: list[Record]) -> Answer:
    """Rendered records through conditions, order, page and fields."""
    found = paging.order(table, paging.select(table, shown, call.query), call.query.get("orderBy"))
    page = paging.page(found, call.query)
    return 200, [paging.choose_fields(table, record, call.query.get("fields")) for record in page]


def _list(call: Call, resource: Resource, parent_id: int | None) -> Answer:
    return list_answer(call, resource.schema, _visible(call, resource, parent_id))


def _matching(call: Call, resource: Resource, parent_id: int | None) -> list[Record]:
    return paging.select(resource.schema, _visible(call, resource, parent_id), call.query)


def _visible(call: Call, resource: Resource, parent_id: int | None) -> list[Record]:
    level = _inquire(call, resource)
    rows = [row for row in call.store.rows(resource.table) if _belongs(resource, row, parent_id)]
    if level == "My":
        rows = [row for row in rows if _is_mine(call, row)]
    return [call.view.record(resource.schema, row) for row in rows]


def _inquire(call: Call, resource: Resource) -> str:
    if resource.setup and not call.faults["table_setup_inquire_needed"]:
        return "All"
    return call.require(resource.function, "inquire")


def _is_mine(call: Call, row: Record) -> bool:
    """Level My, [inferred]: what the caller entered, owns or is a resource of."""
    owner = (row.get("owner") or {}).get("id")
    resources = [name.strip().lower() for name in str(row.get("resources") or "").split(",")]
    me = call.principal
    return owner == me.member_id or me.identifier in (row["_info"].get("enteredBy"), *resources)


def _belongs(resource: Resource, row: Record, parent_id: int | None) -> bool:
    if parent_id is None:
        return True
    value = row.get(resource.link)
    return bool((value.get("id") if isinstance(value, dict) else value) == parent_id)


def _parent(call: Call, resource: Resource, key: str) -> int | None:
    if not resource.parent:
        return None
    if not key.isdecimal() or call.store.get(resource.parent, int(key)) is None:
        raise not_found(TABLES[resource.parent].entity, key)
    return int(key)


def _find(call: Call, resource: Resource, parent_id: int | None, key: str) -> Record:
    level = _inquire(call, resource) if call.method == "GET" else "All"
    if resource.table == "contacts":
        key = call.faults["merged_contacts"].get(key, key)
    record = call.store.get(resource.table, int(key)) if key.isdecimal() else None
    if record is None and resource.table == "members":
        record = call.store.member(key)
    if record is None or not _belongs(resource, record, parent_id) or (level == "My" and not _is_mine(call, record)):
        raise not_found(resource.schema.entity, key)
    return record


def _create(call: Call, resource: Resource, parent_id: int | None) -> Answer:
    call.require(resource.function, "add")
    body = call.read_json()
    record = read_body(call.store, resource.schema, body, creating=True)
    if parent_id is not None:
        linked = resource.schema.fields[resource.link].kind == "reference"
        record[resource.link] = {"id": parent_id} if linked else parent_id
    if resource.before_write:
        resource.before_write(call, record, None)
    stored = call.store.insert(resource.table, record, call.principal.identifier)
    if resource.after_create:
        resource.after_create(call, stored, body)
    return 201, call.view.record(resource.schema, call.store.get(resource.table, stored["id"]) or stored)


def _change(call: Call, resource: Resource, record: Record) -> Answer:
    action: Action = "delete" if call.method == "DELETE" else "edit"
    if call.require(resource.function, action) == "My" and not _is_mine(call, record):
        raise security()
    if call.method == "DELETE":
        call.store.delete(resource.table, record["id"])
        return 204, None
    if call.method == "PATCH":
        false_200 = bool(call.faults["nested_patch_false_200"])
        changed = apply_patch(call.store, resource.schema, record, call.read_json(), false_200)
    else:
        kept = {name: record.get(name) for name, field in resource.schema.fields.items() if field.read_only}
        fresh = read_body(call.store, resource.schema, call.read_json(), creating=False)
        changed = {**kept, **fresh, "id": record["id"], "_info": record["_info"]}
    if resource.before_write:
        resource.before_write(call, changed, record)
    stored = call.store.replace(resource.table, changed, call.principal.identifier)
    return 200, call.view.record(resource.schema, stored)
