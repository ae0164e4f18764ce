"""A ticket as lists show it and as it is shown alone: the published fields, names as the wire spells them."""

from __future__ import annotations

from emulators.kaseya_bms.seed import TENANT, TENANT_ID
from emulators.kaseya_bms.store import Record, Store

_TABLES = {
    "accountName": ("accounts", "accountId"),
    "locationName": ("locations", "locationId"),
    "queueName": ("queues", "queueId"),
    "statusName": ("statuses", "statusId"),
    "priorityName": ("priorities", "priorityId"),
    "typeName": ("ticketTypes", "typeId"),
    "issueTypeName": ("issueTypes", "issueTypeId"),
    "subIssueTypeName": ("issueSubTypes", "subIssueTypeId"),
    "assigneeName": ("users", "assigneeId"),
    "workTypeName": ("workTypes", "workTypeId"),
    "slaName": ("slas", "slaId"),
    "createdByName": ("users", "createdBy"),
}
_STORED = (
    "id",
    "createdBy",
    "createdOn",
    "modifiedBy",
    "modifiedOn",
    "ticketNumber",
    "title",
    "details",
    "accountId",
    "locationId",
    "contactId",
    "queueId",
    "statusId",
    "priorityId",
    "typeId",
    "issueTypeId",
    "subIssueTypeId",
    "assigneeId",
    "workTypeId",
    "sourceId",
    "slaId",
    "openDate",
    "dueDate",
    "completedDate",
    "reOpenedDate",
    "lastActivityUpdate",
    "lastStatusUpdate",
    "lastPriorityUpdate",
    "lastQueueUpdate",
)
# What this stand-in has no use for: contracts, recurrence and the clocks of service levels.
_EMPTY = (
    "contractId",
    "contractNumber",
    "contractName",
    "ticketRecurringMasterId",
    "slaStatusEventId",
    "slaObjectiveId",
    "actualPauseMinutes",
    "actualFirstResponseMinutes",
    "actualResolutionMinutes",
    "slaStatusEnum",
    "resolutionTargetTime",
    "resolutionActualTime",
    "firstResponseTargetTime",
    "firstResponseActualTime",
    "slaLastPausedTime",
    "slaLastResumedTime",
    "hardwareAssetName",
)


def full_name(contact: Record | None) -> str | None:
    """First and last name, as far as there are any."""
    return None if contact is None else " ".join(part for part in (contact["firstName"], contact["lastName"]) if part)


def default_of(contact: Record | None, kind: str, field: str) -> str | None:
    """The text of a contact's default phone or e-mail."""
    items = [] if contact is None else contact[kind]
    chosen = next((item for item in items if item["isDefault"]), items[0] if items else None)
    return None if chosen is None else str(chosen[field])


def _shared(store: Store, ticket: Record) -> Record:
    account = store.get("accounts", ticket["accountId"]) or {}
    status = store.get("statuses", ticket["statusId"]) or {}
    priority = store.get("priorities", ticket["priorityId"]) or {}
    return {
        **{name: ticket[name] for name in _STORED},
        **{name: store.name(table, ticket[link]) for name, (table, link) in _TABLES.items()},
        **dict.fromkeys(_EMPTY),
        "accountCode": account.get("accountCode"),
        "contactName": full_name(store.get("contacts", ticket["contactId"])),
        "statusColor": status.get("color"),
        "statusForeColor": status.get("fontColor"),
        "statusOrder": status.get("statusOrder"),
        "priorityColor": priority.get("color"),
        "recurring": 0,
        "isScheduled": 0,
        "hasMetSLA": 0,
        "isSLAPaused": 0,
    }


def listed(store: Store, ticket: Record) -> Record:
    """A row of a list: who the contact is, but no phone and no e-mail."""
    return {**_shared(store, ticket), "tenantName": TENANT, "hardwareAssetId": 0, "customFields": None}


def full(store: Store, ticket: Record) -> Record:
    """The ticket alone, with the contact's one default phone and e-mail."""
    contact = store.get("contacts", ticket["contactId"])
    location = store.get("locations", ticket["locationId"]) or {}
    return {
        **_shared(store, ticket),
        "locationPhone": location.get("phone"),
        "contactPhone": default_of(contact, "phones", "phone"),
        "contactEmail": default_of(contact, "emails", "emailAddress"),
        "softwareAssetId": None,
        "softwareAssetName": None,
        "hardwareAssetId": None,
        "vsaAssetId": None,
        "hasVsaAgent": 0,
        "sourceName": store.name("ticketSources", ticket["sourceId"]),
        "occurrenceCount": None,
        "lastOccurrenceDate": None,
        "cCs": ticket["ccs"],
        "rmmTicketReference": None,
        "tenantId": TENANT_ID,
        "hasPostedEntries": False,
        "secondaryAssignees": ticket["secondaryAssignees"],
        "totalExpenses": 0.0,
        "totalTimeSpent": 0.0,
        "isReadOnly": ticket["isReadOnly"],
        "openDateLocked": False,
        "integrationTypeId": None,
    }
