"""What a ticket must be like to be stored, and what moves with a change."""

from __future__ import annotations

import copy
from typing import Any

from emulators.kaseya_bms.answers import rule
from emulators.kaseya_bms.incoming import Fields, now
from emulators.kaseya_bms.store import Record, Store

# Field -> (table it points to, lowest number allowed, needed on create).
_REFERENCES: dict[str, tuple[str, int, bool]] = {
    "accountId": ("accounts", 1, True),
    "locationId": ("locations", 1, True),
    "contactId": ("contacts", 1, False),
    "queueId": ("queues", 1, False),
    "statusId": ("statuses", 1, True),
    "priorityId": ("priorities", 1, True),
    "typeId": ("ticketTypes", 1, True),
    "issueTypeId": ("issueTypes", 1, False),
    "subIssueTypeId": ("issueSubTypes", 1, False),
    "assigneeId": ("users", 1, False),
    "workTypeId": ("workTypes", 1, False),
    "sourceId": ("ticketSources", 0, True),
    "slaId": ("slas", 1, False),
}
_TEXTS = ("title", "details")
_DATES = {"openDate": True, "dueDate": False}
_MOVES = {"statusId": "lastStatusUpdate", "priorityId": "lastPriorityUpdate", "queueId": "lastQueueUpdate"}
CHANGEABLE = (*_REFERENCES, *_TEXTS, *_DATES)


def make(store: Store, values: Record, by: int) -> Record:
    """Store a new ticket of these values once they obey every rule."""
    _check(store, values)
    moment = now()
    key = store.take_id("tickets")
    number = f"{key % 1_000_000}-{moment[5:7]}{moment[8:10]}{moment[:4]}"
    blank = dict.fromkeys((*_REFERENCES, "dueDate", "completedDate", "reOpenedDate"))
    stamps = {"lastActivityUpdate": moment, **dict.fromkeys(_MOVES.values(), moment)}
    record = {**blank, "isReadOnly": False, "secondaryAssignees": [], "ccs": [], **stamps, **values}
    if _completes(store, values["statusId"]):
        record["completedDate"] = moment
    return store.insert("tickets", {**record, "id": key, "ticketNumber": number}, by)


def change(store: Store, record: Record, values: Record, by: int) -> Record:
    """Store a ticket with these values changed once the whole obeys every rule; the moves are stamped."""
    if record["isReadOnly"]:
        raise rule("The ticket is read-only.")
    merged = {**copy.deepcopy(record), **values}
    whole = read(Fields({name.lower(): value for name, value in merged.items()}))
    _check(store, whole)
    merged.update(whole)
    merged["lastActivityUpdate"] = now()
    for field, stamped in _MOVES.items():
        if merged[field] != record[field]:
            merged[stamped] = merged["lastActivityUpdate"]
    if merged["statusId"] != record["statusId"]:
        done = _completes(store, merged["statusId"])
        merged["reOpenedDate"] = None if done or not record["completedDate"] else merged["lastActivityUpdate"]
        merged["completedDate"] = merged["lastActivityUpdate"] if done else None
    return store.replace("tickets", merged, by)


def read(fields: Fields) -> Record:
    """The values of a ticket by kind. Raises problem details that name every wrong field."""
    values: Record = {name: fields.text(name, needed=True) for name in _TEXTS}
    for name, (_, lowest, needed) in _REFERENCES.items():
        values[name] = fields.integer(name, needed=needed, lowest=lowest)
    for name, needed in _DATES.items():
        values[name] = fields.moment(name, needed=needed)
    fields.done()
    return values


def _check(store: Store, values: Record) -> None:
    """Raise a refusal for a value that points nowhere, or to another account's things."""
    for name, (table, _, _) in _REFERENCES.items():
        if values[name] is not None and store.get(table, values[name]) is None:
            raise rule(f"The {name} is not valid.")
    if values["queueId"] is None and values["assigneeId"] is None:
        raise rule("The ticket needs a queue or an assignee.")
    location: Any = store.get("locations", values["locationId"])
    if location["accountId"] != values["accountId"]:
        raise rule("The location does not belong to the account.")
    contact = store.get("contacts", values["contactId"])
    if contact is not None and contact["accountId"] != values["accountId"]:
        raise rule("The contact does not belong to the account.")


def _completes(store: Store, status: int) -> bool:
    record = store.get("statuses", status)
    return record is not None and bool(record["completes"])
