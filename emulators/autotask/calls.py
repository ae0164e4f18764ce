"""What each call does to a tenant's records, once it is known who calls and that they may come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.autotask import render, tickets, writing
from emulators.autotask.auth import Caller
from emulators.autotask.errors import (
    bad_reference,
    no_filter,
    no_match,
    no_permission,
    no_such_route,
    refused,
    wrong_verb,
)
from emulators.autotask.faults import Faults
from emulators.autotask.filters import whole_number
from emulators.autotask.paging import Position, page_of, read_position, read_query, read_search
from emulators.autotask.rights import IMPERSONATED
from emulators.autotask.routes import Route
from emulators.autotask.schema import Entity
from emulators.autotask.seed_setup import API_USER
from emulators.autotask.store import Record


@dataclass(frozen=True)
class Call:
    """One request that was let in: its verb, its parameters, its body, and the address of its own path."""

    caller: Caller
    faults: Faults
    route: Route
    method: str
    address: str
    search: str | None
    paging: str
    impersonated: str
    body: Callable[[], Any]


def serve(call: Call) -> Record:
    """The body of the 200. Raises ApiError."""
    entity, rights = call.route.entity, call.caller.rights
    match call.route.action:
        case "info":
            return render.information(entity, rights)
        case "fields":
            return render.fields(entity, call.caller.store)
        case "udfs":
            return render.user_defined_fields(entity)
        case "query" | "next" | "previous" | "count" | "list":
            rights.demand(entity, "read")
            return _list(call)
        case "get":
            rights.demand(entity, "read")
            return _get(call)
        case "create":
            rights.demand(entity, "create")
            return _create(call)
        case "update":
            rights.demand(entity, "update")
            return _update(call)
        case "delete":
            rights.demand(entity, "delete")
            return _delete(call)


def _visible(call: Call) -> list[Record]:
    """The rows of the route's entity that the caller may see; what is hidden is left out without a word."""
    entity = call.route.entity
    rows = call.caller.store.rows(entity.name)
    way = call.caller.rights.way(f"read {entity.name}")
    if way in ("empty", "not found"):
        return []
    if way == "fewer":
        link = "id" if entity.name == "Companies" else "companyID"
        return [row for row in rows if row.get(link) == 0]
    return rows


def _list(call: Call) -> Record:
    entity, rights = call.route.entity, call.caller.rights
    rows = _visible(call)
    if call.route.action == "list":
        body: Any = {"filter": [{"op": "eq", "field": entity.link, "value": call.route.parent}]}
        search = None
    elif call.method == "GET":
        # The pager of a POST query has its filter in no address, so that there is nothing to GET.
        if call.route.action in ("next", "previous") and call.search is None:
            raise wrong_verb("GET")
        search = call.search or ""
        body = read_search(search)
    else:
        search, body = None, call.body()
        if body is None:
            raise no_filter()
    query = read_query(body, entity, search, refuse_unknown=call.faults.text("unknown_operator") == "refused")
    if call.route.action == "count":
        return {"queryCount": sum(1 for row in rows if query.test(row))}
    position = read_position(call.paging) if call.route.action in ("next", "previous") else Position()
    shown, details = page_of(rows, query, position, call.address.removesuffix("/next").removesuffix("/previous"))
    if call.route.action == "list":
        details = {**details, "nextPageUrl": None, "prevPageUrl": None}
    return {"items": [render.record(row, entity, rights, query.fields) for row in shown], "pageDetails": details}


def _get(call: Call) -> Record:
    entity = call.route.entity
    hidden = call.caller.rights.hides_by_id(entity)
    if hidden is not None:
        raise hidden
    row = next((row for row in _visible(call) if row["id"] == call.route.key), None)
    if row is not None and call.route.parent is not None and row.get(entity.link) != call.route.parent:
        row = None
    if row is None and call.faults.text("missing_item") == "404":
        raise no_such_route()
    return {"item": None if row is None else render.record(row, entity, call.caller.rights)}


def _create(call: Call) -> Record:
    entity, store = call.route.entity, call.caller.store
    acting = _impersonated(call, entity)
    if call.route.parent is not None and store.get(entity.parent, call.route.parent) is None:
        parent = render.reference_word(next(each for each in entity.fields if each.name == entity.link))
        raise refused(bad_reference(entity.link, parent))
    record = writing.created(call.body(), entity, store, call.route.parent)
    record = tickets.before_create(entity.name, record, call.caller, call.faults)
    creator = None if record.get("createdByContactID") else acting or API_USER
    stored = store.insert(
        entity.name, writing.stamp_creation(record, entity, creator, API_USER if acting is not None else None)
    )
    tickets.after_write(entity.name, stored, store, call.faults, new=True)
    return {"itemId": stored["id"]}


def _update(call: Call) -> Record:
    entity, store = call.route.entity, call.caller.store
    acting = _impersonated(call, entity)
    old, new = writing.updated(call.body(), entity, store, call.method)
    if call.route.parent is not None and old.get(entity.link) != call.route.parent:
        raise no_match()
    new = tickets.before_update(entity.name, old, new, store, call.faults)
    if call.faults.strikes("ignored_write"):
        return {"itemId": old["id"]}
    changed = writing.stamp_change(new, entity, acting or API_USER, API_USER if acting is not None else None)
    stored = store.replace(entity.name, changed)
    tickets.after_write(entity.name, stored, store, call.faults, new=False)
    return {"itemId": stored["id"]}


def _delete(call: Call) -> Record:
    entity, store = call.route.entity, call.caller.store
    row = store.get(entity.name, call.route.key)
    if row is None or (call.route.parent is not None and row.get(entity.link) != call.route.parent):
        raise no_match()
    if entity.name == "Contacts" and any(each.get("contactID") == row["id"] for each in store.rows("Tickets")):
        raise refused("The Contact is associated with tickets and cannot be deleted.")
    store.delete(entity.name, row["id"])
    return {"itemId": row["id"]}


def _impersonated(call: Call, entity: Entity) -> int | None:
    """The resource that a write acts as, or None. Raises the refusal for a right that either level lacks."""
    if not call.impersonated:
        return None
    lacking = call.caller.rights.refusal(f"impersonate {entity.name}", entity, "impersonate a resource on")
    if lacking is not None:
        raise lacking
    resource = call.caller.store.get("Resources", whole_number(call.impersonated))
    if entity.name not in IMPERSONATED or not resource or not resource["isActive"] or not resource["_impersonable"]:
        raise no_permission(entity.singular, "impersonate a resource on")
    return int(resource["id"])
