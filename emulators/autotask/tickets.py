"""What Autotask asks of tickets, notes, contacts and insights beyond single fields."""

from __future__ import annotations

from typing import Any

from emulators.autotask.auth import Caller
from emulators.autotask.errors import no_permission, refused, rule
from emulators.autotask.faults import Faults
from emulators.autotask.seed import VENDOR_ID
from emulators.autotask.store import Store, now

Record = dict[str, Any]

COMPLETE, PUBLIC, WORKFLOW_NOTE = 5, 1, 13


def before_create(name: str, record: Record, caller: Caller, faults: Faults) -> Record:
    """The record as it will be stored, or a refusal."""
    store = caller.store
    if name == "Tickets":
        record = _new_ticket(record, store, faults)
        record["apiVendorID"] = VENDOR_ID if caller.by_vendor else None
    elif name == "TicketNotes":
        _note(record, caller, faults)
    elif name == "Contacts":
        record["apiVendorID"] = VENDOR_ID if caller.by_vendor else None
    elif name == "IntegrationVendorInsights" and not (caller.by_vendor or faults.on("insights_by_custom_code")):
        # Inferred: an insight belongs to a listed vendor, so that vendor's tracking identifier has to make it.
        raise no_permission("IntegrationVendorInsight", "create")
    return record


def before_update(name: str, old: Record, new: Record, store: Store, faults: Faults) -> Record:
    """The changed record as it will be stored, or a refusal."""
    if name == "Tickets":
        _ticket_rules(new, store, faults)
        if new["status"] == COMPLETE and old["status"] != COMPLETE:
            new["completedDate"] = now()
        elif new["status"] != COMPLETE:
            new["completedDate"] = None
    return new


def after_write(name: str, record: Record, store: Store, faults: Faults, *, new: bool) -> None:
    """What follows from a stored write: activity on the ticket, and the tenant's workflow rules."""
    ticket = store.get("Tickets", record["id"] if name == "Tickets" else record.get("ticketID"))
    if name not in ("Tickets", "TicketNotes") or ticket is None:
        return
    if name == "TicketNotes":
        store.replace("Tickets", {**ticket, "lastActivityDate": now()})
    if new and faults.on("workflow_notes"):
        store.insert(
            "TicketNotes",
            {
                "ticketID": ticket["id"],
                "title": "Workflow Rule",
                "description": "Workflow Rule 'Tell the queue' fired.",
                "noteType": WORKFLOW_NOTE,
                "publish": PUBLIC,
                "createDateTime": now(),
                "lastActivityDate": now(),
                "creatorResourceID": 4,
            },
        )


def _new_ticket(record: Record, store: Store, faults: Faults) -> Record:
    if "ticketCategory" not in record:
        record["ticketCategory"] = next(
            (row["id"] for row in store.rows("TicketCategories") if row["isGlobalDefault"]), None
        )
    if faults.on("due_date_required") and not record.get("dueDateTime"):
        raise refused("Missing Required Field: dueDateTime")
    _ticket_rules(record, store, faults)
    today = now()[:10].replace("-", "")
    numbers = [str(row.get("ticketNumber")) for row in store.rows("Tickets")]
    last = max((int(each[10:]) for each in numbers if each.startswith(f"T{today}.")), default=0)
    record["ticketNumber"] = f"T{today}.{last + 1:04d}"
    if record["status"] == COMPLETE:
        record["completedDate"] = now()
    return record


def _ticket_rules(record: Record, store: Store, faults: Faults) -> None:
    resource, role = record.get("assignedResourceID"), record.get("assignedResourceRoleID")
    if (resource is None) != (role is None):
        raise rule("You must assign both assignedResourceID and assignedResourceRoleID.")
    if resource is None and record.get("queueID") is None:
        raise rule("You must specify a queue, or a primary resource and role.")
    if resource is not None:
        held = [row["roleID"] for row in store.rows("ResourceServiceDeskRoles") if row["resourceID"] == resource]
        if role not in held:
            raise rule("The assignedResourceRoleID is not a role of the assignedResourceID.")
    contact = store.get("Contacts", record.get("contactID"))
    if contact is not None:
        company = store.get("Companies", record["companyID"]) or {}
        if contact["companyID"] not in (company.get("id"), company.get("parentCompanyID")):
            raise refused("Value does not reference an existing entity for contactID .")


def _note(record: Record, caller: Caller, faults: Faults) -> None:
    store = caller.store
    ticket = store.get("Tickets", record["ticketID"])
    assert ticket is not None
    if faults.on("note_title_required") and not record.get("title"):
        raise refused("Missing Required Field: title")
    if record["noteType"] == WORKFLOW_NOTE:
        raise rule("The noteType is reserved for the system.")
    author = store.get("Contacts", record.get("createdByContactID"))
    if author is not None:
        if caller.rights.way("impersonate contact"):
            raise no_permission("TicketNote", "impersonate a contact on")
        if record["publish"] != PUBLIC or author["companyID"] != ticket["companyID"]:
            raise rule("A note of a contact is for all, and on a ticket of the contact's company.")
