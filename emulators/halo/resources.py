"""What lies below `/api`: each path with its list, its single records and its writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.halo import actions, settings, tabs, tickets, users
from emulators.halo.call import Call, objects
from emulators.halo.errors import ApiError, BrokenRule, broken_rule, model_state, not_found
from emulators.halo.lists import Filter, cut, ordered
from emulators.halo.store import Record

Answer = tuple[int, Any]
Reader = Callable[[Call, str], Record]
Writer = Callable[[Call, Record, str], Record]


@dataclass(frozen=True)
class Resource:
    """A path: `envelope` is the member that holds its rows, empty for a bare array; `order` is by which member."""

    listed: Callable[[Call], list[Record]]
    one: Reader
    write: Writer = settings.refuse_write
    remove: Reader | None = None
    envelope: str = ""
    filters: tuple[Filter, ...] = ()
    row: Callable[[Call, Record], Record] = lambda call, row: row
    order: str = ""
    down: bool = False


def _by_number(read: Callable[[Call, int], Record]) -> Reader:
    def one(call: Call, key: str) -> Record:
        if not key.isdigit():
            raise model_state("id", f"The value '{key}' is not valid.")
        return read(call, int(key))

    return one


RESOURCES: dict[str, Resource] = {
    "tickets": Resource(
        tickets.listed,
        _by_number(tickets.one),
        tickets.write,
        envelope="tickets",
        filters=tickets.FILTERS,
        row=tickets.list_row,
        order="id",
        down=True,
    ),
    "actions": Resource(actions.listed, _by_number(actions.one), actions.write, envelope="actions"),
    "users": Resource(
        users.listed,
        _by_number(users.one),
        users.write,
        envelope="users",
        filters=users.FILTERS,
        row=users.list_row,
        order="name",
    ),
    "client": Resource(
        users.clients, _by_number(users.one_client), envelope="clients", filters=users.CLIENT_FILTERS, order="name"
    ),
    "site": Resource(
        users.sites, _by_number(users.one_site), envelope="sites", filters=users.SITE_FILTERS, order="name"
    ),
    "agent": Resource(settings.agents, settings.agent),
    "team": Resource(settings.teams, settings.one_of("teams")),
    "tickettype": Resource(settings.types, settings.ticket_type, settings.write_type),
    "status": Resource(settings.statuses, settings.one_of("statuses")),
    "priority": Resource(settings.priorities, settings.one_of("priorities")),
    "category": Resource(settings.categories, settings.one_of("categories")),
    "outcome": Resource(settings.outcomes, settings.one_of("outcomes")),
    "fieldinfo": Resource(settings.fields, settings.one_of("fields")),
    "lookup": Resource(settings.lookup, settings.one_of("lookup")),
    "tabs": Resource(tabs.listed, tabs.one, tabs.write, tabs.remove),
}


def serve(call: Call, method: str, name: str, key: str, body: Callable[[], Any]) -> Answer:
    """`(status, JSON)` of a request to a resource, or to one record of it. Raises ApiError."""
    resource = RESOURCES[name]
    try:
        if method == "POST" and key in ("", "object"):
            return _write(call, resource, body(), single=key == "object")
        if method == "GET":
            return 200, resource.one(call, key) if key else _list(call, resource)
        if method == "DELETE" and key and resource.remove is not None:
            return 200, resource.remove(call, key)
    except BrokenRule as reason:
        raise broken_rule(str(reason), call.faults.text("error_shape")) from None
    raise ApiError(405, "")


def _list(call: Call, resource: Resource) -> Any:
    rows = resource.listed(call)
    for each in resource.filters:
        if each.name in call.query:
            rows = [row for row in rows if each.test(row, call.query)]
    if resource.order:
        rows = ordered(rows, call.query, resource.order, resource.down)
    if not resource.envelope:
        return rows
    shown, page, size = cut(rows, call.query)
    if call.query.flag("idonly") or call.query.flag("ticketidonly"):
        shown = [{"id": row["id"]} for row in shown]
    else:
        shown = [resource.row(call, row) for row in shown]
    return {"page_no": page, "page_size": size, "record_count": len(rows), resource.envelope: shown}


def _write(call: Call, resource: Resource, body: Any, single: bool) -> Answer:
    if single and (resource.envelope != "tickets" or not isinstance(body, dict)):
        raise not_found()
    sent = [body] if single else objects(body, call.faults.on("strict_arrays"))
    where = (f"[{place}]" if isinstance(body, list) else "$" for place in range(len(sent)))
    written = [resource.write(call, item, at) for item, at in zip(sent, where, strict=True)]
    status = int(call.faults.text("post_status"))
    form = call.faults.text("post_answer")
    if call.query.flag("returnall") or form == "array":
        return status, written
    if form == "envelope" and resource.envelope:
        return status, {resource.envelope: written}
    return status, written[-1]
