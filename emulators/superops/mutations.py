"""What each mutation checks and writes."""

from __future__ import annotations

from typing import Any

from emulators.superops import fields
from emulators.superops.assumptions import LONGEST
from emulators.superops.errors import ClientError, mandatory, unknown_reference
from emulators.superops.queries import Call, Handler, ticket_row, user_row
from emulators.superops.seed_lists import CATEGORIES, CHOICES, CLOSED, CUSTOM_FIELDS, REQUESTER_ROLES, SLAS
from emulators.superops.store import stamp

Record = dict[str, Any]
# Objects in the inputs: name -> (table, key in the input, column in the stored ticket).
_LINKS = {
    "client": ("clients", "accountId", "clientId"),
    "site": ("sites", "id", "siteId"),
    "requester": ("users", "userId", "requesterId"),
    "techGroup": ("groups", "groupId", "techGroupId"),
    "technician": ("technicians", "userId", "technicianId"),
}
_PLAIN = (
    *("subject", "source", "status", "requestType", "priority", "impact", "urgency", "category", "subcategory"),
    *("cause", "subcause", "resolutionCode", "subSource", "sourceReferenceId"),
)


def _create_ticket(call: Call, given: Record) -> Record:
    row = _checked_ticket(call, {}, given)
    absent = [name for name in fields.mandatory_on_create(call.faults) if row.get(name) in (None, "")]
    if absent:
        raise mandatory(*absent)
    if given["source"] == "INTEGRATION" and call.faults.on("drops_requester"):
        row["requesterId"] = None
    now = stamp()
    row |= {"displayId": call.store.next_display_id(), "createdTime": now, "updatedTime": now}
    stored = call.store.insert("tickets", {"customFields": {}, **row})
    if given.get("description"):
        opening = {
            "ticketId": stored["ticketId"],
            "content": given["description"],
            "time": now,
            "userId": stored.get("requesterId") or call.technician["userId"],
            "type": "DESCRIPTION",
        }
        call.store.insert("conversations", opening)
    return call.view.ticket(stored)


def _update_ticket(call: Call, given: Record) -> Record:
    row = ticket_row(call, given["ticketId"])
    if row is None:
        raise ClientError("entity_does_not_exist", "ticketId")
    changed = _checked_ticket(call, row, given)
    if changed["status"] == CLOSED and row["status"] != CLOSED:
        absent = [name for name in sorted(call.faults.names("mandatory_on_closure")) if not changed.get(name)]
        if absent:
            raise mandatory(*absent)
    return call.view.ticket(
        call.store.change("tickets", row["ticketId"], {**changed, "updatedTime": stamp(exact=True)})
    )


def _checked_ticket(call: Call, row: Record, given: Record) -> Record:
    """The ticket with the given values in it. Raises ClientError for the first that does not fit."""
    changed = {**row, **{name: given[name] for name in _PLAIN if name in given}}
    if not str(changed.get("subject") or "").strip():
        raise mandatory("subject")
    _short_enough(given)
    for name, (_, choices) in CHOICES.items():
        if given.get(name) is not None and given[name] not in {choice["name"] for choice in choices}:
            raise unknown_reference(name)
    if given.get("subcategory") is not None:
        parents = {choice["name"]: choice["subCategories"] for choice in CATEGORIES}
        if given["subcategory"] not in {child["name"] for child in parents.get(changed.get("category"), [])}:
            raise ClientError("dependent_validation_failed", "subcategory")
    for name, (table, key, column) in _LINKS.items():
        if name in given:
            changed[column] = _linked(call, name, table, key, given[name])
    if given.get("sla"):
        if given["sla"]["id"] not in {choice["id"] for choice in SLAS}:
            raise unknown_reference("sla")
        changed["slaId"] = given["sla"]["id"]
    site = call.store.get("sites", changed.get("siteId"))
    if site is not None and site["clientId"] != changed["clientId"]:
        raise ClientError("dependent_validation_failed", "site")
    requester = changed.get("requesterId")
    if requester and "requester" in given:
        firms = {entry["clientId"] for entry in call.view.associations_of(requester)}
        if changed["clientId"] not in firms:
            raise ClientError("dependent_validation_failed", "requester")
    if given.get("customFields") is not None:
        changed["customFields"] = _custom_fields(call, "TICKET", row.get("customFields") or {}, given["customFields"])
    return changed


def _linked(call: Call, name: str, table: str, key: str, reference: Record | None) -> str | None:
    if reference is None:
        if name == "client":
            raise mandatory(name)
        return None
    row = call.store.get(table, reference[key])
    hidden = (name == "client" and reference[key] not in call.view.clients) or (
        name == "requester" and user_row(call, reference[key]) is None
    )
    if row is None or hidden:
        raise unknown_reference(name)
    return str(reference[key])


