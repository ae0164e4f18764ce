"""What each query answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulators.superops import fields, lists, seed_lists
from emulators.superops.errors import ClientError
from emulators.superops.faults import Faults
from emulators.superops.rights import role_record
from emulators.superops.store import Store
from emulators.superops.view import View

Record = dict[str, Any]


@dataclass
class Call:
    """One operation of one caller. `selected` names the fields that are asked for below a path of the answer."""

    store: Store
    faults: Faults
    technician: Record
    view: View
    selected: Callable[..., set[str]] = field(default=lambda *path: set())


Handler = Callable[[Call, Any], Any]


def missing(call: Call) -> None:
    """Null for a record that is not there. Raises what some accounts are said to answer instead."""
    if call.faults.text("unknown_id") != "null":
        raise ClientError(call.faults.text("unknown_id"))


def ticket_row(call: Call, key: str) -> Record | None:
    """The stored ticket, where this caller may see it."""
    row = call.store.get("tickets", key)
    return row if row is not None and row["clientId"] in call.view.clients else None


def user_row(call: Call, key: str) -> Record | None:
    """The stored requester, where this caller may see it."""
    row = call.store.get("users", key)
    return row if row is not None and call.view.sees_user(row) else None


def _ticket(call: Call, wanted: Record) -> Any:
    row = ticket_row(call, wanted["ticketId"])
    return call.view.ticket(row) if row else missing(call)


def _tickets(call: Call, request: Record) -> Record:
    rows = {row["ticketId"]: row for row in call.store.rows("tickets") if row["clientId"] in call.view.clients}
    wide = [call.view.ticket(row, wide=True) for row in rows.values()]
    found, info = lists.page_of(request, wide, lists.TICKETS, call.faults)
    if call.faults.on("rows_need_id") and "ticketId" not in call.selected("tickets"):
        found = []
    return {"tickets": [call.view.ticket(rows[row["ticketId"]]) for row in found], "listInfo": info}


def _conversations(call: Call, wanted: Record) -> Any:
    if ticket_row(call, wanted["ticketId"]) is None:
        return missing(call)
    rows = [row for row in call.store.rows("conversations") if row["ticketId"] == wanted["ticketId"]]
    return [call.view.conversation(row) for row in sorted(rows, key=lambda row: str(row["time"]))]


def _notes(call: Call, wanted: Record) -> Any:
    if ticket_row(call, wanted["ticketId"]) is None:
        return missing(call)
    return [call.view.note(row) for row in call.store.rows("notes") if row["ticketId"] == wanted["ticketId"]]


def _client(call: Call, wanted: Record) -> Any:
    row = call.store.get("clients", wanted["accountId"])
    return call.view.client(row) if row and row["accountId"] in call.view.clients else missing(call)


def _clients(call: Call, request: Record) -> Record:
    rows = [row for row in call.store.rows("clients") if row["accountId"] in call.view.clients]
    found, info = lists.page_of(request, rows, lists.CLIENTS, call.faults)
    return {"clients": [call.view.client(row) for row in found], "listInfo": info}


def _site(call: Call, wanted: Record) -> Any:
    row = call.store.get("sites", wanted["id"])
    return call.view.site(row) if row and row["clientId"] in call.view.clients else missing(call)


def _sites(call: Call, request: Record) -> Record:
    wanted = request.get("clientId")
    rows = {
        row["id"]: row
        for row in call.store.rows("sites")
        if row["clientId"] in call.view.clients and wanted in (None, row["clientId"])
    }
    wide = [call.view.site(row, wide=True) for row in rows.values()]
    found, info = lists.page_of(request.get("listInfo"), wide, lists.SITES, call.faults)
    return {"sites": [call.view.site(rows[row["id"]]) for row in found], "listInfo": info}


def _user(call: Call, wanted: Record) -> Any:
    row = user_row(call, wanted["userId"])
    return call.view.user(row) if row else missing(call)


def _users(call: Call, request: Record) -> Record:
    wanted = request.get("clientId")
    rows = {
        row["userId"]: row
        for row in call.store.rows("users")
        if call.view.sees_user(row)
        and (wanted is None or wanted in {entry["clientId"] for entry in call.view.associations_of(row["userId"])})
    }
    wide = [call.view.user(row, wide=True) for row in rows.values()]
    found, info = lists.page_of(request.get("listInfo"), wide, lists.USERS, call.faults)
    return {"userList": [call.view.user(rows[row["userId"]]) for row in found], "listInfo": info}


def _associations(call: Call, request: Record) -> Record:
    rows = {row["id"]: row for row in call.store.rows("associations") if row["clientId"] in call.view.clients}
    wide = [call.view.association(row, wide=True) for row in rows.values()]
    found, info = lists.page_of(request, wide, lists.ASSOCIATIONS, call.faults)
    return {"associations": [call.view.association(rows[row["id"]]) for row in found], "listInfo": info}


def _technicians(call: Call, request: Record) -> Record:
    rows = {row["userId"]: row for row in call.store.rows("technicians")}
    wide = [call.view.person(row, wide=True) for row in rows.values()]
    found, info = lists.page_of(request, wide, lists.TECHNICIANS, call.faults)
    return {"userList": [call.view.person(rows[row["userId"]]) for row in found], "listInfo": info}


QUERIES: dict[str, Handler] = {
    "getTicket": _ticket,
    "getTicketList": _tickets,
    "getTicketConversationList": _conversations,
    "getTicketNoteList": _notes,
    "getClient": _client,
    "getClientList": _clients,
    "getClientSite": _site,
    "getClientSiteList": _sites,
    "getClientUser": _user,
    "getClientUserList": _users,
    "getClientUserAssociationList": _associations,
    "getTechnicianList": _technicians,
    "getTechnicianGroupList": lambda call, _: call.store.rows("groups"),
    "getTechnicianRoleList": lambda call, _: [role_record(row, call.faults) for row in call.store.rows("roles")],
    "getRequesterRoleList": lambda call, _: seed_lists.REQUESTER_ROLES,
    "getStatusList": lambda call, _: seed_lists.STATUSES,
    "getPriorityList": lambda call, _: seed_lists.PRIORITIES,
    "getImpactList": lambda call, _: seed_lists.IMPACTS,
    "getUrgencyList": lambda call, _: seed_lists.URGENCIES,
    "getCategoryList": lambda call, _: seed_lists.CATEGORIES,
    "getSLAList": lambda call, _: seed_lists.SLAS,
    "getResolutionCodeList": lambda call, _: seed_lists.RESOLUTION_CODES,
    "getTicketCustomFieldList": lambda call, _: fields.custom_field_list("TICKET"),
    "getClientCustomFieldList": lambda call, _: fields.custom_field_list("CLIENT"),
    "getAllFields": lambda call, module: fields.fields_of(module, call.faults),
    "getField": lambda call, wanted: fields.find(wanted, call.faults),
    "getFields": lambda call, wanted: [fields.find(entry, call.faults) for entry in wanted],
}
