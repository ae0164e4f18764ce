"""The short lists behind `/v2/system`, and the people behind `/v2/hr`."""

from __future__ import annotations

from functools import partial

from emulators.kaseya_bms.answers import Json, ok, unknown
from emulators.kaseya_bms.call import Call, Handler
from emulators.kaseya_bms.store import Record

_TABLES = {
    "contacttype": "contactTypes",
    "tickettype": "ticketTypes",
    "ticketsource": "ticketSources",
    "phonetype": "phoneTypes",
    "emailtype": "emailTypes",
    "notetype": "noteTypes",
}
_STATUS = ("id", "name", "fontColor", "color", "statusOrder", "typeId", "isSystemStatus", "slaEventId", "isActive")


def _rows(call: Call, table: str, names: tuple[str, ...], module: str) -> Json:
    call.demand(module)
    return ok([{name: row[name] for name in names} for row in call.store.rows(table)])


def rows_of(table: str, *names: str, module: str = "service_desk_admin") -> Handler:
    """The handler of a whole short list, each row with these fields."""
    return partial(_rows, table=table, names=names, module=module)


statuses = rows_of("statuses", *_STATUS)
priorities = rows_of("priorities", "id", "name", "color", "isDefault")
queues = rows_of("queues", "id", "name", "isActive")
issue_types = rows_of("issueTypes", "id", "name", "isActive")
slas = rows_of("slas", "id", "name", "isDefault", "isActive")
work_types = rows_of("workTypes", "id", "name", "isDefault", "isActive")
roles = rows_of("roles", "id", "name", "isDefault")


def issue_sub_types(call: Call, key: str) -> Json:
    """`GET /system/issuetypes/{id}/issuesubtypes/lookup`."""
    call.demand("service_desk_admin")
    parent = call.record("issueTypes", key, "Issue type")["id"]
    rows = [row for row in call.store.rows("issueSubTypes") if row["issueTypeId"] == parent]
    return ok([{"id": row["id"], "name": row["name"]} for row in rows])


def table(call: Call, name: str) -> Json:
    """`GET /system/lookup/{tableName}` and `/tenantlookup/{tableName}`; which tables there are is unpublished."""
    call.demand("service_desk_admin")
    known = {word.lower() for word in call.faults.text("lookup_tables").split(",")}
    if name.lower() not in known:
        raise unknown(f"Lookup table {name}")
    rows = call.store.rows(_TABLES[name.lower()])
    return ok([{field: row[field] for field in ("id", "name", "isDefault", "isActive")} for row in rows])


def assignees(call: Call) -> Json:
    """`GET /hr/assignees/lookup`: active people; API Employees are not among them."""
    call.demand("employees")
    query = call.query()
    ids, name = query.integers("ids"), (query.text("name") or "").lower()
    excluded = {word.strip() for word in (query.text("excludedIds") or "").split(",")}
    rows = [
        row
        for row in _people(call)
        if (not ids or row["id"] in ids) and name in row["name"].lower() and str(row["id"]) not in excluded
    ]
    none = dict.fromkeys(("url", "pictureName", "pictureURL"))
    return ok(
        [
            {**{field: row[field] for field in ("id", "name", "emailAddress", "jobTitle")}, **none}
            for row in query.page(rows)
        ]
    )


def employees(call: Call) -> Json:
    """`GET /hr/employees/lookup`."""
    call.demand("employees")
    query = call.query()
    rows = [row for row in _people(call) if (query.text("name") or "").lower() in row["name"].lower()]
    return ok([{"id": row["id"], "name": row["name"]} for row in query.page(rows)])


def employee_select(call: Call) -> Json:
    """`GET /hr/employees/searchselect`, paged with a total, inactive people too unless asked."""
    call.demand("employees")
    query = call.query()
    text, active = (query.text("filter_Text") or "").lower(), query.flag("isActive")
    rows = [row for row in _people(call, also_inactive=True) if text in row["name"].lower()]
    rows = [row for row in rows if active in (None, row["isActive"])]
    fields = ("id", "firstName", "lastName", "emailAddress", "jobTitle", "isActive")
    shown = [{**{field: row[field] for field in fields}, "username": row["login"]} for row in query.page(rows)]
    return ok(shown, len(rows))


def _people(call: Call, *, also_inactive: bool = False) -> list[Record]:
    machines = call.faults.on("api_employee_in_pickers")
    return [
        row
        for row in call.store.rows("users")
        if (row["isActive"] or also_inactive) and (machines or row["userType"] == "Employee")
    ]