def _short_enough(given: Record) -> None:
    for name, longest in LONGEST.items():
        if len(str(given.get(name) or "")) > longest:
            raise ClientError("value_length_exceeds_limit", name)


def _custom_fields(call: Call, module: str, before: Record, given: Any) -> Record:
    kinds = {name: kind for _, of, name, _, kind, _, _ in CUSTOM_FIELDS if of == module}
    if not isinstance(given, dict):
        raise ClientError("type_validation_failed", "customFields")
    for name, value in given.items():
        several = kinds.get(name) in ("MULTI_SELECT", "CHECKBOX")
        if name not in kinds or not (value is None or isinstance(value, list if several else str)):
            raise ClientError("type_validation_failed", name)
    merged = {**before, **given} if call.faults.text("custom_fields") == "merge" else given
    return {name: value for name, value in merged.items() if value is not None}


def _create_ticket_note(call: Call, given: Record) -> Record:
    return _note(call, given["ticket"]["ticketId"], given)


def _create_note(call: Call, given: Record) -> Record:
    if given["workItem"]["module"] != "TICKET":
        raise unknown_reference("workItem")
    return _note(call, given["workItem"]["workId"], given)


def _note(call: Call, ticket: str, given: Record) -> Record:
    row = ticket_row(call, ticket)
    if row is None:
        raise ClientError("entity_does_not_exist", "ticket")
    if not given["content"].strip():
        raise mandatory("content")
    author = (given.get("addedBy") or {}).get("userId") or call.technician["userId"]
    if call.store.get("technicians", author) is None:
        raise unknown_reference("addedBy")
    note = {
        "ticketId": row["ticketId"],
        "content": given["content"],
        "addedBy": author,
        "addedOn": given.get("addedOn") or stamp(),
        "privacyType": given.get("privacyType") or "PRIVATE",
    }
    stored = call.store.insert("notes", note)
    call.store.change("tickets", row["ticketId"], {"updatedTime": stamp(exact=True)})
    return call.view.note(stored)


def _create_ticket_conversation(call: Call, given: Record) -> Record:
    row = ticket_row(call, given["ticket"]["ticketId"])
    if row is None:
        raise ClientError("entity_does_not_exist", "ticket")
    people = {name: [entry["email"] for entry in given.get(name) or []] for name in ("toUsers", "ccUsers", "bccUsers")}
    reply = {
        "ticketId": row["ticketId"],
        "content": given.get("content"),
        "time": given.get("time") or stamp(),
        "userId": (given.get("user") or {}).get("userId") or call.technician["userId"],
        "type": "TECH_REPLY",
        **people,
    }
    return call.view.conversation(call.store.insert("conversations", reply))


def _update_client_user(call: Call, given: Record) -> Record:
    row = user_row(call, given["userId"])
    if row is None:
        raise ClientError("entity_does_not_exist", "userId")
    _short_enough(given)
    changes: Record = {
        name: given[name] for name in ("firstName", "lastName", "email", "contactNumber") if name in given
    }
    for name in ("firstName", "email"):
        if name in given and not str(given[name] or "").strip():
            raise mandatory(name)
    taken = {str(other["email"]).casefold() for other in call.store.rows("users") if other is not row}
    if "email" in given and given["email"].casefold() in taken:
        raise ClientError("unique_validation_failed", "email")
    if given.get("role"):
        if given["role"]["roleId"] not in {role["roleId"] for role in REQUESTER_ROLES}:
            raise unknown_reference("role")
        changes["roleId"] = given["role"]["roleId"]
    if "reportingManager" in given:
        changes["reportingManager"] = _linked(call, "reportingManager", "users", "userId", given["reportingManager"])
    if given.get("site"):
        site = _linked(call, "site", "sites", "id", given["site"])
        of = [
            entry for entry in call.view.associations_of(row["userId"]) if _site_client(call, site) == entry["clientId"]
        ]
        if not of:
            raise ClientError("dependent_validation_failed", "site")
        call.store.change("associations", of[0]["id"], {"siteId": site})
    if "customFields" in given:
        wanted = given["customFields"] or {}
        changes["customFields"] = _custom_fields(call, "COMPANY_USER", row.get("customFields") or {}, wanted)
    return call.view.user(call.store.change("users", row["userId"], changes))


def _site_client(call: Call, key: str | None) -> str | None:
    row = call.store.get("sites", key)
    return str(row["clientId"]) if row else None


MUTATIONS: dict[str, Handler] = {
    "createTicket": _create_ticket,
    "updateTicket": _update_ticket,
    "createTicketNote": _create_ticket_note,
    "createNote": _create_note,
    "createTicketConversation": _create_ticket_conversation,
    "updateClientUser": _update_client_user,
}
