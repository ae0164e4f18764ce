"""Tickets: lists, one, create, JSON Patch, assign and resolve."""

from __future__ import annotations

from emulators.kaseya_bms.answers import Json, ok, problem, rule
from emulators.kaseya_bms.call import Call
from emulators.kaseya_bms.incoming import Query, stamp
from emulators.kaseya_bms.notes import add_note, note_fields
from emulators.kaseya_bms.store import Record
from emulators.kaseya_bms.ticket_filters import matching
from emulators.kaseya_bms.ticket_rows import full, listed
from emulators.kaseya_bms.ticket_rules import CHANGEABLE, change, make, read


def _all(call: Call) -> list[Record]:
    """Every ticket as lists show it, newest first."""
    call.demand("tickets")
    return [listed(call.store, row) for row in reversed(call.store.rows("tickets"))]


def _paged(query: Query, rows: list[Record]) -> Json:
    found = matching(query, rows)
    return ok(query.page(found), len(found))


def list_tickets(call: Call) -> Json:
    """`GET /tickets`."""
    return _paged(call.query(), _all(call))


def search(call: Call) -> Json:
    """`POST /tickets/search`."""
    return _paged(call.search(), _all(call))


def search_mine(call: Call) -> Json:
    """`POST /mytickets/search`."""
    return _paged(call.search(), [row for row in _all(call) if row["assigneeId"] == call.by])


def search_my_queues(call: Call) -> Json:
    """`POST /queuetickets/search`."""
    return _paged(call.search(), [row for row in _all(call) if row["queueId"] in call.user["queueIds"]])


def pick_list(call: Call) -> Json:
    """`GET /tickets/searchselect`, whose ExcludeCompleted is true or false and which tells no total."""
    query = call.query()
    texts = {"title": "title", "ticketNumber": "ticketNumber", "assigneeName": "assigneeName", "queueName": "queueName",
             "statusName": "statusName"}  # fmt: skip
    account, excluded, open_only = (
        query.integer("accountId"),
        query.integer("excludedId"),
        query.flag("excludeCompleted"),
    )
    since, until = query.moment("openDateFrom"), query.moment("openDateTo")
    rows = [
        row
        for row in _all(call)
        if all((query.text(name) or "").lower() in (row[field] or "").lower() for name, field in texts.items())
        and account in (None, row["accountId"])
        and row["id"] != excluded
        and not (open_only and row["completedDate"])
        and (since is None or row["openDate"] >= stamp(since))
        and (until is None or row["openDate"] <= stamp(until))
    ]
    names = ("id", "ticketNumber", "title", "queueId", "queueName", "assigneeId", "assigneeName", "openDate",
             "statusName", "statusId", "statusColor")  # fmt: skip
    return ok([{name: row[name] for name in names} for row in query.page(rows)])


def count(call: Call) -> Json:
    """`GET /tickets/count`, whose filters have no prefix."""
    return ok({"count": len(matching(call.query(prefix=""), _all(call)))})


def one(call: Call, key: str) -> Json:
    """`GET /tickets/{id}`."""
    call.demand("tickets")
    return ok(full(call.store, call.record("tickets", key, "Ticket")))


def create(call: Call) -> Json:
    """`POST /tickets`: nine fields, and a queue or an assignee."""
    call.demand("tickets", "modify")
    values = read(call.fields())
    record = make(call.store, values, call.by)
    result = full(call.store, record)
    if call.faults.strikes("created_without_id"):
        result["id"] = 0
    return ok(result)


def patch(call: Call, key: str) -> Json:
    """`PATCH /tickets/{id}` with a JSON Patch; a path's slash and letter case do not matter."""
    call.demand("tickets", "modify")
    record = call.record("tickets", key, "Ticket")
    if not isinstance(call.body, list) or not call.body:
        raise problem({"$": ["The body must be a JSON Patch array."]})
    names = {name.lower(): name for name in CHANGEABLE}
    values: Record = {}
    for step in call.body:
        path = str(step.get("path", "") if isinstance(step, dict) else "").removeprefix("/").lower()
        if path not in names or step.get("op") not in ("replace", "add", "remove"):
            raise rule(f"The operation on '{path}' is not supported.")
        values[names[path]] = None if step["op"] == "remove" else step.get("value")
    return ok(full(call.store, change(call.store, record, values, call.by)))


def assign(call: Call, key: str) -> None:
    """`POST /tickets/{id}/assignticket`: moves it and writes a note; answers with an empty body."""
    call.demand("tickets", "modify")
    record = call.record("tickets", key, "Ticket")
    fields = call.fields()
    values = {"statusId": fields.integer("statusId", needed=True, lowest=1)}
    note = note_fields(fields)
    for name in ("assigneeId", "queueId"):
        if fields.has(name):
            values[name] = fields.integer(name, lowest=1)
    fields.done()
    changed = change(call.store, record, values, call.by)
    add_note(call.store, changed, note, call.by)


def resolve(call: Call, key: str) -> Json:
    """`POST /tickets/{id}/resolve`."""
    call.demand("tickets", "modify")
    record = call.record("tickets", key, "Ticket")
    fields = call.fields()
    comment, internal = fields.text("comment", needed=True), bool(fields.flag("isInternal"))
    status = fields.integer("statusId", lowest=0)
    fields.done()
    done = next(row["id"] for row in call.store.rows("statuses") if row["completes"])
    changed = change(call.store, record, {"statusId": status or done}, call.by)
    kind = next(row["id"] for row in call.store.rows("noteTypes") if row["name"] == "Resolution")
    add_note(call.store, changed, {"details": comment, "isInternal": internal, "typeId": kind}, call.by)
    return ok(full(call.store, changed))


def templates(call: Call) -> Json:
    """`GET /templates/tickets/lookup`."""
    call.demand("tickets")
    return ok([{"id": row["id"], "name": row["name"]} for row in call.store.rows("templates")])


def template(call: Call, key: str) -> Json:
    """`GET /templates/tickets/{id}`."""
    call.demand("tickets")
    row = call.record("templates", key, "Template")
    names = ("id", "name", "title", "issueTypeId", "subIssueTypeId", "priorityId", "queueId", "accountId",
             "accountName", "assigneeId", "assigneeName", "ticketTypeId", "expectedTimeToResolve", "details",
             "timeToResolveTypeId", "workTypeId")  # fmt: skip
    return ok({name: row.get(name) for name in names})
